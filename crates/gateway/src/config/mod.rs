//! What an operator can choose. `config/default.toml` is the manual: every key, its meaning, unit and default.
//!
//! Over the defaults goes the operator's file, over that the environment (`CONSENT_SECTION__KEY`), over that the command
//! line. Nothing else in this crate reads the environment.

mod auth;
mod blobs;
mod database;
mod environment;
mod error;
mod events;
mod journal;
mod keys;
mod layers;
mod limits;
mod log;
mod network;
mod operator;
mod people;
mod report;
mod sandbox;
mod server;
mod sessions;
mod signals;
mod size;
mod span;
mod text;

use std::{
    fs::DirBuilder,
    io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::Deserialize;

pub use self::{
    auth::Auth,
    blobs::{BlobPlace, Blobs},
    database::Database,
    error::ConfigError,
    events::Events,
    journal::Journal,
    keys::Keys,
    limits::Limits,
    log::{Log, LogFormat},
    network::Network,
    operator::Operator,
    people::People,
    sandbox::Sandbox,
    server::Server,
    sessions::Sessions,
    signals::Signals,
    size::Size,
    span::Span,
    text::Malformed,
};
use self::{error::Objection, layers::Layers};

/// `config/default.toml`: every key with its meaning and default.
pub const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// Everything an operator can choose, checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens, how it is reached, where it keeps things.
    pub server: Server,
    /// Where the records are.
    pub database: Database,
    /// Where the sealed files are.
    pub blobs: Blobs,
    /// Where the server's own keys are.
    pub keys: Keys,
    /// Where it is written down what was shut.
    pub journal: Journal,
    /// Who runs this.
    pub operator: Operator,
    /// How long tokens are good for.
    pub auth: Auth,
    /// How long apps may read at a stretch.
    pub sessions: Sessions,
    /// How apps are told what they have to do, and how long they have.
    pub signals: Signals,
    /// When the ends of chains are signed.
    pub events: Events,
    /// How long people stay signed in, and what their passwords cost.
    pub people: People,
    /// How much is accepted at once.
    pub limits: Limits,
    /// How the samples behave.
    pub sandbox: Sandbox,
    /// What is logged, and how.
    pub log: Log,
}

/// What the command line says about the configuration; it has the last word.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Instead of `server.listen`.
    pub listen: Option<SocketAddr>,
    /// Instead of `server.data_dir`.
    pub data_dir: Option<PathBuf>,
    /// Switches `server.sandbox` on; cannot switch it off.
    pub sandbox: bool,
}

impl Config {
    /// What defaults, the operator's file, the environment and the command line come to.
    #[expect(clippy::needless_pass_by_value, reason = "made for this call alone")]
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, ConfigError> {
        layers(file, &overrides)?.config()
    }

    /// The same as TOML lines for an operator to look at, each with who said it; without secrets.
    #[expect(clippy::needless_pass_by_value, reason = "as `load`")]
    pub fn explain(file: Option<&Path>, overrides: Overrides) -> Result<String, ConfigError> {
        report::report(&layers(file, &overrides)?)
    }

    /// A sandbox on a free port of this machine, with cheap passwords, samples without pause and as many sign-ups as
    /// anyone wants; reads nothing but the defaults.
    #[must_use]
    pub fn for_tests(data_dir: &Path) -> Self {
        let defaults = Layers::defaults().and_then(|layers| layers.config());
        let mut config = defaults.expect("a test reads default.toml");
        config.server.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        data_dir.clone_into(&mut config.server.data_dir);
        config.server.sandbox = true;
        config.people.argon2_memory_kib = 8 * 1024;
        config.people.argon2_iterations = 1;
        config.sandbox.sample_pace = Span::ZERO;
        config.limits.sign_ups_per_day = 100_000;
        config
    }

    /// Where the records are; often holds a password.
    #[must_use]
    pub fn database_url(&self) -> SecretString {
        self.database.url(&self.server.data_dir)
    }

    /// Where the sealed files are.
    #[must_use]
    pub fn blob_place(&self) -> BlobPlace {
        let here = || BlobPlace::Folder(self.server.data_dir.join("blobs"));
        self.blobs.url.clone().unwrap_or_else(here)
    }

    /// The folder of the server's own keys.
    #[must_use]
    pub fn keys_dir(&self) -> PathBuf {
        let dir = &self.keys.dir;
        if dir.as_os_str().is_empty() { self.server.data_dir.join("keys") } else { dir.clone() }
    }

    /// The folder of the shut journal.
    #[must_use]
    pub fn journal_dir(&self) -> PathBuf {
        let dir = &self.journal.dir;
        if dir.as_os_str().is_empty() { self.server.data_dir.join("journal") } else { dir.clone() }
    }

    /// Where an operator token that nobody configured is kept.
    #[must_use]
    pub fn operator_token_file(&self) -> PathBuf {
        self.server.data_dir.join("operator.token")
    }

    /// Base of all URLs we make, without a slash at the end, for a server that listens on `bound`.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.server.public_url(bound)
    }

    /// Makes the data folder, for this account alone, unless there is one.
    pub fn make_data_dir(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.server.data_dir)
    }

    fn check(&self) -> Result<(), Objection> {
        self.server.check()?;
        self.database.check()?;
        self.auth.check()?;
        self.sessions.check()?;
        self.signals.check()?;
        self.events.check()?;
        self.people.check()?;
        self.limits.check()?;
        self.log.check()
    }
}

fn layers(file: Option<&Path>, overrides: &Overrides) -> Result<Layers, ConfigError> {
    let mut layers = Layers::defaults()?;
    if let Some(file) = file {
        layers = layers.file(file)?;
    }
    let variables = environment::variables(environment::of_process())?;
    layers.environment(variables)?.overrides(overrides)
}

#[cfg(test)]
mod tests;
