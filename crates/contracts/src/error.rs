//! What can go wrong, a variant per fact.

use consent_core::{AppId, ContractId};
use consent_store::StoreError;
use serde::Serialize;

use crate::{AppStage, Status};

/// A field that cannot stay as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Invalid {
    /// Where, as the document spells it: `retention.period`, `redirectUris[1]`.
    pub field: String,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl Invalid {
    /// States what is wrong with a field.
    #[must_use]
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// A change of stage that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Write a new text.
    Revise,
    /// Put the newest draft before people.
    Publish,
    /// End a contract.
    Retire,
    /// Shut an app for a while.
    Suspend,
    /// Open a suspended app again.
    Reinstate,
    /// Shut an app for good.
    Close,
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Revise => "revise",
            Self::Publish => "publish",
            Self::Retire => "retire",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            Self::Close => "close",
        })
    }
}

/// What can go wrong with apps, contracts and their keys.
#[derive(Debug, thiserror::Error)]
pub enum ContractsError {
    /// No such app, or no app with such an API key.
    #[error("there is no such app")]
    UnknownApp,
    /// No such contract, or one of another app.
    #[error("there is no such contract")]
    UnknownContract,
    /// Nobody has this `client_id`.
    #[error("there is no such client")]
    UnknownClient,
    /// A contract that nobody may use: never published, or retired.
    #[error("contract {id} is {}, not published", status.name())]
    NotPublished {
        /// The contract.
        id: ContractId,
        /// What it is instead.
        status: Status,
    },
    /// An app that is suspended or closed.
    #[error("app {id} is {}", stage.name())]
    AppClosed {
        /// The app.
        id: AppId,
        /// What it is.
        stage: AppStage,
    },
    /// Everything that is wrong with what was handed in.
    #[error("{}", listed(.0))]
    Invalid(Vec<Invalid>),
    /// A stage that does not allow it.
    #[error("cannot {verb} what is {from}")]
    Refused {
        /// What was asked for.
        verb: Verb,
        /// The stage that does not allow it.
        from: &'static str,
    },
    /// The contract has this key already, perhaps as a retired one.
    #[error("this key is registered for the contract already; make a new pair")]
    KeyTaken,
    /// The contract has no key of this name.
    #[error("the contract has no such key")]
    KeyUnknown,
    /// Without this key nobody could sign for the contract.
    #[error("this is the contract's only usable key; add another one first, or mark it compromised")]
    LastKey,
    /// The database did not do it.
    #[error("apps and contracts could not be read or written")]
    Store(#[source] StoreError),
}

impl From<StoreError> for ContractsError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<sea_orm::DbErr> for ContractsError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

fn listed(problems: &[Invalid]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// `Ok` when nothing is wrong.
pub(crate) fn unless_any(problems: Vec<Invalid>) -> Result<(), ContractsError> {
    if problems.is_empty() { Ok(()) } else { Err(ContractsError::Invalid(problems)) }
}
