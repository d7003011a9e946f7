//! HTML: the few pages of this version.

use actix_web::{HttpResponse, http::StatusCode, web};
use consent_pages::{Home, Message, Page, STYLE};

use super::{RouteInfo, routes::route};
use crate::platform::Platform;

pub(super) static ROUTES: &[RouteInfo] =
    &[route!(GET "/", Nothing, home), route!(GET "/assets/style.css", Nothing, style)];

/// `GET /`: what this is.
async fn home(platform: web::Data<Platform>) -> HttpResponse {
    html(StatusCode::OK, &Home { sandbox: platform.config.server.sandbox })
}

/// `GET /assets/style.css`: the one style sheet.
async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header(("cache-control", "public, max-age=3600"))
        .body(STYLE)
}

/// A page that says one thing.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    html(status, &Message { title: title.to_owned(), text: text.to_owned() })
}

fn html(status: StatusCode, page: &impl Page) -> HttpResponse {
    match page.html() {
        Ok(html) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html),
        Err(_) => HttpResponse::InternalServerError().body("This page could not be made.\n"),
    }
}
