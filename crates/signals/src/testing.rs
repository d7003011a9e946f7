//! Keys and headers for the tests of this crate.

use std::sync::{Arc, LazyLock};

use consent_core::Ambient;
use consent_crypto::{Keystore, RsaPrivateKey, SigningKey, SigningPurpose};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

const SIGNALS_PEM: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/server-signals.pem"));
const APP_1_PEM: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/app-1.private.pem"));
const APP_2_PEM: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/app-2.private.pem"));

static KEYSTORE: LazyLock<Arc<Keystore>> =
    LazyLock::new(|| Arc::new(Keystore::in_memory(&Ambient::system(), SIGNALS_PEM).unwrap()));

pub fn keystore() -> Arc<Keystore> {
    KEYSTORE.clone()
}

pub fn signals_key() -> &'static SigningKey {
    KEYSTORE.signing(SigningPurpose::Signals)
}

/// The key of the first or the second app.
pub fn app_key(number: u8) -> RsaPrivateKey {
    RsaPrivateKey::parse_pem(if number == 1 { APP_1_PEM } else { APP_2_PEM }).unwrap()
}

/// The published library reads the machine's clock, so what it checks has to be signed by it.
pub fn machine_seconds() -> i64 {
    Ambient::system().now().timestamp()
}

/// The headers as the published library takes them.
pub fn headers_of(headers: &[(&'static str, String)]) -> reqwest::header::HeaderMap {
    let signed = [HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP];
    let headers = headers.iter().filter(|(name, _)| signed.contains(name));
    headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}
