//! What can go wrong in a library.

use consent_core::{FileId, ShelfId};
use consent_store::StoreError;

/// What can go wrong in a library.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The person has no library; it is made at sign-up.
    #[error("this person has no library yet: it is made when she signs up")]
    NoLibrary,
    /// No such shelf in this library.
    #[error("there is no shelf {0} in this library")]
    NoShelf(ShelfId),
    /// No such file in this library, or no more.
    #[error("there is no file {0} in this library")]
    NoFile(FileId),
    /// The cursor is none that a page of this list gave.
    #[error("after: must be what the page before gave as next")]
    Cursor,
    /// No secret that was presented opens anything here: no slot, a slot past its time, or the wrong secret.
    #[error("this secret opens nothing here")]
    Shut,
    /// Shelves may not be given while the grant is stopped.
    #[error("the grant is not sharing")]
    NotSharing,
    /// Stored bytes do not open with the key that should open them.
    #[error("stored bytes are damaged")]
    Damaged(#[source] consent_crypto::OpenError),
    /// A file could not be sealed.
    #[error("the file could not be sealed")]
    Seal(#[source] consent_crypto::SealError),
    /// The upload broke off.
    #[error("the upload broke off")]
    Upload(#[source] std::io::Error),
    /// The blob store failed.
    #[error("the blob store failed")]
    Blobs(#[source] object_store::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for LibraryError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
