//! The token: a security event token (RFC 8417), which alone says what is to be done.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use consent_crypto::{Unverified, jws::Algorithm};
use serde::Deserialize;
use serde_json::Value;

use super::{Keys, Kind, SignalError};

const TYPE: &str = "secevent+jwt";
/// Clocks may be so far apart.
pub(super) const LEEWAY: TimeDelta = TimeDelta::minutes(5);

/// A signal that was verified: the platform said it, and to this app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Its name: the same on all roads and however often it comes, so the key of whatever is kept about it.
    pub id: String,
    /// What is to be done.
    pub kind: Kind,
    /// The consent it is about; absent in a verification.
    pub consent_id: Option<String>,
    /// The contract of that consent.
    pub contract_id: Option<String>,
    /// The receipt about the change.
    pub receipt_id: Option<String>,
    /// The person's name for this app, as in [`crate::Tokens::person`]; in a verification, the endpoint's.
    pub person: String,
    /// What is affected.
    pub scopes: Vec<String>,
    /// Its place among the changes of the consent; what does not rise is passed over, see [`super::Order`].
    pub seq: Option<i64>,
    /// When the person did what it tells of, to the second.
    pub at: DateTime<Utc>,
    /// One value for everything that one action caused.
    pub txn: String,
    /// Who set it off: `user`, `admin`, `policy` or `system` (CAEP).
    pub initiated_by: Option<String>,
    /// Why, in words for people, by language.
    pub reason: BTreeMap<String, String>,
    /// The law it rests on, such as `GDPR 17(1)(b)`.
    pub legal_basis: Vec<String>,
    /// Until when to report that it was understood.
    pub ack_by: Option<DateTime<Utc>>,
    /// Until when to be done, and to have reported it.
    pub complete_by: Option<DateTime<Utc>>,
    /// Where to report; absent where nothing is to be reported.
    pub status_url: Option<String>,
    /// The token itself, which proves to anybody what was ordered.
    pub set: String,
}

/// Whom a token has to be from, and for whom.
#[derive(Debug, Clone)]
pub(super) struct Parties {
    pub(super) issuer: String,
    pub(super) app_id: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
    jti: String,
    toe: i64,
    txn: String,
    sub_id: SubjectId,
    events: BTreeMap<String, Event>,
}

#[derive(Deserialize)]
struct SubjectId {
    format: String,
    id: String,
}

#[derive(Deserialize)]
struct Event {
    consent_id: Option<String>,
    contract_id: Option<String>,
    receipt_id: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    seq: Option<i64>,
    initiating_entity: Option<String>,
    #[serde(default)]
    reason_user: BTreeMap<String, String>,
    #[serde(default)]
    legal_basis: Vec<String>,
    ack_by: Option<DateTime<Utc>>,
    complete_by: Option<DateTime<Utc>>,
    status_url: Option<String>,
}

impl Parties {
    /// Reads a token: of the right type and algorithm, signed by a published key, from this issuer, for this app, with
    /// one event, and without what such a token must not have. How old it is says nothing: it may have waited for days.
    pub(super) fn read(&self, text: &str, keys: &Keys, now: DateTime<Utc>) -> Result<Signal, SignalError> {
        let token = Unverified::parse_with(text, TYPE, Algorithm::Rs256)?;
        let members = keys.verify(token)?.into_claims();
        if let Some(name) = ["exp", "sub"].into_iter().find(|name| members.contains_key(*name)) {
            return Err(SignalError::Claim(name));
        }
        let wrong = self.wrong_party(&members);
        wrong.map_or(Ok(()), |name| Err(SignalError::Claim(name)))?;
        let claims: Claims =
            serde_json::from_value(Value::Object(members)).map_err(|_| SignalError::Claim("events"))?;
        claims.signal(text, now)
    }

    /// Named before all else, so that a token for somebody else is told from one that is none.
    fn wrong_party(&self, members: &serde_json::Map<String, Value>) -> Option<&'static str> {
        let is = |name: &str, expected: &str| members.get(name).and_then(Value::as_str) == Some(expected);
        if !is("iss", &self.issuer) {
            return Some("iss");
        }
        (!is("aud", &self.app_id)).then_some("aud")
    }
}

impl Claims {
    fn signal(self, text: &str, now: DateTime<Utc>) -> Result<Signal, SignalError> {
        let signed_at = DateTime::from_timestamp(self.iat, 0).filter(|iat| *iat <= now + LEEWAY);
        signed_at.ok_or(SignalError::Claim("iat"))?;
        let at = DateTime::from_timestamp(self.toe, 0).ok_or(SignalError::Claim("toe"))?;
        if self.sub_id.format != "opaque" {
            return Err(SignalError::Claim("sub_id"));
        }
        let (kind, event) = only(self.events, &self.iss)?;
        if kind.is_about_a_consent() && (event.consent_id.is_none() || event.seq.is_none()) {
            return Err(SignalError::Claim("events"));
        }
        Ok(Signal {
            id: self.jti,
            kind,
            consent_id: event.consent_id,
            contract_id: event.contract_id,
            receipt_id: event.receipt_id,
            person: self.sub_id.id,
            scopes: event.scopes,
            seq: event.seq,
            at,
            txn: self.txn,
            initiated_by: event.initiating_entity,
            reason: event.reason_user,
            legal_basis: event.legal_basis,
            ack_by: event.ack_by,
            complete_by: event.complete_by,
            status_url: event.status_url,
            set: text.to_owned(),
        })
    }
}

