//! Apps, contracts and keys in an empty database under a still clock.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{
    Ambient, AppId,
    testing::{TestClock, ambient},
};
use consent_crypto::{RsaPublicKey, Secret, SecretKind};
use consent_store::{Database, Pool, Tx};
use sea_orm::{ConnectionTrait, EntityTrait};
use sea_orm_migration::SchemaManager;

use super::*;
use crate::{
    AppStage, Client, Clients, Contract, Controller, Document, NewApp, Policy, PostalAddress, Retire, Status,
    Verb, migrations, row,
};

const POLICY: Policy = Policy { sandbox: false };

/// An empty registry and a still clock.
struct Registry {
    db: Database,
    clock: TestClock,
    ambient: Ambient,
}

impl Registry {
    async fn new() -> Self {
        let db = Database::connect("sqlite::memory:", &Pool::default()).await.unwrap();
        for migration in migrations() {
            migration.up(&SchemaManager::new(db.connection())).await.unwrap();
        }
        let clock = TestClock::new();
        let ambient = ambient(&clock, 7);
        Self { db, clock, ambient }
    }

    fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    /// Lets time pass, so that what is made next is younger.
    fn minute(&self) {
        self.clock.advance(TimeDelta::minutes(1));
    }

    /// One transaction, kept when it succeeds.
    async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&Tx) -> Result<T, ContractsError>,
    ) -> Result<T, ContractsError> {
        let tx = self.db.begin_write().await?;
        let done = work(&tx).await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn app(&self, name: &str) -> (AppId, Secret) {
        let new = NewApp {
            name: name.to_owned(),
            contact: "privacy@tidemark.example".to_owned(),
            ..NewApp::default()
        };
        self.minute();
        let (app, key) =
            self.write(async |tx| register_app(tx, new, &POLICY, &self.ambient).await).await.unwrap();
        (app.id, key)
    }

    async fn draft(&self, app: &AppId, document: Document) -> Result<Contract, ContractsError> {
        self.minute();
        self.write(async |tx| draft(tx, app, document, &POLICY, &self.ambient).await).await
    }

    async fn revise(&self, of: &Contract, document: Document) -> Result<Contract, ContractsError> {
        self.minute();
        self.write(async |tx| revise(tx, &of.app_id, &of.id, document, &POLICY, &self.ambient).await).await
    }

    async fn publish(&self, of: &Contract) -> Result<Contract, ContractsError> {
        self.minute();
        self.write(async |tx| publish(tx, &of.app_id, &of.id, &self.ambient).await).await
    }

    async fn retire(&self, of: &Contract) -> Result<Contract, ContractsError> {
        self.minute();
        self.write(async |tx| retire(tx, &of.app_id, &of.id, &self.ambient).await).await
    }

    async fn published(&self, app: &AppId) -> Contract {
        let contract = self.draft(app, document(1)).await.unwrap();
        self.publish(&contract).await.unwrap()
    }

    async fn add_key(
        &self,
        of: &Contract,
        n: u8,
        retire_others_at: Option<DateTime<Utc>>,
    ) -> Result<(), ContractsError> {
        self.minute();
        let key = public_key(n);
        self.write(async |tx| {
            add_key(tx, &of.app_id, &of.id, &key, retire_others_at, &self.ambient).await.map(|_| ())
        })
        .await
    }

    async fn retire_key(&self, of: &Contract, n: u8, how: Retire) -> Result<(), ContractsError> {
        let kid = kid(n);
        self.write(async |tx| retire_key(tx, &of.app_id, &of.id, &kid, how, &self.ambient).await.map(|_| ()))
            .await
    }

    async fn revision(&self, of: &Contract) -> i64 {
        row::contract::Entity::find_by_id(of.id.clone()).one(&self.db).await.unwrap().unwrap().revision
    }

    async fn client(&self, of: &Contract) -> Result<Client, ContractsError> {
        find_client(&self.db, &of.client_id()).await
    }

    /// The names of the keys that are believed now.
    async fn believed(&self, of: &Contract) -> Vec<String> {
        let client = self.client(of).await.unwrap();
        client.keys_at(self.now()).map(|key| key.kid.clone()).collect()
    }
}

