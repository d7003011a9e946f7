//! A third-party app.

use consent_client::{
    App, AppConfig, Authorization, AuthorizeOptions, ClientError, FileList, Reference, ReferenceOptions,
    Session, SessionOptions, Tokens, Url, reqwest::Method,
};
use consent_core::Ambient;
use serde_json::{Value, json};

use crate::{Answer, TestPlatform, fixture};

/// A third-party app: the client library and a key pair.
pub struct MockApp {
    /// Speaks for it.
    pub client: App,
    /// Its id.
    pub id: String,
    /// Its contract.
    pub contract_id: String,
    /// Its API key.
    pub api_key: String,
    /// Its private key, PEM.
    pub private_key: String,
    redirect_uri: String,
    ambient: Ambient,
}

/// What a person shared with an app.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The tokens.
    pub tokens: Tokens,
    /// The session that the request for consent opened.
    pub session: Session,
    /// What the browser brought back.
    pub callback: Url,
}

impl MockApp {
    /// Where browsers come back to.
    pub const CALLBACK: &'static str = "http://127.0.0.1:9999/callback";

    /// Registers an app with a published contract; `change` may edit the document first.
    pub async fn register(
        platform: &TestPlatform,
        contract: &str,
        keys: &str,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let app = platform.operator().registers_app("Tidemark").await;
        Self::with_contract(platform, &app, contract, keys, change).await
    }

    /// Another contract of an app that is registered already; `app` is the answer to its registration.
    pub async fn with_contract(
        platform: &TestPlatform,
        app: &Value,
        contract: &str,
        keys: &str,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let id = text(&app["id"]);
        let api_key = text(&app["apiKey"]);
        let document = Self::document(contract, keys, change);
        let path = format!("/api/v1/apps/{id}/contracts");
        let made = platform.call(Method::POST, &path, Some(&api_key), Some(&document)).await.ok();
        Self::speaking(platform, id, text(&made["id"]), api_key, fixture(&format!("keys/{keys}.private.pem")))
    }

    /// Another contract of this app.
    pub async fn another_contract(
        &self,
        platform: &TestPlatform,
        contract: &str,
        keys: &str,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let app = json!({ "id": self.id, "apiKey": self.api_key });
        Self::with_contract(platform, &app, contract, keys, change).await
    }

    /// A complete contract document from `fixtures/contracts`, to be published at once.
    #[must_use]
    pub fn document(contract: &str, keys: &str, change: impl FnOnce(&mut Value)) -> Value {
        let document = fixture(&format!("contracts/{contract}.json"));
        let mut document: Value = serde_json::from_str(&document).expect("a JSON document");
        document["publicKey"] = fixture(&format!("keys/{keys}.public.pem")).into();
        document["redirectUris"] = json!([Self::CALLBACK]);
        document["publish"] = true.into();
        change(&mut document);
        document
    }

    /// An app that speaks to a platform under a contract.
    #[must_use]
    pub fn speaking(
        platform: &TestPlatform,
        id: String,
        contract_id: String,
        api_key: String,
        private_key: String,
    ) -> Self {
        let redirect_uri = Self::CALLBACK.to_owned();
        let client = client(platform, &id, &contract_id, &private_key, &redirect_uri);
        let ambient = platform.inner.ambient.clone();
        Self { client, id, contract_id, api_key, private_key, redirect_uri, ambient }
    }

    /// The same app, asking browsers to come back to another of its redirect URIs.
    #[must_use]
    pub fn returning_to(mut self, platform: &TestPlatform, redirect_uri: &str) -> Self {
        self.client = client(platform, &self.id, &self.contract_id, &self.private_key, redirect_uri);
        redirect_uri.clone_into(&mut self.redirect_uri);
        self
    }

    /// The same app, speaking to another replica.
    #[must_use]
    pub fn at(&self, platform: &TestPlatform) -> Self {
        let (id, contract) = (self.id.clone(), self.contract_id.clone());
        let (api_key, private_key) = (self.api_key.clone(), self.private_key.clone());
        Self::speaking(platform, id, contract, api_key, private_key)
            .returning_to(platform, &self.redirect_uri)
    }

    /// A throw-away person shares the sample data of these sources: the whole way from request to tokens.
    pub async fn onboards(&self, platform: &TestPlatform, sources: &[i64]) -> Shared {
        let shared = self.asks_sample(platform, sources.first().copied(), &AuthorizeOptions::default()).await;
        for source in sources.iter().skip(1) {
            self.adds_sample(platform, &shared, *source).await;
        }
        shared
    }

    /// Asks for consent with these options; a throw-away person of sandbox mode agrees.
    pub async fn asks_sample(
        &self,
        platform: &TestPlatform,
        source: Option<i64>,
        options: &AuthorizeOptions,
    ) -> Shared {
        let options = AuthorizeOptions { state: "a state".to_owned(), ..options.clone() };
        let asked = self.client.authorize(&options).await.expect("an authorization request");
        let service = source.map(|source| source.to_string());
        let mut parameters =
            vec![("sourceType", "pull"), ("sampleDataSet", "ada"), ("sampleDataAutoOnboard", "true")];
        if let Some(service) = &service {
            parameters.push(("service", service));
        }
        let callback = platform.visit(&asked.consent_url(&parameters)).await;
        let code = asked.answer(&callback).expect("a code");
        let tokens = self.client.exchange(&code, &asked.code_verifier).await.expect("tokens");
        Shared { tokens, session: asked.session.clone(), callback }
    }

