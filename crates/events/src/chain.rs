//! Checks that a chain is whole.

mod walk;

pub(crate) use self::walk::{Link, Walk};
use crate::{ChainId, Event, EventId};

/// The end of a chain. Whoever keeps one can tell later whether the chain still holds what it held then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which chain it is.
    pub chain: ChainId,
    /// How many events the chain has.
    pub seq: i64,
    /// The last of them.
    pub id: EventId,
}

/// A chain that is not what was appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the chain is broken at event {seq}: {what}")]
pub struct Broken {
    /// The place of the first event that is not right.
    pub seq: i64,
    /// What is wrong there.
    pub what: Flaw,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The event's id is not the hash of what it says.
    #[error("it was edited")]
    Edited,
    /// The event is not there, though later ones are.
    #[error("it is missing")]
    Missing,
    /// The event comes later, or a second time.
    #[error("events are out of order")]
    Reordered,
    /// The event does not continue the one before it.
    #[error("it does not follow the event before it")]
    Unlinked,
    /// The event belongs to another chain.
    #[error("it belongs to another chain")]
    Foreign,
    /// The event is not later than the one before it, or in a ledger of accesses earlier.
    #[error("it is not later than the event before it")]
    Untimely,
    /// The chain ends before a head that was kept or signed.
    #[error("the chain was cut off here, before the head that was kept")]
    Truncated,
    /// The chain is sound and not the one whose head was kept or signed.
    #[error("it is not the event that the kept head names")]
    Rewritten,
    /// No event of the chain has the id that was kept.
    #[error("no event up to here is the one that the kept head names")]
    Lost,
    /// What stands there is no event.
    #[error("it is not an event")]
    Unreadable,
    /// The event's payload is not what it is committed to.
    #[error("its payload is not what it is committed to")]
    Payload,
}

impl Flaw {
    /// The flaw in one word, for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Missing => "missing",
            Self::Reordered => "reordered",
            Self::Unlinked => "unlinked",
            Self::Foreign => "foreign",
            Self::Untimely => "untimely",
            Self::Truncated => "truncated",
            Self::Rewritten => "rewritten",
            Self::Lost => "lost",
            Self::Unreadable => "unreadable",
            Self::Payload => "payload",
        }
    }
}

/// Checks a whole chain from its first event, and gives its head; a chain without events has none.
///
/// Soundness alone does not show that events are missing at the end, or that somebody made the whole chain anew: that
/// takes a head kept elsewhere and [`verify_chain_against`]. Payloads are not looked at: see [`crate::verify_stored`]
/// and [`crate::verify_export`].
pub fn verify_chain<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Option<Head>, Broken> {
    walk(events, Walk::default())
}

/// Checks a whole chain like [`verify_chain`], and that it still begins with the chain whose head was kept.
pub fn verify_chain_against<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    kept: &Head,
) -> Result<Head, Broken> {
    let head = walk(events, Walk::against(kept))?;
    head.ok_or(Broken { seq: 1, what: Flaw::Truncated })
}

fn walk<'a>(events: impl IntoIterator<Item = &'a Event>, mut walk: Walk) -> Result<Option<Head>, Broken> {
    let mut events = events.into_iter();
    while let Some(event) = events.next() {
        let seq = walk.next_seq();
        if let Err(flaw) = walk.step(event.into()) {
            // A later event stands where this one should: it was moved, unless it is gone.
            let moved = flaw == Flaw::Missing && events.any(|later| later.seq == seq);
            return Err(Broken { seq, what: if moved { Flaw::Reordered } else { flaw } });
        }
    }
    walk.finish()
}

#[cfg(test)]
mod tests;
