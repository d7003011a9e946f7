//! What can go wrong with notices.

use consent_store::StoreError;

/// What can go wrong with notices.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The cursor is none that a page of this list gave.
    #[error("after: must be what the page before gave as next")]
    Cursor,
    /// The address of the mail server, or of a mailbox, is none; what it is, is not said, as there may be a password in it.
    #[error("{0}")]
    Address(&'static str),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for NoticeError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
