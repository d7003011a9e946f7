//! An app's question to a person, and her answer.

use actix_web::web;
use chrono::{DateTime, SubsecRound, Utc};
use consent_auth::{AuthError, AuthorizationRequest, RequestKind};
use consent_contracts::App;
use consent_core::{AccountId, AppId, ContractId, GrantId};
use consent_crypto::{Secret, SecretKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    accounts::AccountJson,
    request::{Body, Place},
    wire::Answer,
};
use crate::{
    flows::{self, Question},
    http::{error::Refusal, extract::Person, urls},
    platform::Platform,
};

/// What a person is asked, with everything she needs to decide.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Question)]
pub(super) struct QuestionJson {
    /// `authorize`: agree to the contract; `onboard`: connect another account; `reauthorize`: confirm who she is.
    kind: &'static str,
    app: AskingJson,
    #[schema(value_type = String)]
    contract_id: ContractId,
    version: i32,
    /// SHA-256, in hex, of app and document as shown here; an approval repeats it.
    text_hash: String,
    /// The contract document without what concerns machines only: `publicKey`, `redirectUris`, `signalEndpoint`.
    #[schema(value_type = Object)]
    document: Value,
    /// What she can share.
    accounts: Vec<AccountJson>,
    /// Where the answer goes.
    #[schema(example = "https://diary.example")]
    redirect_origin: String,
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AskingApp)]
pub(super) struct AskingJson {
    #[schema(value_type = String)]
    id: AppId,
    name: String,
    partner_id: String,
    /// Whom she can write to about her privacy.
    contact: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<String>,
}

/// A yes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Approval)]
pub(super) struct ApprovalJson {
    /// Share these accounts; all when absent.
    #[schema(value_type = Option<Vec<String>>)]
    accounts: Option<Vec<AccountId>>,
    /// Share the files she put into her library herself.
    #[serde(default)]
    own_files: bool,
    /// Object types she leaves out, of those that the contract marks optional.
    #[serde(default)]
    left_out: Vec<i64>,
    /// Share accounts connected later, if the contract asks for them.
    #[serde(default)]
    future_accounts: bool,
    /// End earlier than the contract says.
    ends_at: Option<DateTime<Utc>>,
    /// What she agrees to, from the question; refused when the contract says something else by now.
    text_hash: String,
}

/// What a yes gives.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Approved)]
pub(super) struct ApprovedJson {
    #[schema(value_type = String)]
    grant_id: GrantId,
    /// Send the browser there: the app's redirect URI with the code in it.
    location: String,
}

/// What a no gives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Declined)]
pub(super) struct DeclinedJson {
    /// Send the browser there: the app's redirect URI.
    location: String,
}

impl From<App> for AskingJson {
    fn from(app: App) -> Self {
        let App { id, name, partner_id, contact, description, website, .. } = app;
        Self { id, name, partner_id, contact, description, website }
    }
}

impl From<Question> for QuestionJson {
    fn from(Question { request, client, accounts, .. }: Question) -> Self {
        let mut shown = consent_contracts::shown(&client.app, &client.contract.document);
        Self {
            kind: match request.kind {
                RequestKind::Authorize => "authorize",
                RequestKind::Onboard => "onboard",
                RequestKind::Reauthorize => "reauthorize",
            },
            app: client.app.into(),
            contract_id: client.contract.id,
            version: client.contract.version,
            text_hash: client.contract.text_hash,
            document: shown["document"].take(),
            accounts: accounts.into_iter().map(AccountJson::from).collect(),
            redirect_origin: urls::origin(&request.redirect_uri),
        }
    }
}

impl ApprovalJson {
    /// With nothing said about accounts, all are shared.
    fn answer(self, all: impl FnOnce() -> Vec<AccountId>) -> flows::Answer {
        flows::Answer {
            accounts: self.accounts.unwrap_or_else(all),
            own_files: self.own_files,
            left_out: self.left_out,
            future_accounts: self.future_accounts,
            ends_at: self.ends_at.map(|at| at.trunc_subsecs(3)),
            text_hash: Some(self.text_hash),
            without_query: false,
        }
    }
}

fn code(place: &Place) -> Result<Secret, Refusal> {
    let text = place.segment("code");
    let kinds = [SecretKind::PreauthorizationCode, SecretKind::ReferenceCode];
    let code = kinds.into_iter().find_map(|kind| Secret::parse(kind, text).ok());
    code.ok_or_else(|| AuthError::UnknownRequest.into())
}

fn back(
    request: &AuthorizationRequest,
    first: &[(&str, Option<&str>)],
    last: (&str, Option<&str>),
) -> String {
    let state = [("state", request.state.as_deref()), last];
    urls::back_to_app(&request.redirect_uri, &[first, &state].concat())
}

/// Shows what an app asks; uses nothing up.
#[utoipa::path(
    get, path = "/api/v1/me/authorizations/{code}", tag = "consent", operation_id = "showQuestion",
    responses((status = 200, description = "The question", body = QuestionJson)),
)]
pub(super) async fn show(who: Person, place: Place, platform: web::Data<Platform>) -> Answer<QuestionJson> {
    let question = flows::question(&platform, &who.0, &code(&place)?).await?;
    Ok(web::Json(question.into()))
}

/// Says yes.
///
/// Grant, keys, code and event come about together or not at all.
#[utoipa::path(
    post, path = "/api/v1/me/authorizations/{code}/approve", tag = "consent", operation_id = "approve",
    request_body = ApprovalJson, responses((status = 200, description = "Granted", body = ApprovedJson)),
)]
pub(super) async fn approve(
    who: Person,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<ApprovedJson> {
    let (code, approval) = (code(&place)?, body.json::<ApprovalJson>()?);
    let library = consent_library::find_library(&platform.db, &who.0.sign_in.person).await?;
    let accounts = consent_sources::list_accounts(&platform.db, &library.id).await?;
    let answer = approval.answer(|| accounts.into_iter().map(|account| account.id).collect());
    let opened = flows::approve(&platform, &who.0, &code, answer).await?;
    let location = back(&opened.request, &[("success", Some("true"))], ("code", Some(&opened.code.expose())));
    Ok(web::Json(ApprovedJson { grant_id: opened.grant.id, location }))
}

/// Says no.
#[utoipa::path(
    post, path = "/api/v1/me/authorizations/{code}/decline", tag = "consent", operation_id = "decline",
    responses((status = 200, description = "Declined", body = DeclinedJson)),
)]
pub(super) async fn decline(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<DeclinedJson> {
    let request = flows::decline(&platform, &who.0, &code(&place)?).await?;
    let location = back(&request, &[("success", Some("false"))], ("errorCode", Some("USER_CANCEL")));
    Ok(web::Json(DeclinedJson { location }))
}