fn fixture(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../../fixtures/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn public_key(n: u8) -> String {
    fixture(&format!("keys/app-{n}.public.pem"))
}

fn kid(n: u8) -> String {
    RsaPublicKey::parse_pem(&public_key(n)).unwrap().thumbprint()
}

/// The document of the health diary, with the key of the n-th app.
fn document(n: u8) -> Document {
    let mut document: Document = serde_json::from_str(&fixture("contracts/read.json")).unwrap();
    document.public_key = public_key(n);
    document.redirect_uris = vec!["https://tidemark.example/callback".to_owned()];
    document
}

fn refused<T: std::fmt::Debug>(result: Result<T, ContractsError>) -> (Verb, &'static str) {
    match result {
        Err(ContractsError::Refused { verb, from }) => (verb, from),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn who_is_behind_an_app_is_kept_when_given() {
    let registry = Registry::new().await;
    let (plain, _) = registry.app("Tidemark").await;
    assert_eq!(find_app(&registry.db, &plain).await.unwrap().controller, None);
    let controller = Controller {
        legal_name: "Tidemark Health B.V.".to_owned(),
        address: PostalAddress {
            street_address: "Kade 14".to_owned(),
            address_locality: "Amsterdam".to_owned(),
            address_country: "NL".to_owned(),
            ..PostalAddress::default()
        },
        phone: Some("tel:+31-20-555-0199".to_owned()),
    };
    let new = NewApp {
        name: "Tidemark".to_owned(),
        contact: "privacy@tidemark.example".to_owned(),
        controller: Some(controller.clone()),
        ..NewApp::default()
    };
    let (app, _) =
        registry.write(async |tx| register_app(tx, new, &POLICY, &registry.ambient).await).await.unwrap();
    assert_eq!(find_app(&registry.db, &app.id).await.unwrap().controller, Some(controller));
}

#[tokio::test]
async fn an_app_is_found_by_its_id_and_by_its_key_and_by_no_other() {
    let registry = Registry::new().await;
    let (id, key) = registry.app("Tidemark").await;
    let app = find_app(&registry.db, &id).await.unwrap();
    assert_eq!((app.name.as_str(), app.partner_id.as_str()), ("Tidemark", id.as_str()));
    assert_eq!(find_app_by_key(&registry.db, &key).await.unwrap(), app);
    let other = Secret::generate(SecretKind::ApiKey, &registry.ambient);
    assert!(matches!(find_app_by_key(&registry.db, &other).await, Err(ContractsError::UnknownApp)));
    let unknown = registry.ambient.new_id();
    assert!(matches!(find_app(&registry.db, &unknown).await, Err(ContractsError::UnknownApp)));
}

#[tokio::test]
async fn only_the_digest_of_an_api_key_is_stored() {
    let registry = Registry::new().await;
    let (_, key) = registry.app("Tidemark").await;
    let rows = registry.db.query_all_raw(sea_orm::Statement::from_string(
        registry.db.get_database_backend(),
        "SELECT api_key_digest FROM app",
    ));
    let stored: Vec<u8> = rows.await.unwrap()[0].try_get("", "api_key_digest").unwrap();
    assert_eq!(stored, key.digest().as_bytes());
}

#[tokio::test]
async fn a_new_api_key_voids_the_old_one() {
    let registry = Registry::new().await;
    let (id, old) = registry.app("Tidemark").await;
    let new = registry.write(async |tx| rotate_api_key(tx, &id, &registry.ambient).await).await.unwrap();
    assert!(matches!(find_app_by_key(&registry.db, &old).await, Err(ContractsError::UnknownApp)));
    assert_eq!(find_app_by_key(&registry.db, &new).await.unwrap().id, id);
}

#[tokio::test]
async fn apps_are_listed_page_by_page() {
    let registry = Registry::new().await;
    for name in ["One", "Two", "Three"] {
        registry.app(name).await;
    }
    let first = list_apps(&registry.db, &Cursor::new(None, Some(2))).await.unwrap();
    let second = list_apps(&registry.db, &Cursor::new(first.next.clone(), Some(2))).await.unwrap();
    let names: Vec<_> = first.items.iter().chain(&second.items).map(|app| app.name.as_str()).collect();
    assert_eq!((names, second.next), (vec!["One", "Two", "Three"], None));
    let strange = Cursor::new(Some("a\0".to_owned()), None);
    assert!(matches!(list_apps(&registry.db, &strange).await, Err(ContractsError::Invalid(_))));
}

#[tokio::test]
async fn a_suspended_app_may_look_and_end_its_keys_but_not_ask() {
    let registry = Registry::new().await;
    let (id, key) = registry.app("Tidemark").await;
    let contract = registry.published(&id).await;
    let suspended = registry.write(async |tx| suspend_app(tx, &id, &registry.ambient).await).await.unwrap();
    assert_eq!(suspended.stage, AppStage::Suspended { at: registry.now() });
    assert!(matches!(registry.client(&contract).await, Err(ContractsError::AppClosed { .. })));
    assert!(matches!(registry.draft(&id, document(1)).await, Err(ContractsError::AppClosed { .. })));
    assert_eq!(find_app_by_key(&registry.db, &key).await.unwrap(), suspended);
    registry.retire_key(&contract, 1, Retire::Compromised).await.unwrap();
    registry.write(async |tx| reinstate_app(tx, &id).await).await.unwrap();
    assert_eq!(registry.believed(&contract).await, [""; 0]);
}

#[tokio::test]
async fn a_closed_app_is_closed_for_good() {
    let registry = Registry::new().await;
    let (id, key) = registry.app("Tidemark").await;
    let contract = registry.published(&id).await;
    registry.write(async |tx| close_app(tx, &id, &registry.ambient).await).await.unwrap();
    assert!(matches!(find_app_by_key(&registry.db, &key).await, Err(ContractsError::AppClosed { .. })));
    assert!(matches!(registry.client(&contract).await, Err(ContractsError::AppClosed { .. })));
    let again = registry.write(async |tx| reinstate_app(tx, &id).await).await;
    assert_eq!(refused(again), (Verb::Reinstate, "closed"));
    let rotated = registry.write(async |tx| rotate_api_key(tx, &id, &registry.ambient).await).await;
    assert!(matches!(rotated, Err(ContractsError::AppClosed { .. })));
}

#[tokio::test]
async fn a_draft_asks_nobody_until_it_is_published() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let contract = registry.draft(&app, document(1)).await.unwrap();
    assert_eq!((contract.version, contract.status), (1, Status::Draft));
    let early = registry.client(&contract).await;
    assert!(matches!(early, Err(ContractsError::NotPublished { status: Status::Draft, .. })));
    let published = registry.publish(&contract).await.unwrap();
    assert_eq!(published.status, Status::Published { at: registry.now() });
    assert_eq!(find(&registry.db, &app, &contract.id).await.unwrap(), published);
    let client = registry.client(&contract).await.unwrap();
    assert_eq!((client.contract, client.app.id), (published, app));
    assert_eq!(client.keys.iter().map(|key| key.kid.clone()).collect::<Vec<_>>(), [kid(1)]);
}

#[tokio::test]
async fn a_wrong_document_leaves_nothing_behind() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let wrong = Document { redirect_uris: vec!["http://127.0.0.1:3000/".to_owned()], ..document(1) };
    assert!(matches!(registry.draft(&app, wrong.clone()).await, Err(ContractsError::Invalid(_))));
    assert_eq!(list(&registry.db, &app, &Cursor::default()).await.unwrap().items, []);
    let sandbox = Policy { sandbox: true };
    let fine = registry.write(async |tx| draft(tx, &app, wrong, &sandbox, &registry.ambient).await).await;
    assert!(fine.is_ok());
}

#[tokio::test]
async fn a_published_version_stays_while_the_next_one_is_written() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let first = registry.published(&app).await;
    let second = registry.revise(&first, Document { ongoing: false, ..document(1) }).await.unwrap();
    assert_eq!((second.version, second.status), (2, Status::Draft));
    assert_ne!(second.text_hash, first.text_hash);
    let third = registry.revise(&first, Document { future_accounts: true, ..document(1) }).await.unwrap();
    assert_eq!(third.version, 2);
    assert_eq!(registry.client(&first).await.unwrap().contract, first);
    let published = registry.publish(&first).await.unwrap();
    assert_eq!(published.document, third.document);
    assert_eq!(registry.client(&first).await.unwrap().contract, published);
    assert_eq!(find_version(&registry.db, &first.id, 1).await.unwrap(), first);
    assert_eq!(refused(registry.publish(&first).await), (Verb::Publish, "published"));
}

