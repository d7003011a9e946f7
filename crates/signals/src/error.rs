//! What can go wrong with signals.

use consent_core::GrantId;
use consent_crypto::JwsError;
use consent_store::StoreError;

use crate::SignalId;

/// What can go wrong with signals.
#[derive(Debug, thiserror::Error)]
pub enum SignalsError {
    /// No such signal, as far as the caller may know.
    #[error("there is no signal {0}")]
    NotFound(SignalId),
    /// The app has no endpoint there.
    #[error("the app has no endpoint for signals")]
    NoEndpoint,
    /// A signal that is not newer than what the app was told about this grant.
    #[error("signals about grant {grant} have come to {highest}; {seq} is not above that")]
    NotRising {
        /// The grant.
        grant: GrantId,
        /// The number that was given.
        seq: i64,
        /// The highest so far.
        highest: i64,
    },
    /// Something that cannot be taken as it is.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which member, as the sender spells it: `evidence.categories[0].method`.
        field: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The report is no token that one of the app's keys signed.
    #[error("the report is not signed as it has to be")]
    Unsigned(#[source] JwsError),
    /// The app used the name of an earlier report for another one.
    #[error("a report {0} was received before, and said something else")]
    ReportReused(String),
    /// The signal, or what is owed, is in a state from which this does not lead on.
    #[error("cannot {verb} what is {from}")]
    Refused {
        /// What was wanted.
        verb: &'static str,
        /// The state it is in.
        from: &'static str,
    },
    /// A secret was wrapped with a key that the keystore does not have any more.
    #[error("the secret of the endpoint cannot be opened: the server's key of that version is missing")]
    Secret,
    /// The signal could not be signed.
    #[error("the signal could not be signed")]
    Sign(#[source] JwsError),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made")]
    Client(#[source] reqwest::Error),
    /// The cursor is none that a page of this list gave.
    #[error("after: must be what the page before gave as next")]
    Cursor,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignalsError {
    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }
}

impl From<sea_orm::DbErr> for SignalsError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
