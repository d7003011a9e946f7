//! Security event tokens (RFC 8417): the signed command itself.
//!
//! A SET here is what the Shared Signals Framework 1.0 makes of it: `typ` is `secevent+jwt`, there is one event,
//! the subject stands in `sub_id` (RFC 9493, format `opaque`), and `sub` and `exp` are absent.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use consent_core::{AppId, ContractId, GrantId};
use consent_crypto::{JwsError, RsaPublicKey, SigningKey, SigningPurpose, Unverified, jws};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{InitiatingEntity, Kind, SignalId};

/// The `typ` of the token's header.
pub const TYPE: &str = "secevent+jwt";
/// Its media type, where it is the whole body (RFC 8935).
pub const MEDIA_TYPE: &str = "application/secevent+jwt";

/// A token that is no command of this platform to this app.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// Not signed by the platform, or not a token at all.
    #[error("the token is not signed as it has to be")]
    Jws(#[from] JwsError),
    /// A claim is missing or not what it should be.
    #[error("the token's claim {0} is not what it should be")]
    Claim(&'static str),
    /// The envelope says something else than the token, which alone counts.
    #[error("the envelope's {0} contradicts the token")]
    Hint(&'static str),
    /// The body is no envelope.
    #[error("the body is not an envelope of a signal")]
    Envelope,
}

/// The claims of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetClaims {
    /// The platform.
    pub iss: String,
    /// The one app that is told.
    pub aud: AppId,
    /// When it was signed, seconds since the epoch.
    pub iat: i64,
    /// Its name.
    pub jti: SignalId,
    /// When the person acted, seconds since the epoch.
    pub toe: i64,
    /// One value for all that one action caused.
    pub txn: String,
    /// Whom it is about.
    pub sub_id: SubjectId,
    /// One event: its type, and what it says.
    pub events: BTreeMap<String, Event>,
}

/// A subject identifier (RFC 9493).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectId {
    /// Always `opaque`.
    pub format: String,
    /// The person's name for this app; in a verification, the endpoint's.
    pub id: String,
}

impl SubjectId {
    /// An id that says nothing but itself.
    #[must_use]
    pub fn opaque(id: impl Into<String>) -> Self {
        Self { format: "opaque".to_owned(), id: id.into() }
    }
}

/// What an event says; a verification only has `state`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_id: Option<GrantId>,
    /// Its contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_id: Option<ContractId>,
    /// The receipt about the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_id: Option<String>,
    /// What is affected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Rises with every signal of a grant; what is not above the highest seen is to be dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// Who set it off (CAEP).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiating_entity: Option<InitiatingEntity>,
    /// Why, by language (CAEP).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reason_user: BTreeMap<String, String>,
    /// The law it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legal_basis: Vec<String>,
    /// Until when to say that it was understood; RFC 3339 with milliseconds and `Z`.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "some_millis")]
    pub ack_by: Option<DateTime<Utc>>,
    /// Until when to be done; in the same form.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "some_millis")]
    pub complete_by: Option<DateTime<Utc>>,
    /// Where to report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_url: Option<String>,
    /// A random value, so that no two verifications are alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl SetClaims {
    /// Signs them: RS256, with `kid` and `typ`.
    pub fn sign(&self, by: &SigningKey) -> Result<String, JwsError> {
        let mut header = Map::new();
        header.insert("typ".to_owned(), TYPE.into());
        header.insert("kid".to_owned(), by.kid.clone().into());
        jws::sign_with(SigningPurpose::Signals.algorithm(), &by.key, &header, self)
    }

    /// Reads a token as its receiver has to: signed by one of the issuer's keys, of this issuer, for this app, of a
    /// kind that is known, and without what a SET must not have.
    ///
    /// Whether its name and its `seq` are new only the receiver knows.
    pub fn verify(
        text: &str,
        keys: &[&RsaPublicKey],
        issuer: &str,
        audience: &AppId,
    ) -> Result<Self, SetError> {
        let token = Unverified::parse_with(text, TYPE, SigningPurpose::Signals.algorithm())?;
        let (_, verified) = token.verify(keys)?;
        let members = verified.into_claims();
        if let Some(name) = ["exp", "sub"].into_iter().find(|name| members.contains_key(*name)) {
            return Err(SetError::Claim(name));
        }
        let claims: Self =
            serde_json::from_value(Value::Object(members)).map_err(|_| SetError::Claim("events"))?;
        claims.check(issuer, audience)?;
        Ok(claims)
    }

    /// What it tells, and the event.
    pub fn event(&self) -> Result<(Kind, &Event), SetError> {
        let mut events = self.events.iter();
        match (events.next(), events.next()) {
            (Some((uri, event)), None) => {
                let kind = Kind::of_event_type(&self.iss, uri).ok_or(SetError::Claim("events"))?;
                Ok((kind, event))
            }
            _ => Err(SetError::Claim("events")),
        }
    }

    /// The claims of a token that this platform has written itself.
    pub(crate) fn of_own(text: &str) -> Option<Self> {
        let token = Unverified::parse_with(text, TYPE, SigningPurpose::Signals.algorithm()).ok()?;
        serde_json::from_value(Value::Object(token.peek().clone())).ok()
    }

    fn check(&self, issuer: &str, audience: &AppId) -> Result<(), SetError> {
        if self.iss != issuer {
            return Err(SetError::Claim("iss"));
        }
        if self.aud != *audience {
            return Err(SetError::Claim("aud"));
        }
        if self.sub_id.format != "opaque" {
            return Err(SetError::Claim("sub_id"));
        }
        self.event().map(|_| ())
    }
}

