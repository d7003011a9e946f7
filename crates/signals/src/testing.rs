//! A platform with apps and grants for the tests of this crate.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{
    Ambient, AppId, ContractId, GrantId, PersonId,
    testing::{TestClock, ambient},
};
use consent_crypto::{Keystore, RsaPrivateKey, SigningKey, SigningPurpose};
use consent_store::{Database, Pool, Tx};
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::SchemaManager;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

use crate::{
    Deadlines, Dispatcher, Endpoint, Enqueued, Equipment, Escalation, InitiatingEntity, Issuer, Kind, Limits,
    NewEndpoint, NewSignal, Policy, PollAnswer, PollRequest, Schedule, Signal, SignalId, SignalsError,
    Target, Transport, WebhookSecret, enqueue, enqueue_verification, escalate, find_by_id, find_endpoint,
    poll, set_endpoint, to_escalate,
    transport::{self, Resolver, SystemResolver},
};

const SIGNALS_PEM: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/server-signals.pem"));
const APP_1_PEM: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/app-1.private.pem"));
const APP_2_PEM: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/app-2.private.pem"));

pub const ISSUER: &str = "https://consent.example";

static KEYSTORE: LazyLock<Arc<Keystore>> =
    LazyLock::new(|| Arc::new(Keystore::in_memory(&Ambient::system(), SIGNALS_PEM).unwrap()));

pub fn keystore() -> Arc<Keystore> {
    KEYSTORE.clone()
}

pub fn signals_key() -> &'static SigningKey {
    KEYSTORE.signing(SigningPurpose::Signals)
}

/// The key of the first or the second app.
pub fn app_key(number: u8) -> RsaPrivateKey {
    RsaPrivateKey::parse_pem(if number == 1 { APP_1_PEM } else { APP_2_PEM }).unwrap()
}

/// The published library reads the machine's clock, so what it checks has to be signed by it.
pub fn machine_seconds() -> i64 {
    Ambient::system().now().timestamp()
}

