//! `[signals]`: how apps are told, and how long they have.

use consent_signals::{Deadlines, Schedule, Terms};
use serde::Deserialize;

use super::{Span, error::Objection};

/// `[signals]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signals {
    /// How long before each attempt to deliver, counted from the one before.
    pub retry_after: Vec<Span>,
    /// Until an app has said that it understood a stop …
    pub stop_acknowledged_within: Span,
    /// … and that it is done.
    pub stop_done_within: Span,
    /// The same for a revocation and an expiry …
    pub revoke_acknowledged_within: Span,
    /// … and that it is done.
    pub revoke_done_within: Span,
    /// The same for an erasure …
    pub erase_acknowledged_within: Span,
    /// … and that it is done.
    pub erase_done_within: Span,
    /// How long a signal is kept that is done with.
    pub keep_for: Span,
}

impl Signals {
    /// How long apps have.
    #[must_use]
    pub fn deadlines(&self) -> Deadlines {
        let terms = |acknowledged: Span, done: Span| Terms {
            ack_within: acknowledged.to_std(),
            complete_within: done.to_std(),
        };
        Deadlines {
            stop: terms(self.stop_acknowledged_within, self.stop_done_within),
            revoke: terms(self.revoke_acknowledged_within, self.revoke_done_within),
            erase: terms(self.erase_acknowledged_within, self.erase_done_within),
        }
    }

    /// When a signal that did not arrive is sent again.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        let after = self.retry_after.iter().map(|span| span.to_std()).collect();
        Schedule { after, ..Schedule::default() }
    }

    pub(super) fn check(&self) -> Result<(), Objection> {
        Objection::unless(
            !self.retry_after.is_empty(),
            "signals.retry_after",
            "expected at least one attempt, as [\"0s\"]",
        )?;
        for (key, acknowledged, done) in [
            ("signals.stop_done_within", self.stop_acknowledged_within, self.stop_done_within),
            ("signals.revoke_done_within", self.revoke_acknowledged_within, self.revoke_done_within),
            ("signals.erase_done_within", self.erase_acknowledged_within, self.erase_done_within),
        ] {
            Objection::unless(acknowledged <= done, key, "expected no less than there is to acknowledge it")?;
        }
        Ok(())
    }
}
