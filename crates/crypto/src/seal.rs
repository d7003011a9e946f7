//! Sealing to a public key: HPKE base mode (RFC 9180) with X25519, HKDF-SHA-256 and AES-256-GCM.
//!
//! Who drops something can't read it afterwards; only the holder of the [`DropKey`] can.

mod receiver;

use std::{convert::Infallible, sync::LazyLock};

use consent_core::Ambient;
use hpke::{
    Deserializable, Kem as _, OpModeS, Serializable, aead::AesGcm256, kdf::HkdfSha256,
    kem::X25519HkdfSha256 as Kem,
};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::{Key, OpenError, counted, framing::framed};

const VERSION: u8 = 1;
const ENCAPSULATED_LEN: usize = 32;

/// A private key that is no secret; see [`DropPublic::from_slice`].
static PROBE: LazyLock<<Kem as hpke::Kem>::PrivateKey> = LazyLock::new(|| Kem::derive_keypair(&[0; 32]).0);

/// The private half of a drop pair: opens what was sealed to its public half.
#[derive(Debug, Clone)]
pub struct DropKey(Key);

impl DropKey {
    /// A fresh pair.
    #[must_use]
    pub fn generate(ambient: &Ambient) -> Self {
        Self::derive(&Key::generate(ambient))
    }

    /// The pair that belongs to a key (`DeriveKeyPair` of RFC 9180 §7.1.3).
    #[must_use]
    pub fn derive(from: &Key) -> Self {
        let (private, _) = Kem::derive_keypair(from.expose());
        let bytes = Zeroizing::new(<[u8; 32]>::from(private.to_bytes()));
        Self(Key::from_slice(&*bytes).expect("an X25519 private key has 32 bytes"))
    }

    /// The private half that these 32 bytes are.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, OpenError> {
        Key::from_slice(bytes).map(Self)
    }

    /// The half that anybody may have.
    #[must_use]
    pub fn public(&self) -> DropPublic {
        DropPublic(receiver::public_of(&self.0).expect("every 32 bytes are an X25519 private key"))
    }

    /// The private half, for whoever is about to wrap it.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

/// The public half of a drop pair: what is sealed to it opens with the [`DropKey`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropPublic([u8; 32]);

impl DropPublic {
    /// The public half that these 32 bytes are; the few points that would give everybody the same secret are refused.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, OpenError> {
        let public = Self(bytes.try_into().map_err(|_| OpenError)?);
        // On a point of small order every exchange fails, so one with any private key tells.
        let point = Deserializable::from_bytes(&public.0).map_err(|_| OpenError)?;
        Kem::decap(&PROBE, None, &point).map_err(|_| OpenError)?;
        Ok(public)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn point(&self) -> <Kem as hpke::Kem>::PublicKey {
        Deserializable::from_bytes(&self.0).expect("every 32 bytes are an X25519 public key")
    }
}

/// Seals a small plaintext: version byte ‖ encapsulated key (32 bytes) ‖ ciphertext with tag; 49 bytes longer.
///
/// `info` says where it belongs (every part goes in behind its length) and has to be the same when it is opened.
#[must_use]
pub fn seal_to(to: &DropPublic, info: &[&[u8]], plaintext: &[u8], ambient: &Ambient) -> Vec<u8> {
    let (encapsulated, sealed) = seal_base(to, &framed(info), plaintext, &[], ambient);
    [&[VERSION], &encapsulated[..], &sealed].concat()
}

/// Opens what [`seal_to`] sealed to the public half of `key` with the same `info`.
pub fn open_sealed(key: &DropKey, info: &[&[u8]], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    counted::X25519_OPENED.add();
    let (encapsulated, sealed) = sealed
        .strip_prefix(&[VERSION])
        .and_then(<[u8]>::split_first_chunk::<ENCAPSULATED_LEN>)
        .ok_or(OpenError)?;
    open_base(key, encapsulated, &framed(info), sealed, &[])
}

pub(crate) fn seal_base(
    to: &DropPublic,
    info: &[u8],
    plaintext: &[u8],
    associated_data: &[u8],
    ambient: &Ambient,
) -> ([u8; ENCAPSULATED_LEN], Vec<u8>) {
    let (encapsulated, sealed) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, Kem>(
        &OpModeS::Base,
        &to.point(),
        info,
        plaintext,
        associated_data,
        &mut Chance(ambient),
    )
    .expect("a drop key is not of small order, and a small plaintext is within AES-GCM's bounds");
    (encapsulated.to_bytes().into(), sealed)
}

