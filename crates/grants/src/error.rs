//! What can go wrong with a grant.

use chrono::{DateTime, Utc};
use consent_core::GrantId;
use consent_store::StoreError;

use crate::{Stage, Verb};

/// What can go wrong with a grant.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// No such grant, as far as the caller may know.
    #[error("there is no grant {0}")]
    NotFound(GrantId),
    /// The grant is in a stage from which this does not lead on.
    #[error("cannot {verb} a grant that is {from}")]
    Refused {
        /// What was wanted.
        verb: Verb,
        /// The stage it is in.
        from: Stage,
    },
    /// The date does not make the grant end sooner.
    #[error("until: must be later than now and earlier than the end that it has")]
    NotShorter {
        /// When it ends by itself.
        ends: Option<DateTime<Utc>>,
    },
    /// The cursor is none that a page of this list gave.
    #[error("after: must be what the page before gave as next")]
    Cursor,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for GrantError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
