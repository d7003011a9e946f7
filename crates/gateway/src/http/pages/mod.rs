//! HTML: pages for people. Handlers gather what a page shows, `consent_pages` makes HTML of it.

mod account;
mod activity;
mod change;
mod console;
mod cookies;
mod items;
mod library;
mod receipts;
mod security;
mod upload;
mod visit;
pub(super) mod words;

use actix_web::{
    HttpResponse, ResponseError,
    cookie::Cookie,
    http::{
        StatusCode,
        header::{HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE},
    },
    web,
};
use consent_pages::{Frame, Home, ICON, Message, Notice, Page, STYLE, Tone};

pub(super) use console::Shelves;
pub(super) use cookies::{set as set_cookie, value as cookie_value};
pub(super) use items::{item_of, peeked};
pub(super) use library::{account_row, connect_from, offer_of, source_of};
pub(super) use upload::receive;
pub(super) use visit::{Form, Known, Posted, Sender, Visitor};

use super::{RouteInfo, api::Place, error::Refusal, routes::route, urls};
use crate::{flows::FlowError, platform::Platform};

pub(super) static ROUTES: &[RouteInfo] = &[
    route!(GET "/", Nothing, home),
    route!(GET "/assets/style.css", Nothing, style),
    route!(GET "/assets/icon.svg", Nothing, icon),
    route!(GET "/sign-in", Nothing, account::sign_in_page),
    route!(POST "/sign-in", Form, account::sign_in),
    route!(GET "/sign-up", Nothing, account::sign_up_page),
    route!(POST "/sign-up", Form, account::sign_up),
    route!(GET "/recover", Nothing, account::recover_page),
    route!(POST "/recover", Form, account::recover),
    route!(POST "/sign-out", PersonForm, account::sign_out),
    route!(GET "/security", PersonPage, security::show),
    route!(POST "/security/password", PersonForm, security::change_password),
    route!(POST "/security/recovery-code", PersonForm, security::new_recovery_code),
    route!(POST "/security/sign-ins/{signIn}/end", PersonForm, security::end_sign_in),
    route!(GET "/console", PersonPage, console::list),
    route!(GET "/console/revoke-everything", PersonPage, console::revoke_everything_page),
    route!(POST "/console/revoke-everything", PersonForm, console::revoke_everything),
    route!(GET "/console/activity", PersonPage, activity::show),
    route!(GET "/console/activity/export", PersonPage, activity::export),
    route!(GET "/console/grants/{grant}", PersonPage, console::show),
    route!(GET "/console/grants/{grant}/contract", PersonPage, console::agreed),
    route!(GET "/console/grants/{grant}/history", PersonPage, console::history),
    route!(GET "/console/grants/{grant}/messages", PersonPage, console::messages),
    route!(GET "/console/grants/{grant}/messages/{signal}/proof", PersonPage, console::proof),
    route!(GET "/console/grants/{grant}/stop", PersonPage, console::stop_page),
    route!(POST "/console/grants/{grant}/stop", PersonForm, console::stop),
    route!(GET "/console/grants/{grant}/resume", PersonPage, console::resume_page),
    route!(POST "/console/grants/{grant}/resume", PersonForm, console::resume),
    route!(GET "/console/grants/{grant}/shorten", PersonPage, console::shorten_page),
    route!(POST "/console/grants/{grant}/shorten", PersonForm, console::shorten),
    route!(GET "/console/grants/{grant}/revoke", PersonPage, console::revoke_page),
    route!(POST "/console/grants/{grant}/revoke", PersonForm, console::revoke),
    route!(GET "/console/grants/{grant}/erase", PersonPage, console::erase_page),
    route!(POST "/console/grants/{grant}/erase", PersonForm, console::erase),
    route!(GET "/console/grants/{grant}/cancel-erasure", PersonPage, console::cancel_erasure_page),
    route!(POST "/console/grants/{grant}/cancel-erasure", PersonForm, console::cancel_erasure),
    route!(GET "/console/receipts", PersonPage, receipts::list),
    route!(GET "/console/grants/{grant}/change", PersonPage, change::show),
    route!(POST "/console/grants/{grant}/change", PersonForm, change::answer),
    route!(GET "/console/receipts/{receipt}", PersonPage, receipts::show),
    route!(GET "/console/receipts/{receipt}/verify", PersonPage, receipts::verify),
    route!(GET "/console/receipts/{receipt}/signed", PersonPage, receipts::signed),
    route!(GET "/console/receipts/{receipt}/json", PersonPage, receipts::as_json),
    route!(GET "/library", PersonPage, library::show),
    route!(POST "/library/accounts", PersonForm, library::connect),
    route!(POST "/library/accounts/{account}/read", PersonForm, library::read_account),
    route!(POST "/library/files", PersonForm, library::upload),
    route!(GET "/library/files/{file}", PersonPage, library::file_page),
    route!(GET "/library/files/{file}/content", PersonPage, library::content),
    route!(GET "/library/files/{file}/delete", PersonPage, library::delete_page),
    route!(POST "/library/files/{file}/delete", PersonForm, library::delete),
];

