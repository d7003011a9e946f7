//! Signed tokens: compact JWS (RFC 7515) with PS512, and with RS256 what third parties' libraries have to read.
//!
//! Whoever reads a token says which algorithm it has to be; the token's own word about that is only compared.
//! What a token says about its own key (`jku`, `x5u`, `jwk`, `x5c`, `kid`) never chooses the key here; the caller
//! names the keys that may have signed.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA512, RsaEncoding},
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    JwsError, RsaPrivateKey, RsaPublicKey, counted,
    digest::{base64url, base64url_decode},
    json::strict_object,
};

/// The longest token that is read, in bytes.
pub const MAX_LEN: usize = 32 * 1024;
/// The longest receipt or signal that is read, in bytes: a receipt repeats all that its contract says, some of it for
/// each of thirty optional parts, and may hold a report.
pub const MAX_STATEMENT_LEN: usize = 512 * 1024;

const DEFAULT_TYPE: &str = "JWT";

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PSS with SHA-512 and 64 bytes of salt: tokens, requests, certificates.
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256: receipts and signals, which every JOSE library is to read (RFC 8417 receivers
    /// and consent receipt viewers know nothing newer).
    Rs256,
}

impl Algorithm {
    /// As `alg` says it (RFC 7518, section 3.1).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
        }
    }

    fn encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Ps512 => &RSA_PSS_SHA512,
            Self::Rs256 => &RSA_PKCS1_SHA256,
        }
    }

    fn max_len(self) -> usize {
        match self {
            Self::Ps512 => MAX_LEN,
            Self::Rs256 => MAX_STATEMENT_LEN,
        }
    }
}

/// Signs claims with PS512, like [`sign_with`].
pub fn sign<T: Serialize + ?Sized>(
    key: &RsaPrivateKey,
    header_extra: &Map<String, Value>,
    claims: &T,
) -> Result<String, JwsError> {
    sign_with(Algorithm::Ps512, key, header_extra, claims)
}

/// Signs claims.
///
/// `header_extra` adds members such as `kid` and `jku`, and replaces `typ`, which is otherwise `JWT`; `alg` is the
/// algorithm's. A salt comes from the cryptographic library's own random source, as it lets nobody choose.
pub fn sign_with<T: Serialize + ?Sized>(
    algorithm: Algorithm,
    key: &RsaPrivateKey,
    header_extra: &Map<String, Value>,
    claims: &T,
) -> Result<String, JwsError> {
    let mut header = header_extra.clone();
    header.entry("typ").or_insert_with(|| DEFAULT_TYPE.into());
    header.insert("alg".to_owned(), algorithm.name().into());
    let header = serde_json::to_vec(&header).map_err(|_| JwsError::Sign)?;
    let claims = serde_json::to_vec(claims).map_err(|_| JwsError::Sign)?;
    if !claims.starts_with(b"{") {
        return Err(JwsError::Sign);
    }
    let mut token = format!("{}.{}", base64url(&header), base64url(&claims));
    let signature = signature(algorithm, key, token.as_bytes())?;
    token.push('.');
    token.push_str(&base64url(&signature));
    Ok(token)
}

fn signature(algorithm: Algorithm, key: &RsaPrivateKey, message: &[u8]) -> Result<Vec<u8>, JwsError> {
    counted::RSA_SIGNED.add();
    let mut signature = vec![0; key.pair().public_modulus_len()];
    key.pair()
        .sign(algorithm.encoding(), &SystemRandom::new(), message, &mut signature)
        .map_err(|_| JwsError::Sign)?;
    Ok(signature)
}

/// A token that is well-formed and that nobody vouches for yet.
#[derive(Clone)]
pub struct Unverified {
    algorithm: Algorithm,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

impl Unverified {
    /// Reads a token whose `typ` is absent or `JWT`.
    ///
    /// Accepts exactly: at most 32 KiB, three parts of base64url without padding, both of the first two a JSON object
    /// without a repeated member name and at most 16 levels deep, `alg` PS512, none of `crit`, `b64` and `zip`.
    pub fn parse(text: &str) -> Result<Self, JwsError> {
        let token = Self::parse_any(text, Algorithm::Ps512)?;
        match token.header.get("typ") {
            None => Ok(token),
            Some(_) => token.of_type(DEFAULT_TYPE),
        }
    }

