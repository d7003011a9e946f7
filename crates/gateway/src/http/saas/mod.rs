//! Where the SDKs send a person's browser (`protocol/digime.md` §13). Before a request is known every failure is a page;
//! afterwards it goes back to the app, to a URI that is registered with the contract.

mod add;
mod arrive;
mod confirm;
mod consent;
mod errand;
mod onboard;
mod renew;

use actix_web::{HttpResponse, http::StatusCode};
use consent_auth::{AuthError, AuthorizationRequest, Decision, RequestKind};
use consent_contracts::Client;
use consent_core::RequestId;
use consent_crypto::Secret;
use consent_pages::{Asking, Frame, Message};

pub(super) use consent::{contract_text, retention, source_name};
use errand::{Errand, Page};

use super::{
    RouteInfo,
    api::Place,
    error::Refusal,
    pages::{self, Known, PageError, see_other},
    routes::route,
    urls,
};
use crate::{
    flows::{self, FlowError, Opened, Question},
    platform::Platform,
};

pub(super) static ROUTES: &[RouteInfo] = &[
    route!(GET "/apps/saas/authorize", BrowserCode, arrive::authorize),
    route!(GET "/apps/saas/onboard", BrowserCode, arrive::onboard),
    route!(GET "/apps/saas/reauthorize", BrowserCode, arrive::reauthorize),
    route!(GET "/apps/saas/user-reauth", BrowserCode, arrive::user_reauth),
    route!(GET "/apps/saas/authorize/{request}", PersonPage, consent::show),
    route!(POST "/apps/saas/authorize/{request}", PersonForm, consent::answer),
    route!(GET "/apps/saas/authorize/{request}/add", PersonPage, add::show),
    route!(POST "/apps/saas/authorize/{request}/accounts", PersonForm, add::connect),
    route!(POST "/apps/saas/authorize/{request}/files", PersonForm, add::upload),
    route!(GET "/apps/saas/onboard/{request}", PersonPage, onboard::show),
    route!(POST "/apps/saas/onboard/{request}", PersonForm, onboard::answer),
    route!(GET "/apps/saas/reauthorize/{request}", PersonPage, renew::show),
    route!(POST "/apps/saas/reauthorize/{request}", PersonForm, renew::answer),
    route!(GET "/apps/saas/user-reauth/{request}", PersonPage, confirm::show),
    route!(POST "/apps/saas/user-reauth/{request}", PersonForm, confirm::answer),
];

/// A question that waits for an answer, as the person who is asked sees it.
struct Asked {
    errand: Errand,
    question: Question,
}

/// What a page here comes to: itself, or somewhere else.
type Led = Result<HttpResponse, Elsewhere>;

/// Why a question is not shown.
enum Elsewhere {
    /// It was refused; an error page says so.
    Refused(PageError),
    /// The browser goes back to the app, or to another page.
    Sent(Box<HttpResponse>),
    /// She has answered it already; a page says so.
    Answered(Box<Errand>),
}

impl<E: Into<PageError>> From<E> for Elsewhere {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// What the browser gets in the end.
async fn shown(platform: &Platform, her: &Known, led: Led) -> pages::Shown {
    match led {
        Ok(response) => Ok(response),
        Err(Elsewhere::Refused(error)) => Err(error),
        Err(Elsewhere::Sent(response)) => Ok(*response),
        Err(Elsewhere::Answered(errand)) => Ok(answered(platform, her, &errand).await),
    }
}

impl Asked {
    /// The question of the request in the path, of one of these kinds, to a person whose browser came with its code.
    async fn of(platform: &Platform, her: &Known, kinds: &[RequestKind]) -> Result<Self, Elsewhere> {
        let errand = errand(platform, her).await?;
        let Some(code) = &errand.code else { return Err(Elsewhere::Answered(Box::new(errand))) };
        match flows::question(platform, &her.who, code).await {
            Ok(question) => {
                let asked = Self { errand, question };
                let fits = kinds.contains(&asked.question.request.kind);
                if fits { Ok(asked) } else { Err(asked.failed(FlowError::WrongKind)) }
            }
            Err(error) => Err(unasked(platform, errand, error).await),
        }
    }

    /// The code that answers it.
    fn code(&self) -> Result<&Secret, Elsewhere> {
        self.errand.code.as_ref().ok_or_else(|| AuthError::AlreadyDecided.into())
    }

    /// Who asks, for people.
    fn asking(&self) -> Asking {
        asking_of(&self.question.client, &self.question.request)
    }

    /// Sends the browser back to the app with a failure.
    fn failed(&self, error: FlowError) -> Elsewhere {
        Elsewhere::Sent(Box::new(failed(self.callback(), &self.question.request, error)))
    }

    /// Where failures go, and the results of onboarding.
    fn callback(&self) -> &str {
        callback(self.errand.wishes.callback.as_deref(), &self.question.client, &self.question.request)
    }