/// What a handler of a page answers.
pub(super) type Shown = Result<HttpResponse, PageError>;

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum PageError {
    /// It was refused; a page says so.
    Refused(Box<Refusal>),
    /// She has to sign in first, and comes back to this path.
    SignIn {
        /// Where she wanted to go.
        next: String,
    },
}

impl<E: Into<Refusal>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self::Refused(Box::new(error.into()))
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => f.write_str(&refusal.message),
            Self::SignIn { .. } => f.write_str("nobody is signed in"),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) => refusal.status,
            Self::SignIn { .. } => StatusCode::SEE_OTHER,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Refused(refusal) => refused(refusal),
            Self::SignIn { next } => see_other(&urls::sign_in(next)),
        }
    }
}

/// A page that says why something was refused, and what to do.
fn refused(refusal: &Refusal) -> HttpResponse {
    let title = match refusal.status.as_u16() {
        403 => "This is not possible",
        404 => "There is nothing here",
        409 => "This has changed meanwhile",
        413 => "This is too large",
        429 | 503 => "Please wait a moment",
        500.. => "Something went wrong here",
        _ => "This did not work",
    };
    let text = match (refusal.status.as_u16(), refusal.code) {
        (404, code) if code != "INVALID_CODE" => "It may be gone, or it was never yours to see.".to_owned(),
        _ => sentence(&refusal.message),
    };
    with_retry_after(message(refusal.status, title, &text), refusal)
}

/// Says after how many seconds to try again, if that is what is wrong.
fn with_retry_after(mut response: HttpResponse, refusal: &Refusal) -> HttpResponse {
    if let Some(seconds) = refusal.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A message of ours as a sentence.
pub(super) fn sentence(message: &str) -> String {
    let text = words::capitalised(message);
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

/// What a flow's error says, as a sentence for people: without the name of a field.
pub(super) fn sentence_of(error: FlowError) -> String {
    match error {
        FlowError::Choice { reason, .. } => sentence(&reason),
        error => sentence(&Refusal::from(error).message),
    }
}

/// `GET /`: what this is; somebody who is signed in goes on to her console.
async fn home(platform: web::Data<Platform>, visitor: Visitor) -> HttpResponse {
    if visitor.known.is_some() {
        return see_other("/console");
    }
    html(StatusCode::OK, &Home { frame: visitor.frame(&platform) })
}

/// `GET /assets/style.css`: the one style sheet.
async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLE)
}

/// `GET /assets/icon.svg`: what tabs show.
async fn icon() -> HttpResponse {
    asset("image/svg+xml", ICON)
}

fn asset(media_type: &str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header(("cache-control", "public, max-age=3600"))
        .body(content)
}

/// A page that says one thing.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    let (title, text) = (title.to_owned(), text.to_owned());
    let links = vec![("Go to the start page".to_owned(), "/".to_owned())];
    html(status, &Message { frame: Frame::default(), title, text, links })
}

/// A page.
pub(super) fn html(status: StatusCode, page: &impl Page) -> HttpResponse {
    match page.html() {
        Ok(html) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page could not be made");
            HttpResponse::InternalServerError().body("This page could not be made.\n")
        }
    }
}

/// Sends the browser on; never with the form it has just sent (RFC 9110 §15.4.4).
pub(super) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}

/// Adds a cookie to an answer.
pub(super) fn add_cookie(response: &mut HttpResponse, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// What has just happened, by the word that the redirect carried; other words say nothing, and so does a link from
/// elsewhere.
fn said(place: &Place) -> Option<Notice> {
    if !visit::is_ours(place.request()) {
        return None;
    }
    let (tone, text) = match place.query_value("said")?.as_str() {
        "connected" => (Tone::Done, "The source is connected."),
        "reading" => (Tone::Done, "The source is being read."),
        "uploaded" => (Tone::Done, "Your files are in your library."),
        "deleted" => (Tone::Done, "The file is deleted."),
        "stopped" => (Tone::Done, "Stopped: from now on the app gets nothing, until you resume."),
        "resumed" => (Tone::Done, "Resumed: the app may read again."),
        "revoked" => (Tone::Done, "Revoked: the app gets nothing any more."),
        "erasing" => (Tone::Done, "The app is told to delete what it holds, and has to report that it did."),
        "kept" => {
            (Tone::Done, "The app is told that it need not delete what it holds. It still gets nothing.")
        }
        "shortened" => (Tone::Done, "It ends sooner now. Until then everything stays as it is."),
        "revoked-everything" => {
            (Tone::Done, "Everything is revoked: no app gets anything any more. Each of them is being told.")
        }
        "erasing-everything" => (
            Tone::Done,
            "Everything is revoked: no app gets anything any more. Each of them is being told to delete what it holds.",
        ),
        "widened" => (Tone::Done, "You agreed to the change; it holds from now on."),
        "unchanged" => (Tone::Done, "You said no to the change: everything stays as you agreed to."),
        "password" => (Tone::Done, "Your password is changed, and all your other sign-ins have ended."),
        "ended" => (Tone::Done, "That sign-in has ended."),
        "signed-up" => (
            Tone::Note,
            "You have an account and are signed in. If you have not written down your recovery code, get a new one here.",
        ),
        "signed-out" => (Tone::Done, "You are signed out."),
        _ => return None,
    };
    Some(Notice { tone, text: text.to_owned() })
}
