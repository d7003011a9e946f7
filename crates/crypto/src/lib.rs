#![doc = include_str!("../README.md")]

pub mod chunks;
pub mod counted;
pub mod digest;
pub mod envelope;
mod error;
mod framing;
mod json;
pub mod jwks;
pub mod jws;
pub mod keystore;
pub mod password;
mod pieces;
pub mod pkce;
pub mod seal;
pub mod secret;
pub mod slot;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
pub mod x509;

pub use chunks::{ChunkOpener, ChunkRange, ChunkSealer, Sealed, Summary, Tally};
pub use digest::Sha256Stream;
pub use envelope::EnvelopeSealer;
pub use error::{
    CertificateError, DecodeError, JwsError, KeyError, KeystoreError, OpenError, PasswordError, ReadError,
    SealError, SecretError,
};
pub use jwks::{RsaPrivateKey, RsaPublicKey};
pub use jws::{Unverified, Verified};
pub use keystore::{KeyPurpose, Keystore, SigningKey, SigningPurpose};
pub use password::{Argon2Params, PasswordHasher, PasswordKeys, Place};
pub use pkce::CodeChallenge;
pub use seal::{DropKey, DropPublic};
pub use secret::{Digest, Family, Key, Secret, SecretKind};
pub use slot::SlotContext;
