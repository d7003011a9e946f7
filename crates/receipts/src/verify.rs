//! Whether a receipt is genuine, decided offline from the issuer's published keys.

use std::borrow::Cow;

use consent_crypto::{JwsError, RsaPublicKey, Unverified, jws::Algorithm};
use serde_json::{Value, json};

use crate::{Claims, Finding, RECEIPT_TYPE, Reader, VerifyError, View};

/// A receipt that is genuine and says the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The published key that signed it.
    pub kid: String,
    /// What it says.
    pub claims: Claims,
    /// What is worth knowing about it, such as a controller whose telephone number was not provided.
    pub warnings: Vec<Finding>,
}

/// Verifies a receipt with the issuer's key set (RFC 7517), without asking anybody.
///
/// `text` is the compact JWS, or JSON with it under `receipt`. The key is the one of the set that `kid` names and that
/// may sign with RS256; what the receipt itself says about keys is never used. Old keys stay in the set, so old receipts
/// stay genuine. A receipt of an erasure answered is verified twice: the app's report with the key that stands beside
/// it, about which the platform's signature says that it is the app's.
pub fn verify(text: &str, jwks: &Value) -> Result<Verdict, VerifyError> {
    let text = receipt_in(text)?;
    let token = Unverified::parse_with(&text, RECEIPT_TYPE, Algorithm::Rs256).map_err(VerifyError::from)?;
    let kid = token.kid().ok_or(VerifyError::Unnamed)?.to_owned();
    let key = signature_key(jwks, &kid)?;
    let (_, signed) = token.verify(&[&key]).map_err(VerifyError::from)?;
    let read = Claims::read(&Value::Object(signed.into_claims()));
    let (claims, mut found) = read.map_err(|unread| VerifyError::Unfit(vec![unread]))?;
    if let Some(erasure) = &claims.added.consent_access.erasure {
        erasure.check_signal(jwks, &mut found);
    }
    if !found.errors.is_empty() {
        return Err(VerifyError::Unfit(found.errors));
    }
    Ok(Verdict { kid, claims, warnings: found.warnings })
}

/// The receipt in what somebody kept: the token itself, or JSON that has it under `receipt`.
fn receipt_in(text: &str) -> Result<Cow<'_, str>, VerifyError> {
    let text = text.trim();
    if !text.starts_with('{') {
        return if text.is_empty() { Err(VerifyError::Form) } else { Ok(Cow::Borrowed(text)) };
    }
    let export: Value = serde_json::from_str(text).map_err(|_| VerifyError::Form)?;
    export["receipt"].as_str().map(|token| Cow::Owned(token.trim().to_owned())).ok_or(VerifyError::Form)
}

/// The key of this name that may sign with RS256.
pub(crate) fn signature_key(jwks: &Value, kid: &str) -> Result<RsaPublicKey, VerifyError> {
    let keys =
        jwks["keys"].as_array().ok_or_else(|| VerifyError::Keys("it has no list \"keys\"".to_owned()))?;
    let fits = |key: &&Value, member: &str, wanted: &str| key.get(member).is_none_or(|found| found == wanted);
    let named = keys.iter().filter(|key| key["kid"] == kid);
    let mut usable = named.filter(|key| fits(key, "alg", "RS256") && fits(key, "use", "sig"));
    let unknown = || VerifyError::UnknownKey { kid: kid.chars().take(64).collect() };
    RsaPublicKey::parse_jwk(usable.next().ok_or_else(unknown)?)
        .map_err(|error| VerifyError::Keys(error.to_string()))
}

impl From<JwsError> for VerifyError {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::Algorithm { found } => Self::Algorithm { found },
            JwsError::TooLong => Self::TooLong,
            other => Self::Token(other),
        }
    }
}

impl Verdict {
    /// The verdict in plain words, line by line, for whoever is not the person herself.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let view = View::of(&self.claims, Reader::Anybody);
        let mut lines = vec![
            format!("Genuine: {} signed this receipt, and nothing was changed since.", self.claims.added.iss),
            format!("  key  {}", self.kid),
            String::new(),
            view.said.clone(),
        ];
        lines.extend(columns(&view.facts));
        lines.push(String::new());
        lines.push("What it was about:".to_owned());
        for purpose in &view.purposes {
            lines.push(format!(
                "  {:<8} {}",
                if purpose.is_given { "given" } else { "refused" },
                purpose.text
            ));
            lines.push(format!("           {}", purpose.data.join(", ")));
        }
        if let Some(erasure) = &view.erasure {
            lines.extend([String::new(), erasure.said.clone()]);
            lines.extend(columns(&erasure.facts));
            lines.extend(erasure.removed.iter().map(|line| format!("  removed: {line}")));
            lines.extend(erasure.kept.iter().map(|line| format!("  kept: {line}")));
        }
        lines.extend([String::new(), format!("What holds now: {}", view.status_url)]);
        lines.extend(self.warnings.iter().map(|warning| format!("Note: {warning}")));
        lines.iter().map(|line| seen(line)).collect()
    }

    /// The verdict for programs: `valid`, `kid`, `warnings`, `receipt` (the claims).
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "valid": true, "kid": self.kid, "warnings": self.warnings, "receipt": self.claims })
    }
}

impl VerifyError {
    /// The refusal for programs: `valid`, `errors`.
    #[must_use]
    pub fn json(&self) -> Value {
        let whole = || vec![Finding { field: String::new(), reason: self.to_string() }];
        let errors = if let Self::Unfit(found) = self { found.clone() } else { whole() };
        json!({ "valid": false, "errors": errors })
    }
}

/// What an app wrote into its report may hold what moves a terminal's cursor or turns text around; it is shown, not done.
fn seen(line: &str) -> String {
    let hidden = |c: char| {
        c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    line.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

fn columns(facts: &[(String, String)]) -> impl Iterator<Item = String> {
    let width = facts.iter().map(|(word, _)| word.chars().count()).max().unwrap_or_default();
    facts.iter().map(move |(word, value)| format!("  {word:<width$}  {value}"))
}

#[cfg(test)]
mod tests;
