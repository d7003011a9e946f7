//! Symmetric keys, and the secrets that people and apps hold.

use std::fmt;

use aws_lc_rs::hkdf;
use consent_core::Ambient;
use zeroize::Zeroizing;

use crate::{
    OpenError, SecretError,
    digest::{base64url, base64url_decode, constant_time_eq, hex},
    framing::framed,
};

/// A 256-bit symmetric key: on the heap, wiped when dropped, never printed.
#[derive(Clone)]
pub struct Key(Box<Zeroizing<[u8; 32]>>);

impl Key {
    /// A fresh random key.
    #[must_use]
    pub fn generate(ambient: &Ambient) -> Self {
        let mut key = Self::zero();
        ambient.fill(&mut key.0[..]);
        key
    }

    /// The key that these 32 bytes are.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, OpenError> {
        let mut key = Self::zero();
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| OpenError)?;
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    /// The key for one purpose; another purpose or other parts give an unrelated key.
    ///
    /// HKDF-SHA-256 (RFC 5869) without salt; info is purpose and parts, each behind its length.
    #[must_use]
    pub fn derive(&self, purpose: &str, parts: &[&[u8]]) -> Self {
        hkdf_sha256(self.expose(), &[&[purpose.as_bytes()], parts].concat())
    }

    /// The bytes of the key, for whoever is about to use them.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    fn zero() -> Self {
        Self(Box::new(Zeroizing::new([0; 32])))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([REDACTED])")
    }
}

/// A fingerprint under which a secret is found again; compared in constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest that these 32 bytes are.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, OpenError> {
        bytes.try_into().map(Self).map_err(|_| OpenError)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    fn of(key: &Key) -> Self {
        Self(*key.expose())
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password's verifier is one of these, and helps to guess it.
        f.write_str("Digest([REDACTED])")
    }
}

/// What a secret is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// Carries a person from the app to the consent page.
    PreauthorizationCode,
    /// Carries a person who returns to add or reauthorise.
    ReferenceCode,
    /// Carries the person's yes back to the app, which exchanges it for tokens.
    AuthorizationCode,
    /// Lets an app act for one grant.
    AccessToken,
    /// Gives an app the next pair of tokens.
    RefreshToken,
    /// Names a session, and up to v1.6 opens it.
    Session,
    /// Lets a developer's program manage contracts.
    ApiKey,
    /// Lets an operator in.
    OperatorToken,
    /// Keeps a person signed in.
    SignIn,
    /// Opens a library when the password is lost; written down by its owner.
    RecoveryCode,
    /// Points at something for a short while, without being good for anything else.
    Handle,
    /// Lets an app record and read consent events for a while, in place of its API key.
    LogToken,
    /// Gives an app the next such token.
    LogRefreshToken,
}

impl SecretKind {
    /// What its text begins with, for people and for scanners of leaked secrets; a recovery code has none.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::PreauthorizationCode => "cap_",
            Self::ReferenceCode => "crf_",
            Self::AuthorizationCode => "cac_",
            Self::AccessToken => "cat_",
            Self::RefreshToken => "crt_",
            Self::Session => "cas_",
            Self::ApiKey => "cak_",
            Self::OperatorToken => "cao_",
            Self::SignIn => "csi_",
            Self::RecoveryCode => "",
            Self::Handle => "cah_",
            Self::LogToken => "cla_",
            Self::LogRefreshToken => "clr_",
        }
    }

    /// The name that goes into derivations: part of the format, never to be changed.
    fn name(self) -> &'static [u8] {
        match self {
            Self::PreauthorizationCode => b"preauthorization code",
            Self::ReferenceCode => b"reference code",
            Self::AuthorizationCode => b"authorization code",
            Self::AccessToken => b"access token",
            Self::RefreshToken => b"refresh token",
            Self::Session => b"session",
            Self::ApiKey => b"api key",
            Self::OperatorToken => b"operator token",
            Self::SignIn => b"sign-in",
            Self::RecoveryCode => b"recovery code",
            Self::Handle => b"handle",
            Self::LogToken => b"log token",
            Self::LogRefreshToken => b"log refresh token",
        }
    }

    fn may_have_family(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::AccessToken | Self::RefreshToken)
    }

    fn is_len(self, bytes: usize) -> bool {
        match self {
            Self::RecoveryCode => bytes == RECOVERY_LEN,
            _ => bytes == RANDOM_LEN || (self.may_have_family() && bytes == Family::LEN + RANDOM_LEN),
        }
    }
}

