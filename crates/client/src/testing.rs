//! A server that answers what a test tells it to.

use consent_core::testing::{TestClock, ambient};
use consent_crypto::{RsaPrivateKey, Unverified, jws};
use serde_json::{Map, Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::{App, AppConfig};

const APP_KEY: &str = include_str!("../../../fixtures/keys/app-1.private.pem");
const SERVER_KEY: &str = include_str!("../../../fixtures/keys/server-tokens.pem");
const OTHER_SERVER_KEY: &str = include_str!("../../../fixtures/keys/server-certificates.pem");

/// The server, which publishes its key as `k1`, and an app that calls it.
pub(crate) struct Fake {
    pub(crate) server: MockServer,
    pub(crate) app: App,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let server = MockServer::start().await;
        let app = App::new(config(&server.uri()), ambient(&TestClock::new(), 7)).unwrap();
        let keys =
            json!({"keys": [{"kty": "RSA"}, {"kid": "k1", "pem": server_key().public().to_spki_pem()}]});
        let answer = ResponseTemplate::new(200).set_body_json(keys);
        Mock::given(path("/jwks/oauth")).respond_with(answer).mount(&server).await;
        Self { server, app }
    }

    pub(crate) fn jku(&self) -> String {
        format!("{}/jwks/oauth", self.server.uri())
    }

    /// A token as the server signs them.
    pub(crate) fn token(&self, payload: &Value) -> String {
        sign(&server_key(), &json!({"kid": "k1", "jku": self.jku()}), payload)
    }

    /// The claims of every signed request so far, once the app's signature is checked.
    pub(crate) async fn claims(&self) -> Vec<Map<String, Value>> {
        let requests = self.server.received_requests().await.unwrap();
        let bearers =
            requests.iter().filter_map(|request| request.headers.get("authorization")?.to_str().ok());
        let verified = bearers.map(|bearer| {
            let token = Unverified::parse(bearer.strip_prefix("Bearer ").unwrap()).unwrap();
            token.verify(&[self.app.key.public()]).unwrap().1.into_claims()
        });
        verified.collect()
    }
}

pub(crate) fn config(base: &str) -> AppConfig {
    AppConfig {
        base: base.parse().unwrap(),
        app_id: "app-1".to_owned(),
        contract_id: "contract-1".to_owned(),
        private_key_pem: APP_KEY.to_owned(),
        redirect_uri: "https://app.example/callback".to_owned(),
    }
}

pub(crate) fn server_key() -> RsaPrivateKey {
    RsaPrivateKey::parse_pem(SERVER_KEY).unwrap()
}

pub(crate) fn other_server_key() -> RsaPrivateKey {
    RsaPrivateKey::parse_pem(OTHER_SERVER_KEY).unwrap()
}

pub(crate) fn sign(key: &RsaPrivateKey, header: &Value, payload: &Value) -> String {
    jws::sign(key, header.as_object().unwrap(), payload).unwrap()
}

/// The names of the claims, sorted.
pub(crate) fn names(claims: &Map<String, Value>) -> String {
    let mut names: Vec<_> = claims.keys().map(String::as_str).collect();
    names.sort_unstable();
    names.join(" ")
}