#[tokio::test]
async fn a_contract_is_retired_with_all_its_versions() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let draft = registry.draft(&app, document(1)).await.unwrap();
    assert_eq!(refused(registry.retire(&draft).await), (Verb::Retire, "draft"));
    registry.publish(&draft).await.unwrap();
    registry.revise(&draft, Document { ongoing: false, ..document(1) }).await.unwrap();
    let retired = registry.retire(&draft).await.unwrap();
    assert_eq!((retired.version, retired.status), (1, Status::Retired { at: registry.now() }));
    assert_eq!(find(&registry.db, &app, &draft.id).await.unwrap(), retired);
    let late = registry.client(&draft).await;
    assert!(matches!(late, Err(ContractsError::NotPublished { status: Status::Retired { .. }, .. })));
    assert_eq!(refused(registry.retire(&draft).await), (Verb::Retire, "retired"));
    assert_eq!(refused(registry.publish(&draft).await), (Verb::Publish, "retired"));
    assert_eq!(refused(registry.revise(&draft, document(1)).await), (Verb::Revise, "retired"));
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_what_was_published() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let contract = registry.draft(&app, document(1)).await.unwrap();
    let touch = "UPDATE contract_version SET text_hash = text_hash";
    assert!(registry.db.execute_unprepared(touch).await.is_ok());
    registry.publish(&contract).await.unwrap();
    for sql in [touch, "DELETE FROM contract_version"] {
        let error = registry.db.execute_unprepared(sql).await.unwrap_err();
        assert!(error.to_string().contains("a published contract version never changes"), "{error}");
    }
}

