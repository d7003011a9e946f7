//! What apps fetch stands in their persons' ledgers, and ends of chains are signed for their persons to keep.

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_core::{Actor, Cursor, PersonId};
use consent_events::{Act, ChainId, Event, Export, list_accesses, verify_export};
use consent_gateway::worker;
use harness::{MockApp, Person, TestPlatform, agreed, stories};
use serde_json::Value;

/// Her ledger, the latest access first.
async fn ledger(platform: &TestPlatform, person: &Person<'_>) -> Vec<Event> {
    platform.inner.ledger.settle().await;
    let id = id_of(person);
    list_accesses(&platform.inner.db, &id, &Cursor::new(None, Some(100))).await.unwrap().items
}

fn id_of(person: &Person<'_>) -> PersonId {
    person.id.parse().unwrap()
}

/// One of her chains as she would take it away.
async fn export(platform: &TestPlatform, chain: ChainId) -> String {
    let mut export = Export::begin(&platform.inner.db, chain).await.unwrap();
    let mut lines = String::new();
    while let Some(line) = export.next().await.unwrap() {
        lines += &line;
    }
    lines
}

stories! {
    async fn every_fetch_stands_in_her_ledger(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        assert!(ledger(&platform, &ada).await.is_empty(), "a list names files and fetches none");

        let access = &yes.shared.tokens.access.value;
        let mut lengths = Vec::new();
        for entry in &list.files[..3] {
            lengths.push(app.client.fetch(access, &session.key, &entry.name).await.unwrap().bytes.len() as u64);
        }
        let entries = ledger(&platform, &ada).await;
        assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2, 1]);
        for (entry, length) in entries.iter().rev().zip(lengths) {
            let Act::Accessed(fetched) = &entry.act else { panic!("{entry:?}") };
            assert_eq!(fetched.grant.to_string(), yes.grant);
            assert_eq!((fetched.version, fetched.bytes), (1, length));
            assert!(fetched.session.is_some() && fetched.object_type.is_some());
            assert_eq!(entry.actor, Actor::App(app.id.parse().unwrap()));
        }
    }

    async fn what_is_refused_leaves_nothing_in_her_ledger(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        let access = &yes.shared.tokens.access.value;
        assert!(app.client.fetch(access, &session.key, "no_such_file").await.is_err());
        ada.stops(&yes).await;
        let stopped = app.client.fetch(access, &session.key, &list.files[0].name).await;
        assert_eq!(MockApp::outcome(&stopped), "403 GrantStopped");
        assert!(ledger(&platform, &ada).await.is_empty());
    }

    async fn what_cannot_be_recorded_does_not_leave(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        let folder = platform.inner.config.server.data_dir.join("accesses");
        std::fs::remove_dir_all(&folder).unwrap();
        let access = &yes.shared.tokens.access.value;
        let fetched = app.client.fetch(access, &session.key, &list.files[0].name).await;
        assert_eq!(MockApp::outcome(&fetched), "500 InternalServerError");

        std::fs::create_dir(&folder).unwrap();
        let fetched = app.client.fetch(access, &session.key, &list.files[0].name).await;
        assert_eq!(MockApp::outcome(&fetched), "ok");
        assert_eq!(ledger(&platform, &ada).await.len(), 1);
    }

    async fn the_ends_of_her_chains_are_signed_and_what_she_takes_away_verifies(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        let access = &yes.shared.tokens.access.value;
        app.client.fetch(access, &session.key, &list.files[0].name).await.unwrap();

        platform.inner.ledger.settle().await;
        platform.wait(TimeDelta::hours(1));
        worker::sweep(&platform.inner).await.unwrap();
        let keys: Value = platform.call(Method::GET, "/api/v1/keys", None, None).await.ok();
        let id = id_of(&ada);
        for chain in [ChainId::Person(id.clone()), ChainId::Access(id)] {
            let exported = export(&platform, chain).await;
            let summary = verify_export(exported.as_bytes(), Some(&keys), None).unwrap();
            assert_eq!((summary.checkpoints, summary.signatures_checked), (1, true));
            let other = exported.replacen("\"seq\\\":1", "\"seq\\\":2", 1);
            assert!(verify_export(other.as_bytes(), Some(&keys), None).is_err());
        }
    }
}
