//! Everything a request needs, wired together once.

use std::{ops::Deref, path::Path, sync::Arc};

use chrono::TimeDelta;
use consent_auth::Lifetimes;
use consent_contracts::{Clients, Policy};
use consent_core::{Ambient, AppId, PersonId};
use consent_crypto::{
    Argon2Params, Digest, KeyPurpose, Keystore, KeystoreError, PasswordHasher, Secret, SecretKind,
    SigningPurpose, digest::hex,
};
use consent_events::{CheckpointSigner, Ledger};
use consent_library::{Blobs, LibraryError};
use consent_people::SignInPolicy;
use consent_signals::{
    Deadlines, Dispatcher, Equipment, SignalsError, Transport,
    transport::{self, SystemResolver},
};
use consent_store::{Database, Pool, StoreError};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    config::{BlobPlace, Config},
    http::replay::ReadNonces,
    journal::Journal,
    migrator,
};

/// Everything a request needs; cheap to clone.
#[derive(Clone)]
pub struct Platform(Arc<Parts>);

/// The parts of a [`Platform`].
pub struct Parts {
    /// The database.
    pub db: Database,
    /// The sealed files.
    pub blobs: Blobs,
    /// Time and chance.
    pub ambient: Ambient,
    /// The server's own keys.
    pub keys: Arc<Keystore>,
    /// Turns passwords into keys.
    pub hasher: PasswordHasher,
    /// Sends signals to apps; [`crate::worker`] runs it.
    pub dispatcher: Dispatcher,
    deadlines: Deadlines,
    /// What was shut, outside the database.
    pub journal: Journal,
    /// What apps fetch.
    pub ledger: Ledger,
    /// The configuration.
    pub config: Config,
    /// Base of all URLs we make, without a slash at the end.
    pub public_url: String,
    /// Clients, read before.
    pub(crate) clients: Clients,
    /// Nonces of requests that only read, seen by this process.
    pub(crate) read_nonces: ReadNonces,
    operator: Digest,
    shut: watch::Sender<u64>,
}

