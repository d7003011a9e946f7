use consent_core::{Cursor, PersonId};
use sea_orm::ConnectionTrait as _;

use super::*;
use crate::{ChainId, list_accesses, testing::World, verify_stored};

/// A world with its database in a file, and a folder for ledgers.
struct Place {
    dir: tempfile::TempDir,
    world: World,
}

impl Place {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let world = World::at(&format!("sqlite://{}", dir.path().join("events.db").display())).await;
        Self { dir, world }
    }

    fn folder(&self) -> std::path::PathBuf {
        self.dir.path().join("accesses")
    }

    fn ledger(&self) -> Ledger {
        self.try_ledger().unwrap()
    }

    fn try_ledger(&self) -> io::Result<Ledger> {
        Ledger::open(self.world.db.clone(), &self.folder(), self.world.ambient.clone())
    }

    /// A spool of a process that never writes to the database.
    fn spool(&self, accesses: usize) -> Spool {
        let mut spool = Spool::open(&self.folder()).unwrap();
        for _ in 0..accesses {
            let entry = Entry { at: self.world.ambient.now(), new: self.world.access(&self.world.ada) };
            spool.append(entry, &self.world.ambient).unwrap();
        }
        spool
    }

    fn files(&self) -> Vec<std::path::PathBuf> {
        std::fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    async fn assert_whole(&self, persons: &[PersonId], entries: i64) {
        for person in persons {
            let chain = ChainId::Access(person.clone());
            let summary = verify_stored(&self.world.db, chain, None).await.unwrap();
            assert_eq!(summary.head.map_or(0, |head| head.seq), entries);
        }
    }

    async fn entries(&self) -> usize {
        let cursor = Cursor::new(None, Some(100));
        list_accesses(&self.world.db, &self.world.ada, &cursor).await.unwrap().items.len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_ledgers_keep_the_chains_whole_and_leave_no_file() {
    let place = Place::new().await;
    let persons: Vec<PersonId> = (0..3).map(|_| place.world.ambient.new_id()).collect();
    let ledgers = [place.ledger(), place.ledger()];
    for n in 0..2400 {
        ledgers[n % 2].record(place.world.access(&persons[n % 3])).unwrap();
    }
    for ledger in &ledgers {
        ledger.settle().await;
    }
    place.assert_whole(&persons, 800).await;
    assert!(place.files().is_empty());
}

#[tokio::test]
async fn what_the_database_does_not_take_waits_and_leaves_no_gap() {
    let place = Place::new().await;
    let ledger = place.ledger();
    let fail = "CREATE TRIGGER fails BEFORE INSERT ON access_entry WHEN NEW.seq = 7
        BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    place.world.db.execute_unprepared(fail).await.unwrap();
    for _ in 0..10 {
        ledger.record(place.world.access(&place.world.ada)).unwrap();
    }
    ledger.settle().await;
    assert_eq!((place.entries().await, place.files().len()), (0, 1));
    place.world.db.execute_unprepared("DROP TRIGGER fails").await.unwrap();
    ledger.record(place.world.access(&place.world.ada)).unwrap();
    ledger.settle().await;
    place.assert_whole(std::slice::from_ref(&place.world.ada), 11).await;
}

#[tokio::test]
async fn what_a_killed_process_left_is_written_by_the_next() {
    let place = Place::new().await;
    drop(place.spool(5));
    let ledger = place.ledger();
    ledger.settle().await;
    assert_eq!((place.entries().await, place.files().len()), (5, 0));
}

#[tokio::test]
async fn what_was_written_is_not_written_again_although_its_file_is_still_there() {
    let place = Place::new().await;
    drop(place.spool(5));
    let (left, text) = (place.files().remove(0), std::fs::read(&place.files()[0]).unwrap());
    let ledger = place.ledger();
    ledger.settle().await;
    std::fs::write(&left, text).unwrap();
    let next = place.ledger();
    next.settle().await;
    assert_eq!((place.entries().await, place.files().len()), (5, 0));
}

#[tokio::test]
async fn what_belongs_to_a_living_process_is_left_alone() {
    let place = Place::new().await;
    let other = place.spool(3);
    place.ledger().settle().await;
    assert_eq!((place.entries().await, place.files().len()), (0, 1));
    drop(other);
    place.ledger().settle().await;
    assert_eq!((place.entries().await, place.files().len()), (3, 0));
}

#[tokio::test]
async fn half_a_last_line_was_recorded_to_nobody_and_any_other_is_named() {
    let place = Place::new().await;
    drop(place.spool(2));
    let file = place.files().remove(0);
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 10]).unwrap();
    place.ledger().settle().await;
    assert_eq!(place.entries().await, 1);

    std::fs::write(&file, whole.replacen('{', "[", 1)).unwrap();
    let refused = place.try_ledger().unwrap_err();
    assert!(refused.to_string().starts_with("line 1 of "), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).unwrap().len(), whole.len(), "nothing of it is lost");
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_recorded() {
    let place = Place::new().await;
    let ledger = place.ledger();
    std::fs::remove_dir_all(place.folder()).unwrap();
    let refused = ledger.record(place.world.access(&place.world.ada)).unwrap_err();
    assert!(matches!(refused, EventsError::Unrecorded(_)), "{refused:?}");
    std::fs::create_dir(place.folder()).unwrap();
    ledger.record(place.world.access(&place.world.ada)).unwrap();
    ledger.settle().await;
    assert_eq!(place.entries().await, 1);
}
