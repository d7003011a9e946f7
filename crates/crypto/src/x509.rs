//! Contract certificates in X.509 form (`protocol/digime.md` §11.3): the contract's JSON inside an extension.

use std::time::Duration;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use chrono::{DateTime, Utc};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, PublicKeyData, SerialNumber,
    SignatureAlgorithm, SigningKey, date_time_ymd,
};
use rsa::pkcs8::der::{Encode as _, asn1::Utf8StringRef};

use crate::{CertificateError, RsaPrivateKey, digest::sha256};

/// Holds the contract's JSON as a DER `UTF8String`.
pub const CONTRACT_EXTENSION: [u64; 7] = [1, 2, 826, 0, 1, 6_861_219, 1];

/// A self-signed certificate over a contract's JSON: DER, RSA with SHA-256, the extension not critical.
///
/// The same contract and dates give the same bytes.
pub fn contract_certificate(
    signing: &RsaPrivateKey,
    contract_json: &str,
    common_name: &str,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
) -> Result<Vec<u8>, CertificateError> {
    let content = Utf8StringRef::new(contract_json).and_then(|text| text.to_der());
    let content = content.map_err(|_| CertificateError::Failed)?;
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(not_before)?;
    params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(not_after)?;
    params.serial_number = Some(serial_number(contract_json, not_before));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.custom_extensions = vec![CustomExtension::from_oid_content(&CONTRACT_EXTENSION, content)];
    let certificate = params.self_signed(&Signer(signing)).map_err(|_| CertificateError::Failed)?;
    Ok(certificate.der().to_vec())
}

fn since_epoch(moment: DateTime<Utc>) -> Result<Duration, CertificateError> {
    const END_OF_9999: u64 = 253_402_300_799;
    let seconds = u64::try_from(moment.timestamp()).ok().filter(|seconds| *seconds <= END_OF_9999);
    seconds.map(Duration::from_secs).ok_or(CertificateError::Moment)
}

/// 127 bits that differ from contract to contract, positive and of one length.
fn serial_number(contract_json: &str, not_before: DateTime<Utc>) -> SerialNumber {
    let text = format!("{} {contract_json}", not_before.timestamp());
    let mut serial: Vec<u8> = sha256(text.as_bytes())[..16].to_vec();
    serial[0] = serial[0] & 0x7f | 0x40;
    serial.into()
}

/// Our key in the form that `rcgen` signs with.
struct Signer<'a>(&'a RsaPrivateKey);

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.pair().public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let pair = self.0.pair();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::app;

    fn moment(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn certificate(json: &str) -> Vec<u8> {
        contract_certificate(&app(), json, "Health diary", moment(1_780_315_200), moment(1_811_851_200))
            .unwrap()
    }

    fn contains(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn the_extension_holds_the_contract_as_a_utf8_string() {
        let json = r#"{"name":"Gesundheitstagebuch für Ärzte"}"#;
        let der = certificate(json);
        // 1.2.826.0.1.6861219.1, then (not critical) an OCTET STRING with a UTF8String.
        let len = u8::try_from(json.len()).unwrap();
        let oid = [0x06, 0x0a, 0x2a, 0x86, 0x3a, 0x00, 0x01, 0x83, 0xa2, 0xe3, 0x23, 0x01];
        let wrapped = [&oid[..], &[0x04, len + 2, 0x0c, len], json.as_bytes()].concat();
        assert!(contains(&der, &wrapped));
        assert!(contains(&der, b"Health diary") && contains(&der, b"260601120000Z"));
        let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(70_000));
        assert!(contains(&certificate(&long), long.as_bytes()));
    }

    #[test]
    fn the_certificate_is_one_der_value_signed_by_its_own_key() {
        use rsa::pkcs8::der::{Any, Decode, Reader, SliceReader, asn1::BitString};

        let der = certificate("{}");
        let outer = Any::from_der(&der).unwrap();
        let mut parts = SliceReader::new(outer.value()).unwrap();
        let signed = parts.tlv_bytes().unwrap();
        parts.tlv_bytes().unwrap();
        let signature = BitString::decode(&mut parts).unwrap();
        let key = app().public().to_pkcs1_der();
        let key = aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
            key,
        );
        assert!(key.verify(signed, signature.raw_bytes()).is_ok());
    }

    #[test]
    fn the_same_contract_gives_the_same_certificate() {
        assert_eq!(certificate("{}"), certificate("{}"));
        assert_ne!(certificate("{}"), certificate("[]"));
    }

    #[test]
    fn moments_outside_the_calendar_are_refused() {
        for (from, to) in [(-1, 0), (0, 253_402_300_800)] {
            let refused = contract_certificate(&app(), "{}", "x", moment(from), moment(to));
            assert!(matches!(refused, Err(CertificateError::Moment)));
        }
    }
}
