//! Keys as apps hand them in: what is accepted is one key, however it is spelled, and every use of it works.

use consent_crypto::{KeyError, RsaPrivateKey, RsaPublicKey, Unverified, digest::base64, envelope, jws};
use serde_json::{Map, json};

use crate::{input::Input, keys::ambient};

/// The first byte says how the rest is meant: as text, or as DER behind one of four labels.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let label = match input.byte() % 5 {
        0 => return text(&String::from_utf8_lossy(input.rest())),
        1 => "RSA PUBLIC KEY",
        2 => "PUBLIC KEY",
        3 => "RSA PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    text(&pem(label, input.rest()));
}

/// Both halves are read from the same text; at most one of them is there.
fn text(pem: &str) {
    let public = RsaPublicKey::parse_pem(pem);
    if let Ok(key) = RsaPrivateKey::parse_pem(pem) {
        assert_eq!(public, Err(KeyError::Private));
        spelled(key.public());
        signs(&key);
    } else if let Ok(key) = public {
        assert_eq!(RsaPublicKey::parse_pem(&format!("\r\n {pem}\n\t")).as_ref(), Ok(&key));
        spelled(&key);
        envelope::seal(&key, &ambient(), b"content")
            .expect("files can be sealed for a key that was accepted");
    }
}

fn spelled(key: &RsaPublicKey) {
    let wrapped = pem("RSA PUBLIC KEY", &key.to_pkcs1_der());
    for text in [key.to_spki_pem(), key.to_pkcs1_pem(), wrapped] {
        let again = RsaPublicKey::parse_pem(&text).expect("what is exported can be read");
        assert_eq!((&again, again.thumbprint()), (key, key.thumbprint()));
        assert_eq!(again.to_spki_pem(), key.to_spki_pem());
    }
    assert_eq!(key.thumbprint().len(), 43);
    assert_eq!(key.jwk("PS512", "kid", "sig")["pem"], key.to_spki_pem());
}

/// What it signs, its other half verifies, and what is sealed for that it opens.
fn signs(key: &RsaPrivateKey) {
    let token = jws::sign(key, &Map::new(), &json!({})).expect("a key that was accepted signs");
    assert!(Unverified::parse(&token).and_then(|token| token.verify(&[key.public()])).is_ok());
    let sealed = envelope::seal(key.public(), &ambient(), b"content").expect("it seals");
    assert_eq!(envelope::open(key, &sealed).as_deref().map(Vec::as_slice), Ok(&b"content"[..]));
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
