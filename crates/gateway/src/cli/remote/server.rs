//! The server that is spoken to, and how.

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use actix_web::dev::ServerHandle;
use consent_core::Ambient;
use reqwest::{
    Body, Client, Method, RequestBuilder, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    redirect::Policy,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use url::Url;

use super::text;
use crate::{
    cli::{CliError, Place, Settings, say},
    config::Config,
    http,
    platform::Platform,
};

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// So long a server that was named may take to be reached.
const REACH: Duration = Duration::from_secs(10);
/// So long a server on this machine may take to show that it is there.
const GLANCE: Duration = Duration::from_secs(2);

/// The server that is spoken to: that of the data folder, unless another one is named.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Target {
    /// Base URL of a running server [default: that of the data folder, run for this command if it does not run]
    #[arg(long, global = true, value_name = "URL", help_heading = "Server")]
    server: Option<Url>,
    /// Folder of everything the server keeps, its operator token too [default: ./data]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Server")]
    data_dir: Option<PathBuf>,
    /// Configuration file of the server
    #[arg(long, global = true, value_name = "FILE", help_heading = "Server")]
    config: Option<PathBuf>,
    /// The data folder is that of a sandbox
    #[arg(long, global = true, help_heading = "Server")]
    sandbox: bool,
    /// Print the server's answer as JSON
    #[arg(long, global = true)]
    json: bool,
}

/// A server within reach, and the right to operate it.
pub struct Server {
    client: Client,
    base: Url,
    token: SecretString,
    json: bool,
    own: Option<Own>,
}

/// A server that was started for one command.
struct Own {
    platform: Platform,
    handle: ServerHandle,
    running: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Finds the server, or starts one.
    pub async fn reach(at: Target) -> Result<Self, CliError> {
        let Target { server, data_dir, config, sandbox, json } = at;
        let config = Settings { place: Place { config, data_dir }, listen: None, sandbox }.load()?;
        if let Some(base) = server {
            let (client, token) = (client(&base)?, token(&config)?);
            return Ok(Self { client, base, token, json, own: None });
        }
        let base = Url::parse(&config.public_url(config.server.listen))?;
        let client = client(&base)?;
        if answers(&client, &base).await {
            return Ok(Self { client, base, token: token(&config)?, json, own: None });
        }
        Self::start(config, json).await
    }

    /// A server of the same data folder, on a port of its own of this machine.
    async fn start(mut config: Config, json: bool) -> Result<Self, CliError> {
        config.make_data_dir().map_err(CliError::because("the data folder cannot be made"))?;
        config.server.workers = 1;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let bound = listener.local_addr()?;
        let (base, public_url) = (Url::parse(&format!("http://{bound}"))?, config.public_url(bound));
        let platform = Platform::open(config, Ambient::system(), public_url).await?;
        let token = token(&platform.config)?;
        let server = http::start(&platform, listener)?;
        let own = Own { platform, handle: server.handle(), running: tokio::spawn(server) };
        Ok(Self { client: client(&base)?, base, token, json, own: Some(own) })
    }

    /// Stops the server if it was started for this command. Every answer has come by now, so nothing is cut.
    pub async fn leave(self) {
        let Some(Own { platform, handle, running }) = self.own else { return };
        handle.stop(false).await;
        // The command has done what it could; how its server ends changes nothing about that.
        let _ = running.await;
        let _ = platform.db.clone().close().await;
    }

