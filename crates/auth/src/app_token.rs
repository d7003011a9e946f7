//! Tokens of an app itself, about no grant: what it gets for its API key (RFC 6749 §4.4), good for its consent events.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::AppId;
use consent_crypto::{Secret, SecretKind};

/// How long an access token of an app is good for.
pub const APP_TOKEN_FOR: TimeDelta = TimeDelta::hours(1);
/// How long a refresh token of an app is good for, if it is not used before.
pub(crate) const APP_REFRESH_FOR: TimeDelta = TimeDelta::days(1);

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppTokenOwner {
    /// The app.
    pub app: AppId,
    /// The app's credential epoch when the token was made; the token is void once the app has a later one.
    pub epoch: i64,
}

/// Tokens as the app holds them; they can be read only now.
#[derive(Debug)]
pub struct AppTokens {
    /// Lets it record and read consent events.
    pub access: Secret,
    /// Gives it the next pair, once.
    pub refresh: Secret,
    /// When the access token ends.
    pub expires_at: DateTime<Utc>,
}

/// The word under which a kind of token is stored.
pub(crate) fn stored_kind(kind: SecretKind) -> &'static str {
    if kind == SecretKind::LogRefreshToken { "refresh" } else { "access" }
}
