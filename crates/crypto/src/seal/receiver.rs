//! The receiving side of HPKE base mode (RFC 9180 §§4.1, 5.1, 5.2) for the one suite that is used here.
//!
//! Every file that is fetched opens a key of its own, and with `aws-lc-rs` that takes less than half as long as with
//! `hpke`, which the vectors of the RFC and a test against `hpke` itself hold this to.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    agreement::{PrivateKey, UnparsedPublicKey, X25519, agree},
};
use zeroize::Zeroizing;

use super::ENCAPSULATED_LEN;
use crate::{Key, OpenError, digest::hmac_with};

/// Length of everything that is derived: keys, and the output of HKDF-SHA256's extraction.
const LEN: usize = 32;
/// `KEM` ‖ DHKEM(X25519, HKDF-SHA256).
const KEM_SUITE: &[u8] = b"KEM\x00\x20";
/// `HPKE` ‖ that KEM ‖ HKDF-SHA256 ‖ AES-256-GCM.
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x02";
const MODE_BASE: &[u8] = &[0];

type Derived = Zeroizing<[u8; LEN]>;

/// The public half of an X25519 private key.
pub(super) fn public_of(private: &Key) -> Result<[u8; LEN], OpenError> {
    let public = private_key(private)?.compute_public_key().map_err(|_| OpenError)?;
    public.as_ref().try_into().map_err(|_| OpenError)
}

/// `SingleShotOpen` of RFC 9180 §6.1.
pub(super) fn open(
    private: &Key,
    encapsulated: &[u8; ENCAPSULATED_LEN],
    info: &[u8],
    sealed: &[u8],
    associated_data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (key, nonce) = key_schedule(&decapsulate(private, encapsulated)?, info);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).map_err(|_| OpenError)?);
    let mut opened = Zeroizing::new(sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length =
        key.open_in_place(nonce, Aad::from(associated_data), &mut opened).map_err(|_| OpenError)?.len();
    opened.truncate(length);
    Ok(opened)
}

/// `Decap` of §4.1.
fn decapsulate(private: &Key, encapsulated: &[u8; ENCAPSULATED_LEN]) -> Result<Derived, OpenError> {
    let context = [&encapsulated[..], &public_of(private)?].concat();
    let sender = UnparsedPublicKey::new(&X25519, encapsulated);
    // A point of small order, whose exchange is zero, is refused by the library (§7.1.4).
    agree(&private_key(private)?, sender, OpenError, |exchanged| {
        let extracted = extract(KEM_SUITE, &[], b"eae_prk", exchanged);
        Ok(expand(KEM_SUITE, &extracted, b"shared_secret", &context, LEN))
    })
}

/// `KeySchedule` of §5.1 in base mode: the key, and the nonce of the only message.
fn key_schedule(shared: &Derived, info: &[u8]) -> (Derived, [u8; NONCE_LEN]) {
    let (psk_id, info) = (extract(SUITE, &[], b"psk_id_hash", &[]), extract(SUITE, &[], b"info_hash", info));
    let context = [MODE_BASE, &psk_id[..], &info[..]].concat();
    let secret = extract(SUITE, &shared[..], b"secret", &[]);
    let nonce = expand(SUITE, &secret, b"base_nonce", &context, NONCE_LEN);
    let mut first = [0; NONCE_LEN];
    first.copy_from_slice(&nonce[..NONCE_LEN]);
    (expand(SUITE, &secret, b"key", &context, LEN), first)
}

/// `LabeledExtract` of §4.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], input: &[u8]) -> Derived {
    Zeroizing::new(hmac_with(salt, &[b"HPKE-v1", suite, label, input]))
}

/// `LabeledExpand` of §4 for lengths up to that of one hash, of which the beginning is the output.
fn expand(suite: &[u8], key: &Derived, label: &[u8], info: &[u8], length: usize) -> Derived {
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    Zeroizing::new(hmac_with(&key[..], &[&length, b"HPKE-v1", suite, label, info, &[1]]))
}

fn private_key(private: &Key) -> Result<PrivateKey, OpenError> {
    PrivateKey::from_private_key(&X25519, private.expose()).map_err(|_| OpenError)
}
