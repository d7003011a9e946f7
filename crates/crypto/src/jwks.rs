//! RSA keys: read, checked, shown to others.
//!
//! Parsing is `rsa`'s, every operation is `aws-lc-rs`'s.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{
        KeySize, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
    },
    signature::{
        KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA512, RsaKeyPair,
        UnparsedPublicKey,
    },
};
use rsa::{
    pkcs1,
    pkcs8::{
        self, Document, LineEnding, SecretDocument,
        der::{Decode as _, asn1::UintRef},
        spki::SubjectPublicKeyInfoRef,
    },
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    KeyError, counted,
    digest::{base64url, base64url_decode, sha256},
};

const PKCS1_PUBLIC: &str = "RSA PUBLIC KEY";
const SPKI: &str = "PUBLIC KEY";
const PKCS1_PRIVATE: &str = "RSA PRIVATE KEY";
const PKCS8: &str = "PRIVATE KEY";

/// An RSA public key of exactly 2048 bits that passed all checks; cheap to clone.
#[derive(Clone)]
pub struct RsaPublicKey(Arc<Public>);

struct Public {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    pkcs1: Document,
    spki: Document,
    verifying: ParsedPublicKey,
    oaep: OaepPublicEncryptingKey,
}

impl RsaPublicKey {
    /// Reads PEM of either form: `RSA PUBLIC KEY` (PKCS#1) or `PUBLIC KEY` (`SubjectPublicKeyInfo`).
    ///
    /// White space around the block is forgiven, text and further blocks are not.
    pub fn parse_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, document) = Document::from_pem(single_block(pem)?).map_err(|_| KeyError::Pem)?;
        match label {
            PKCS1_PUBLIC => Self::from_pkcs1(document.as_bytes()),
            SPKI => Self::from_spki(document.as_bytes()),
            label if label.ends_with("PRIVATE KEY") => Err(KeyError::Private),
            label => Err(wrong_label(label, "PUBLIC KEY or RSA PUBLIC KEY")),
        }
    }

    /// Reads an entry of a JWKS (RFC 7517; RFC 7518, section 6.3.1): `kty` RSA, `n` and `e` in base64url without
    /// padding. What else the entry says, `alg`, `use` and `kid`, is the caller's to judge; a private key is refused.
    pub fn parse_jwk(jwk: &Value) -> Result<Self, KeyError> {
        if jwk["kty"] != "RSA" {
            return Err(KeyError::Jwk("kty must be RSA"));
        }
        if jwk.get("d").is_some() {
            return Err(KeyError::Private);
        }
        let modulus = jwk_number(jwk, "n").ok_or(KeyError::Jwk("n must be a number in base64url"))?;
        let exponent = jwk_number(jwk, "e").ok_or(KeyError::Jwk("e must be a number in base64url"))?;
        check_modulus(&modulus)?;
        check_exponent(&exponent)?;
        let number = |bytes| UintRef::new(bytes).map_err(|_| KeyError::Invalid);
        let key = pkcs1::RsaPublicKey { modulus: number(&modulus)?, public_exponent: number(&exponent)? };
        Self::from_checked(&key)
    }

    /// PEM with the label `PUBLIC KEY` (`SubjectPublicKeyInfo`), which nearly everything reads.
    #[must_use]
    pub fn to_spki_pem(&self) -> String {
        self.0.spki.to_pem(SPKI, LineEnding::LF).expect("DER of known length encodes")
    }

    /// PEM with the label `RSA PUBLIC KEY` (PKCS#1), which postbox clients insist on.
    #[must_use]
    pub fn to_pkcs1_pem(&self) -> String {
        self.0.pkcs1.to_pem(PKCS1_PUBLIC, LineEnding::LF).expect("DER of known length encodes")
    }

    /// DER of `RSAPublicKey` (PKCS#1).
    #[must_use]
    pub fn to_pkcs1_der(&self) -> Vec<u8> {
        self.0.pkcs1.to_vec()
    }

    /// RFC 7638 thumbprint: base64url of SHA-256, 43 characters, the same for every spelling of the key.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let members = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, self.exponent(), self.modulus());
        base64url(&sha256(members.as_bytes()))
    }

    /// The key as an entry of a JWKS, with the member `pem` that digi.me's SDKs need.
    #[must_use]
    pub fn jwk(&self, alg: &str, kid: &str, usage: &str) -> Value {
        json!({
            "kty": "RSA",
            "n": self.modulus(),
            "e": self.exponent(),
            "alg": alg,
            "use": usage,
            "kid": kid,
            "pem": self.to_spki_pem(),
        })
    }

    /// Whether this key's owner signed `message`: RSASSA-PSS, SHA-512, MGF1 with SHA-512, 64 bytes of salt.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        counted::RSA_VERIFIED.add();
        self.0.verifying.verify_sig(message, signature).is_ok()
    }

    /// Whether this key's owner signed `message`: RSASSA-PKCS1-v1_5 with SHA-256.
    pub(crate) fn has_signed_rs256(&self, message: &[u8], signature: &[u8]) -> bool {
        counted::RSA_VERIFIED.add();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.0.pkcs1.as_bytes())
            .verify(message, signature)
            .is_ok()
    }

    pub(crate) fn oaep(&self) -> &OaepPublicEncryptingKey {
        &self.0.oaep
    }

    fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::Der)?;
        spki.algorithm.assert_algorithm_oid(pkcs1::ALGORITHM_OID).map_err(|_| KeyError::Der)?;
        let key = spki.subject_public_key.as_bytes().ok_or(KeyError::Der)?;
        Self::from_pkcs1(key)
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let key = pkcs1::RsaPublicKey::from_der(der).map_err(|_| KeyError::Der)?;
        let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
        check_modulus(modulus)?;
        check_exponent(exponent)?;
        Self::from_checked(&key)
    }

    fn from_checked(key: &pkcs1::RsaPublicKey<'_>) -> Result<Self, KeyError> {
        let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
        let pkcs1 = Document::try_from(key).map_err(|_| KeyError::Der)?;
        let oaep = PublicEncryptingKey::from_der(&spki_of(&pkcs1)?.to_vec())
            .map_err(|_| KeyError::Invalid)
            .and_then(|key| OaepPublicEncryptingKey::new(key).map_err(|_| KeyError::Invalid))?;
        let verifying = ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA512, pkcs1.as_bytes())
            .map_err(|_| KeyError::Invalid)?;
        Ok(Self(Arc::new(Public {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
            spki: spki_of(&pkcs1)?,
            pkcs1,
            verifying,
            oaep,
        })))
    }

    /// A key of any size, for published vectors.
    #[cfg(test)]
    pub(crate) fn unchecked(der: &[u8]) -> Self {
        Self::from_checked(&pkcs1::RsaPublicKey::from_der(der).unwrap()).unwrap()
    }

    fn modulus(&self) -> String {
        base64url(&self.0.modulus)
    }

    fn exponent(&self) -> String {
        base64url(&self.0.exponent)
    }
}

