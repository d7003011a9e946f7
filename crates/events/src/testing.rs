//! What tests begin with.

use consent_core::{
    Actor, Ambient, AppId, Cursor, PersonId,
    testing::{TestClock, ambient},
};
use consent_crypto::{Keystore, RsaPrivateKey, SigningPurpose};
use consent_store::{Database, Pool};
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::SchemaManager;
use serde_json::Value;

use crate::{
    Access, Act, Appended, ChainId, CheckpointSigner, Consent, ConsentEvent, Event, EventsError, Export,
    NewAccess, NewConsentEvent, NewEvent, append_one, list, record,
};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/", $name))
    };
}

fn keystore() -> Keystore {
    Keystore::in_memory(&ambient(&TestClock::new(), 9), fixture!("server-receipts.pem")).unwrap()
}

pub(crate) fn signer() -> CheckpointSigner {
    let key = keystore().signing(SigningPurpose::Receipts).clone();
    CheckpointSigner { issuer: "https://consent.example".to_owned(), key }
}

pub(crate) fn jwks() -> Value {
    keystore().jwks(SigningPurpose::Receipts)
}

pub(crate) fn other_key() -> RsaPrivateKey {
    RsaPrivateKey::parse_pem(fixture!("server-signals.pem")).unwrap()
}

/// A database with the tables of this crate, a clock that stands still, and a person.
pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) clock: TestClock,
    pub(crate) ambient: Ambient,
    pub(crate) ada: PersonId,
    pub(crate) app: AppId,
}

/// Everything that keeps tables as they are.
const TRIGGERS: [&str; 11] = [
    "event_is_never_changed",
    "event_is_never_deleted",
    "event_is_never_replaced",
    "event_payload_is_never_changed",
    "event_payload_is_never_replaced",
    "access_entry_is_never_changed",
    "access_entry_is_never_deleted",
    "access_entry_is_never_replaced",
    "checkpoint_is_never_changed",
    "checkpoint_is_never_deleted",
    "checkpoint_is_never_replaced",
];

impl World {
    pub(crate) async fn new() -> Self {
        Self::at("sqlite::memory:").await
    }

    pub(crate) async fn at(url: &str) -> Self {
        let db = Database::connect(url, &Pool::default()).await.unwrap();
        for migration in crate::migrations() {
            migration.up(&SchemaManager::new(db.connection())).await.unwrap();
        }
        Self::in_database(db)
    }

    pub(crate) fn in_database(db: Database) -> Self {
        let clock = TestClock::new();
        let ambient = ambient(&clock, 1);
        let (ada, app) = (ambient.new_id(), ambient.new_id());
        Self { db, clock, ambient, ada, app }
    }

    pub(crate) fn stopped(&self) -> Act {
        Act::stopped(&self.ambient.new_id(), &self.ambient.new_id())
    }

    pub(crate) async fn append(&self, act: Act) -> Event {
        self.append_one(NewEvent::new(&self.ada, act, &Actor::Person(self.ada.clone()))).await.event
    }

    pub(crate) async fn append_one(&self, new: NewEvent) -> Appended {
        let tx = self.db.begin_write().await.unwrap();
        let appended = append_one(&tx, new, &self.ambient).await.unwrap();
        tx.commit().await.unwrap();
        appended
    }

    pub(crate) async fn append_some(&self, count: usize) -> Vec<Event> {
        let mut events = vec![];
        for _ in 0..count {
            events.push(self.append(self.stopped()).await);
        }
        events
    }

    /// Records what the app says.
    pub(crate) async fn record(&self, consents: Vec<Consent>) -> Vec<ConsentEvent> {
        let new = consents.into_iter().map(NewConsentEvent::from).collect();
        self.try_record(new).await.unwrap()
    }

    pub(crate) async fn try_record(
        &self,
        new: Vec<NewConsentEvent>,
    ) -> Result<Vec<ConsentEvent>, EventsError> {
        let by = Actor::App(self.app.clone());
        let tx = self.db.begin_write().await.unwrap();
        let events = record(&tx, &self.app, new, &by, &self.ambient).await?;
        tx.commit().await.unwrap();
        Ok(events)
    }

    pub(crate) async fn all(&self) -> Vec<Event> {
        list(&self.db, &self.ada, &Cursor::new(None, Some(200))).await.unwrap().items
    }

    pub(crate) async fn refusal_of(&self, sql: &str) -> String {
        format!("{:?}", self.db.execute_unprepared(sql).await.unwrap_err())
    }

    /// What somebody who owns the database can do.
    pub(crate) async fn tamper(&self, sql: &str) {
        for trigger in TRIGGERS {
            self.db.execute_unprepared(&format!("DROP TRIGGER IF EXISTS {trigger}")).await.unwrap();
        }
        self.db.execute_unprepared(sql).await.unwrap();
    }

    /// An access of the app to one of her files.
    pub(crate) fn access(&self, person: &PersonId) -> NewAccess {
        let access = Access {
            grant: self.ambient.new_id(),
            contract: self.ambient.new_id(),
            version: 1,
            session: Some(self.ambient.new_id()),
            file: self.ambient.new_id(),
            object_type: Some(401),
            text_hash: [7; 32],
            bytes: 10_240,
        };
        NewAccess { person: person.clone(), app: self.app.clone(), access }
    }

    /// A chain as a file.
    pub(crate) async fn export(&self, chain: impl Into<ChainId>) -> String {
        let mut export = Export::begin(&self.db, chain).await.unwrap();
        let mut file = String::new();
        while let Some(piece) = export.next().await.unwrap() {
            file.push_str(&piece);
        }
        file
    }
}
