//! What a contract says since a person agreed to it, and her answer.

use actix_web::web;
use consent_contracts::Change;
use consent_core::AccountId;
use consent_grants::Grant;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    grants::{GrantJson, answer, grant_in_path},
    request::{Body, Place},
    wire::{Answer, Moment},
};
use crate::{
    flows::{self, ChangeAnswer, ContractChange},
    http::extract::Person,
    platform::Platform,
};

/// What the contract of a grant says since she agreed to it.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContractChange)]
pub(super) struct ChangeJson {
    /// Whether something waits for her yes or no.
    waiting: bool,
    /// The version she agreed to.
    agreed_version: i32,
    /// The version in force.
    version: i32,
    /// SHA-256, in hex, of the text in force; her answer repeats it.
    text_hash: String,
    /// When she said no to this version.
    #[serde(skip_serializing_if = "Option::is_none")]
    declined_at: Option<Moment>,
    /// What it asks for in addition: none of it holds before she has said yes.
    widened: Vec<LineJson>,
    /// What it no longer gets: that holds already.
    narrowed: Vec<LineJson>,
    /// What else reads differently.
    reworded: Vec<LineJson>,
    /// Accounts of hers that only the version in force has a use for.
    #[schema(value_type = Vec<String>)]
    accounts: Vec<AccountId>,
    /// New object types that she may leave out.
    optional: Vec<i64>,
    /// Whether accounts she connects later could be covered.
    future_accounts: bool,
}

/// One line of the difference.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContractChangeLine)]
pub(super) struct LineJson {
    /// The member of the document, as `retention.period`.
    field: &'static str,
    /// What it said; none for an entry that is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    old: Option<Value>,
    /// What it says now; none for an entry that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    new: Option<Value>,
}

/// A yes to the difference.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ContractChangeYes)]
pub(super) struct YesJson {
    /// Of the text in force, as it was shown; refused when the contract says something else by now.
    text_hash: String,
    /// Of the new accounts, those to be shared; all when absent.
    #[schema(value_type = Option<Vec<String>>)]
    accounts: Option<Vec<AccountId>>,
    /// Of the new object types that she may leave out, those that she does not.
    #[serde(default)]
    include: Vec<i64>,
    /// Share accounts connected later, if the contract asks for them.
    #[serde(default)]
    future_accounts: bool,
}

/// A no to the difference.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ContractChangeNo)]
pub(super) struct NoJson {
    /// Of the text in force, as it was shown.
    text_hash: String,
}

impl From<Change> for LineJson {
    fn from(Change { field, old, new }: Change) -> Self {
        Self { field: field.path(), old, new }
    }
}

impl ChangeJson {
    fn of(change: ContractChange) -> Self {
        let lines = |changes: Vec<Change>| changes.into_iter().map(LineJson::from).collect();
        Self {
            waiting: change.is_waiting(),
            agreed_version: change.agreed.version,
            version: change.current.version,
            text_hash: change.current.text_hash,
            declined_at: change.declined_at.map(Moment::from),
            widened: lines(change.difference.widened),
            narrowed: lines(change.difference.narrowed),
            reworded: lines(change.difference.reworded),
            accounts: change.accounts.into_iter().map(|account| account.id).collect(),
            optional: change.optional,
            future_accounts: change.future_accounts,
        }
    }

    /// Nothing differs, or the grant has ended.
    fn none(grant: &Grant) -> Self {
        let (version, text_hash) = (grant.version, grant.text_hash.clone());
        Self { agreed_version: version, version, text_hash, ..Self::default() }
    }
}

/// Shows what a contract says since she agreed to it.
///
/// The difference is between what she agreed to, less what was given up since, and the version in force.
#[utoipa::path(
    get, path = "/api/v1/me/grants/{grant}/change", tag = "consent", operation_id = "showChange",
    responses((status = 200, description = "The difference; empty when there is none", body = ChangeJson)),
)]
pub(super) async fn show(who: Person, place: Place, platform: web::Data<Platform>) -> Answer<ChangeJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let change = flows::contract_change(&platform, &grant).await?;
    Ok(web::Json(change.map_or_else(|| ChangeJson::none(&grant), ChangeJson::of)))
}

/// Says yes to the difference.
#[utoipa::path(
    post, path = "/api/v1/me/grants/{grant}/change/accept", tag = "consent", operation_id = "acceptChange",
    request_body = YesJson,
    responses((status = 200, description = "She agreed to the version in force", body = GrantJson)),
)]
pub(super) async fn accept(
    who: Person,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<GrantJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let YesJson { text_hash, accounts, include, future_accounts } = body.json()?;
    let yes = ChangeAnswer { text_hash, accounts, include, future_accounts };
    let widened = Box::pin(flows::accept_change(&platform, &who.0, &grant.id, yes)).await?;
    answer(&platform, widened).await
}

/// Says no to the difference: she is not asked again about this version.
#[utoipa::path(
    post, path = "/api/v1/me/grants/{grant}/change/decline", tag = "consent", operation_id = "declineChange",
    request_body = NoJson,
    responses((status = 200, description = "Everything stays as it is", body = GrantJson)),
)]
pub(super) async fn decline(
    who: Person,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<GrantJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let NoJson { text_hash } = body.json()?;
    let kept = flows::decline_change(&platform, &who.0, &grant.id, &text_hash).await?;
    answer(&platform, kept).await
}
