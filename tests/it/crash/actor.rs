//! One person and her app, who do what they can until the server is gone, and remember what they were told.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use consent_client::{
    App, AppConfig, AuthorizationCode, AuthorizeOptions, ClientError, CodeVerifier, Session, SessionOptions,
    Tokens, reqwest::Method,
};
use consent_core::{Ambient, Entropy as _, GrantId, testing::SeededEntropy};
use harness::{Answer, MockApp, Process};
use serde_json::{Value, json};

/// The connection broke, and nobody knows how far the act came.
pub struct Gone;

/// An app as it was registered.
#[derive(Clone)]
pub struct Registered {
    pub id: String,
    pub contract: String,
    pub private_key: String,
}

/// A person and her app.
pub struct Actor {
    name: String,
    chance: SeededEntropy,
    app: Registered,
    count: usize,
    /// What she was told.
    pub told: Option<Person>,
    /// How often somebody was told that something was done.
    pub acknowledged: usize,
}

/// What a person was told.
pub struct Person {
    pub token: String,
    pub accounts: Vec<String>,
    /// What is in her files, by their ids.
    pub files: BTreeMap<String, Vec<u8>>,
    pub grants: Vec<Given>,
}

/// What she and the app were told about a grant.
pub struct Given {
    pub id: GrantId,
    /// What was acknowledged.
    pub events: Vec<&'static str>,
    /// What was asked for and not answered.
    pub doubt: Option<&'static str>,
    code: AuthorizationCode,
    verifier: CodeVerifier,
    tokens: Option<Tokens>,
    /// Whether an exchange was not answered.
    lost: bool,
    session: Option<Session>,
}

impl Registered {
    /// Registers an app that may read what there is.
    pub async fn register(process: &Process, operator: &str) -> Self {
        let body = json!({ "name": "Tidemark", "contact": "privacy@app.example" });
        let call = |path, body| async move {
            process.call(Method::POST, path, Some(operator), Some(body)).await.unwrap().ok()
        };
        let app = call("/api/v1/apps", &body).await;
        let (id, document) = (text(&app["id"]), MockApp::document("read", "app-1", |_| {}));
        let contract = call(&format!("/api/v1/apps/{id}/contracts"), &document).await;
        let private_key = harness::fixture("keys/app-1.private.pem");
        Self { id, contract: text(&contract["id"]), private_key }
    }

    fn client(&self, process: &Process) -> App {
        let config = AppConfig {
            base: process.url.parse().unwrap(),
            app_id: self.id.clone(),
            contract_id: self.contract.clone(),
            private_key_pem: self.private_key.clone(),
            redirect_uri: MockApp::CALLBACK.to_owned(),
        };
        App::new(config, Ambient::system()).unwrap()
    }
}

impl Given {
    /// What it is now, as far as anybody was told.
    fn stage(&self) -> &'static str {
        match self.events.last() {
            Some(&"granted" | &"resumed") => "active",
            Some(&stage) => stage,
            None => "",
        }
    }
}

impl Actor {
    pub fn new(name: String, seed: u64, app: Registered) -> Self {
        Self { name, chance: SeededEntropy::new(seed), app, count: 0, told: None, acknowledged: 0 }
    }

    /// Does one thing after the other until the server is gone.
    pub async fn works(&mut self, process: &Process) {
        while self.does_something(process).await.is_ok() {}
    }

    async fn does_something(&mut self, process: &Process) -> Result<(), Gone> {
        if self.told.is_none() {
            return self.signs_up(process).await;
        }
        match self.below(10) {
            0 => self.connects(process).await,
            1..3 => self.uploads(process).await,
            3..5 => self.approves(process).await,
            5 => self.refreshes(process).await,
            6 => self.triggers(process).await,
            _ => self.changes(process).await,
        }
    }

    fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 4];
        self.chance.fill(&mut bytes);
        u32::from_be_bytes(bytes) as usize % end
    }

    fn person(&mut self) -> &mut Person {
        self.told.as_mut().expect("she has signed up")
    }

    /// Calls as the person; a refusal is none that anybody expects here.
    async fn calls(
        &self,
        process: &Process,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Gone> {
        let token = self.told.as_ref().map(|person| person.token.as_str());
        let answer = process.call(method, &format!("/api/v1{path}"), token, body).await;
        Ok(answer.map_err(|_| Gone)?.ok())
    }

    async fn signs_up(&mut self, process: &Process) -> Result<(), Gone> {
        self.count += 1;
        let email = format!("{}-{}@example.org", self.name, self.count);
        let body = json!({ "email": email, "password": "correct horse battery" });
        let made = self.calls(process, Method::POST, "/sign-up", Some(&body)).await?;
        let token = text(&made["token"]);
        self.told = Some(Person { token, accounts: Vec::new(), files: BTreeMap::new(), grants: Vec::new() });
        self.acknowledged += 1;
        Ok(())
    }

    async fn connects(&mut self, process: &Process) -> Result<(), Gone> {
        let source = [3, 16, 18, 25][self.below(4)];
        let body = json!({ "sourceId": source, "sampleDataSet": "ada" });
        let made = self.calls(process, Method::POST, "/me/accounts", Some(&body)).await?;
        self.person().accounts.push(text(&made["id"]));
        self.acknowledged += 1;
        Ok(())
    }

    async fn uploads(&mut self, process: &Process) -> Result<(), Gone> {
        let mut content = vec![0; 1 + self.below(300_000)];
        self.chance.fill(&mut content);
        let request = process
            .http()
            .post(format!("{}/api/v1/me/files?name=noise.bin", process.url))
            .bearer_auth(&self.person().token)
            .header("content-type", "application/octet-stream")
            .body(content.clone());
        let response = request.send().await.map_err(|_| Gone)?;
        let status = response.status().as_u16();
        let json = response.json().await.map_err(|_| Gone)?;
        let made = Answer { status, json }.ok();
        self.person().files.insert(text(&made["files"][0]["id"]), content);
        self.acknowledged += 1;
        Ok(())
    }

    async fn approves(&mut self, process: &Process) -> Result<(), Gone> {
        let client = self.app.client(process);
        let options = AuthorizeOptions { state: "a state".to_owned(), ..AuthorizeOptions::default() };
        let asked = answered(client.authorize(&options).await)?;
        let path = format!("/me/authorizations/{}", asked.url_code.expose());
        let question = self.calls(process, Method::GET, &path, None).await?;
        let accounts = self.person().accounts.clone();
        let body = json!({ "accounts": accounts, "ownFiles": true, "textHash": question["textHash"] });
        let made = self.calls(process, Method::POST, &format!("{path}/approve"), Some(&body)).await?;
        self.acknowledged += 1;
        let given = Given {
            id: text(&made["grantId"]).parse().unwrap(),
            events: vec!["granted"],
            doubt: None,
            code: asked.answer(&text(&made["location"]).parse().unwrap()).unwrap(),
            verifier: asked.code_verifier.clone(),
            tokens: None,
            lost: false,
            session: None,
        };
        self.person().grants.push(given);
        self.exchanges(&client, self.told.as_ref().map_or(0, |person| person.grants.len() - 1)).await
    }

    async fn exchanges(&mut self, client: &App, index: usize) -> Result<(), Gone> {
        let given = &mut self.person().grants[index];
        given.lost = true;
        let tokens = answered(client.exchange(&given.code, &given.verifier).await)?;
        (given.lost, given.tokens) = (false, Some(tokens));
        self.acknowledged += 1;
        Ok(())
    }

    /// One of the grants that the app has tokens for, in this stage.
    fn grant_that_is(&self, stages: &[&str]) -> Option<usize> {
        let grants = &self.told.as_ref()?.grants;
        let fits = |index: &usize| {
            let given = &grants[*index];
            given.tokens.is_some() && given.doubt.is_none() && stages.contains(&given.stage())
        };
        let fitting: Vec<_> = (0..grants.len()).filter(fits).collect();
        if fitting.is_empty() { None } else { Some(fitting[self.below(fitting.len())]) }
    }

    async fn refreshes(&mut self, process: &Process) -> Result<(), Gone> {
        let Some(index) = self.grant_that_is(&["active", "stopped"]) else { return Ok(()) };
        let client = self.app.client(process);
        let given = &mut self.person().grants[index];
        let refresh = given.tokens.as_ref().unwrap().refresh.value.clone();
        given.tokens = Some(answered(client.refresh(&refresh).await)?);
        self.acknowledged += 1;
        Ok(())
    }

    async fn triggers(&mut self, process: &Process) -> Result<(), Gone> {
        let Some(index) = self.grant_that_is(&["active"]) else { return Ok(()) };
        let client = self.app.client(process);
        let given = &mut self.person().grants[index];
        let access = given.tokens.as_ref().unwrap().access.value.clone();
        given.session = Some(answered(client.trigger(&access, &SessionOptions::default()).await)?);
        self.acknowledged += 1;
        Ok(())
    }

    async fn changes(&mut self, process: &Process) -> Result<(), Gone> {
        let Some(index) = self.grant_that_is(&["active", "stopped"]) else { return Ok(()) };
        let (often, given) = (self.below(8), &mut self.person().grants[index]);
        let (verb, event) = match given.stage() {
            _ if often == 0 => ("revoke", "revoked"),
            "active" => ("stop", "stopped"),
            _ => ("resume", "resumed"),
        };
        given.doubt = Some(event);
        let path = format!("/me/grants/{}/{verb}", given.id);
        self.calls(process, Method::POST, &path, None).await?;
        let given = &mut self.person().grants[index];
        given.doubt = None;
        given.events.push(event);
        self.acknowledged += 1;
        Ok(())
    }
}

