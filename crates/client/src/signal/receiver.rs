//! An app as it takes signals.

use consent_core::Ambient;
use consent_crypto::RsaPrivateKey;
use reqwest::{Client, Method, RequestBuilder, Response, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{
    Keys, Signal, SignalError,
    envelope::{Body, Headers, Secret},
    token::Parties,
};
use crate::{
    ClientError,
    app::{JSON, folder, http_client, parse},
    error::accepted,
};

/// Who takes signals, and whose.
#[derive(Clone)]
pub struct ReceiverConfig {
    /// Where the API of the platform is, such as `https://consent.example/`.
    pub base: Url,
    /// What the platform calls itself in what it signs, to the letter: its public URL without a slash at the end.
    pub issuer: String,
    /// The app's id.
    pub app_id: String,
    /// The app's API key.
    pub api_key: String,
    /// The secrets of its webhook, `whsec_…`: one, two while they are rotated, none for who only polls.
    pub secrets: Vec<String>,
    /// The private key that signs reports, PEM: that of the contract which the signals are about.
    pub private_key_pem: String,
}

impl std::fmt::Debug for ReceiverConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceiverConfig")
            .field("base", &self.base.as_str())
            .field("issuer", &self.issuer)
            .field("app_id", &self.app_id)
            .field("api_key", &"[REDACTED]")
            .field("secrets", &"[REDACTED]")
            .field("private_key_pem", &"[REDACTED]")
            .finish()
    }
}

/// An app that takes signals and answers for them; cheap to clone.
#[derive(Clone)]
pub struct Receiver {
    pub(super) base: Url,
    pub(super) parties: Parties,
    pub(super) key: RsaPrivateKey,
    pub(super) ambient: Ambient,
    api_key: String,
    secrets: Vec<Secret>,
    http: Client,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("parties", &self.parties).finish_non_exhaustive()
    }
}

impl Receiver {
    /// A receiver that is ready; nothing is sent yet.
    pub fn new(config: ReceiverConfig, ambient: Ambient) -> Result<Self, ClientError> {
        let secrets =
            config.secrets.iter().map(|secret| Secret::parse(secret).ok_or(ClientError::WebhookSecret));
        Ok(Self {
            http: http_client(&config.base)?,
            base: folder(config.base)?,
            parties: Parties { issuer: config.issuer, app_id: config.app_id },
            key: RsaPrivateKey::parse_pem(&config.private_key_pem).map_err(ClientError::Key)?,
            ambient,
            api_key: config.api_key,
            secrets: secrets.collect::<Result<_, _>>()?,
        })
    }

    /// Fetches the keys that the platform publishes. Good until a signal names one that is not among them.
    pub async fn keys(&self) -> Result<Keys, ClientError> {
        let request = self.http.get(self.at("api/v1/keys")).header(header::ACCEPT, JSON);
        let jwks: Value = parse(accepted(request.send().await?).await?).await?;
        Ok(Keys::parse(&jwks))
    }

    /// Verifies a webhook: `header` finds a header by its name in lower case, `body` is as it came, byte for byte.
    ///
    /// Checked are the signature and the age of the attempt, then the token inside, then that both say the same.
    pub fn webhook<'h>(
        &self,
        header: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
        keys: &Keys,
    ) -> Result<Signal, SignalError> {
        let headers = Headers::read(header)?;
        headers.check(&self.secrets, body, self.ambient.now())?;
        let body = Body::parse(body)?;
        let signal = self.set(body.set(), keys)?;
        body.agrees_with(&signal)?;
        headers.is_about(&signal)?;
        Ok(signal)
    }

    /// Verifies a bare token, as a push of RFC 8935 brings it.
    pub fn set(&self, text: &str, keys: &Keys) -> Result<Signal, SignalError> {
        self.parties.read(text, keys, self.ambient.now())
    }

    /// An address of the platform that this app may use.
    pub(super) fn at(&self, path: &str) -> Url {
        self.base.join(path).expect("a plain path joins any base")
    }

    /// A POST as this app; `to` is on the platform, or the API key would go elsewhere.
    pub(super) fn post(&self, to: &str) -> Result<RequestBuilder, ClientError> {
        let to = Url::parse(to).map_err(|_| ClientError::Address(to.to_owned()))?;
        if to.origin() != self.base.origin() {
            return Err(ClientError::Address(to.origin().ascii_serialization()));
        }
        let request = self.http.request(Method::POST, to).bearer_auth(&self.api_key);
        Ok(request.header(header::ACCEPT, JSON))
    }
}

/// The JSON of an answer to a request.
pub(super) async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ClientError> {
    let response: Response = accepted(request.send().await?).await?;
    parse(response).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::testing::{Platform, SECRET, config};

    #[tokio::test]
    async fn keys_are_those_that_the_platform_publishes() {
        let platform = Platform::started().await;
        let set = platform.set(&crate::signal::testing::claims());
        let keys = platform.receiver.keys().await.unwrap();
        assert!(platform.receiver.set(&set, &keys).is_ok());
        let none = platform.receiver.set(&set, &Keys::default());
        assert_eq!(none, Err(SignalError::UnknownKey("k1".to_owned())));
    }

    #[test]
    fn nothing_that_is_secret_prints() {
        let config = config("https://consent.example");
        let receiver = Receiver::new(config.clone(), Ambient::system()).unwrap();
        for printed in [format!("{config:?}"), format!("{receiver:?}")] {
            for secret in ["BEGIN", "cak_secret", &SECRET[6..]] {
                assert!(!printed.contains(secret), "{printed}");
            }
        }
        let wrong = ReceiverConfig { secrets: vec!["secret".to_owned()], ..config };
        assert!(matches!(Receiver::new(wrong, Ambient::system()), Err(ClientError::WebhookSecret)));
    }

    #[test]
    fn the_api_key_never_leaves_for_another_origin() {
        let platform = Platform::new();
        let error = platform.receiver.post("https://other.example/reports").unwrap_err();
        assert!(matches!(error, ClientError::Address(_)), "{error}");
    }
}
