//! How bytes and values become text.

use serde_json::Value;

use crate::digest::{base64, base64url, canonical_json, hex};

macro_rules! pairs {
    ($($name:literal),+) => {
        [$((
            $name,
            include_str!(concat!("../../../../fixtures/vectors/rfc8785/", $name, ".input.json")),
            include_str!(concat!("../../../../fixtures/vectors/rfc8785/", $name, ".output.json")),
        )),+]
    };
}

#[test]
fn canonical_json_as_published_with_rfc_8785() {
    let pairs = pairs!["arrays", "french", "structures", "unicode", "values", "weird", "example", "sorting"];
    for (name, input, output) in pairs {
        let value: Value = serde_json::from_str(input).unwrap();
        assert_eq!(String::from_utf8(canonical_json(&value).unwrap()).unwrap(), output, "{name}");
        let again: Value = serde_json::from_str(output).unwrap();
        assert_eq!(canonical_json(&again).unwrap(), output.as_bytes(), "{name} is not stable");
    }
}

#[test]
fn numbers_as_rfc_8785_appendix_b_prints_them() {
    let printed: [(u64, Option<&str>); 26] = [
        (0x0000_0000_0000_0000, Some("0")),
        (0x8000_0000_0000_0000, Some("0")),
        (0x0000_0000_0000_0001, Some("5e-324")),
        (0x8000_0000_0000_0001, Some("-5e-324")),
        (0x7fef_ffff_ffff_ffff, Some("1.7976931348623157e+308")),
        (0xffef_ffff_ffff_ffff, Some("-1.7976931348623157e+308")),
        (0x4340_0000_0000_0000, Some("9007199254740992")),
        (0xc340_0000_0000_0000, Some("-9007199254740992")),
        (0x4430_0000_0000_0000, Some("295147905179352830000")),
        (0x7fff_ffff_ffff_ffff, None),
        (0x7ff0_0000_0000_0000, None),
        (0x44b5_2d02_c7e1_4af5, Some("9.999999999999997e+22")),
        (0x44b5_2d02_c7e1_4af6, Some("1e+23")),
        (0x44b5_2d02_c7e1_4af7, Some("1.0000000000000001e+23")),
        (0x444b_1ae4_d6e2_ef4e, Some("999999999999999700000")),
        (0x444b_1ae4_d6e2_ef4f, Some("999999999999999900000")),
        (0x444b_1ae4_d6e2_ef50, Some("1e+21")),
        (0x3eb0_c6f7_a0b5_ed8c, Some("9.999999999999997e-7")),
        (0x3eb0_c6f7_a0b5_ed8d, Some("0.000001")),
        (0x41b3_de43_5555_5553, Some("333333333.3333332")),
        (0x41b3_de43_5555_5554, Some("333333333.33333325")),
        (0x41b3_de43_5555_5555, Some("333333333.3333333")),
        (0x41b3_de43_5555_5556, Some("333333333.3333334")),
        (0x41b3_de43_5555_5557, Some("333333333.33333343")),
        (0xbecb_f647_612f_3696, Some("-0.0000033333333333333333")),
        (0x4314_3ff3_c1cb_0959, Some("1424953923781206.2")),
    ];
    for (bits, expected) in printed {
        let text = canonical_json(&f64::from_bits(bits)).ok();
        let text = text.map(|json| String::from_utf8(json).unwrap());
        assert_eq!(text.as_deref(), expected, "{bits:016x}");
    }
}

#[test]
fn base64_and_hexadecimal_as_rfc_4648_10_prints_them() {
    for (bytes, in_base64, in_hex) in [
        ("", "", ""),
        ("f", "Zg==", "66"),
        ("fo", "Zm8=", "666f"),
        ("foo", "Zm9v", "666f6f"),
        ("foob", "Zm9vYg==", "666f6f62"),
        ("fooba", "Zm9vYmE=", "666f6f6261"),
        ("foobar", "Zm9vYmFy", "666f6f626172"),
    ] {
        assert_eq!(base64(bytes.as_bytes()), in_base64);
        assert_eq!(base64url(bytes.as_bytes()), in_base64.trim_end_matches('='));
        assert_eq!(hex(bytes.as_bytes()), in_hex);
    }
}

#[test]
fn base64url_as_rfc_7515_appendix_c_prints_it() {
    assert_eq!(base64url(&[3, 236, 255, 224, 193]), "A-z_4ME");
}
