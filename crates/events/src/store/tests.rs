use std::sync::Arc;

use consent_core::testing::{TestClock, ambient};
use consent_store::{Database, Pool};
use sea_orm_migration::SchemaManager;
use tokio::task::JoinSet;

use super::*;
use crate::{Broken, Flaw, verify_chain, verify_chain_against};

struct Ledger {
    db: Database,
    clock: TestClock,
    ambient: Ambient,
    ada: PersonId,
}

impl Ledger {
    async fn new() -> Self {
        Self::at("sqlite::memory:").await
    }

    async fn at(url: &str) -> Self {
        let db = Database::connect(url, &Pool::default()).await.unwrap();
        for migration in crate::migrations() {
            migration.up(&SchemaManager::new(db.connection())).await.unwrap();
        }
        let clock = TestClock::new();
        let ambient = ambient(&clock, 1);
        let ada = ambient.new_id();
        Self { db, clock, ambient, ada }
    }

    fn stopped(&self) -> Act {
        Act::stopped(&self.ambient.new_id(), &self.ambient.new_id())
    }

    async fn append(&self, act: Act) -> Event {
        let by = Actor::Person(self.ada.clone());
        let tx = self.db.begin_write().await.unwrap();
        let event = append(&tx, &self.ada, act, &by, &self.ambient).await.unwrap();
        tx.commit().await.unwrap();
        event
    }

    async fn append_some(&self, count: usize) -> Vec<Event> {
        let mut events = vec![];
        for _ in 0..count {
            events.push(self.append(self.stopped()).await);
        }
        events
    }

    async fn all(&self) -> Vec<Event> {
        list(&self.db, &self.ada, &Cursor::new(None, Some(200))).await.unwrap().items
    }

    async fn refusal_of(&self, sql: &str) -> String {
        format!("{:?}", self.db.execute_unprepared(sql).await.unwrap_err())
    }

