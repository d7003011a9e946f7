//! `[people]`: how long they stay signed in, and what their passwords cost.

use serde::Deserialize;

use super::{Span, error::Objection};

/// Argon2 takes at least this much for each lane.
const KIB_PER_LANE: u32 = 8;
/// And knows no more lanes than this.
const MAX_LANES: u32 = 0xff_ffff;

/// `[people]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Nobody stays signed in for longer than this without being seen.
    pub sign_in_idle_for: Span,
    /// Nobody stays signed in for longer than this.
    pub sign_in_for: Span,
    /// Memory that one password takes.
    pub argon2_memory_kib: u32,
    /// Passes over it.
    pub argon2_iterations: u32,
    /// Lanes that could run in parallel.
    pub argon2_lanes: u32,
    /// How many passwords are checked at once.
    pub argon2_at_once: usize,
}

impl People {
    pub(super) fn check(&self) -> Result<(), Objection> {
        let lives = self.sign_in_idle_for > Span::ZERO;
        Objection::unless(lives, "people.sign_in_idle_for", "expected more than no time")?;
        let longer = self.sign_in_for >= self.sign_in_idle_for;
        Objection::unless(longer, "people.sign_in_for", "must not be shorter than people.sign_in_idle_for")?;
        Objection::unless(self.argon2_iterations > 0, "people.argon2_iterations", "expected 1 or more")?;
        let lanes = (1..=MAX_LANES).contains(&self.argon2_lanes);
        Objection::unless(lanes, "people.argon2_lanes", "expected between 1 and 16777215")?;
        let enough = self.argon2_memory_kib >= KIB_PER_LANE * self.argon2_lanes;
        Objection::unless(enough, "people.argon2_memory_kib", "expected 8 or more for each lane")?;
        Objection::unless(self.argon2_at_once > 0, "people.argon2_at_once", "expected 1 or more")
    }
}