impl PartialEq for RsaPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.pkcs1.as_bytes() == other.0.pkcs1.as_bytes()
    }
}

impl Eq for RsaPublicKey {}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({})", self.thumbprint())
    }
}

/// An RSA private key of exactly 2048 bits; cheap to clone, never printed.
#[derive(Clone)]
pub struct RsaPrivateKey(Arc<Private>);

struct Private {
    signing: RsaKeyPair,
    oaep: OaepPrivateDecryptingKey,
    public: RsaPublicKey,
}

impl RsaPrivateKey {
    /// Makes a key pair, and its private half as PKCS#1 PEM to be kept or handed over.
    ///
    /// Takes about a tenth of a second: not for an async thread. The cryptographic library draws from its own random
    /// source, as it lets nobody choose.
    pub fn generate() -> Result<(Self, Zeroizing<String>), KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generation)?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Generation)?;
        let info = pkcs8::PrivateKeyInfo::from_der(pkcs8.as_ref()).map_err(|_| KeyError::Generation)?;
        let pem = SecretDocument::try_from(info.private_key)
            .and_then(|document| document.to_pem(PKCS1_PRIVATE, LineEnding::LF))
            .map_err(|_| KeyError::Generation)?;
        Ok((Self::from_pair(pair)?, pem))
    }

    /// Reads PEM of either form: `RSA PRIVATE KEY` (PKCS#1) or `PRIVATE KEY` (PKCS#8), without passphrase.
    pub fn parse_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, document) = SecretDocument::from_pem(single_block(pem)?).map_err(|_| KeyError::Pem)?;
        let pair = match label {
            PKCS1_PRIVATE => RsaKeyPair::from_der(document.as_bytes()),
            PKCS8 => RsaKeyPair::from_pkcs8(document.as_bytes()),
            label => return Err(wrong_label(label, "RSA PRIVATE KEY or PRIVATE KEY")),
        };
        Self::from_pair(pair.map_err(|_| KeyError::Der)?)
    }

    /// The half that everybody may have.
    #[must_use]
    pub fn public(&self) -> &RsaPublicKey {
        &self.0.public
    }

    pub(crate) fn pair(&self) -> &RsaKeyPair {
        &self.0.signing
    }

    pub(crate) fn oaep(&self) -> &OaepPrivateDecryptingKey {
        &self.0.oaep
    }

    fn from_pair(signing: RsaKeyPair) -> Result<Self, KeyError> {
        let public = RsaPublicKey::from_pkcs1(signing.public_key().as_ref())?;
        let pkcs8: Pkcs8V1Der<'_> = signing.as_der().map_err(|_| KeyError::Invalid)?;
        let oaep = PrivateDecryptingKey::from_pkcs8(pkcs8.as_ref())
            .map_err(|_| KeyError::Invalid)
            .and_then(|key| OaepPrivateDecryptingKey::new(key).map_err(|_| KeyError::Invalid))?;
        Ok(Self(Arc::new(Private { signing, oaep, public })))
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivateKey([REDACTED], public: {})", self.public().thumbprint())
    }
}

