//! `[auth]`: how long tokens are good for.

use serde::Deserialize;

use super::{Span, error::Objection};

/// `[auth]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// How long a user access token is good for.
    pub access_token_for: Span,
    /// How long a refresh token is good for.
    pub refresh_token_for: Span,
}

impl Auth {
    pub(super) fn check(&self) -> Result<(), Objection> {
        let lives = self.access_token_for > Span::ZERO;
        Objection::unless(lives, "auth.access_token_for", "expected more than no time")?;
        let longer = self.refresh_token_for >= self.access_token_for;
        Objection::unless(longer, "auth.refresh_token_for", "must not be shorter than auth.access_token_for")
    }
}
