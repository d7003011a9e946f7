//! `demo`: the whole story on this machine, told with a real server, a real app and real files.

mod cast;
mod table;

use std::{
    io::IsTerminal as _,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use consent_client::{ClientError, Session, SessionOptions, Tokens};
use consent_core::Ambient;

use self::{
    cast::{Cast, MockApp},
    table::{Read, disk_table, read_table},
};
use super::{CliError, say};
use crate::{
    config::{Config, Overrides},
    http,
    platform::Platform,
    telemetry, worker,
};

/// So often the app asks how far its session is.
const POLL: Duration = Duration::from_millis(200);

/// What the library is filled with when no files are given.
const SAMPLE: &str = "ada";

/// Tells the story with the caller's files, or with samples.
pub async fn run(files: Vec<PathBuf>, once: bool) -> Result<(), CliError> {
    for file in &files {
        std::fs::metadata(file).map_err(CliError::because(format!("{} cannot be read", file.display())))?;
    }
    let folder = tempfile::tempdir()?;
    let (platform, url) = open(folder.path()).await?;
    say(&format!("A platform of its own at {url}, everything it keeps in {}\n", folder.path().display()))?;
    let cast = Cast::new(platform.clone(), url.clone())?;
    let story = tell(&cast, &files).await;
    if let Err(error) = &story {
        say(&format!("\nThe story broke off: {error}"))?;
    }
    story?;
    if once {
        return Ok(());
    }
    say(&format!(
        "\nThe server stays up until Ctrl-C:\n  console     {url}/console\n  API         {url}/openapi.json"
    ))?;
    say(&format!("  sign in as  {} / {}", Cast::EMAIL, Cast::PASSWORD))?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// A sandbox in a folder of its own, on a free port.
async fn open(folder: &Path) -> Result<(Platform, String), CliError> {
    let overrides = Overrides {
        listen: Some("127.0.0.1:0".parse()?),
        data_dir: Some(folder.join("data")),
        sandbox: true,
    };
    let mut config = Config::load(None, overrides)?;
    "warn".clone_into(&mut config.log.filter);
    telemetry::init(&config.log)?;
    config.make_data_dir()?;
    let listener = TcpListener::bind(config.server.listen)?;
    let url = config.public_url(listener.local_addr()?);
    let platform = Platform::open(config, Ambient::system(), url.clone()).await?;
    tokio::spawn(http::start(&platform, listener)?);
    drop(worker::start(platform.clone()));
    Ok((platform, url))
}

async fn tell(cast: &Cast, files: &[PathBuf]) -> Result<(), CliError> {
    chapter("A person signs up and fills her library")?;
    let person = cast.person().await?;
    say(&format!("  {} has a library; only her secrets open it", Cast::EMAIL))?;
    let has = if files.is_empty() {
        cast.connect_samples(&person, SAMPLE).await?
    } else {
        cast.upload(&person, files).await?
    };

    let mut first = None;
    let kinds = [("read", has.mapped), ("read-raw", has.raw)];
    for (kind, _) in kinds.into_iter().filter(|(_, wanted)| *wanted) {
        chapter(&format!("An app registers a {kind} contract with its public key"))?;
        let app = cast.app(kind).await?;
        say(&format!("  {} asks: {}", app.name, app.purpose))?;
        chapter("She reads it and says yes; the app exchanges its code for tokens")?;
        let (grant, tokens, asked) = cast.approve(&person, &app).await?;
        say(&format!("  grant {grant}"))?;
        chapter("The app opens a session, lists, fetches, and opens each envelope with its private key")?;
        let session = if app.ongoing { open_session(&app, &tokens).await? } else { asked };
        let read = read_everything(&app, &tokens, &session).await?;
        say(&read_table(&read))?;
        say("\n  The same files, for the app and on the server's disk:")?;
        say(&disk_table(&read, &cast.on_disk(&person).await?)?)?;
        first.get_or_insert((app, grant, tokens, session, read));
    }
    let (app, grant, tokens, session, read) =
        first.ok_or_else(|| CliError::new("there was nothing to read"))?;
    let name =
        read.first().map(|read| read.name.clone()).ok_or_else(|| CliError::new("the app got no file"))?;

    chapter("She stops the contract, resumes it, and ends it for good")?;
    for (verb, expected) in
        [("stop", Some("GrantStopped")), ("resume", None), ("revoke", Some("InvalidToken"))]
    {
        cast.act(&person, &grant, verb).await?;
        let answer = app.client.fetch(&tokens.access.value, &session.key, &name).await;
        say(&format!("  {verb:<7} the same request now: {}", outcome(&answer)))?;
        if answer.as_ref().err().and_then(ClientError::code) != expected {
            return Err(CliError::new(format!("after {verb} that is not what had to come")));
        }
    }
    let refreshed = app.client.refresh(&tokens.refresh.value).await;
    say(&format!("  and a refresh of the tokens: {}", outcome(&refreshed)))?;
    if refreshed.is_ok() {
        return Err(CliError::new("a revoked grant gave new tokens"));
    }
    let events = cast.verified_events(&person).await?;
    say(&format!("\nEvery decision is a link of her chain of events; {events} links, checked: unbroken."))
}

async fn open_session(app: &MockApp, tokens: &Tokens) -> Result<Session, CliError> {
    Ok(app.client.trigger(&tokens.access.value, &SessionOptions::default()).await?)
}

/// Waits until the list of a session is final, and reads all of it.
async fn read_everything(app: &MockApp, tokens: &Tokens, session: &Session) -> Result<Vec<Read>, CliError> {
    let access = &tokens.access.value;
    let list = loop {
        let list = app.client.list(access, &session.key).await?;
        progress(&format!("  {:?}, {} files listed", list.status.state, list.files.len()));
        if list.status.state.is_final() {
            break list;
        }
        tokio::time::sleep(POLL).await;
    };
    let mut all = Vec::with_capacity(list.files.len());
    for (index, entry) in list.files.iter().enumerate() {
        progress(&format!("  {} of {} files fetched and opened", index + 1, list.files.len()));
        let file = app.client.fetch(access, &session.key, &entry.name).await?;
        all.push(Read { name: entry.name.clone(), metadata: file.metadata, bytes: file.bytes });
    }
    progress("");
    say(&format!("  {} files fetched and opened", all.len()))?;
    Ok(all)
}

fn outcome<T>(answer: &Result<T, ClientError>) -> String {
    match answer {
        Ok(_) => "200, and the data".to_owned(),
        Err(error) => match (error.status(), error.code()) {
            (Some(status), Some(code)) => format!("{status} {code}"),
            _ => error.to_string(),
        },
    }
}

fn chapter(title: &str) -> Result<(), CliError> {
    say(&format!("\n== {title}"))
}

/// Shows how far a long step is, on one line of a terminal that it writes again and again.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[2K{text}");
    }
}
