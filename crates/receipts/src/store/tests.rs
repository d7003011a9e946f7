use chrono::TimeDelta;
use consent_contracts::{NewApp, Policy, draft, publish, register_app};
use consent_core::{Actor, TypedId as _};
use consent_store::{Database, Pool};
use sea_orm_migration::SchemaManager;

use super::*;
use crate::{
    Change, Kind,
    testing::{World, fixture, jwks, platform_key},
    verify,
};

/// A consent, and a database in which its app and contract are registered.
struct Office {
    db: Database,
    world: World,
}

impl Office {
    async fn new() -> Self {
        Self::at("sqlite::memory:").await
    }

    async fn at(url: &str) -> Self {
        let db = Database::connect(url, &Pool::default()).await.unwrap();
        for migration in consent_contracts::migrations().into_iter().chain(migrations()) {
            migration.up(&SchemaManager::new(db.connection())).await.unwrap();
        }
        let mut world = World::new();
        let tx = db.begin_write().await.unwrap();
        let new =
            NewApp { name: "Fair Fare".to_owned(), contact: "a@b.example".to_owned(), ..NewApp::default() };
        let policy = Policy { sandbox: false };
        (world.app, _) = register_app(&tx, new, &policy, &world.ambient).await.unwrap();
        let mut document = world.contract.document.clone();
        document.public_key = fixture("keys/app-1.public.pem");
        document.redirect_uris = vec!["https://fairfare.example/callback".to_owned()];
        let contract = draft(&tx, &world.app.id, document, &policy, &world.ambient).await.unwrap();
        world.contract = publish(&tx, &world.app.id, &contract.id, &world.ambient).await.unwrap();
        tx.commit().await.unwrap();
        world.grant.app = world.app.id.clone();
        world.grant.contract = world.contract.id.clone();
        Self { db, world }
    }

    async fn issue(&mut self, kind: Kind) -> Receipt {
        let change = self.world.change(kind);
        self.try_issue(change).await.unwrap()
    }

    async fn try_issue(&mut self, change: Change) -> Result<Receipt, ReceiptError> {
        let ambient = self.world.ambient.clone();
        let tx = self.db.begin_write().await.unwrap();
        let receipt = issue(&tx, &self.world.hers(change), &platform_key(), &ambient).await?;
        tx.commit().await.unwrap();
        Ok(receipt)
    }

    async fn status(&self, receipt: &Receipt) -> (State, DateTime<Utc>) {
        let Status { state, as_of } = status(&self.db, &receipt.id, self.world.now()).await.unwrap();
        (state, as_of)
    }
}

fn follows(receipt: &Receipt) -> Option<ReceiptId> {
    verify(&receipt.jws, &jwks()).unwrap().claims.added.consent_access.follows
}

#[tokio::test]
async fn each_receipt_follows_the_one_before_it_about_the_same_grant() {
    let mut office = Office::new().await;
    let no = office.issue(Kind::Declined).await;
    let yes = office.issue(Kind::Given).await;
    let stop = office.issue(Kind::Stopped).await;
    let again = office.issue(Kind::Resumed).await;
    assert_eq!(
        [&no, &yes, &stop, &again].map(follows),
        [None, None, Some(yes.id.clone()), Some(stop.id.clone())]
    );
    let renewed = office.issue(Kind::Given).await;
    let claims = verify(&renewed.jws, &jwks()).unwrap().claims;
    assert_eq!(claims.added.consent_access.event.state, crate::ConsentState::RenewedConsentGiven);
}

#[tokio::test]
async fn a_receipt_is_found_by_her_and_by_the_app_and_by_nobody_else() {
    let mut office = Office::new().await;
    let no = office.issue(Kind::Declined).await;
    let yes = office.issue(Kind::Given).await;
    let (db, world) = (&office.db, &office.world);
    let (person, app) = (&world.person, &world.app.id);
    assert_eq!(find_of_person(db, person, &yes.id).await.unwrap(), yes);
    assert_eq!(find_of_app(db, app, &yes.id).await.unwrap(), yes);
    assert_eq!(find_of_person(db, person, &no.id).await.unwrap(), no);
    let (other_person, other_app) = (PersonId::from_parts(0, 9), AppId::from_parts(0, 9));
    for missing in [
        find_of_app(db, app, &no.id).await,
        find_of_person(db, &other_person, &yes.id).await,
        find_of_app(db, &other_app, &yes.id).await,
        find_of_person(db, person, &ReceiptId::new(&world.ambient)).await,
    ] {
        assert!(matches!(missing, Err(ReceiptError::NotFound(_))), "{missing:?}");
    }
}

