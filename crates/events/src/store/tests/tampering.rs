//! What somebody who owns the database does is found out, and named.

use crate::{
    Broken, ChainId, EventsError, Flaw, Head, checkpoint_due, head,
    testing::{World, signer},
    verify_stored,
};

impl World {
    async fn flaw(&self, chain: impl Into<ChainId>, kept: Option<&Head>) -> Option<(i64, Flaw)> {
        match verify_stored(&self.db, chain, kept).await {
            Ok(_) => None,
            Err(EventsError::Broken(Broken { seq, what })) => Some((seq, what)),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Each with the first bad place that has to be named.
const DEEDS: [(&str, &str, (i64, Flaw)); 5] = [
    ("edit", "UPDATE TABLE SET body = replace(body, '\"v\":1', '\"v\": 1') WHERE seq = 2", (2, Flaw::Edited)),
    ("delete", "DELETE FROM TABLE WHERE seq = 2", (2, Flaw::Missing)),
    (
        "reorder",
        "UPDATE TABLE SET seq = -seq WHERE seq IN (2, 3); UPDATE TABLE SET seq = 5 + seq WHERE seq < 0",
        (2, Flaw::Reordered),
    ),
    ("truncate", "DELETE FROM TABLE WHERE seq > 2", (3, Flaw::Truncated)),
    ("empty", "DELETE FROM TABLE", (1, Flaw::Truncated)),
];

/// SQLite checks this when a row moves; its owner need not.
const UNCHECKED: &str = "PRAGMA ignore_check_constraints = ON;";

#[tokio::test]
async fn every_deed_in_a_persons_chain_is_named() {
    for (name, sql, expected) in DEEDS {
        let world = World::new().await;
        world.append_some(4).await;
        assert_eq!(world.flaw(&world.ada, None).await, None);
        world.tamper(&format!("{UNCHECKED} {}", sql.replace("TABLE", "event"))).await;
        assert_eq!(world.flaw(&world.ada, None).await, Some(expected), "{name}");
    }
}

#[tokio::test]
async fn every_deed_in_a_ledger_is_named() {
    for (name, sql, expected) in DEEDS {
        let world = World::new().await;
        for _ in 0..4 {
            world.fetch(world.access(&world.ada)).await;
        }
        let chain = ChainId::Access(world.ada.clone());
        assert_eq!(world.flaw(&chain, None).await, None);
        world.tamper(&format!("{UNCHECKED} {}", sql.replace("TABLE", "access_entry"))).await;
        assert_eq!(world.flaw(&chain, None).await, Some(expected), "{name}");
    }
}

#[tokio::test]
async fn whoever_cuts_the_head_as_well_is_found_out_by_a_checkpoint_or_a_kept_head() {
    let cut = "DELETE FROM event WHERE seq > 2; UPDATE event_chain SET seq = 2, \
        head = (SELECT id FROM event WHERE seq = 2), signed_seq = 2";
    let world = World::new().await;
    world.append_some(4).await;
    let kept = head(&world.db, &world.ada).await.unwrap().unwrap();
    world.tamper(cut).await;
    assert_eq!(world.flaw(&world.ada, None).await, None, "nothing that is left says so");
    assert_eq!(world.flaw(&world.ada, Some(&kept)).await, Some((3, Flaw::Truncated)));

    let world = World::new().await;
    world.append_some(4).await;
    let often = crate::CheckpointInterval { events: 1, time: chrono::TimeDelta::days(1) };
    assert_eq!(checkpoint_due(&world.db, &signer(), often, 9, &world.ambient).await.unwrap(), 1);
    assert_eq!(verify_stored(&world.db, &world.ada, None).await.unwrap().checkpoints, 1);
    world.tamper(cut).await;
    assert_eq!(world.flaw(&world.ada, None).await, Some((3, Flaw::Truncated)));
}

#[tokio::test]
async fn a_chain_that_was_made_anew_is_not_the_one_whose_head_was_kept() {
    let (world, other) = (World::new().await, World::new().await);
    world.append_some(3).await;
    let kept = head(&world.db, &world.ada).await.unwrap().unwrap();
    other.stopped();
    other.append_some(3).await;
    assert_eq!(other.flaw(&other.ada, Some(&kept)).await, Some((3, Flaw::Rewritten)));
}

#[tokio::test]
async fn what_is_no_event_is_named() {
    let world = World::new().await;
    world.append_some(1).await;
    let nothing = crate::EventId::of("{}");
    world.tamper(&format!("UPDATE event SET body = '{{}}', id = '{nothing}'")).await;
    assert_eq!(world.flaw(&world.ada, None).await, Some((1, Flaw::Unreadable)));
}
