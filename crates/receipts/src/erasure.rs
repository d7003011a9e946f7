//! What an app said about a wish to be forgotten: the proof that a person keeps.
//!
//! The receipt holds the signal and the report as they were signed, and the key under which the platform verified the
//! report, so that anybody can verify both signatures without asking anybody. That the key is the app's is what the
//! platform's own signature over the receipt says.

use chrono::{DateTime, Utc};
use consent_crypto::{
    RsaPublicKey, Unverified,
    digest::{hex, sha256},
    jws::{Algorithm, MAX_LEN},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Access, Findings, moment::moment, verify::signature_key};

/// The `typ` of an app's report.
pub const REPORT_TYPE: &str = "signal-report+jwt";
/// The `typ` of a signal (RFC 8417).
const SIGNAL_TYPE: &str = "secevent+jwt";

/// What an app answered; the facts of such a receipt.
#[derive(Debug, Clone)]
pub struct Answer {
    /// When the person asked.
    pub asked_at: DateTime<Utc>,
    /// When the app answered.
    pub answered_at: DateTime<Utc>,
    /// What it says it did.
    pub outcome: Outcome,
    /// What it says it removed, by category.
    pub removed: Vec<Removed>,
    /// What it says it keeps, and why.
    pub exceptions: Vec<Exception>,
    /// Its report as it came: a compact JWS of type [`REPORT_TYPE`], PS512 or RS256, at most 32 KiB.
    pub report: String,
    /// How the report is signed.
    pub algorithm: Algorithm,
    /// The app's key that it was verified with.
    pub key: RsaPublicKey,
    /// The signal that the report answers, as it was sent: a compact JWS.
    pub signal: String,
}

/// What an app says it did about a wish to be forgotten; the word is also the report's `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It deleted everything.
    Completed,
    /// It deleted what it did not have to keep.
    Partial,
    /// It deleted nothing.
    Refused,
}

/// What an app says it removed of one category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The category, in the app's words.
    pub category: String,
    /// How many records.
    pub count: u64,
    /// How: deleted, anonymised, key destroyed.
    pub method: String,
}

/// What an app says it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The category, in the app's words.
    pub category: String,
    /// On what ground of law.
    pub ground: String,
    /// Until when, as the app said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// The answer as it stands in a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// "You asked at": RFC 3339 with milliseconds.
    pub asked_at: String,
    /// "The app answered at".
    pub answered_at: String,
    /// What the app says it did.
    pub outcome: Outcome,
    /// What it says it removed.
    pub removed: Vec<Removed>,
    /// What it says it keeps.
    pub exceptions: Vec<Exception>,
    /// Its report, whole.
    pub report: SignedReport,
    /// The signal that the report answers: a compact JWS of the platform.
    pub signal: String,
}

/// An app's report, with what is needed to verify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReport {
    /// SHA-256 of `jws`, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// `PS512` or `RS256`.
    pub algorithm: String,
    /// RFC 7638 thumbprint of `key`.
    pub thumbprint: String,
    /// The app's public key as a JWK.
    pub key: Value,
    /// The report as it came.
    pub jws: String,
}

impl Outcome {
    /// The outcome as JSON spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Refused => "refused",
        }
    }

    /// Whether anything was deleted.
    #[must_use]
    pub fn has_erased(self) -> bool {
        matches!(self, Self::Completed | Self::Partial)
    }
}

impl From<&Answer> for Erasure {
    fn from(answer: &Answer) -> Self {
        let thumbprint = answer.key.thumbprint();
        let mut key = answer.key.jwk(answer.algorithm.name(), &thumbprint, "sig");
        if let Some(members) = key.as_object_mut() {
            members.remove("pem");
        }
        Self {
            asked_at: moment(answer.asked_at),
            answered_at: moment(answer.answered_at),
            outcome: answer.outcome,
            removed: answer.removed.clone(),
            exceptions: answer.exceptions.clone(),
            report: SignedReport {
                sha256: hex(&sha256(answer.report.as_bytes())),
                algorithm: answer.algorithm.name().to_owned(),
                thumbprint,
                key,
                jws: answer.report.clone(),
            },
            signal: answer.signal.clone(),
        }
    }
}

/// Where the answer stands in a receipt.
const AT: &str = "consentAccess.erasure";

