use std::collections::BTreeMap;

use chrono::TimeDelta;
use consent_core::{Actor, AppId, Cursor};

use crate::{
    Act, ChainId, Consent, ConsentEvent, ConsentType, EventId, EventsError, Filter, NewConsentEvent,
    NewEvent, Overall, ScopeStatistics, find, find_by_token, list, list_consents_of_person, list_current,
    search, statistics, testing::World, verify_stored,
};

const POLICY: &str = "https://foo.com/policy";

fn said(scope: &str, action: Option<bool>) -> Consent {
    Consent { scope: scope.to_owned(), ..Consent::new("torgeir@signatu.com", POLICY, action) }
}

fn filter() -> Filter {
    Filter { subject: "torgeir@signatu.com".to_owned(), ..Filter::default() }
}

fn everything() -> Consent {
    Consent {
        issuer: Some("foo.com".to_owned()),
        source: Some("https://foo.com/login?x=1#é".to_owned()),
        delegate: Some("agent 7".to_owned()),
        kind: Some(ConsentType::Cookie),
        metadata: Some(BTreeMap::from([("cookie".to_owned(), "%7B%7D\u{0}".to_owned())])),
        refresh_at: chrono::DateTime::from_timestamp_millis(1_900_000_000_005),
        vault_id: Some("vault 1".to_owned()),
        ..said("marketing", Some(false))
    }
}

impl World {
    async fn found(&self, filter: &Filter) -> Vec<ConsentEvent> {
        search(&self.db, &self.app, filter, &Cursor::default()).await.unwrap().items
    }

    async fn current(&self, filter: &Filter) -> Vec<ConsentEvent> {
        list_current(&self.db, &self.app, filter).await.unwrap()
    }
}

#[tokio::test]
async fn what_was_recorded_is_found_again_as_it_was() {
    let world = World::new().await;
    let recorded = &world.record(vec![everything()]).await[0];
    assert_eq!(recorded.consent, everything());
    assert_eq!(find(&world.db, &world.app, &recorded.id).await.unwrap(), *recorded);
    let by_token = find_by_token(&world.db, &world.app, recorded.token.as_str()).await.unwrap();
    assert_eq!(by_token, *recorded);
    assert_eq!(world.found(&filter()).await, std::slice::from_ref(recorded));
}

#[tokio::test]
async fn nothing_personal_is_in_the_chain() {
    let world = World::new().await;
    let recorded = &world.record(vec![everything()]).await[0];
    assert!(matches!(recorded.chain, ChainId::Subject { .. }));
    let event = &list(&world.db, &recorded.chain, &Cursor::default()).await.unwrap().items[0];
    assert_eq!((&event.id, event.act.kind()), (&recorded.id, "consentRecorded"));
    for personal in ["torgeir", "foo.com", "agent", "marketing", recorded.token.as_str()] {
        assert!(!event.body().contains(personal), "{personal}");
        assert!(!event.chain.to_string().contains(personal), "{personal}");
    }
}

#[tokio::test]
async fn another_app_finds_nothing() {
    let world = World::new().await;
    let recorded = &world.record(vec![everything()]).await[0];
    let other: AppId = world.ambient.new_id();
    assert!(matches!(find(&world.db, &other, &recorded.id).await, Err(EventsError::NotFound)));
    let token = recorded.token.as_str();
    assert!(matches!(find_by_token(&world.db, &other, token).await, Err(EventsError::NotFound)));
    assert!(search(&world.db, &other, &filter(), &Cursor::default()).await.unwrap().items.is_empty());
    assert!(list_current(&world.db, &other, &filter()).await.unwrap().is_empty());
    assert_eq!(statistics(&world.db, &other, None).await.unwrap(), crate::Statistics::default());
    assert!(matches!(find(&world.db, &world.app, &EventId::of("")).await, Err(EventsError::NotFound)));
}

