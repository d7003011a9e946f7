//! Events, and the bytes that their ids are taken over.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use consent_core::{Actor, PersonId};
use consent_crypto::digest::{canonical_json, hex, sha256};
use serde::{Deserialize, Serialize};

use crate::Act;

/// One appended link of a person's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// SHA-256 of [`Event::body`].
    pub id: EventId,
    /// Whose chain it is in.
    pub person: PersonId,
    /// Its place there, from 1.
    pub seq: i64,
    /// The event before it; none for the first.
    pub previous: Option<EventId>,
    /// What was done.
    pub act: Act,
    /// Who did it.
    pub actor: Actor,
    /// When: later than every event before it.
    pub created_at: DateTime<Utc>,
}

/// The name of an event: 64 lower-case hexadecimal digits that only its own body gives.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(String);

/// Text that is not an event, or not the id of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event")]
pub struct NotAnEvent;

impl EventId {
    /// The id of the event with this body.
    #[must_use]
    pub fn of(body: &str) -> Self {
        Self(hex(&sha256(body.as_bytes())))
    }

    /// The 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventId {
    type Err = NotAnEvent;

    fn from_str(text: &str) -> Result<Self, NotAnEvent> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(digit) { Ok(Self(text.to_owned())) } else { Err(NotAnEvent) }
    }
}

impl TryFrom<String> for EventId {
    type Error = NotAnEvent;

