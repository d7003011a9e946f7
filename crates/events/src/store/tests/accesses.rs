use chrono::TimeDelta;
use consent_core::{AppId, Cursor, PersonId, RowId};

use crate::{
    AccessCount, Act, ChainId, NewAccess, count_accesses, head, list, list_accesses, list_accesses_of_grant,
    store::write_accesses, testing::World, verify_stored,
};

impl World {
    pub(super) async fn fetch(&self, new: NewAccess) {
        let (tx, file) = (self.db.begin_write().await.unwrap(), self.ambient.new_id::<RowId>().to_string());
        write_accesses(&tx, file, vec![(new, self.ambient.now())], &[]).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_was_fetched_is_listed_newest_first_and_by_grant() {
    let world = World::new().await;
    let fetched: Vec<_> = (0..5).map(|_| world.access(&world.ada)).collect();
    for new in &fetched {
        world.fetch(new.clone()).await;
    }
    let first = list_accesses(&world.db, &world.ada, &Cursor::new(None, Some(2))).await.unwrap();
    assert_eq!(first.items.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [5, 4]);
    assert_eq!(first.items[0].act, Act::Accessed(fetched[4].access.clone()));
    let rest = list_accesses(&world.db, &world.ada, &Cursor::new(first.next, None)).await.unwrap();
    assert_eq!(rest.items.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2, 1]);
    let grant = &fetched[1].access.grant;
    let of_grant = list_accesses_of_grant(&world.db, &world.ada, grant, &Cursor::default()).await.unwrap();
    assert_eq!(of_grant.items.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2]);
    let chain = ChainId::Access(world.ada.clone());
    let oldest_first = list(&world.db, &chain, &Cursor::default()).await.unwrap();
    assert_eq!(oldest_first.items.len(), 5);
    assert_eq!(head(&world.db, &chain).await.unwrap().unwrap().seq, 5);
    assert_eq!(head(&world.db, &world.ada).await.unwrap(), None, "her own chain is another");
}

#[tokio::test]
async fn accesses_bear_the_time_at_which_they_happened() {
    let world = World::new().await;
    let noon = world.ambient.now();
    world.fetch(world.access(&world.ada)).await;
    world.fetch(world.access(&world.ada)).await;
    let entries = list_accesses(&world.db, &world.ada, &Cursor::default()).await.unwrap().items;
    assert!(entries.iter().all(|entry| entry.created_at == noon));
    verify_stored(&world.db, ChainId::Access(world.ada.clone()), None).await.unwrap();
}

#[tokio::test]
async fn accesses_are_counted_by_app_and_day() {
    let world = World::new().await;
    let other: AppId = world.ambient.new_id();
    let first = world.ambient.now().date_naive();
    for (fetches, by_other) in [(3, 0), (1, 2)] {
        for n in 0..fetches + by_other {
            let app = if n < fetches { world.app.clone() } else { other.clone() };
            world.fetch(NewAccess { app, ..world.access(&world.ada) }).await;
        }
        world.clock.advance(TimeDelta::days(1));
    }
    world.fetch(world.access(&world.ambient.new_id::<PersonId>())).await;
    let second = first.succ_opt().unwrap();
    let count = |day, app: &AppId, files| AccessCount { day, app: app.clone(), files };
    let all = count_accesses(&world.db, &world.ada, first, second).await.unwrap();
    assert_eq!(all, [count(second, &world.app, 1), count(second, &other, 2), count(first, &world.app, 3)]);
    let only_first = count_accesses(&world.db, &world.ada, first, first).await.unwrap();
    assert_eq!(only_first, [count(first, &world.app, 3)]);
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_an_access() {
    let world = World::new().await;
    world.fetch(world.access(&world.ada)).await;
    assert!(world.refusal_of("UPDATE access_entry SET day = ''").await.contains("never changed"));
    assert!(world.refusal_of("DELETE FROM access_entry").await.contains("never deleted"));
    let replace = "INSERT OR REPLACE INTO access_entry SELECT * FROM access_entry";
    assert!(world.refusal_of(replace).await.contains("never replaced"));
}
