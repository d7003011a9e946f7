//! What a person agreed to, for her and for the app.

use actix_web::web;
use chrono::{DateTime, Utc};
use consent_contracts::Document;
use consent_core::{AccountId, AppId, ContractId, GrantId, ShelfId};
use consent_grants::Grant;
use consent_library::ShelfKind;
use consent_sources::Account;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    contracts::DocumentSchema,
    request::{Body, Paging, Place},
    wire::{Answer, Listing, Moment},
};
use crate::{
    flows::{self, By, SignedIn},
    http::{
        error::Refusal,
        extract::{ForApp, Person},
    },
    platform::Platform,
};

/// A grant as its app sees it: whose it is stays with the person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AppGrant)]
pub(super) struct AppGrantJson {
    #[schema(value_type = String, example = "gra01hf7yat00000000000000001a")]
    id: GrantId,
    #[schema(value_type = String)]
    contract_id: ContractId,
    version: i32,
    /// `active`, `stopped`, `expired`, `revoked`, `erasing` or `erased`.
    stage: &'static str,
    /// Since when, unless it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Moment>,
    /// When she said yes.
    created_at: Moment,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Moment>,
    /// Rises with every change, from 1.
    seq: i64,
}

/// A grant as the person who gave it sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Grant)]
pub(super) struct GrantJson {
    #[serde(flatten)]
    grant: AppGrantJson,
    /// Who was given it.
    #[schema(value_type = String)]
    app_id: AppId,
    /// SHA-256, in hex, of what she was shown.
    text_hash: String,
    /// The accounts that are shared.
    #[schema(value_type = Vec<String>)]
    accounts: Vec<AccountId>,
    /// Whether the files are shared that she put into her library herself.
    own_files: bool,
    /// Optional object types that she left out.
    left_out: Vec<i64>,
    /// Whether accounts connected later are shared, too.
    future_accounts: bool,
}

/// A grant with what it is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GrantInFull)]
pub(super) struct GrantInFullJson {
    #[serde(flatten)]
    grant: GrantJson,
    /// What the app is called.
    app_name: String,
    /// The document she agreed to.
    #[schema(value_type = DocumentSchema)]
    document: Document,
}

/// The shelves of a library, which tell what a grant shares.
struct Shelves {
    accounts: Vec<Account>,
    own: Vec<ShelfId>,
}

impl Shelves {
    async fn of(platform: &Platform, who: &SignedIn) -> Result<Self, Refusal> {
        let library = consent_library::find_library(&platform.db, &who.sign_in.person).await?;
        let accounts = consent_sources::list_accounts(&platform.db, &library.id).await?;
        let shelves = consent_library::shelves(&platform.db, &library.id).await?;
        let own =
            shelves.into_iter().filter(|shelf| shelf.kind == ShelfKind::Own).map(|shelf| shelf.id).collect();
        Ok(Self { accounts, own })
    }

    fn shown(&self, grant: Grant, now: DateTime<Utc>) -> GrantJson {
        let shared = |shelf: &ShelfId| grant.choices.shelves.contains(shelf);
        let accounts = self.accounts.iter().filter(|account| shared(&account.shelf));
        GrantJson {
            accounts: accounts.map(|account| account.id.clone()).collect(),
            own_files: self.own.iter().any(shared),
            grant: AppGrantJson::new(&grant, now),
            app_id: grant.app,
            text_hash: grant.text_hash,
            left_out: grant.choices.left_out,
            future_accounts: grant.choices.future_accounts,
        }
    }
}

impl AppGrantJson {
    fn new(grant: &Grant, now: DateTime<Utc>) -> Self {
        let stage = grant.stage_at(now);
        Self {
            id: grant.id.clone(),
            contract_id: grant.contract.clone(),
            version: grant.version,
            stage: stage.name(),
            since: stage.since().map(Moment::from),
            created_at: grant.created_at.into(),
            expires_at: grant.expires_at.map(Moment::from),
            seq: grant.seq,
        }
    }
}

/// Lists the grants that an app was given, oldest first.
///
/// Says nothing about the persons.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/grants", tag = "registry", operation_id = "listGrantsOfApp",
    params(Paging), responses((status = 200, description = "A page of grants", body = Listing<AppGrantJson>)),
)]
pub(super) async fn of_app(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<AppGrantJson>> {
    let now = platform.ambient.now();
    let page = consent_grants::list_of_app(&platform.db, &caller.app.id, &place.cursor()?).await?;
    Ok(web::Json(page.map(|grant| AppGrantJson::new(&grant, now)).into()))
}

/// Lists what she agreed to, oldest first.
#[utoipa::path(
    get, path = "/api/v1/me/grants", tag = "consent", operation_id = "listGrants",
    params(Paging), responses((status = 200, description = "A page of grants", body = Listing<GrantJson>)),
)]
pub(super) async fn list(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<GrantJson>> {
    let (now, cursor) = (platform.ambient.now(), place.cursor()?);
    let page = consent_grants::list_of_person(&platform.db, &who.0.sign_in.person, &cursor).await?;
    let shelves = Shelves::of(&platform, &who.0).await?;
    Ok(web::Json(page.map(|grant| shelves.shown(grant, now)).into()))
}

/// Shows one thing she agreed to, with the document as it was.
#[utoipa::path(
    get, path = "/api/v1/me/grants/{grant}", tag = "consent", operation_id = "showGrant",
    responses((status = 200, description = "The grant", body = GrantInFullJson)),
)]
pub(super) async fn show(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<GrantInFullJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let app = consent_contracts::find_app(&platform.db, &grant.app).await?;
    let contract = consent_contracts::find_version(&platform.db, &grant.contract, grant.version).await?;
    let shelves = Shelves::of(&platform, &who.0).await?;
    let grant = shelves.shown(grant, platform.ambient.now());
    Ok(web::Json(GrantInFullJson { grant, app_name: app.name, document: contract.document }))
}

