//! HPKE with X25519, HKDF-SHA-256 and AES-256-GCM in base mode: the one suite in use, which RFC 9180 does not print but
//! whose vector is in the `test-vectors.json` published with it (mode 0, `kem_id` 32, `kdf_id` 1, `aead_id` 2).

use std::sync::Arc;

use consent_core::{Ambient, Entropy, testing::TestClock};

use crate::{
    DropKey, Key,
    digest::{hex, hex_decode},
    seal::{open_base, seal_base},
};

const IKM_R: &str = "dac33b0e9db1b59dbbea58d59a14e7b5896e9bdf98fad6891e99d1686492b9ee";
const SK_R: &str = "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d";
const PK_R: &str = "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c";
const IKM_E: &str = "2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9";
const ENC: &str = "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256";
const INFO: &[u8] = b"Ode on a Grecian Urn";
const AAD: &[u8] = b"Count-0";
const PT: &[u8] = b"Beauty is truth, truth beauty";
const CT: &str = "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a";

/// Chance that gives the sender's printed key material.
struct Printed;

impl Entropy for Printed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&hex_decode(IKM_E).unwrap());
    }
}

#[test]
fn a_pair_derives_as_published() {
    let derived = DropKey::derive(&Key::from_slice(&hex_decode(IKM_R).unwrap()).unwrap());
    assert_eq!(hex(derived.public().as_bytes()), PK_R);
    // The private key is printed before its five fixed bits are set, which makes no difference.
    let printed = DropKey::from_slice(&hex_decode(SK_R).unwrap()).unwrap();
    assert_eq!(printed.public(), derived.public());
}

#[test]
fn a_pair_derives_as_rfc_9180_a_1_1_prints_it() {
    let ikm = "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037";
    let public = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d";
    let derived = DropKey::derive(&Key::from_slice(&hex_decode(ikm).unwrap()).unwrap());
    assert_eq!(hex(derived.public().as_bytes()), public);
}

#[test]
fn what_was_published_opens_and_is_sealed_to_the_same_bytes() {
    let key = DropKey::from_slice(&hex_decode(SK_R).unwrap()).unwrap();
    let (enc, ct) = (hex_decode(ENC).unwrap().try_into().unwrap(), hex_decode(CT).unwrap());
    assert_eq!(open_base(&key, &enc, INFO, &ct, AAD).unwrap()[..], *PT);
    let ambient = Ambient::new(Arc::new(TestClock::new()), Arc::new(Printed));
    assert_eq!(seal_base(&key.public(), INFO, PT, AAD, &ambient), (enc, ct));
}