    /// Sends the person of `shared` to connect one more sample source.
    pub async fn adds_sample(&self, platform: &TestPlatform, shared: &Shared, source: i64) -> Url {
        let options = ReferenceOptions::default();
        let asked = self.client.reference(&shared.tokens.access.value, &options).await.expect("a reference");
        let source = source.to_string();
        let parameters =
            [("service", source.as_str()), ("sampleDataSet", "ada"), ("sampleDataAutoOnboard", "true")];
        platform.visit(&asked.onboard_url(&parameters)).await
    }

    /// Opens a session over everything and waits for its final list.
    pub async fn reads(&self, shared: &Shared) -> Result<(Session, FileList), ClientError> {
        let session = self.client.trigger(&shared.tokens.access.value, &SessionOptions::default()).await?;
        let list = self.lists(shared, &session).await?;
        Ok((session, list))
    }

    /// Waits for the final list of a session.
    pub async fn lists(&self, shared: &Shared, session: &Session) -> Result<FileList, ClientError> {
        let every = std::time::Duration::from_millis(20);
        self.client.list_until_done(&shared.tokens.access.value, &session.key, every).await
    }

    /// Status and code of a refusal, or `ok`.
    pub fn outcome<T>(result: &Result<T, ClientError>) -> String {
        match result {
            Ok(_) => "ok".to_owned(),
            Err(error) => match (error.status(), error.code()) {
                (Some(status), Some(code)) => format!("{status} {code}"),
                _ => error.to_string(),
            },
        }
    }

    /// Asks for consent to everything.
    pub async fn asks(&self) -> Authorization {
        let options = AuthorizeOptions { state: "a state".to_owned(), ..AuthorizeOptions::default() };
        self.client.authorize(&options).await.expect("an authorization request")
    }

    /// Publishes a new version of its contract; `change` edits what stands in `fixtures/contracts` first.
    pub async fn revises(
        &self,
        platform: &TestPlatform,
        contract: &str,
        change: impl FnOnce(&mut Value),
    ) -> Value {
        let document = Self::document(contract, "app-1", |document| {
            document["redirectUris"] = json!([self.redirect_uri]);
            change(document);
        });
        let path = format!("/api/v1/apps/{}/contracts/{}", self.id, self.contract_id);
        platform.call(Method::PUT, &path, Some(&self.api_key), Some(&document)).await.ok()
    }

    /// Takes from a browser that came back what a person said yes to.
    pub async fn receives(&self, asked: &Authorization, callback: &Url) -> Shared {
        let code = asked.answer(callback).expect("a code");
        let tokens = self.client.exchange(&code, &asked.code_verifier).await.expect("tokens");
        Shared { tokens, session: asked.session.clone(), callback: callback.clone() }
    }

    /// Asks whoever shared to confirm that it may go on.
    pub async fn asks_again(&self, shared: &Shared) -> Authorization {
        let (access, session) = (&shared.tokens.access.value, SessionOptions::default());
        self.client.reauthorize(access, "a state", &session).await.expect("a request")
    }

    /// Asks whoever shared to connect one more account, or one anew.
    pub async fn refers(&self, shared: &Shared) -> Reference {
        let options = ReferenceOptions { state: Some("a state".to_owned()), ..ReferenceOptions::default() };
        self.client.reference(&shared.tokens.access.value, &options).await.expect("a reference")
    }

    /// What comes of opening a session: `ok`, or status and code of the refusal.
    pub async fn tries(&self, shared: &Shared) -> String {
        let session = SessionOptions::default();
        Self::outcome(&self.client.trigger(&shared.tokens.access.value, &session).await)
    }

    /// A JWT with the claims that every request has, and these.
    #[must_use]
    pub fn jwt(&self, more: &[(&str, &str)]) -> String {
        let mut claims = self.client.claims();
        claims.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        self.client.signed(&claims).expect("a JWT")
    }

    /// Sends a request as it is, for what the client library would not do.
    pub async fn sends(&self, method: Method, path: &str, jwt: &str) -> Answer {
        let sent = self.client.call(method, path, Some(jwt), &[], None).await;
        Answer::of(sent.expect("an answer")).await
    }

    /// Time and chance as the platform has them.
    #[must_use]
    pub fn ambient(&self) -> &Ambient {
        &self.ambient
    }
}

fn client(
    platform: &TestPlatform,
    app_id: &str,
    contract_id: &str,
    private_key: &str,
    redirect_uri: &str,
) -> App {
    let config = AppConfig {
        base: platform.url.parse().expect("a URL"),
        app_id: app_id.to_owned(),
        contract_id: contract_id.to_owned(),
        private_key_pem: private_key.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
    };
    App::new(config, platform.inner.ambient.clone()).expect("an app")
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
