//! `[sessions]`: how long apps may read at a stretch.

use serde::Deserialize;

use super::{Span, error::Objection};

/// `[sessions]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// How long an app may list and fetch files of one session.
    pub last_for: Span,
}

impl Sessions {
    pub(super) fn check(&self) -> Result<(), Objection> {
        Objection::unless(self.last_for > Span::ZERO, "sessions.last_for", "expected more than no time")
    }
}
