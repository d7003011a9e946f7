//! Consent receipts: whatever is read of one is the same when it is written and read again, and shows on one line each.

use std::sync::LazyLock;

use consent_crypto::jws::{Algorithm, sign_with};
use consent_receipts::{Claims, Kantara, RECEIPT_TYPE, Reader, View, verify};
use serde_json::{Map, Value, json};

use crate::keys::APP;

/// The key set of an issuer that signs with the app's key.
static KEYS: LazyLock<Value> =
    LazyLock::new(|| json!({ "keys": [APP.public().jwk("RS256", &APP.public().thumbprint(), "sig")] }));

/// Text as somebody hands it in, or claims as somebody signed them.
pub fn check(data: &[u8]) {
    let _ = verify(&String::from_utf8_lossy(data), &KEYS);
    let Ok(claims) = serde_json::from_slice::<Value>(data) else { return };
    if let Ok((read, _)) = Kantara::read(&claims) {
        let written = serde_json::to_value(&read).expect("members are JSON");
        assert_eq!(Kantara::read(&written).expect("it was written").0, read);
    }
    if let Ok((read, _)) = Claims::read(&claims) {
        let written = serde_json::to_value(&read).expect("claims are JSON");
        assert_eq!(Claims::read(&written).expect("it was written").0, read);
        let _ = View::of(&read, Reader::Owner);
    }
    if let Value::Object(claims) = claims {
        signed(&claims);
    }
}

/// What is believed under a true signature is believed again, and moves no terminal's cursor.
fn signed(claims: &Map<String, Value>) {
    let header = [("typ", RECEIPT_TYPE.into()), ("kid", APP.public().thumbprint().into())];
    let header = header.map(|(name, value): (&str, Value)| (name.to_owned(), value)).into_iter().collect();
    let Ok(token) = sign_with(Algorithm::Rs256, &APP, &header, claims) else { return };
    let Ok(verdict) = verify(&token, &KEYS) else { return };
    let again = sign_with(Algorithm::Rs256, &APP, &header, &verdict.claims).expect("claims are an object");
    assert_eq!(verify(&again, &KEYS).expect("it was believed").claims, verdict.claims);
    assert!(verdict.lines().iter().all(|line| !line.contains(char::is_control)));
}
