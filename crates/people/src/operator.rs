//! Operators: whoever holds the operator token.

use consent_crypto::{Digest, Secret, SecretKind};

/// Whether the presented secret is the operator token; takes the same time for every wrong one.
#[must_use]
pub fn operator_is(expected: &Digest, presented: &Secret) -> bool {
    presented.kind() == SecretKind::OperatorToken && *expected == presented.digest()
}

#[cfg(test)]
mod tests {
    use consent_core::testing::{TestClock, ambient};

    use super::*;

    #[test]
    fn only_the_operator_token_lets_an_operator_in() {
        let ambient = ambient(&TestClock::new(), 1);
        let token = Secret::generate(SecretKind::OperatorToken, &ambient);
        let other = Secret::generate(SecretKind::OperatorToken, &ambient);
        let sign_in = Secret::generate(SecretKind::SignIn, &ambient);
        assert!(operator_is(&token.digest(), &token));
        assert!(!operator_is(&token.digest(), &other));
        assert!(!operator_is(&sign_in.digest(), &sign_in));
    }
}