// When the server is back.
impl Actor {
    /// Everything that was acknowledged still holds at the doors; what was in doubt is settled already.
    pub async fn finds_everything(&mut self, process: &Process) -> Result<(), Gone> {
        if self.told.is_none() {
            return Ok(());
        }
        self.calls(process, Method::GET, "/me", None).await?;
        let accounts = self.calls(process, Method::GET, "/me/accounts", None).await?;
        for id in &self.person().accounts {
            assert!(accounts["items"].as_array().unwrap().iter().any(|account| account["id"] == **id));
        }
        let client = self.app.client(process);
        for index in 0..self.person().grants.len() {
            self.finds_grant(process, &client, index).await?;
        }
        Ok(())
    }

    async fn finds_grant(&mut self, process: &Process, client: &App, index: usize) -> Result<(), Gone> {
        let path = format!("/me/grants/{}", self.person().grants[index].id);
        let kept = self.calls(process, Method::GET, &path, None).await?;
        let given = &mut self.person().grants[index];
        assert_eq!(kept["stage"], given.stage(), "{}", given.id);
        assert_eq!(kept["seq"], given.events.len(), "{}", given.id);
        let expected = match given.stage() {
            "active" => "ok",
            "stopped" => "403 GrantStopped",
            _ => "401 InvalidToken",
        };
        let Some(tokens) = given.tokens.clone() else {
            // A code that was not answered is good still, or was used up for tokens that nobody has.
            let exchanged = client.exchange(&given.code, &given.verifier).await;
            assert!(exchanged.is_ok() || given.lost || given.stage() == "revoked", "{:?}", exchanged.err());
            given.tokens = exchanged.ok();
            return Ok(());
        };
        let outcome = MockApp::outcome(&client.accounts(&tokens.access.value).await);
        assert_eq!(outcome, expected, "{}", given.id);
        if let Some(session) = &given.session {
            let listed = client.list(&tokens.access.value, &session.key).await;
            assert_eq!(MockApp::outcome(&listed), expected, "{}", given.id);
        }
        match client.refresh(&tokens.refresh.value).await {
            Ok(tokens) => given.tokens = Some(tokens),
            Err(error) => assert_eq!(given.stage(), "revoked", "{error}"),
        }
        Ok(())
    }
}

/// An answer, or none because the server is gone; a refusal is none that anybody expects here.
fn answered<T>(result: Result<T, ClientError>) -> Result<T, Gone> {
    match result {
        Ok(answer) => Ok(answer),
        Err(error) if error.status().is_some() => panic!("{error}"),
        Err(_) => Err(Gone),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// The moment that the machine's own clock shows.
pub fn now() -> DateTime<Utc> {
    Ambient::system().now()
}
