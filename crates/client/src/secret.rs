//! What an app holds and must not print.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

macro_rules! secret {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// Prints as `[REDACTED]`.
        #[derive(Debug, Clone, Deserialize)]
        #[serde(from = "String")]
        pub struct $name(SecretString);

        impl $name {
            /// The secret itself.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }
    )+};
}

secret! {
    /// Acts for one person until it expires.
    AccessToken;
    /// Gets the next pair of tokens.
    RefreshToken;
    /// Opens one browser page, once: a preauthorization code or a reference code.
    UrlCode;
    /// Comes back from the browser after consent, to be exchanged once.
    AuthorizationCode;
    /// Proves that whoever exchanges a code is who asked for it (PKCE).
    CodeVerifier;
    /// Names a session, and up to v1.6 opens it.
    SessionKey;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let token = AccessToken::from("of-ada");
        assert!(!format!("{token:?}").contains("of-ada"));
        assert_eq!(token.expose(), "of-ada");
    }
}
