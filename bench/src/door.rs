//! The platform's front door, as an operator, people and an app use it.

use std::{fs, path::Path, time::Duration};

use consent_client::{
    App, AppConfig, AuthorizeOptions, SessionOptions, Tokens, Url,
    reqwest::{Body, Client, Method, Response, redirect::Policy},
};
use consent_core::Ambient;
use serde_json::{Value, json};

use crate::{
    error::{Outcome, failure},
    requests,
};

/// The app's key pair.
pub const APP_PUBLIC_PEM: &str = include_str!("../../fixtures/keys/app-1.public.pem");
const APP_PRIVATE_PEM: &str = include_str!("../../fixtures/keys/app-1.private.pem");

/// Where browsers go back to; nobody follows.
pub const REDIRECT: &str = "https://app.example/callback";
/// Everybody's.
pub const PASSWORD: &str = "correct horse battery";
/// About the length of each mapped file.
pub const FILE_BYTES: usize = 10 * 1024;

/// Speaks to a platform.
pub struct Door {
    url: String,
    operator: String,
    http: Client,
    /// Id and API key of the one app, once it is registered.
    app: (String, String),
}

/// What an app needs to read what somebody shared.
pub struct Reader {
    /// Speaks for the app.
    pub app: App,
    /// What it got.
    pub tokens: Tokens,
    /// Key of a session whose list is final.
    pub session: String,
    /// The names on that list.
    pub files: Vec<String>,
}

impl Door {
    /// At the door of the platform with this data folder.
    pub fn at(url: &str, data: &Path) -> Outcome<Self> {
        Ok(Self {
            url: url.to_owned(),
            operator: fs::read_to_string(data.join("operator.token"))?.trim().to_owned(),
            http: Client::builder().redirect(Policy::none()).no_proxy().build()?,
            app: Default::default(),
        })
    }

    /// The operator's token.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// Calls a path of `/api/v1`.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        bearer: &str,
        body: Option<&Value>,
    ) -> Outcome<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(bearer);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = succeeded(request.send().await?).await?.text().await?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Opens a page as a browser with these cookies.
    pub async fn visit(&self, path: &str, cookies: &str) -> Outcome<Response> {
        let url = format!("{}{path}", self.url);
        Ok(self.http.get(url).header("cookie", cookies).send().await?)
    }

    /// Registers the app.
    pub async fn register(&mut self) -> Outcome<()> {
        let body = json!({ "name": "Bench", "contact": "privacy@app.example" });
        let app = self.call(Method::POST, "/api/v1/apps", &self.operator, Some(&body)).await?;
        self.app = (text(&app, "id")?, text(&app, "apiKey")?);
        Ok(())
    }

    /// The app under a contract of its own, published from this document.
    pub async fn app(&self, document: &Value) -> Outcome<App> {
        let mut document = document.clone();
        document["publicKey"] = APP_PUBLIC_PEM.into();
        document["redirectUris"] = json!([REDIRECT]);
        document["publish"] = true.into();
        let (app_id, api_key) = &self.app;
        let path = format!("/api/v1/apps/{app_id}/contracts");
        let contract = self.call(Method::POST, &path, api_key, Some(&document)).await?;
        let config = AppConfig {
            base: self.url.parse()?,
            app_id: app_id.clone(),
            contract_id: text(&contract, "id")?,
            private_key_pem: APP_PRIVATE_PEM.to_owned(),
            redirect_uri: REDIRECT.to_owned(),
        };
        Ok(App::new(config, Ambient::system())?)
    }

    /// Somebody signs up; the token that says she is signed in.
    pub async fn sign_up(&self, number: usize) -> Outcome<String> {
        let body = json!({ "email": email(number), "password": PASSWORD, "name": "Ada" });
        text(&self.call(Method::POST, "/api/v1/sign-up", "", Some(&body)).await?, "token")
    }

    /// She puts a file into her library.
    pub async fn upload(
        &self,
        person: &str,
        name: &str,
        kind: &str,
        content: impl Into<Body>,
    ) -> Outcome<()> {
        let request = self.http.post(format!("{}{}", self.url, upload_path(name))).bearer_auth(person);
        succeeded(request.header("content-type", kind).body(content).send().await?).await.map(drop)
    }

    /// She consents to sharing all she has; the whole way, as the client library goes it.
    pub async fn consent(&self, app: &App, person: &str) -> Outcome<Reader> {
        let asked =
            app.authorize(&AuthorizeOptions { state: "a state".to_owned(), ..Default::default() }).await?;
        let path = format!("/api/v1/me/authorizations/{}", asked.url_code.expose());
        let question = self.call(Method::GET, &path, person, None).await?;
        let answer = json!({ "ownFiles": true, "textHash": question["textHash"] });
        let path = format!("{path}/approve");
        let given = self.call(Method::POST, &path, person, Some(&answer)).await?;
        let code = code_in(&given)?.as_str().into();
        let tokens = app.exchange(&code, &asked.code_verifier).await?;
        let session = asked.session.key.expose().to_owned();
        let mut reader = Reader { app: app.clone(), tokens, session, files: Vec::new() };
        reader.list().await?;
        Ok(reader)
    }
}