const RANDOM_LEN: usize = 32;
const RECOVERY_LEN: usize = 20;

/// What tokens that descend from one consent have in common: 128 random bits in front of each of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Family([u8; Self::LEN]);

impl Family {
    const LEN: usize = 16;

    /// A new family.
    #[must_use]
    pub fn generate(ambient: &Ambient) -> Self {
        Self(ambient.random())
    }

    /// Under which the family is found again.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&hkdf_sha256(&self.0, &[b"find", b"family"]))
    }
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Family([REDACTED])")
    }
}

/// A secret as its holder has it; the server keeps `digest()` and what `slot_key(row)` wraps.
///
/// The text is a prefix and base64url of 32 random bytes, behind the 16 bytes of a [`Family`] where there is one. A
/// recovery code is 20 random bytes in Crockford's base32, in groups of four.
#[derive(Clone)]
pub struct Secret {
    kind: SecretKind,
    bytes: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// A fresh secret without family.
    #[must_use]
    pub fn generate(kind: SecretKind, ambient: &Ambient) -> Self {
        let len = if kind == SecretKind::RecoveryCode { RECOVERY_LEN } else { RANDOM_LEN };
        let mut bytes = Zeroizing::new(vec![0; len]);
        ambient.fill(&mut bytes);
        Self { kind, bytes }
    }

    /// A fresh secret of a family.
    ///
    /// # Panics
    ///
    /// Unless `kind` is a kind that may have one: authorization code, access token, refresh token.
    #[must_use]
    pub fn generate_in(kind: SecretKind, family: &Family, ambient: &Ambient) -> Self {
        assert!(kind.may_have_family(), "only codes and tokens have families");
        let random = Self::generate(kind, ambient);
        Self { kind, bytes: Zeroizing::new([&family.0[..], &random.bytes].concat()) }
    }

    /// The secret that the text spells; only the spelling that [`Secret::expose`] gives is accepted.
    ///
    /// A recovery code is typed by hand: case, spaces and dashes do not matter, nor do o for 0 and i or l for 1.
    pub fn parse(kind: SecretKind, text: &str) -> Result<Self, SecretError> {
        let bytes = match kind {
            SecretKind::RecoveryCode => crockford_decode(text),
            _ => text.strip_prefix(kind.prefix()).and_then(|text| base64url_decode(text).ok()),
        };
        let bytes = Zeroizing::new(bytes.ok_or(SecretError)?);
        if kind.is_len(bytes.len()) { Ok(Self { kind, bytes }) } else { Err(SecretError) }
    }

    /// Under which its row is found again; says nothing about the secret or its slot key.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.hkdf(b"find", &[]))
    }

    /// The key that wraps what this secret opens in one row.
    #[must_use]
    pub fn slot_key(&self, row: &str) -> Key {
        self.hkdf(b"slot", row.as_bytes())
    }

    /// A key for another purpose, unrelated to digest and slot keys.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Key {
        self.hkdf(b"purpose", purpose.as_bytes())
    }

    /// The family it belongs to.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        let front = self.bytes.len().checked_sub(RANDOM_LEN).and_then(|len| self.bytes.get(..len));
        front.and_then(|family| family.try_into().ok()).map(Family)
    }

    /// What it is good for.
    #[must_use]
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// The text to hand to its holder, once.
    #[must_use]
    pub fn expose(&self) -> String {
        match self.kind {
            SecretKind::RecoveryCode => crockford(&self.bytes),
            kind => format!("{}{}", kind.prefix(), base64url(&self.bytes)),
        }
    }

    fn hkdf(&self, use_for: &[u8], detail: &[u8]) -> Key {
        hkdf_sha256(&self.bytes, &[use_for, self.kind.name(), detail])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({:?}, [REDACTED])", self.kind)
    }
}

