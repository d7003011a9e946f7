use consent_core::{Actor, PersonId};

use crate::{
    Broken, EventsError, Flaw, NewEvent, Payload, PayloadState, erase_payload, erase_payloads_of_person,
    read_payload, testing::World, verify_chain, verify_stored,
};

fn reason() -> Payload {
    Payload::because("she asked by telephone, identity checked by post")
}

impl World {
    async fn revoked_because(&self) -> crate::Event {
        let new = NewEvent::new(&self.ada, self.stopped(), &Actor::Operator).with_payload(reason());
        self.append_one(new).await.event
    }
}

#[tokio::test]
async fn a_payload_is_read_and_can_be_erased_and_the_chain_stays_whole() {
    let world = World::new().await;
    let plain = world.append(world.stopped()).await;
    let event = world.revoked_because().await;
    assert!(!event.body().contains("telephone"));
    assert_eq!(read_payload(&world.db, &plain).await.unwrap(), PayloadState::Never);
    assert_eq!(read_payload(&world.db, &event).await.unwrap(), PayloadState::Kept(reason()));

    let tx = world.db.begin_write().await.unwrap();
    assert!(erase_payload(&tx, &event.id).await.unwrap());
    assert!(!erase_payload(&tx, &event.id).await.unwrap(), "it is gone already");
    assert!(!erase_payload(&tx, &plain.id).await.unwrap(), "it never had one");
    tx.commit().await.unwrap();

    assert_eq!(read_payload(&world.db, &event).await.unwrap(), PayloadState::Erased);
    assert_eq!(verify_chain(&world.all().await).unwrap().unwrap().seq, 2);
    let summary = verify_stored(&world.db, &world.ada, None).await.unwrap();
    assert_eq!((summary.payloads, summary.erased), (0, 1));
}

#[tokio::test]
async fn all_payloads_of_a_person_are_erased_and_nobody_elses() {
    let world = World::new().await;
    world.revoked_because().await;
    world.revoked_because().await;
    let bob: PersonId = world.ambient.new_id();
    let new = NewEvent::new(&bob, world.stopped(), &Actor::Operator).with_payload(reason());
    let of_bob = world.append_one(new).await.event;
    let tx = world.db.begin_write().await.unwrap();
    assert_eq!(erase_payloads_of_person(&tx, &world.ada).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(verify_stored(&world.db, &world.ada, None).await.unwrap().erased, 2);
    assert_eq!(read_payload(&world.db, &of_bob).await.unwrap(), PayloadState::Kept(reason()));
}

#[tokio::test]
async fn the_database_refuses_to_change_a_payload() {
    let world = World::new().await;
    world.revoked_because().await;
    let update = "UPDATE event_payload SET payload = '{}'";
    assert!(world.refusal_of(update).await.contains("never changed"));
    let replace = "INSERT OR REPLACE INTO event_payload SELECT chain, seq, salt, '{}' FROM event_payload";
    assert!(world.refusal_of(replace).await.contains("never replaced"));
}

#[tokio::test]
async fn a_payload_that_was_changed_all_the_same_is_found_out() {
    let world = World::new().await;
    world.append(world.stopped()).await;
    let event = world.revoked_because().await;
    world.tamper("UPDATE event_payload SET payload = replace(payload, 'telephone', 'letter')").await;
    let broken = Broken { seq: 2, what: Flaw::Payload };
    for error in [
        read_payload(&world.db, &event).await.unwrap_err(),
        verify_stored(&world.db, &world.ada, None).await.unwrap_err(),
    ] {
        assert!(matches!(error, EventsError::Broken(found) if found == broken));
    }
}

#[tokio::test]
async fn a_payload_that_no_event_is_committed_to_is_found_out() {
    let world = World::new().await;
    world.append(world.stopped()).await;
    let new = "INSERT INTO event_payload SELECT chain, seq, x'00', '{}' FROM event";
    world.tamper(&new.replace("x'00'", &format!("x'{}'", "00".repeat(32)))).await;
    let error = verify_stored(&world.db, &world.ada, None).await.unwrap_err();
    assert!(matches!(error, EventsError::Broken(Broken { seq: 1, what: Flaw::Payload })));
}
