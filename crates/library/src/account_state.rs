//! How far the reading of one account is. `sources` makes it, `sessions` shows it; neither knows the other.

use serde::{Deserialize, Serialize};

/// How far the reading of one account is, within one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountState {
    /// Still being read.
    Running,
    /// Read to the end.
    Completed,
    /// Given up; what was read until then stays.
    Partial(AccountProblem),
}

/// Why an account could not be read to the end (`protocol/digime.md` §9.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountProblem {
    /// Stable code such as `ServiceAuthorizationError`.
    pub code: String,
    /// Number that goes with the code, such as 511.
    pub status_code: i64,
    /// For people.
    pub message: String,
    /// Whether the person has to sign in to the source again.
    pub reauth: bool,
}
