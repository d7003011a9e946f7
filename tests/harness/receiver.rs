//! Where an app takes its signals, with libraries that are not ours: the envelope is checked by `standardwebhooks`, the
//! token inside by `jsonwebtoken`.

use consent_client::{reqwest::Method, signal};
use consent_crypto::{RsaPrivateKey, jws};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use crate::{Answer, MockApp, TestPlatform};

/// An endpoint for signals.
pub struct Receiver<'p> {
    platform: &'p TestPlatform,
    /// What is called.
    pub server: MockServer,
    /// Checks envelopes.
    pub webhook: Webhook,
    /// The secret of its envelopes.
    pub secret: String,
    app: String,
    api_key: String,
    private_key: String,
}

/// A signal that came, checked.
#[derive(Debug, Clone)]
pub struct Received {
    /// The `webhook-id`.
    pub id: String,
    /// What the envelope says.
    pub body: Value,
    /// The claims of the token.
    pub set: Value,
    /// What happened: the end of the event type, and its members.
    pub kind: String,
    /// The members of the event.
    pub event: Value,
}

impl<'p> Receiver<'p> {
    /// Sets an endpoint of its own for an app, and has it verified.
    pub async fn start(platform: &'p TestPlatform, app: &MockApp) -> Self {
        let server = MockServer::start().await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
        let endpoint = json!({ "url": format!("{}/signals", server.uri()) });
        let path = format!("/api/v1/apps/{}/signal-endpoint", app.id);
        let set = platform.call(Method::PUT, &path, Some(&app.api_key), Some(&endpoint)).await.ok();
        assert_eq!(set["state"], "unverified");
        let secret = set["secret"].as_str().expect("a secret, shown once").to_owned();
        let receiver = Self {
            platform,
            server,
            webhook: Webhook::new(&secret).expect("a secret"),
            secret,
            app: app.id.clone(),
            api_key: app.api_key.clone(),
            private_key: app.private_key.clone(),
        };
        platform.delivers().await;
        let shown = platform.call(Method::GET, &path, Some(&app.api_key), None).await.ok();
        assert_eq!((&shown["state"], shown.get("secret")), (&json!("active"), None));
        assert_eq!(receiver.signals().await.len(), 1, "the verification");
        receiver
    }

