//! Passwords: which ones are good enough, and what is kept of them.

use consent_core::{PersonId, TypedId};
use consent_crypto::{Argon2Params, Digest, PasswordKeys};

use crate::PeopleError;

/// What is kept of a password: enough to recognise it, nothing that opens a library.
#[derive(Debug, Clone)]
pub struct PasswordRecord {
    /// Drawn for this password alone.
    pub salt: [u8; 16],
    /// How much work Argon2id did.
    pub params: Argon2Params,
    /// What came out, for comparison.
    pub verifier: Digest,
}

/// What to check a presented password against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Whose password it is.
    pub person: PersonId,
    /// Goes into the derivation.
    pub salt: [u8; 16],
    /// Goes into the derivation.
    pub params: Argon2Params,
    /// What must come out.
    pub verifier: Digest,
}

/// Credentials of nobody, to be checked where the e-mail address is unknown so that the answer takes as long.
///
/// Pass the parameters that new passwords get.
#[must_use]
pub fn dummy_credentials(params: Argon2Params) -> Credentials {
    let verifier = Digest::from_slice(&[0; 32]).expect("32 bytes");
    Credentials { person: PersonId::from_parts(0, 0), salt: [0; 16], params, verifier }
}

/// Whether the keys were derived from the right password; takes the same time for every wrong one.
#[must_use]
pub fn verify(credentials: &Credentials, keys: &PasswordKeys) -> bool {
    credentials.verifier == keys.verifier
}

/// Refuses a password that is too short, too long, or the e-mail address.
pub fn check_password(password: &str, email: &str) -> Result<(), PeopleError> {
    let refuse = |reason| Err(PeopleError::Invalid { field: "password", reason });
    if password.chars().count() < 10 {
        return refuse("a password has at least 10 characters");
    }
    if password.len() > 1024 {
        return refuse("a password has at most 1024 bytes");
    }
    if password.trim().to_lowercase() == email.trim().to_lowercase() {
        return refuse("a password is not the e-mail address");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_refused_with_the_reason() {
        let reason = |password: &str| match check_password(password, "Ada@Example.org") {
            Err(PeopleError::Invalid { field: "password", reason }) => Some(reason),
            _ => None,
        };
        assert_eq!(reason("123456789"), Some("a password has at least 10 characters"));
        assert_eq!(reason("ééééééééé"), Some("a password has at least 10 characters"));
        assert_eq!(reason(&"a".repeat(1025)), Some("a password has at most 1024 bytes"));
        assert_eq!(reason(" ADA@example.org"), Some("a password is not the e-mail address"));
        assert_eq!(reason("correct horse"), None);
        assert_eq!(reason("éééééééééé"), None);
        assert_eq!(reason(&"a".repeat(1024)), None);
    }
}