#[tokio::test]
async fn a_contract_of_another_app_is_not_found() {
    let registry = Registry::new().await;
    let (mine, _) = registry.app("Tidemark").await;
    let (other, _) = registry.app("Fair Fare").await;
    let contract = registry.published(&mine).await;
    let foreign = Contract { app_id: other.clone(), ..contract.clone() };
    let unknown = |error| matches!(error, Some(ContractsError::UnknownContract));
    assert!(unknown(find(&registry.db, &other, &contract.id).await.err()));
    assert!(unknown(list_keys(&registry.db, &other, &contract.id).await.err()));
    assert!(unknown(registry.revise(&foreign, document(1)).await.err()));
    assert!(unknown(registry.publish(&foreign).await.err()));
    assert!(unknown(registry.retire(&foreign).await.err()));
    assert!(unknown(registry.add_key(&foreign, 2, None).await.err()));
    assert!(unknown(registry.retire_key(&foreign, 1, Retire::Compromised).await.err()));
    assert_eq!(list(&registry.db, &other, &Cursor::default()).await.unwrap().items, []);
}

#[tokio::test]
async fn contracts_are_listed_by_their_newest_version() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let first = registry.published(&app).await;
    let second = registry.published(&app).await;
    let revised = registry.revise(&first, Document { ongoing: false, ..document(1) }).await.unwrap();
    let page = list(&registry.db, &app, &Cursor::new(None, Some(1))).await.unwrap();
    assert_eq!((page.items, page.next.as_deref()), (vec![revised], Some(first.id.as_str())));
    let page = list(&registry.db, &app, &Cursor::new(page.next, Some(1))).await.unwrap();
    assert_eq!((page.items, page.next), (vec![second], None));
}

#[tokio::test]
async fn a_client_id_is_compared_as_a_whole() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let id = registry.published(&app).await.client_id();
    assert!(find_client(&registry.db, &id).await.is_ok());
    let wrongs = [
        String::new(),
        "_".into(),
        app.to_string(),
        format!("{id}x"),
        id.to_uppercase(),
        format!("{id}\0"),
        "x".repeat(1_000_000),
    ];
    for wrong in wrongs {
        let found = find_client(&registry.db, &wrong).await;
        assert!(matches!(found, Err(ContractsError::UnknownClient)), "{}", &wrong[..wrong.len().min(70)]);
    }
}

