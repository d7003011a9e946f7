//! The envelope that off-the-shelf receivers open: Standard Webhooks 1.0.0 with symmetric signatures (`v1`).

use consent_core::{Ambient, AppId, GrantId};
use consent_crypto::{
    Key, OpenError, RsaPublicKey,
    digest::{base64, base64_decode, hmac_sha256},
};
use serde::{Deserialize, Serialize};

use crate::{
    Signal, SignalId,
    set::{SetClaims, SetError, millis},
};

const PREFIX: &str = "whsec_";

/// A secret that platform and app share: `whsec_` and 32 random bytes in base64.
#[derive(Clone)]
pub struct WebhookSecret(Key);

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret([REDACTED])")
    }
}

impl WebhookSecret {
    /// A new one.
    #[must_use]
    pub fn generate(ambient: &Ambient) -> Self {
        Self(Key::generate(ambient))
    }

    /// Reads what [`WebhookSecret::expose`] gave.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let bytes = text.strip_prefix(PREFIX).and_then(|base64| base64_decode(base64).ok());
        Self::from_slice(&bytes.ok_or(OpenError)?)
    }

    /// The text that the app's developer is shown, once.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", base64(self.0.expose()))
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Result<Self, OpenError> {
        Key::from_slice(bytes).map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// One entry of `webhook-signature`.
    fn sign(&self, id: &SignalId, seconds: i64, body: &str) -> String {
        let timestamp = seconds.to_string();
        let parts = [id.as_str(), ".", &timestamp, ".", body].map(str::as_bytes);
        format!("v1,{}", base64(&hmac_sha256(&self.0, &parts)))
    }
}

/// The headers of one attempt, made at `seconds` since the epoch. With two secrets, during a rotation, there are two
/// signatures, and receivers with either accept it.
#[must_use]
pub fn headers(
    secrets: &[WebhookSecret],
    id: &SignalId,
    seconds: i64,
    body: &str,
) -> Vec<(&'static str, String)> {
    let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(id, seconds, body)).collect();
    vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id.to_string()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

/// The body around a signal's token; the same for every attempt.
pub fn body(signal: &Signal) -> Result<String, SetError> {
    let claims = SetClaims::of_own(&signal.jws).ok_or(SetError::Claim("events"))?;
    let (kind, event) = claims.event()?;
    let envelope = Envelope {
        kind: kind.webhook_type(),
        timestamp: millis(signal.action_at),
        data: Hints {
            consent_id: event.consent_id.clone(),
            seq: event.seq,
            status_url: event.status_url.clone(),
            set: signal.jws.clone(),
        },
    };
    serde_json::to_string(&envelope).map_err(|_| SetError::Envelope)
}

/// Reads a body as its receiver has to, after the signature in its headers was found right: the token counts, and an
/// envelope that contradicts it is refused.
pub fn read(
    body: &str,
    keys: &[&RsaPublicKey],
    issuer: &str,
    audience: &AppId,
) -> Result<SetClaims, SetError> {
    let envelope: Envelope = serde_json::from_str(body).map_err(|_| SetError::Envelope)?;
    let claims = SetClaims::verify(&envelope.data.set, keys, issuer, audience)?;
    let (kind, event) = claims.event()?;
    let at = chrono::DateTime::parse_from_rfc3339(&envelope.timestamp).map_err(|_| SetError::Envelope)?;
    let hints = [
        ("type", envelope.kind == kind.webhook_type()),
        ("timestamp", at.timestamp() == claims.toe),
        ("consent_id", envelope.data.consent_id == event.consent_id),
        ("seq", envelope.data.seq == event.seq),
        ("status_url", envelope.data.status_url == event.status_url),
    ];
    match hints.into_iter().find(|(_, agrees)| !agrees) {
        Some((name, _)) => Err(SetError::Hint(name)),
        None => Ok(claims),
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: Hints,
}

/// Beside the token: what routes a message before anybody has verified it.
#[derive(Serialize, Deserialize)]
struct Hints {
    #[serde(skip_serializing_if = "Option::is_none")]
    consent_id: Option<GrantId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_url: Option<String>,
    set: String,
}

#[cfg(test)]
mod tests {
    use consent_core::testing::{TestClock, ambient};

    use super::*;
    use crate::testing::{headers_of, machine_seconds};

    const ID: &str = "019e8319-0e00-7000-8000-000000000001";

    fn secret(seed: u64) -> WebhookSecret {
        WebhookSecret::generate(&ambient(&TestClock::new(), seed))
    }

    fn accepted(by: &WebhookSecret, body: &str, headers: &[(&'static str, String)]) -> bool {
        let webhook = standardwebhooks::Webhook::new(&by.expose()).unwrap();
        webhook.verify(body.as_bytes(), &headers_of(headers)).is_ok()
    }

    #[test]
    fn the_published_library_opens_it() {
        let body = r#"{"type":"consent.revoked"}"#;
        let headers = headers(&[secret(1)], &ID.parse().unwrap(), machine_seconds(), body);
        assert!(accepted(&secret(1), body, &headers));
        assert!(!accepted(&secret(2), body, &headers));
        assert!(!accepted(&secret(1), r#"{"type":"consent.stopped"}"#, &headers));
    }

    #[test]
    fn the_published_library_refuses_an_old_attempt_and_one_under_another_name() {
        let old = headers(&[secret(1)], &ID.parse().unwrap(), machine_seconds() - 360, "{}");
        assert!(!accepted(&secret(1), "{}", &old));
        let mut renamed = headers(&[secret(1)], &ID.parse().unwrap(), machine_seconds(), "{}");
        renamed[1].1 = ID.replace("01", "02");
        assert!(!accepted(&secret(1), "{}", &renamed));
    }

    #[test]
    fn during_a_rotation_either_secret_opens_it() {
        let both = [secret(1), secret(2)];
        let headers = headers(&both, &ID.parse().unwrap(), machine_seconds(), "{}");
        assert!(both.iter().all(|secret| accepted(secret, "{}", &headers)));
        assert!(!accepted(&secret(3), "{}", &headers));
    }

    #[test]
    fn the_vector_of_the_published_library_comes_out_the_same() {
        // standardwebhooks 1.0.1, `test_sign`, with a secret of the length that we make.
        let text = format!("whsec_{}", base64(&[7; 32]));
        let theirs = standardwebhooks::Webhook::new(&text).unwrap();
        let ours = WebhookSecret::parse(&text).unwrap();
        let expected = theirs.sign(ID, 1_614_265_330, b"{\"test\": 2432232314}").unwrap();
        assert_eq!(ours.sign(&ID.parse().unwrap(), 1_614_265_330, "{\"test\": 2432232314}"), expected);
    }

    #[test]
    fn a_secret_is_shown_only_when_asked_for() {
        let secret = secret(1);
        assert_eq!(format!("{secret:?}"), "WebhookSecret([REDACTED])");
        assert_eq!(WebhookSecret::parse(&secret.expose()).unwrap().bytes(), secret.bytes());
        for wrong in ["", "whsec_", "whsec_AAAA", &secret.expose()[6..], "whsk_AAAA"] {
            assert!(WebhookSecret::parse(wrong).is_err(), "{wrong}");
        }
    }
}
