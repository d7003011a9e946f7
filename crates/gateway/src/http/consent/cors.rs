//! Pages of other origins may call these doors, with a token that they hold themselves: no cookie is read here, and none is
//! sent along (the Fetch standard, "CORS protocol"). All other doors stay shut to them.

use actix_web::{
    HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
            HeaderValue, ORIGIN, VARY,
        },
    },
    middleware::Next,
};

use super::error::is_below;

/// Headers that a page may send.
const SENT: HeaderValue = HeaderValue::from_static("authorization, content-type, x-api-key, idempotency-key");
/// Headers of an answer that a page may read.
const READ: HeaderValue = HeaderValue::from_static("link, retry-after, x-request-id");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
/// For so long, in seconds, a browser need not ask again.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// Whoever has a token may call; who has none learns nothing.
const ANYBODY: HeaderValue = HeaderValue::from_static("*");

/// Answers preflights to these doors, and marks what they answer to a page of another origin.
pub(in crate::http) async fn share_across_origins<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if !is_below(request.path()) || !request.headers().contains_key(ORIGIN) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    if is_preflight(&request) {
        return Ok(request.into_response(preflight()).map_into_right_body());
    }
    let mut response = next.call(request).await?.map_into_left_body();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ);
    headers.insert(VARY, HeaderValue::from_static("origin"));
    Ok(response)
}

fn is_preflight(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, SENT))
        .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE))
        .insert_header((VARY, "origin"))
        .finish()
}
