//! What an app says about a command: a signed statement, kept whole, and never taken for a fact.
//!
//! A report is a compact JWS of the type `signal-report+jwt`, signed with PS512 or RS256 by a key that the app has
//! registered. It must hold no personal data and nothing of what was erased; nobody can check that here, and the
//! members are few and short because of it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use consent_core::{AppId, ContractId, GrantId, PersonId};
use consent_crypto::{
    JwsError, RsaPublicKey, Unverified,
    jws::{Algorithm, MAX_LEN},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Kind, Obligation, Said, Signal, SignalId, SignalsError, Standing, deadline::calendar_months};

/// The `typ` of a report's header.
pub const TYPE: &str = "signal-report+jwt";

/// Clocks may be so far apart.
const LEEWAY: TimeDelta = TimeDelta::minutes(5);
/// Nobody expects to be done later than this.
const FURTHEST: TimeDelta = TimeDelta::days(366);
const MAX_TEXT: usize = 500;
const MAX_ENTRIES: usize = 200;

/// A report as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The app, as its bearer token says it.
    pub app: &'a AppId,
    /// The keys that the app has registered and that may sign now.
    pub keys: &'a [&'a RsaPublicKey],
    /// The platform's issuer, which has to be the `aud`.
    pub audience: &'a str,
    /// The compact JWS.
    pub jws: &'a str,
}

/// What a report says. Every member that is not named here is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportClaims {
    /// The app.
    pub iss: AppId,
    /// The platform's issuer.
    pub aud: String,
    /// When it was signed, seconds since the epoch.
    pub iat: i64,
    /// Its name, 1 to 128 visible ASCII characters; a second report under the same name has to be the same.
    pub jti: String,
    /// The signal that it answers.
    pub set_jti: SignalId,
    /// The grant that the signal was about.
    pub consent_id: GrantId,
    /// What the signal told: the end of its event type, such as `erasure-requested`.
    pub action: String,
    /// How far the app is.
    pub state: Said,
    /// When it will be done (RFC 3339): with `accepted` and `extended`, and if the app likes with `in_progress`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_completion: Option<DateTime<Utc>>,
    /// When it was done (RFC 3339): with `completed` and `partial`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    /// Why more time is needed: with `extended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Which law allows not to do it, such as `GDPR 17(3)(b)`: with `refused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// What an app says it has done. Recorded as its claim.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Per category of data what was removed; at least one.
    pub categories: Vec<Removed>,
    /// The day by which the last backup that holds it is gone; absent where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backups_gone_by: Option<NaiveDate>,
    /// Whom the app had passed it on to, and told; may be empty.
    #[serde(default)]
    pub recipients: Vec<Recipient>,
    /// What is kept: with `partial`.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// SHA-256 of the app's own log of the erasure, 64 lower-case hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_sha256: Option<String>,
}

/// What was removed of one category of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// Which, such as `social.posts`.
    pub category: String,
    /// How many records.
    pub removed: u64,
    /// How.
    pub method: ErasureMethod,
    /// In which systems; at least one.
    pub systems: Vec<String>,
    /// When (RFC 3339).
    pub at: DateTime<Utc>,
}

/// How data was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureMethod {
    /// It is gone.
    Deleted,
    /// Nobody can tell any more whose it was.
    Anonymised,
    /// It was encrypted, and the key is gone.
    KeyDestroyed,
}

impl ErasureMethod {
    /// The word for it in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Anonymised => "anonymised",
            Self::KeyDestroyed => "key_destroyed",
        }
    }
}

/// Somebody whom the app had passed data on to (GDPR 19).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Who, an organisation.
    pub name: String,
    /// When they were told (RFC 3339).
    pub told_at: DateTime<Utc>,
}

/// Data that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Which.
    pub category: String,
    /// On which ground, such as `GDPR 17(3)(e)` or the law that obliges to keep it.
    pub ground: String,
    /// Until when it is kept.
    pub retained_until: NaiveDate,
}

/// How a report is signed, and what it says: the app's claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Signed in this way …
    pub algorithm: Algorithm,
    /// … by this one of [`Incoming::keys`].
    pub key: usize,
    /// What it says.
    pub claims: ReportClaims,
}

/// A report that was taken in; what the platform's receipt about it has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedReport {
    /// The report's name.
    pub jti: String,
    /// The signal that it answers.
    pub signal: SignalId,
    /// What the app was told.
    pub kind: Kind,
    /// The app.
    pub app: AppId,
    /// About which grant.
    pub grant: GrantId,
    /// Under which contract.
    pub contract: Option<ContractId>,
    /// Whose; for her pages.
    pub person: Option<PersonId>,
    /// What the app says.
    pub said: Said,
    /// What it changed.
    pub standing: Standing,
    /// How far the app is since then.
    pub obligation: Obligation,
    /// SHA-256 of the whole report, 64 hexadecimal digits.
    pub jws_sha256: String,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// Whether it had come before: then everything above is as it was said then, and nothing changed now.
    pub repeated: bool,
    /// What was verified.
    pub proof: Proof,
}