#[tokio::test]
async fn a_client_read_before_is_good_until_anything_of_it_changes() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let contract = registry.published(&app).await;
    let (clients, id) = (Clients::default(), contract.client_id());
    let revision = registry.revision(&contract).await;
    let mut known = clients.find(&registry.db, &id, revision).await.unwrap();
    assert!(Arc::ptr_eq(&known, &clients.find(&registry.db, &id, revision).await.unwrap()));
    for change in 0..7 {
        match change {
            0 => registry.add_key(&contract, 2, None).await.unwrap(),
            1 => registry.retire_key(&contract, 1, Retire::At(registry.now())).await.unwrap(),
            2 => registry.retire_key(&contract, 1, Retire::Compromised).await.unwrap(),
            3 => drop(registry.revise(&contract, document(2)).await.unwrap()),
            4 => drop(registry.publish(&contract).await.unwrap()),
            5 => {
                drop(
                    registry.write(async |tx| suspend_app(tx, &app, &registry.ambient).await).await.unwrap(),
                );
            }
            _ => drop(registry.write(async |tx| reinstate_app(tx, &app).await).await.unwrap()),
        }
        let revision = registry.revision(&contract).await;
        assert!(revision > known.revision, "change {change}");
        match clients.find(&registry.db, &id, revision).await {
            Ok(client) => known = client,
            Err(error) => assert!(change == 5, "{error}"),
        }
    }
    assert_eq!((known.contract.version, known.revision), (2, registry.revision(&contract).await));
    registry.retire(&contract).await.unwrap();
    let revision = registry.revision(&contract).await;
    assert!(clients.find(&registry.db, &id, revision).await.is_err());
}

#[tokio::test]
async fn keys_change_without_a_gap() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let contract = registry.published(&app).await;
    let later = registry.now() + TimeDelta::hours(1);
    registry.add_key(&contract, 2, Some(later)).await.unwrap();
    assert_eq!(registry.believed(&contract).await, [kid(1), kid(2)]);
    registry.clock.advance(TimeDelta::hours(1));
    assert_eq!(registry.believed(&contract).await, [kid(2)]);
    let client = registry.client(&contract).await.unwrap();
    assert_eq!(client.newest_key_at(registry.now()).unwrap().kid, kid(2));
    assert!(client.sealing_key(&kid(1), later).is_some());
    assert_eq!(client.keys.len(), 2);
}

#[tokio::test]
async fn a_key_is_registered_once_even_when_it_is_over() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let contract = registry.published(&app).await;
    assert!(matches!(registry.add_key(&contract, 1, None).await, Err(ContractsError::KeyTaken)));
    registry.add_key(&contract, 2, None).await.unwrap();
    registry.retire_key(&contract, 1, Retire::At(registry.now())).await.unwrap();
    assert!(matches!(registry.add_key(&contract, 1, None).await, Err(ContractsError::KeyTaken)));
    let other = registry.published(&app).await;
    assert_eq!(registry.believed(&other).await, [kid(1)]);
}

#[tokio::test]
async fn the_last_usable_key_goes_only_when_it_is_compromised() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let contract = registry.published(&app).await;
    let at_once = Retire::At(registry.now());
    assert!(matches!(registry.retire_key(&contract, 1, at_once).await, Err(ContractsError::LastKey)));
    assert!(matches!(registry.retire_key(&contract, 3, at_once).await, Err(ContractsError::KeyUnknown)));
    registry.retire_key(&contract, 1, Retire::At(registry.now() + TimeDelta::days(7))).await.unwrap();
    registry.retire_key(&contract, 1, Retire::Compromised).await.unwrap();
    let client = registry.client(&contract).await.unwrap();
    assert_eq!(client.keys_at(registry.now()).count(), 0);
    assert!(client.sealing_key(&kid(1), registry.now()).is_none());
    registry.add_key(&contract, 2, None).await.unwrap();
    assert_eq!(registry.believed(&contract).await, [kid(2)]);
}

#[tokio::test]
async fn a_draft_that_was_never_published_may_change_its_key() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let contract = registry.draft(&app, document(1)).await.unwrap();
    registry.revise(&contract, document(2)).await.unwrap();
    registry.publish(&contract).await.unwrap();
    assert_eq!(registry.believed(&contract).await, [kid(2)]);
}

#[tokio::test]
async fn the_key_of_a_later_version_joins_when_that_is_published() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let contract = registry.published(&app).await;
    registry.revise(&contract, document(3)).await.unwrap();
    assert_eq!(registry.believed(&contract).await, [kid(1)]);
    registry.publish(&contract).await.unwrap();
    assert_eq!(registry.believed(&contract).await, [kid(1), kid(3)]);
}

#[tokio::test]
async fn publishing_an_old_key_again_does_not_revive_it() {
    let registry = Registry::new().await;
    let (app, _) = registry.app("Tidemark").await;
    let contract = registry.published(&app).await;
    registry.retire_key(&contract, 1, Retire::Compromised).await.unwrap();
    registry.add_key(&contract, 2, None).await.unwrap();
    registry.revise(&contract, document(1)).await.unwrap();
    registry.publish(&contract).await.unwrap();
    assert_eq!(registry.believed(&contract).await, [kid(2)]);
}
