//! A person.

use std::time::Duration;

use consent_client::{Authorization, Url, reqwest::Method};
use consent_gateway::config::Span;
use serde_json::{Value, json};

use crate::{Answer, MockApp, Shared, TestPlatform};

/// A person who has signed up.
pub struct Person<'p> {
    platform: &'p TestPlatform,
    /// Her e-mail address.
    pub email: String,
    /// Her id.
    pub id: String,
    /// Says that she is signed in.
    pub token: String,
    /// Opens her library when the password is lost.
    pub recovery_code: String,
}

/// What she said yes to.
#[derive(Debug, Clone)]
pub struct Yes {
    /// The grant.
    pub grant: String,
    /// What the app got of it.
    pub shared: Shared,
}

/// An app that reads what Ada has, by her yes: she has one account, of the service with the number 16.
pub async fn agreed(platform: &TestPlatform) -> (MockApp, Person<'_>, Yes) {
    let app = platform.app("read").await;
    let ada = platform.person("ada").await;
    ada.connects(&[16]).await;
    let yes = ada.approves(&app).await;
    (app, ada, yes)
}

impl<'p> Person<'p> {
    /// The password of every person in these stories.
    pub const PASSWORD: &'static str = "correct horse battery";

    /// Signs up.
    pub async fn sign_up(platform: &'p TestPlatform, name: &str) -> Self {
        let email = format!("{name}@example.org");
        let body = json!({ "email": email, "password": Self::PASSWORD, "name": name });
        let made = platform.call(Method::POST, "/api/v1/sign-up", None, Some(&body)).await.ok();
        Self {
            platform,
            email,
            id: text(&made["personId"]),
            token: text(&made["token"]),
            recovery_code: text(&made["recoveryCode"]),
        }
    }

    /// Calls a path of `/api/v1`.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.platform.call(method, &format!("/api/v1{path}"), Some(&self.token), body).await
    }

    /// Signs in again and goes on with the new sign-in.
    pub async fn signs_in(&mut self, password: &str) -> Answer {
        let body = json!({ "email": self.email, "password": password });
        let answer = self.platform.call(Method::POST, "/api/v1/sign-in", None, Some(&body)).await;
        if let Some(token) = answer.json["token"].as_str() {
            token.clone_into(&mut self.token);
        }
        answer
    }

    /// Connects sample sources, and waits until they are read where that takes no time.
    pub async fn connects(&self, sources: &[i64]) {
        for source in sources {
            let body = json!({ "sourceId": source, "sampleDataSet": "ada" });
            let _ = self.call(Method::POST, "/me/accounts", Some(&body)).await.ok();
        }
        if self.platform.inner.config.sandbox.sample_pace == Span::ZERO {
            while self.waits_for_a_source().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn waits_for_a_source(&self) -> bool {
        let accounts = self.call(Method::GET, "/me/accounts", None).await.ok();
        let mut accounts = accounts["items"].as_array().expect("a list").iter();
        accounts.any(|account| account["finishedAt"].is_null())
    }

    /// Uploads a file of her own.
    pub async fn uploads(&self, name: &str, mimetype: &str, content: impl Into<Vec<u8>>) -> Answer {
        let url = format!("{}/api/v1/me/files?name={name}", self.platform.url);
        let request =
            self.platform.http().post(url).bearer_auth(&self.token).header("content-type", mimetype);
        Answer::of(request.body(content.into()).send().await.expect("an answer")).await
    }

    /// Agrees to what an app asks, with all her accounts and her own files, and the app takes it from there.
    pub async fn approves(&self, app: &MockApp) -> Yes {
        self.approves_with(app, &json!({ "ownFiles": true })).await
    }

    /// The same, with an answer of her own.
    pub async fn approves_with(&self, app: &MockApp, answer: &Value) -> Yes {
        let asked = app.asks().await;
        let (grant, callback) = self.answers(&asked, answer).await;
        let code = asked.answer(&callback).expect("a code");
        let tokens = app.client.exchange(&code, &asked.code_verifier).await.expect("tokens");
        Yes { grant, shared: Shared { tokens, session: asked.session.clone(), callback } }
    }

    /// Approves a request; returns the grant and where the browser goes.
    pub async fn answers(&self, asked: &Authorization, answer: &Value) -> (String, Url) {
        let path = format!("/me/authorizations/{}", asked.url_code.expose());
        let question = self.call(Method::GET, &path, None).await.ok();
        let mut answer = answer.clone();
        answer["textHash"] = question["textHash"].clone();
        let made = self.call(Method::POST, &format!("{path}/approve"), Some(&answer)).await.ok();
        (text(&made["grantId"]), text(&made["location"]).parse().expect("a URL"))
    }

    /// The library's side of a request: a path of `/me/authorizations/{code}`.
    pub async fn on(
        &self,
        method: Method,
        asked: &Authorization,
        verb: &str,
        body: Option<&Value>,
    ) -> Answer {
        let path = format!("/me/authorizations/{}{verb}", asked.url_code.expose());
        self.call(method, &path, body).await
    }

    /// Stops, resumes or revokes a grant.
    pub async fn acts(&self, grant: &str, verb: &str) -> Answer {
        self.call(Method::POST, &format!("/me/grants/{grant}/{verb}"), None).await
    }

    /// Stops a grant.
    pub async fn stops(&self, yes: &Yes) {
        let _ = self.acts(&yes.grant, "stop").await.ok();
    }

    /// Resumes a grant.
    pub async fn resumes(&self, yes: &Yes) {
        let _ = self.acts(&yes.grant, "resume").await.ok();
    }

    /// Revokes a grant.
    pub async fn revokes(&self, yes: &Yes) {
        let _ = self.acts(&yes.grant, "revoke").await.ok();
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