#[tokio::test]
async fn receipts_are_listed_newest_first_page_by_page() {
    let mut office = Office::new().await;
    let mut issued = vec![office.issue(Kind::Declined).await];
    for kind in [Kind::Given, Kind::Stopped, Kind::Resumed] {
        issued.push(office.issue(kind).await);
    }
    issued.reverse();
    let (db, world) = (&office.db, &office.world);
    let (person, app, grant) = (&world.person, &world.app.id, &world.grant.id);
    let first = list_of_person(db, person, &Cursor::new(None, Some(3))).await.unwrap();
    assert_eq!((&first.items[..], first.next.as_deref()), (&issued[..3], Some(issued[2].id.as_str())));
    let second = list_of_person(db, person, &Cursor::new(first.next, Some(3))).await.unwrap();
    assert_eq!((&second.items[..], second.next), (&issued[3..], None));
    let all = Cursor::default();
    assert_eq!(list_of_grant(db, person, grant, &all).await.unwrap().items, issued[..3]);
    assert_eq!(list_of_grant_for_app(db, app, grant, &all).await.unwrap().items, issued[..3]);
    let (other_person, other_app) = (PersonId::from_parts(0, 9), AppId::from_parts(0, 9));
    assert_eq!(list_of_grant(db, &other_person, grant, &all).await.unwrap().items, []);
    assert_eq!(list_of_grant_for_app(db, &other_app, grant, &all).await.unwrap().items, []);
    for nonsense in ["x".to_owned(), ReceiptId::new(&world.ambient).to_string()] {
        let refused = list_of_person(db, person, &Cursor::new(Some(nonsense), None)).await;
        assert!(matches!(refused, Err(ReceiptError::Cursor)));
    }
}

#[tokio::test]
async fn every_receipt_of_a_grant_tells_what_holds_now() {
    let mut office = Office::new().await;
    let no = office.issue(Kind::Declined).await;
    let yes = office.issue(Kind::Given).await;
    assert_eq!(office.status(&yes).await, (State::Active, yes.event_at));
    let stop = office.issue(Kind::Stopped).await;
    assert_eq!(office.status(&yes).await, (State::Stopped, stop.event_at));
    assert_eq!(office.status(&stop).await, (State::Stopped, stop.event_at));
    assert_eq!(office.status(&no).await, (State::Refused, no.event_at));
    let unknown = status(&office.db, &ReceiptId::new(&office.world.ambient), office.world.now()).await;
    assert!(matches!(unknown, Err(ReceiptError::NotFound(_))));
}

#[tokio::test]
async fn a_consent_past_its_date_is_expired_before_anybody_notes_it() {
    let mut office = Office::new().await;
    let yes = office.issue(Kind::Given).await;
    let end = yes.ends_at.expect("the contract lasts a year");
    office.world.clock.advance(TimeDelta::days(366));
    assert_eq!(office.status(&yes).await, (State::Expired, end));
    let noted = office.issue(Kind::Expired).await;
    assert_eq!(office.status(&yes).await, (State::Expired, noted.event_at));
}

#[tokio::test]
async fn an_event_has_one_receipt_and_a_receipt_is_never_changed() {
    let mut office = Office::new().await;
    let ambient = office.world.ambient.clone();
    let facts = office.world.hers(Change::Given);
    let tx = office.db.begin_write().await.unwrap();
    issue(&tx, &facts, &platform_key(), &ambient).await.unwrap();
    assert!(matches!(issue(&tx, &facts, &platform_key(), &ambient).await, Err(ReceiptError::Issued)));
    drop(tx);
    office.issue(Kind::Given).await;
    let update = office.db.execute_unprepared("UPDATE receipt SET state = 'active'").await.unwrap_err();
    assert!(format!("{update:?}").contains("receipts are never changed"), "{update:?}");
}

#[tokio::test]
async fn what_was_rolled_back_was_not_issued() {
    let mut office = Office::new().await;
    let ambient = office.world.ambient.clone();
    let by = Actor::Person(office.world.person.clone());
    let tx = office.db.begin_write().await.unwrap();
    let facts = office.world.facts(Change::Given, by);
    let lost = issue(&tx, &facts, &platform_key(), &ambient).await.unwrap();
    drop(tx);
    assert!(find_of_person(&office.db, &lost.person, &lost.id).await.is_err());
}
