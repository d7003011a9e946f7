//! The key pairs under `fixtures/keys`, read once.

use std::sync::LazyLock;

use consent_core::{Ambient, testing};
use consent_crypto::RsaPrivateKey;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/", $name))
    };
}
pub(crate) use fixture;

pub(crate) static APP: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| private(fixture!("keys/app-1.private.pem")));
pub(crate) static OTHER: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| private(fixture!("keys/app-2.private.pem")));

fn private(pem: &str) -> RsaPrivateKey {
    RsaPrivateKey::parse_pem(pem).expect("a fixture")
}

/// A still clock and chance that repeats.
pub(crate) fn ambient() -> Ambient {
    testing::ambient(&testing::TestClock::new(), 1)
}