/// HKDF-SHA-256 without salt, which is right for input that is random all over.
fn hkdf_sha256(input: &[u8], info: &[&[u8]]) -> Key {
    hkdf(input, &framed(info))
}

pub(crate) fn hkdf(input: &[u8], info: &[u8]) -> Key {
    let mut key = Key::zero();
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(input);
    prk.expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|output| output.fill(&mut key.0[..]))
        .expect("HKDF-SHA-256 has 32 bytes to give");
    key
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Every five bytes as two groups of four characters.
fn crockford(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for five in bytes.chunks_exact(5) {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8_u8).rev() {
            if place % 4 == 3 && !text.is_empty() {
                text.push('-');
            }
            text.push(char::from(CROCKFORD[(bits >> (5 * place) & 31) as usize]));
        }
    }
    text
}

fn crockford_decode(text: &str) -> Option<Vec<u8>> {
    let typed = text.chars().filter(|c| !matches!(c, ' ' | '-'));
    let values: Vec<u64> = typed.map(crockford_value).collect::<Option<_>>()?;
    let eights = values.chunks_exact(8);
    if !eights.remainder().is_empty() {
        return None;
    }
    let five = |eight: &[u64]| eight.iter().fold(0, |bits, value| bits << 5 | value).to_be_bytes();
    Some(eights.flat_map(|eight| five(eight).into_iter().skip(3)).collect())
}

fn crockford_value(typed: char) -> Option<u64> {
    let meant = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    CROCKFORD.iter().position(|known| char::from(*known) == meant).map(|place| place as u64)
}

#[cfg(test)]
mod tests {
    use consent_core::testing::{TestClock, ambient};
    use proptest::prelude::*;

    use super::*;

    const KINDS: [SecretKind; 13] = [
        SecretKind::PreauthorizationCode,
        SecretKind::ReferenceCode,
        SecretKind::AuthorizationCode,
        SecretKind::AccessToken,
        SecretKind::RefreshToken,
        SecretKind::Session,
        SecretKind::ApiKey,
        SecretKind::OperatorToken,
        SecretKind::SignIn,
        SecretKind::RecoveryCode,
        SecretKind::Handle,
        SecretKind::LogToken,
        SecretKind::LogRefreshToken,
    ];

    fn chance() -> Ambient {
        ambient(&TestClock::new(), 1)
    }

    #[test]
    fn a_secret_of_one_kind_is_not_a_secret_of_another() {
        for kind in KINDS {
            let secret = Secret::generate(kind, &chance());
            for other in KINDS {
                let parsed = Secret::parse(other, &secret.expose());
                assert_eq!(parsed.is_ok(), kind == other, "{kind:?} as {other:?}");
            }
        }
    }