/// A report as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub jti: String,
    /// The signal that it answers.
    pub signal: SignalId,
    /// What the app says.
    pub said: Said,
    /// What it changed.
    pub standing: Standing,
    /// How far the app was since then.
    pub obligation: Obligation,
    /// The whole of it.
    pub jws: String,
    /// SHA-256 of it, 64 hexadecimal digits.
    pub jws_sha256: String,
    /// When it came in.
    pub received_at: DateTime<Utc>,
}

impl Report {
    /// What it says, in full. It was verified when it came in.
    pub fn claims(&self) -> Result<ReportClaims, SignalsError> {
        let (_, token) = parse(&self.jws).map_err(SignalsError::Unsigned)?;
        claims_of(Value::Object(token.peek().clone()))
    }
}

impl Incoming<'_> {
    /// Checks the signature, and what can be checked without the signal.
    pub(crate) fn verify(&self, now: DateTime<Utc>) -> Result<Proof, SignalsError> {
        let (algorithm, token) = parse(self.jws).map_err(SignalsError::Unsigned)?;
        let (key, verified) = token.verify(self.keys).map_err(SignalsError::Unsigned)?;
        let claims = claims_of(Value::Object(verified.into_claims()))?;
        claims.check(self.app, self.audience, now)?;
        Ok(Proof { algorithm, key, claims })
    }
}

fn parse(text: &str) -> Result<(Algorithm, Unverified), JwsError> {
    if text.len() > MAX_LEN {
        return Err(JwsError::TooLong);
    }
    let signed_with =
        |algorithm| Unverified::parse_with(text, TYPE, algorithm).map(|token| (algorithm, token));
    match signed_with(Algorithm::Ps512) {
        Err(JwsError::Algorithm { found }) if found == Algorithm::Rs256.name() => {
            signed_with(Algorithm::Rs256)
        }
        parsed => parsed,
    }
}

fn claims_of(claims: Value) -> Result<ReportClaims, SignalsError> {
    serde_path_to_error::deserialize(claims).map_err(|error| {
        let field = error.path().to_string();
        SignalsError::invalid(if field == "." { "claims" } else { &field }, error.into_inner().to_string())
    })
}

impl ReportClaims {
    fn check(&self, app: &AppId, audience: &str, now: DateTime<Utc>) -> Result<(), SignalsError> {
        refuse(self.iss != *app, "iss", "must be the id of the app whose bearer token this is")?;
        refuse(self.aud != audience, "aud", "must be the platform's issuer")?;
        let too_late = DateTime::from_timestamp(self.iat, 0).is_none_or(|iat| iat > now + LEEWAY);
        refuse(too_late, "iat", "lies in the future; check the clock")?;
        let named = (1..=128).contains(&self.jti.len()) && self.jti.bytes().all(|b| b.is_ascii_graphic());
        refuse(!named, "jti", "must be 1 to 128 visible ASCII characters")
    }

    /// Checks it against the signal that it answers.
    pub(crate) fn check_against(&self, signal: &Signal, now: DateTime<Utc>) -> Result<(), SignalsError> {
        let about = signal.grant.as_ref() == Some(&self.consent_id);
        refuse(!about, "consent_id", "is not the grant that the signal was about")?;
        refuse(self.action != signal.kind.name(), "action", "is not what the signal told")?;
        let early = DateTime::from_timestamp(self.iat, 0).is_none_or(|iat| iat < signal.issued_at - LEEWAY);
        refuse(early, "iat", "lies before the signal; check the clock")?;
        self.check_times(signal, now)?;
        self.check_words()?;
        self.check_evidence(signal.kind, now)
    }

    fn check_times(&self, signal: &Signal, now: DateTime<Utc>) -> Result<(), SignalsError> {
        let done = matches!(self.state, Said::Completed | Said::Partial);
        match self.completed_at {
            None => refuse(done, "completed_at", "is missing: say when it was done")?,
            Some(at) => {
                refuse(!done, "completed_at", "goes with completed and partial only")?;
                let plausible = signal.action_at - LEEWAY <= at && at <= now + LEEWAY;
                refuse(!plausible, "completed_at", "must lie between the person's action and now")?;
            }
        }
        let Some(expected) = self.expected_completion else {
            let missing = matches!(self.state, Said::Accepted | Said::Extended);
            return refuse(missing, "expected_completion", "is missing: say when it will be done");
        };
        let running = matches!(self.state, Said::Accepted | Said::InProgress | Said::Extended);
        refuse(!running, "expected_completion", "does not go with what is over")?;
        let plausible = signal.action_at - LEEWAY <= expected && expected <= now + FURTHEST;
        refuse(!plausible, "expected_completion", "must lie behind the person's action and within a year")?;
        self.check_extension(signal, expected)
    }

