//! `[events]`: when the ends of chains are signed.

use consent_events::CheckpointInterval;
use serde::Deserialize;

use super::{Span, error::Objection};

/// `[events]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// After so many links …
    pub checkpoint_every: u32,
    /// … or so long after the first that no signature covers.
    pub checkpoint_after: Span,
}

impl Events {
    /// When a chain that has grown gets a checkpoint.
    #[must_use]
    pub fn interval(&self) -> CheckpointInterval {
        CheckpointInterval { events: self.checkpoint_every.into(), time: self.checkpoint_after.to_delta() }
    }

    pub(super) fn check(&self) -> Result<(), Objection> {
        Objection::unless(self.checkpoint_every > 0, "events.checkpoint_every", "expected 1 or more")
    }
}