    /// What somebody who owns the database can do.
    async fn tamper(&self, sql: &str) {
        for trigger in ["changed", "deleted", "replaced"] {
            let drop = format!("DROP TRIGGER event_is_never_{trigger}");
            self.db.execute_unprepared(&drop).await.unwrap();
        }
        self.db.execute_unprepared(sql).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_appended_is_listed_and_verifies() {
    let ledger = Ledger::new().await;
    assert_eq!(head(&ledger.db, &ledger.ada).await.unwrap(), None);
    let appended = ledger.append_some(3).await;
    assert_eq!(appended.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(appended[2].previous.as_ref(), Some(&appended[1].id));
    let listed = ledger.all().await;
    assert_eq!(listed, appended);
    assert_eq!(verify_chain(&listed).unwrap(), head(&ledger.db, &ledger.ada).await.unwrap());
}

#[tokio::test]
async fn events_of_one_moment_are_a_millisecond_apart() {
    let ledger = Ledger::new().await;
    let events = ledger.append_some(3).await;
    let start = ledger.ambient.now();
    let offsets: Vec<_> = events.iter().map(|event| (event.created_at - start).num_milliseconds()).collect();
    assert_eq!(offsets, [0, 1, 2]);
    ledger.clock.advance(TimeDelta::seconds(1));
    assert_eq!(ledger.append(ledger.stopped()).await.created_at, ledger.ambient.now());
}

#[tokio::test]
async fn everybody_has_a_chain_of_her_own() {
    let ledger = Ledger::new().await;
    ledger.append_some(2).await;
    let bob: PersonId = ledger.ambient.new_id();
    let tx = ledger.db.begin_write().await.unwrap();
    let event = append(&tx, &bob, ledger.stopped(), &Actor::Operator, &ledger.ambient).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((event.seq, &event.previous), (1, &None));
    assert_eq!(list(&ledger.db, &bob, &Cursor::default()).await.unwrap().items, [event]);
    assert_eq!(ledger.all().await.len(), 2);
}

#[tokio::test]
async fn a_chain_is_read_page_by_page() {
    let ledger = Ledger::new().await;
    let events = ledger.append_some(3).await;
    let first = list(&ledger.db, &ledger.ada, &Cursor::new(None, Some(2))).await.unwrap();
    assert_eq!((&first.items[..], first.next.as_deref()), (&events[..2], Some("2")));
    let second = list(&ledger.db, &ledger.ada, &Cursor::new(first.next, Some(2))).await.unwrap();
    assert_eq!((&second.items[..], second.next), (&events[2..], None));
    let nonsense = Cursor::new(Some("gra".to_owned()), None);
    assert!(matches!(list(&ledger.db, &ledger.ada, &nonsense).await, Err(EventsError::Cursor)));
}

#[tokio::test]
async fn the_events_of_one_grant_are_found() {
    let ledger = Ledger::new().await;
    let (grant, contract) = (ledger.ambient.new_id(), ledger.ambient.new_id());
    let stopped = ledger.append(Act::stopped(&grant, &contract)).await;
    ledger.append(ledger.stopped()).await;
    let resumed = ledger.append(Act::resumed(&grant, &contract)).await;
    let found = list_of_grant(&ledger.db, &ledger.ada, &grant, &Cursor::default()).await.unwrap();
    assert_eq!(found.items, [stopped, resumed]);
}

#[tokio::test]
async fn what_was_rolled_back_leaves_no_gap() {
    let ledger = Ledger::new().await;
    let tx = ledger.db.begin_write().await.unwrap();
    append(&tx, &ledger.ada, ledger.stopped(), &Actor::Clock, &ledger.ambient).await.unwrap();
    drop(tx);
    assert_eq!(ledger.append(ledger.stopped()).await.seq, 1);
}

#[tokio::test]
async fn many_who_append_at_once_make_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::at(&format!("sqlite:{}/events.db", folder.path().display())).await);
    let mut appending = JoinSet::new();
    for _ in 0..20 {
        let ledger = ledger.clone();
        appending.spawn(async move { ledger.append(ledger.stopped()).await });
    }
    appending.join_all().await;
    assert_eq!(verify_chain(&ledger.all().await).unwrap().unwrap().seq, 20);
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_an_event() {
    let ledger = Ledger::new().await;
    ledger.append_some(2).await;
    assert!(ledger.refusal_of("UPDATE event SET act_type = 'granted'").await.contains("never changed"));
    assert!(ledger.refusal_of("DELETE FROM event WHERE seq = 2").await.contains("never deleted"));
    let replace = "INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 2";
    assert!(ledger.refusal_of(replace).await.contains("never replaced"));
    assert_eq!(verify_chain(&ledger.all().await).unwrap().unwrap().seq, 2);
}

#[tokio::test]
async fn an_owner_of_the_database_who_edits_an_event_is_found_out() {
    let ledger = Ledger::new().await;
    ledger.append_some(3).await;
    let edit = "UPDATE event SET body = replace(body, 'stopped', 'resumed') WHERE seq = 2";
    ledger.tamper(edit).await;
    let broken = verify_chain(&ledger.all().await).unwrap_err();
    assert_eq!(broken, Broken { seq: 2, what: Flaw::Edited });
}

#[tokio::test]
async fn an_owner_of_the_database_who_cuts_the_chain_is_found_out_by_a_kept_head() {
    let ledger = Ledger::new().await;
    ledger.append_some(3).await;
    let kept = head(&ledger.db, &ledger.ada).await.unwrap().unwrap();
    ledger.tamper("DELETE FROM event WHERE seq > 1").await;
    let left = ledger.all().await;
    assert_eq!(verify_chain(&left).unwrap().unwrap().seq, 1);
    let broken = verify_chain_against(&left, &kept).unwrap_err();
    assert_eq!(broken, Broken { seq: 2, what: Flaw::Truncated });
}

#[tokio::test]
async fn a_body_that_makes_no_sense_is_named() {
    let ledger = Ledger::new().await;
    let event = &ledger.append_some(1).await[0];
    ledger.tamper("UPDATE event SET body = '{}'").await;
    let error = list(&ledger.db, &ledger.ada, &Cursor::default()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("row {} of table event makes no sense", event.id));
}
