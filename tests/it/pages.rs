//! The pages as browsers meet them, and as those do who are no browsers: every story looks at what goes over the wire.

mod answering;
mod arriving;
mod codes;
mod cookies;
mod library;
mod security;
mod signing_in;
mod throttles;
mod uploads;

use consent_client::{Authorization, AuthorizeOptions, Url, reqwest::Method};
use harness::{MockApp, Person, TestPlatform, Visit, Web};
use serde_json::{Value, json};

/// An app's second redirect URI, as SDKs before generation 10 name one for failures.
const CALLED_BACK: &str = "http://127.0.0.1:9999/failed";
/// Another good password.
const NEW: &str = "another good password";

/// An app that asks, a browser that came with the code, and the page that it was sent to.
struct Asking<'p> {
    app: MockApp,
    asked: Authorization,
    web: Web<'p>,
    page: String,
}

impl<'p> Asking<'p> {
    /// The app asks, and somebody who is signed in comes with the code.
    async fn of(platform: &'p TestPlatform, person: &Person<'_>, app: MockApp) -> Self {
        Self::with(platform, person, app, &[]).await
    }

    /// The same with further parameters in the address.
    async fn with(
        platform: &'p TestPlatform,
        person: &Person<'_>,
        app: MockApp,
        parameters: &[(&str, &str)],
    ) -> Self {
        has_something_to_share(person).await;
        let (asked, web) = (app.asks().await, Web::of(platform, person));
        let page = arrives(&web, &asked.consent_url(parameters)).await;
        Self { app, asked, web, page }
    }

    /// She accepts on the page as it stands.
    async fn accepts(&self) -> Visit {
        self.web.fills(&self.page, &self.page, |form| form.pressing("answer", "accept")).await
    }

    /// She declines on the page as it stands.
    async fn declines(&self) -> Visit {
        self.web.fills(&self.page, &self.page, |form| form.pressing("answer", "decline")).await
    }

    /// What the app makes of the address that her browser is sent to.
    async fn exchanges(&self, visit: &Visit) -> String {
        let code = self.asked.answer(&visit.back_at_the_app()).unwrap();
        MockApp::outcome(&self.app.client.exchange(&code, &self.asked.code_verifier).await)
    }
}

/// A yes to nothing is no yes, so she connects a source unless she has one.
async fn has_something_to_share(person: &Person<'_>) {
    let accounts = person.call(Method::GET, "/me/accounts", None).await.ok();
    if accounts["items"] == json!([]) {
        person.connects(&[17]).await;
    }
}

/// A browser comes with a code and is sent on; returns the path of the page.
async fn arrives(web: &Web<'_>, url: &Url) -> String {
    let visit = web.get(url.as_str()).await;
    assert_eq!(visit.status, 303, "{url}: {}", visit.text());
    let path = visit.location().unwrap();
    assert!(path.starts_with("/apps/saas/") && !path.contains('?'), "{path}");
    path
}

/// Asks with this state.
async fn asks_with(app: &MockApp, state: &str) -> Authorization {
    let options = AuthorizeOptions { state: state.to_owned(), ..AuthorizeOptions::default() };
    app.client.authorize(&options).await.unwrap()
}

/// An app whose contract names these redirect URIs; browsers come back to the first.
async fn app_at(platform: &TestPlatform, contract: &str, uris: &[&str]) -> MockApp {
    let document = |document: &mut Value| document["redirectUris"] = json!(uris);
    MockApp::register(platform, contract, "app-1", document).await.returning_to(platform, uris[0])
}

/// Success, error code and state that the app is told, at its redirect URI.
#[track_caller]
fn failure(visit: &Visit, target: &str) -> (String, String) {
    let url = visit.back_at_the_app();
    assert!(url.as_str().starts_with(target), "{url}");
    assert_eq!(visit.told("success").as_deref(), Some("false"), "{url}");
    assert_eq!(visit.told("code"), None, "{url}");
    (visit.told("errorCode").unwrap(), visit.told("state").unwrap_or_default())
}

/// Nothing that a yes makes has been made.
async fn nothing_was_granted(platform: &TestPlatform) {
    for table in ["consent_grant", "grant_key", "grant_shelf", "authorization_code", "event"] {
        assert_eq!(platform.rows(table).await, 0, "{table}");
    }
}
