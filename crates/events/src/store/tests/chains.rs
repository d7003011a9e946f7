use std::sync::Arc;

use chrono::TimeDelta;
use consent_core::{Actor, Cursor, PersonId};
use tokio::task::JoinSet;

use crate::{
    Act, Broken, EventsError, Flaw, append, head, list, list_of_grant, testing::World, verify_chain,
    verify_chain_against,
};

#[tokio::test]
async fn what_was_appended_is_listed_and_verifies() {
    let world = World::new().await;
    assert_eq!(head(&world.db, &world.ada).await.unwrap(), None);
    let appended = world.append_some(3).await;
    assert_eq!(appended.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(appended[2].previous.as_ref(), Some(&appended[1].id));
    let listed = world.all().await;
    assert_eq!(listed, appended);
    assert_eq!(verify_chain(&listed).unwrap(), head(&world.db, &world.ada).await.unwrap());
}

#[tokio::test]
async fn events_of_one_moment_are_a_millisecond_apart() {
    let world = World::new().await;
    let events = world.append_some(3).await;
    let start = world.ambient.now();
    let offsets: Vec<_> = events.iter().map(|event| (event.created_at - start).num_milliseconds()).collect();
    assert_eq!(offsets, [0, 1, 2]);
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(world.append(world.stopped()).await.created_at, world.ambient.now());
}

#[tokio::test]
async fn everybody_has_a_chain_of_her_own() {
    let world = World::new().await;
    world.append_some(2).await;
    let bob: PersonId = world.ambient.new_id();
    let tx = world.db.begin_write().await.unwrap();
    let event = append(&tx, &bob, world.stopped(), &Actor::Operator, &world.ambient).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((event.seq, &event.previous), (1, &None));
    assert_eq!(list(&world.db, &bob, &Cursor::default()).await.unwrap().items, [event]);
    assert_eq!(world.all().await.len(), 2);
}

#[tokio::test]
async fn a_chain_is_read_page_by_page() {
    let world = World::new().await;
    let events = world.append_some(3).await;
    let first = list(&world.db, &world.ada, &Cursor::new(None, Some(2))).await.unwrap();
    assert_eq!((&first.items[..], first.next.as_deref()), (&events[..2], Some("2")));
    let second = list(&world.db, &world.ada, &Cursor::new(first.next, Some(2))).await.unwrap();
    assert_eq!((&second.items[..], second.next), (&events[2..], None));
    let nonsense = Cursor::new(Some("gra".to_owned()), None);
    assert!(matches!(list(&world.db, &world.ada, &nonsense).await, Err(EventsError::Cursor)));
}

#[tokio::test]
async fn the_events_of_one_grant_are_found() {
    let world = World::new().await;
    let (grant, contract) = (world.ambient.new_id(), world.ambient.new_id());
    let stopped = world.append(Act::stopped(&grant, &contract)).await;
    world.append(world.stopped()).await;
    let resumed = world.append(Act::resumed(&grant, &contract)).await;
    let found = list_of_grant(&world.db, &world.ada, &grant, &Cursor::default()).await.unwrap();
    assert_eq!(found.items, [stopped, resumed]);
}

#[tokio::test]
async fn what_was_rolled_back_leaves_no_gap() {
    let world = World::new().await;
    let tx = world.db.begin_write().await.unwrap();
    append(&tx, &world.ada, world.stopped(), &Actor::Clock, &world.ambient).await.unwrap();
    drop(tx);
    assert_eq!(world.append(world.stopped()).await.seq, 1);
}

#[tokio::test]
async fn many_who_append_at_once_make_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::at(&format!("sqlite:{}/events.db", folder.path().display())).await);
    let mut appending = JoinSet::new();
    for _ in 0..20 {
        let world = world.clone();
        appending.spawn(async move { world.append(world.stopped()).await });
    }
    appending.join_all().await;
    assert_eq!(verify_chain(&world.all().await).unwrap().unwrap().seq, 20);
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_an_event() {
    let world = World::new().await;
    world.append_some(2).await;
    assert!(world.refusal_of("UPDATE event SET act_type = 'granted'").await.contains("never changed"));
    assert!(world.refusal_of("DELETE FROM event WHERE seq = 2").await.contains("never deleted"));
    let replace = "INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 2";
    assert!(world.refusal_of(replace).await.contains("never replaced"));
    assert_eq!(verify_chain(&world.all().await).unwrap().unwrap().seq, 2);
}

#[tokio::test]
async fn an_owner_of_the_database_who_edits_an_event_is_found_out() {
    let world = World::new().await;
    world.append_some(3).await;
    let edit = "UPDATE event SET body = replace(body, 'stopped', 'resumed') WHERE seq = 2";
    world.tamper(edit).await;
    let broken = verify_chain(&world.all().await).unwrap_err();
    assert_eq!(broken, Broken { seq: 2, what: Flaw::Edited });
}

#[tokio::test]
async fn an_owner_of_the_database_who_cuts_the_chain_is_found_out_by_a_kept_head() {
    let world = World::new().await;
    world.append_some(3).await;
    let kept = head(&world.db, &world.ada).await.unwrap().unwrap();
    world.tamper("DELETE FROM event WHERE seq > 1").await;
    let left = world.all().await;
    assert_eq!(verify_chain(&left).unwrap().unwrap().seq, 1);
    let broken = verify_chain_against(&left, &kept).unwrap_err();
    assert_eq!(broken, Broken { seq: 2, what: Flaw::Truncated });
}

#[tokio::test]
async fn a_body_that_makes_no_sense_is_named() {
    let world = World::new().await;
    let event = &world.append_some(1).await[0];
    world.tamper("UPDATE event SET body = '{}'").await;
    let error = list(&world.db, &world.ada, &Cursor::default()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("row {} of table event makes no sense", event.id));
}
