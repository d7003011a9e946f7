//! The record of one person's yes to one contract version.

use chrono::{DateTime, Utc};
use consent_core::{AppId, ContractId, GrantId, LibraryId, PersonId, Scope, ShelfId};
use serde::{Deserialize, Serialize};

use crate::Stage;

/// One person's yes to one contract version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Whose yes it is.
    pub person: PersonId,
    /// The library it reaches into.
    pub library: LibraryId,
    /// The app that asked.
    pub app: AppId,
    /// The contract she agreed to.
    pub contract: ContractId,
    /// And its version.
    pub version: i32,
    /// SHA-256 of the text she was shown, hex.
    pub text_hash: String,
    /// What she chose.
    pub choices: Choices,
    /// Where in its life it is.
    pub stage: Stage,
    /// Rises with every change, from 1.
    pub seq: i64,
    /// How often it was stopped or ended: what was begun under another epoch does not go on.
    pub epoch: i64,
    /// The store of the app that she agreed to link, by its id.
    pub storage: Option<String>,
    /// When she said yes.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Since when it waits for its owner to continue, at an operator's word.
    pub resume_asked_at: Option<DateTime<Utc>>,
}

/// What the person chose when she agreed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choices {
    /// The parts of her library that the grant may read.
    pub shelves: Vec<ShelfId>,
    /// Object types that the contract marks optional and she left out.
    #[serde(default)]
    pub left_out: Vec<i64>,
    /// Whether accounts connected later are shared too.
    #[serde(default)]
    pub future_accounts: bool,
}

impl Choices {
    /// A contract's scope without what she left out.
    #[must_use]
    pub fn narrow(&self, scope: &Scope) -> Scope {
        scope.keeping(|_, _, object| !self.left_out.contains(&object))
    }
}

/// A grant about to be made.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// Whose yes it is.
    pub person: PersonId,
    /// The library it reaches into.
    pub library: LibraryId,
    /// The app that asked.
    pub app: AppId,
    /// The contract she agreed to.
    pub contract: ContractId,
    /// And its version.
    pub version: i32,
    /// SHA-256 of the text she was shown, hex.
    pub text_hash: String,
    /// What she chose.
    pub choices: Choices,
    /// The store of the app that she agreed to link, by its id.
    pub storage: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Grant {
    /// The stage at a moment: past its date a grant is expired, swept or not.
    #[must_use]
    pub fn stage_at(&self, now: DateTime<Utc>) -> Stage {
        match self.expires_at {
            Some(at) if self.stage.is_open() && at <= now => Stage::Expired { at },
            _ => self.stage,
        }
    }
}
