//! What every answer carries, and the one line that every request leaves in the log.

use std::time::Instant;

use actix_web::{
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::{DefaultHeaders, Next},
    web,
};
use consent_crypto::digest::hex;

use crate::platform::Platform;

/// Headers that keep answers from being sniffed, framed, cached or referred to.
pub(super) fn safe() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("referrer-policy", "no-referrer"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("cross-origin-resource-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), geolocation=(), microphone=()"))
        .add(("cache-control", "no-store"))
        .add(("content-security-policy", content_security_policy("")))
}

/// Nothing but our own style sheet and pictures, no script, no frame; forms go here, and, as browsers count redirects, to
/// these origins or schemes.
pub(super) fn content_security_policy(form_targets: &str) -> String {
    let form_action = format!("'self' {form_targets}");
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action {}; base-uri 'none'; frame-ancestors 'none'",
        form_action.trim_end()
    )
}

/// Tells browsers to stay with https.
pub(super) fn transport_security() -> DefaultHeaders {
    DefaultHeaders::new().add(("strict-transport-security", "max-age=31536000"))
}

/// Gives the request an id of 32 hex digits, which the answer carries, and logs one line when it is answered. The line names the route's pattern: paths carry
/// session keys.
pub(super) async fn log_access(
    platform: web::Data<Platform>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let started = Instant::now();
    let id = hex(&platform.ambient.random::<16>());
    let method = request.method().clone();
    let mut response = next.call(request).await?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        // Older SDKs of the digi.me door read what went wrong from headers alone.
        if response.headers().contains_key("x-error-code") {
            response.headers_mut().insert(HeaderName::from_static("x-error-reference"), value.clone());
        }
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let (status, duration_ms) = (response.status().as_u16(), started.elapsed().as_millis());
    match status {
        500.. => tracing::error!(request.id = %id, %method, route, status, duration_ms, "answered {status}"),
        400..500 => {
            tracing::debug!(request.id = %id, %method, route, status, duration_ms, "answered {status}");
        }
        _ => tracing::info!(request.id = %id, %method, route, status, duration_ms, "answered {status}"),
    }
    Ok(response)
}
