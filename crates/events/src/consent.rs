//! Consent events as apps record them: who agreed to what, in the members of Signatu's consent API.

mod keys;
mod moment;
mod standing;
mod token;

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use consent_core::{AppId, GrantId, PersonId};
use serde::{Deserialize, Serialize};

pub(crate) use self::keys::{Key, Keys, issuer_key, scope_key, subject_key, target_key, vault_key};
pub(crate) use self::standing::{Standing, Tally};
pub use self::token::{NotAToken, Token};
use crate::{ChainId, EventId, EventsError};

/// The longest text of one field, in bytes.
const MAX_TEXT: usize = 2048;
/// The longest metadata of one event, names and values together, in bytes.
const MAX_METADATA: usize = 16 * 1024;
/// What a question without a scope is about.
pub const DEFAULT_SCOPE: &str = "default";

/// What a consent event says (`protocol/signatu-consent-api.md` §4). All of it is personal: it is the event's payload.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// Who consents: any text, echoed byte for byte.
    pub subject: String,
    /// Who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What is agreed to, usually the address of a policy.
    pub target: String,
    /// The page where it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The clause of the target.
    pub scope: String,
    /// Who acted for the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegate: Option<String>,
    /// Yes, no (also a withdrawal), or seen without a decision.
    pub action: Option<bool>,
    /// What sort of consent it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ConsentType>,
    /// Whatever the app keeps with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// When to ask again.
    #[serde(with = "moment", default, skip_serializing_if = "Option::is_none")]
    pub refresh_at: Option<DateTime<Utc>>,
    /// The part of the log it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault_id: Option<String>,
}

impl Consent {
    /// A consent of the default scope that says nothing but what it has to.
    #[must_use]
    pub fn new(subject: impl Into<String>, target: impl Into<String>, action: Option<bool>) -> Self {
        Self {
            subject: subject.into(),
            issuer: None,
            target: target.into(),
            source: None,
            scope: DEFAULT_SCOPE.to_owned(),
            delegate: None,
            action,
            kind: None,
            metadata: None,
            refresh_at: None,
            vault_id: None,
        }
    }

    /// Whether it can be recorded: subject, target and scope say something; no text is longer than 2048 bytes, metadata
    /// not longer than 16 KiB; no text has a NUL, which PostgreSQL does not store.
    pub fn check(&self) -> Result<(), EventsError> {
        let invalid = |field, reason| Err(EventsError::Invalid { field, reason });
        for (field, text) in self.texts() {
            if text.is_empty() {
                return invalid(field, "must not be empty");
            }
            if text.len() > MAX_TEXT {
                return invalid(field, "must not be longer than 2048 bytes");
            }
            if text.contains('\0') {
                return invalid(field, "must not contain NUL");
            }
        }
        let metadata = self.metadata.iter().flatten().map(|(name, value)| name.len() + value.len());
        if metadata.sum::<usize>() > MAX_METADATA {
            return invalid("metadata", "must not be longer than 16 KiB");
        }
        Ok(())
    }

    fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let required = [("subject", &self.subject), ("target", &self.target), ("scope", &self.scope)];
        let optional = [
            ("issuer", &self.issuer),
            ("source", &self.source),
            ("delegate", &self.delegate),
            ("vaultId", &self.vault_id),
        ];
        let given = optional.into_iter().filter_map(|(field, text)| Some((field, text.as_ref()?)));
        required.into_iter().chain(given).map(|(field, text)| (field, text.as_str()))
    }
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consent([REDACTED])")
    }
}

/// What sort of consent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConsentType {
    /// A consent string of IAB's framework.
    Iab,
    /// Choices about cookies.
    Cookie,
    /// Anything else.
    Custom,
}

/// A consent event to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsentEvent {
    /// What it says.
    pub consent: Consent,
    /// The person that the subject is, where she is one of ours: then it goes into her own chain.
    pub person: Option<PersonId>,
    /// The grant it is about, where it is about one.
    pub grant: Option<GrantId>,
}

impl From<Consent> for NewConsentEvent {
    /// An event of nobody of ours.
    fn from(consent: Consent) -> Self {
        Self { consent, person: None, grant: None }
    }
}

/// A recorded consent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentEvent {
    /// The id of the event in its chain.
    pub id: EventId,
    /// The chain.
    pub chain: ChainId,
    /// Its place there.
    pub seq: i64,
    /// Whose log it is in.
    pub app: AppId,
    /// What it says.
    pub consent: Consent,
    /// A name for people to read out; others may have the same.
    pub token: Token,
    /// When it was recorded: later than all others of the app with the same subject.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_recorded_is_named() {
        let named = |consent: &Consent| consent.check().map_err(|error| error.to_string());
        let fine = Consent::new("ada", "https://foo.com/policy", None);
        assert_eq!(named(&fine), Ok(()));
        let long = "x".repeat(MAX_TEXT + 1);
        let metadata = |value: &str| Some(BTreeMap::from([("cookie".to_owned(), value.to_owned())]));
        let wrong = [
            (Consent::new("", "t", None), "subject must not be empty"),
            (Consent::new("s", long.as_str(), None), "target must not be longer than 2048 bytes"),
            (Consent { scope: String::new(), ..fine.clone() }, "scope must not be empty"),
            (Consent { issuer: Some("a\0b".to_owned()), ..fine.clone() }, "issuer must not contain NUL"),
            (Consent { vault_id: Some(String::new()), ..fine.clone() }, "vaultId must not be empty"),
            (
                Consent { metadata: metadata(&long.repeat(8)), ..fine },
                "metadata must not be longer than 16 KiB",
            ),
        ];
        for (consent, expected) in wrong {
            assert_eq!(named(&consent), Err(expected.to_owned()));
        }
    }
}