    /// Reads something.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, CliError> {
        let request = self.request(Method::GET, path)?.query(query).timeout(PATIENCE);
        self.answer(request).await
    }

    /// Reads a list to its end, page by page.
    pub async fn list(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, CliError> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let more = after.as_deref().map(|after| ("after", after));
            let query: Vec<_> = query.iter().copied().chain(more).collect();
            let mut page = self.get(path, &query).await?;
            if let Some(entries) = page["items"].as_array_mut() {
                items.append(entries);
            }
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => return Ok(json!({ "items": items })),
            }
        }
    }

    /// Does something.
    pub async fn post(&self, path: &[&str], body: &Value) -> Result<Value, CliError> {
        self.send(Method::POST, path, body).await
    }

    /// Does something, by any method.
    pub async fn send(&self, method: Method, path: &[&str], body: &Value) -> Result<Value, CliError> {
        self.answer(self.request(method, path)?.json(body).timeout(PATIENCE)).await
    }

    /// Hands in a file of a known length.
    pub async fn upload(
        &self,
        path: &[&str],
        name: &str,
        mimetype: &str,
        length: u64,
        content: Body,
    ) -> Result<Value, CliError> {
        let request = self.request(Method::POST, path)?.query(&[("name", name)]);
        let headers = [(CONTENT_TYPE, mimetype.to_owned()), (CONTENT_LENGTH, length.to_string())];
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        self.answer(request.body(content)).await
    }

    /// Prints an answer, as it is or in words.
    pub fn tell(&self, answer: &Value, words: impl FnOnce(&Value) -> String) -> Result<(), CliError> {
        if self.json { say(&serde_json::to_string_pretty(answer)?) } else { say(&words(answer)) }
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, CliError> {
        let url = under(&self.base, &[&["api", "v1"], path].concat())?;
        Ok(self.client.request(method, url).bearer_auth(self.token.expose_secret()))
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, CliError> {
        let base = &self.base;
        let silent = || {
            CliError::because(format!(
                "{base} does not answer; start it with `consent-access serve`, or see to the address"
            ))
        };
        let response = request.send().await.map_err(silent())?;
        understood(response).await
    }
}

/// Redirects stay off, so that the token goes nowhere but to the server; a proxy is not asked for this machine itself.
fn client(base: &Url) -> Result<Client, CliError> {
    let builder = Client::builder().redirect(Policy::none()).connect_timeout(REACH);
    let local = base.host().is_some_and(|host| match host {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    });
    Ok(if local { builder.no_proxy() } else { builder }.build()?)
}

/// Whether one of our servers is there.
async fn answers(client: &Client, base: &Url) -> bool {
    let Ok(url) = under(base, &["readyz"]) else { return false };
    let Ok(response) = client.get(url).timeout(GLANCE).send().await else { return false };
    response.status() == StatusCode::OK && response.text().await.is_ok_and(|text| text == "ready\n")
}

fn under(base: &Url, path: &[&str]) -> Result<Url, CliError> {
    let mut url = base.clone();
    let no_base = |()| CliError::usage(format!("{base} is no base URL; it begins with http:// or https://"));
    url.path_segments_mut().map_err(no_base)?.pop_if_empty().extend(path);
    Ok(url)
}

/// The configured operator token, or the one in the data folder.
fn token(config: &Config) -> Result<SecretString, CliError> {
    let configured = &config.operator.token;
    if !configured.expose_secret().is_empty() {
        return Ok(configured.clone());
    }
    let path = config.operator_token_file();
    let advice = "name the server's folder with --data-dir, or set CONSENT_OPERATOR__TOKEN";
    let told = format!("there is no operator token in {}; {advice}", path.display());
    Ok(fs::read_to_string(&path).map_err(CliError::because(told))?.trim().into())
}

async fn understood(response: Response) -> Result<Value, CliError> {
    let status = response.status();
    let body = response.bytes().await?;
    let json = serde_json::from_slice(&body).unwrap_or_default();
    if status.is_success() { Ok(json) } else { Err(CliError::new(refusal(status, &json))) }
}

/// What a problem says, with every field that is wrong on a line of its own.
fn refusal(status: StatusCode, problem: &Value) -> String {
    let detail = match text(problem, "detail") {
        "" => format!("the server answered {status}, and not as Consent Access does; is it one?"),
        _ if status == StatusCode::UNAUTHORIZED => {
            "the server does not take this operator token; name its data folder with --data-dir, or set \
             CONSENT_OPERATOR__TOKEN"
                .to_owned()
        }
        detail => detail.to_owned(),
    };
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |error: &Value| format!("\n  {}: {}", text(error, "field"), text(error, "reason"));
    match errors {
        // One error is what the detail is about.
        [only] if detail.contains(text(only, "reason")) => detail,
        errors => [detail].into_iter().chain(errors.iter().map(line)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_every_field() {
        let problem = json!({ "detail": "Parameter validation errors", "errors": [
            { "field": "name", "reason": "must not be empty" }, { "field": "contact", "reason": "must be an e-mail address" },
        ] });
        let told =
            "Parameter validation errors\n  name: must not be empty\n  contact: must be an e-mail address";
        assert_eq!(refusal(StatusCode::UNPROCESSABLE_ENTITY, &problem), told);
        let problem =
            json!({ "detail": "email: has no @", "errors": [{ "field": "email", "reason": "has no @" }] });
        assert_eq!(refusal(StatusCode::UNPROCESSABLE_ENTITY, &problem), "email: has no @");
    }

    #[test]
    fn a_refusal_by_somebody_else_is_not_taken_for_ours() {
        assert!(refusal(StatusCode::BAD_GATEWAY, &Value::Null).contains("502 Bad Gateway"));
    }

    #[test]
    fn an_id_stays_one_segment_of_the_path() {
        let base = Url::parse("https://consent.example/").unwrap();
        assert_eq!(
            under(&base, &["api", "a/b?c"]).unwrap().as_str(),
            "https://consent.example/api/a%2Fb%3Fc"
        );
        assert!(under(&Url::parse("mailto:a@b").unwrap(), &["api"]).is_err());
    }
}
