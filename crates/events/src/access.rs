//! What an app fetched: an entry of the ledger that its person reads.

use chrono::NaiveDate;
use consent_core::{AppId, ContractId, FileId, GrantId, PersonId, SessionId};
use serde::{Deserialize, Serialize};

use crate::act::hash;

/// The fetching of one file: ids, hashes and numbers. Who fetched is the event's actor, when is its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Access {
    /// By which grant.
    pub grant: GrantId,
    /// Under which contract …
    pub contract: ContractId,
    /// … and in which version of it.
    pub version: i32,
    /// In which session; doors without sessions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Which file.
    pub file: FileId,
    /// Of which object type; none for a raw file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_type: Option<i64>,
    /// For what: SHA-256 of the text that the person was shown when she agreed.
    #[serde(with = "hash")]
    pub text_hash: [u8; 32],
    /// How long the file is, in bytes before sealing.
    pub bytes: u64,
}

/// An access to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccess {
    /// Whose file it is.
    pub person: PersonId,
    /// Who fetched it.
    pub app: AppId,
    /// What was fetched.
    pub access: Access,
}

/// How often an app fetched on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessCount {
    /// The day in UTC.
    pub day: NaiveDate,
    /// The app.
    pub app: AppId,
    /// Files it fetched then.
    pub files: i64,
}
