use consent_core::{Cursor, Page};
use sea_orm::EntityTrait as _;

use crate::{
    Act, Consent, ConsentEvent, EventsError, Filter, NewConsentEvent, Overall, Statistics, erase_payload,
    erase_payloads_of_person, erase_subject, find, list_current, record, row, search, statistics,
    testing::World, verify_stored,
};

fn said(subject: &str, scope: &str, action: Option<bool>) -> Consent {
    Consent { scope: scope.to_owned(), ..Consent::new(subject, "https://foo.com/policy", action) }
}

impl World {
    async fn erase_one(&self, event: &ConsentEvent) {
        let tx = self.db.begin_write().await.unwrap();
        assert!(erase_payload(&tx, &event.id).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn erase_subject(&self, subject: &str) -> u64 {
        let tx = self.db.begin_write().await.unwrap();
        let erased = erase_subject(&tx, &self.app, subject).await.unwrap();
        tx.commit().await.unwrap();
        erased
    }

    async fn count(&self) -> Statistics {
        statistics(&self.db, &self.app, None).await.unwrap()
    }

    async fn of(&self, subject: &str) -> Page<ConsentEvent> {
        let filter = Filter { subject: subject.to_owned(), ..Filter::default() };
        search(&self.db, &self.app, &filter, &Cursor::default()).await.unwrap()
    }
}

#[tokio::test]
async fn a_subject_that_was_erased_is_nowhere_and_its_chain_stays_whole() {
    let world = World::new().await;
    world.record(vec![said("eve", "default", Some(true))]).await;
    let before = world.count().await;
    let erased = world.record(vec![said("bob", "a", Some(true)), said("bob", "a", Some(false))]).await;
    assert_eq!(world.erase_subject("bob").await, 2);
    assert_eq!(world.erase_subject("bob").await, 0);
    assert!(world.of("bob").await.items.is_empty());
    assert_eq!(world.of("eve").await.items.len(), 1);
    assert!(matches!(find(&world.db, &world.app, &erased[0].id).await, Err(EventsError::NotFound)));
    assert_eq!(world.count().await, before, "a target that nobody else has is not named any more");
    let summary = verify_stored(&world.db, &erased[0].chain, None).await.unwrap();
    assert_eq!((summary.head.unwrap().seq, summary.payloads, summary.erased), (2, 0, 2));
}

#[tokio::test]
async fn whoever_comes_back_after_erasure_begins_a_new_chain() {
    let world = World::new().await;
    let before = &world.record(vec![said("bob", "a", None)]).await[0];
    world.erase_subject("bob").await;
    assert_eq!(row::consent_subject::Entity::find().all(&world.db).await.unwrap(), []);
    let after = &world.record(vec![said("bob", "a", None)]).await[0];
    assert_ne!(after.chain, before.chain);
    assert_eq!(after.seq, 1);
}

#[tokio::test]
async fn erasing_one_event_puts_its_question_where_the_others_leave_it() {
    let world = World::new().await;
    let actions = [Some(true), Some(false), Some(true)];
    let events = world.record(actions.map(|action| said("bob", "a", action)).to_vec()).await;
    assert_eq!(world.count().await.overall.user_changes, 2);
    world.erase_one(&events[1]).await;
    let overall = Overall { count: 2, yes: 2, no: 0, no_action: 0, user_changes: 0 };
    assert_eq!(world.count().await.overall, overall);
    world.erase_one(&events[2]).await;
    let filter = Filter { subject: "bob".to_owned(), ..Filter::default() };
    let current = list_current(&world.db, &world.app, &filter).await.unwrap();
    assert_eq!(current, events[..1]);
    assert_eq!(verify_stored(&world.db, &events[0].chain, None).await.unwrap().erased, 2);
}

#[tokio::test]
async fn what_apps_said_of_a_person_goes_with_her_payloads() {
    let world = World::new().await;
    let hers = NewConsentEvent { person: Some(world.ada.clone()), ..said("ada", "a", Some(true)).into() };
    let event = world.try_record(vec![hers]).await.unwrap().remove(0);
    world.record(vec![said("ada", "a", Some(false))]).await;
    let tx = world.db.begin_write().await.unwrap();
    assert_eq!(erase_payloads_of_person(&tx, &world.ada).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert!(matches!(find(&world.db, &world.app, &event.id).await, Err(EventsError::NotFound)));
    assert_eq!(world.of("ada").await.items.len(), 1, "what was said of a subject of that name is another's");
    let overall = Overall { count: 1, yes: 0, no: 1, no_action: 0, user_changes: 0 };
    assert_eq!(world.count().await.overall, overall);
    assert_eq!(verify_stored(&world.db, &world.ada, None).await.unwrap().erased, 1);
}

/// The sums that are kept are those that one would count.
#[tokio::test]
async fn sums_are_what_one_would_count_whatever_is_recorded_and_erased() {
    let world = World::new().await;
    let mut kept = vec![];
    for n in 0..60_usize {
        let action = [Some(true), Some(false), None][n * n % 3];
        let consent = said(["ada", "bob"][n % 2], ["a", "b", "c"][n * 7 % 3], action);
        kept.extend(world.record(vec![consent]).await);
        if n % 4 == 3 {
            let erased = kept.remove(n * 5 % kept.len());
            world.erase_one(&erased).await;
        }
    }
    let count = |action| i64::try_from(kept.iter().filter(|event| event.consent.action == action).count());
    let (yes, no) = (count(Some(true)).unwrap(), count(Some(false)).unwrap());
    let overall = world.count().await.overall;
    assert_eq!((overall.yes, overall.no, overall.no_action), (yes, no, count(None).unwrap()));
    assert_eq!(overall.user_changes, changes(&kept));
}

fn changes(events: &[ConsentEvent]) -> i64 {
    let mut last = std::collections::HashMap::new();
    let decisions = events.iter().filter_map(|event| Some((event, event.consent.action?)));
    let changed = decisions.filter(|(event, decision)| {
        let question = (event.consent.subject.clone(), event.consent.scope.clone());
        last.insert(question, *decision).is_some_and(|before| before != *decision)
    });
    i64::try_from(changed.count()).unwrap()
}

#[tokio::test]
async fn what_was_rolled_back_left_no_sums() {
    let world = World::new().await;
    let tx = world.db.begin_write().await.unwrap();
    let by = consent_core::Actor::App(world.app.clone());
    let new = vec![said("bob", "a", None).into()];
    let events = record(&tx, &world.app, new, &by, &world.ambient).await.unwrap();
    assert!(matches!(events[0].seq, 1));
    drop(tx);
    assert_eq!(world.count().await, Statistics::default());
    world.append(Act::stopped(&world.ambient.new_id(), &world.ambient.new_id())).await;
}
