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

/// The act `accessed` with its members in the order of canonical JSON, so that nobody has to sort them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InOrder<'a> {
    bytes: u64,
    contract: &'a ContractId,
    file: &'a FileId,
    grant: &'a GrantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_type: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a SessionId>,
    #[serde(with = "hash")]
    text_hash: [u8; 32],
    r#type: &'static str,
    version: i32,
}

impl<'a> From<&'a Access> for InOrder<'a> {
    fn from(access: &'a Access) -> Self {
        Self {
            bytes: access.bytes,
            contract: &access.contract,
            file: &access.file,
            grant: &access.grant,
            object_type: access.object_type,
            session: access.session.as_ref(),
            text_hash: access.text_hash,
            r#type: "accessed",
            version: access.version,
        }
    }
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