    /// Listens where no app has sent anything yet: its address is still to be named, in a contract.
    pub async fn waiting(platform: &'p TestPlatform, app: &MockApp) -> Self {
        let server = MockServer::start().await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
        Self {
            platform,
            server,
            webhook: Webhook::from_bytes(vec![0; 24]).expect("a secret"),
            secret: String::new(),
            app: app.id.clone(),
            api_key: app.api_key.clone(),
            private_key: app.private_key.clone(),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/signals", self.server.uri())
    }

    /// It is told the secret that envelopes are signed with.
    pub fn knows(&mut self, secret: &str) {
        self.webhook = Webhook::new(secret).expect("a secret");
        secret.clone_into(&mut self.secret);
    }

    /// From now on it answers like this.
    pub async fn answers(&self, with: ResponseTemplate) {
        self.server.reset().await;
        Mock::given(method("POST")).respond_with(with).mount(&self.server).await;
    }

    /// Everything that came since it was started or told to answer otherwise, each checked, verifications too.
    pub async fn signals(&self) -> Vec<Received> {
        let keys = self.platform.call(Method::GET, "/api/v1/keys", None, None).await.ok();
        let requests = self.server.received_requests().await.expect("requests are recorded");
        let issuer = &self.platform.inner.public_url;
        requests.iter().map(|request| self.check(request, &keys, issuer)).collect()
    }

    /// The one that came last.
    pub async fn last(&self) -> Received {
        self.signals().await.pop().expect("a signal")
    }

    /// The same app as it takes signals with the client library.
    #[must_use]
    pub fn client(&self) -> signal::Receiver {
        let config = signal::ReceiverConfig {
            base: self.platform.url.parse().expect("a URL"),
            issuer: self.platform.inner.public_url.clone(),
            app_id: self.app.clone(),
            api_key: self.api_key.clone(),
            secrets: vec![self.secret.clone()],
            private_key_pem: self.private_key.clone(),
        };
        signal::Receiver::new(config, self.platform.inner.ambient.clone()).expect("a receiver")
    }

    /// What was sent, as it came.
    pub async fn requests(&self) -> Vec<wiremock::Request> {
        self.server.received_requests().await.expect("requests are recorded")
    }

    fn check(&self, request: &wiremock::Request, keys: &Value, issuer: &str) -> Received {
        let header = |name: &str| request.headers[name].to_str().expect("text").to_owned();
        let signed = self.webhook.sign(
            &header("webhook-id"),
            header("webhook-timestamp").parse().expect("seconds"),
            &request.body,
        );
        let expected = signed.expect("a signature");
        let sent = header("webhook-signature");
        assert!(sent.split(' ').any(|one| one == expected), "{sent} and not {expected}");
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let set = self.verified(body["data"]["set"].as_str().expect("a token"), keys, issuer);
        assert_eq!(set["jti"], header("webhook-id"));
        let events = set["events"].as_object().expect("events");
        let (uri, event) = events.iter().next().expect("an event");
        let kind = uri.rsplit('/').next().unwrap_or_default().to_owned();
        Received { id: header("webhook-id"), kind, event: event.clone(), set, body }
    }

    fn verified(&self, token: &str, keys: &Value, issuer: &str) -> Value {
        let header = jsonwebtoken::decode_header(token).expect("a header");
        assert_eq!(header.typ.as_deref(), Some("secevent+jwt"));
        let keys = keys["keys"].as_array().expect("keys");
        let key = keys.iter().find(|key| key["kid"] == header.kid.clone().unwrap_or_default());
        let key = key.expect("a published key");
        let part = |name: &str| key[name].as_str().expect("text");
        let key = DecodingKey::from_rsa_components(part("n"), part("e")).expect("an RSA key");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[&self.app]);
        jsonwebtoken::decode::<Value>(token, &key, &validation).expect("a valid token").claims
    }

    /// A report about a signal, with what a state needs besides.
    #[must_use]
    pub fn report(&self, about: &Received, state: &str, more: &Value) -> Value {
        let now = self.platform.inner.ambient.now();
        let mut claims = json!({
            "iss": self.app,
            "aud": self.platform.inner.public_url,
            "iat": now.timestamp(),
            "jti": format!("report-{}-{state}", about.id),
            "set_jti": about.id,
            "consent_id": about.event["consent_id"],
            "action": about.kind,
            "state": state,
        });
        for (name, value) in more.as_object().cloned().unwrap_or_default() {
            claims[&name] = value;
        }
        claims
    }

    /// What says in full that everything was deleted.
    #[must_use]
    pub fn evidence(&self) -> Value {
        let now = self.platform.inner.ambient.now();
        json!({
            "completed_at": now,
            "evidence": {
                "categories": [{
                    "category": "social.posts", "removed": 17, "method": "deleted", "systems": ["diary"], "at": now,
                }],
                "recipients": [{ "name": "Backups Ltd", "told_at": now }],
            },
        })
    }

    /// Sends a report, signed with the app's key.
    pub async fn reports(&self, claims: &Value) -> Answer {
        let key = RsaPrivateKey::parse_pem(&self.private_key).expect("a private key");
        self.sends_report(claims, &signed(&key, claims)).await
    }

    /// Sends whatever text as a report about the signal that the claims name.
    pub async fn sends_report(&self, claims: &Value, text: &str) -> Answer {
        let signal = claims["set_jti"].as_str().expect("a signal");
        let path = format!("/api/v1/apps/{}/signals/{signal}/reports", self.app);
        let request = self.platform.http().post(format!("{}{path}", self.platform.inner.public_url));
        let request = request.bearer_auth(&self.api_key).header("content-type", "application/jwt");
        Answer::of(request.body(text.to_owned()).send().await.expect("an answer")).await
    }
}

/// Claims as a report that a key signed.
#[must_use]
pub fn signed(key: &RsaPrivateKey, claims: &Value) -> String {
    let header = json!({ "typ": "signal-report+jwt" });
    jws::sign(key, header.as_object().expect("an object"), claims).expect("a report")
}
