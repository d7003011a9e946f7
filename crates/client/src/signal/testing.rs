//! A platform that signs what a test tells it to, and an app that takes its signals.

use chrono::{DateTime, Utc};
use consent_core::{
    Ambient,
    testing::{TestClock, ambient},
};
use consent_crypto::{
    RsaPrivateKey,
    jws::{self, Algorithm},
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::{Keys, Receiver, ReceiverConfig, Signal};
use crate::testing::server_key;

pub(crate) const APP_KEY: &str = include_str!("../../../../fixtures/keys/app-1.private.pem");
/// 32 bytes, all of them 7.
pub(crate) const SECRET: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

pub(crate) struct Platform {
    pub(crate) receiver: Receiver,
    pub(crate) keys: Keys,
    server: Option<MockServer>,
    ambient: Ambient,
    key: RsaPrivateKey,
}

impl Platform {
    /// One that nobody can call.
    pub(crate) fn new() -> Self {
        Self::at("https://consent.example", None)
    }

    /// One that publishes its keys.
    pub(crate) async fn started() -> Self {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(jwks());
        Mock::given(path("/api/v1/keys")).respond_with(answer).mount(&server).await;
        Self::at(&server.uri(), Some(server))
    }

    fn at(base: &str, server: Option<MockServer>) -> Self {
        let ambient = ambient(&TestClock::new(), 7);
        let receiver = Receiver::new(config(base), ambient.clone()).unwrap();
        Self { receiver, keys: Keys::parse(&jwks()), server, ambient, key: server_key() }
    }

    pub(crate) fn server(&self) -> &MockServer {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn at_path(&self, path: &str) -> String {
        format!("{}{path}", self.server().uri())
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    /// A token as the platform signs them.
    pub(crate) fn set(&self, claims: &Value) -> String {
        rs256(&self.key, &json!({"typ": "secevent+jwt", "kid": "k1"}), claims)
    }

    /// The body of a webhook about an erasure.
    pub(crate) fn body(&self, claims: &Value) -> Value {
        let event = &claims["events"]["https://consent.example/event-type/erasure-requested"];
        json!({
            "type": "erasure.requested",
            "timestamp": "2026-06-01T12:00:00.000Z",
            "data": {
                "consent_id": event["consent_id"], "seq": event["seq"], "status_url": event["status_url"],
                "set": self.set(claims),
            },
        })
    }
}

pub(crate) fn config(base: &str) -> ReceiverConfig {
    ReceiverConfig {
        base: base.parse().unwrap(),
        issuer: "https://consent.example".to_owned(),
        app_id: "app1".to_owned(),
        api_key: "cak_secret".to_owned(),
        secrets: vec![SECRET.to_owned()],
        private_key_pem: APP_KEY.to_owned(),
    }
}

/// What the platform says about an erasure.
pub(crate) fn claims() -> Value {
    json!({
        "iss": "https://consent.example", "aud": "app1", "iat": 1_780_315_200, "toe": 1_780_315_200,
        "jti": "019e8319-0e00-7000-8000-000000000001", "txn": "t1",
        "sub_id": {"format": "opaque", "id": "ada-for-this-app"},
        "events": {"https://consent.example/event-type/erasure-requested": {
            "consent_id": "gra1", "contract_id": "con1", "seq": 3, "complete_by": "2026-06-15T12:00:00.000Z",
            "status_url": "https://consent.example/api/v1/apps/app1/signals/1/reports",
        }},
    })
}

pub(crate) fn signal() -> Signal {
    let platform = Platform::new();
    platform.receiver.set(&platform.set(&claims()), &platform.keys).unwrap()
}

pub(crate) fn rs256(key: &RsaPrivateKey, header: &Value, claims: &Value) -> String {
    jws::sign_with(Algorithm::Rs256, key, header.as_object().unwrap(), claims).unwrap()
}

fn jwks() -> Value {
    json!({"keys": [{"kty": "EC", "kid": "e1"}, server_key().public().jwk("RS256", "k1", "sig")]})
}
