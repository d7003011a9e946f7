//! Asking a person: what is asked for, the page to send the browser to, and what it comes back with.

use consent_crypto::pkce;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::{
    AccessToken, App, AuthorizationCode, ClientError, CodeVerifier, Session, SessionOptions, UrlCode,
};

/// What an app asks a person for.
#[derive(Debug, Clone, Default)]
pub struct AuthorizeOptions {
    /// What the browser must bring back unchanged; hard to guess, one for each request.
    pub state: String,
    /// Names a person who consented before, here or to another contract of the app; it may have expired.
    pub access_token: Option<AccessToken>,
    /// What the session that comes with the request is to deliver.
    pub session: SessionOptions,
}

/// A request that waits for the person.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// Opens the page, once.
    pub url_code: UrlCode,
    /// Delivers as soon as the person agrees.
    pub session: Session,
    /// To be kept until the exchange.
    pub code_verifier: CodeVerifier,
    /// As given.
    pub state: String,
    page: Url,
}

/// What a reference is for.
#[derive(Debug, Clone, Default)]
pub struct ReferenceOptions {
    /// What the browser brings back unchanged.
    pub state: Option<String>,
    /// What the session that comes with the reference is to deliver.
    pub session: SessionOptions,
}

/// A way back to the pages for a person who consented before.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Opens a page, once.
    pub url_code: UrlCode,
    /// When the code dies, Unix seconds.
    pub expires_on: i64,
    /// Delivers as soon as the person is done.
    pub session: Session,
    pages: Url,
}

/// What a handle stands for in the address of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleKind {
    /// An account, by its id on the wire.
    Account,
    /// A storage.
    Cloud,
}

#[derive(Deserialize)]
struct Answer {
    token: String,
    session: Session,
}

#[derive(Deserialize)]
struct Preauthorization {
    preauthorization_code: UrlCode,
}

#[derive(Deserialize)]
struct ReferenceCode {
    reference_code: UrlCode,
    expires_on: i64,
}

impl App {
    /// Asks for consent. Send the browser to [`Authorization::consent_url`].
    pub async fn authorize(&self, options: &AuthorizeOptions) -> Result<Authorization, ClientError> {
        let verifier = CodeVerifier::from(pkce::generate_verifier(&self.ambient));
        let challenge = pkce::challenge_of(verifier.expose()).to_text();
        let mut claims = vec![
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("redirect_uri", &self.redirect_uri),
            ("response_mode", "query"),
            ("response_type", "code"),
            ("state", &options.state),
        ];
        claims.extend(options.access_token.as_ref().map(|token| ("access_token", token.expose())));
        let body = options.session.as_actions();
        let answer: Answer = self.post_json("v1.7/oauth/authorize", &claims, Some(&body)).await?;
        let code: Preauthorization = self.verified(&answer.token).await?;
        Ok(Authorization {
            url_code: code.preauthorization_code,
            session: answer.session,
            code_verifier: verifier,
            state: options.state.clone(),
            page: self.page("authorize"),
        })
    }

