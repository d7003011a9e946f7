//! The doors. Each is a folder with its paths, wire structs and error shape; all lead to the same flows.

pub mod api;
pub(crate) mod consent;
mod digime;
mod error;
mod extract;
mod headers;
mod health;
mod pages;
pub(crate) mod replay;
mod routes;
mod saas;
mod urls;

use std::net::TcpListener;

use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Condition, from_fn},
    web,
};

pub use api::openapi_json;
pub use routes::{Needs, RouteInfo};

use crate::platform::Platform;

/// All routes of all doors, with what each asks of its caller; what the server mounts and what the sweep test walks.
#[must_use]
pub fn routes() -> Vec<&'static RouteInfo> {
    let doors = [health::ROUTES, digime::ROUTES, api::ROUTES, consent::ROUTES, pages::ROUTES, saas::ROUTES];
    doors.into_iter().flatten().collect()
}

/// The whole service: every route, and what every answer carries.
pub fn app(
    platform: Platform,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let (secure, json_bytes) = (platform.is_secure(), platform.config.limits.json_bytes.as_usize());
    App::new()
        .app_data(web::Data::new(platform))
        .app_data(web::QueryConfig::default().error_handler(routes::malformed_query))
        .app_data(web::PayloadConfig::new(json_bytes))
        .wrap(from_fn(consent::share_across_origins))
        .wrap(from_fn(headers::log_access))
        .wrap(headers::safe())
        .wrap(Condition::new(secure, headers::transport_security()))
        .configure(|cfg| routes::mount(cfg, &routes()))
        .default_service(web::to(routes::not_found))
}

/// Serves the platform on a bound listener until it is told to stop.
pub fn start(platform: &Platform, listener: TcpListener) -> std::io::Result<Server> {
    let workers = platform.config.server.worker_count();
    let platform = platform.clone();
    // Signals are the command line's to handle: it knows how long running requests may take.
    let server = HttpServer::new(move || app(platform.clone())).workers(workers).disable_signals();
    // The head of an answer and its body are written one after the other: neither is to wait for the other's receipt.
    let server = server.tcp_nodelay(true);
    Ok(server.listen(listener)?.run())
}
