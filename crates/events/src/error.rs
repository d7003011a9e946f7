//! What can go wrong with events.

use consent_store::StoreError;

/// What can go wrong with events.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// A cursor that no page gave out.
    #[error("the cursor is not the number of an event")]
    Cursor,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for EventsError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