    #[test]
    fn the_same_bytes_serve_every_kind_and_purpose_differently() {
        let mut seen: Vec<[u8; 32]> = vec![];
        for kind in KINDS.into_iter().filter(|kind| *kind != SecretKind::RecoveryCode) {
            let secret = Secret { kind, bytes: Zeroizing::new(vec![7; 32]) };
            seen.push(*secret.digest().as_bytes());
            seen.extend(["", "row1", "row2"].map(|row| *secret.slot_key(row).expose()));
            seen.extend(["", "row1"].map(|purpose| *secret.derive(purpose).expose()));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn families_are_carried_by_codes_and_tokens_only() {
        let ambient = chance();
        let family = Family::generate(&ambient);
        let access = Secret::generate_in(SecretKind::AccessToken, &family, &ambient);
        let refresh = Secret::generate_in(SecretKind::RefreshToken, &family, &ambient);
        let parsed = Secret::parse(SecretKind::AccessToken, &access.expose()).unwrap();
        assert_eq!(parsed.family(), Some(family.clone()));
        assert_eq!(parsed.family().unwrap().digest(), refresh.family().unwrap().digest());
        assert_eq!(parsed.digest(), access.digest());
        assert_eq!(access.expose().len(), "cat_".len() + 64);
        assert_eq!(Secret::generate(SecretKind::AccessToken, &ambient).family(), None);
        assert_eq!(Secret::generate(SecretKind::RecoveryCode, &ambient).family(), None);

        let long = format!("csi_{}", base64url(&[1; 48]));
        assert!(Secret::parse(SecretKind::SignIn, &long).is_err());
    }

    #[test]
    #[should_panic(expected = "only codes and tokens have families")]
    fn a_sign_in_has_no_family() {
        let _ = Secret::generate_in(SecretKind::SignIn, &Family::generate(&chance()), &chance());
    }

    #[test]
    fn only_one_spelling_of_a_token_is_accepted() {
        let text = Secret::generate(SecretKind::Session, &chance()).expose();
        let body = text.strip_prefix("cas_").unwrap();
        let wrong = [
            String::new(),
            "cas_".to_owned(),
            body.to_owned(),
            format!("CAS_{body}"),
            format!(" {text}"),
            format!("{text}="),
            format!("{text}A"),
            text[..text.len() - 1].to_owned(),
        ];
        for wrong in wrong {
            assert!(Secret::parse(SecretKind::Session, &wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_recovery_code_survives_being_typed() {
        let code = Secret::generate(SecretKind::RecoveryCode, &chance());
        let text = code.expose();
        assert_eq!(text.len(), 39);
        assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4; 8]);
        let sloppy = text.to_lowercase().replace('-', "  ").replace('0', "o").replace('1', "l");
        for typed in [text.clone(), text.replace('-', ""), sloppy] {
            assert_eq!(Secret::parse(SecretKind::RecoveryCode, &typed).unwrap().digest(), code.digest());
        }
        for wrong in [&text[1..], &text.replace('-', "_"), &format!("{text}-0000-0000"), "U", ""] {
            assert!(Secret::parse(SecretKind::RecoveryCode, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn crockford_is_what_his_page_says() {
        assert_eq!(crockford(&[0, 0, 0, 0, 31]), "0000-000Z");
        assert_eq!(crockford(&[0xff; 5]), "ZZZZ-ZZZZ");
        assert_eq!(crockford_decode("0000-0000-0"), None);
        assert_eq!(crockford_decode("oO00 iIlL"), crockford_decode("0000-1111"));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let ambient = chance();
        let token = Secret::generate(SecretKind::AccessToken, &ambient);
        let family = Family::generate(&ambient);
        let printed = format!("{token:?} {:?} {:?} {family:?}", token.digest(), token.slot_key("row"));
        assert_eq!(
            printed,
            "Secret(AccessToken, [REDACTED]) Digest([REDACTED]) Key([REDACTED]) Family([REDACTED])"
        );
    }

    #[test]
    fn derivation_is_hkdf_as_rfc_5869_has_it() {
        // Test case 3 (no salt, no info) with our framing in the place of info.
        let framed = hkdf_sha256(&[0x0b; 22], &[]);
        let expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d";
        assert_eq!(hex(framed.expose()), expected);
    }

    proptest! {
        #[test]
        fn every_recovery_code_parses_back(bytes: [u8; 20]) {
            prop_assert_eq!(crockford_decode(&crockford(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn parsing_anything_at_all_never_panics(text: String) {
            for kind in KINDS {
                let _ = Secret::parse(kind, &text);
            }
        }
    }
}