impl Reader {
    /// Opens another session, as one lasts for an hour.
    pub async fn renew(&mut self) -> Outcome<()> {
        let session = self.app.trigger(&self.tokens.access.value, &SessionOptions::default()).await?;
        session.key.expose().clone_into(&mut self.session);
        self.list().await
    }

    /// Waits for the final list.
    async fn list(&mut self) -> Outcome<()> {
        let (access, session) = (&self.tokens.access.value, self.session.as_str().into());
        let list = self.app.list_until_done(access, &session, Duration::from_millis(20)).await?;
        self.files = list.files.into_iter().map(|entry| entry.name).collect();
        Ok(())
    }

    /// The path of its list.
    pub fn list_path(&self) -> String {
        format!("/v1.7/permission-access/query/{}", self.session)
    }

    /// The path of one of its files; they take turns.
    pub fn file_path(&self, number: usize) -> String {
        format!("{}/{}", self.list_path(), self.files[number % self.files.len()])
    }

    /// So many signed requests: `GET path` with the access token.
    pub fn reading(&self, number: usize, path: impl Fn(usize) -> String) -> Outcome<Vec<Vec<u8>>> {
        let access = self.tokens.access.value.expose();
        let jwts = requests::sign(&self.app, number, |_| vec![("access_token", access.to_owned())])?;
        let accept = "application/json, application/octet-stream";
        Ok(jwts.iter().enumerate().map(|(at, jwt)| requests::get(&path(at), jwt, accept)).collect())
    }

    /// How long the content of a file is.
    pub async fn size(&self, name: &str) -> Outcome<u64> {
        let (access, session) = (&self.tokens.access.value, self.session.as_str().into());
        let head = self.app.metadata(access, &session, name).await?;
        head.size.ok_or_else(|| failure("a file of unknown length"))
    }

    /// One of its files, opened.
    pub async fn open(&self, name: &str) -> Outcome<Vec<u8>> {
        Ok(self.app.fetch(&self.tokens.access.value, &self.session.as_str().into(), name).await?.bytes)
    }
}

/// Her e-mail address.
pub fn email(number: usize) -> String {
    format!("person-{number}@example.org")
}

/// Where files are put.
pub fn upload_path(name: &str) -> String {
    format!("/api/v1/me/files?name={name}")
}

/// A member that has to be text.
pub fn text(value: &Value, member: &str) -> Outcome<String> {
    let text =
        value[member].as_str().ok_or_else(|| failure(format!("an answer without {member}: {value}")))?;
    Ok(text.to_owned())
}

/// What approving leads to has the code in its query.
pub fn code_in(answer: &Value) -> Outcome<String> {
    let location: Url = text(answer, "location")?.parse()?;
    let code = location.query_pairs().find_map(|(name, value)| (name == "code").then(|| value.into_owned()));
    code.ok_or_else(|| failure("no code in the answer"))
}

async fn succeeded(response: Response) -> Outcome<Response> {
    let (status, url) = (response.status(), response.url().path().to_owned());
    if status.is_success() {
        return Ok(response);
    }
    Err(failure(format!("{url}: {status} {}", response.text().await?)))
}

/// Bank transactions of so many months, which become a mapped file each of about [`FILE_BYTES`].
pub fn transactions(months: usize) -> String {
    const EACH: usize = 20;
    // The middle of January 2008, and the mean length of a month, in ms.
    let (first, month_length) = (1_200_355_200_000_u64, 2_629_746_000_u64);
    let note = "x".repeat(FILE_BYTES / EACH - 180);
    let object = |month: usize, number: usize| {
        json!({
            "id": format!("t{month}x{number}"),
            "amount": 12.5,
            "currency": "EUR",
            "createddate": first + month_length * month as u64,
            "originaldescription": note,
        })
    };
    let all = (0..months).flat_map(|month| (0..EACH).map(move |number| (month, number)));
    Value::from(all.map(|(month, number)| object(month, number)).collect::<Vec<_>>()).to_string()
}