/// The headers as the published library takes them.
pub fn headers_of(headers: &[(&'static str, String)]) -> reqwest::header::HeaderMap {
    let signed = [HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP];
    let headers = headers.iter().filter(|(name, _)| signed.contains(name));
    headers
        .map(|(name, value)| (name.parse::<reqwest::header::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect()
}

/// A name that leads to one address after the other, and stays at the last.
pub struct Moving {
    addresses: Vec<IpAddr>,
    asked: AtomicUsize,
}

impl Moving {
    pub fn through(addresses: &[&str]) -> Arc<Self> {
        let addresses = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self { addresses, asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Resolver for Moving {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let place = self.asked.fetch_add(1, Ordering::SeqCst).min(self.addresses.len() - 1);
        Ok(vec![self.addresses[place]])
    }
}

/// One grant that an app was given.
#[derive(Clone)]
pub struct Consent {
    pub app: AppId,
    pub contract: ContractId,
    pub grant: GrantId,
    pub person: PersonId,
    seq: Arc<AtomicI64>,
}

/// A platform without people.
pub struct Desk {
    pub db: Database,
    pub clock: TestClock,
    pub ambient: Ambient,
    pub deadlines: Deadlines,
    pub schedule: Schedule,
    pub limits: Limits,
    pub policy: Policy,
}

impl Desk {
    pub async fn new() -> Self {
        Self::at("sqlite::memory:").await
    }

    /// A database that several connections can read at once.
    pub async fn in_folder(folder: &tempfile::TempDir) -> Self {
        Self::at(&format!("sqlite://{}", folder.path().join("signals.db").display())).await
    }

    async fn at(url: &str) -> Self {
        let db = Database::connect(url, &Pool::default()).await.unwrap();
        for migration in consent_contracts::migrations().into_iter().chain(crate::migrations()) {
            migration.up(&SchemaManager::new(db.connection())).await.unwrap();
        }
        Self::over(db)
    }

    pub fn over(db: Database) -> Self {
        let clock = TestClock::new();
        Self {
            db,
            ambient: ambient(&clock, 1),
            clock,
            deadlines: Deadlines::default(),
            schedule: Schedule { jitter_percent: 0, ..Schedule::default() },
            limits: Limits::default(),
            policy: Policy { sandbox: true },
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    pub fn issuer<'a>(&'a self, keystore: &'a Keystore) -> Issuer<'a> {
        let status_base = "https://consent.example/api/v1/signals";
        Issuer { issuer: ISSUER, status_base, deadlines: &self.deadlines, keystore }
    }

    pub async fn tx(&self) -> Tx {
        self.db.begin_write().await.unwrap()
    }

    /// A registered app.
    pub async fn app(&self) -> AppId {
        let app: AppId = self.ambient.new_id();
        let sql = "INSERT INTO app (id, name, partner_id, contact, stage, api_key_digest, created_at) \
                   VALUES ($1, 'Diary', $1, 'privacy@app.example', 'registered', $2, $3)";
        let digest: [u8; 32] = self.ambient.random();
        self.execute(sql, vec![app.as_str().into(), digest.to_vec().into(), self.now().into()]).await;
        app
    }

    /// A grant under a contract of its own.
    pub async fn consent(&self, app: &AppId) -> Consent {
        let contract: ContractId = self.ambient.new_id();
        let sql = "INSERT INTO contract (id, app_id, client_id, newest_version, created_at) \
                   VALUES ($1, $2, $1, 1, $3)";
        self.execute(sql, vec![contract.as_str().into(), app.as_str().into(), self.now().into()]).await;
        Consent {
            app: app.clone(),
            contract,
            grant: self.ambient.new_id(),
            person: self.ambient.new_id(),
            seq: Arc::new(AtomicI64::new(1)),
        }
    }

    async fn execute(&self, sql: &str, values: Vec<sea_orm::Value>) {
        let backend = self.db.get_database_backend();
        self.db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.unwrap();
    }

    /// Her decision, as a flow would write it.
    pub fn decision(&self, consent: &Consent, kind: Kind) -> NewSignal {
        NewSignal {
            app: consent.app.clone(),
            contract: consent.contract.clone(),
            grant: consent.grant.clone(),
            person: consent.person.clone(),
            subject: "ada-for-this-app".to_owned(),
            kind,
            seq: consent.seq.fetch_add(1, Ordering::SeqCst) + 1,
            txn: "t1".to_owned(),
            action_at: self.now(),
            by: InitiatingEntity::User,
            reason: [("en".to_owned(), "no longer needed".to_owned())].into(),
            receipt: Some("rec1".to_owned()),
            scopes: vec!["social.posts".to_owned()],
        }
    }

    pub async fn enqueue(&self, consent: &Consent, kind: Kind) -> Enqueued {
        self.try_enqueue(self.decision(consent, kind)).await.unwrap()
    }

    pub async fn try_enqueue(&self, new: NewSignal) -> Result<Enqueued, SignalsError> {
        let keystore = keystore();
        let tx = self.tx().await;
        let enqueued = enqueue(&tx, new, &self.issuer(&keystore), &self.ambient).await?;
        tx.commit().await?;
        Ok(enqueued)
    }

    pub async fn find(&self, id: &SignalId) -> Signal {
        find_by_id(&self.db, id).await.unwrap()
    }

    /// How far a signal is: on its way, and with what is owed.
    pub async fn state(&self, id: &SignalId) -> (&'static str, &'static str) {
        let signal = self.find(id).await;
        (signal.delivery.name(), signal.duty.map_or("nothing", |duty| duty.state.name()))
    }

    pub async fn set(&self, app: &AppId, target: Target) -> (Endpoint, Option<WebhookSecret>) {
        let tx = self.tx().await;
        let new = NewEndpoint { app: app.clone(), contract: None, target };
        let set = set_endpoint(&tx, new, self.policy, &keystore(), &self.ambient).await.unwrap();
        tx.commit().await.unwrap();
        (set.endpoint, set.secret)
    }

    /// A webhook that has shown that it is there.
    pub async fn webhook(&self, app: &AppId, url: &str) -> (Endpoint, WebhookSecret) {
        let (endpoint, secret) = self.set(app, Target::Webhook { url: url.to_owned() }).await;
        (self.activate(&endpoint).await, secret.unwrap())
    }

    /// Has an endpoint acknowledge a verification, by polling.
    pub async fn activate(&self, endpoint: &Endpoint) -> Endpoint {
        let asked = self.verify(endpoint).await;
        let request =
            PollRequest { max_events: Some(0), ack: vec![asked.id.to_string()], ..Default::default() };
        self.poll(&endpoint.app, &request).await;
        find_endpoint(&self.db, &endpoint.app, endpoint.contract.as_ref()).await.unwrap()
    }

    pub async fn verify(&self, endpoint: &Endpoint) -> Enqueued {
        let keystore = keystore();
        let tx = self.tx().await;
        let asked =
            enqueue_verification(&tx, endpoint, &self.issuer(&keystore), &self.ambient).await.unwrap();
        tx.commit().await.unwrap();
        asked
    }

    pub async fn poll(&self, app: &AppId, request: &PollRequest) -> PollAnswer {
        let tx = self.tx().await;
        let answer = poll(&tx, app, request, &self.schedule, &self.ambient).await.unwrap();
        tx.commit().await.unwrap();
        answer
    }

    pub fn dispatcher(&self) -> Dispatcher {
        self.dispatcher_with(Arc::new(SystemResolver))
    }

    pub fn dispatcher_with(&self, resolver: Arc<dyn Resolver>) -> Dispatcher {
        let limits = transport::Limits { timeout: Duration::from_secs(20), ..Default::default() };
        let transport = Transport::new(self.policy, resolver, limits).unwrap();
        let equipment = Equipment {
            db: self.db.clone(),
            keystore: keystore(),
            transport,
            schedule: self.schedule.clone(),
            limits: self.limits,
        };
        Dispatcher::new(equipment, self.ambient.clone())
    }

    /// Sends everything that is due, and what becomes due by it; says how many attempts that were.
    pub async fn deliver(&self, dispatcher: &Dispatcher) -> usize {
        let mut attempts = 0;
        loop {
            let begun = dispatcher.deliver_due(self.now()).await.unwrap();
            dispatcher.settle(0).await;
            attempts += begun;
            if begun == 0 {
                return attempts;
            }
        }
    }
}

/// Escalates everything that is due, at most so many signals.
pub async fn escalate_due(tx: &Tx, limit: u64, ambient: &Ambient) -> Result<Vec<Escalation>, SignalsError> {
    let mut told = Vec::new();
    for (id, _) in to_escalate(tx, ambient.now(), limit).await? {
        told.extend(escalate(tx, &id, ambient).await?);
    }
    Ok(told)
}
