//! What an event is committed to without saying it, so that it can be erased and the chain stays whole.

use std::fmt;

use consent_core::Ambient;
use consent_crypto::digest::{canonical_json, hex, hex_decode, sha256};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Goes in front of salt and payload; part of the format, never to be changed.
const DOMAIN: &[u8] = b"consent-events payload v1\n";
/// The member that a consent event's facts stand under.
const CONSENT: &str = "consent";
const REASON: &str = "reason";

/// What stands in an event in the place of its payload: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commitment([u8; 32]);

impl Commitment {
    /// SHA-256 over the line `consent-events payload v1`, the 32 bytes of salt and the payload's canonical JSON.
    #[must_use]
    pub fn of(salt: &[u8; 32], payload: &str) -> Self {
        Self(sha256(&[DOMAIN, salt, payload.as_bytes()].concat()))
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Commitment> for String {
    fn from(commitment: Commitment) -> Self {
        commitment.to_string()
    }
}

impl TryFrom<String> for Commitment {
    type Error = NotACommitment;

    fn try_from(text: String) -> Result<Self, NotACommitment> {
        let bytes = hex_decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
        let commitment = Self(bytes.ok_or(NotACommitment)?);
        if commitment.to_string() == text { Ok(commitment) } else { Err(NotACommitment) }
    }
}

/// Text that is no commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a commitment has 64 lower-case hexadecimal digits")]
pub struct NotACommitment;

/// A JSON object that belongs to an event and may be erased.
#[derive(Clone, PartialEq, Default)]
pub struct Payload(Map<String, Value>);

impl Payload {
    /// A payload of these members. `reason` and `consent` have a meaning of their own.
    #[must_use]
    pub fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Why an operator acted for a person, in the operator's words.
    #[must_use]
    pub fn because(reason: &str) -> Self {
        Self::default().with(REASON, reason.into())
    }

    /// The reason that [`Payload::because`] was given.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.get(REASON)?.as_str()
    }

    /// All members.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(crate) fn with_consent(self, facts: Value) -> Self {
        self.with(CONSENT, facts)
    }

    pub(crate) fn consent(&self) -> Option<&Value> {
        self.0.get(CONSENT)
    }

    pub(crate) fn parse(canonical: &str) -> Option<Self> {
        serde_json::from_str(canonical).ok().map(Self)
    }

    /// What is kept of it, and what the event says of it.
    pub(crate) fn commit(&self, ambient: &Ambient) -> Committed {
        let json = canonical_json(&self.0).ok().and_then(|json| String::from_utf8(json).ok());
        let payload = json.expect("an object with text as names has canonical JSON");
        let salt = ambient.random();
        Committed { commitment: Commitment::of(&salt, &payload), salt, payload }
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Reasons and subjects are personal.
        f.write_str("Payload([REDACTED])")
    }
}

/// A payload in canonical JSON, with the salt and the commitment that belong to it.
pub(crate) struct Committed {
    pub(crate) commitment: Commitment,
    pub(crate) salt: [u8; 32],
    pub(crate) payload: String,
}

/// What is left of an event's payload.
#[derive(Debug, Clone, PartialEq)]
pub enum PayloadState {
    /// The event never had one.
    Never,
    /// It is there, and what the event is committed to.
    Kept(Payload),
    /// It was erased.
    Erased,
}

#[cfg(test)]
mod tests {
    use consent_core::testing::{TestClock, ambient};

    use super::*;

    #[test]
    fn a_commitment_depends_on_salt_and_payload_and_has_one_spelling() {
        let commitment = Commitment::of(&[1; 32], "{}");
        assert_ne!(commitment, Commitment::of(&[2; 32], "{}"));
        assert_ne!(commitment, Commitment::of(&[1; 32], "{ }"));
        let text = commitment.to_string();
        assert_eq!(Commitment::try_from(text.clone()), Ok(commitment));
        assert!(Commitment::try_from(text.to_uppercase()).is_err());
        assert!(Commitment::try_from(text[1..].to_owned()).is_err());
    }

    #[test]
    fn the_same_payload_is_committed_to_differently_each_time() {
        let ambient = ambient(&TestClock::new(), 1);
        let payload = Payload::because("she asked by telephone");
        let [one, other] = [payload.commit(&ambient), payload.commit(&ambient)];
        assert_eq!(one.payload, r#"{"reason":"she asked by telephone"}"#);
        assert_eq!(one.commitment, Commitment::of(&one.salt, &one.payload));
        assert_ne!(one.commitment, other.commitment);
        assert_eq!(Payload::parse(&one.payload), Some(payload));
    }

    #[test]
    fn what_is_personal_is_not_printed() {
        assert_eq!(format!("{:?}", Payload::because("she is ill")), "Payload([REDACTED])");
    }
}
