//! Checks chains with their payloads, from wherever they come, one event at a time.

mod file;

use chrono::{DateTime, Utc};

pub(crate) use self::file::{CheckpointLine, EventLine, HeadLine, Header};
pub use self::file::{ExportError, verify_export};
use crate::{
    Broken, EventId, Flaw, Head, PayloadState,
    chain::{Link, Walk},
    store::state_of,
};

/// What was found in a chain that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Its end; none without events.
    pub head: Option<Head>,
    /// When its first event was appended.
    pub first_at: Option<DateTime<Utc>>,
    /// When its last event was appended.
    pub last_at: Option<DateTime<Utc>>,
    /// Payloads that are there, all of which are what their events are committed to.
    pub payloads: u64,
    /// Events that are committed to a payload which was erased.
    pub erased: u64,
    /// Checkpoints that the chain goes through.
    pub checkpoints: u64,
    /// Whether the signatures of the checkpoints were checked.
    pub signatures_checked: bool,
    /// Where the event is whose id was kept.
    pub kept_at: Option<i64>,
}

/// A check under way.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    walk: Walk,
    /// The id of a head that somebody kept, without its place.
    kept: Option<EventId>,
    /// An event that did not come where it should: it may still come later.
    missing: Option<i64>,
    summary: Summary,
}

/// What is kept with an event: its id, its body, and salt and payload where they are there.
pub(crate) struct Entry<'a> {
    pub(crate) id: &'a str,
    pub(crate) body: &'a str,
    pub(crate) payload: Option<(&'a [u8; 32], &'a str)>,
}

impl Checker {
    pub(crate) fn new(walk: Walk, kept: Option<EventId>) -> Self {
        Self { walk, kept, ..Self::default() }
    }

    /// A head that was signed, and has to be gone through.
    pub(crate) fn checkpoint(&mut self, seq: i64, id: EventId) {
        self.summary.checkpoints += 1;
        self.walk.keep(seq, id);
    }

    /// Takes in the next event.
    pub(crate) fn push(&mut self, entry: &Entry<'_>) -> Result<(), Broken> {
        let seq = self.missing.unwrap_or_else(|| self.walk.next_seq());
        let link = link_of(entry).map_err(|what| Broken { seq, what });
        if self.missing.is_some() {
            // Only this is still open; what comes behind the first bad place is not judged.
            return match link {
                Ok(link) if link.seq == seq => Err(Broken { seq, what: Flaw::Reordered }),
                _ => Ok(()),
            };
        }
        match self.take(link?, entry) {
            Err(Flaw::Missing) => {
                self.missing = Some(seq);
                Ok(())
            }
            done => done.map_err(|what| Broken { seq, what }),
        }
    }

    /// What was found, if all that had to come has come.
    pub(crate) fn finish(self) -> Result<Summary, Broken> {
        if let Some(seq) = self.missing {
            return Err(Broken { seq, what: Flaw::Missing });
        }
        let seq = self.walk.next_seq();
        let head = self.walk.finish()?;
        if self.kept.is_some() && self.summary.kept_at.is_none() {
            return Err(Broken { seq, what: Flaw::Lost });
        }
        Ok(Summary { head, ..self.summary })
    }

    fn take(&mut self, link: Link, entry: &Entry<'_>) -> Result<(), Flaw> {
        let (seq, at, commitment) = (link.seq, link.at, link.commitment);
        let is_kept = self.kept.as_ref() == Some(&link.id);
        self.walk.step(link)?;
        match state_of(commitment, entry.payload)? {
            PayloadState::Never => {}
            PayloadState::Kept(_) => self.summary.payloads += 1,
            PayloadState::Erased => self.summary.erased += 1,
        }
        self.summary.kept_at = self.summary.kept_at.or(is_kept.then_some(seq));
        self.summary.first_at.get_or_insert(at);
        self.summary.last_at = Some(at);
        Ok(())
    }
}

fn link_of(entry: &Entry<'_>) -> Result<Link, Flaw> {
    let Ok(id) = entry.id.parse::<EventId>() else { return Err(Flaw::Unreadable) };
    if EventId::of(entry.body) != id {
        return Err(Flaw::Edited);
    }
    Link::parse(id, entry.body).map_err(|_| Flaw::Unreadable)
}