    fn try_from(text: String) -> Result<Self, NotAnEvent> {
        text.parse()
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The body as JSON. Its members are part of the chain's format, never to be changed; another format is another `v`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u8,
    person: PersonId,
    seq: i64,
    previous: Option<EventId>,
    act: Act,
    actor: ActorBody,
    at: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActorBody {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

const VERSION: u8 = 1;

impl Event {
    /// A link, with the id that belongs to it.
    pub(crate) fn link(
        person: PersonId,
        seq: i64,
        previous: Option<EventId>,
        (act, actor): (Act, Actor),
        created_at: DateTime<Utc>,
    ) -> Self {
        let mut event = Self { id: EventId(String::new()), person, seq, previous, act, actor, created_at };
        event.id = EventId::of(&event.body());
        event
    }

    /// The canonical JSON that the id is the hash of.
    #[must_use]
    pub fn body(&self) -> String {
        let body = Body {
            v: VERSION,
            person: self.person.clone(),
            seq: self.seq,
            previous: self.previous.clone(),
            act: self.act.clone(),
            actor: ActorBody { kind: self.actor.kind().to_owned(), id: self.actor.id().map(str::to_owned) },
            at: moment(self.created_at),
        };
        let json = canonical_json(&body).ok().and_then(|json| String::from_utf8(json).ok());
        json.expect("ids, numbers and times have canonical JSON")
    }

    /// The event that a body and the id kept with it describe; whether they belong together, [`crate::verify_chain`]
    /// finds out.
    pub fn parse(id: EventId, body: &str) -> Result<Self, NotAnEvent> {
        let body: Body = serde_json::from_str(body).map_err(|_| NotAnEvent)?;
        if body.v != VERSION {
            return Err(NotAnEvent);
        }
        let created_at = DateTime::parse_from_rfc3339(&body.at).map_err(|_| NotAnEvent)?.to_utc();
        if moment(created_at) != body.at {
            return Err(NotAnEvent);
        }
        Ok(Self {
            id,
            person: body.person,
            seq: body.seq,
            previous: body.previous,
            act: body.act,
            actor: body.actor.try_into()?,
            created_at,
        })
    }
}

/// RFC 3339 with milliseconds and `Z`.
fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
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
mod tests {
    use consent_core::{AppId, ContractId, GrantId, TypedId};
    use proptest::prelude::*;

    use super::*;

    fn granted() -> Act {
        Act::Granted {
            grant: GrantId::from_parts(0, 1),
            app: AppId::from_parts(0, 2),
            contract: ContractId::from_parts(0, 3),
            version: 4,
            text_hash: [0xab; 32],
        }
    }

    fn every_act() -> Vec<Act> {
        let (grant, contract) = (GrantId::from_parts(0, 1), ContractId::from_parts(0, 3));
        let declined = Act::Declined {
            app: AppId::from_parts(0, 2),
            contract: contract.clone(),
            version: 4,
            text_hash: [0xab; 32],
        };
        let simple = [
            Act::stopped,
            Act::resumed,
            Act::revoked,
            Act::expired,
            Act::onboarded,
            Act::reauthorized,
            Act::erasing,
            Act::erased,
        ];
        let simple = simple.into_iter().map(|act| act(&grant, &contract));
        [granted(), declined].into_iter().chain(simple).collect()
    }

    fn every_actor() -> [Actor; 4] {
        let (person, app) = (PersonId::from_parts(0, 5), AppId::from_parts(0, 2));
        [Actor::Person(person), Actor::App(app), Actor::Operator, Actor::Clock]
    }

    fn link(act: Act, actor: Actor) -> Event {
        let at = DateTime::from_timestamp_millis(1_795_348_800_120).unwrap();
        Event::link(PersonId::from_parts(0, 5), 1, None, (act, actor), at)
    }

    /// If this fails, so does every chain that was ever written: make a new version instead.
    #[test]
    fn the_format_is_what_the_readme_says() {
        let event = link(granted(), every_actor()[0].clone());
        let body = concat!(
            r#"{"act":{"app":"app00000000000000000000000002","contract":"con00000000000000000000000003","#,
            r#""grant":"gra00000000000000000000000001","#,
            r#""textHash":"abababababababababababababababababababababababababababababababab","#,
            r#""type":"granted","version":4},"#,
            r#""actor":{"id":"per00000000000000000000000005","kind":"person"},"#,
            r#""at":"2026-11-22T12:00:00.120Z","person":"per00000000000000000000000005","#,
            r#""previous":null,"seq":1,"v":1}"#,
        );
        assert_eq!(event.body(), body);
        assert_eq!(event.id.as_str(), "7d503b3f808976f9efca42839d1148c9b9d2d3fb57cc3c89aa4cd628d940a8b6");
    }

    #[test]
    fn every_act_of_every_actor_is_read_as_it_was_written() {
        for act in every_act() {
            for actor in every_actor() {
                let event = link(act.clone(), actor);
                assert_eq!(Event::parse(event.id.clone(), &event.body()), Ok(event.clone()));
                assert!(event.body().contains(&format!(r#""type":"{}""#, act.kind())));
            }
        }
    }

    #[test]
    fn a_body_with_anything_more_less_or_other_is_no_event() {
        let event = link(granted(), Actor::Operator);
        let body = event.body();
        let changes = [
            (r#""v":1"#, r#""v":2"#),
            (r#","v":1"#, ""),
            (r#""v":1"#, r#""v":1,"note":"x""#),
            (r#""version":4"#, r#""version":4,"note":"x""#),
            (r#""version":4"#, r#""version":4.5"#),
            (r#""kind":"operator""#, r#""kind":"person""#),
            (r#""kind":"operator""#, r#""kind":"operator","id":"app00000000000000000000000002""#),
            ("granted", "ganted"),
            ("gra0", "con0"),
            (r#""abab"#, r#""ab"#),
            (".120Z", "Z"),
            (".120Z", ".120+00:00"),
        ];
        for (from, to) in changes {
            let changed = body.replace(from, to);
            assert_ne!(changed, body, "{from}");
            assert_eq!(Event::parse(event.id.clone(), &changed), Err(NotAnEvent), "{changed}");
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = EventId::of("");
        assert_eq!(id.as_str(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert!(id.as_str().to_uppercase().parse::<EventId>().is_err());
        assert!(id.as_str()[1..].parse::<EventId>().is_err());
    }

    proptest! {
        #[test]
        fn parsing_anything_at_all_never_panics(body: String) {
            let _ = Event::parse(EventId::of(&body), &body);
        }
    }
}
