//! Codes become tokens, and the server's signature is checked before anything in them is believed.

use consent_crypto::{RsaPublicKey, Unverified};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    AccessToken, App, AuthorizationCode, ClientError, CodeVerifier, RefreshToken, TokenError,
    app::{JSON, parse},
    error::accepted,
};

/// What an app holds after consent.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Acts for the person.
    pub access: Expiring<AccessToken>,
    /// Gets the next pair.
    pub refresh: Expiring<RefreshToken>,
    /// Names the person towards this app (`sub`).
    pub person: String,
    /// Names the consent.
    pub consent_id: String,
    /// Names the person's library.
    pub identifier: String,
}

/// A secret and its end.
#[derive(Debug, Clone, Deserialize)]
pub struct Expiring<T> {
    /// The secret.
    pub value: T,
    /// When it dies, Unix seconds.
    pub expires_on: i64,
}

#[derive(Deserialize)]
struct Answer {
    token: String,
}

#[derive(Deserialize)]
struct Payload {
    access_token: Expiring<AccessToken>,
    refresh_token: Expiring<RefreshToken>,
    sub: String,
    consentid: String,
    identifier: Identifier,
}

#[derive(Deserialize)]
struct Identifier {
    id: String,
}

impl From<Payload> for Tokens {
    fn from(payload: Payload) -> Self {
        Self {
            access: payload.access_token,
            refresh: payload.refresh_token,
            person: payload.sub,
            consent_id: payload.consentid,
            identifier: payload.identifier.id,
        }
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<PublishedKey>,
}

#[derive(Deserialize)]
struct PublishedKey {
    kid: Option<String>,
    pem: Option<String>,
}

impl App {
    /// Exchanges the code that the browser brought back, once.
    pub async fn exchange(
        &self,
        code: &AuthorizationCode,
        verifier: &CodeVerifier,
    ) -> Result<Tokens, ClientError> {
        let claims = [
            ("code", code.expose()),
            ("code_verifier", verifier.expose()),
            ("grant_type", "authorization_code"),
        ];
        self.tokens(&claims).await
    }

    /// Gets a new pair of tokens; the old pair is not to be used any more.
    pub async fn refresh(&self, refresh: &RefreshToken) -> Result<Tokens, ClientError> {
        self.tokens(&[("grant_type", "refresh_token"), ("refresh_token", refresh.expose())]).await
    }

    async fn tokens(&self, claims: &[(&str, &str)]) -> Result<Tokens, ClientError> {
        let answer: Answer = self.post_json("v1.7/oauth/token", claims, None).await?;
        let payload: Payload = self.verified(&answer.token).await?;
        Ok(payload.into())
    }

    /// What a token of the server says, once its signature is checked.
    pub(crate) async fn verified<T: DeserializeOwned>(&self, token: &str) -> Result<T, ClientError> {
        let token = Unverified::parse(token).map_err(TokenError::from)?;
        let key = self.key_of(&token).await?;
        let (_, verified) = token.verify(&[&key]).map_err(TokenError::from)?;
        let claims = verified.into_claims();
        if !self.is_valid_now(&claims) {
            return Err(TokenError::NotNow.into());
        }
        serde_json::from_value(claims.into()).map_err(|error| ClientError::Protocol(error.to_string()))
    }

    /// The key that the token names, from the server itself and from nowhere else.
    async fn key_of(&self, token: &Unverified) -> Result<RsaPublicKey, ClientError> {
        let (kid, jku) = (token.kid().unwrap_or_default(), token.jku().unwrap_or_default());
        let is_ours = |keys: &Url| keys.origin() == self.base.origin();
        let keys =
            Url::parse(jku).ok().filter(is_ours).ok_or_else(|| TokenError::ForeignKeys(jku.to_owned()))?;
        let response = self.call(Method::GET, keys.as_str(), None, &[("accept", JSON)], None).await?;
        let published: KeySet = parse(accepted(response).await?).await?;
        let named = published.keys.into_iter().find(|key| key.kid.as_deref() == Some(kid));
        let pem = named.and_then(|key| key.pem).ok_or_else(|| TokenError::UnknownKey(kid.to_owned()))?;
        Ok(RsaPublicKey::parse_pem(&pem).map_err(TokenError::Key)?)
    }

