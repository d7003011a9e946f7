//! What can go wrong with persons and their sign-ins.

use std::time::Duration;

use consent_store::StoreError;

/// What can go wrong with persons and their sign-ins.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// No such person, or no such sign-in of hers.
    #[error("there is no such person")]
    UnknownPerson,
    /// Another person signed up with this e-mail address.
    #[error("this e-mail address is taken")]
    EmailTaken,
    /// What was typed breaks a rule.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field of the form.
        field: &'static str,
        /// What is wrong with it, in words for its reader.
        reason: &'static str,
    },
    /// The person has not signed up yet, or is closed.
    #[error("this person is not active")]
    NotActive,
    /// Too many failed attempts to sign in.
    #[error("too many attempts; wait {} s", .retry_after.as_secs())]
    TooSoon {
        /// How long to wait, whole seconds and at least one.
        retry_after: Duration,
    },
    /// The password is not, or no longer, this one.
    #[error("the password is wrong")]
    WrongPassword,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for PeopleError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
