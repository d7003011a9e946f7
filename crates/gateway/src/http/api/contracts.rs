//! The registry: contracts, from draft to retirement.

use actix_web::web;
use consent_contracts::{Contract, Document, Status};
use consent_core::{AppId, ContractId};
use consent_signals::SetEndpoint;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{AllOfBuilder, ObjectBuilder, Ref, RefOr, Schema, Type},
};

use super::{
    endpoints::EndpointJson,
    request::{Body, Paging, Place, from_value, invalid},
    wire::{Answer, Created, Listing, Moment, created},
};
use crate::{
    flows::{self, Published},
    http::{error::Refusal, extract::ForApp},
    platform::Platform,
};

/// How the contract document is described; `consent_contracts::Document` is what it is.
pub(super) struct DocumentSchema;

impl PartialSchema for DocumentSchema {
    fn schema() -> RefOr<Schema> {
        serde_json::from_str(include_str!("contract.schema.json")).expect("the file is a schema")
    }
}

impl ToSchema for DocumentSchema {
    fn name() -> std::borrow::Cow<'static, str> {
        "ContractDocument".into()
    }
}

/// A contract document as it is handed in, and whether to publish it at once.
pub(super) struct Draft {
    document: Document,
    publish: bool,
}

impl Draft {
    fn read(body: Body) -> Result<Self, Refusal> {
        let mut members: Map<String, Value> = body.json()?;
        let publish = match members.remove("publish") {
            None => false,
            Some(Value::Bool(publish)) => publish,
            Some(_) => return Err(invalid("publish", "must be true or false")),
        };
        Ok(Self { document: from_value(Value::Object(members))?, publish })
    }
}

impl PartialSchema for Draft {
    fn schema() -> RefOr<Schema> {
        let flag = ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .description(Some("Publish it at once; no part of the document."))
            .default(Some(false.into()));
        let more = ObjectBuilder::new().schema_type(Type::Object).property("publish", flag);
        AllOfBuilder::new().item(Ref::from_schema_name(DocumentSchema::name())).item(more).into()
    }
}

impl ToSchema for Draft {
    fn name() -> std::borrow::Cow<'static, str> {
        "NewContract".into()
    }
}

/// A version of a contract.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contract)]
pub(super) struct ContractJson {
    #[schema(value_type = String, example = "con01hf7yat00000000000000001a")]
    id: ContractId,
    /// Whose it is.
    #[schema(value_type = String)]
    app_id: AppId,
    /// What the app calls itself in signed requests: both ids with `_` between.
    client_id: String,
    /// Counts from 1.
    version: i32,
    /// `draft`, `published` or `retired`.
    status: &'static str,
    /// When it was published or retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Moment>,
    /// SHA-256, in hex, of what people are shown.
    text_hash: String,
    #[schema(value_type = DocumentSchema)]
    document: Document,
    /// When this version was written.
    created_at: Moment,
}

impl From<Contract> for ContractJson {
    fn from(contract: Contract) -> Self {
        Self {
            client_id: contract.client_id(),
            id: contract.id,
            app_id: contract.app_id,
            version: contract.version,
            status: contract.status.name(),
            since: match contract.status {
                Status::Draft => None,
                Status::Published { at } | Status::Retired { at } => Some(at.into()),
            },
            text_hash: contract.text_hash,
            document: contract.document,
            created_at: contract.created_at.into(),
        }
    }
}

/// A version that was written, and where its signals go once it is published.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WrittenContract)]
pub(super) struct WrittenJson {
    #[serde(flatten)]
    contract: ContractJson,
    /// The endpoint that the published document names; a new webhook's secret is shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    signal_endpoint: Option<EndpointJson>,
}

impl From<Published> for WrittenJson {
    fn from(Published { contract, endpoint }: Published) -> Self {
        let shown = |set: SetEndpoint| EndpointJson::new(&set.endpoint, set.secret.as_ref());
        Self { contract: contract.into(), signal_endpoint: endpoint.map(shown) }
    }
}

