//! What can go wrong with a receipt.

use consent_crypto::JwsError;
use consent_store::StoreError;

use crate::{Finding, ReceiptId};

/// Why a receipt was not issued or not found.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// No such receipt, as far as the caller may know.
    #[error("there is no receipt {0}")]
    NotFound(ReceiptId),
    /// The event has its receipt already.
    #[error("there is a receipt of this event already")]
    Issued,
    /// Facts that do not belong together: a mistake of the flow that issues.
    #[error("no receipt can be made of this: {0}")]
    Mismatch(&'static str),
    /// What would be issued is not what a reader would take.
    #[error("the receipt would not be valid: {}", listed(.0))]
    Unfit(Vec<Finding>),
    /// It could not be signed.
    #[error("the receipt could not be signed")]
    Sign(#[source] JwsError),
    /// The cursor is none that a page of this list gave.
    #[error("after: must be what the page before gave as next")]
    Cursor,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a receipt is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Neither a signed token nor JSON with one under `receipt`.
    #[error(
        "this is no receipt: expected a signed token (three parts with full stops between), or JSON with one under \"receipt\""
    )]
    Form,
    /// The token is malformed or of another type, or its signature does not fit.
    #[error(transparent)]
    Token(JwsError),
    /// It is signed in another way.
    #[error("the token's algorithm is {found:?}; receipts are signed with RS256")]
    Algorithm {
        /// What its header says, cut to 32 characters.
        found: String,
    },
    /// Longer than any receipt.
    #[error("the receipt is longer than 512 KiB")]
    TooLong,
    /// The token does not say which key signed it.
    #[error("the receipt does not say which key signed it (kid)")]
    Unnamed,
    /// The key set has no such key.
    #[error("the key set has no key {kid:?} for RS256; is it the issuer's, and does it still hold old keys?")]
    UnknownKey {
        /// The name of the key, cut to 64 characters.
        kid: String,
    },
    /// The key set is none, or its key cannot be used.
    #[error("the key set cannot be used: {0}")]
    Keys(String),
    /// The signature is genuine, and what was signed is no valid receipt.
    #[error("the signature is genuine, but this is no valid receipt: {}", listed(.0))]
    Unfit(Vec<Finding>),
}

impl From<sea_orm::DbErr> for ReceiptError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("; ")
}
