//! A platform to send requests to, within this process: a person who is signed in, and an app with a
//! contract.

use std::{cell::RefCell, fs, mem, os::unix::fs::PermissionsExt, path::Path, pin::Pin, rc::Rc, thread};

use actix_web::{
    body::to_bytes,
    dev::{Payload, Service},
    error::PayloadError,
    http::header::{HeaderMap, LOCATION, SET_COOKIE},
    rt::Runtime,
    test::{TestRequest, init_service},
};
use bytes::Bytes;
use consent_core::Ambient;
use consent_crypto::{Keystore, Unverified, digest::hex, jws, pkce};
use consent_gateway::{config::Config, http, platform::Platform};
use futures_util::{Stream, stream};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::keys::{APP, ambient, fixture};

/// Where the app may have people sent back to.
pub(crate) const REDIRECT_URIS: [&str; 3] =
    ["http://127.0.0.1:9999/callback", "https://app.example/cb?a=1%202&b=2", "digime-ca-app01://auth"];
/// What the app wants to have back unchanged.
pub(crate) const STATE: &str = "a state&code=x#\r\n\u{e9}";

/// Pieces of a body as they arrive.
pub(crate) type Pieces = Vec<Result<Bytes, PayloadError>>;
type BoxedPayloadStream = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;
type Send = Box<dyn Fn(TestRequest, Pieces) -> Pin<Box<dyn Future<Output = Answer>>>>;

thread_local! {
    static STAGE: RefCell<Kept> = const { RefCell::new(Kept(None)) };
}

/// The stage of a thread until its end.
struct Kept(Option<Stage>);

impl Drop for Kept {
    fn drop(&mut self) {
        // What a runtime needs in order to stop is gone by then.
        if let Some(stage) = self.0.take() {
            let _ = fs::remove_dir_all(stage.folder.path());
            mem::forget(stage);
        }
    }
}

