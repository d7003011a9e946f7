//! What an app says about a command.
//!
//! A report must hold no personal data, nothing of what was erased, and not the wording of the request.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

/// How far the app is with a command. The platform keeps it as the app's claim, signed and dated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_completion: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ground: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
}

impl Report {
    /// Understood, and done by then at the latest.
    #[must_use]
    pub fn accepted(expected_completion: DateTime<Utc>) -> Self {
        Self { expected_completion: Some(expected_completion), ..Self::new("accepted") }
    }

    /// Begun.
    #[must_use]
    pub fn in_progress(expected_completion: Option<DateTime<Utc>>) -> Self {
        Self { expected_completion, ..Self::new("in_progress") }
    }

    /// Done, wholly. Of an erasure the platform wants evidence, without exceptions.
    #[must_use]
    pub fn completed(at: DateTime<Utc>, evidence: Option<Evidence>) -> Self {
        Self { completed_at: Some(at), evidence, ..Self::new("completed") }
    }

    /// Done, except for what the evidence lists under exceptions, each with its ground of law.
    #[must_use]
    pub fn partial(at: DateTime<Utc>, evidence: Evidence) -> Self {
        Self { completed_at: Some(at), evidence: Some(evidence), ..Self::new("partial") }
    }

    /// Not done, on a ground of law such as `GDPR 17(3)(b)`.
    #[must_use]
    pub fn refused(ground: impl Into<String>) -> Self {
        Self { ground: Some(ground.into()), ..Self::new("refused") }
    }

    /// An erasure takes longer, and why: at most two months longer, said within the first (GDPR 12(3)).
    #[must_use]
    pub fn extended(until: DateTime<Utc>, reason: impl Into<String>) -> Self {
        Self { expected_completion: Some(until), reason: Some(reason.into()), ..Self::new("extended") }
    }

    /// The word for it.
    #[must_use]
    pub fn state(&self) -> &'static str {
        self.state
    }

    fn new(state: &'static str) -> Self {
        Self {
            state,
            expected_completion: None,
            completed_at: None,
            reason: None,
            ground: None,
            evidence: None,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// What was removed, by category of data; at least one of an erasure.
    pub categories: Vec<Removed>,
    /// The day by which the last backup that holds it is gone; absent where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backups_gone_by: Option<NaiveDate>,
    /// To whom it had been passed on, and who was told.
    pub recipients: Vec<Recipient>,
    /// What is kept, and on which ground.
    pub exceptions: Vec<Exception>,
    /// SHA-256 of the app's own log of it, 64 lower-case hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_sha256: Option<String>,
}

/// What was removed of one category of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Which, such as `social.posts`.
    pub category: String,
    /// How many records.
    pub removed: u64,
    /// How.
    pub method: ErasureMethod,
    /// In which systems; at least one.
    pub systems: Vec<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// How data was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureMethod {
    /// It is gone.
    Deleted,
    /// Nobody can tell any more whose it was.
    Anonymised,
    /// It was encrypted, and the key is gone.
    KeyDestroyed,
}

/// Somebody to whom data had been passed on (GDPR 19).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// Who, an organisation.
    pub name: String,
    /// When they were told.
    pub told_at: DateTime<Utc>,
}

/// Data that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// Which.
    pub category: String,
    /// On which ground, such as `GDPR 17(3)(e)`.
    pub ground: String,
    /// Until when.
    pub retained_until: NaiveDate,
}
