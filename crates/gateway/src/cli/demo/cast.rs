//! Who plays in the demo. All of them go through the front door, as anybody would.

use std::{collections::HashMap, path::PathBuf};

use chrono::{DateTime, Utc};
use consent_client::{
    App, AppConfig, AuthorizeOptions, Session, Tokens, Url, reqwest,
    signal::{Kind, Receiver, ReceiverConfig},
};
use consent_core::{Cursor, PersonId};
use consent_crypto::{RsaPrivateKey, digest::hex};
use serde_json::{Value, json};

use super::{
    super::{CliError, say},
    endpoint::Endpoint,
};
use crate::platform::Platform;

/// Where the mock app takes browsers back.
const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// The stage: one platform and a browser.
pub struct Cast {
    platform: Platform,
    url: String,
    http: reqwest::Client,
}

/// The person of the story.
pub struct Person {
    id: PersonId,
    token: String,
}

/// An app with a published contract.
pub struct MockApp {
    /// Speaks for it.
    pub client: App,
    /// Where its signals come.
    pub endpoint: Endpoint,
    /// Verifies them, and answers.
    pub receiver: Receiver,
    /// What it is called.
    pub name: String,
    /// What it wants the data for.
    pub purpose: String,
    /// Whether it may come back, or has one session only.
    pub ongoing: bool,
}

/// A receipt as she keeps it.
pub struct Kept {
    /// What it is about.
    pub kind: String,
    /// When that was.
    pub at: String,
    /// The receipt itself.
    pub receipt: String,
}

/// What kinds of files the library has.
#[derive(Default)]
pub struct Has {
    /// Objects of known types.
    pub mapped: bool,
    /// Anything else.
    pub raw: bool,
}

impl Cast {
    /// The person's e-mail address.
    pub const EMAIL: &'static str = "ada@example.org";
    /// And her password.
    pub const PASSWORD: &'static str = "a demo password";

    pub fn new(platform: Platform, url: String) -> Result<Self, CliError> {
        Ok(Self {
            platform,
            url,
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
        })
    }

    async fn call(
        &self,
        method: reqwest::Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<Value, CliError> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Self::answer(request).await
    }

    async fn answer(request: reqwest::RequestBuilder) -> Result<Value, CliError> {
        let response = request.send().await?;
        let (status, json) = (response.status(), response.json::<Value>().await.unwrap_or_default());
        if status.is_success() {
            Ok(json)
        } else {
            Err(CliError::new(format!("{status}: {}", json["detail"])))
        }
    }

    /// Signs up.
    pub async fn person(&self) -> Result<Person, CliError> {
        let body = json!({ "email": Self::EMAIL, "password": Self::PASSWORD, "name": "Ada" });
        let made = self.call(reqwest::Method::POST, "/sign-up", None, Some(body)).await?;
        Ok(Person { id: text(&made["personId"])?.parse()?, token: text(&made["token"])?.to_owned() })
    }

    /// Connects every source of a sample data set.
    pub async fn connect_samples(&self, person: &Person, set: &str) -> Result<Has, CliError> {
        for source in consent_sources::sample::sources_in(set) {
            let body = json!({ "sourceId": source, "sampleDataSet": set });
            self.call(reqwest::Method::POST, "/me/accounts", Some(&person.token), Some(body)).await?;
            let name = consent_sources::catalogue::source(source).map_or("a source", |source| source.name);
            say(&format!("  connected {name}, sample data"))?;
        }
        Ok(Has { mapped: true, raw: true })
    }

