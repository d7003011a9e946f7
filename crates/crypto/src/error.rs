//! What can go wrong, by what the caller can do about it.

use std::path::PathBuf;

/// Sealed bytes that do not open: wrong key, wrong context, or not the bytes that were sealed.
///
/// Deliberately one fact for all causes, so that nobody can learn from the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be opened")]
pub struct OpenError;

/// Bytes that could not be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More chunks than the counter of a file can number (256 TiB).
    #[error("a file cannot be longer than 256 TiB")]
    TooLong,
    /// A chunk of another length than its place in the file asks for, or one behind the last.
    #[error("a chunk of the wrong length, or one after the last")]
    Misplaced,
    /// The cryptographic library refused to work.
    #[error("the cryptographic library failed")]
    Failed,
}

/// A stream of sealed bytes that broke off or did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E> {
    /// The sealed bytes could not be read.
    #[error("the sealed bytes could not be read")]
    Source(#[source] E),
    /// They could be read and did not open.
    #[error(transparent)]
    Open(OpenError),
}

/// Text that does not spell bytes in the one way that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical spelling of any bytes")]
pub struct DecodeError;

/// Text that is not a secret of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a secret of this kind")]
pub struct SecretError;

/// An RSA key that cannot be used, said so that its owner can act on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM, or damaged PEM.
    #[error("not a single PEM block; expected text from -----BEGIN to -----END")]
    Pem,
    /// PEM of something else.
    #[error("the PEM block holds {found:?}; expected {expected}")]
    Label {
        /// What stands behind `BEGIN`.
        found: String,
        /// The labels that would do.
        expected: &'static str,
    },
    /// A private key where a public one belongs.
    #[error("this is a private key: keep it secret, and register the public key that belongs to it")]
    Private,
    /// The PEM label is right and what it wraps is not.
    #[error("the PEM block does not hold an RSA key in the form that its label announces")]
    Der,
    /// An entry of a JWKS that is no RSA key.
    #[error("the JWK is no RSA public key: {0}")]
    Jwk(&'static str),
    /// A modulus of another size.
    #[error("the RSA key has {bits} bits; exactly 2048 are required")]
    Size {
        /// Bits of the modulus.
        bits: usize,
    },
    /// A public exponent that is even or too small.
    #[error("the public exponent of the RSA key must be odd, at least 65537 and below 2^33")]
    Exponent,
    /// A modulus that no RSA key can have, or parts that do not belong together.
    #[error("the RSA key is not valid")]
    Invalid,
    /// The cryptographic library could not make a key.
    #[error("no RSA key could be made")]
    Generation,
}

/// A token that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// More than 32 KiB.
    #[error("the token is longer than 32 KiB")]
    TooLong,
    /// Not three parts of base64url with a JSON object in the first two.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// Signed by another algorithm than PS512.
    #[error("the token's algorithm is {found:?}; only PS512 is accepted")]
    Algorithm {
        /// What its header says, cut to 32 characters.
        found: String,
    },
    /// A token of another type.
    #[error("the token's type is not {expected:?}")]
    Type {
        /// The type that was wanted.
        expected: String,
    },
    /// A header that changes how the token is to be read.
    #[error("the token's header has {0:?}, which is not supported")]
    Header(&'static str),
    /// None of the keys made this signature.
    #[error("the token's signature fits none of the keys")]
    Signature,
    /// The claims do not serialize to a JSON object, or the cryptographic library failed.
    #[error("the token could not be signed")]
    Sign,
}

/// A password that was not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many sign-ins are waiting; try again later.
    #[error("too many passwords are being checked")]
    Busy,
    /// Parameters that Argon2 does not accept.
    #[error("the Argon2 parameters are out of range")]
    Parameters,
    /// There was no memory for it, or the server is shutting down.
    #[error("the password could not be hashed")]
    Failed,
}

/// A certificate that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A moment before 1970 or after 9999.
    #[error("a certificate cannot carry a moment before 1970 or after 9999")]
    Moment,
    /// The text cannot be encoded, or signing failed.
    #[error("the certificate could not be made")]
    Failed,
}

/// A keystore that cannot be used, said so that an operator can act on it.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// A file or folder could not be read or written.
    #[error("{path}: cannot be {verb}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        verb: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// Other accounts of this machine can reach a key.
    #[error("{path} has mode {mode:04o}, so other accounts can reach it; run: chmod {wanted:04o} {path}")]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// The permission bits that were found.
        mode: u32,
        /// The permission bits it should have.
        wanted: u32,
    },
    /// A file of signing keys that holds none.
    #[error(
        "{path} holds no usable signing key; restore it from a backup or remove it to have a new one made"
    )]
    SigningKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
    /// A file of symmetric keys that holds none.
    #[error("{path} does not hold 32 bytes in base64url (43 characters); restore it from a backup")]
    SymmetricKey {
        /// The file.
        path: PathBuf,
    },
    /// A new signing key could not be made.
    #[error("no signing key could be made")]
    Generation(#[source] KeyError),
}