/// The one event, and what its type says; a type of somebody else's is refused.
fn only(events: BTreeMap<String, Event>, issuer: &str) -> Result<(Kind, Event), SignalError> {
    let mut events = events.into_iter();
    let (Some((uri, event)), None) = (events.next(), events.next()) else {
        return Err(SignalError::Claim("events"));
    };
    let name =
        uri.strip_prefix(issuer.trim_end_matches('/')).and_then(|rest| rest.strip_prefix("/event-type/"));
    let name = name.filter(|name| !name.is_empty()).ok_or(SignalError::Claim("events"))?;
    Ok((Kind::parse(name), event))
}

#[cfg(test)]
mod tests {
    use consent_crypto::{JwsError, RsaPrivateKey, digest::base64url};
    use serde_json::json;

    use super::*;
    use crate::{
        signal::testing::{Platform, claims, rs256},
        testing::{other_server_key, server_key, sign},
    };

    fn refused(change: impl FnOnce(&mut Value)) -> SignalError {
        let platform = Platform::new();
        let mut claims = claims();
        change(&mut claims);
        platform.receiver.set(&platform.set(&claims), &platform.keys).unwrap_err()
    }

    #[test]
    fn a_signal_is_read_as_it_was_signed() {
        let platform = Platform::new();
        let set = platform.set(&claims());
        let signal = platform.receiver.set(&set, &platform.keys).unwrap();
        assert_eq!((signal.kind, signal.seq), (Kind::ErasureRequested, Some(3)));
        assert_eq!(
            (signal.consent_id.as_deref(), signal.person.as_str()),
            (Some("gra1"), "ada-for-this-app")
        );
        assert_eq!(signal.at.timestamp(), claims()["toe"].as_i64().unwrap());
        assert_eq!(signal.set, set);
    }

    #[test]
    fn what_is_not_of_this_platform_for_this_app_is_refused() {
        let claim = |name: &'static str, value: Value| refused(|claims| claims[name] = value);
        assert_eq!(claim("iss", json!("https://other.example")), SignalError::Claim("iss"));
        assert_eq!(claim("iss", json!("https://consent.example/")), SignalError::Claim("iss"));
        assert_eq!(claim("aud", json!("app2")), SignalError::Claim("aud"));
        assert_eq!(claim("aud", json!(["app1", "app2"])), SignalError::Claim("aud"));
        for name in ["exp", "sub"] {
            assert_eq!(claim(name, json!(1)), SignalError::Claim(name));
        }
        assert_eq!(claim("sub_id", json!({"format": "email", "id": "a@b"})), SignalError::Claim("sub_id"));
        assert_eq!(claim("iat", json!(1_780_315_200 + 301)), SignalError::Claim("iat"));
        assert_eq!(claim("events", json!({})), SignalError::Claim("events"));
        let foreign = json!({"https://other.example/event-type/consent-revoked": {}});
        assert_eq!(claim("events", foreign), SignalError::Claim("events"));
        let second = |claims: &mut Value| {
            claims["events"]["https://consent.example/event-type/verification"] = json!({});
        };
        assert_eq!(refused(second), SignalError::Claim("events"), "two at once");
        let anonymous = json!({"https://consent.example/event-type/consent-revoked": {"seq": 3}});
        assert_eq!(claim("events", anonymous), SignalError::Claim("events"), "of which consent?");
    }

    #[test]
    fn a_kind_that_nobody_knows_yet_is_no_error() {
        let platform = Platform::new();
        let mut claims = claims();
        claims["events"] = json!({"https://consent.example/event-type/moon-phase": {"news": true}});
        let signal = platform.receiver.set(&platform.set(&claims), &platform.keys).unwrap();
        assert_eq!(signal.kind, Kind::Other("moon-phase".to_owned()));
    }

    #[test]
    fn only_the_platforms_published_key_signs() {
        let platform = Platform::new();
        let read = |text: &str| platform.receiver.set(text, &platform.keys).unwrap_err();
        let by = |key: &RsaPrivateKey, header: Value| rs256(key, &header, &claims());
        let typed = |kid: &str| json!({"typ": TYPE, "kid": kid});
        let other = by(&other_server_key(), typed("k1"));
        assert_eq!(read(&other), SignalError::Jws(JwsError::Signature));
        let unknown = by(&server_key(), typed("k2"));
        assert_eq!(read(&unknown), SignalError::UnknownKey("k2".to_owned()));
        assert!(
            matches!(read(&by(&server_key(), json!({"kid": "k1"}))), SignalError::Jws(_)),
            "another type"
        );
        let ps512 = sign(&server_key(), &typed("k1"), &claims());
        assert!(matches!(read(&ps512), SignalError::Jws(_)), "another algorithm");
        let good = platform.set(&claims());
        let (_, rest) = good.split_once('.').unwrap();
        let none = base64url(br#"{"alg":"none","typ":"secevent+jwt","kid":"k1"}"#);
        assert!(matches!(read(&format!("{none}.{rest}")), SignalError::Jws(_)), "no algorithm at all");
    }
}