/// The PEM block without the white space around it; text in front of it, which parsers skip, is refused.
fn single_block(pem: &str) -> Result<&str, KeyError> {
    let block = pem.trim();
    if block.starts_with("-----BEGIN ") { Ok(block) } else { Err(KeyError::Pem) }
}

fn wrong_label(found: &str, expected: &'static str) -> KeyError {
    KeyError::Label { found: found.chars().take(64).collect(), expected }
}

/// A member of a JWK that is a number: its bytes, the highest first, without leading zeros.
fn jwk_number(jwk: &Value, member: &str) -> Option<Vec<u8>> {
    let bytes = base64url_decode(jwk[member].as_str()?).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec()).filter(|bytes| !bytes.is_empty())
}

fn check_modulus(modulus: &[u8]) -> Result<(), KeyError> {
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if bits != 2048 {
        return Err(KeyError::Size { bits });
    }
    if modulus[modulus.len() - 1].is_multiple_of(2) { Err(KeyError::Invalid) } else { Ok(()) }
}

fn check_exponent(exponent: &[u8]) -> Result<(), KeyError> {
    if exponent.len() > 8 {
        return Err(KeyError::Exponent);
    }
    let value = exponent.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let fits = (65_537..1 << 33).contains(&value) && value % 2 == 1;
    if fits { Ok(()) } else { Err(KeyError::Exponent) }
}

