//! One step along a chain at a time, so that a chain of any length can be checked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use consent_core::PersonId;
use serde::Deserialize;

use super::{Broken, Flaw, Head};
use crate::{
    ChainId, Commitment, Event, EventId, NotAnEvent,
    event::{VERSION, chain_of, parse_moment},
};

/// What of an event matters to the chain. What was done does not: so a reader also checks acts that he does not know.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: EventId,
    pub(crate) chain: ChainId,
    pub(crate) seq: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) commitment: Option<Commitment>,
    previous: Option<EventId>,
    /// Whether the id is the hash of what the event says.
    genuine: bool,
}

/// The members of a body that matter here.
#[derive(Deserialize)]
struct Outline {
    v: u8,
    person: Option<PersonId>,
    chain: Option<ChainId>,
    seq: i64,
    previous: Option<EventId>,
    commitment: Option<Commitment>,
    at: String,
}

impl Link {
    /// The link that a body makes, under the id that was kept with it.
    pub(crate) fn parse(id: EventId, body: &str) -> Result<Self, NotAnEvent> {
        let outline: Outline = serde_json::from_str(body).map_err(|_| NotAnEvent)?;
        if outline.v != VERSION {
            return Err(NotAnEvent);
        }
        Ok(Self {
            genuine: EventId::of(body) == id,
            id,
            chain: chain_of(outline.person, outline.chain)?,
            seq: outline.seq,
            at: parse_moment(&outline.at)?,
            commitment: outline.commitment,
            previous: outline.previous,
        })
    }
}

impl From<&Event> for Link {
    fn from(event: &Event) -> Self {
        Self {
            genuine: EventId::of(&event.body()) == event.id,
            id: event.id.clone(),
            chain: event.chain.clone(),
            seq: event.seq,
            at: event.created_at,
            commitment: event.commitment,
            previous: event.previous.clone(),
        }
    }
}

/// How far a check has come, and the heads that the chain has to go through.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    chain: Option<ChainId>,
    kept: BTreeMap<i64, Vec<EventId>>,
    last: Option<Link>,
}

impl Walk {
    /// A walk along this chain and no other.
    pub(crate) fn along(chain: ChainId) -> Self {
        Self { chain: Some(chain), ..Self::default() }
    }

    /// A walk that has to go through a head.
    pub(crate) fn against(kept: &Head) -> Self {
        let mut walk = Self::along(kept.chain.clone());
        walk.keep(kept.seq, kept.id.clone());
        walk
    }

    /// One more head to go through.
    pub(crate) fn keep(&mut self, seq: i64, id: EventId) {
        self.kept.entry(seq).or_default().push(id);
    }

    /// The place of the event that has to come next.
    pub(crate) fn next_seq(&self) -> i64 {
        self.last.as_ref().map_or(1, |last| last.seq + 1)
    }

    pub(crate) fn step(&mut self, link: Link) -> Result<(), Flaw> {
        if let Some(flaw) = self.flaw_of(&link) {
            return Err(flaw);
        }
        let kept = self.kept.remove(&link.seq).unwrap_or_default();
        if kept.iter().any(|id| *id != link.id) {
            return Err(Flaw::Rewritten);
        }
        self.last = Some(link);
        Ok(())
    }

    /// The head of what was walked; all heads that were kept have to lie behind.
    pub(crate) fn finish(self) -> Result<Option<Head>, Broken> {
        let seq = self.next_seq();
        if self.kept.keys().any(|kept| *kept >= seq) {
            return Err(Broken { seq, what: Flaw::Truncated });
        }
        Ok(self.last.map(|last| Head { chain: last.chain, seq: last.seq, id: last.id }))
    }

    fn flaw_of(&self, link: &Link) -> Option<Flaw> {
        let (last, seq) = (self.last.as_ref(), self.next_seq());
        let chain = last.map(|last| &last.chain).or(self.chain.as_ref());
        if !link.genuine {
            Some(Flaw::Edited)
        } else if chain.is_some_and(|chain| *chain != link.chain) {
            Some(Flaw::Foreign)
        } else if link.seq > seq {
            Some(Flaw::Missing)
        } else if link.seq < seq {
            Some(Flaw::Reordered)
        } else if link.previous.as_ref() != last.map(|last| &last.id) {
            Some(Flaw::Unlinked)
        } else if last.is_some_and(|last| is_untimely(last, link)) {
            Some(Flaw::Untimely)
        } else {
            None
        }
    }
}

fn is_untimely(last: &Link, link: &Link) -> bool {
    if link.chain.may_repeat_times() { link.at < last.at } else { link.at <= last.at }
}
