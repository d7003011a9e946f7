//! Consent receipts: hers to keep, anybody's to check.

use actix_web::web;
use consent_core::{AppId, ContractId, GrantId};
use consent_receipts::{Kind, Receipt, ReceiptId, State, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    grants::grant_in_path,
    request::{Body, InPath, Paging, Place},
    wire::{Answer, Listing, Moment},
};
use crate::{
    http::{
        error::Refusal,
        extract::{ForApp, Person},
    },
    platform::Platform,
};

impl InPath for ReceiptId {
    const SEGMENT: &str = "receipt";

    fn unknown() -> Refusal {
        Refusal::new(404, "ReceiptNotFound", "there is no such receipt")
    }
}

/// A consent receipt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Receipt)]
pub(super) struct ReceiptJson {
    /// Its name, a UUID.
    #[schema(value_type = String)]
    id: ReceiptId,
    /// What happened: `given`, `declined`, `stopped`, `resumed`, `changed`, `expired`, `revoked`, `erasureAsked`,
    /// `erasureCancelled` or `erasureAnswered`.
    #[schema(value_type = String)]
    kind: Kind,
    /// What held after it: `active`, `stopped`, `refused`, `expired`, `revoked`, `erasing` or `erased`.
    #[schema(value_type = String)]
    state: State,
    #[schema(value_type = String)]
    app_id: AppId,
    #[schema(value_type = String)]
    contract_id: ContractId,
    version: i32,
    /// The grant; none when she said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    grant_id: Option<GrantId>,
    /// The event of her chain that it is about.
    event_id: String,
    /// When that was.
    event_at: Moment,
    issued_at: Moment,
    /// The receipt itself: a signed token (JWS, RS256) with the claims of Kantara's Consent Receipt v1.1.
    receipt: String,
}

impl From<Receipt> for ReceiptJson {
    fn from(receipt: Receipt) -> Self {
        Self {
            id: receipt.id,
            kind: receipt.kind,
            state: receipt.state,
            app_id: receipt.app,
            contract_id: receipt.contract,
            version: receipt.version,
            grant_id: receipt.grant,
            event_id: receipt.event,
            event_at: receipt.event_at.into(),
            issued_at: receipt.issued_at.into(),
            receipt: receipt.jws,
        }
    }
}

/// What holds now of the consent that a receipt is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReceiptStatus)]
pub(super) struct StatusJson {
    /// `active`, `stopped`, `refused`, `expired`, `revoked`, `erasing` or `erased`.
    #[schema(value_type = String)]
    state: State,
    /// Since when.
    as_of: Moment,
}

impl From<Status> for StatusJson {
    fn from(status: Status) -> Self {
        Self { state: status.state, as_of: status.as_of.into() }
    }
}

/// A receipt to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceiptToVerify)]
pub(super) struct VerifyJson {
    /// The signed token.
    receipt: String,
}

/// Lists her receipts, the latest first.
#[utoipa::path(
    get, path = "/api/v1/me/receipts", tag = "consent", operation_id = "listReceipts",
    params(Paging), responses((status = 200, description = "A page of receipts", body = Listing<ReceiptJson>)),
)]
pub(super) async fn list(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<ReceiptJson>> {
    let person = &who.0.sign_in.person;
    let page = consent_receipts::list_of_person(&platform.db, person, &place.cursor()?).await?;
    Ok(web::Json(page.into()))
}

/// Shows one of her receipts.
#[utoipa::path(
    get, path = "/api/v1/me/receipts/{receipt}", tag = "consent", operation_id = "showReceipt",
    responses((status = 200, description = "The receipt", body = ReceiptJson)),
)]
pub(super) async fn show(who: Person, place: Place, platform: web::Data<Platform>) -> Answer<ReceiptJson> {
    let person = &who.0.sign_in.person;
    let receipt = consent_receipts::find_of_person(&platform.db, person, &place.id()?).await?;
    Ok(web::Json(receipt.into()))
}

/// Lists the receipts of a grant that an app was given, the latest first.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/grants/{grant}/receipts", tag = "registry", operation_id = "listReceiptsOfGrant",
    params(Paging), responses((status = 200, description = "A page of receipts", body = Listing<ReceiptJson>)),
)]
pub(super) async fn of_grant(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<ReceiptJson>> {
    let (id, cursor): (GrantId, _) = (place.id()?, place.cursor()?);
    let app = &caller.app.id;
    let grant = consent_grants::find_of_app(&platform.db, app, &id).await?;
    let page = consent_receipts::list_of_grant_for_app(&platform.db, app, &grant.id, &cursor).await?;
    Ok(web::Json(page.into()))
}

/// Lists her receipts about one grant, the latest first.
#[utoipa::path(
    get, path = "/api/v1/me/grants/{grant}/receipts", tag = "consent", operation_id = "listMyReceiptsOfGrant",
    params(Paging), responses((status = 200, description = "A page of receipts", body = Listing<ReceiptJson>)),
)]
pub(super) async fn of_my_grant(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<ReceiptJson>> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let (person, cursor) = (&grant.person, place.cursor()?);
    let page = consent_receipts::list_of_grant(&platform.db, person, &grant.id, &cursor).await?;
    Ok(web::Json(page.into()))
}

/// Says what holds now of the consent that a receipt is about.
///
/// For anybody who has the receipt: nobody is asked who wants to know.
#[utoipa::path(
    get, path = "/api/v1/receipts/{receipt}/status", tag = "consent", operation_id = "receiptStatus",
    responses((status = 200, description = "What holds", body = StatusJson)),
)]
pub(super) async fn status(place: Place, platform: web::Data<Platform>) -> Answer<StatusJson> {
    let now = platform.ambient.now();
    Ok(web::Json(consent_receipts::status(&platform.db, &place.id()?, now).await?.into()))
}

/// Verifies a receipt of this platform.
///
/// `consent-access receipt verify` does the same offline.
#[utoipa::path(
    post, path = "/api/v1/receipts/verify", tag = "consent", operation_id = "verifyReceipt",
    request_body = VerifyJson,
    responses((status = 200, description = "`valid`, and what the receipt says or why it is not believed", body = Object)),
)]
pub(super) async fn verify(body: Body, platform: web::Data<Platform>) -> Answer<Value> {
    let VerifyJson { receipt } = body.json()?;
    Ok(web::Json(match consent_receipts::verify(&receipt, &platform.public_keys()) {
        Ok(verdict) => json!({ "valid": true, "verdict": verdict.json() }),
        Err(refused) => json!({ "valid": false, "reason": refused.to_string() }),
    }))
}

/// Publishes the keys that receipts, checkpoints and signals are signed with, old ones too.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "consent", operation_id = "publicKeys",
    responses((status = 200, description = "A JSON Web Key Set (RFC 7517)", body = Object)),
)]
pub(super) async fn keys(platform: web::Data<Platform>) -> Answer<Value> {
    Ok(web::Json(platform.public_keys()))
}
