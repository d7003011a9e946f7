//! A database that was written before there were other chains than those of persons.

use consent_store::{Database, Pool};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use sea_orm_migration::SchemaManager;

use crate::{EventId, head, row::consent_stream, testing::World, verify_stored};

/// The example of the README, as the first migration's columns hold it.
const BODY: &str = concat!(
    r#"{"act":{"app":"app00000000000000000000000002","contract":"con00000000000000000000000003","#,
    r#""grant":"gra00000000000000000000000001","#,
    r#""textHash":"abababababababababababababababababababababababababababababababab","#,
    r#""type":"granted","version":4},"#,
    r#""actor":{"id":"per00000000000000000000000005","kind":"person"},"#,
    r#""at":"2026-06-01T11:00:00.120Z","person":"per00000000000000000000000005","#,
    r#""previous":null,"seq":1,"v":1}"#,
);

async fn upgraded() -> World {
    let db = Database::connect("sqlite::memory:", &Pool::default()).await.unwrap();
    let mut migrations = crate::migrations().into_iter();
    migrations.next().unwrap().up(&SchemaManager::new(db.connection())).await.unwrap();
    let (id, at) = (EventId::of(BODY), "2026-06-01T11:00:00.120+00:00");
    let rows = format!(
        "INSERT INTO event VALUES ('per00000000000000000000000005', 1, '{id}', NULL, 'granted',
            'gra00000000000000000000000001', 'con00000000000000000000000003', '{BODY}', '{at}');
         INSERT INTO event_chain VALUES ('per00000000000000000000000005', 1, '{id}', '{at}')"
    );
    db.execute_unprepared(&rows).await.unwrap();
    for migration in migrations {
        if migration.name() == "m20261212_000100_stream_event" {
            let stands = "INSERT INTO consent_stream VALUES (x'01', x'', x'', x'', x'', x'', x'',
                'per00000000000000000000000005', 1, '2026-06-01T11:00:00.120+00:00', NULL, 1, 0, 0, 0)";
            db.execute_unprepared(stands).await.unwrap();
        }
        migration.up(&SchemaManager::new(db.connection())).await.unwrap();
    }
    let ada = "per00000000000000000000000005".parse().unwrap();
    World { ada, ..World::in_database(db) }
}

#[tokio::test]
async fn a_chain_that_was_there_before_goes_on() {
    let world = upgraded().await;
    assert_eq!(head(&world.db, &world.ada).await.unwrap().unwrap().id, EventId::of(BODY));
    let next = world.append(world.stopped()).await;
    assert_eq!((next.seq, next.previous), (2, Some(EventId::of(BODY))));
    assert_eq!(verify_stored(&world.db, &world.ada, None).await.unwrap().head.unwrap().seq, 2);
}

#[tokio::test]
async fn a_question_that_was_answered_before_knows_which_event_did() {
    let stream = consent_stream::Entity::find().one(&upgraded().await.db).await.unwrap().unwrap();
    assert_eq!(stream.event_id, EventId::of(BODY).as_str());
}

#[tokio::test]
async fn what_kept_it_from_being_changed_still_does() {
    let world = upgraded().await;
    assert!(world.refusal_of("UPDATE event SET body = ''").await.contains("never changed"));
    assert!(world.refusal_of("DELETE FROM event").await.contains("never deleted"));
    let replace = "INSERT OR REPLACE INTO event SELECT * FROM event";
    assert!(world.refusal_of(replace).await.contains("never replaced"));
}

#[tokio::test]
async fn a_chain_that_was_there_before_waits_for_its_first_checkpoint() {
    let world = upgraded().await;
    let daily = crate::CheckpointInterval { events: 100, time: chrono::TimeDelta::minutes(30) };
    let signer = crate::testing::signer();
    assert_eq!(crate::checkpoint_due(&world.db, &signer, daily, 9, &world.ambient).await.unwrap(), 1);
}
