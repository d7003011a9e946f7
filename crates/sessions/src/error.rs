//! What can go wrong in a session.

use consent_library::LibraryError;
use consent_store::StoreError;

/// What can go wrong in a session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No such session of this contract, or its time is over.
    #[error("the session is unknown or expired")]
    Unknown,
    /// The session lists no file of this name.
    #[error("this session lists no file of this name")]
    NoFile,
    /// A mapped file does not hold what it should.
    #[error("a mapped file is not an array of objects")]
    Malformed,
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for SessionError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
