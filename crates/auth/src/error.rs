//! What can go wrong on the way from an authorization request to a token.

use consent_store::StoreError;

/// What can go wrong on the way from an authorization request to a token.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No open request has this code: unknown, expired, or already decided.
    #[error("this code is unknown, expired or already used")]
    UnknownRequest,
    /// The request was decided before; nothing changes by deciding again.
    #[error("this request was already answered")]
    AlreadyDecided,
    /// No code for this client: unknown, expired, or another client's.
    #[error("the authorization code is unknown, expired or was issued to another client")]
    UnknownCode,
    /// The code was exchanged before.
    #[error("the authorization code was already used")]
    UsedCode,
    /// The verifier does not belong to the challenge.
    #[error("code_verifier does not match the code_challenge")]
    WrongVerifier,
    /// No living token: unknown, expired, replaced or revoked.
    #[error("the token is invalid or expired")]
    UnknownToken,
    /// A refresh token that was replaced long ago came back: its family has been stolen, or lost count.
    #[error("the refresh token was used again after its successor")]
    Reused,
    /// The nonce was seen before.
    #[error("the nonce was already used")]
    UsedNonce,
    /// No such handle, or its time is over.
    #[error("this reference is unknown or expired")]
    UnknownHandle,
    /// Stored bytes do not open.
    #[error("a stored successor is damaged")]
    Damaged,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for AuthError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
