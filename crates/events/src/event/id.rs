//! The names of events.

use std::{fmt, str::FromStr};

use consent_crypto::digest::{hex, sha256};
use serde::{Deserialize, Serialize};

use super::NotAnEvent;

/// The name of an event: 64 lower-case hexadecimal digits that only its own body gives.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(String);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = EventId::of("");
        assert_eq!(id.as_str(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert!(id.as_str().to_uppercase().parse::<EventId>().is_err());
        assert!(id.as_str()[1..].parse::<EventId>().is_err());
    }
}
