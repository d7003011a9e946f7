//! The envelope of a webhook: Standard Webhooks 1.0.0 with symmetric signatures (`v1`).

use chrono::{DateTime, Utc};
use consent_crypto::{
    Key,
    digest::{base64, base64_decode, constant_time_eq, hmac_sha256},
};
use serde::Deserialize;

use super::{Signal, SignalError, token::LEEWAY};

const PREFIX: &str = "whsec_";

/// What a platform signs its envelopes with.
#[derive(Debug, Clone)]
pub(super) struct Secret(Key);

impl Secret {
    /// Reads what the platform showed when the endpoint was set: `whsec_` and 32 bytes in base64.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = base64_decode(text.strip_prefix(PREFIX)?).ok()?;
        Key::from_slice(&bytes).ok().map(Self)
    }

    /// One entry of the header, to be compared.
    fn signature(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        format!("v1,{}", base64(&hmac_sha256(&self.0, &parts)))
    }
}

/// The headers of an attempt.
pub(super) struct Headers<'h> {
    id: &'h str,
    timestamp: &'h str,
    signatures: &'h str,
}

impl<'h> Headers<'h> {
    pub(super) fn read(header: impl Fn(&str) -> Option<&'h str>) -> Result<Self, SignalError> {
        let named = |name: &'static str| {
            header(name).filter(|value| !value.is_empty()).ok_or(SignalError::Header(name))
        };
        Ok(Self {
            id: named("webhook-id")?,
            timestamp: named("webhook-timestamp")?,
            signatures: named("webhook-signature")?,
        })
    }

    /// Checks that the attempt is of now, and that one of its signatures is made with one of these secrets: during a
    /// rotation there are two of either. Compared in a time that does not depend on what is right.
    pub(super) fn check(
        &self,
        secrets: &[Secret],
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), SignalError> {
        let seconds: i64 = self.timestamp.parse().map_err(|_| SignalError::Header("webhook-timestamp"))?;
        if now.timestamp().checked_sub(seconds).is_none_or(|age| age.abs() > LEEWAY.num_seconds()) {
            return Err(SignalError::Untimely);
        }
        let expected: Vec<_> =
            secrets.iter().map(|secret| secret.signature(self.id, self.timestamp, body)).collect();
        let is_one =
            |sent: &str| expected.iter().any(|one| constant_time_eq(one.as_bytes(), sent.as_bytes()));
        if self.signatures.split(' ').any(is_one) { Ok(()) } else { Err(SignalError::Forged) }
    }

    /// Checks that the attempt is about this signal.
    pub(super) fn is_about(&self, signal: &Signal) -> Result<(), SignalError> {
        if self.id == signal.id { Ok(()) } else { Err(SignalError::Hint("webhook-id")) }
    }
}

/// A body: the token, and what routes the message before anybody has verified it.
#[derive(Deserialize)]
pub(super) struct Body {
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    consent_id: Option<String>,
    seq: Option<i64>,
    status_url: Option<String>,
    set: String,
}

impl Body {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, SignalError> {
        serde_json::from_slice(bytes).map_err(|_| SignalError::Envelope)
    }

    /// The token inside.
    pub(super) fn set(&self) -> &str {
        &self.data.set
    }