/// Pauses a grant.
///
/// No request that starts after the answer gets data.
#[utoipa::path(
    post, path = "/api/v1/me/grants/{grant}/stop", tag = "consent", operation_id = "stop",
    responses((status = 200, description = "Stopped", body = GrantJson)),
)]
pub(super) async fn stop(who: Person, place: Place, platform: web::Data<Platform>) -> Answer<GrantJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let stopped = flows::stop(&platform, &grant.id, By::from(&who.0.actor())).await?;
    answer(&platform, &who.0, stopped).await
}

/// Continues a stopped grant.
///
/// Needs a sign-in that opens her library.
#[utoipa::path(
    post, path = "/api/v1/me/grants/{grant}/resume", tag = "consent", operation_id = "resume",
    responses((status = 200, description = "Active again", body = GrantJson)),
)]
pub(super) async fn resume(who: Person, place: Place, platform: web::Data<Platform>) -> Answer<GrantJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let resumed = flows::resume(&platform, &grant.id, &who.0).await?;
    answer(&platform, &who.0, resumed).await
}

/// Ends a grant for good.
///
/// No request that starts after the answer gets data.
#[utoipa::path(
    post, path = "/api/v1/me/grants/{grant}/revoke", tag = "consent", operation_id = "revoke",
    responses((status = 200, description = "Revoked", body = GrantJson)),
)]
pub(super) async fn revoke(who: Person, place: Place, platform: web::Data<Platform>) -> Answer<GrantJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let revoked = flows::revoke(&platform, &grant.id, By::from(&who.0.actor())).await?;
    answer(&platform, &who.0, revoked).await
}

/// Has the app of a grant delete what it holds.
///
/// Ends the grant, if it has not ended. The app is told, and has to report what it did.
#[utoipa::path(
    post, path = "/api/v1/me/grants/{grant}/erase", tag = "consent", operation_id = "erase",
    responses((status = 200, description = "The app is told", body = GrantJson)),
)]
pub(super) async fn erase(who: Person, place: Place, platform: web::Data<Platform>) -> Answer<GrantJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let erasing = flows::erase(&platform, &grant.id, By::from(&who.0.actor())).await?;
    answer(&platform, &who.0, erasing).await
}

/// Takes an erasure back that the app has not reported as done.
///
/// The grant stays ended; what the app deleted already is gone.
#[utoipa::path(
    post, path = "/api/v1/me/grants/{grant}/cancel-erasure", tag = "consent", operation_id = "cancelErasure",
    responses((status = 200, description = "Revoked", body = GrantJson)),
)]
pub(super) async fn cancel_erasure(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<GrantJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let revoked = flows::keep_after_all(&platform, &grant.id, By::from(&who.0.actor())).await?;
    answer(&platform, &who.0, revoked).await
}

/// Since when a grant is to be over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Shorten)]
pub(super) struct ShortenJson {
    /// When it ends by itself from now on: to come, and sooner than it would end otherwise.
    #[schema(value_type = String, format = DateTime)]
    until: DateTime<Utc>,
}

/// Has a grant end sooner.
#[utoipa::path(
    post, path = "/api/v1/me/grants/{grant}/shorten", tag = "consent", operation_id = "shorten",
    request_body = ShortenJson,
    responses((status = 200, description = "It ends sooner", body = GrantJson)),
)]
pub(super) async fn shorten(
    who: Person,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<GrantJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let ShortenJson { until } = body.json()?;
    let shortened = flows::shorten(&platform, &grant.id, until, By::from(&who.0.actor())).await?;
    answer(&platform, &who.0, shortened).await
}

/// The grant that the path names, if it is hers.
pub(in crate::http) async fn grant_in_path(
    platform: &Platform,
    who: &SignedIn,
    place: &Place,
) -> Result<Grant, Refusal> {
    Ok(consent_grants::find_of_person(&platform.db, &who.sign_in.person, &place.id()?).await?)
}

pub(super) async fn answer(platform: &Platform, who: &SignedIn, grant: Grant) -> Answer<GrantJson> {
    let shelves = Shelves::of(platform, who).await?;
    Ok(web::Json(shelves.shown(grant, platform.ambient.now())))
}