/// A platform with a person and an app.
pub(crate) struct Stage {
    runtime: Runtime,
    platform: Platform,
    folder: TempDir,
    send: Send,
    /// Says that she is signed in.
    sign_in: String,
    /// The token of her forms.
    pub csrf: String,
    client_id: String,
    /// The app's.
    pub api_key: String,
    /// What stands for what in an input.
    pub codes: Vec<(&'static str, String)>,
    /// The app's token for a library of sample data.
    access_token: String,
    wear: usize,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION).map(|location| location.to_str().expect("plain text"))
    }

    /// The cookies that it sets, as a browser sends them back.
    pub fn cookies(&self) -> impl Iterator<Item = &str> {
        let set = self.headers.get_all(SET_COOKIE).map(|cookie| cookie.to_str().expect("plain text"));
        set.map(|cookie| cookie.split(';').next().unwrap_or_default())
    }

    fn json(&self) -> Value {
        assert!(self.status < 300, "{self:?}");
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// Runs with a stage that earlier inputs have used, but not used up.
pub(crate) fn with_stage<T>(run: impl FnOnce(&mut Stage) -> T) -> T {
    STAGE.with_borrow_mut(|Kept(stage)| {
        if stage.as_ref().is_some_and(|stage| stage.wear > 300) {
            *stage = None;
        }
        run(stage.get_or_insert_with(Stage::new))
    })
}

impl Stage {
    fn new() -> Self {
        let (runtime, folder) = (Runtime::new().expect("a runtime"), tempfile::tempdir().expect("a folder"));
        let platform = runtime.block_on(platform(folder.path()));
        let send = runtime.block_on(sender(platform.clone()));
        let (sign_in, csrf, client_id, api_key, access_token) = Default::default();
        let codes = Vec::new();
        let mut stage = Self {
            runtime,
            platform,
            folder,
            send,
            sign_in,
            csrf,
            client_id,
            api_key,
            codes,
            access_token,
            wear: 0,
        };
        stage.sign_up();
        stage.register();
        stage.access_token = stage.share();
        stage.renew_codes();
        stage
    }

    /// Sends a request of hers, or of somebody unknown.
    pub fn send(&self, request: TestRequest, body: Pieces, cookies: &[&str]) -> Answer {
        let request = request.insert_header(("cookie", cookies.join("; ")));
        self.runtime.block_on((self.send)(request.peer_addr(([127, 0, 0, 1], 1).into()), body))
    }

    /// The cookie of her sign-in.
    pub fn sign_in(&self) -> String {
        format!("consent-sign-in={}", self.sign_in)
    }

    /// Something was used up that is there for other inputs as well.
    pub fn is_worn(&mut self) {
        self.wear += 1;
    }

    /// Something was used up that cannot be had again.
    pub fn is_used_up(&mut self) {
        self.wear = usize::MAX;
    }

    /// How many files people have, sealed ones and their records.
    pub fn files(&self) -> (usize, usize) {
        let count = "SELECT COUNT(*) AS files FROM file".to_owned();
        let db = &self.platform.db;
        let count = Statement::from_string(db.get_database_backend(), count);
        let row = self.runtime.block_on(db.query_one_raw(count)).expect("a table").expect("a row");
        let records: i64 = row.try_get("", "files").expect("a number");
        (usize::try_from(records).expect("a count"), files_below(&self.folder.path().join("blobs")))
    }

    /// New codes in place of those that may be used up.
    pub fn renew_codes(&mut self) {
        let challenge = pkce::challenge_of(&"v".repeat(43)).to_text();
        let pkce = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
        let token = self.access_token.clone();
        let access = [("access_token", token.as_str())];
        let asked = |stage: &Self, path, more: &[&[(&str, &str)]], code| {
            let uris = [("redirect_uri", REDIRECT_URIS[1]), ("state", STATE)];
            text(&stage.told(path, &[&uris[..], &more.concat()].concat())[code])
        };
        let named = |stage: &Self, kind: &str, value: &str| {
            text(&stage.signed("/v1.7/reference", &[], &json!({"type": kind, "value": value}))["id"])
        };
        self.codes = vec![
            ("{authorize}", asked(self, "/v1.7/oauth/authorize", &[&pkce], "preauthorization_code")),
            ("{onboard}", asked(self, "/v1.7/oauth/token/reference", &[&access], "reference_code")),
            ("{reauth}", asked(self, "/v1.7/oauth/token/reference", &[&access, &pkce], "reference_code")),
            ("{account}", named(self, "accountId", &self.account())),
            ("{storage}", named(self, "cloudId", "c")),
        ];
        self.wear += 1;
    }

    fn sign_up(&mut self) {
        let person = json!({"email": "ada@example.org", "password": "correct horse battery", "name": "ada"});
        self.sign_in = text(&self.post("/api/v1/sign-up", "nobody", &person)["token"]);
        let page = self.send(TestRequest::get().uri("/library"), vec![], &[&self.sign_in()]);
        let (_, csrf) = page.body.split_once("name=\"csrf\" value=\"").expect("a form");
        csrf.split('"').next().unwrap_or_default().clone_into(&mut self.csrf);
    }

    fn register(&mut self) {
        let operator = fs::read_to_string(self.platform.config.operator_token_file()).expect("a token");
        let app = json!({"name": "Tidemark", "contact": "privacy@app.example"});
        let app = self.post("/api/v1/apps", operator.trim(), &app);
        let mut contract: Value = serde_json::from_str(fixture!("contracts/read.json")).expect("JSON");
        contract["publicKey"] = fixture!("keys/app-1.public.pem").into();
        contract["redirectUris"] = json!(REDIRECT_URIS);
        contract["publish"] = true.into();
        let (id, api_key) = (text(&app["id"]), text(&app["apiKey"]));
        let contract = self.post(&format!("/api/v1/apps/{id}/contracts"), &api_key, &contract);
        self.client_id = format!("{id}_{}", text(&contract["id"]));
        self.api_key = api_key;
    }

    /// She connects a sample source and says yes to the app; returns its token.
    fn share(&self) -> String {
        let source = json!({"sourceId": 16, "sampleDataSet": "ada"});
        let account = self.post("/api/v1/me/accounts", &self.sign_in, &source)["id"].clone();
        self.wait_for_source();
        let verifier = "v".repeat(43);
        let challenge = pkce::challenge_of(&verifier).to_text();
        let claims = [
            ("redirect_uri", REDIRECT_URIS[0]),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let asked = self.told("/v1.7/oauth/authorize", &claims);
        let question = format!("/api/v1/me/authorizations/{}", text(&asked["preauthorization_code"]));
        let text_hash = self.get(&question, &self.sign_in)["textHash"].clone();
        let answer = json!({"accounts": [account], "ownFiles": true, "textHash": text_hash});
        let location = self.post(&format!("{question}/approve"), &self.sign_in, &answer)["location"].clone();
        let location = url::Url::parse(&text(&location)).expect("an address");
        let (_, code) = location.query_pairs().find(|(name, _)| name == "code").expect("a code");
        let claims = [("grant_type", "authorization_code"), ("code", &*code), ("code_verifier", &verifier)];
        text(&self.told("/v1.7/oauth/token", &claims)["access_token"]["value"])
    }

    /// Sources are read in the background, and files appear meanwhile.
    fn wait_for_source(&self) {
        while self.get("/api/v1/me/accounts", &self.sign_in)["items"][0]["finishedAt"].is_null() {
            thread::yield_now();
        }
    }

    /// The account that the app may read, by its id on the wire.
    fn account(&self) -> String {
        let accounts =
            self.get("/v1.7/permission-access/accounts", &self.jwt(&[("access_token", &self.access_token)]));
        text(&accounts[0]["id"])
    }

    /// What the server says in a token.
    fn told(&self, path: &str, claims: &[(&str, &str)]) -> Value {
        let token = text(&self.signed(path, claims, &json!({}))["token"]);
        Unverified::parse(&token).expect("a token").peek().clone().into()
    }

    fn signed(&self, path: &str, claims: &[(&str, &str)], body: &Value) -> Value {
        self.post(path, &self.jwt(claims), body)
    }

    fn jwt(&self, claims: &[(&str, &str)]) -> String {
        let ambient = &self.platform.ambient;
        let mut all: Map<String, Value> =
            claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        all.insert("client_id".to_owned(), self.client_id.as_str().into());
        all.insert("nonce".to_owned(), hex(&ambient.random::<16>()).into());
        all.insert("timestamp".to_owned(), ambient.now().timestamp_millis().into());
        jws::sign(&APP, &Map::new(), &all).expect("an object")
    }

    fn get(&self, path: &str, bearer: &str) -> Value {
        self.send(TestRequest::get().uri(path).insert_header(bearing(bearer)), vec![], &[]).json()
    }

    fn post(&self, path: &str, bearer: &str, body: &Value) -> Value {
        let request = TestRequest::post().uri(path).insert_header(("content-type", "application/json"));
        self.send(request.insert_header(bearing(bearer)), vec![Ok(body.to_string().into())], &[]).json()
    }
}

fn bearing(bearer: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {bearer}"))
}

async fn platform(folder: &Path) -> Platform {
    let keys = folder.join("keys");
    private(&keys, 0o700, |path| fs::create_dir(path));
    for (name, pem) in [
        ("tokens-1.pem", fixture!("keys/server-tokens.pem")),
        ("certificates-1.pem", fixture!("keys/server-certificates.pem")),
    ] {
        private(&keys.join(name), 0o600, |path| fs::write(path, pem));
    }
    let mut config = Config::for_tests(folder);
    config.database.url = "sqlite::memory:".to_owned().into();
    let keys = Keystore::open_or_create(&keys, &Ambient::system()).expect("keys");
    let url = "http://127.0.0.1:8080".to_owned();
    Platform::open_with_keys(config, ambient(), url, keys).await.expect("a platform that opens")
}

fn private(path: &Path, mode: u32, make: impl FnOnce(&Path) -> std::io::Result<()>) {
    let made = make(path).and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)));
    made.expect("a file of keys");
}

async fn sender(platform: Platform) -> Send {
    let service = Rc::new(init_service(http::app(platform)).await);
    Box::new(move |request, body| {
        let service = service.clone();
        Box::pin(async move {
            let body: BoxedPayloadStream = Box::pin(stream::iter(body));
            let (request, _) = request.to_request().replace_payload(Payload::Stream { payload: body });
            let response = match service.call(request).await {
                Ok(response) => response.map_into_boxed_body().into_parts().1,
                Err(error) => error.as_response_error().error_response(),
            };
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = to_bytes(response.into_body()).await.expect("a body");
            Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
        })
    })
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
