//! Hashes under which consent events are found again. They are no part of the chain's format, and are erased with what
//! they were made of.

use consent_core::AppId;
use consent_crypto::digest::Sha256Stream;

use super::Consent;

/// The first 16 bytes of a SHA-256.
pub(crate) type Key = Vec<u8>;

/// All keys of one consent event.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) subject: Key,
    pub(crate) target: Key,
    pub(crate) scope: Key,
    pub(crate) issuer: Key,
    pub(crate) vault: Key,
    /// One question to one subject: all of the above.
    pub(crate) stream: Key,
    /// What is counted together.
    pub(crate) statistic: Key,
}

impl Keys {
    pub(crate) fn of(app: &AppId, consent: &Consent) -> Self {
        let target = target_key(app, &consent.subject, &consent.target);
        let scope = scope_key(&consent.scope);
        let issuer = issuer_key(consent.issuer.as_deref());
        let vault = vault_key(consent.vault_id.as_deref());
        let stream = key("stream", &[&target, &scope, &issuer, &vault]);
        let counted = [app.as_str().as_bytes(), &vault, consent.target.as_bytes(), &scope];
        let statistic = key("statistic", &counted);
        Self { subject: subject_key(app, &consent.subject), target, scope, issuer, vault, stream, statistic }
    }
}

pub(crate) fn subject_key(app: &AppId, subject: &str) -> Key {
    key("subject", &[app.as_str().as_bytes(), subject.as_bytes()])
}

pub(crate) fn target_key(app: &AppId, subject: &str, target: &str) -> Key {
    key("target", &[app.as_str().as_bytes(), subject.as_bytes(), target.as_bytes()])
}

pub(crate) fn scope_key(scope: &str) -> Key {
    key("scope", &[scope.as_bytes()])
}

pub(crate) fn issuer_key(issuer: Option<&str>) -> Key {
    key("issuer", &[issuer.unwrap_or_default().as_bytes()])
}

pub(crate) fn vault_key(vault: Option<&str>) -> Key {
    key("vault", &[vault.unwrap_or_default().as_bytes()])
}

/// Each part behind its length, so that none runs into the next.
fn key(kind: &str, parts: &[&[u8]]) -> Key {
    let mut hash = Sha256Stream::new();
    for part in [kind.as_bytes()].iter().chain(parts) {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finish()[..16].to_vec()
}