impl Erasure {
    /// Verifies the app's signature with the key that stands beside it, and that the report answers this signal, about
    /// this grant, to this issuer, with this outcome.
    pub(crate) fn check(&self, issuer: &str, access: &Access, found: &mut Findings) {
        found.advise(self.asked_at <= self.answered_at, format!("{AT}.answeredAt"), "is before askedAt");
        let fits = self.report.jws.len() <= MAX_LEN;
        found.demand(fits, format!("{AT}.report.jws"), "is longer than 32 KiB");
        let hash = hex(&sha256(self.report.jws.as_bytes()));
        found.demand(
            self.report.sha256 == hash,
            format!("{AT}.report.sha256"),
            "is not the hash of the report",
        );
        let signal = Unverified::parse_with(&self.signal, SIGNAL_TYPE, Algorithm::Rs256);
        let signal = signal.map_err(|error| found.demand(false, format!("{AT}.signal"), error.to_string()));
        let signal = signal.map(|signal| signal.peek().clone()).unwrap_or_default();
        match self.report.verified() {
            Ok(report) => {
                check_about(&report, &signal, access, found);
                self.check_said(&report, issuer, found);
            }
            Err(reason) => found.demand(false, format!("{AT}.report"), reason),
        }
    }

    /// The receipt says what the report says, and the report was made for this issuer.
    fn check_said(&self, report: &Map<String, Value>, issuer: &str, found: &mut Findings) {
        let at = |name: &str| format!("{AT}.report, {name}");
        let outcome = text(report, "state") == Some(self.outcome.name());
        found.demand(outcome, at("state"), "is not the outcome of the receipt");
        let meant = match report.get("aud") {
            Some(Value::Array(several)) => several.iter().any(|one| one == issuer),
            one => one.is_some_and(|one| one == issuer),
        };
        found.demand(meant, at("aud"), "was made for somebody else");
        let counted = report.get("evidence").and_then(|evidence| evidence["categories"].as_array());
        let counted =
            counted.into_iter().flatten().map(|one| (one["category"].as_str(), one["removed"].as_u64()));
        let same = counted.eq(self.removed.iter().map(|one| (Some(one.category.as_str()), Some(one.count))));
        let differs = "is not what the app's report says; the report counts";
        found.advise(same, format!("{AT}.removed"), differs);
    }

    /// Verifies the signal with the issuer's published keys. They may be without those that sign signals: the receipt's
    /// own signature covers the signal, so that is only worth knowing.
    pub(crate) fn check_signal(&self, jwks: &Value, found: &mut Findings) {
        let Ok(signal) = Unverified::parse_with(&self.signal, SIGNAL_TYPE, Algorithm::Rs256) else { return };
        let at = format!("{AT}.signal");
        match signal.kid().map(|kid| signature_key(jwks, kid)) {
            Some(Ok(key)) => match signal.verify(&[&key]) {
                Ok(_) => {}
                Err(error) => found.demand(false, at, error.to_string()),
            },
            Some(Err(_)) | None => {
                found.advise(false, at, "was not verified by itself: the key set has no key for it");
            }
        }
    }
}

/// The report answers this signal, and both are about this grant of this app.
fn check_about(
    report: &Map<String, Value>,
    signal: &Map<String, Value>,
    access: &Access,
    found: &mut Findings,
) {
    let at = |name: &str| format!("{AT}.report, {name}");
    let answers = signal.contains_key("jti") && report.get("set_jti") == signal.get("jti");
    found.demand(answers, at("set_jti"), "names another signal");
    let grant = access.grant.as_ref().map(|grant| grant.id.as_str());
    found.demand(
        grant.is_some() && text(report, "consent_id") == grant,
        at("consent_id"),
        "names another grant",
    );
    let app = Some(access.app.id.as_str());
    found.demand(text(report, "iss") == app, at("iss"), "is another app");
    found.demand(text(signal, "aud") == app, format!("{AT}.signal, aud"), "is another app");
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

impl SignedReport {
    /// The report's claims, once the key beside it is what it says and made its signature.
    fn verified(&self) -> Result<Map<String, Value>, String> {
        let key = RsaPublicKey::parse_jwk(&self.key).map_err(|error| format!("the app's key: {error}"))?;
        if key.thumbprint() != self.thumbprint {
            return Err("the app's key is not the one that the thumbprint names".to_owned());
        }
        let algorithm = [Algorithm::Ps512, Algorithm::Rs256].into_iter().find(|a| a.name() == self.algorithm);
        let algorithm = algorithm.ok_or_else(|| format!("the algorithm {:?} is not read", self.algorithm))?;
        let report = Unverified::parse_with(&self.jws, REPORT_TYPE, algorithm);
        let verified = report.and_then(|report| report.verify(&[&key]));
        verified
            .map(|(_, report)| report.into_claims())
            .map_err(|error| format!("the app's signature: {error}"))
    }
}
