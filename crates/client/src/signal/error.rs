//! Why something is no signal.

use consent_crypto::JwsError;

/// Why a message is not a signal of this platform for this app. It is answered with 400 and has no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// A header is missing or says nothing.
    #[error("the header {0} is missing or cannot be read")]
    Header(&'static str),
    /// More than five minutes lie between the attempt and now.
    #[error("the attempt is not of now; check the clock")]
    Untimely,
    /// None of the signatures in the header is made with a secret of this endpoint.
    #[error("the message is not signed with this endpoint's secret")]
    Forged,
    /// The body is not what goes around a token.
    #[error("the body is not an envelope of a signal")]
    Envelope,
    /// Not a token, of another type, or a signature that the named key did not make.
    #[error("the token is not signed as it has to be")]
    Jws(#[from] JwsError),
    /// The token names a key that is not among those that the platform published when they were fetched.
    #[error("the platform publishes no key {0:?}; fetch its keys anew")]
    UnknownKey(String),
    /// A claim is missing or not what it should be.
    #[error("the token's claim {0} is not what it should be")]
    Claim(&'static str),
    /// What stands around the token contradicts it.
    #[error("the envelope's {0} contradicts the token")]
    Hint(&'static str),
}

impl SignalError {
    /// The code for it of RFC 8935, section 2.4: for the answer to a push, and for `setErrs` of a poll.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Header(_) | Self::Untimely | Self::Forged => "authentication_failed",
            Self::Jws(JwsError::Signature) | Self::UnknownKey(_) => "invalid_key",
            Self::Claim("iss") => "invalid_issuer",
            Self::Claim("aud") => "invalid_audience",
            Self::Envelope | Self::Jws(_) | Self::Claim(_) | Self::Hint(_) => "invalid_request",
        }
    }
}
