//! A platform of a test's own.

use std::{net::TcpListener, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use actix_like::ServerTask;
use chrono::TimeDelta;
use consent_client::{
    Url,
    reqwest::{self, Method, Response},
};
use consent_core::{Ambient, testing::TestClock};
use consent_crypto::Keystore;
use consent_gateway::{
    config::Config,
    http,
    platform::{Outside, Platform},
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use crate::{MockApp, Operator, Person, Place, Process, fixture, postgres};

mod actix_like {
    //! The running server, stopped when the test is over.
    pub struct ServerTask(pub tokio::task::JoinHandle<()>);

    impl Drop for ServerTask {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
}

/// Which database a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file of its own.
    Sqlite,
    /// A database of its own on the throw-away cluster.
    Postgres,
}

/// A running platform: a real server on a free port, its own database, blobs in a folder, a still clock.
pub struct TestPlatform {
    /// Base of its URLs, without a slash at the end.
    pub url: String,
    /// The clock it goes by.
    pub clock: TestClock,
    /// What is behind the door.
    pub inner: Platform,
    /// Its folder.
    pub dir: Arc<tempfile::TempDir>,
    http: reqwest::Client,
    _server: ServerTask,
}

/// An answer: status and JSON body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body; null when it is none or no JSON.
    pub json: Value,
}

impl Answer {
    /// The answer, read to its end.
    pub async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap_or_default();
        Self { status, json: serde_json::from_slice(&body).unwrap_or(Value::Null) }
    }

    /// The body of an answer that must be a success.
    ///
    /// # Panics
    ///
    /// When it is not.
    #[must_use]
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.json);
        self.json
    }

    /// Status and code, as in `409 GrantRefused`.
    #[must_use]
    pub fn refusal(&self) -> String {
        let code = self.json["code"].as_str().or(self.json["error"]["code"].as_str()).unwrap_or_default();
        format!("{} {code}", self.status)
    }
}

impl TestPlatform {
    /// A platform of this test's own; none where PostgreSQL is wanted and not installed.
    pub async fn start(engine: Engine) -> Option<Self> {
        Self::start_with(engine, |_| {}).await
    }

    /// The same, with some of its configuration changed.
    pub async fn start_with(engine: Engine, change: impl FnOnce(&mut Config)) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let url = match engine {
            Engine::Sqlite => String::new(),
            Engine::Postgres => postgres::fresh_database().await?,
        };
        Some(Self::on(dir, &url, TestClock::new(), change).await)
    }

    /// The same roles at the door of a process, with its database, blobs and keys to look into. Its clock is that of the
    /// machine, which nobody moves.
    pub async fn at(process: &Process, place: &Place) -> Self {
        let mut config = Config::for_tests(place.path());
        config.database.url = place.database_url().into();
        let (ambient, url) = (Ambient::system(), process.url.clone());
        let keys = Keystore::open_or_create(&config.keys_dir(), &ambient).expect("keys");
        let inner = Platform::open_with_keys(config, ambient, url.clone(), keys)
            .await
            .expect("a platform that opens");
        let (dir, http) = (place.dir.clone(), process.http().clone());
        Self { url, clock: TestClock::new(), inner, dir, http, _server: ServerTask(tokio::spawn(async {})) }
    }

    /// Another replica on the same database, blobs, keys and clock.
    pub async fn replica(&self) -> Self {
        self.replica_with(|_| {}).await
    }

    /// The same, with some of its configuration changed.
    pub async fn replica_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.inner.config.clone();
        change(&mut config);
        Self::serve(self.dir.clone(), config, Outside::default(), self.clock.clone()).await
    }

    /// Another replica, whose dispatcher lives in another world: with names and limits of its own.
    pub async fn replica_in(&self, outside: Outside) -> Self {
        Self::serve(self.dir.clone(), self.inner.config.clone(), outside, self.clock.clone()).await
    }

    async fn on(
        dir: tempfile::TempDir,
        database: &str,
        clock: TestClock,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config::for_tests(dir.path());
        config.server.workers = 1;
        if !database.is_empty() {
            config.database.url = database.to_owned().into();
        }
        config.database.max_connections = 8;
        change(&mut config);
        Self::serve(Arc::new(dir), config, Outside::default(), clock).await
    }

    async fn serve(dir: Arc<tempfile::TempDir>, config: Config, outside: Outside, clock: TestClock) -> Self {
        let listener = listener();
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let system = Ambient::system();
        let ambient = Ambient::new(Arc::new(clock.clone()), Arc::new(SystemChance(system.clone())));
        let keys = keystore(dir.path(), &ambient);
        let inner = Platform::open_in(config, ambient, url.clone(), keys, outside)
            .await
            .expect("a platform that opens");
        let server = http::start(&inner, listener).expect("a server that starts");
        let server = ServerTask(tokio::spawn(async move {
            let _ = server.await;
        }));
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(1))
            .build()
            .expect("an HTTP client");
        Self { url, clock, inner, dir, http, _server: server }
    }

    /// Moves the clock.
    pub fn wait(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Sends every signal that is due, and waits for what becomes of each.
    pub async fn delivers(&self) {
        let dispatcher = &self.inner.dispatcher;
        let due = async || dispatcher.deliver_due(self.inner.ambient.now()).await.expect("claimed signals");
        while due().await > 0 {
            dispatcher.settle(0).await;
        }
    }

    /// Calls a path, with a bearer token if there is one.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// Opens a URL as a browser would, and returns where it is sent.
    pub async fn visit(&self, url: &Url) -> Url {
        let response = self.http.get(url.clone()).send().await.expect("an answer");
        let status = response.status();
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        match location.map(str::to_owned) {
            Some(location) => location.parse().expect("a URL"),
            None => panic!("{status}: {}", response.text().await.unwrap_or_default()),
        }
    }

    /// How many rows a table has.
    pub async fn rows(&self, table: &str) -> i64 {
        let count = Statement::from_string(
            self.inner.db.get_database_backend(),
            format!("SELECT COUNT(*) AS rows FROM {table}"),
        );
        let row = self.inner.db.query_one_raw(count).await.expect("a table").expect("a row");
        row.try_get("", "rows").expect("a number")
    }

    /// A plain HTTP client that follows no redirects.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Whoever holds the operator token.
    #[must_use]
    pub fn operator(&self) -> Operator<'_> {
        Operator::new(self)
    }

    /// An app with a published contract, from `fixtures/contracts/<contract>.json` and key pair `app-1`.
    pub async fn app(&self, contract: &str) -> MockApp {
        MockApp::register(self, contract, "app-1", |_| {}).await
    }

    /// A person who has signed up, with an empty library.
    pub async fn person(&self, name: &str) -> Person<'_> {
        Person::sign_up(self, name).await
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

/// The machine's own chance beside a clock that tests move.
struct SystemChance(Ambient);

impl consent_core::Entropy for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

/// One keystore for all replicas of a platform: the signing keys from `fixtures/keys`, which spares every test the
/// making of them, the others from the platform's folder.
fn keystore(dir: &Path, ambient: &Ambient) -> Keystore {
    let keys = dir.join("keys");
    if !keys.exists() {
        let private = |name: &str, text: &str| {
            let path = keys.join(name);
            std::fs::write(&path, text).expect("a key file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
        };
        std::fs::create_dir(&keys).expect("a folder for keys");
        std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o700)).expect("its mode");
        for purpose in ["tokens", "certificates", "receipts", "signals"] {
            private(&format!("{purpose}-1.pem"), &fixture(&format!("keys/server-{purpose}.pem")));
        }
    }
    Keystore::open_or_create(&keys, ambient).expect("keys")
}
