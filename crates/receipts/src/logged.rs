//! Receipts of events that apps record themselves (`protocol/signatu-consent-api.md` §7): every claim of Signatu's, and the
//! members that Kantara's schema v1.1.0 requires, in one token.

use chrono::{DateTime, Utc};
use consent_contracts::App;
use consent_crypto::{SigningKey, SigningPurpose, jws::sign_with};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    DataController, Kantara, Purpose, ReceiptError, Service,
    compose::{NOT_PROVIDED, controller},
    kantara::VERSION,
};

/// The `typ` of such a receipt.
const LOGGED_TYPE: &str = "JWT";
/// How the consent came here, as `collectionMethod`.
const METHOD: &str = "Recorded by the app at this platform's consent event API";

/// An event of an app's log.
#[derive(Clone, Copy)]
pub struct Logged<'a> {
    /// Its id, 64 hexadecimal digits: the receipt's name for readers of Kantara's receipts.
    pub id: &'a str,
    /// `jti`: the six characters that version 0 of the API has, or the id again.
    pub jti: &'a str,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Who consents.
    pub subject: &'a str,
    /// Who asks.
    pub issuer: Option<&'a str>,
    /// What is agreed to.
    pub target: &'a str,
    /// Where it happened.
    pub source: Option<&'a str>,
    /// The clause of the target.
    pub scope: &'a str,
    /// Yes, no, or seen without a decision.
    pub action: Option<bool>,
}

/// Who says so.
#[derive(Debug, Clone, Copy)]
pub struct LoggedBy<'a> {
    /// `iss`: the service at which it was recorded.
    pub service: &'a str,
    /// Where the keys are published.
    pub jwks_url: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoggedClaims<'a> {
    sub: &'a str,
    #[serde(flatten)]
    kantara: Kantara,
    iat: i64,
    data_controller: DataController,
    iss: &'a str,
    jti: &'a str,
    signatu: Member<'a>,
}

#[derive(Serialize)]
struct Member<'a> {
    consent: MemberConsent<'a>,
}

#[derive(Serialize)]
struct MemberConsent<'a> {
    id: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    scope: &'a str,
    action: Option<bool>,
}

impl Logged<'_> {
    /// The receipt: a compact JWS with `alg` RS256, `typ` `JWT` and `kid`. The same event has the same receipt as long as
    /// the key is the same: nothing in it is of the moment of signing.
    ///
    /// What the event does not say is said to be `not provided`. Where the schema has room for yes or no only, the one is
    /// said that promises less: a yes counts as one to sensitive data that others may get.
    pub fn sign(&self, app: &App, by: LoggedBy<'_>, key: &SigningKey) -> Result<String, ReceiptError> {
        let claims = LoggedClaims {
            sub: self.subject,
            kantara: self.kantara(app, by),
            iat: self.created_at.timestamp(),
            data_controller: DataController { org: self.controller_name(app) },
            iss: by.service,
            jti: self.jti,
            signatu: Member { consent: self.member() },
        };
        let header = [("typ", LOGGED_TYPE), ("kid", key.kid.as_str())];
        let header: Map<_, _> =
            header.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter().collect();
        let algorithm = SigningPurpose::Receipts.algorithm();
        sign_with(algorithm, &key.key, &header, &claims).map_err(ReceiptError::Sign)
    }

    /// The event's issuer, or the app by law.
    fn controller_name(&self, app: &App) -> String {
        let issuer = self.issuer.map(str::to_owned);
        issuer.unwrap_or_else(|| controller(app).pii_controller)
    }

    fn member(&self) -> MemberConsent<'_> {
        let Self { id, subject, issuer, target, source, scope, action, .. } = *self;
        MemberConsent { id, subject, issuer, target, source, scope, action }
    }

    fn kantara(&self, app: &App, by: LoggedBy<'_>) -> Kantara {
        let yes = self.action == Some(true);
        Kantara {
            version: VERSION.to_owned(),
            jurisdiction: NOT_PROVIDED.to_owned(),
            consent_timestamp: u64::try_from(self.created_at.timestamp()).unwrap_or_default(),
            collection_method: METHOD.to_owned(),
            consent_receipt_id: self.id.to_owned(),
            public_key: Some(by.jwks_url.to_owned()),
            language: None,
            pii_principal_id: self.subject.to_owned(),
            pii_controllers: vec![controller(app)],
            policy_url: self.target.to_owned(),
            services: vec![Service { service: app.name.clone(), purposes: vec![self.purpose()] }],
            // A no collects nothing.
            sensitive: yes,
            spi_cat: if yes { vec![NOT_PROVIDED.to_owned()] } else { vec![] },
        }
    }

    fn purpose(&self) -> Purpose {
        let yes = self.action == Some(true);
        Purpose {
            purpose: Some(self.scope.to_owned()),
            purpose_category: vec![],
            consent_type: consent_type(self.action).to_owned(),
            pii_category: vec![],
            primary_purpose: None,
            termination: NOT_PROVIDED.to_owned(),
            third_party_disclosure: yes,
            third_party_name: yes.then(|| NOT_PROVIDED.to_owned()),
            state: None,
            object_types: None,
        }
    }
}

fn consent_type(action: Option<bool>) -> &'static str {
    match action {
        Some(true) => "EXPLICIT",
        Some(false) => "NONE - declined or withdrawn",
        None => "NONE - seen without a decision",
    }
}

#[cfg(test)]
mod tests;