/// Drafts a contract.
///
/// Its public key becomes the first key. With `"publish": true` it is put before people at once.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/contracts", tag = "registry", operation_id = "draftContract",
    request_body = Draft, responses((status = 201, description = "Drafted, or published", body = WrittenJson)),
)]
pub(super) async fn draft(caller: ForApp, body: Body, platform: web::Data<Platform>) -> Created<WrittenJson> {
    let Draft { document, publish } = Draft::read(body)?;
    let written = flows::draft(&platform, &caller.app.id, document, publish).await?;
    Ok(created(written.into()))
}

/// Lists the contracts of an app, each in its newest version.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/contracts", tag = "registry", operation_id = "listContracts",
    params(Paging), responses((status = 200, description = "A page of contracts", body = Listing<ContractJson>)),
)]
pub(super) async fn list(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<ContractJson>> {
    let page = consent_contracts::list(&platform.db, &caller.app.id, &place.cursor()?).await?;
    Ok(web::Json(page.into()))
}

/// Shows the newest version of a contract.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/contracts/{contract}", tag = "registry", operation_id = "showContract",
    responses((status = 200, description = "The contract", body = ContractJson)),
)]
pub(super) async fn show(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<ContractJson> {
    let contract = consent_contracts::find(&platform.db, &caller.app.id, &place.id()?).await?;
    Ok(web::Json(contract.into()))
}

/// Revises a contract.
///
/// Replaces the draft, or becomes the draft of the next version; what was published stays as it is.
#[utoipa::path(
    put, path = "/api/v1/apps/{app}/contracts/{contract}", tag = "registry", operation_id = "reviseContract",
    request_body = Draft, responses((status = 200, description = "Drafted, or published", body = WrittenJson)),
)]
pub(super) async fn revise(
    caller: ForApp,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<WrittenJson> {
    let (id, Draft { document, publish }) = (place.id()?, Draft::read(body)?);
    let written = flows::revise(&platform, &caller.app.id, &id, document, publish).await?;
    Ok(web::Json(written.into()))
}

/// Puts the draft before people; from now on it never changes.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/contracts/{contract}/publish", tag = "registry",
    operation_id = "publishContract", responses((status = 200, description = "Published", body = WrittenJson)),
)]
pub(super) async fn publish(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<WrittenJson> {
    let id = place.id()?;
    let written = flows::publish(&platform, &caller.app.id, &id).await?;
    Ok(web::Json(written.into()))
}

/// Ends a contract with all its versions.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/contracts/{contract}/retire", tag = "registry",
    operation_id = "retireContract", responses((status = 200, description = "Retired", body = ContractJson)),
)]
pub(super) async fn retire(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<ContractJson> {
    let id = place.id()?;
    let tx = platform.db.begin_write().await?;
    let contract = consent_contracts::retire(&tx, &caller.app.id, &id, &platform.ambient).await?;
    tx.commit().await?;
    Ok(web::Json(contract.into()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    /// The members of an object and of the objects in it, as `purpose.summary`.
    fn members(prefix: &str, value: &Value, inner: &str) -> BTreeSet<String> {
        let Some(object) = value.as_object() else { return BTreeSet::new() };
        let own = object.iter().flat_map(|(name, member)| {
            let path = format!("{prefix}{name}");
            let member = if inner.is_empty() { member } else { &member[inner] };
            let nested =
                if name == "scope" { BTreeSet::new() } else { members(&format!("{path}."), member, inner) };
            nested.into_iter().chain([path])
        });
        own.collect()
    }

    #[test]
    fn the_description_of_the_document_has_the_members_that_it_has() {
        let mut document: Value =
            serde_json::from_str(include_str!("../../../../../fixtures/contracts/read-optional.json"))
                .unwrap();
        for more in ["logoUrl", "signalEndpoint"] {
            document[more] = json!("https://app.example/");
        }
        let document: Document = serde_json::from_value(document).unwrap();
        let schema = serde_json::to_value(DocumentSchema::schema()).unwrap();
        let has = members("", &serde_json::to_value(&document).unwrap(), "");
        assert_eq!(members("", &schema["properties"], "properties"), has);
    }
}
