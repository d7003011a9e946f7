//! `demo`: the whole story on this machine, told with a real server, a real app and real files.

mod cast;
mod decisions;
mod endpoint;
mod receipts;
mod table;

use std::{
    io::IsTerminal as _,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use consent_client::{Session, SessionOptions, Tokens};
use consent_core::Ambient;

use self::{
    cast::{Cast, MockApp, Person},
    decisions::Sharing,
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
    let kept = folder.path().join("receipts");
    // A whole story is a large future.
    let story = Box::pin(tell(&cast, &files, &kept)).await;
    if let Err(error) = &story {
        say(&format!("\nThe story broke off: {error}"))?;
    }
    // Before its folder goes.
    platform.ledger.settle().await;
    story?;
    if once {
        return Ok(());
    }
    say(&format!(
        "\nThe server stays up until Ctrl-C:\n  console     {url}/console\n  API         {url}/openapi.json"
    ))?;
    say(&format!("  sign in as  {} / {}\n  receipts    {}", Cast::EMAIL, Cast::PASSWORD, kept.display()))?;
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

async fn tell(cast: &Cast, files: &[PathBuf], kept: &Path) -> Result<(), CliError> {
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
        let sharing = shares(cast, &person, kind).await?;
        first.get_or_insert(sharing);
    }
    let mut sharing = first.ok_or_else(|| CliError::new("there was nothing to read"))?;
    if sharing.held.is_empty() {
        return Err(CliError::new("the app got no file"));
    }
    sharing.changes().await?;
    receipts::checked_offline(cast, &person, kept).await?;
    let events = cast.verified_events(&person).await?;
    say(&format!("\nEvery decision is a link of her chain of events; {events} links, checked: unbroken."))
}

/// An app asks, she agrees, and the app reads.
async fn shares<'s>(cast: &'s Cast, person: &'s Person, kind: &str) -> Result<Sharing<'s>, CliError> {
    chapter(&format!("An app registers a {kind} contract with its public key"))?;
    let app = cast.app(kind).await?;
    say(&format!("  {} asks: {}", app.name, app.purpose))?;
    chapter("She reads it and says yes; the app exchanges its code for tokens")?;
    let (grant, tokens, asked) = cast.approve(person, &app).await?;
    say(&format!("  grant {grant}"))?;
    chapter("The app opens a session, lists, fetches, and opens each envelope with its private key")?;
    let session = if app.ongoing { open_session(&app, &tokens).await? } else { asked };
    let held = read_everything(&app, &tokens, &session).await?;
    say(&read_table(&held))?;
    say("\n  The same files, for the app and on the server's disk:")?;
    say(&disk_table(&held, &cast.on_disk(person).await?)?)?;
    Ok(Sharing { cast, person, app, grant, tokens, session, held })
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

fn chapter(title: &str) -> Result<(), CliError> {
    say(&format!("\n== {title}"))
}

/// Shows how far a long step is, on one line of a terminal that it writes again and again.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[2K{text}");
    }
}
