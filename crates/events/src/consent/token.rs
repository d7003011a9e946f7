//! Short names of consent events.

use consent_core::Ambient;
use serde::{Deserialize, Serialize};

/// Six of A–Z and 0–9.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(String);

/// Text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token has six upper-case letters and digits")]
pub struct NotAToken;

impl Token {
    const LEN: usize = 6;
    const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// A random one.
    pub(crate) fn generate(ambient: &Ambient) -> Self {
        let mut text = String::with_capacity(Self::LEN);
        while text.len() < Self::LEN {
            // 252 is the last multiple of 36 in a byte: above, some letters would come more often.
            let fair = ambient.random::<8>().into_iter().filter(|byte| *byte < 252);
            let letters = fair.map(|byte| char::from(Self::LETTERS[usize::from(byte) % 36]));
            text.extend(letters.take(Self::LEN - text.len()));
        }
        Self(text)
    }

    /// The six characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Token {
    type Error = NotAToken;

    fn try_from(text: String) -> Result<Self, NotAToken> {
        let fits = text.len() == Self::LEN && text.bytes().all(|byte| Self::LETTERS.contains(&byte));
        if fits { Ok(Self(text)) } else { Err(NotAToken) }
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0
    }
}

#[cfg(test)]
mod tests {
    use consent_core::testing::{TestClock, ambient};

    use super::*;

    #[test]
    fn tokens_have_six_letters_and_use_them_all() {
        let ambient = ambient(&TestClock::new(), 1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let token = Token::generate(&ambient);
            seen.extend(token.as_str().bytes());
            assert_eq!(Token::try_from(token.as_str().to_owned()), Ok(token));
        }
        assert_eq!(seen.len(), 36);
        for wrong in ["", "ABCDE", "ABCDEFG", "abcdef", "ABCDE-"] {
            assert_eq!(Token::try_from(wrong.to_owned()), Err(NotAToken), "{wrong}");
        }
    }
}
