//! Whoever holds the operator token.

use consent_client::reqwest::Method;
use serde_json::{Value, json};

use crate::{Answer, TestPlatform};

/// Whoever holds the operator token.
pub struct Operator<'p> {
    platform: &'p TestPlatform,
    token: String,
}

impl<'p> Operator<'p> {
    pub(crate) fn new(platform: &'p TestPlatform) -> Self {
        let token =
            std::fs::read_to_string(platform.inner.config.operator_token_file()).expect("the token's file");
        Self { platform, token: token.trim().to_owned() }
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Calls a path of `/api/v1`.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.platform.call(method, &format!("/api/v1{path}"), Some(&self.token), body).await
    }

    /// Registers an app.
    pub async fn registers_app(&self, name: &str) -> Value {
        let body = json!({ "name": name, "contact": "privacy@app.example" });
        self.call(Method::POST, "/apps", Some(&body)).await.ok()
    }
}
