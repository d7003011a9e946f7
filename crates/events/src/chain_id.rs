//! Whose chain it is.

use std::{fmt, str::FromStr};

use consent_core::{AppId, PersonId};
use consent_crypto::digest::{hex, hex_decode, sha256};
use serde::{Deserialize, Serialize};

/// Goes in front of salt and subject; part of the format, never to be changed.
const SUBJECT_DOMAIN: &[u8] = b"consent-events subject v1\n";

/// The name of a chain, by what it tells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ChainId {
    /// A person's decisions: `per…`.
    Person(PersonId),
    /// What apps fetched from a person's library: `access:per…`.
    Access(PersonId),
    /// What an app recorded about somebody who is no person of ours: `subject:app…:` and 64 hexadecimal digits.
    Subject {
        /// The app.
        app: AppId,
        /// [`ChainId::digest_of_subject`].
        digest: [u8; 32],
    },
}

/// Text that names no chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a chain")]
pub struct NotAChain;

impl ChainId {
    /// SHA-256 over the line `consent-events subject v1`, the 32 bytes of salt and the subject. Once the salt is erased,
    /// nobody finds the subject by trying.
    #[must_use]
    pub fn digest_of_subject(salt: &[u8; 32], subject: &str) -> [u8; 32] {
        sha256(&[SUBJECT_DOMAIN, salt, subject.as_bytes()].concat())
    }

    /// Whether two of its events may bear the same time: a ledger tells the truth about the time rather than an order
    /// that its numbers tell already.
    pub(crate) fn may_repeat_times(&self) -> bool {
        matches!(self, Self::Access(_))
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => write!(f, "{person}"),
            Self::Access(person) => write!(f, "access:{person}"),
            Self::Subject { app, digest } => write!(f, "subject:{app}:{}", hex(digest)),
        }
    }
}

impl FromStr for ChainId {
    type Err = NotAChain;

    fn from_str(text: &str) -> Result<Self, NotAChain> {
        let person = |text: &str| text.parse::<PersonId>().map_err(|_| NotAChain);
        let chain = match text.split_once(':') {
            None => Self::Person(person(text)?),
            Some(("access", id)) => Self::Access(person(id)?),
            Some(("subject", rest)) => {
                let (app, digits) = rest.split_once(':').ok_or(NotAChain)?;
                let digest = hex_decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
                Self::Subject { app: app.parse().map_err(|_| NotAChain)?, digest: digest.ok_or(NotAChain)? }
            }
            Some(_) => return Err(NotAChain),
        };
        // Digits of the other case would be a second name.
        if chain.to_string() == text { Ok(chain) } else { Err(NotAChain) }
    }
}

impl TryFrom<String> for ChainId {
    type Error = NotAChain;

    fn try_from(text: String) -> Result<Self, NotAChain> {
        text.parse()
    }
}

impl From<ChainId> for String {
    fn from(chain: ChainId) -> Self {
        chain.to_string()
    }
}

impl From<PersonId> for ChainId {
    fn from(person: PersonId) -> Self {
        Self::Person(person)
    }
}

impl From<&PersonId> for ChainId {
    fn from(person: &PersonId) -> Self {
        Self::Person(person.clone())
    }
}

impl From<&ChainId> for ChainId {
    fn from(chain: &ChainId) -> Self {
        chain.clone()
    }
}

#[cfg(test)]
mod tests {
    use consent_core::TypedId as _;

    use super::*;

    #[test]
    fn every_chain_has_one_name() {
        let person = PersonId::from_parts(0, 1);
        let digest = ChainId::digest_of_subject(&[7; 32], "ada@example.org");
        let subject = ChainId::Subject { app: AppId::from_parts(0, 2), digest };
        for chain in [ChainId::Person(person.clone()), ChainId::Access(person), subject.clone()] {
            assert_eq!(chain.to_string().parse(), Ok(chain));
        }
        let name = subject.to_string();
        assert!(name.starts_with("subject:app00000000000000000000000002:"));
        for wrong in ["", "per1", "access:", "ledger:per00000000000000000000000001", "subject:x", &name[..99]]
        {
            assert_eq!(wrong.parse::<ChainId>(), Err(NotAChain), "{wrong}");
        }
        let digits = name.rsplit_once(':').unwrap().1;
        assert_eq!(name.replace(digits, &digits.to_uppercase()).parse::<ChainId>(), Err(NotAChain));
    }

    #[test]
    fn another_salt_names_another_chain_of_the_same_subject() {
        let digest = ChainId::digest_of_subject(&[7; 32], "ada");
        assert_ne!(digest, ChainId::digest_of_subject(&[8; 32], "ada"));
        assert_ne!(digest, ChainId::digest_of_subject(&[7; 32], "eve"));
    }
}
