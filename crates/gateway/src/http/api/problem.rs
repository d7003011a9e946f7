//! Refusals as problem details (RFC 9457).

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::Refusal;

pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal at this door.
#[derive(Debug)]
pub struct Problem(pub Refusal);

/// Why a request was refused (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemJson {
    /// Always `about:blank`: `code` says which problem it is.
    r#type: &'static str,
    /// The HTTP status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Stable, for programs.
    code: &'static str,
    /// For people; says what to do.
    detail: String,
    /// Each field that is wrong, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// A field that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// The field, as `scope.timeRanges[0]`.
    #[schema(example = "redirectUris[0]")]
    field: String,
    /// What is wrong with it.
    reason: String,
}

impl<E: Into<Refusal>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl Problem {
    /// The answer.
    #[must_use]
    pub fn respond(&self) -> HttpResponse {
        let Refusal { status, code, message, fields, retry_after } = &self.0;
        let mut response = HttpResponse::build(*status);
        response.content_type(PROBLEM_JSON);
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if *status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        let error =
            |(field, reason): &(String, String)| FieldError { field: field.clone(), reason: reason.clone() };
        response.json(ProblemJson {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code,
            detail: message.clone(),
            errors: fields.iter().map(error).collect(),
        })
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        self.respond()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{body::to_bytes, http::header::CONTENT_TYPE};
    use serde_json::{Value, json};

    use super::*;

    #[actix_web::test]
    async fn a_refusal_says_what_is_wrong_and_what_to_do() {
        let refusal = Refusal::new(429, "TooManyRequests", "wait").field("email", "too often");
        let answer = Problem(Refusal { retry_after: Some(7), ..refusal }).respond();
        assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), PROBLEM_JSON);
        assert_eq!(answer.headers().get(RETRY_AFTER).unwrap(), "7");
        let body: Value = serde_json::from_slice(&to_bytes(answer.into_body()).await.unwrap()).unwrap();
        let expected = json!({
            "type": "about:blank", "title": "Too Many Requests", "status": 429, "code": "TooManyRequests",
            "detail": "wait", "errors": [{ "field": "email", "reason": "too often" }],
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn whoever_is_not_let_in_is_told_how_to_ask() {
        let answer = Problem(Refusal::new(401, "Unauthorized", "no")).respond();
        assert_eq!(answer.headers().get(WWW_AUTHENTICATE).unwrap(), "Bearer");
    }
}
