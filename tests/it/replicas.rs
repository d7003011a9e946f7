//! Two replicas on one database. What was decided at one counts for the very next request at the other, however often
//! that one has served the same app and the same person before: it may remember nothing that has changed since.

mod apps;
mod people;
mod spent;

use consent_client::{
    AccessToken, AuthorizeOptions, HandleKind, ReferenceOptions, Session, SessionOptions, reqwest::Method,
};
use consent_crypto::RsaPublicKey;
use harness::{Answer, MockApp, Person, TestPlatform, Yes, fixture};
use serde_json::{Value, json};

const DEAD: &str = "401 InvalidToken";

/// A session over what there is: no source goes on being read while a story compares what the database holds.
fn stored() -> SessionOptions {
    SessionOptions { source_fetch: Some(false), ..SessionOptions::default() }
}

/// An app that reads what a person shares at the other replica, which by now has seen everything of both.
struct Warm<'p> {
    here: &'p TestPlatform,
    there: TestPlatform,
    /// Speaks to the other replica.
    app: MockApp,
    ada: Person<'p>,
    yes: Yes,
    session: Session,
    name: String,
}

impl<'p> Warm<'p> {
    async fn up(here: &'p TestPlatform) -> Self {
        let there = here.replica().await;
        let app = here.app("read").await.at(&there);
        let ada = here.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        let name = list.files[0].name.clone();
        let warm = Self { here, there, app, ada, yes, session, name };
        for _ in 0..3 {
            warm.is_served().await;
        }
        warm
    }

    fn access(&self) -> &AccessToken {
        &self.yes.shared.tokens.access.value
    }

    /// What comes, at the other replica, of everything that needs the person's yes.
    async fn outcomes(&self, app: &MockApp) -> [(&'static str, String); 6] {
        let (client, access, key) = (&app.client, self.access(), &self.session.key);
        let reference = client.reference(access, &ReferenceOptions::default()).await;
        [
            ("a list", MockApp::outcome(&client.list(access, key).await)),
            ("a file", MockApp::outcome(&client.fetch_raw(access, key, &self.name).await)),
            ("what a file is", MockApp::outcome(&client.metadata(access, key, &self.name).await)),
            ("accounts", MockApp::outcome(&client.accounts(access).await)),
            ("a session", MockApp::outcome(&client.trigger(access, &stored()).await)),
            ("a reference", MockApp::outcome(&reference)),
        ]
    }

    /// What comes, at the other replica, of everything that needs the app alone.
    async fn outcomes_of_app(&self, app: &MockApp) -> [(&'static str, String); 3] {
        let client = &app.client;
        [
            ("a request", MockApp::outcome(&client.authorize(&AuthorizeOptions::default()).await)),
            ("its contract", MockApp::outcome(&client.contract().await)),
            ("a handle", MockApp::outcome(&client.handle(HandleKind::Account, "19_ada").await)),
        ]
    }

    /// The other replica does whatever the app asks.
    async fn is_served(&self) {
        self.serves(&self.app).await;
    }

    async fn serves(&self, app: &MockApp) {
        let all = self.outcomes(app).await.into_iter().chain(self.outcomes_of_app(app).await);
        for (what, outcome) in all {
            assert_eq!(outcome, "ok", "{what}");
        }
    }

    /// The other replica refuses the person's data, and keeps nothing of the attempt.
    async fn is_refused(&self, expected: &str) {
        let before = self.here.contents().await;
        for (what, outcome) in self.outcomes(&self.app).await {
            assert_eq!(outcome, expected, "{what}");
        }
        self.here.holds_the_same(&before).await;
    }

    /// The other replica refuses the app whatever it asks, and keeps nothing of the attempt.
    async fn refuses(&self, app: &MockApp, expected: &str) {
        let before = self.here.contents().await;
        let refresh = app.client.refresh(&self.yes.shared.tokens.refresh.value).await;
        let refresh = [("a refresh", MockApp::outcome(&refresh))];
        let all = self.outcomes(app).await.into_iter().chain(self.outcomes_of_app(app).await);
        for (what, outcome) in all.chain(refresh) {
            assert_eq!(outcome, expected, "{what}");
        }
        self.here.holds_the_same(&before).await;
    }

    /// The same app at the other replica, with another key pair.
    fn with_key(&self, keys: &str) -> MockApp {
        let private = fixture(&format!("keys/{keys}.private.pem"));
        let (id, contract) = (self.app.id.clone(), self.app.contract_id.clone());
        MockApp::speaking(&self.there, id, contract, self.app.api_key.clone(), private)
    }

    /// Registers a key here.
    async fn adds_key(&self, keys: &str) {
        let body = json!({ "publicKey": fixture(&format!("keys/{keys}.public.pem")) });
        let _ = self.registry(Method::POST, "/keys", Some(&body)).await.ok();
    }

    /// Retires a key here.
    async fn retires_key(&self, keys: &str, how: &Value) {
        let pem = fixture(&format!("keys/{keys}.public.pem"));
        let kid = RsaPublicKey::parse_pem(&pem).unwrap().thumbprint();
        let _ = self.registry(Method::POST, &format!("/keys/{kid}/retire"), Some(how)).await.ok();
    }

    /// The app changes its contract here.
    async fn registry(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let path = format!("/api/v1/apps/{}/contracts/{}{path}", self.app.id, self.app.contract_id);
        self.here.call(method, &path, Some(&self.app.api_key), body).await
    }

    /// The operator decides here.
    async fn operator(&self, verb: &str) {
        let path = format!("/apps/{}/{verb}", self.app.id);
        let _ = self.here.operator().call(Method::POST, &path, None).await.ok();
    }

    /// She asks the other replica for a path of `/api/v1`.
    async fn she_asks(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.there.call(method, &format!("/api/v1{path}"), Some(&self.ada.token), body).await
    }
}
