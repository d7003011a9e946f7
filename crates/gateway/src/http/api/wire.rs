//! What several areas of this door say alike.

use actix_web::{http::StatusCode, web};
use chrono::{DateTime, SecondsFormat, Utc};
use consent_core::Page;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::Problem;

/// What a handler answers with 200.
pub(super) type Answer<T> = Result<web::Json<T>, Problem>;
/// What a handler answers with a status of its own: 201, 202.
pub(super) type Created<T> = Result<(web::Json<T>, StatusCode), Problem>;

/// An answer for something that was made.
pub(super) fn created<T>(made: T) -> (web::Json<T>, StatusCode) {
    (web::Json(made), StatusCode::CREATED)
}

/// An answer with 202 for something that takes effect later.
pub(super) fn later<T>(answer: web::Json<T>) -> (web::Json<T>, StatusCode) {
    (answer, StatusCode::ACCEPTED)
}

/// A moment: RFC 3339, in UTC, with milliseconds.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-22T12:00:00.120Z")]
pub(super) struct Moment(DateTime<Utc>);

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listing<T> {
    /// The entries, oldest first.
    items: Vec<T>,
    /// Pass it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T> Listing<T> {
    /// A page that was made entry by entry.
    pub fn of(items: Vec<T>, next: Option<String>) -> Self {
        Self { items, next }
    }

    /// A list that has one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

impl<T, U: From<T>> From<Page<T>> for Listing<U> {
    fn from(page: Page<T>) -> Self {
        let Page { items, next } = page.map(U::from);
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_moment_has_milliseconds_and_z() {
        let moment = Moment(DateTime::UNIX_EPOCH);
        assert_eq!(serde_json::to_value(moment).unwrap(), json!("1970-01-01T00:00:00.000Z"));
    }
}