    /// Uploads the caller's files.
    pub async fn upload(&self, person: &Person, files: &[PathBuf]) -> Result<Has, CliError> {
        let mut has = Has::default();
        for path in files {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
            let mimetype = mime_guess::from_path(path).first_or_octet_stream();
            let mut url: Url = format!("{}/api/v1/me/files", self.url).parse()?;
            url.query_pairs_mut().append_pair("name", name);
            let request =
                self.http.post(url).bearer_auth(&person.token).header("content-type", mimetype.as_ref());
            let made = Self::answer(request.body(tokio::fs::read(path).await?)).await?;
            for file in made["files"].as_array().into_iter().flatten() {
                let mapped = file["mapped"].as_bool().unwrap_or_default();
                has.mapped |= mapped;
                has.raw |= !mapped;
                let what =
                    if mapped { format!("{} mapped objects", file["objects"]) } else { mimetype.to_string() };
                say(&format!("  {name} → {what}, sealed"))?;
            }
        }
        Ok(has)
    }

    /// Registers an app with a fresh key pair and publishes a contract.
    pub async fn app(&self, kind: &str) -> Result<MockApp, CliError> {
        let document = match kind {
            "read" => include_str!("../../../../../fixtures/contracts/read.json"),
            _ => include_str!("../../../../../fixtures/contracts/read-raw.json"),
        };
        let mut document: Value = serde_json::from_str(document)?;
        let (key, private_key) = RsaPrivateKey::generate()?;
        if kind == "read-raw" {
            // Whatever the caller brought: this app asks for every raw file.
            document["scope"] = json!({});
        }
        document["publicKey"] = key.public().to_spki_pem().into();
        document["redirectUris"] = json!([CALLBACK]);
        document["publish"] = true.into();
        let name = text(&document["name"])?.to_owned();
        let purpose = text(&document["purpose"]["summary"])?.to_owned();
        let ongoing = document["ongoing"].as_bool().unwrap_or_default();
        let operator = std::fs::read_to_string(self.platform.config.operator_token_file())?;
        let body = json!({ "name": name, "contact": "privacy@app.example" });
        let app = self.call(reqwest::Method::POST, "/apps", Some(operator.trim()), Some(body)).await?;
        let (id, key) = (text(&app["id"])?, text(&app["apiKey"])?);
        let path = format!("/apps/{id}/contracts");
        let contract = self.call(reqwest::Method::POST, &path, Some(key), Some(document)).await?;
        let config = AppConfig {
            base: self.url.parse()?,
            app_id: id.to_owned(),
            contract_id: text(&contract["id"])?.to_owned(),
            private_key_pem: private_key.to_string(),
            redirect_uri: CALLBACK.to_owned(),
        };
        let (endpoint, receiver) = self.endpoint(&config, key).await?;
        let client = App::new(config, self.platform.ambient.clone())?;
        Ok(MockApp { client, endpoint, receiver, name, purpose, ongoing })
    }

    /// The app opens an endpoint, and the platform makes sure that it is there.
    async fn endpoint(&self, app: &AppConfig, api_key: &str) -> Result<(Endpoint, Receiver), CliError> {
        let mut endpoint = Endpoint::listen()?;
        let path = format!("/apps/{}/signal-endpoint", app.app_id);
        let body = json!({ "url": endpoint.url });
        let closed = endpoint.keeps_waiting().await;
        let set = self.call(reqwest::Method::PUT, &path, Some(api_key), Some(body)).await?;
        let config = ReceiverConfig {
            base: self.url.parse()?,
            issuer: self.url.clone(),
            app_id: app.app_id.clone(),
            api_key: api_key.to_owned(),
            secrets: vec![text(&set["secret"])?.to_owned()],
            private_key_pem: app.private_key_pem.clone(),
        };
        let receiver = Receiver::new(config, self.platform.ambient.clone())?;
        closed.opens(receiver.clone()).await?;
        endpoint.next(&Kind::Verification).await?;
        say(&format!(
            "  its signals go to {}; a verification was sent there and found genuine",
            endpoint.url
        ))?;
        Ok((endpoint, receiver))
    }