    /// Asks a person whose refresh token has expired to agree again; its code is exchanged like the first one.
    pub async fn reauthorize(
        &self,
        access: &AccessToken,
        state: &str,
        session: &SessionOptions,
    ) -> Result<Authorization, ClientError> {
        let verifier = CodeVerifier::from(pkce::generate_verifier(&self.ambient));
        let challenge = pkce::challenge_of(verifier.expose()).to_text();
        let claims = [
            ("access_token", access.expose()),
            ("redirect_uri", &self.redirect_uri),
            ("state", state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let (code, session) = self.referred(&claims, session).await?;
        Ok(Authorization {
            url_code: code.reference_code,
            session,
            code_verifier: verifier,
            state: state.to_owned(),
            page: self.page("user-reauth"),
        })
    }

    /// Prepares a visit to the pages: to add an account, or to renew the sign-in of one.
    pub async fn reference(
        &self,
        access: &AccessToken,
        options: &ReferenceOptions,
    ) -> Result<Reference, ClientError> {
        let mut claims =
            vec![("access_token", access.expose()), ("redirect_uri", self.redirect_uri.as_str())];
        claims.extend(options.state.as_deref().map(|state| ("state", state)));
        let (code, session) = self.referred(&claims, &options.session).await?;
        Ok(Reference {
            url_code: code.reference_code,
            expires_on: code.expires_on,
            session,
            pages: self.page(""),
        })
    }

    /// A short public handle for an id, which itself never belongs in an address.
    pub async fn handle(&self, kind: HandleKind, value: &str) -> Result<String, ClientError> {
        #[derive(Deserialize)]
        struct Handle {
            id: String,
        }
        let kind = match kind {
            HandleKind::Account => "accountId",
            HandleKind::Cloud => "cloudId",
        };
        let body = json!({"type": kind, "value": value});
        let handle: Handle = self.post_json("v1.7/reference", &[], Some(&body)).await?;
        Ok(handle.id)
    }

    async fn referred(
        &self,
        claims: &[(&str, &str)],
        session: &SessionOptions,
    ) -> Result<(ReferenceCode, Session), ClientError> {
        let body = session.as_actions();
        let answer: Answer = self.post_json("v1.7/oauth/token/reference", claims, Some(&body)).await?;
        Ok((self.verified(&answer.token).await?, answer.session))
    }

    fn page(&self, name: &str) -> Url {
        self.base.join("apps/saas/").and_then(|pages| pages.join(name)).expect("a plain path joins any base")
    }
}

impl Authorization {
    /// Where to send the browser; `parameters` such as `service` or `lng` choose what the page shows.
    #[must_use]
    pub fn consent_url(&self, parameters: &[(&str, &str)]) -> Url {
        with_code(self.page.clone(), &self.url_code, parameters)
    }

    /// Reads the address that the browser came back to.
    ///
    /// An address with another `state` answers another request, or nobody's, and must not be acted upon.
    pub fn answer(&self, callback: &Url) -> Result<AuthorizationCode, ClientError> {
        let find = |wanted: &str| {
            callback.query_pairs().find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
        };
        if find("success").as_deref() != Some("true") {
            return Err(ClientError::Declined(find("errorCode").unwrap_or_default()));
        }
        if find("state").as_ref() != Some(&self.state) {
            return Err(ClientError::Protocol("the browser brought back another state".to_owned()));
        }
        let code =
            find("code").ok_or_else(|| ClientError::Protocol("the browser brought no code".to_owned()))?;
        Ok(code.into())
    }
}

impl Reference {
    /// The page to add an account on; `parameters` as for [`Authorization::consent_url`].
    #[must_use]
    pub fn onboard_url(&self, parameters: &[(&str, &str)]) -> Url {
        self.page("onboard", parameters)
    }

    /// The page to renew the sign-in of one account on, given its [handle](App::handle).
    #[must_use]
    pub fn reauthorize_url(&self, account: &str) -> Url {
        self.page("reauthorize", &[("accountRef", account)])
    }

    fn page(&self, name: &str, parameters: &[(&str, &str)]) -> Url {
        let page = self.pages.join(name).expect("a plain path joins any base");
        with_code(page, &self.url_code, parameters)
    }
}

fn with_code(mut page: Url, code: &UrlCode, parameters: &[(&str, &str)]) -> Url {
    page.query_pairs_mut().append_pair("code", code.expose()).extend_pairs(parameters);
    page
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, ResponseTemplate, matchers::path};

    use super::*;
    use crate::testing::{Fake, names};

    async fn answer(fake: &Fake, at: &str, payload: serde_json::Value) {
        let body = json!({"token": fake.token(&payload), "session": {"key": "k", "expiry": 7}});
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(path(at)).respond_with(answer).mount(&fake.server).await;
    }

    async fn asked(fake: &Fake) -> Authorization {
        answer(fake, "/v1.7/oauth/authorize", json!({"preauthorization_code": "pre"})).await;
        let options = AuthorizeOptions { state: "s&1".to_owned(), ..AuthorizeOptions::default() };
        fake.app.authorize(&options).await.unwrap()
    }

    #[tokio::test]
    async fn consent_is_asked_for_with_a_challenge_that_fits_the_kept_verifier() {
        let fake = Fake::start().await;
        let asked = asked(&fake).await;
        let claims = &fake.claims().await[0];
        assert_eq!(
            names(claims),
            "client_id code_challenge code_challenge_method nonce redirect_uri response_mode response_type state \
             timestamp"
        );
        assert_eq!(claims["redirect_uri"], "https://app.example/callback");
        let challenge = pkce::CodeChallenge::parse(claims["code_challenge"].as_str().unwrap()).unwrap();
        assert!(challenge.matches(asked.code_verifier.expose()));
        assert_eq!(asked.session.key.expose(), "k");
        let url = asked.consent_url(&[("sourceType", "pull"), ("lng", "de")]);
        assert_eq!(
            (url.path(), url.query()),
            ("/apps/saas/authorize", Some("code=pre&sourceType=pull&lng=de"))
        );
    }

    #[tokio::test]
    async fn only_the_answer_to_this_request_gives_a_code() {
        let fake = Fake::start().await;
        let asked = asked(&fake).await;
        let back =
            |query: &str| asked.answer(&format!("https://app.example/callback?{query}").parse().unwrap());
        assert_eq!(back("success=true&state=s%261&code=abc").unwrap().expose(), "abc");
        assert!(back("success=true&state=other&code=abc").is_err());
        assert!(back("success=true&state=s%261").is_err());
        let declined = back("success=false&errorCode=USER_CANCEL").unwrap_err();
        assert!(matches!(declined, ClientError::Declined(code) if code == "USER_CANCEL"));
    }

    #[tokio::test]
    async fn a_reference_leads_to_the_pages_for_accounts() {
        let fake = Fake::start().await;
        let payload = json!({"reference_code": "ref", "expires_on": 9, "token_type": "Bearer"});
        answer(&fake, "/v1.7/oauth/token/reference", payload).await;
        let reference = fake.app.reference(&"t".into(), &ReferenceOptions::default()).await.unwrap();
        assert_eq!(names(&fake.claims().await[0]), "access_token client_id nonce redirect_uri timestamp");
        assert_eq!(reference.onboard_url(&[]).path(), "/apps/saas/onboard");
        assert_eq!(reference.reauthorize_url("h1").query(), Some("code=ref&accountRef=h1"));
    }

    #[tokio::test]
    async fn agreeing_again_ends_in_a_code_like_the_first_time() {
        let fake = Fake::start().await;
        answer(&fake, "/v1.7/oauth/token/reference", json!({"reference_code": "ref", "expires_on": 9})).await;
        let asked = fake.app.reauthorize(&"t".into(), "s1", &SessionOptions::default()).await.unwrap();
        assert_eq!(asked.consent_url(&[]).path(), "/apps/saas/user-reauth");
        assert_eq!(
            names(&fake.claims().await[0]),
            "access_token client_id code_challenge code_challenge_method nonce redirect_uri state timestamp"
        );
    }

    #[tokio::test]
    async fn a_handle_is_asked_for_without_a_token() {
        let fake = Fake::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(json!({"id": "h1"}));
        Mock::given(path("/v1.7/reference")).respond_with(answer).mount(&fake.server).await;
        assert_eq!(fake.app.handle(HandleKind::Account, "19_x").await.unwrap(), "h1");
        assert_eq!(names(&fake.claims().await[0]), "client_id nonce timestamp");
    }
}