impl Deref for Platform {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Why the platform could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened or brought up to date.
    #[error("the database cannot be opened")]
    Database(#[from] StoreError),
    /// The blob store cannot be opened.
    #[error("the blob store cannot be opened")]
    Blobs(#[from] LibraryError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeystoreError),
    /// Signals cannot be sent.
    #[error("signals cannot be sent")]
    Signals(#[from] SignalsError),
    /// The shut journal cannot be opened.
    #[error("the shut journal in {path} cannot be opened")]
    Journal {
        /// Its folder.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The folder of accesses on their way to the database cannot be opened.
    #[error("the accesses in {path} cannot be read")]
    Ledger {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operator token cannot be read or written.
    #[error("the operator token at {path} cannot be read or written")]
    OperatorFile {
        /// Where it is.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operator token is none.
    #[error(
        "the operator token must be cao_… as `consent-access` makes it; remove it to have a new one made"
    )]
    OperatorToken,
    /// The database was used in sandbox mode and this is none.
    #[error("this database holds sandbox persons; start with --sandbox or use another database")]
    SandboxData,
}

impl Platform {
    /// Opens database, blobs and keys, makes what is missing, and brings the schema up to date. `public_url` is the
    /// base of all URLs the server makes.
    pub async fn open(config: Config, ambient: Ambient, public_url: String) -> Result<Self, StartError> {
        let keys = Keystore::open_or_create(&config.keys_dir(), &ambient)?;
        Self::open_with_keys(config, ambient, public_url, keys).await
    }

    /// The same with a keystore of the caller's making.
    pub async fn open_with_keys(
        config: Config,
        ambient: Ambient,
        public_url: String,
        keys: Keystore,
    ) -> Result<Self, StartError> {
        let pool = Pool {
            max_connections: config.database.max_connections,
            patience: config.database.patience.to_std(),
        };
        let db = Database::connect(config.database_url().expose_secret(), &pool).await?;
        migrator::migrate(&db).await?;
        if !config.server.sandbox && consent_people::has_throwaways(&db).await.unwrap_or(true) {
            return Err(StartError::SandboxData);
        }
        let blobs = match config.blob_place() {
            BlobPlace::Folder(path) => Blobs::folder(&path)?,
            BlobPlace::Memory => Blobs::memory(),
        };
        let keys = Arc::new(keys);
        let equipment = Equipment {
            db: db.clone(),
            keystore: keys.clone(),
            transport: Transport::new(
                consent_signals::Policy { sandbox: config.server.sandbox },
                Arc::new(SystemResolver),
                transport::Limits::default(),
            )?,
            schedule: config.signals.schedule(),
            limits: consent_signals::Limits::default(),
        };
        let dispatcher = Dispatcher::new(equipment, ambient.clone());
        let deadlines = config.signals.deadlines();
        let journal = Journal::open(&config.journal_dir())
            .map_err(|source| StartError::Journal { path: config.journal_dir(), source })?;
        let operator = operator_token(&config, &ambient)?;
        let params = Argon2Params {
            memory_kib: config.people.argon2_memory_kib,
            iterations: config.people.argon2_iterations,
            lanes: config.people.argon2_lanes,
        };
        let accesses = config.server.data_dir.join("accesses");
        let ledger = Ledger::open(db.clone(), &accesses, ambient.clone())
            .map_err(|source| StartError::Ledger { path: accesses, source })?;
        let hasher =
            PasswordHasher::new(keys.key(KeyPurpose::Pepper).clone(), params, config.people.argon2_at_once);
        Ok(Self(Arc::new(Parts {
            db,
            blobs,
            ambient,
            keys,
            hasher,
            dispatcher,
            deadlines,
            journal,
            ledger,
            config,
            public_url,
            clients: Clients::default(),
            read_nonces: ReadNonces::default(),
            operator: operator.digest(),
            shut: watch::Sender::new(0),
        })))
    }
}

impl Parts {
    /// What the registry accepts.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy { sandbox: self.config.server.sandbox }
    }

    /// A name for a person that is the same for all contracts of one partner, and another for every other partner.
    #[must_use]
    pub fn pseudonym(&self, partner: &str, person: &PersonId) -> String {
        let key = self.keys.key(KeyPurpose::Pepper);
        let name = key.derive("subject", &[partner.as_bytes(), person.as_str().as_bytes()]);
        hex(&name.expose()[..16])
    }

    /// Who issues receipts.
    #[must_use]
    pub fn receipt_issuer(&self) -> consent_receipts::Issuer {
        consent_receipts::Issuer {
            name: self.config.server.name.clone(),
            url: self.public_url.clone(),
            jwks_url: self.jwks_url(),
        }
    }

    /// Who signs the heads of chains.
    #[must_use]
    pub fn checkpoint_signer(&self) -> CheckpointSigner {
        let key = self.keys.signing(SigningPurpose::Receipts).clone();
        CheckpointSigner { issuer: self.public_url.clone(), key }
    }

    /// Who speaks in signals; `status_base` is where reports go.
    #[must_use]
    pub fn signal_issuer<'a>(&'a self, status_base: &'a str) -> consent_signals::Issuer<'a> {
        consent_signals::Issuer {
            issuer: &self.public_url,
            status_base,
            deadlines: &self.deadlines,
            keystore: &self.keys,
        }
    }

    /// What the addresses begin with at which an app reports about its signals.
    #[must_use]
    pub fn status_base(&self, app: &AppId) -> String {
        format!("{}/api/v1/apps/{app}/signals", self.public_url)
    }

    /// The keys that receipts, checkpoints and signals are signed with, old ones too: a JWKS.
    #[must_use]
    pub fn public_keys(&self) -> Value {
        let purposes = [SigningPurpose::Receipts, SigningPurpose::Signals];
        let sets = purposes.map(|purpose| self.keys.jwks(purpose)["keys"].take());
        let keys: Vec<_> = sets.iter().filter_map(Value::as_array).flatten().collect();
        json!({ "keys": keys })
    }

    /// Where the keys are published that receipts and signals are signed with.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{}/api/v1/keys", self.public_url)
    }

    /// How long user access tokens live.
    #[must_use]
    pub fn lifetimes(&self) -> Lifetimes {
        let auth = &self.config.auth;
        Lifetimes { access: auth.access_token_for.to_delta(), refresh: auth.refresh_token_for.to_delta() }
    }

    /// How long a session lives.
    #[must_use]
    pub fn session_for(&self) -> TimeDelta {
        self.config.sessions.last_for.to_delta()
    }

    /// Whether people reach us over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https:")
    }

    /// How long a person stays signed in.
    #[must_use]
    pub fn sign_in_policy(&self) -> SignInPolicy {
        let people = &self.config.people;
        SignInPolicy {
            idle_for: people.sign_in_idle_for.to_delta(),
            longest_for: people.sign_in_for.to_delta(),
        }
    }

    /// Whether this is the operator's token.
    #[must_use]
    pub fn operator_is(&self, presented: &Secret) -> bool {
        consent_people::operator_is(&self.operator, presented)
    }

    /// Tells the dispatcher that a signal was committed, so that it does not wait before it looks.
    pub fn wake_dispatcher(&self) {
        self.dispatcher.waker().wake();
    }

    /// Tells running downloads that some grant was shut, so that they look at once whether it was theirs.
    pub fn announce_shut(&self) {
        self.shut.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Wakes whenever some grant was shut by this process.
    #[must_use]
    pub fn shut_announcements(&self) -> watch::Receiver<u64> {
        self.shut.subscribe()
    }
}

/// The configured operator token, or the one in the data folder, made on the first start.
fn operator_token(config: &Config, ambient: &Ambient) -> Result<Secret, StartError> {
    let configured = config.operator.token.expose_secret();
    if !configured.is_empty() {
        return Secret::parse(SecretKind::OperatorToken, configured).map_err(|_| StartError::OperatorToken);
    }
    let path = config.operator_token_file();
    let failed = |source| StartError::OperatorFile { path: path.clone(), source };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            Secret::parse(SecretKind::OperatorToken, text.trim()).map_err(|_| StartError::OperatorToken)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let token = Secret::generate(SecretKind::OperatorToken, ambient);
            write_private(&path, &token.expose()).map_err(failed)?;
            tracing::info!("made an operator token, kept in {}", path.display());
            Ok(token)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Writes a file that only this account can read, and refuses to replace one.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
