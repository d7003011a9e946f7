//! The keys that the platform publishes.

use std::collections::BTreeMap;

use consent_crypto::{RsaPublicKey, Unverified, Verified};
use serde_json::Value;

use super::SignalError;

/// The published keys of a platform, by their names. They outlive a rotation: old ones stay published.
#[derive(Debug, Clone, Default)]
pub struct Keys(BTreeMap<String, RsaPublicKey>);

impl Keys {
    /// Reads a JWK set (RFC 7517). Entries that are no RSA key of 2048 bits with a name are passed over.
    #[must_use]
    pub fn parse(jwks: &Value) -> Self {
        let named = |jwk: &Value| {
            let kid = jwk["kid"].as_str()?.to_owned();
            Some((kid, RsaPublicKey::parse_jwk(jwk).ok()?))
        };
        Self(jwks["keys"].as_array().into_iter().flatten().filter_map(named).collect())
    }

    /// What a token says, once the key that it names is found to have signed it.
    pub(super) fn verify(&self, token: Unverified) -> Result<Verified, SignalError> {
        let kid = token.kid().unwrap_or_default();
        let key = self.0.get(kid).ok_or_else(|| SignalError::UnknownKey(kid.to_owned()))?;
        Ok(token.verify(&[key])?.1)
    }
}
