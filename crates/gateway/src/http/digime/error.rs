//! Refusals in the shape that every digi.me SDK understands: in the body for Node and iOS, in headers for Android
//! (`protocol/digime.md` §10.1).

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue, RETRY_AFTER},
    },
};
use serde_json::json;

use crate::http::error::Refusal;

/// A refusal at this door.
#[derive(Debug)]
pub struct DigimeError(pub Refusal);

impl<E: Into<Refusal>> From<E> for DigimeError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl std::fmt::Display for DigimeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl DigimeError {
    /// Body and headers.
    pub fn respond(&self) -> HttpResponse {
        let Refusal { status, code, fields, retry_after, .. } = &self.0;
        // Problems with several fields are one code here; the message names the first of them.
        let message = match fields.first() {
            Some((field, reason)) if *code == "ValidationErrors" => {
                format!("{}: {field}: {reason}", self.0.message)
            }
            _ => self.0.message.clone(),
        };
        let status = if *code == "ValidationErrors" { StatusCode::BAD_REQUEST } else { *status };
        let mut response = HttpResponse::build(status);
        response.insert_header(("x-error-code", *code));
        if let Ok(value) = HeaderValue::from_str(&ascii(&message)) {
            response.insert_header((HeaderName::from_static("x-error-message"), value));
        }
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        response.json(json!({ "error": { "code": code, "message": message } }))
    }
}

/// Header values are plain ASCII.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(500).collect()
}

impl ResponseError for DigimeError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        self.respond()
    }
}
