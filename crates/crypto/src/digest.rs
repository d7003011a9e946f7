//! Hashes, and the ways bytes become text.

use aws_lc_rs::{digest as lc, hmac};
use base64::{Engine as _, engine::general_purpose};
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::{DecodeError, Key};

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut stream = Sha256Stream::new();
    stream.update(bytes);
    stream.finish()
}

/// SHA-256 of bytes that arrive piece by piece.
#[derive(Clone)]
pub struct Sha256Stream(lc::Context);

impl Sha256Stream {
    /// A stream that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(lc::Context::new(&lc::SHA256))
    }

    /// Takes in the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all pieces.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

impl Default for Sha256Stream {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Sha256Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256Stream")
    }
}

/// HMAC-SHA-256 (RFC 2104) of the parts, one right behind the other.
///
/// Nothing marks where a part ends, so that the result is what any other implementation computes of the same bytes;
/// where parts vary in length and must not run into each other, derive a key for them with [`Key::derive`].
#[must_use]
pub fn hmac_sha256(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    hmac_with(key.expose(), parts)
}

/// The same with a key of any length.
pub(crate) fn hmac_with(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    context.sign().as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
}

/// Whether both are the same, in a time that depends on their lengths only.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// RFC 8785 canonical JSON: members sorted, no white space, one spelling per number.
pub fn canonical_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(&value)
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes that hexadecimal digits of either case stand for.
pub fn hex_decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    if !text.len().is_multiple_of(2) {
        return Err(DecodeError);
    }
    let byte = |pair: &[u8]| Some(nibble(pair[0])? << 4 | nibble(pair[1])?);
    text.as_bytes().chunks_exact(2).map(|pair| byte(pair).ok_or(DecodeError)).collect()
}

/// Base64url without padding (RFC 4648 §5).
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes behind base64url without padding; other spellings of the same bytes are refused.
pub fn base64url_decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    general_purpose::URL_SAFE_NO_PAD.decode(text).map_err(|_| DecodeError)
}

/// Base64 with padding (RFC 4648 §4).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// The bytes behind base64 with padding; other spellings of the same bytes are refused.
pub fn base64_decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    general_purpose::STANDARD.decode(text).map_err(|_| DecodeError)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn sha_256_of_abc_is_what_fips_180_says() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&sha256(b"abc")), expected);
        let mut stream = Sha256Stream::default();
        stream.update(b"a");
        stream.update(b"bc");
        assert_eq!(hex(&stream.finish()), expected);
    }

    #[test]
    fn hmac_is_what_the_definition_says() {
        let key = Key::from_slice(&[7; 32]).unwrap();
        let pad = |byte: u8| [[7 ^ byte; 32], [byte; 32]].concat();
        let inner = sha256(&[&pad(0x36)[..], b"Hi There"].concat());
        let outer = sha256(&[&pad(0x5c)[..], &inner].concat());
        assert_eq!(hmac_sha256(&key, &[b"Hi ", b"There"]), outer);
    }

    #[test]
    fn the_sample_of_rfc_8785_comes_out_as_printed() {
        let sample = json!({
            "numbers": [333_333_333.333_333_3, 1e30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001],
            "string": "\u{20ac}$\u{000f}\u{000a}A'\u{0042}\u{0022}\u{005c}\\\"/",
            "literals": [null, true, false]
        });
        let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(String::from_utf8(canonical_json(&sample).unwrap()).unwrap(), expected);
    }

    #[test]
    fn other_spellings_of_the_same_bytes_are_refused() {
        assert_eq!(base64url_decode("_w"), Ok(vec![255]));
        assert!(["_x", "_w==", "/w", " _w", "_w\n", "_"].iter().all(|text| base64url_decode(text).is_err()));
        assert_eq!(base64_decode("/w=="), Ok(vec![255]));
        assert!(["/w", "/x==", "_w=="].iter().all(|text| base64_decode(text).is_err()));
        assert!(["0", "0g", "+1", "é"].iter().all(|text| hex_decode(text).is_err()));
    }

    proptest! {
        #[test]
        fn text_turns_back_into_its_bytes(bytes: Vec<u8>) {
            prop_assert_eq!(base64url_decode(&base64url(&bytes)).unwrap(), &bytes[..]);
            prop_assert_eq!(base64_decode(&base64(&bytes)).unwrap(), &bytes[..]);
            prop_assert_eq!(hex_decode(&hex(&bytes)).unwrap(), &bytes[..]);
            prop_assert_eq!(hex_decode(&hex(&bytes).to_uppercase()).unwrap(), bytes);
        }
    }
}