fn spki_of(pkcs1: &Document) -> Result<Document, KeyError> {
    let subject_public_key =
        pkcs8::der::asn1::BitStringRef::from_bytes(pkcs1.as_bytes()).map_err(|_| KeyError::Der)?;
    let spki = SubjectPublicKeyInfoRef { algorithm: pkcs1::ALGORITHM_ID, subject_public_key };
    Document::try_from(spki).map_err(|_| KeyError::Der)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{APP_PEM, APP_PUBLIC_PEM, app, other_app};

    /// PEM of whatever bytes, as strangers send it.
    fn pem(label: &'static str, der: &[u8]) -> String {
        pkcs8::der::pem::encode_string(label, LineEnding::LF, der).unwrap()
    }

    fn public_pem(modulus: &[u8], exponent: &[u8]) -> String {
        let number = |bytes| pkcs8::der::asn1::UintRef::new(bytes).unwrap();
        let key = pkcs1::RsaPublicKey { modulus: number(modulus), public_exponent: number(exponent) };
        pem(PKCS1_PUBLIC, Document::try_from(key).unwrap().as_bytes())
    }

    #[test]
    fn every_form_of_a_key_is_the_same_key() {
        let key = RsaPublicKey::parse_pem(APP_PUBLIC_PEM).unwrap();
        assert_eq!(key.to_spki_pem(), APP_PUBLIC_PEM);
        assert_eq!(RsaPublicKey::parse_pem(&key.to_pkcs1_pem()).unwrap(), key);
        assert!(key.to_pkcs1_pem().starts_with("-----BEGIN RSA PUBLIC KEY-----\nMII"));
        assert_eq!(RsaPublicKey::parse_pem(&APP_PUBLIC_PEM.replace('\n', "\r\n")).unwrap(), key);
        assert_eq!(RsaPublicKey::parse_pem(&format!("\n {APP_PUBLIC_PEM}\n\n")).unwrap(), key);
        assert_eq!(app().public(), &key);
        assert_ne!(other_app().public(), &key);
    }

    #[test]
    fn the_example_of_rfc_7638_has_the_printed_thumbprint() {
        let modulus = concat!(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK",
            "RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic",
            "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3",
            "XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        );
        let key =
            RsaPublicKey::parse_pem(&public_pem(&base64url_decode(modulus).unwrap(), &[1, 0, 1])).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let jwk = key.jwk("PS512", "k1", "sig");
        assert_eq!((&jwk["n"], &jwk["e"], &jwk["kid"]), (&modulus.into(), &"AQAB".into(), &"k1".into()));
        assert_eq!(RsaPublicKey::parse_pem(jwk["pem"].as_str().unwrap()).unwrap(), key);
    }

    #[test]
    fn a_key_comes_back_from_its_jwk() {
        let key = app().public().clone();
        let jwk = key.jwk("RS256", "k1", "sig");
        assert_eq!(RsaPublicKey::parse_jwk(&jwk), Ok(key.clone()));
        assert_eq!(RsaPublicKey::parse_jwk(&json!({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]})), Ok(key));
    }

    #[test]
    fn a_jwk_that_is_no_public_rsa_key_of_2048_bits_is_refused() {
        let jwk = app().public().jwk("RS256", "k1", "sig");
        let with = |member: &str, value: Value| {
            let mut changed = jwk.clone();
            changed[member] = value;
            RsaPublicKey::parse_jwk(&changed).unwrap_err()
        };
        assert_eq!(with("d", json!("AQAB")), KeyError::Private);
        for (member, value) in [("kty", json!("EC")), ("n", json!("*")), ("n", json!(7)), ("e", json!("AA"))]
        {
            assert!(matches!(with(member, value.clone()), KeyError::Jwk(_)), "{member} {value}");
        }
        assert_eq!(with("n", json!("AQAB")), KeyError::Size { bits: 17 });
        assert_eq!(with("e", json!("Aw")), KeyError::Exponent);
        assert!(RsaPublicKey::parse_jwk(&json!("text")).is_err());
    }

    #[test]
    fn keys_of_other_sizes_and_odd_shapes_are_refused_with_a_reason() {
        let odd = |len: usize| vec![0xc1; len];
        for (len, bits) in [(128, 1024), (255, 2040), (257, 2056), (384, 3072), (512, 4096), (1024, 8192)] {
            let key = public_pem(&odd(len), &[1, 0, 1]);
            assert_eq!(RsaPublicKey::parse_pem(&key), Err(KeyError::Size { bits }));
        }
        let mut small = odd(256);
        small[0] = 0x7f;
        assert_eq!(
            RsaPublicKey::parse_pem(&public_pem(&small, &[1, 0, 1])),
            Err(KeyError::Size { bits: 2047 })
        );
        let mut even = odd(256);
        even[255] = 0xc0;
        assert_eq!(RsaPublicKey::parse_pem(&public_pem(&even, &[1, 0, 1])), Err(KeyError::Invalid));
        for exponent in [&[1][..], &[3], &[1, 0, 0], &[0xff, 0xff], &[2, 0, 0, 0, 1], &[1; 9], &[1; 256]] {
            let key = public_pem(&odd(256), exponent);
            assert_eq!(RsaPublicKey::parse_pem(&key), Err(KeyError::Exponent), "{exponent:?}");
        }
    }

    #[test]
    fn a_private_key_is_not_taken_for_a_public_one() {
        assert_eq!(RsaPublicKey::parse_pem(APP_PEM), Err(KeyError::Private));
        for label in ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY"] {
            assert_eq!(RsaPublicKey::parse_pem(&pem(label, &[0x30, 0])), Err(KeyError::Private));
        }
        assert!(matches!(RsaPrivateKey::parse_pem(APP_PUBLIC_PEM), Err(KeyError::Label { .. })));
        let certificate = RsaPublicKey::parse_pem(&pem("CERTIFICATE", &[0x30, 0])).unwrap_err();
        let message = "the PEM block holds \"CERTIFICATE\"; expected PUBLIC KEY or RSA PUBLIC KEY";
        assert_eq!(certificate.to_string(), message);
    }

    #[test]
    fn anything_around_or_behind_the_key_is_refused() {
        for wrong in [
            String::new(),
            "hello".to_owned(),
            format!("hello\n{APP_PUBLIC_PEM}"),
            format!("{APP_PUBLIC_PEM}hello"),
            format!("{APP_PUBLIC_PEM}{APP_PUBLIC_PEM}"),
            APP_PUBLIC_PEM.replace("END PUBLIC", "END RSA PUBLIC"),
            APP_PUBLIC_PEM.replacen('M', "*", 1),
        ] {
            assert_eq!(RsaPublicKey::parse_pem(&wrong), Err(KeyError::Pem), "{wrong}");
        }
        let key = app().public().clone();
        let trailing = |der: &[u8]| [der, &[0]].concat();
        for (label, der) in [
            (PKCS1_PUBLIC, trailing(&key.to_pkcs1_der())),
            (SPKI, trailing(key.0.spki.as_bytes())),
            (SPKI, key.to_pkcs1_der()),
            (PKCS1_PUBLIC, key.0.spki.to_vec()),
        ] {
            let refused = RsaPublicKey::parse_pem(&pem(label, &der)).unwrap_err();
            assert!(matches!(refused, KeyError::Der | KeyError::Pem), "{refused}");
        }
    }

    #[test]
    fn a_generated_key_comes_back_from_its_pem() {
        let (key, pem) = RsaPrivateKey::generate().unwrap();
        assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
        assert_eq!(RsaPrivateKey::parse_pem(&pem).unwrap().public(), key.public());
        let pkcs8: Pkcs8V1Der<'_> = key.pair().as_der().unwrap();
        let pkcs8 = SecretDocument::try_from(pkcs8.as_ref()).unwrap().to_pem(PKCS8, LineEnding::LF).unwrap();
        assert_eq!(RsaPrivateKey::parse_pem(&pkcs8).unwrap().public(), key.public());
        assert!(!format!("{key:?}").contains(&pem[40..60]));
    }

    #[test]
    fn damaged_private_keys_are_refused() {
        let (_, document) = SecretDocument::from_pem(APP_PEM).unwrap();
        let der = document.as_bytes();
        for place in (0..der.len()).step_by(97) {
            let mut damaged = der.to_vec();
            damaged[place] ^= 0x10;
            assert!(RsaPrivateKey::parse_pem(&pem(PKCS1_PRIVATE, &damaged)).is_err(), "byte {place}");
        }
    }

    #[test]
    fn keys_may_be_shared_between_threads() {
        fn assert_shared<T: Send + Sync>() {}
        assert_shared::<RsaPublicKey>();
        assert_shared::<RsaPrivateKey>();
    }
}
