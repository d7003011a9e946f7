//! Where an app's browsers come back to, for stories in which a real one does.

use consent_client::Url;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use crate::{MockApp, TestPlatform};

/// The page that ends the way back.
const PAGE: &str =
    "<!doctype html><html lang=\"en\"><title>Tidemark</title><main><h1>Back at the app</h1></main></html>";

/// An app's own web server on this machine: shows `Back at the app` and remembers what browsers brought.
pub struct Callback {
    server: MockServer,
}

impl Callback {
    /// Listens on a free port.
    pub async fn listen() -> Self {
        let server = MockServer::start().await;
        let page = ResponseTemplate::new(200).set_body_raw(PAGE, "text/html; charset=utf-8");
        Mock::given(matchers::path("/callback")).respond_with(page).mount(&server).await;
        Self { server }
    }

    /// Its redirect URI.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("{}/callback", self.server.uri())
    }

    /// An app with a published contract whose browsers come back here.
    pub async fn app(&self, platform: &TestPlatform, contract: &str) -> MockApp {
        self.app_with(platform, contract, |_| {}).await
    }

    /// The same; `change` may edit the contract first.
    pub async fn app_with(
        &self,
        platform: &TestPlatform,
        contract: &str,
        change: impl FnOnce(&mut Value),
    ) -> MockApp {
        let app = MockApp::register(platform, contract, "app-1", |document| {
            document["redirectUris"] = json!([self.uri()]);
            change(document);
        });
        app.await.returning_to(platform, &self.uri())
    }

    /// The URLs that browsers came back with, the oldest first.
    pub async fn visits(&self) -> Vec<Url> {
        let requests = self.server.received_requests().await.unwrap_or_default();
        let here = |path: &str, query: Option<&str>| {
            let mut url: Url = self.server.uri().parse().expect("a URL");
            url.set_path(path);
            url.set_query(query);
            url
        };
        let visits = requests.iter().filter(|request| request.url.path() == "/callback");
        visits.map(|request| here(request.url.path(), request.url.query())).collect()
    }

    /// The URL of the one browser that came back.
    ///
    /// # Panics
    ///
    /// When none did, or several.
    pub async fn visit(&self) -> Url {
        let visits = self.visits().await;
        let [visit] = visits.as_slice() else { panic!("one browser comes back, not {visits:?}") };
        visit.clone()
    }
}