#[tokio::test]
async fn events_of_one_moment_are_a_millisecond_apart_and_listed_newest_first() {
    let world = World::new().await;
    let actions = [Some(true), Some(false), None];
    let recorded = world.record(actions.map(|action| said("default", action)).to_vec()).await;
    let start = world.ambient.now();
    let offset = |event: &ConsentEvent| (event.created_at - start).num_milliseconds();
    assert_eq!(recorded.iter().map(offset).collect::<Vec<_>>(), [0, 1, 2]);
    let found = world.found(&filter()).await;
    assert_eq!(found.iter().map(offset).collect::<Vec<_>>(), [2, 1, 0]);
    let page = search(&world.db, &world.app, &filter(), &Cursor::new(None, Some(2))).await.unwrap();
    assert_eq!(page.items, found[..2]);
    let rest = search(&world.db, &world.app, &filter(), &Cursor::new(page.next, None)).await.unwrap();
    assert_eq!((&rest.items[..], rest.next), (&found[2..], None));
    let nonsense = Cursor::new(Some("x".to_owned()), None);
    assert!(matches!(search(&world.db, &world.app, &filter(), &nonsense).await, Err(EventsError::Cursor)));
}

#[tokio::test]
async fn a_filter_compares_byte_for_byte() {
    let world = World::new().await;
    world.record(vec![everything(), said("default", Some(true))]).await;
    let world = &world;
    let fits = |filter| async move { world.found(&filter).await.len() };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(fits(filter()).await, 2);
    assert_eq!(fits(Filter { target: text(POLICY), ..filter() }).await, 2);
    assert_eq!(fits(Filter { target: text("https://foo.com/policy/"), ..filter() }).await, 0);
    assert_eq!(fits(Filter { scope: text("marketing"), ..filter() }).await, 1);
    assert_eq!(fits(Filter { scope: text("Marketing"), ..filter() }).await, 0);
    assert_eq!(fits(Filter { issuer: text("foo.com"), target: text(POLICY), ..filter() }).await, 1);
    assert_eq!(fits(Filter { vault_id: text("vault 1"), ..filter() }).await, 1);
    assert_eq!(fits(Filter { subject: "Torgeir@signatu.com".to_owned(), ..filter() }).await, 0);
}

#[tokio::test]
async fn current_is_the_newest_of_each_scope_of_each_target() {
    let world = World::new().await;
    let elsewhere = Consent { target: "https://foo.com/other".to_owned(), ..said("default", Some(true)) };
    let by_another = Consent { issuer: Some("bar.com".to_owned()), ..said("marketing", None) };
    let recorded = world
        .record(vec![
            said("default", Some(true)),
            said("default", Some(false)),
            everything(),
            elsewhere,
            by_another,
        ])
        .await;
    let ids = |events: Vec<ConsentEvent>| events.into_iter().map(|event| event.id).collect::<Vec<_>>();
    let id = |at: usize| recorded[at].id.clone();
    assert_eq!(ids(world.current(&filter()).await), [id(4), id(3), id(1)]);
    let text = |text: &str| Some(text.to_owned());
    let of_policy = Filter { target: text(POLICY), ..filter() };
    assert_eq!(ids(world.current(&of_policy).await), [id(4), id(1)]);
    let of_scope = Filter { scope: text("marketing"), ..of_policy.clone() };
    assert_eq!(ids(world.current(&of_scope).await), [id(4)]);
    let of_issuer = Filter { issuer: text("foo.com"), ..of_scope };
    assert_eq!(ids(world.current(&of_issuer).await), [id(2)]);
}

#[tokio::test]
async fn of_several_events_one_that_cannot_be_recorded_keeps_all_out() {
    let world = World::new().await;
    let refused = world.try_record(vec![everything().into(), Consent::new("", POLICY, None).into()]).await;
    assert!(matches!(refused, Err(EventsError::Invalid { field: "subject", .. })));
    assert!(world.found(&filter()).await.is_empty());
    assert_eq!(world.try_record(vec![]).await.unwrap(), []);
}

#[tokio::test]
async fn of_two_events_with_one_token_the_newer_is_found() {
    let world = World::new().await;
    let recorded = world.record(vec![said("a", None), said("b", None)]).await;
    world.db_token(&recorded[0], &recorded[1]).await;
    let found = find_by_token(&world.db, &world.app, recorded[1].token.as_str()).await.unwrap();
    assert_eq!(found.id, recorded[1].id);
}

