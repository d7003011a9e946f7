//! What can go wrong with a source.

use consent_store::StoreError;

/// What can go wrong with a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No such source in the catalogue.
    #[error("there is no source {0} in the catalogue")]
    UnknownSource(i64),
    /// No such sample data set for this source.
    #[error("there is no sample data set {set} for source {source_id}")]
    UnknownSample {
        /// The data set.
        set: String,
        /// The source.
        source_id: i64,
    },
    /// No such account in this library.
    #[error("there is no account {0} here")]
    UnknownAccount(String),
    /// Stored credentials do not open or make no sense.
    #[error("the stored credentials do not open")]
    Credentials,
    /// Somebody else has taken over the reading of this account.
    #[error("the account is being read elsewhere")]
    LeaseLost,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for SourceError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