    /// Checks that everything around the token says what the token says.
    pub(super) fn agrees_with(&self, signal: &Signal) -> Result<(), SignalError> {
        let at = DateTime::parse_from_rfc3339(&self.timestamp).map_err(|_| SignalError::Envelope)?;
        let hints = [
            ("type", self.kind == signal.kind.name().replace('-', ".")),
            ("timestamp", at.timestamp() == signal.at.timestamp()),
            ("consent_id", self.data.consent_id == signal.consent_id),
            ("seq", self.data.seq == signal.seq),
            ("status_url", self.data.status_url == signal.status_url),
        ];
        match hints.into_iter().find(|(_, agrees)| !agrees) {
            Some((name, _)) => Err(SignalError::Hint(name)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::{Value, json};

    use super::*;
    use crate::signal::testing::{Platform, SECRET, claims};

    /// Headers and body as the platform sends them, each of which a test may change.
    struct Sent {
        platform: Platform,
        id: String,
        timestamp: String,
        signature: String,
        body: String,
    }

    impl Sent {
        fn of(platform: Platform, body: &Value) -> Self {
            let (id, body) = (claims()["jti"].as_str().unwrap().to_owned(), body.to_string());
            let timestamp = platform.now().timestamp().to_string();
            let signature = sign(SECRET, &id, &timestamp, &body);
            Self { platform, id, timestamp, signature, body }
        }

        fn new() -> Self {
            let platform = Platform::new();
            let body = platform.body(&claims());
            Self::of(platform, &body)
        }

        fn signed_anew(self) -> Self {
            Self { signature: sign(SECRET, &self.id, &self.timestamp, &self.body), ..self }
        }

        fn read(&self) -> Result<Signal, SignalError> {
            let header = |name: &str| match name {
                "webhook-id" => Some(self.id.as_str()),
                "webhook-timestamp" => Some(self.timestamp.as_str()),
                "webhook-signature" => Some(self.signature.as_str()),
                _ => None,
            };
            self.platform.receiver.webhook(header, self.body.as_bytes(), &self.platform.keys)
        }
    }

    fn sign(secret: &str, id: &str, timestamp: &str, body: &str) -> String {
        let webhook = standardwebhooks::Webhook::new(secret).unwrap();
        webhook.sign(id, timestamp.parse().unwrap(), body.as_bytes()).unwrap()
    }

    #[test]
    fn what_the_published_library_signs_is_accepted() {
        let sent = Sent::new();
        assert_eq!(sent.read().unwrap().id, sent.id);
        let other = format!("whsec_{}", base64(&[9; 32]));
        let signature = sign(&other, &sent.id, &sent.timestamp, &sent.body);
        let both = Sent { signature: format!("{signature} v1a,AAAA {}", sent.signature), ..Sent::new() };
        assert!(both.read().is_ok(), "two signatures while secrets are rotated, and one that is not known");
        assert_eq!(Sent { signature, ..Sent::new() }.read(), Err(SignalError::Forged));
    }

    #[test]
    fn a_changed_message_is_refused() {
        let renamed = Sent { id: "019e8319-0e00-7000-8000-000000000002".to_owned(), ..Sent::new() };
        assert_eq!(renamed.read(), Err(SignalError::Forged));
        assert_eq!(renamed.signed_anew().read(), Err(SignalError::Hint("webhook-id")));
        let body = Sent::new().body.replacen("erasure.requested", "sharing.resumed", 1);
        assert_eq!(Sent { body, ..Sent::new() }.read(), Err(SignalError::Forged));
        for signature in ["", "v1,", "v2,x", "v1"] {
            let refused = Sent { signature: signature.to_owned(), ..Sent::new() }.read();
            assert!(matches!(refused, Err(SignalError::Forged | SignalError::Header(_))), "{signature}");
        }
    }

    #[test]
    fn an_attempt_of_another_time_is_refused() {
        for (seconds, is_fine) in [(-301, false), (-300, true), (300, true), (301, false)] {
            let timestamp = (Platform::new().now() + TimeDelta::seconds(seconds)).timestamp().to_string();
            let sent = Sent { timestamp, ..Sent::new() }.signed_anew();
            assert_eq!(sent.read().err(), (!is_fine).then_some(SignalError::Untimely), "{seconds}");
        }
        for timestamp in ["soon", "1.5", "-9223372036854775808"] {
            let sent = Sent { timestamp: timestamp.to_owned(), ..Sent::new() };
            let refused = sent.read().unwrap_err();
            assert!(
                matches!(refused, SignalError::Header(_) | SignalError::Untimely),
                "{timestamp}: {refused}"
            );
        }
    }

    #[test]
    fn a_hint_that_contradicts_the_token_makes_the_message_none() {
        let swapped = [
            ("/type", json!("sharing.resumed"), "type"),
            ("/timestamp", json!("2026-06-01T12:00:01.000Z"), "timestamp"),
            ("/data/consent_id", json!("gra2"), "consent_id"),
            ("/data/seq", json!(4), "seq"),
            ("/data/status_url", json!("https://other.example/"), "status_url"),
        ];
        for (pointer, value, name) in swapped {
            let platform = Platform::new();
            let mut body = platform.body(&claims());
            *body.pointer_mut(pointer).unwrap() = value;
            assert_eq!(Sent::of(platform, &body).read(), Err(SignalError::Hint(name)), "{pointer}");
        }
        let platform = Platform::new();
        let without = json!({"type": "erasure.requested"});
        assert_eq!(Sent::of(platform, &without).read(), Err(SignalError::Envelope));
    }

    #[test]
    fn a_secret_is_32_bytes_and_does_not_print() {
        assert!(!format!("{:?}", Secret::parse(SECRET).unwrap()).contains(&SECRET[6..]));
        for wrong in ["", "whsec_", "whsec_AAAA", &SECRET[6..], "whpk_AAAA"] {
            assert!(Secret::parse(wrong).is_none(), "{wrong}");
        }
    }
}
