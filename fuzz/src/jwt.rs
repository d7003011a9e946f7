//! Signed tokens: only what was signed verifies, and everybody reads the same in it.

use std::sync::LazyLock;

use consent_crypto::{
    Unverified,
    digest::{base64url, base64url_decode},
    jws,
};
use serde_json::{Map, Value, json};

use crate::{
    input::Input,
    keys::{APP, OTHER},
};

/// A token that the app signed.
static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let claims = json!({"client_id": "app_contract", "nonce": "n", "timestamp": 1_780_315_200_000_i64});
    jws::sign(&APP, &Map::new(), &claims).expect("claims are an object")
});

/// The first byte says how the rest is meant: as a token, as header and claims on two lines, or as changes to
/// a token.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    match input.byte() % 4 {
        0 => anything(&String::from_utf8_lossy(input.rest())),
        1 => clear(input.line(), input.rest()),
        2 => signed(input.line(), input.rest()),
        _ => changed(input),
    }
}

fn anything(text: &str) {
    let parsed = Unverified::parse(text);
    assert_eq!(parsed.is_ok(), Unverified::parse_typed(text, "jwt").is_ok() || is_untyped(text));
    let Ok(token) = parsed else { return };
    assert!(text.len() <= jws::MAX_LEN);
    let parts: Vec<_> = text.split('.').collect();
    assert_eq!(parts.len(), 3);
    for part in &parts {
        assert_eq!(base64url(&base64url_decode(part).expect("it was read")), **part, "one spelling");
    }
    assert_eq!(token.peek(), &object(parts[1]).expect("it was read"));
    assert_eq!(token.kid(), object(parts[0]).expect("it was read").get("kid").and_then(Value::as_str));
    assert_eq!(token.verify(&[OTHER.public(), APP.public()]).is_ok(), text == *TOKEN, "a forgery");
}

fn is_untyped(text: &str) -> bool {
    let header = text.split('.').next().and_then(object);
    header.is_some_and(|header| !header.contains_key("typ")) && Unverified::parse(text).is_ok()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&base64url_decode(part).ok()?).ok()
}

/// Whatever a lenient reader makes of what is accepted here is the same.
fn clear(header: &[u8], claims: &[u8]) {
    anything(&format!("{}.{}.AA", base64url(header), base64url(claims)));
}

/// Objects that would be read are signed, and come back.
fn signed(header: &[u8], claims: &[u8]) {
    if Unverified::parse(&format!("{}.{}.AA", base64url(header), base64url(claims))).is_err() {
        return;
    }
    let [header, claims] = [header, claims]
        .map(|json| serde_json::from_slice::<Map<_, _>>(json).expect("JSON to strict readers"));
    let token = jws::sign(&APP, &header, &claims).expect("claims are an object");
    let (signer, verified) = Unverified::parse(&token)
        .and_then(|token| token.verify(&[OTHER.public(), APP.public()]))
        .expect("what was signed here is believed here");
    assert_eq!(signer, 1);
    assert_eq!(verified.claims(), &claims);
    assert_eq!(verified.header()["alg"], "PS512");
}

/// A token with bytes changed, put in or taken out.
fn changed(mut input: Input<'_>) {
    let mut token = TOKEN.clone().into_bytes();
    while !input.is_empty() {
        let (what, at) = (input.byte(), input.below(token.len() + 1));
        match what % 3 {
            0 => token.insert(at, input.byte()),
            1 if at < token.len() => token[at] = input.byte(),
            _ if at < token.len() => drop(token.remove(at)),
            _ => {}
        }
    }
    anything(&String::from_utf8_lossy(&token));
}