    /// Reads a PS512 token of another type, such as `at+jwt`, which its `typ` has to say (in any case).
    pub fn parse_typed(text: &str, typ: &str) -> Result<Self, JwsError> {
        Self::parse_with(text, typ, Algorithm::Ps512)
    }

    /// Reads a token of this type and this algorithm and no other; see [`Unverified::parse`]. One with RS256 may be
    /// 512 KiB long.
    pub fn parse_with(text: &str, typ: &str, algorithm: Algorithm) -> Result<Self, JwsError> {
        Self::parse_any(text, algorithm)?.of_type(typ)
    }

    /// The claims, which anybody may have made up; good for finding the keys to verify with, and for nothing else.
    #[must_use]
    pub fn peek(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The key id that the header claims.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// The address of keys that the header claims; never to be fetched without checking it against a known one.
    #[must_use]
    pub fn jku(&self) -> Option<&str> {
        self.header.get("jku").and_then(Value::as_str)
    }

    /// Checks the signature against each key in turn, and says which one made it.
    pub fn verify(self, keys: &[&RsaPublicKey]) -> Result<(usize, Verified), JwsError> {
        let signer = keys.iter().position(|key| {
            let (message, signature) = (self.signed.as_bytes(), self.signature.as_slice());
            match self.algorithm {
                Algorithm::Ps512 => key.has_signed(message, signature),
                Algorithm::Rs256 => key.has_signed_rs256(message, signature),
            }
        });
        let signer = signer.ok_or(JwsError::Signature)?;
        Ok((signer, Verified { header: self.header, claims: self.claims }))
    }

    fn parse_any(text: &str, algorithm: Algorithm) -> Result<Self, JwsError> {
        if text.len() > algorithm.max_len() {
            return Err(JwsError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed("not three parts"))?;
        let (header, claims) = signed.split_once('.').ok_or(JwsError::Malformed("not three parts"))?;
        if claims.contains('.') {
            return Err(JwsError::Malformed("not three parts"));
        }
        let header = strict_object(&decode(header)?).ok_or(JwsError::Malformed("bad header"))?;
        check_header(&header, algorithm)?;
        let claims = strict_object(&decode(claims)?).ok_or(JwsError::Malformed("bad claims"))?;
        Ok(Self { algorithm, header, claims, signed: signed.to_owned(), signature: decode(signature)? })
    }

    fn of_type(self, typ: &str) -> Result<Self, JwsError> {
        let found = self.header.get("typ").and_then(Value::as_str);
        if found.is_some_and(|found| found.eq_ignore_ascii_case(typ)) {
            Ok(self)
        } else {
            Err(JwsError::Type { expected: typ.to_owned() })
        }
    }
}

impl std::fmt::Debug for Unverified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Claims carry tokens and codes.
        f.write_str("Unverified([REDACTED])")
    }
}

/// A token that one of the named keys signed.
#[derive(Clone)]
pub struct Verified {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Verified {
    /// What the signer says.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The signed header.
    #[must_use]
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// What the signer says, to keep.
    #[must_use]
    pub fn into_claims(self) -> Map<String, Value> {
        self.claims
    }
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verified([REDACTED])")
    }
}

fn decode(part: &str) -> Result<Vec<u8>, JwsError> {
    base64url_decode(part).map_err(|_| JwsError::Malformed("not base64url without padding"))
}

fn check_header(header: &Map<String, Value>, algorithm: Algorithm) -> Result<(), JwsError> {
    if let Some(name) = ["crit", "b64", "zip"].into_iter().find(|name| header.contains_key(*name)) {
        return Err(JwsError::Header(name));
    }
    match header.get("alg").and_then(Value::as_str) {
        Some(found) if found == algorithm.name() => Ok(()),
        Some(other) => Err(JwsError::Algorithm { found: other.chars().take(32).collect() }),
        None => Err(JwsError::Malformed("no algorithm")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::{app, other_app};

    fn token() -> String {
        sign(&app(), &Map::new(), &json!({"client_id": "app_contract", "nonce": "n"})).unwrap()
    }

    /// A token with a true signature over whatever header and claims.
    fn signed(header: &str, claims: &str) -> String {
        let input = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
        let signature = signature(Algorithm::Ps512, &app(), input.as_bytes()).unwrap();
        format!("{input}.{}", base64url(&signature))
    }

    fn refused(text: &str) -> JwsError {
        Unverified::parse(text).unwrap_err()
    }

    #[test]
    fn a_token_verifies_with_the_key_that_signed_it_and_says_which() {
        let unverified = Unverified::parse(&token()).unwrap();
        assert_eq!(unverified.peek()["client_id"], "app_contract");
        let (app, other) = (app(), other_app());
        let (index, verified) = unverified.clone().verify(&[other.public(), app.public()]).unwrap();
        assert_eq!((index, &verified.claims()["nonce"]), (1, &json!("n")));
        assert_eq!(verified.header()["alg"], "PS512");
        assert_eq!(unverified.clone().verify(&[other.public()]).unwrap_err(), JwsError::Signature);
        assert_eq!(unverified.verify(&[]).unwrap_err(), JwsError::Signature);
    }

    #[test]
    fn a_change_anywhere_breaks_the_token() {
        let token = token();
        let app = app();
        for place in 0..token.len() {
            for replacement in ["A", "B", "."] {
                let mut changed = token.clone();
                changed.replace_range(place..=place, replacement);
                let verified = Unverified::parse(&changed).and_then(|token| token.verify(&[app.public()]));
                assert_eq!(verified.is_ok(), changed == token, "byte {place}");
            }
        }
    }

    #[test]
    fn the_header_can_be_added_to_and_its_algorithm_not_changed() {
        let extra = json!({"kid": "k1", "jku": "https://a/jwks", "typ": "at+jwt", "alg": "none"});
        let token = sign(&app(), extra.as_object().unwrap(), &json!({})).unwrap();
        assert_eq!(refused(&token), JwsError::Type { expected: "JWT".to_owned() });
        let unverified = Unverified::parse_typed(&token, "AT+jwt").unwrap();
        assert_eq!((unverified.kid(), unverified.jku()), (Some("k1"), Some("https://a/jwks")));
        assert!(unverified.verify(&[app().public()]).is_ok());
        assert!(Unverified::parse_typed(&signed(r#"{"alg":"PS512"}"#, "{}"), "at+jwt").is_err());
    }

    #[test]
    fn only_ps512_is_accepted() {
        for alg in ["none", "PS256", "RS512", "HS512", "ps512", "PS512 "] {
            let header = format!(r#"{{"alg":"{alg}"}}"#);
            assert_eq!(refused(&signed(&header, "{}")), JwsError::Algorithm { found: alg.to_owned() });
        }
        assert!(matches!(refused(&signed("{}", "{}")), JwsError::Malformed(_)));
        assert!(matches!(refused(&signed(r#"{"alg":["PS512"]}"#, "{}")), JwsError::Malformed(_)));
        assert!(Unverified::parse(&signed(r#"{"alg":"PS512"}"#, "{}")).is_ok());
        assert!(Unverified::parse(&signed(r#"{"alg":"PS512","typ":"jwt"}"#, "{}")).is_ok());
        assert!(Unverified::parse(&signed(r#"{"alg":"PS512","typ":null}"#, "{}")).is_err());
    }

    #[test]
    fn what_is_to_be_rs256_is_rs256_and_nothing_else() {
        let typ = json!({"typ": "secevent+jwt"});
        let typ = typ.as_object().unwrap();
        let [ps512, rs256] = [Algorithm::Ps512, Algorithm::Rs256]
            .map(|algorithm| sign_with(algorithm, &app(), typ, &json!({"jti": "1"})).unwrap());
        let read = |text: &str, algorithm| Unverified::parse_with(text, "secevent+jwt", algorithm);
        assert_eq!(read(&ps512, Algorithm::Rs256).unwrap_err().to_string(), refused_as("PS512"));
        assert_eq!(read(&rs256, Algorithm::Ps512).unwrap_err().to_string(), refused_as("RS256"));
        let unverified = read(&rs256, Algorithm::Rs256).unwrap();
        let (app, other) = (app(), other_app());
        assert_eq!(unverified.clone().verify(&[other.public()]).unwrap_err(), JwsError::Signature);
        assert_eq!(unverified.verify(&[other.public(), app.public()]).unwrap().0, 1);
        let (signed, _) = rs256.rsplit_once('.').unwrap();
        let with_pss = base64url(&signature(Algorithm::Ps512, &app, signed.as_bytes()).unwrap());
        let swapped = read(&format!("{signed}.{with_pss}"), Algorithm::Rs256).unwrap();
        assert_eq!(swapped.verify(&[app.public()]).unwrap_err(), JwsError::Signature);
    }

    fn refused_as(found: &str) -> String {
        JwsError::Algorithm { found: found.to_owned() }.to_string()
    }

    #[test]
    fn headers_that_change_the_reading_are_refused() {
        for (name, value) in [("crit", "[]"), ("b64", "true"), ("zip", "\"DEF\"")] {
            let header = format!(r#"{{"alg":"PS512","{name}":{value}}}"#);
            assert_eq!(refused(&signed(&header, "{}")), JwsError::Header(name));
        }
    }

    #[test]
    fn a_key_that_the_token_brings_along_is_not_used() {
        let jwk = app().public().jwk("PS512", "k", "sig");
        let header = json!({"jwk": jwk, "kid": "k"});
        let token = sign(&app(), header.as_object().unwrap(), &json!({})).unwrap();
        let unverified = Unverified::parse(&token).unwrap();
        assert_eq!(unverified.verify(&[other_app().public()]).unwrap_err(), JwsError::Signature);
    }

    #[test]
    fn tokens_that_readers_could_disagree_on_are_refused() {
        let ps512 = r#"{"alg":"PS512"}"#;
        for claims in ["[]", "1", "", "{} {}", r#"{"a":1,"a":2}"#, r#"{"x":{"a":1,"\u0061":2}}"#] {
            assert_eq!(refused(&signed(ps512, claims)), JwsError::Malformed("bad claims"), "{claims}");
        }
        assert_eq!(
            refused(&signed(r#"{"alg":"PS512","alg":"PS512"}"#, "{}")),
            JwsError::Malformed("bad header")
        );
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
        assert_eq!(refused(&signed(ps512, &deep)), JwsError::Malformed("bad claims"));
    }

    #[test]
    fn other_shapes_are_refused() {
        let token = token();
        let two = token.rsplit_once('.').unwrap().0;
        for wrong in [
            "",
            "a",
            "..",
            two,
            &format!("{token}."),
            &format!("{token}.a"),
            &format!(" {token}"),
            &format!("{token}="),
        ] {
            assert!(matches!(refused(wrong), JwsError::Malformed(_)), "{wrong}");
        }
        let long = signed(r#"{"alg":"PS512"}"#, &json!({"a": "a".repeat(MAX_LEN)}).to_string());
        assert_eq!(refused(&long), JwsError::TooLong);
    }

    #[test]
    fn only_objects_are_signed() {
        assert_eq!(sign(&app(), &Map::new(), &[1]), Err(JwsError::Sign));
        assert_eq!(sign(&app(), &Map::new(), "{"), Err(JwsError::Sign));
    }

    proptest! {
        #[test]
        fn reading_anything_at_all_never_panics(text: String, a: Vec<u8>, b: Vec<u8>) {
            let _ = Unverified::parse(&text);
            let _ = Unverified::parse(&format!("{}.{}.AA", base64url(&a), base64url(&b)));
        }
    }
}