impl World {
    /// What chance does once in two thousand million times.
    async fn db_token(&self, one: &ConsentEvent, other: &ConsentEvent) {
        let token = other.token.as_str();
        let sql = format!("UPDATE consent_event SET token = '{token}' WHERE seq = {}", one.seq);
        self.tamper(&sql).await;
    }
}

#[tokio::test]
async fn a_person_of_ours_has_what_apps_say_of_her_in_her_own_chain() {
    let world = World::new().await;
    let new = NewConsentEvent { person: Some(world.ada.clone()), ..said("default", Some(true)).into() };
    let recorded = world.try_record(vec![new]).await.unwrap();
    world.append(world.stopped()).await;
    assert_eq!(recorded[0].chain, ChainId::Person(world.ada.clone()));
    let kinds: Vec<_> = world.all().await.iter().map(|event| event.act.kind()).collect();
    assert_eq!(kinds, ["consentRecorded", "stopped"]);
    let listed = list_consents_of_person(&world.db, &world.ada, &Cursor::default()).await.unwrap();
    assert_eq!(listed.items, recorded);
}

#[tokio::test]
async fn one_link_carries_an_act_and_the_consent_event_of_it() {
    let world = World::new().await;
    let grant = world.ambient.new_id();
    let act = Act::revoked(&grant, &world.ambient.new_id());
    let by = Actor::Person(world.ada.clone());
    let new = NewEvent::new(&world.ada, act.clone(), &by)
        .with_payload(crate::Payload::because("no longer"))
        .with_consent(&world.app, said("default", Some(false)).into());
    let appended = world.append_one(new).await;
    let consent = appended.consent.unwrap();
    assert_eq!((&consent.id, &appended.event.act), (&appended.event.id, &act));
    assert_eq!(world.all().await, [appended.event]);
    assert_eq!(find(&world.db, &world.app, &consent.id).await.unwrap(), consent);
    assert_eq!(verify_stored(&world.db, &world.ada, None).await.unwrap().payloads, 1);
}

#[tokio::test]
async fn times_of_a_subject_increase_across_chains() {
    let world = World::new().await;
    let recorded = world.record(vec![said("default", Some(true)), said("default", Some(true))]).await;
    let hers = NewConsentEvent { person: Some(world.ada.clone()), ..said("default", None).into() };
    let later = world.try_record(vec![hers]).await.unwrap();
    assert_ne!(later[0].chain, recorded[0].chain);
    assert_eq!(later[0].created_at - recorded[1].created_at, TimeDelta::milliseconds(1));
}

#[tokio::test]
async fn statistics_count_events_and_changes_of_mind() {
    let world = World::new().await;
    let actions = [Some(true), Some(false), None, Some(false), Some(true)];
    world.record(actions.map(|action| said("default", action)).to_vec()).await;
    world.record(vec![said("marketing", Some(true)), everything()]).await;
    let found = statistics(&world.db, &world.app, None).await.unwrap();
    let overall = Overall { count: 7, yes: 3, no: 3, no_action: 1, user_changes: 2 };
    assert_eq!(found.overall, overall);
    let scope = |scope: &str, events, yes, no| ScopeStatistics {
        target: POLICY.to_owned(),
        scope: scope.to_owned(),
        events,
        yes,
        no,
    };
    assert_eq!(found.scopes, [scope("default", 5, 2, 2), scope("marketing", 2, 1, 1)]);
    let of_vault = statistics(&world.db, &world.app, Some("vault 1")).await.unwrap();
    assert_eq!((of_vault.overall.count, of_vault.scopes), (1, vec![scope("marketing", 1, 0, 1)]));
}

#[tokio::test]
async fn many_events_of_many_subjects_make_whole_chains() {
    let world = World::new().await;
    let subject = |n: usize| Consent::new(format!("subject {}", n % 40), POLICY, Some(n.is_multiple_of(3)));
    let recorded = world.record((0..1300).map(subject).collect()).await;
    assert_eq!(recorded.len(), 1300);
    assert!(recorded.iter().enumerate().all(|(n, event)| event.consent == subject(n)));
    for event in &recorded[..40] {
        let summary = verify_stored(&world.db, &event.chain, None).await.unwrap();
        assert!(matches!(summary.payloads, 32 | 33));
    }
    assert_eq!(statistics(&world.db, &world.app, None).await.unwrap().overall.count, 1300);
}
