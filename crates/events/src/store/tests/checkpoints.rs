use chrono::TimeDelta;
use consent_core::{Cursor, PersonId};

use crate::{
    Checkpoint, CheckpointInterval, checkpoint_due, head, latest_checkpoint, list_checkpoints,
    testing::{World, signer},
};

const INTERVAL: CheckpointInterval = CheckpointInterval { events: 3, time: TimeDelta::hours(24) };

impl World {
    async fn sign_due(&self) -> u64 {
        checkpoint_due(&self.db, &signer(), INTERVAL, 100, &self.ambient).await.unwrap()
    }
}

#[tokio::test]
async fn a_chain_gets_a_checkpoint_when_it_has_grown_or_waited_enough() {
    let world = World::new().await;
    assert_eq!(world.sign_due().await, 0);
    world.append_some(2).await;
    assert_eq!(world.sign_due().await, 0, "neither grown nor waited");
    world.append_some(1).await;
    assert_eq!(world.sign_due().await, 1, "three events");
    assert_eq!(world.sign_due().await, 0, "nothing new");
    world.append_some(1).await;
    world.clock.advance(TimeDelta::hours(23));
    assert_eq!(world.sign_due().await, 0);
    world.clock.advance(TimeDelta::minutes(61));
    assert_eq!(world.sign_due().await, 1, "a day");
    let all = list_checkpoints(&world.db, &world.ada, &Cursor::default()).await.unwrap().items;
    assert_eq!(all.iter().map(|signed| signed.checkpoint.seq).collect::<Vec<_>>(), [3, 4]);
    let latest = latest_checkpoint(&world.db, &world.ada).await.unwrap().unwrap();
    assert_eq!(Some(latest.checkpoint.head()), head(&world.db, &world.ada).await.unwrap());
    let verified = Checkpoint::verify(&latest.jws, &[signer().key.key.public()]).unwrap();
    assert_eq!((&verified, latest.checkpoint.at), (&latest.checkpoint, world.ambient.now()));
}

#[tokio::test]
async fn chains_are_signed_page_by_page_and_once_each() {
    let world = World::new().await;
    for _ in 0..5 {
        let person: PersonId = world.ambient.new_id();
        let new = crate::NewEvent::new(&person, world.stopped(), &consent_core::Actor::Clock);
        world.append_one(new).await;
    }
    world.clock.advance(TimeDelta::days(2));
    let mut made = vec![];
    for _ in 0..4 {
        made.push(checkpoint_due(&world.db, &signer(), INTERVAL, 2, &world.ambient).await.unwrap());
    }
    assert_eq!(made, [2, 2, 1, 0]);
}

#[tokio::test]
async fn two_who_sign_the_same_head_keep_one_checkpoint() {
    let world = World::new().await;
    world.append_some(3).await;
    let (one, other) = tokio::join!(world.sign_due(), world.sign_due());
    assert!(one + other >= 1);
    let all = list_checkpoints(&world.db, &world.ada, &Cursor::default()).await.unwrap().items;
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_a_checkpoint() {
    let world = World::new().await;
    world.append_some(3).await;
    world.sign_due().await;
    assert!(world.refusal_of("UPDATE checkpoint SET jws = ''").await.contains("never changed"));
    assert!(world.refusal_of("DELETE FROM checkpoint").await.contains("never deleted"));
    let replace = "INSERT OR REPLACE INTO checkpoint SELECT * FROM checkpoint";
    assert!(world.refusal_of(replace).await.contains("never replaced"));
}
