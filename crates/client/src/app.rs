//! An app as the server knows it, and how it speaks.

use std::time::Duration;

use consent_core::Ambient;
use consent_crypto::{RsaPrivateKey, digest::hex, jws};
use reqwest::{Body, Client, Method, Response, header, redirect::Policy};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use crate::{ClientError, error::accepted};

const PATIENCE: Duration = Duration::from_secs(30);

/// Who the app is, and where the server.
#[derive(Clone)]
pub struct AppConfig {
    /// Where the API and the pages are, such as `https://api.example.org/`.
    pub base: Url,
    /// The app's id.
    pub app_id: String,
    /// The id of the contract it acts under.
    pub contract_id: String,
    /// The private key of that contract, PEM.
    pub private_key_pem: String,
    /// Where the browser returns to; must be registered with the contract.
    pub redirect_uri: String,
}

impl std::fmt::Debug for AppConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppConfig")
            .field("base", &self.base.as_str())
            .field("app_id", &self.app_id)
            .field("contract_id", &self.contract_id)
            .field("private_key_pem", &"[REDACTED]")
            .field("redirect_uri", &self.redirect_uri)
            .finish()
    }
}

/// An app acting under one contract; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) base: Url,
    pub(crate) redirect_uri: String,
    pub(crate) key: RsaPrivateKey,
    pub(crate) ambient: Ambient,
    client_id: String,
    http: Client,
}

impl App {
    /// An app that is ready to call; nothing is sent yet.
    pub fn new(config: AppConfig, ambient: Ambient) -> Result<Self, ClientError> {
        Ok(Self {
            http: http_client(&config.base)?,
            base: folder(config.base)?,
            redirect_uri: config.redirect_uri,
            key: RsaPrivateKey::parse_pem(&config.private_key_pem).map_err(ClientError::Key)?,
            ambient,
            client_id: format!("{}_{}", config.app_id, config.contract_id),
        })
    }

    /// The `client_id` of its requests: app and contract in one string.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The claims that every request has: who asks, when, and a fresh nonce.
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        let mut claims = Map::new();
        claims.insert("client_id".to_owned(), self.client_id.as_str().into());
        claims.insert("nonce".to_owned(), hex(&self.ambient.random::<16>()).into());
        claims.insert("timestamp".to_owned(), self.ambient.now().timestamp_millis().into());
        claims
    }

    /// A JWT with exactly these claims, signed with the contract's key.
    pub fn signed(&self, claims: &Map<String, Value>) -> Result<String, ClientError> {
        jws::sign(&self.key, &Map::new(), claims).map_err(ClientError::Sign)
    }

    /// One plain HTTP call, whatever comes of it; for endpoints that have no method here.
    ///
    /// `path` is relative to the base; an address on another origin is refused, since the JWT would go there.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        jwt: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<Body>,
    ) -> Result<Response, ClientError> {
        let url = self.base.join(path).map_err(|_| ClientError::Address(path.to_owned()))?;
        if url.origin() != self.base.origin() {
            return Err(ClientError::Address(url.origin().ascii_serialization()));
        }
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(jwt) = jwt {
            request = request.bearer_auth(jwt);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        Ok(request.send().await?)
    }

    /// GET or HEAD under the common claims and these.
    pub(crate) async fn get(
        &self,
        method: Method,
        path: &str,
        claims: &[(&str, &str)],
        accept: &str,
    ) -> Result<Response, ClientError> {
        let jwt = self.signed_with(claims)?;
        accepted(self.call(method, path, Some(&jwt), &[("accept", accept)], None).await?).await
    }

    /// GET of JSON under the common claims and these.
    pub(crate) async fn get_json<T: DeserializeOwned>(
        &self,
        path: &str,
        claims: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        parse(self.get(Method::GET, path, claims, JSON).await?).await
    }

    /// POST of JSON under the common claims and these, or of nothing.
    pub(crate) async fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        claims: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        let jwt = self.signed_with(claims)?;
        let body = body.map(Value::to_string);
        let mut headers = vec![(header::ACCEPT.as_str(), JSON)];
        if body.is_some() {
            headers.push((header::CONTENT_TYPE.as_str(), JSON));
        }
        let response = self.call(Method::POST, path, Some(&jwt), &headers, body.map(Body::from)).await?;
        parse(accepted(response).await?).await
    }

    fn signed_with(&self, more: &[(&str, &str)]) -> Result<String, ClientError> {
        let mut claims = self.claims();
        claims.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        self.signed(&claims)
    }
}

pub(crate) const JSON: &str = "application/json";

/// The JSON of a response.
pub(crate) async fn parse<T: DeserializeOwned>(response: Response) -> Result<T, ClientError> {
    let body = response.bytes().await?;
    serde_json::from_slice(&body).map_err(|error| ClientError::Protocol(error.to_string()))
}

/// What this client calls itself.
pub(crate) fn agent() -> Value {
    json!({"sdk": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"), "meta": {}}})
}

/// The base with a slash at its end, so that paths are added to it.
pub(crate) fn folder(mut base: Url) -> Result<Url, ClientError> {
    if !matches!(base.scheme(), "http" | "https") {
        return Err(ClientError::Address(base.into()));
    }
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Ok(base)
}

/// Redirects stay off, so that a JWT goes nowhere but to the server; a proxy is not asked for this machine itself.
pub(crate) fn http_client(base: &Url) -> Result<Client, ClientError> {
    let builder = Client::builder().redirect(Policy::none()).connect_timeout(PATIENCE).read_timeout(PATIENCE);
    let is_local = match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    Ok(if is_local { builder.no_proxy() } else { builder }.build()?)
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, ResponseTemplate, matchers::any};

    use super::*;
    use crate::testing::{Fake, config, names};

    #[tokio::test]
    async fn every_request_says_who_asks_and_when_with_a_fresh_nonce() {
        let fake = Fake::start().await;
        Mock::given(any())
            .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
            .mount(&fake.server)
            .await;
        for _ in 0..2 {
            assert!(fake.app.accounts(&"token".into()).await.unwrap().is_empty());
        }
        let claims = fake.claims().await;
        assert_eq!(names(&claims[0]), "access_token client_id nonce timestamp");
        assert_eq!(claims[0]["client_id"], "app-1_contract-1");
        assert_eq!(claims[0]["timestamp"], 1_780_315_200_000_i64);
        assert_eq!(claims[0]["nonce"].as_str().unwrap().len(), 32);
        assert_ne!(claims[0]["nonce"], claims[1]["nonce"]);
    }

    #[tokio::test]
    async fn a_jwt_never_leaves_for_another_origin() {
        let fake = Fake::start().await;
        let error =
            fake.app.call(Method::GET, "http://other.example/x", Some("jwt"), &[], None).await.unwrap_err();
        assert!(matches!(error, ClientError::Address(_)), "{error}");
    }

    #[test]
    fn a_base_gets_its_slash_and_must_be_http() {
        let app = App::new(config("https://api.example.org/consent"), Ambient::system()).unwrap();
        assert_eq!(app.base.as_str(), "https://api.example.org/consent/");
        assert!(App::new(config("mailto:ada@example.org"), Ambient::system()).is_err());
    }

    #[test]
    fn the_private_key_does_not_print() {
        let config = config("https://api.example.org/");
        assert!(!format!("{config:?}").contains("BEGIN"));
        assert!(!format!("{:?}", App::new(config, Ambient::system()).unwrap()).contains("BEGIN"));
    }
}
