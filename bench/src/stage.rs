//! The platform as an operator starts it, with apps, people and their files, all through the front door; and the limit
//! server beside it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use consent_client::{App, Url, reqwest::Method};
use consent_core::Ambient;
use consent_crypto::{Unverified, pkce};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    database::Engine,
    door::{Door, REDIRECT, Reader, code_in, text, transactions},
    error::{Outcome, failure},
    limit,
    load::{Bodies, Load, drive},
    process::{LISTEN, Process},
    requests::{self, Claims},
};

/// Requests at once, unless a figure says otherwise.
pub const AT_ONCE: usize = 16;
/// Files in the library that lists are made of.
pub const FILES: usize = 50;

/// A contract about mapped data.
pub const READ: &str = include_str!("../../fixtures/contracts/read.json");
const READ_RAW: &str = include_str!("../../fixtures/contracts/read-raw.json");
/// Fewer than the server lets sign up from one address without waiting.
const PEOPLE: usize = 8;

/// Where everything runs.
pub struct Stage<'e> {
    /// The platform.
    pub server: Process,
    /// Its database.
    pub database: String,
    /// The limit server.
    pub limit: Process,
    /// The limit server's database.
    pub limit_database: String,
    /// Where the databases are.
    pub engine: &'e Engine,
    /// Holds data folders and logs; on the disk that is measured.
    pub folder: TempDir,
    /// The platform's binary.
    pub bin: PathBuf,
    /// How people and operators speak to the platform.
    pub door: Door,
    /// An app reads the 50 files of the first person.
    pub reader: Reader,
    /// Sign-in tokens of people; the first one has files.
    pub people: Vec<String>,
    /// PKCE verifier of every request for consent here.
    verifier: String,
}

impl<'e> Stage<'e> {
    /// Starts the platform `bin` and sets it up: an app, people, 50 files, one consent, a final list.
    pub async fn set_up(bin: &Path, engine: &'e Engine) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        let database = engine.make(&data, "consent").await?;
        let limit_database = engine.make(folder.path(), "limit").await?;
        let server = start_platform(bin, &data, &database, &[], &folder.path().join("server.log"))?;
        let limit = limit::start(&limit_database, folder.path())?;
        let mut door = Door::at(&server.url, &data)?;
        door.register().await?;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            people.push(door.sign_up(number).await?);
        }
        let app = door.app(&contract(READ)?).await?;
        let reader = library_of(&door, &app, &people[0], FILES).await?;
        let verifier = pkce::generate_verifier(&Ambient::system());
        let bin = bin.to_owned();
        Ok(Self {
            server,
            database,
            limit,
            limit_database,
            engine,
            folder,
            bin,
            door,
            reader,
            people,
            verifier,
        })
    }

    /// The platform's data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the platform once more, on a data folder and a database.
    pub fn start(&self, data: &Path, database: &str, environment: &[(&str, &str)]) -> Outcome<Process> {
        let log = tempfile::Builder::new().suffix(".log").tempfile_in(self.folder.path())?.keep()?.1;
        start_platform(&self.bin, data, database, environment, &log)
    }

    /// A reader of the second person's library, with so many files.
    pub async fn reader_of(&self, files: usize) -> Outcome<Reader> {
        library_of(&self.door, &self.reader.app, &self.people[1], files).await
    }

    /// An app that reads files as they are.
    pub async fn raw_app(&self) -> Outcome<App> {
        let mut document = contract(READ_RAW)?;
        document["ongoing"] = true.into();
        document["scope"] = json!({});
        self.door.app(&document).await
    }

    /// So many signed requests for tokens.
    pub fn asking_for_tokens(
        &self,
        number: usize,
        claims: impl Fn(usize) -> Claims + Sync,
    ) -> Outcome<Vec<Vec<u8>>> {
        let jwts = requests::sign(&self.reader.app, number, claims)?;
        Ok(jwts.iter().map(|jwt| requests::post("/v1.7/oauth/token", jwt, "")).collect())
    }

    /// The claims with which a code is exchanged.
    pub fn exchanging(&self, code: &str) -> Claims {
        vec![
            ("code", code.to_owned()),
            ("code_verifier", self.verifier.clone()),
            ("grant_type", "authorization_code".to_owned()),
        ]
    }

    /// So many codes, each of a consent of its own; they live for ten minutes.
    pub async fn codes(&self, number: usize) -> Outcome<Vec<String>> {
        eprint!("  {number} consents …");
        let challenge = pkce::challenge_of(&self.verifier).to_text();
        let claims = |_| {
            vec![
                ("code_challenge", challenge.clone()),
                ("code_challenge_method", "S256".to_owned()),
                ("redirect_uri", REDIRECT.to_owned()),
                ("response_mode", "query".to_owned()),
                ("response_type", "code".to_owned()),
                ("state", "a state".to_owned()),
            ]
        };
        let jwts = requests::sign(&self.reader.app, number, claims)?;
        let asking = jwts.iter().map(|jwt| requests::post("/v1.7/oauth/authorize", jwt, "{}")).collect();
        let asked = drive(&self.server, asking, AT_ONCE, Bodies::Keep).await?;
        let mut answering = Vec::new();
        let mut hash = None;
        for (at, waiting) in payloads(&asked)?.iter().enumerate() {
            let path = format!("/api/v1/me/authorizations/{}", text(waiting, "preauthorization_code")?);
            let person = &self.people[at % self.people.len()];
            if hash.is_none() {
                hash = Some(self.door.call(Method::GET, &path, person, None).await?["textHash"].take());
            }
            let answer = json!({ "ownFiles": true, "textHash": hash }).to_string();
            answering.push(requests::post(&format!("{path}/approve"), person, &answer));
        }
        let answered = drive(&self.server, answering, AT_ONCE, Bodies::Keep).await?;
        eprintln!(" done");
        answered.bodies.iter().map(|body| code_in(&serde_json::from_slice(body)?)).collect()
    }
}

/// The signed payload of each answer, taken at its word: it is the server's speed that is looked at here.
pub fn payloads(load: &Load) -> Outcome<Vec<Value>> {
    let payload = |body: &Vec<u8>| {
        let answer: Value = serde_json::from_slice(body)?;
        Ok(Value::Object(Unverified::parse(&text(&answer, "token")?)?.peek().clone()))
    };
    load.bodies.iter().map(payload).collect()
}

/// Where a program is that is built with this one.
pub fn beside(name: &str) -> Outcome<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// Starts the platform on a free port; what is not said here is as it is by default.
fn start_platform(
    bin: &Path,
    data: &Path,
    database: &str,
    environment: &[(&str, &str)],
    log: &Path,
) -> Outcome<Process> {
    let mut command = Command::new(bin);
    command.args(["serve", "--data-dir"]).arg(data).current_dir(data).env(LISTEN, "127.0.0.1:0");
    command.env("CONSENT_DATABASE__URL", database).envs(environment.iter().copied());
    Process::start(command, database, log)
}

/// Fills a library with so many mapped files, and has the app read it.
async fn library_of(door: &Door, app: &App, person: &str, files: usize) -> Outcome<Reader> {
    door.upload(person, "transactions.json", "application/json", transactions(files)).await?;
    let reader = door.consent(app, person).await?;
    let found = reader.files.len();
    if found != files {
        return Err(failure(format!("the list has {found} files, {files} were expected")));
    }
    Ok(reader)
}

/// A contract document.
pub fn contract(text: &str) -> Outcome<Value> {
    Ok(serde_json::from_str(text)?)
}

/// The path and query of an address.
pub fn path_of(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}
