//! The key pairs under `fixtures/keys`, read once.

use std::sync::LazyLock;

use crate::RsaPrivateKey;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/", $name))
    };
}

pub(crate) const APP_PEM: &str = fixture!("app-1.private.pem");
pub(crate) const APP_PUBLIC_PEM: &str = fixture!("app-1.public.pem");
pub(crate) const TOKENS_PEM: &str = fixture!("server-tokens.pem");
pub(crate) const CERTIFICATES_PEM: &str = fixture!("server-certificates.pem");

static APP: LazyLock<RsaPrivateKey> = LazyLock::new(|| RsaPrivateKey::parse_pem(APP_PEM).unwrap());
static OTHER_APP: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::parse_pem(fixture!("app-2.private.pem")).unwrap());

pub(crate) fn app() -> RsaPrivateKey {
    APP.clone()
}

pub(crate) fn other_app() -> RsaPrivateKey {
    OTHER_APP.clone()
}
