//! The sources that a person's library is connected to.

use actix_web::web;
use consent_core::AccountId;
use consent_sources::Account;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    request::Body,
    wire::{Answer, Created, Listing, Moment, created},
};
use crate::{flows, http::extract::Person, platform::Platform};

/// A connection to a source.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(super) struct AccountJson {
    #[schema(value_type = String, example = "acc01hf7yat00000000000000001a")]
    id: AccountId,
    /// The source's number in the catalogue.
    source_id: i64,
    /// Its name.
    source: &'static str,
    /// `USER`, `BANK` and so on.
    kind: String,
    /// Whether it holds invented data.
    sample: bool,
    created_at: Moment,
    updated_at: Moment,
    /// When it was last read to its end, successfully or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Moment>,
    /// What went wrong then.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<AccountProblemJson>,
}

/// Why a source could not be read to its end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountProblem)]
pub(super) struct AccountProblemJson {
    /// Stable, for programs.
    code: String,
    message: String,
    /// Whether she has to sign in to the source again.
    reauth: bool,
}

/// A sample source to connect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ConnectSample)]
pub(super) struct ConnectJson {
    /// Number in the catalogue, `GET /api/v1/sources`.
    source_id: i64,
    /// One of its data sets.
    sample_data_set: String,
}

impl From<Account> for AccountJson {
    fn from(account: Account) -> Self {
        let problem = account.problem.clone();
        Self {
            source: account.source().name,
            id: account.id,
            source_id: account.source_id,
            kind: account.kind,
            sample: account.sample,
            created_at: account.created_at.into(),
            updated_at: account.updated_at.into(),
            finished_at: account.finished_at.map(Moment::from),
            problem: problem.map(|problem| AccountProblemJson {
                code: problem.code,
                message: problem.message,
                reauth: problem.reauth,
            }),
        }
    }
}

/// Lists the accounts of her library.
#[utoipa::path(
    get, path = "/api/v1/me/accounts", tag = "library", operation_id = "listAccounts",
    responses((status = 200, description = "All accounts", body = Listing<AccountJson>)),
)]
pub(super) async fn list(who: Person, platform: web::Data<Platform>) -> Answer<Listing<AccountJson>> {
    let library = consent_library::find_library(&platform.db, &who.0.sign_in.person).await?;
    let accounts = consent_sources::list_accounts(&platform.db, &library.id).await?;
    Ok(web::Json(Listing::whole(accounts.into_iter().map(AccountJson::from).collect())))
}

/// Connects a sample source.
///
/// Only in sandbox mode. Connecting the same data set again answers with the account that there is.
#[utoipa::path(
    post, path = "/api/v1/me/accounts", tag = "library", operation_id = "connectSample",
    request_body = ConnectJson, responses((status = 201, description = "Connected", body = AccountJson)),
)]
pub(super) async fn connect(who: Person, body: Body, platform: web::Data<Platform>) -> Created<AccountJson> {
    let ConnectJson { source_id, sample_data_set } = body.json()?;
    let account = flows::connect_sample(&platform, &who.0, &sample_data_set, source_id).await?;
    Ok(created(account.into()))
}