    /// The page of a question, which leads to the app in one way or the other.
    fn page(&self, status: StatusCode, page: &impl consent_pages::Page) -> HttpResponse {
        let targets = [self.question.request.redirect_uri.as_str(), self.callback()];
        may_lead_to(pages::html(status, page), &targets)
    }
}

/// What the browser remembers of the request in the path, with the code of that very request, or after she answered it.
async fn errand(platform: &Platform, her: &Known) -> Result<Errand, PageError> {
    let errand = Errand::of(platform, &her.place, her.place.id()?).ok_or_else(lost)?;
    let known = match &errand.code {
        Some(code) => consent_auth::id_of_code(&platform.db, code).await? == errand.request,
        None => answer_of(platform, her, &errand).await.is_ok(),
    };
    if known { Ok(errand) } else { Err(lost().into()) }
}

fn lost() -> Refusal {
    let reason = "This question is not open in this browser any more; go back to the app and start again. Cookies must \
                  be allowed for this site";
    Refusal::new(404, "INVALID_CODE", reason)
}

/// An SDK before generation 10 says where failures go; only to a URI of the contract.
fn callback<'a>(said: Option<&'a str>, client: &Client, request: &'a AuthorizationRequest) -> &'a str {
    said.filter(|uri| client.has_redirect_uri(uri)).unwrap_or(&request.redirect_uri)
}

/// Why somebody is not asked: it is answered already, somebody else is meant, or it is over.
async fn unasked(platform: &Platform, errand: Errand, error: FlowError) -> Elsewhere {
    match (error, &errand.code) {
        (FlowError::Auth(AuthError::AlreadyDecided), _) => Elsewhere::Answered(Box::new(errand)),
        (error @ FlowError::Auth(AuthError::UnknownRequest), Some(code)) => {
            match sent_away(platform, &errand, code, error).await {
                Ok(response) => Elsewhere::Sent(Box::new(response)),
                Err(error) => error.into(),
            }
        }
        (error, _) => error.into(),
    }
}

/// Back to the app of a request that is open, and for somebody else.
async fn sent_away(
    platform: &Platform,
    errand: &Errand,
    code: &Secret,
    error: FlowError,
) -> Result<HttpResponse, FlowError> {
    let request = flows::find_request(platform, code).await?;
    let client = client_of(platform, &request).await?;
    Ok(failed(callback(errand.wishes.callback.as_deref(), &client, &request), &request, error))
}

/// Says no, once or again.
async fn decline(platform: &Platform, her: &Known) -> Led {
    let errand = errand(platform, her).await?;
    let declined = match &errand.code {
        Some(code) => flows::decline(platform, &her.who, code).await,
        None => declined_before(platform, her, &errand).await,
    };
    match declined {
        Ok(request) => {
            let client = client_of(platform, &request).await?;
            let target = callback(errand.wishes.callback.as_deref(), &client, &request);
            Ok(errand.is_answered(platform, failed_with(target, &request, "USER_CANCEL")))
        }
        Err(error) => Err(unasked(platform, errand, error).await),
    }
}

async fn declined_before(
    platform: &Platform,
    her: &Known,
    errand: &Errand,
) -> Result<AuthorizationRequest, FlowError> {
    match answer_of(platform, her, errand).await? {
        (request, Decision::No { .. }) => Ok(request),
        (_, Decision::Yes { .. }) => Err(AuthError::AlreadyDecided.into()),
    }
}

/// What she answered a moment ago.
async fn answer_of(
    platform: &Platform,
    her: &Known,
    errand: &Errand,
) -> Result<(AuthorizationRequest, Decision), AuthError> {
    let (person, now) = (&her.person.id, platform.ambient.now());
    consent_auth::find_answered(&platform.db, &errand.request, person, now).await
}

/// A yes that comes a second time: what the app was told, told again.
async fn said_again(
    platform: &Platform,
    her: &Known,
    errand: Box<Errand>,
    again: impl FnOnce(&AuthorizationRequest, &str) -> HttpResponse,
) -> Led {
    let Ok((request, Decision::Yes { .. })) = answer_of(platform, her, &errand).await else {
        return Err(Elsewhere::Answered(errand));
    };
    let client = client_of(platform, &request).await?;
    Ok(again(&request, callback(errand.wishes.callback.as_deref(), &client, &request)))
}

/// A page for somebody whom an app may not ask now.
fn in_default(frame: Frame, app: &str, request: &AuthorizationRequest, target: &str) -> HttpResponse {
    let page = Message {
        frame,
        title: format!("{app} cannot ask you now"),
        text: format!(
            "{app} was told to stop using or to delete something that people had shared with it, and has not answered in \
             the time it had. Until it has, it cannot ask for new consents. What you share with it already goes on as you \
             agreed to; in your console you can stop or end it."
        ),
        links: vec![
            ("Open your console".to_owned(), "/console".to_owned()),
            ("Back to the app".to_owned(), failed_location(target, request, "INITIALIZE_CHECK_FAIL")),
        ],
    };
    pages::html(StatusCode::FORBIDDEN, &page)
}

/// A form without an answer.
fn neither() -> Elsewhere {
    Refusal::new(422, "ValidationErrors", "Say yes or no").into()
}

/// A page for somebody who comes back to a question that was answered.
async fn answered(platform: &Platform, her: &Known, errand: &Errand) -> HttpResponse {
    let console = ("Open your console".to_owned(), "/console".to_owned());
    let (text, link) = match answer_of(platform, her, errand).await {
        Ok((_, Decision::Yes { .. })) => (
            "You said yes, and the app was told. What you agreed to stands in your console, where you can stop or revoke \
             it at any time.",
            console,
        ),
        Ok((request, Decision::No { .. })) => (
            "You said no, and the app was told. It got nothing by this.",
            ("Back to the app".to_owned(), failed_location(&request.redirect_uri, &request, "USER_CANCEL")),
        ),
        Err(_) => ("This question has had its answer. To be asked again, start from the app.", console),
    };
    let page = Message {
        frame: her.frame(platform, consent_pages::Section::None),
        title: "You have answered this already".to_owned(),
        text: text.to_owned(),
        links: vec![link],
    };
    pages::html(StatusCode::CONFLICT, &page)
}

/// Who sent somebody to the page at `path`, if it is one of these, and where the answer may lead.
pub(super) async fn asking(platform: &Platform, place: &Place, path: &str) -> Option<(Asking, Vec<String>)> {
    let request: RequestId = path.strip_prefix("/apps/saas/")?.split('/').nth(1)?.parse().ok()?;
    let errand = Errand::of(platform, place, request)?;
    let request = flows::find_request(platform, errand.code.as_ref()?).await.ok()?;
    let client = client_of(platform, &request).await.ok()?;
    let targets = vec![
        request.redirect_uri.clone(),
        callback(errand.wishes.callback.as_deref(), &client, &request).to_owned(),
    ];
    Some((asking_of(&client, &request), targets))
}

fn asking_of(client: &Client, request: &AuthorizationRequest) -> Asking {
    Asking {
        app: client.app.name.clone(),
        contract: client.contract.document.name.clone(),
        returns_to: urls::origin(&request.redirect_uri),
    }
}

async fn client_of(
    platform: &Platform,
    request: &AuthorizationRequest,
) -> Result<Client, consent_contracts::ContractsError> {
    let id = consent_contracts::client_id(&request.app, &request.contract);
    consent_contracts::find_client(&platform.db, &id).await
}

/// Sends the browser back to the app with a yes (`protocol/digime.md` §13.2).
fn granted(opened: &Opened, account: Option<&str>) -> HttpResponse {
    let request = &opened.request;
    back(
        &request.redirect_uri,
        &[
            ("success", Some("true")),
            ("state", request.state.as_deref()),
            ("code", Some(&opened.code.expose())),
            ("accountReference", account),
        ],
    )
}

/// Sends the browser back to the app with a failure.
fn failed(target: &str, request: &AuthorizationRequest, error: FlowError) -> HttpResponse {
    let code = match &error {
        FlowError::Auth(AuthError::UnknownHandle)
        | FlowError::Choice { .. }
        | FlowError::SandboxOnly
        | FlowError::Locked
        | FlowError::WrongKind => "INITIALIZE_CHECK_FAIL",
        FlowError::Auth(_) => "INVALID_CODE",
        FlowError::Sources(_) => "ONBOARD_ERROR",
        _ => "SERVER_ERROR",
    };
    let refusal = Refusal::from(error);
    tracing::debug!(code, "a browser goes back with a failure: {}", refusal.message);
    failed_with(target, request, code)
}

fn failed_with(target: &str, request: &AuthorizationRequest, code: &str) -> HttpResponse {
    see_other(&failed_location(target, request, code))
}

fn failed_location(target: &str, request: &AuthorizationRequest, code: &str) -> String {
    let state = request.state.as_deref();
    urls::back_to_app(target, &[("success", Some("false")), ("errorCode", Some(code)), ("state", state)])
}

fn back(target: &str, parameters: &[(&str, Option<&str>)]) -> HttpResponse {
    see_other(&urls::back_to_app(target, parameters))
}

/// Lets the form on a page be answered with a redirect to one of these, which browsers count as its target.
pub(super) fn may_lead_to(mut response: HttpResponse, targets: &[impl AsRef<str>]) -> HttpResponse {
    let mut origins: Vec<String> = targets.iter().map(|target| urls::origin(target.as_ref())).collect();
    origins.dedup();
    let policy = super::headers::content_security_policy(&origins.join(" "));
    if let Ok(value) = policy.parse() {
        let name = actix_web::http::header::CONTENT_SECURITY_POLICY;
        response.headers_mut().insert(name, value);
    }
    response
}
