//! The consent event API: what apps record there is one log with what people decide here.

mod across_origins;
mod client;
mod grants;
mod recording;
mod repeating;
mod searching;
mod tokens;

use consent_client::reqwest::{Method, RequestBuilder};
use harness::{Answer, TestPlatform};
use serde_json::{Value, json};

/// An app with its log.
struct Log<'p> {
    platform: &'p TestPlatform,
    app: String,
    bearer: String,
}

impl<'p> Log<'p> {
    /// That of a new app.
    async fn of_new_app(platform: &'p TestPlatform) -> Self {
        let app = platform.operator().registers_app("Tidemark").await;
        Self { platform, app: text(&app["id"]), bearer: text(&app["apiKey"]) }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.platform.url);
        self.platform.http().request(method, url).bearer_auth(&self.bearer)
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body).send().await.unwrap()).await
    }

    /// Records at version 0.
    async fn records(&self, body: &Value) -> Value {
        self.post("/consent/v0/consents", body).await.ok()
    }

    /// The actions that a search finds, newest first.
    async fn finds(&self, path: &str) -> Vec<Value> {
        match self.get(path).await.ok() {
            Value::Array(found) => found,
            other => panic!("{other} is no list"),
        }
    }
}

fn event(subject: &str, scope: &str, action: Option<bool>) -> Value {
    json!({ "subject": subject, "target": "https://foo.example/policy", "scope": scope, "action": action })
}

/// What is wrong, as in `422 [1].subject`.
fn refusal(answer: &Answer) -> String {
    let field = answer.json["error"]["fields"][0]["field"].as_str().unwrap_or_default();
    assert!(answer.json["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{answer:?}");
    format!("{} {field}", answer.status)
}

fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn texts<'a>(values: &'a [Value], member: &str) -> Vec<&'a str> {
    values.iter().map(|value| value[member].as_str().unwrap()).collect()
}