/// RFC 3339 in UTC with exactly three decimals and `Z`.
pub(crate) fn millis(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn some_millis<S: Serializer>(at: &Option<DateTime<Utc>>, to: S) -> Result<S::Ok, S::Error> {
    at.map(millis).serialize(to)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{app_key, keystore, signals_key};

    const ISSUER: &str = "https://consent.example";

    fn claims() -> Value {
        json!({
            "iss": ISSUER,
            "aud": "app00000000000000000000000002",
            "iat": 1_780_315_200,
            "jti": "019e8319-0e00-7000-8000-000000000001",
            "toe": 1_780_315_200,
            "txn": "t1",
            "sub_id": {"format": "opaque", "id": "ada-for-this-app"},
            "events": {
                "https://consent.example/event-type/consent-revoked": {
                    "consent_id": "gra00000000000000000000000001",
                    "contract_id": "con00000000000000000000000003",
                    "seq": 3,
                    "ack_by": "2026-06-02T12:00:00.000Z",
                },
            },
        })
    }

    fn signed(claims: &Value, typ: &str) -> String {
        let header = json!({"typ": typ});
        let key = &signals_key().key;
        jws::sign_with(jws::Algorithm::Rs256, key, header.as_object().unwrap(), claims).unwrap()
    }

    fn verify(text: &str) -> Result<SetClaims, SetError> {
        let audience = "app00000000000000000000000002".parse().unwrap();
        SetClaims::verify(text, &[signals_key().key.public()], ISSUER, &audience)
    }

    #[test]
    fn a_command_is_read_as_it_was_signed() {
        let read = verify(&signed(&claims(), TYPE)).unwrap();
        let (kind, event) = read.event().unwrap();
        assert_eq!((kind, event.seq), (Kind::ConsentRevoked, Some(3)));
        assert_eq!(serde_json::to_value(&read).unwrap(), claims());
        let text = read.sign(keystore().signing(SigningPurpose::Signals)).unwrap();
        let header = Unverified::parse_with(&text, TYPE, jws::Algorithm::Rs256).unwrap();
        assert_eq!(header.kid(), Some(signals_key().kid.as_str()));
        assert_eq!(SetClaims::of_own(&text), Some(read));
    }

    #[test]
    fn what_is_not_for_this_app_or_not_a_set_is_refused() {
        let with = |pointer: &str, value: Value| {
            let mut changed = claims();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            changed.pointer_mut(parent).unwrap()[name] = value;
            verify(&signed(&changed, TYPE)).unwrap_err()
        };
        assert_eq!(with("/iss", json!("https://other.example")), SetError::Claim("iss"));
        assert_eq!(with("/aud", json!("app00000000000000000000000003")), SetError::Claim("aud"));
        assert_eq!(with("/exp", json!(1)), SetError::Claim("exp"));
        assert_eq!(with("/sub", json!("ada")), SetError::Claim("sub"));
        assert_eq!(with("/sub_id/format", json!("email")), SetError::Claim("sub_id"));
        assert_eq!(with("/events", json!({})), SetError::Claim("events"));
        assert_eq!(
            with("/events/https:~1~1other.example~1event-type~1consent-revoked", json!({})),
            SetError::Claim("events")
        );
        assert!(matches!(verify(&signed(&claims(), "JWT")), Err(SetError::Jws(JwsError::Type { .. }))));
    }

    #[test]
    fn a_changed_or_foreign_token_is_refused() {
        let text = signed(&claims(), TYPE);
        let other = signed(&json!({"iss": ISSUER}), TYPE);
        let (head, signature) = text.rsplit_once('.').unwrap();
        let (swapped, _) = other.rsplit_once('.').unwrap();
        assert_eq!(verify(&format!("{swapped}.{signature}")), Err(SetError::Jws(JwsError::Signature)));
        let (_, foreign) = signed_by_an_app(&claims());
        assert_eq!(verify(&format!("{head}.{foreign}")), Err(SetError::Jws(JwsError::Signature)));
    }

    fn signed_by_an_app(claims: &Value) -> (String, String) {
        let header = json!({"typ": TYPE});
        let header = header.as_object().unwrap();
        let text = jws::sign_with(jws::Algorithm::Rs256, &app_key(1), header, claims).unwrap();
        let (head, signature) = text.rsplit_once('.').unwrap();
        (head.to_owned(), signature.to_owned())
    }
}
