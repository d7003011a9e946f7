//! What can go wrong with events.

use std::io;

use consent_crypto::JwsError;
use consent_store::StoreError;

use crate::Broken;

/// What can go wrong with events.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// A cursor that no page gave out.
    #[error("the cursor is not the number of an event")]
    Cursor,
    /// A consent event that cannot be recorded as it is.
    #[error("{field} {reason}")]
    Invalid {
        /// The field as the wire spells it.
        field: &'static str,
        /// What is wrong with it, as the rest of a sentence.
        reason: &'static str,
    },
    /// No such event in this app's log, or one that was erased.
    #[error("there is no such consent event")]
    NotFound,
    /// A chain in the database that is not what was appended.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A checkpoint could not be signed.
    #[error("the checkpoint could not be signed")]
    Unsigned(#[source] JwsError),
    /// An access could not be written down.
    #[error("the access could not be recorded")]
    Unrecorded(#[source] io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for EventsError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