    fn check_extension(&self, signal: &Signal, until: DateTime<Utc>) -> Result<(), SignalsError> {
        if self.state != Said::Extended {
            return Ok(());
        }
        refuse(!signal.kind.erases(), "state", "only an erasure can be extended")?;
        let allowed = until <= calendar_months(signal.action_at, 3);
        refuse(!allowed, "expected_completion", "an extension is for at most two further months (GDPR 12(3))")
    }

    fn check_words(&self) -> Result<(), SignalsError> {
        let extends = self.state == Said::Extended;
        match &self.reason {
            None => refuse(extends, "reason", "is missing: say why more time is needed (GDPR 12(3))")?,
            Some(reason) => check_text("reason", reason)?,
        }
        let refuses = self.state == Said::Refused;
        match &self.ground {
            None => refuse(refuses, "ground", "is missing: name the law, such as GDPR 17(3)(b)"),
            Some(_) if !refuses => {
                refuse(true, "ground", "goes with refused; exceptions have grounds of their own")
            }
            Some(ground) => check_text("ground", ground),
        }
    }

    fn check_evidence(&self, kind: Kind, now: DateTime<Utc>) -> Result<(), SignalsError> {
        let done = matches!(self.state, Said::Completed | Said::Partial);
        let Some(evidence) = &self.evidence else {
            refuse(done && kind.erases(), "evidence", "is missing: say what was removed, how and where")?;
            return refuse(self.state == Said::Partial, "evidence", "is missing: say what is kept");
        };
        refuse(!done, "evidence", "goes with completed and partial only")?;
        let excepted = !evidence.exceptions.is_empty();
        if self.state == Said::Partial {
            refuse(!excepted, "evidence.exceptions", "is empty: say what is kept, or report completed")?;
        } else {
            refuse(excepted, "evidence.exceptions", "with exceptions it is partial, not completed")?;
        }
        refuse(
            kind.erases() && evidence.categories.is_empty(),
            "evidence.categories",
            "is empty: say what was removed, how and where",
        )?;
        evidence.check(now)
    }
}

impl Evidence {
    fn check(&self, now: DateTime<Utc>) -> Result<(), SignalsError> {
        check_length("evidence.categories", self.categories.len())?;
        for (place, removed) in self.categories.iter().enumerate() {
            let at = |member: &str| format!("evidence.categories[{place}].{member}");
            check_text(&at("category"), &removed.category)?;
            refuse(removed.systems.is_empty(), &at("systems"), "is empty: say where it was removed")?;
            check_length(&at("systems"), removed.systems.len())?;
            removed.systems.iter().try_for_each(|system| check_text(&at("systems"), system))?;
            refuse(removed.at > now + LEEWAY, &at("at"), "lies in the future")?;
        }
        check_length("evidence.recipients", self.recipients.len())?;
        for (place, recipient) in self.recipients.iter().enumerate() {
            let at = |member: &str| format!("evidence.recipients[{place}].{member}");
            check_text(&at("name"), &recipient.name)?;
            refuse(recipient.told_at > now + LEEWAY, &at("told_at"), "lies in the future")?;
        }
        check_length("evidence.exceptions", self.exceptions.len())?;
        for (place, exception) in self.exceptions.iter().enumerate() {
            let at = |member: &str| format!("evidence.exceptions[{place}].{member}");
            check_text(&at("category"), &exception.category)?;
            check_text(&at("ground"), &exception.ground)?;
        }
        let is_digest = |text: &String| {
            text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let digest = self.log_sha256.as_ref().is_none_or(is_digest);
        refuse(!digest, "evidence.log_sha256", "must be 64 lower-case hexadecimal digits")
    }
}

fn check_text(field: &str, text: &str) -> Result<(), SignalsError> {
    let fine =
        !text.trim().is_empty() && text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control);
    refuse(!fine, field, "must be 1 to 500 characters on one line")
}

fn check_length(field: &str, entries: usize) -> Result<(), SignalsError> {
    refuse(entries > MAX_ENTRIES, field, "has more than 200 entries")
}

fn refuse(wrong: bool, field: &str, reason: &str) -> Result<(), SignalsError> {
    if wrong { Err(SignalsError::invalid(field, reason)) } else { Ok(()) }
}