pub(crate) fn open_base(
    key: &DropKey,
    encapsulated: &[u8; ENCAPSULATED_LEN],
    info: &[u8],
    sealed: &[u8],
    associated_data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    receiver::open(&key.0, encapsulated, info, sealed, associated_data)
}

/// Chance that was handed in, in the form that `hpke` takes.
struct Chance<'a>(&'a Ambient);

impl TryRng for Chance<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.0.random()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.0.random()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Chance<'_> {}

#[cfg(test)]
mod tests {
    use consent_core::testing::{TestClock, ambient};
    use proptest::prelude::*;

    use super::*;
    use crate::digest::hex_decode;

    const INFO: &[&[u8]] = &[b"lib1", b"she1", b"fil1"];

    fn chance() -> Ambient {
        ambient(&TestClock::new(), 1)
    }

    #[test]
    fn only_the_holder_of_the_private_half_opens_and_only_in_its_place() {
        let key = DropKey::generate(&chance());
        let sealed = seal_to(&key.public(), INFO, b"a file key", &chance());
        assert_eq!(sealed.len(), 49 + 10);
        assert_eq!(&open_sealed(&key, INFO, &sealed).unwrap()[..], b"a file key");
        let stranger = DropKey::derive(&Key::from_slice(&[9; 32]).unwrap());
        assert!(open_sealed(&stranger, INFO, &sealed).is_err());
        let elsewhere: [&[&[u8]]; 4] =
            [&[], &[b"lib1", b"she1"], &[b"lib1s", b"he1", b"fil1"], &[b"lib1", b"she1", b"fil2"]];
        for info in elsewhere {
            assert!(open_sealed(&key, info, &sealed).is_err());
        }
    }

    #[test]
    fn a_changed_or_missing_byte_anywhere_is_noticed() {
        let key = DropKey::generate(&chance());
        let sealed = seal_to(&key.public(), INFO, b"a file key", &chance());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(open_sealed(&key, INFO, &changed).is_err(), "byte {place}");
            assert!(open_sealed(&key, INFO, &sealed[..place]).is_err());
        }
    }

    #[test]
    fn a_key_derived_twice_is_the_same_key() {
        let from = Key::generate(&chance());
        let key = DropKey::derive(&from);
        assert_eq!(DropKey::derive(&from).expose(), key.expose());
        assert_eq!(DropKey::from_slice(key.expose()).unwrap().public(), key.public());
        assert_eq!(DropPublic::from_slice(key.public().as_bytes()), Ok(key.public()));
    }

    #[test]
    fn points_of_small_order_are_refused() {
        let mut one = [0; 32];
        one[0] = 1;
        let of_order_eight = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        for point in [[0; 32].to_vec(), one.to_vec(), hex_decode(of_order_eight).unwrap(), vec![9; 31]] {
            assert_eq!(DropPublic::from_slice(&point), Err(OpenError));
        }
    }

    proptest! {
        // The curve is slow without optimization.
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn what_was_sealed_comes_back(plaintext: Vec<u8>, seed: u64) {
            let ambient = ambient(&TestClock::new(), seed);
            let key = DropKey::generate(&ambient);
            let sealed = seal_to(&key.public(), INFO, &plaintext, &ambient);
            prop_assert_eq!(&open_sealed(&key, INFO, &sealed).unwrap()[..], &plaintext[..]);

            let (encapsulated, sealed) = seal_base(&key.public(), b"info", &plaintext, b"data", &ambient);
            let opened = hpke::single_shot_open::<AesGcm256, HkdfSha256, Kem>(
                &hpke::OpModeR::Base,
                &Deserializable::from_bytes(key.expose()).unwrap(),
                &Deserializable::from_bytes(&encapsulated).unwrap(),
                b"info",
                &sealed,
                b"data",
            );
            prop_assert_eq!(opened.as_deref(), Ok(&plaintext[..]));
            let opened = open_base(&key, &encapsulated, b"info", &sealed, b"data").unwrap();
            prop_assert_eq!(&opened[..], &plaintext[..]);
        }
    }
}
