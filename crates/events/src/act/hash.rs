//! A hash as 64 lower-case hexadecimal digits.

use consent_crypto::digest::{hex, hex_decode};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(hash: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&hex(hash))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
    let bytes = hex_decode(&String::deserialize(from)?).ok();
    let hash = bytes.and_then(|bytes| bytes.try_into().ok());
    hash.ok_or_else(|| D::Error::custom("a hash has 64 hexadecimal digits"))
}
