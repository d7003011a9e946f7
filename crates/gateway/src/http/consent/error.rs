//! Refusals in the shapes of these doors: an object `error` with a message (`protocol/signatu-consent-api.md` §10), and at
//! the token endpoint that of RFC 6749 §5.2.

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde_json::{Value, json};

use super::token::OAuthError;
use crate::http::error::Refusal;

/// A refusal at the consent event API.
#[derive(Debug)]
pub(in crate::http) struct ConsentError(Refusal);

impl<E: Into<Refusal>> From<E> for ConsentError {
    /// What other doors refuse with 400 is bad input here as well, and 422: see the module.
    fn from(error: E) -> Self {
        let refusal = error.into();
        let status = match refusal.status {
            StatusCode::BAD_REQUEST => StatusCode::UNPROCESSABLE_ENTITY,
            status => status,
        };
        Self(Refusal { status, ..refusal })
    }
}

/// Whether a path is at one of these doors.
pub(in crate::http) fn is_below(path: &str) -> bool {
    path.starts_with("/consent/") || is_oauth(path)
}

fn is_oauth(path: &str) -> bool {
    path.starts_with("/oauth/v0/")
}

/// A refusal at such a path.
pub(in crate::http) fn refuse(path: &str, refusal: Refusal) -> HttpResponse {
    if is_oauth(path) {
        OAuthError::from(refusal).error_response()
    } else {
        ConsentError(refusal).error_response()
    }
}

impl std::fmt::Display for ConsentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl ResponseError for ConsentError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        let Refusal { status, code, message, fields, retry_after } = &self.0;
        let mut response = HttpResponse::build(*status);
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if *status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        let named = |(field, reason): &(String, String)| json!({ "field": field, "reason": reason });
        let mut error = json!({ "code": code, "message": message });
        if !fields.is_empty() {
            error["fields"] = fields.iter().map(named).collect::<Value>();
        }
        response.json(json!({ "error": error }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_never_makes_a_client_try_again() {
        let malformed = Refusal::new(400, "MalformedJson", "no");
        assert_eq!(ConsentError::from(malformed).status_code(), 422);
        assert_eq!(ConsentError::from(Refusal::new(404, "EventNotFound", "no")).status_code(), 404);
    }

    #[test]
    fn each_path_has_its_shape() {
        for (path, ours) in [
            ("/consent/v0/x", true),
            ("/oauth/v0/token", true),
            ("/oauth2/token", false),
            ("/consents", false),
            ("/v1.7/oauth/token", false),
        ] {
            assert_eq!(is_below(path), ours, "{path}");
        }
    }
}
