//! For load balancers: alive, and ready.

use actix_web::{HttpResponse, Responder, web};

use super::{RouteInfo, routes::route};
use crate::platform::Platform;

pub(super) static ROUTES: &[RouteInfo] =
    &[route!(GET "/healthz", Nothing, healthz), route!(GET "/readyz", Nothing, readyz)];

/// `GET /healthz`: the process answers.
async fn healthz() -> impl Responder {
    "ok\n"
}

/// `GET /readyz`: the database answers too.
async fn readyz(platform: web::Data<Platform>) -> HttpResponse {
    match platform.db.ping().await {
        Ok(()) => HttpResponse::Ok().body("ready\n"),
        Err(_) => HttpResponse::ServiceUnavailable().body("the database does not answer\n"),
    }
}
