//! Where the SDKs send a person's browser (`protocol/digime.md` §13). Before a request is known every failure is a page;
//! afterwards it goes back to the app, to the redirect URI that the request was kept with.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::LOCATION},
    web,
};
use consent_auth::AuthorizationRequest;
use consent_crypto::{Secret, SecretKind};
use serde::Deserialize;

use crate::{
    flows::{self, FlowError, SampleChoice},
    http::{error::Refusal, pages, urls},
    platform::Platform,
};

/// Query parameters of the pages; those of pages to come are tolerated.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    code: Option<String>,
    service: Option<String>,
    sample_data_set: Option<String>,
    sample_data_auto_onboard: Option<String>,
}

impl Parameters {
    fn code(&self, kind: SecretKind) -> Option<Secret> {
        Secret::parse(kind, self.code.as_deref()?).ok()
    }

    fn choice(&self) -> Result<SampleChoice, FlowError> {
        let source =
            self.service.as_deref().filter(|service| !service.is_empty()).map(str::parse).transpose();
        let source = source
            .map_err(|_| FlowError::Choice { field: "service", reason: "must be a number".to_owned() })?;
        Ok(SampleChoice { set: self.sample_data_set.clone(), source })
    }

    fn is_automatic(&self) -> bool {
        self.sample_data_auto_onboard.as_deref() == Some("true")
    }
}

/// `GET /apps/saas/authorize`.
pub(super) async fn authorize(platform: web::Data<Platform>, query: web::Query<Parameters>) -> HttpResponse {
    let (code, request) = match find(&platform, &query, SecretKind::PreauthorizationCode).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let answered = match query.choice() {
        Ok(choice) => flows::auto_authorize(&platform, &code, &choice).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok((opened, account)) => back(
            &request,
            &[
                ("success", Some("true")),
                ("state", request.state.as_deref()),
                ("code", Some(&opened.code.expose())),
                ("accountReference", Some(&account.reference)),
            ],
        ),
        Err(error) => failed(&request, error),
    }
}

/// `GET /apps/saas/onboard`.
pub(super) async fn onboard(platform: web::Data<Platform>, query: web::Query<Parameters>) -> HttpResponse {
    let (code, request) = match find(&platform, &query, SecretKind::ReferenceCode).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let answered = match query.choice() {
        Ok(choice) => flows::auto_onboard(&platform, &code, &choice).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok((request, account)) => back(
            &request,
            &[
                ("success", Some("true")),
                ("accountReference", Some(&account.reference)),
                ("state", request.state.as_deref()),
            ],
        ),
        Err(error) => failed(&request, error),
    }
}

/// The request that the browser's code names; a page where there is none, or where it cannot be answered here.
async fn find(
    platform: &Platform,
    query: &Parameters,
    kind: SecretKind,
) -> Result<(Secret, AuthorizationRequest), HttpResponse> {
    let code = query.code(kind).ok_or_else(unknown_code)?;
    let request = flows::find_request(platform, &code).await.map_err(|error| page(&error.into()))?;
    if query.is_automatic() { Ok((code, request)) } else { Err(no_page_yet()) }
}

/// Sends the browser back to the app with a failure (`protocol/digime.md` §13.2).
fn failed(request: &AuthorizationRequest, error: FlowError) -> HttpResponse {
    let code = match &error {
        FlowError::Auth(_) => "INVALID_CODE",
        FlowError::Choice { .. } | FlowError::SandboxOnly | FlowError::Locked | FlowError::WrongKind => {
            "INITIALIZE_CHECK_FAIL"
        }
        FlowError::Sources(_) => "ONBOARD_ERROR",
        _ => "SERVER_ERROR",
    };
    let refusal = Refusal::from(error);
    tracing::debug!(code, "a browser goes back with a failure: {}", refusal.message);
    back(
        request,
        &[("success", Some("false")), ("errorCode", Some(code)), ("state", request.state.as_deref())],
    )
}

fn back(request: &AuthorizationRequest, parameters: &[(&str, Option<&str>)]) -> HttpResponse {
    let location = urls::back_to_app(&request.redirect_uri, parameters);
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}

fn unknown_code() -> HttpResponse {
    page(&Refusal::from(FlowError::Auth(consent_auth::AuthError::UnknownRequest)))
}

fn page(refusal: &Refusal) -> HttpResponse {
    pages::message(
        refusal.status,
        "This link does not work",
        &format!("{}. Go back to the app and start again.", refusal.message),
    )
}

/// The consent page itself is not part of this version.
fn no_page_yet() -> HttpResponse {
    pages::message(
        StatusCode::NOT_IMPLEMENTED,
        "No consent page yet",
        "This version answers requests through its API: sign in at POST /api/v1/sign-in, look at the request at \
         GET /api/v1/me/authorizations/{code}, and approve or decline it there. In sandbox mode an app can add \
         sampleDataAutoOnboard=true.",
    )
}