    /// The app asks, the person approves, the app exchanges the code. Returns the grant, the tokens, and the session that
    /// came with the request.
    pub async fn approve(
        &self,
        person: &Person,
        app: &MockApp,
    ) -> Result<(String, Tokens, Session), CliError> {
        let options = AuthorizeOptions { state: "demo".to_owned(), ..AuthorizeOptions::default() };
        let asked = app.client.authorize(&options).await?;
        let path = format!("/me/authorizations/{}", asked.url_code.expose());
        let question = self.call(reqwest::Method::GET, &path, Some(&person.token), None).await?;
        let answer = json!({ "ownFiles": true, "textHash": question["textHash"] });
        let path = format!("{path}/approve");
        let made = self.call(reqwest::Method::POST, &path, Some(&person.token), Some(answer)).await?;
        let code = asked.answer(&text(&made["location"])?.parse()?)?;
        let tokens = app.client.exchange(&code, &asked.code_verifier).await?;
        Ok((text(&made["grantId"])?.to_owned(), tokens, asked.session.clone()))
    }

    /// Stops, resumes or revokes.
    pub async fn act(&self, person: &Person, grant: &str, verb: &str) -> Result<(), CliError> {
        let path = format!("/me/grants/{grant}/{verb}");
        self.call(reqwest::Method::POST, &path, Some(&person.token), None).await.map(|_| ())
    }

    /// The first bytes of each of her files as they lie on the disk, hexadecimal, with the length, by wire name.
    pub async fn on_disk(&self, person: &Person) -> Result<HashMap<String, (String, u64)>, CliError> {
        let (db, now) = (&self.platform.db, self.platform.ambient.now());
        let library = consent_library::find_library(db, &person.id).await?;
        let shelves = consent_library::shelves(db, &library.id).await?;
        let shelves: Vec<_> = shelves.into_iter().map(|shelf| shelf.id).collect();
        let blobs = self.platform.config.server.data_dir.join("blobs").join(library.id.as_str());
        let files = consent_library::files_as_of(db, &library.id, &shelves, now).await?;
        let seen = files.into_iter().map(|file| {
            let bytes = std::fs::read(blobs.join(file.id.as_str()))?;
            // Past the header, which names the file and holds nothing else.
            let start = bytes.len().saturating_sub(40);
            Ok((file.name, (hex(&bytes[start..bytes.len().min(start + 16)]), bytes.len() as u64)))
        });
        seen.collect()
    }

    /// The keys that the platform publishes.
    pub async fn keys(&self) -> Result<Value, CliError> {
        self.call(reqwest::Method::GET, "/keys", None, None).await
    }

    /// Her receipts, the first one first.
    pub async fn receipts(&self, person: &Person) -> Result<Vec<Kept>, CliError> {
        let path = "/me/receipts?limit=200";
        let list = self.call(reqwest::Method::GET, path, Some(&person.token), None).await?;
        let mut kept = Vec::new();
        for receipt in list["items"].as_array().into_iter().flatten().rev() {
            let member = |name: &str| text(&receipt[name]).map(str::to_owned);
            kept.push(Kept { kind: member("kind")?, at: member("eventAt")?, receipt: member("receipt")? });
        }
        Ok(kept)
    }

    /// The moment.
    pub fn now(&self) -> DateTime<Utc> {
        self.platform.ambient.now()
    }

    /// How many events her chain has; an error when a link is broken.
    pub async fn verified_events(&self, person: &Person) -> Result<usize, CliError> {
        let (mut events, mut cursor) = (Vec::new(), Cursor { limit: 200, ..Cursor::default() });
        loop {
            let page = consent_events::list(&self.platform.db, &person.id, &cursor).await?;
            events.extend(page.items);
            cursor.after = page.next;
            if cursor.after.is_none() {
                break;
            }
        }
        consent_events::verify_chain(&events)?;
        Ok(events.len())
    }
}

fn text(value: &Value) -> Result<&str, CliError> {
    value.as_str().ok_or_else(|| CliError::new("an answer lacks a text"))
}
