//! Where one question to one subject stands, and what of it is counted.

use std::ops::{Add, Sub};

/// How many events, and what they said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) events: i64,
    pub(crate) yes: i64,
    pub(crate) no: i64,
    pub(crate) changes: i64,
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            yes: self.yes + other.yes,
            no: self.no + other.no,
            changes: self.changes + other.changes,
        }
    }
}

impl Sub for Tally {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            events: self.events - other.events,
            yes: self.yes - other.yes,
            no: self.no - other.no,
            changes: self.changes - other.changes,
        }
    }
}

/// What the events of one question came to so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    pub(crate) tally: Tally,
    /// The last yes or no.
    pub(crate) decision: Option<bool>,
}

impl Standing {
    /// Takes in the next event's action.
    pub(crate) fn note(&mut self, action: Option<bool>) {
        self.tally.events += 1;
        let Some(decision) = action else { return };
        *(if decision { &mut self.tally.yes } else { &mut self.tally.no }) += 1;
        if self.decision.is_some_and(|before| before != decision) {
            self.tally.changes += 1;
        }
        self.decision = Some(decision);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_yes_after_a_no_or_a_no_after_a_yes() {
        let mut standing = Standing::default();
        for action in [None, Some(true), Some(true), None, Some(false), Some(true)] {
            standing.note(action);
        }
        let tally = Tally { events: 6, yes: 3, no: 1, changes: 2 };
        assert_eq!(standing, Standing { tally, decision: Some(true) });
        assert_eq!(tally - tally, Tally::default());
        assert_eq!(tally + Tally::default(), tally);
    }
}