    fn is_valid_now(&self, claims: &Map<String, Value>) -> bool {
        let now = self.ambient.now().timestamp();
        let second = |name: &str| claims.get(name).map(Value::as_i64);
        let begun = second("nbf").is_none_or(|from| from.is_some_and(|from| from <= now));
        let ended = second("exp").is_some_and(|to| to.is_none_or(|to| to <= now));
        begun && !ended
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::{Mock, ResponseTemplate, matchers::path};

    use super::*;
    use crate::testing::{Fake, names, other_server_key, server_key, sign};

    fn payload() -> Value {
        json!({
            "access_token": {"value": "at", "expires_on": 1},
            "refresh_token": {"value": "rt", "expires_on": 2},
            "consentid": "c",
            "identifier": {"id": "i"},
            "sub": "ada",
            "token_type": "Bearer",
        })
    }

    async fn exchanged(fake: &Fake, token: String) -> Result<Tokens, ClientError> {
        let answer = ResponseTemplate::new(200).set_body_json(json!({"token": token}));
        Mock::given(path("/v1.7/oauth/token")).respond_with(answer).mount(&fake.server).await;
        fake.app.exchange(&"code".into(), &"verifier".into()).await
    }

    async fn refused(fake: &Fake, token: String) -> TokenError {
        match exchanged(fake, token).await.unwrap_err() {
            ClientError::Untrusted(error) => error,
            error => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn a_code_becomes_tokens_that_the_server_signed() {
        let fake = Fake::start().await;
        let tokens = exchanged(&fake, fake.token(&payload())).await.unwrap();
        assert_eq!((tokens.access.value.expose(), tokens.access.expires_on), ("at", 1));
        assert_eq!((tokens.refresh.value.expose(), tokens.person.as_str()), ("rt", "ada"));
        assert!(!format!("{tokens:?}").contains("\"at\""));
        fake.app.refresh(&tokens.refresh.value).await.unwrap();
        let claims = fake.claims().await;
        assert_eq!(names(&claims[0]), "client_id code code_verifier grant_type nonce timestamp");
        assert_eq!(names(&claims[1]), "client_id grant_type nonce refresh_token timestamp");
        assert_eq!(claims[1]["grant_type"], "refresh_token");
    }

    #[tokio::test]
    async fn keys_that_lie_elsewhere_are_not_even_fetched() {
        let (fake, elsewhere) = (Fake::start().await, Fake::start().await);
        for jku in [elsewhere.jku(), "data:,{}".to_owned(), "jwks/oauth".to_owned()] {
            let token = sign(&server_key(), &json!({"kid": "k1", "jku": jku}), &payload());
            assert!(matches!(refused(&fake, token).await, TokenError::ForeignKeys(_)));
            fake.server.reset().await;
        }
        assert!(elsewhere.server.received_requests().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn another_key_under_the_right_name_is_refused() {
        let fake = Fake::start().await;
        let token = sign(&other_server_key(), &json!({"kid": "k1", "jku": fake.jku()}), &payload());
        assert!(matches!(refused(&fake, token).await, TokenError::Jws(_)));
    }

    #[tokio::test]
    async fn a_key_that_the_server_does_not_publish_is_refused() {
        let fake = Fake::start().await;
        for header in [json!({"kid": "k2", "jku": fake.jku()}), json!({"jku": fake.jku()})] {
            let token = sign(&server_key(), &header, &payload());
            assert!(matches!(refused(&fake, token).await, TokenError::UnknownKey(_)));
        }
    }

    #[tokio::test]
    async fn a_token_is_refused_before_and_after_its_time() {
        let now = 1_780_315_200_i64;
        let wrong = [("exp", json!(now)), ("nbf", json!(now + 1)), ("exp", json!("never"))];
        for (name, moment) in wrong {
            let fake = Fake::start().await;
            let mut payload = payload();
            payload[name] = moment;
            assert!(matches!(refused(&fake, fake.token(&payload)).await, TokenError::NotNow));
        }
    }
}
