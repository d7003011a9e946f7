//! A browser arrives with a code. The request is looked at and nothing is used up; unless it is to be answered without
//! a page, the browser goes on to the page of the request, without the code in its address.

use actix_web::{HttpRequest, HttpResponse, web};
use consent_auth::{AuthError, AuthorizationRequest};
use consent_crypto::Secret;
use consent_pages::Frame;

use super::{
    Page, back, callback, client_of,
    errand::{self, Misunderstood, Parameters, Wishes},
    failed, failed_with, granted, in_default,
};
use crate::{
    flows::{self, FlowError},
    http::{
        error::Refusal,
        pages::{self, see_other},
    },
    platform::Platform,
};

/// `GET /apps/saas/authorize`.
pub(super) async fn authorize(platform: web::Data<Platform>, request: HttpRequest) -> HttpResponse {
    arrive(&platform, &request, Page::Authorize).await
}

/// `GET /apps/saas/onboard`.
pub(super) async fn onboard(platform: web::Data<Platform>, request: HttpRequest) -> HttpResponse {
    arrive(&platform, &request, Page::Onboard).await
}

/// `GET /apps/saas/reauthorize`.
pub(super) async fn reauthorize(platform: web::Data<Platform>, request: HttpRequest) -> HttpResponse {
    arrive(&platform, &request, Page::Reauthorize).await
}

/// `GET /apps/saas/user-reauth`.
pub(super) async fn user_reauth(platform: web::Data<Platform>, request: HttpRequest) -> HttpResponse {
    arrive(&platform, &request, Page::UserReauth).await
}

async fn arrive(platform: &Platform, browser: &HttpRequest, page: Page) -> HttpResponse {
    let Some(parameters) = Parameters::parse(browser.query_string()) else {
        let reason = "This link says something twice, or too much";
        return broken_link(&Refusal::new(400, "ValidationErrors", reason));
    };
    let code = parameters.value("code").and_then(|text| Secret::parse(page.code(), text).ok());
    let Some(code) = code else { return broken_link(&AuthError::UnknownRequest.into()) };
    let request = match flows::find_request(platform, &code).await {
        Ok(request) => request,
        Err(error) => return broken_link(&error.into()),
    };
    let client = match client_of(platform, &request).await {
        Ok(client) => client,
        Err(error) => return failed(&request.redirect_uri, &request, error.into()),
    };
    if !client.has_redirect_uri(&request.redirect_uri) {
        return broken_link(&FlowError::RedirectUri(request.redirect_uri).into());
    }
    // Where failures go, also when the other parameters cannot be understood.
    let said = parameters.value("callback");
    let target = callback(said, &client, &request);
    if said.is_some_and(|said| said != target) {
        return failed_with(target, &request, "INITIALIZE_CHECK_FAIL");
    }
    let wishes = match Wishes::try_from(&parameters) {
        Ok(wishes) => wishes,
        Err(Misunderstood { name, reason }) => {
            tracing::debug!("a browser came with a parameter that cannot be understood: {name} {reason}");
            return failed_with(target, &request, "INITIALIZE_CHECK_FAIL");
        }
    };
    if page == Page::Authorize
        && let Err(error) = flows::refuse_in_default(&platform.db, &client.app).await
    {
        let frame = Frame { sandbox: platform.config.server.sandbox, ..Frame::default() };
        return match error {
            FlowError::InDefault { app } => in_default(frame, &app, &request, target),
            error => failed(target, &request, error),
        };
    }
    match go_on(platform, page, &code, &request, &wishes, target).await {
        Ok(Some(answer)) => answer,
        Ok(None) => {
            let response = see_other(&page.path(&request.id));
            errand::remember(platform, &request.id, &parameters, response)
        }
        Err(error) => failed(target, &request, error),
    }
}

/// Checks what must be right before a person is asked; answers at once where no page is wanted.
async fn go_on(
    platform: &Platform,
    page: Page,
    code: &Secret,
    request: &AuthorizationRequest,
    wishes: &Wishes,
    target: &str,
) -> Result<Option<HttpResponse>, FlowError> {
    if request.kind != page.kind() || (page == Page::Reauthorize && wishes.account.is_none()) {
        return Err(FlowError::WrongKind);
    }
    if let Some(storage) = &wishes.storage {
        flows::keep_storage(platform, code, storage).await?;
    }
    match page {
        Page::Authorize if wishes.automatic => {
            let (opened, account) =
                flows::auto_authorize(platform, code, &wishes.sample, wishes.query).await?;
            Ok(Some(granted(&opened, Some(&account.reference))))
        }
        Page::Onboard if wishes.automatic => {
            let (request, account) =
                flows::auto_onboard(platform, code, &wishes.sample, wishes.query).await?;
            Ok(Some(onboarded(target, &request, &account.reference)))
        }
        _ => Ok(None),
    }
}

/// Sends the browser back to the app with one more account (`protocol/digime.md` §13.2).
pub(super) fn onboarded(target: &str, request: &AuthorizationRequest, account: &str) -> HttpResponse {
    let state = request.state.as_deref();
    back(target, &[("success", Some("true")), ("accountReference", Some(account)), ("state", state)])
}

fn broken_link(refusal: &Refusal) -> HttpResponse {
    let text = format!("{} Go back to the app and start again.", pages::sentence(&refusal.message));
    pages::message(refusal.status, "This link does not work", &text)
}
