//! The name of a signal.

use std::str::FromStr;

use consent_core::Ambient;
use uuid::Uuid;

/// The name of a signal on all roads: `jti` of its token, `webhook-id` of its envelope, key of its row.
///
/// A UUID of version 7 (RFC 9562) in lower case with hyphens, so that signals made later sort later, to the millisecond.
#[derive(
    Clone,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    sea_orm::DeriveValueType,
)]
#[serde(try_from = "String", into = "String")]
#[sea_orm(value_type = "String")]
pub struct SignalId(String);

/// Text that is no name of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID in lower case with hyphens")]
pub struct NotASignalId;

impl SignalId {
    /// A new name.
    #[must_use]
    pub fn generate(ambient: &Ambient) -> Self {
        let millis = u64::try_from(ambient.now().timestamp_millis()).unwrap_or_default();
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &ambient.random()).into_uuid();
        Self(uuid.hyphenated().to_string())
    }

    /// The name as it stands in tokens, headers, URLs and columns.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SignalId {
    type Err = NotASignalId;

    fn from_str(text: &str) -> Result<Self, NotASignalId> {
        let uuid = Uuid::try_parse(text).map_err(|_| NotASignalId)?;
        // Only one spelling, so that nobody takes two spellings for two signals.
        let spelled = uuid.hyphenated().to_string();
        if spelled == text { Ok(Self(spelled)) } else { Err(NotASignalId) }
    }
}

impl TryFrom<String> for SignalId {
    type Error = NotASignalId;

    fn try_from(text: String) -> Result<Self, NotASignalId> {
        text.parse()
    }
}

impl From<SignalId> for String {
    fn from(id: SignalId) -> Self {
        id.0
    }
}

impl std::fmt::Display for SignalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for SignalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl sea_orm::TryFromU64 for SignalId {
    fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
        Err(sea_orm::DbErr::ConvertFromU64("SignalId"))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use consent_core::testing::{TestClock, ambient};

    use super::*;

    #[test]
    fn later_names_sort_later_and_read_back() {
        let clock = TestClock::new();
        let ambient = ambient(&clock, 1);
        let first = SignalId::generate(&ambient);
        clock.advance(TimeDelta::milliseconds(1));
        let second = SignalId::generate(&ambient);
        assert!(first < second);
        assert_eq!(first.as_str().parse(), Ok(first.clone()));
        assert_eq!(first.as_str().as_bytes()[14], b'7', "version 7: {first}");
    }

    #[test]
    fn other_spellings_are_refused() {
        let text = SignalId::generate(&Ambient::system()).to_string();
        let spellings = [
            String::new(),
            text.to_uppercase(),
            text.replace('-', ""),
            format!("{{{text}}}"),
            format!("urn:uuid:{text}"),
            format!("{text} "),
        ];
        for other in spellings {
            assert_eq!(other.parse::<SignalId>(), Err(NotASignalId), "{other}");
        }
    }
}
