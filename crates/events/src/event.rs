//! Events, and the bytes that their ids are taken over.

mod id;

use chrono::{DateTime, SecondsFormat, Utc};
use consent_core::{Actor, PersonId};
use consent_crypto::digest::canonical_json;
use serde::{Deserialize, Serialize};

pub use self::id::EventId;
use crate::{Act, ChainId, Commitment, access};

/// One appended link of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// SHA-256 of [`Event::body`].
    pub id: EventId,
    /// Which chain it is in.
    pub chain: ChainId,
    /// Its place there, from 1.
    pub seq: i64,
    /// The event before it; none for the first.
    pub previous: Option<EventId>,
    /// What was done.
    pub act: Act,
    /// Who did it.
    pub actor: Actor,
    /// What fixes its payload; none where it never had one.
    pub commitment: Option<Commitment>,
    /// When: later than every event before it, in a ledger of accesses not earlier.
    pub created_at: DateTime<Utc>,
}

/// Text that is not an event, or not the id of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event")]
pub struct NotAnEvent;

/// The body as JSON. Its members are part of the chain's format, never to be changed; another format is another `v`.
///
/// They stand in the order of canonical JSON.
#[derive(Serialize)]
struct Written<'a, A> {
    act: A,
    actor: Who<'a>,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<&'a ChainId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commitment: Option<&'a Commitment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a PersonId>,
    previous: Option<&'a EventId>,
    seq: i64,
    v: u8,
}

#[derive(Serialize)]
struct Who<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    kind: &'a str,
}

/// The body as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u8,
    person: Option<PersonId>,
    chain: Option<ChainId>,
    seq: i64,
    previous: Option<EventId>,
    act: Act,
    actor: ActorBody,
    commitment: Option<Commitment>,
    at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActorBody {
    kind: String,
    id: Option<String>,
}

pub(crate) const VERSION: u8 = 1;

impl Event {
    /// The event with the id that belongs to what it says, and its body.
    pub(crate) fn named(mut self) -> (Self, String) {
        let body = self.body();
        self.id = EventId::of(&body);
        (self, body)
    }

    /// The canonical JSON that the id is the hash of.
    #[must_use]
    pub fn body(&self) -> String {
        let json = match &self.act {
            // A ledger grows by many a second: what is in order need not be sorted.
            Act::Accessed(access) => serde_json::to_string(&self.written(access::InOrder::from(access))).ok(),
            act => canonical_json(&self.written(act)).ok().and_then(|json| String::from_utf8(json).ok()),
        };
        json.expect("ids, numbers and times have canonical JSON")
    }

    fn written<A>(&self, act: A) -> Written<'_, A> {
        let (person, chain) = match &self.chain {
            ChainId::Person(person) => (Some(person), None),
            chain => (None, Some(chain)),
        };
        Written {
            act,
            actor: Who { id: self.actor.id(), kind: self.actor.kind() },
            at: moment(self.created_at),
            chain,
            commitment: self.commitment.as_ref(),
            person,
            previous: self.previous.as_ref(),
            seq: self.seq,
            v: VERSION,
        }
    }

    /// The event that a body and the id kept with it describe; whether they belong together, [`crate::verify_chain`]
    /// finds out.
    pub fn parse(id: EventId, body: &str) -> Result<Self, NotAnEvent> {
        let body: Body = serde_json::from_str(body).map_err(|_| NotAnEvent)?;
        if body.v != VERSION {
            return Err(NotAnEvent);
        }
        Ok(Self {
            id,
            chain: chain_of(body.person, body.chain)?,
            seq: body.seq,
            previous: body.previous,
            act: body.act,
            actor: body.actor.try_into()?,
            commitment: body.commitment,
            created_at: parse_moment(&body.at)?,
        })
    }
}

/// The chain that a body names: a person's by `person`, all others by `chain`.
pub(crate) fn chain_of(person: Option<PersonId>, chain: Option<ChainId>) -> Result<ChainId, NotAnEvent> {
    match (person, chain) {
        (Some(person), None) => Ok(ChainId::Person(person)),
        (None, Some(chain)) if !matches!(chain, ChainId::Person(_)) => Ok(chain),
        _ => Err(NotAnEvent),
    }
}

/// RFC 3339 with milliseconds and `Z`.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The moment that [`moment`] spells so; other spellings of it are refused.
pub(crate) fn parse_moment(text: &str) -> Result<DateTime<Utc>, NotAnEvent> {
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| NotAnEvent)?.to_utc();
    if moment(at) == text { Ok(at) } else { Err(NotAnEvent) }
}

impl TryFrom<ActorBody> for Actor {
    type Error = NotAnEvent;

    fn try_from(body: ActorBody) -> Result<Self, NotAnEvent> {
        match (body.kind.as_str(), body.id) {
            ("person", Some(id)) => Ok(Self::Person(id.parse().map_err(|_| NotAnEvent)?)),
            ("app", Some(id)) => Ok(Self::App(id.parse().map_err(|_| NotAnEvent)?)),
            ("operator", None) => Ok(Self::Operator),
            ("clock", None) => Ok(Self::Clock),
            _ => Err(NotAnEvent),
        }
    }
}

#[cfg(test)]
mod tests;
