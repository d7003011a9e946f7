//! Proof Key for Code Exchange (RFC 7636), method S256 only.

use consent_core::Ambient;

use crate::{
    SecretError,
    digest::{base64url, base64url_decode, constant_time_eq, sha256},
};

/// What an app shows when it asks, so that only the same app can exchange the code it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// Reads 43 characters of base64url, 32 bytes.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let bytes = base64url_decode(text).map_err(|_| SecretError)?;
        bytes.try_into().map(Self).map_err(|_| SecretError)
    }

    /// Whether this is the challenge of that verifier; of a malformed one it never is.
    #[must_use]
    pub fn matches(&self, verifier: &str) -> bool {
        is_verifier(verifier) && constant_time_eq(&self.0, &challenge_of(verifier).0)
    }

    /// The 43 characters that [`CodeChallenge::parse`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        base64url(&self.0)
    }
}

/// The challenge that belongs to a verifier: SHA-256 of its text.
#[must_use]
pub fn challenge_of(verifier: &str) -> CodeChallenge {
    CodeChallenge(sha256(verifier.as_bytes()))
}

/// A fresh verifier: 43 characters, 256 random bits.
#[must_use]
pub fn generate_verifier(ambient: &Ambient) -> String {
    base64url(&ambient.random::<32>())
}

/// 43 to 128 characters of RFC 3986's unreserved ones.
fn is_verifier(text: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved)
}

#[cfg(test)]
mod tests {
    use consent_core::testing::{TestClock, ambient};

    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b_matches() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.matches(verifier));
        assert_eq!(challenge_of(verifier), challenge);
        assert!(!challenge.matches(&verifier.replace('d', "D")));
        assert!(!challenge.matches(""));
    }

    #[test]
    fn only_verifiers_of_the_right_form_match_their_challenge() {
        let fits = |verifier: &str| challenge_of(verifier).matches(verifier);
        assert!(fits(&"a".repeat(43)) && fits(&"~".repeat(128)));
        assert!(fits(&generate_verifier(&ambient(&TestClock::new(), 1))));
        for wrong in
            ["a".repeat(42), "a".repeat(129), "a".repeat(42) + "=", "a".repeat(42) + " ", "é".repeat(22)]
        {
            assert!(!fits(&wrong), "{wrong}");
        }
    }

    #[test]
    fn a_challenge_is_the_base64url_of_32_bytes() {
        let text = challenge_of("x").to_text();
        assert_eq!(CodeChallenge::parse(&text).unwrap().to_text(), text);
        for wrong in [format!("{text}="), format!("{text}A"), text[1..].to_owned(), String::new()] {
            assert!(CodeChallenge::parse(&wrong).is_err());
        }
    }
}
