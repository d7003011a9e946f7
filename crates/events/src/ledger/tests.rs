use std::sync::Arc;

use consent_core::{Cursor, PersonId};
use sea_orm::ConnectionTrait as _;
use tokio::task::JoinSet;

use super::*;
use crate::{ChainId, list_accesses, testing::World, verify_stored};

async fn record_all(ledgers: &[Ledger], new: Vec<NewAccess>) -> Vec<Result<(), EventsError>> {
    let mut recording = JoinSet::new();
    for (n, new) in new.into_iter().enumerate() {
        let ledger = ledgers[n % ledgers.len()].clone();
        recording.spawn(async move { ledger.record(new).await });
    }
    recording.join_all().await
}

fn accesses(world: &World, persons: &[PersonId], count: usize) -> Vec<NewAccess> {
    (0..count).map(|n| world.access(&persons[n % persons.len()])).collect()
}

async fn assert_whole(world: &World, persons: &[PersonId], entries: i64) {
    for person in persons {
        let summary = verify_stored(&world.db, ChainId::Access(person.clone()), None).await.unwrap();
        assert_eq!(summary.head.map_or(0, |head| head.seq), entries);
    }
}

async fn in_file(dir: &tempfile::TempDir) -> World {
    World::at(&format!("sqlite://{}", dir.path().join("events.db").display())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_make_whole_chains() {
    let dir = tempfile::tempdir().unwrap();
    let world = in_file(&dir).await;
    let persons: Vec<PersonId> = (0..10).map(|_| world.ambient.new_id()).collect();
    let ledger = Ledger::start(world.db.clone(), world.ambient.clone());
    let told = record_all(&[ledger], accesses(&world, &persons, 200)).await;
    assert!(told.iter().all(Result::is_ok));
    assert_whole(&world, &persons, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_ledgers_on_one_database_keep_the_chains_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (world, other) = (in_file(&dir).await, dir.path().join("events.db"));
    let url = format!("sqlite://{}", other.display());
    let replica = Database::connect(&url, &consent_store::Pool::default()).await.unwrap();
    let ledgers = [&world.db, &replica].map(|db| Ledger::start(db.clone(), world.ambient.clone()));
    let persons: Vec<PersonId> = (0..3).map(|_| world.ambient.new_id()).collect();
    let told = record_all(&ledgers, accesses(&world, &persons, 240)).await;
    assert!(told.iter().all(Result::is_ok));
    assert_whole(&world, &persons, 80).await;
}

#[tokio::test]
async fn those_who_wait_share_a_transaction_and_its_failure_which_leaves_no_gap() {
    let world = World::new().await;
    let ledger = Ledger::start(world.db.clone(), world.ambient.clone());
    let persons = [world.ada.clone(), world.ambient.new_id()];
    record_all(std::slice::from_ref(&ledger), accesses(&world, &persons, 10)).await;
    let fail = "CREATE TRIGGER fails BEFORE INSERT ON access_entry WHEN NEW.seq = 17
        BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    world.db.execute_unprepared(fail).await.unwrap();
    let told = record_all(std::slice::from_ref(&ledger), accesses(&world, &persons, 40)).await;
    assert_eq!(told.len(), 40);
    for one in told {
        let error = one.unwrap_err();
        assert!(format!("{error:?}").contains("the disk is full"), "{error:?}");
    }
    assert_whole(&world, &persons, 5).await;
    world.db.execute_unprepared("DROP TRIGGER fails").await.unwrap();
    record_all(&[ledger], accesses(&world, &persons, 2)).await;
    assert_whole(&world, &persons, 6).await;
}

#[tokio::test]
async fn whoever_goes_away_is_recorded_all_the_same() {
    let world = World::new().await;
    let ledger = Arc::new(Ledger::start(world.db.clone(), world.ambient.clone()));
    let tx = world.db.begin_write().await.unwrap();
    let gone = tokio::spawn({
        let (ledger, new) = (ledger.clone(), world.access(&world.ada));
        async move { ledger.record(new).await }
    });
    tokio::task::yield_now().await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    tx.commit().await.unwrap();
    ledger.record(world.access(&world.ada)).await.unwrap();
    let entries = list_accesses(&world.db, &world.ada, &Cursor::default()).await.unwrap();
    assert_eq!(entries.items.len(), 2);
}
