//! What becomes of a grant when its contract says something else.

use chrono::{DateTime, Utc};
use consent_core::{ContractId, GrantId, RowId, ShelfId};

use crate::Choices;

/// What became of later versions of the contract that a grant is pinned to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaterVersions {
    /// Up to this one it was noted, and told the app, what was given up; none before the first.
    pub noted: Option<i32>,
    /// To this one she said no, and when.
    pub declined: Option<(i32, DateTime<Utc>)>,
}

/// What a later version of the contract takes from a grant.
#[derive(Debug, Clone)]
pub struct Narrowed {
    /// The version.
    pub version: i32,
    /// Shelves of which nothing is left.
    pub shelves: Vec<ShelfId>,
    /// When the grant ends by itself, if that comes sooner than before.
    pub ends_at: Option<DateTime<Utc>>,
    /// Whether data that the app could get falls outside: then downloads that run break off.
    pub cuts_data: bool,
}

/// What a person agreed to anew.
#[derive(Debug, Clone)]
pub struct Agreed {
    /// The version.
    pub version: i32,
    /// SHA-256 of the text she was shown, hex.
    pub text_hash: String,
    /// What she chose.
    pub choices: Choices,
    /// When the grant ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The right to go through the grants of a contract that are older than a version which gave something up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    /// The contract.
    pub contract: ContractId,
    /// The version.
    pub version: i32,
    /// The grant that was gone through last.
    pub after: Option<GrantId>,
    pub(crate) holder: RowId,
}
