//! Slots: a key, wrapped so that one secret opens it, and only in the row it was made for.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use consent_core::Ambient;
use zeroize::Zeroizing;

use crate::{Key, OpenError, framing::framed};

const VERSION: u8 = 1;
const NONCE_LEN: usize = 12;

/// Where a wrapped key belongs; it does not open anywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotContext<'a> {
    /// What is wrapped and by what, such as "grant key by access token".
    pub kind: &'a str,
    /// The library it belongs to; empty where there is none.
    pub library: &'a str,
    /// The row that keeps it; every rewrap is a new row.
    pub row: &'a str,
    /// The person or grant whose secret opens it.
    pub owner: &'a str,
    /// When its row stops counting, in milliseconds since the epoch.
    pub not_after: Option<i64>,
}

impl SlotContext<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let not_after = self.not_after.map(i64::to_be_bytes);
        framed(&[
            &[VERSION],
            self.library.as_bytes(),
            self.kind.as_bytes(),
            self.row.as_bytes(),
            self.owner.as_bytes(),
            not_after.as_ref().map_or(&[], |bytes| bytes.as_slice()),
        ])
    }
}

/// Wraps a key: version byte ‖ random 96-bit nonce ‖ AES-256-GCM, 61 bytes in all.
#[must_use]
pub fn wrap_key(by: &Key, context: &SlotContext<'_>, key: &Key, ambient: &Ambient) -> Vec<u8> {
    wrap_bytes(by, context, key.expose(), ambient)
}

/// Opens what [`wrap_key`] wrapped with the same key and context.
pub fn unwrap_key(by: &Key, context: &SlotContext<'_>, wrapped: &[u8]) -> Result<Key, OpenError> {
    Key::from_slice(&unwrap_bytes(by, context, wrapped)?)
}

/// Wraps another small secret, in the same form; 29 bytes longer than the secret.
#[must_use]
pub fn wrap_bytes(by: &Key, context: &SlotContext<'_>, secret: &[u8], ambient: &Ambient) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = ambient.random();
    let sealed = seal(by, &nonce, &context.associated_data(), secret);
    [&[VERSION], &nonce[..], &sealed].concat()
}

/// Opens what [`wrap_bytes`] wrapped with the same key and context.
pub fn unwrap_bytes(
    by: &Key,
    context: &SlotContext<'_>,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (nonce, sealed) =
        wrapped.strip_prefix(&[VERSION]).and_then(<[u8]>::split_first_chunk::<NONCE_LEN>).ok_or(OpenError)?;
    open(by, nonce, &context.associated_data(), sealed)
}

pub(crate) fn seal(by: &Key, nonce: &[u8; NONCE_LEN], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let sealed = cipher(by).encrypt(nonce.into(), Payload { msg, aad });
    sealed.expect("a small secret is within AES-GCM's bounds")
}

pub(crate) fn open(
    by: &Key,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    msg: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    cipher(by).decrypt(nonce.into(), Payload { msg, aad }).map(Zeroizing::new).map_err(|_| OpenError)
}

fn cipher(key: &Key) -> Aes256Gcm {
    Aes256Gcm::new(key.expose().into())
}

#[cfg(test)]
mod tests {
    use consent_core::testing::{TestClock, ambient};
    use proptest::prelude::*;

    use super::*;

    const CONTEXT: SlotContext<'_> =
        SlotContext { kind: "grant key", library: "lib1", row: "row1", owner: "gra1", not_after: Some(7) };

    fn key(byte: u8) -> Key {
        Key::from_slice(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_key_opens_where_it_was_wrapped_and_nowhere_else() {
        let ambient = ambient(&TestClock::new(), 1);
        let wrapped = wrap_key(&key(1), &CONTEXT, &key(2), &ambient);
        assert_eq!(wrapped.len(), 61);
        assert_eq!(unwrap_key(&key(1), &CONTEXT, &wrapped).unwrap().expose(), key(2).expose());
        assert_eq!(unwrap_key(&key(3), &CONTEXT, &wrapped).unwrap_err(), OpenError);
        let elsewhere = [
            SlotContext { kind: "library key", ..CONTEXT },
            SlotContext { library: "lib2", ..CONTEXT },
            SlotContext { row: "row2", ..CONTEXT },
            SlotContext { owner: "gra2", ..CONTEXT },
            SlotContext { not_after: Some(8), ..CONTEXT },
            SlotContext { not_after: None, ..CONTEXT },
            SlotContext { library: "lib1row", row: "1", ..CONTEXT },
        ];
        for context in elsewhere {
            assert!(unwrap_key(&key(1), &context, &wrapped).is_err(), "{context:?}");
        }
    }

    #[test]
    fn a_changed_or_missing_byte_anywhere_is_noticed() {
        let ambient = ambient(&TestClock::new(), 1);
        let wrapped = wrap_key(&key(1), &CONTEXT, &key(2), &ambient);
        for place in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[place] ^= 1;
            assert!(unwrap_key(&key(1), &CONTEXT, &changed).is_err());
            assert!(unwrap_key(&key(1), &CONTEXT, &wrapped[..place]).is_err());
        }
    }

    #[test]
    fn other_lengths_are_not_keys() {
        let ambient = ambient(&TestClock::new(), 1);
        let wrapped = wrap_bytes(&key(1), &CONTEXT, &[0; 31], &ambient);
        assert!(unwrap_key(&key(1), &CONTEXT, &wrapped).is_err());
    }

    #[test]
    fn two_wraps_of_one_key_differ() {
        let ambient = ambient(&TestClock::new(), 1);
        let wrap = || wrap_key(&key(1), &CONTEXT, &key(2), &ambient);
        assert_ne!(wrap(), wrap());
    }

    proptest! {
        #[test]
        fn small_secrets_come_back(secret: Vec<u8>, seed: u64) {
            let ambient = ambient(&TestClock::new(), seed);
            let wrapped = wrap_bytes(&key(1), &CONTEXT, &secret, &ambient);
            prop_assert_eq!(&unwrap_bytes(&key(1), &CONTEXT, &wrapped).unwrap()[..], &secret[..]);
        }
    }
}
