//! A session lists what a person shares, as it comes in and as it stands in the end, and delivers it sealed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use consent_client::{
    AccessToken, AuthorizeOptions, FileList, Session, SessionOptions, SyncState,
    reqwest::{Method, header::HeaderMap},
};
use consent_crypto::{RsaPrivateKey, Secret, SecretKind, envelope};
use harness::{MockApp, Shared, TestPlatform, Yes, fixture, stories};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

const SPOTIFY: &str = "19_adal1991quay";
const GARMIN: &str = "21_usr7f20c914be";

/// The raw files of the sources that have some, in the order of their paths.
const RAW: [(&str, &str, &str); 7] = [
    ("ada/17-banks/statement-2026-04.csv", "text/csv", "17_hb20914482"),
    ("ada/25-dvla/test-certificate-2026-04.pdf", "application/pdf", "25_kpr5530182"),
    ("ada/255-cerner/appointments.ics", "text/calendar", "22_pt48120775"),
    ("ada/255-cerner/letter-2025-06.pdf", "application/pdf", "22_pt48120775"),
    ("ada/255-cerner/peak-flow-diary.csv", "text/csv", "22_pt48120775"),
    ("ada/3-instagram/skerrow-last-evening.jpg", "image/jpeg", "4_17841405339"),
    ("ada/3-instagram/snow-line.jpg", "image/jpeg", "4_17841405339"),
];
const RAW_SOURCES: [i64; 4] = [3, 17, 25, 255];

/// What a session is asked for beyond the usual.
fn within(scope: Value) -> SessionOptions {
    SessionOptions { scope: Some(serde_json::from_value(scope).unwrap()), ..SessionOptions::default() }
}

fn plays() -> Value {
    json!([{ "id": 5, "serviceTypes": [{ "id": 19, "serviceObjectTypes": [{ "id": 406 }] }] }])
}

/// Opens a session with these options and waits for its final list.
async fn read(app: &MockApp, shared: &Shared, options: &SessionOptions) -> (Session, FileList) {
    let session = app.client.trigger(&shared.tokens.access.value, options).await.unwrap();
    let list = app.lists(shared, &session).await.unwrap();
    (session, list)
}

/// What comes of fetching a file.
async fn fetched(app: &MockApp, shared: &Shared, session: &Session, name: &str) -> String {
    MockApp::outcome(&app.client.fetch(&shared.tokens.access.value, &session.key, name).await)
}

/// What comes of listing a session.
async fn listed(app: &MockApp, access: &AccessToken, session: &Session) -> String {
    MockApp::outcome(&app.client.list(access, &session.key).await)
}

fn names(list: &FileList) -> BTreeSet<&str> {
    list.files.iter().map(|file| file.name.as_str()).collect()
}

/// Names and dates, which is what apps go by.
fn dated(list: &FileList) -> Vec<(&str, i64)> {
    list.files.iter().map(|file| (file.name.as_str(), file.updated_date)).collect()
}

fn sample(path: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/samples");
    std::fs::read(format!("{folder}/{path}")).unwrap()
}

/// As if the source had told something else before: two files stand under each other's names.
async fn swap_names(platform: &TestPlatform, one: &str, other: &str) {
    for (from, to) in [(one, "aside"), (other, one), ("aside", other)] {
        let renamed = format!("UPDATE file SET name = '{to}' WHERE name = '{from}'");
        platform.inner.db.execute_unprepared(&renamed).await.unwrap();
    }
}

/// An app that may read every raw file.
async fn raw_app(platform: &TestPlatform) -> MockApp {
    let change = |document: &mut Value| {
        document["scope"] = json!({});
        document["ongoing"] = true.into();
    };
    MockApp::register(platform, "read-raw", "app-1", change).await
}

/// The names of all raw files on the wire, which tell nothing, and the samples they stand for.
async fn raw_names(app: &MockApp, shared: &Shared) -> BTreeMap<String, &'static str> {
    let (session, list) = read(app, shared, &SessionOptions::default()).await;
    let mut known = BTreeMap::new();
    for entry in list.files {
        let file = app.client.fetch(&shared.tokens.access.value, &session.key, &entry.name).await.unwrap();
        let (path, ..) = RAW.iter().find(|(path, ..)| sample(path) == file.bytes).unwrap();
        known.insert(entry.name, *path);
    }
    known
}

fn state_of(list: &FileList, account: &str) -> SyncState {
    list.status.details[account].state
}

/// The headers by which an app judges a file before it has it.
fn telling(headers: &HeaderMap) -> [String; 4] {
    ["content-type", "content-length", "x-metadata", "last-modified"]
        .map(|name| headers[name].to_str().unwrap().to_owned())
}

stories! {
    async fn a_session_waits_for_the_person_and_then_runs_to_its_end(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16, 18]).await;
        let before = ada.approves(&app).await.shared.tokens.access.value;
        let asked = app.asks().await;
        let waiting = app.client.list(&before, &asked.session.key).await.unwrap();
        assert_eq!(waiting.status.state, SyncState::Pending);
        assert!(waiting.files.is_empty() && waiting.status.details.is_empty());

        let (_, callback) = ada.answers(&asked, &json!({})).await;
        let code = asked.answer(&callback).unwrap();
        let tokens = app.client.exchange(&code, &asked.code_verifier).await.unwrap();
        assert_eq!(
            listed(&app, &before, &asked.session).await,
            "404 SessionInvalid",
            "it is of another grant"
        );
        let list = app.client.list_until_done(
            &tokens.access.value,
            &asked.session.key,
            std::time::Duration::from_millis(20),
        );
        let list = list.await.unwrap();
        assert_eq!(list.status.state, SyncState::Completed);
        assert_eq!(list.files.len(), 17 + 45);
        let accounts = app.client.accounts(&tokens.access.value).await.unwrap();
        let accounts: BTreeSet<_> = accounts.iter().map(|account| &account.id).collect();
        assert_eq!(list.status.details.keys().collect::<BTreeSet<_>>(), accounts);
        assert_eq!(
            (state_of(&list, SPOTIFY), state_of(&list, GARMIN)),
            (SyncState::Completed, SyncState::Completed)
        );
    }

    async fn a_final_list_stays_what_it_was(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let (session, list) = read(&app, &yes.shared, &SessionOptions::default()).await;
        platform.wait(TimeDelta::minutes(1));
        let _ = ada.uploads("bank.json", "application/json", sample("own/transactions.json")).await.ok();

        let same = app.lists(&yes.shared, &session).await.unwrap();
        assert_eq!(dated(&same), dated(&list));
        let (_, newer) = read(&app, &yes.shared, &SessionOptions::default()).await;
        let added: Vec<_> = names(&newer).difference(&names(&list)).copied().collect();
        assert!(
            !added.is_empty() && added.iter().all(|name| name.starts_with("18_3_17_0_201_")),
            "{added:?}"
        );
        for name in added {
            assert_eq!(fetched(&app, &yes.shared, &session, name).await, "404 FileNotFound");
        }
    }

    async fn an_account_added_on_the_way_is_for_the_next_session(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let (session, list) = read(&app, &shared, &SessionOptions::default()).await;
        platform.wait(TimeDelta::minutes(1));
        let callback = app.adds_sample(&platform, &shared, 18).await;
        let accounts = app.client.accounts(&shared.tokens.access.value).await.unwrap();
        let added = accounts.iter().find(|account| account.id == GARMIN).unwrap();
        let reference = callback.query_pairs().find(|(name, _)| name == "accountReference").unwrap().1;
        assert_eq!((reference.as_ref(), accounts.len()), (added.reference.as_str(), 2));

        let same = app.lists(&shared, &session).await.unwrap();
        assert_eq!(dated(&same), dated(&list));
        assert!(!same.status.details.contains_key(GARMIN));
        let (_, newer) = read(&app, &shared, &SessionOptions::default()).await;
        assert_eq!((list.files.len(), newer.files.len()), (17, 17 + 45));
        assert_eq!(state_of(&newer, GARMIN), SyncState::Completed);
    }

    async fn an_account_that_others_read_before_is_for_the_next_session_too(platform: TestPlatform) {
        let app = platform.app("read").await;
        let sibling = app.another_contract(&platform, "read", "app-1", |_| {}).await;
        let shared = app.onboards(&platform, &[16]).await;
        let named = AuthorizeOptions {
            access_token: Some(shared.tokens.access.value.clone()),
            ..AuthorizeOptions::default()
        };
        let theirs = sibling.asks_sample(&platform, Some(18), &named).await;
        let (_, running) = read(&sibling, &theirs, &SessionOptions::default()).await;
        assert_eq!(platform.rows("library").await, 1);
        platform.wait(TimeDelta::minutes(1));

        let (session, list) = read(&app, &shared, &SessionOptions::default()).await;
        platform.wait(TimeDelta::minutes(1));
        app.adds_sample(&platform, &shared, 18).await;
        let same = app.lists(&shared, &session).await.unwrap();
        assert_eq!(dated(&same), dated(&list));
        let name = &running.files[0].name;
        assert_eq!(fetched(&app, &shared, &session, name).await, "404 FileNotFound");
        let (session, newer) = read(&app, &shared, &SessionOptions::default()).await;
        assert!(names(&newer).is_superset(&names(&running)));
        assert_eq!(fetched(&app, &shared, &session, name).await, "ok");
    }

    async fn what_changed_gets_a_later_date_and_an_old_list_keeps_the_old_one(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let (_, list) = read(&app, &shared, &SessionOptions::default()).await;
        let (march, april) = ("18_5_19_1_406_D202503_1.1.0.0.json", "18_5_19_1_406_D202504_1.1.0.0.json");
        swap_names(&platform, march, april).await;
        let stored = SessionOptions { source_fetch: Some(false), ..SessionOptions::default() };
        let (first, _) = read(&app, &shared, &stored).await;
        platform.wait(TimeDelta::minutes(1));
        let (second, newer) = read(&app, &shared, &SessionOptions::default()).await;

        assert_eq!(names(&newer), names(&list));
        for (new, old) in newer.files.iter().zip(&list.files) {
            let changed = [march, april].contains(&new.name.as_str());
            assert_eq!(new.updated_date, old.updated_date + if changed { 60_000 } else { 0 }, "{}", new.name);
        }
        for (session, delivered) in [(&first, "406_D202504"), (&second, "406_D202503")] {
            let file = app.client.fetch(&shared.tokens.access.value, &session.key, march).await.unwrap();
            assert_eq!(file.bytes, sample(&format!("ada/16-spotify/{delivered}.json")));
        }
        platform.wait(TimeDelta::minutes(1));
        let (_, same) = read(&app, &shared, &SessionOptions::default()).await;
        assert_eq!(dated(&same), dated(&newer));
    }

    async fn a_session_may_ask_for_less(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16, 18]).await;
        let yes = ada.approves(&app).await;
        let (_, list) = read(&app, &yes.shared, &within(json!({ "serviceGroups": plays() }))).await;
        assert_eq!(list.files.len(), 15);
        assert!(list.files.iter().all(|file| file.object_type.as_deref() == Some("playhistory")));

        // 20 January to 1 March 2026.
        let range = json!([{ "from": 1_768_867_200, "to": 1_772_323_200 }]);
        let (session, list) =
            read(&app, &yes.shared, &within(json!({ "serviceGroups": plays(), "timeRanges": range }))).await;
        let months: Vec<_> = list.files.iter().map(|file| file.name.contains("_D202601_")).collect();
        assert_eq!(months, [true, false]);
        for (entry, fixture, from) in [
            (&list.files[0], "ada/16-spotify/406_D202601.json", 1_768_867_200_000_i64),
            (&list.files[1], "ada/16-spotify/406_D202602.json", 0),
        ] {
            let file =
                app.client.fetch(&yes.shared.tokens.access.value, &session.key, &entry.name).await.unwrap();
            let delivered: Vec<Value> = serde_json::from_slice(&file.bytes).unwrap();
            let mut expected: Vec<Value> = serde_json::from_slice(&sample(fixture)).unwrap();
            let all = expected.len();
            expected.retain(|object| object["createddate"].as_i64().unwrap() >= from);
            assert_eq!(delivered, expected);
            assert_eq!(file.metadata["objectCount"], delivered.len());
            assert_eq!(all == delivered.len(), from == 0);
        }
        let (_, list) =
            read(&app, &yes.shared, &within(json!({ "timeRanges": [{ "to": 1_000_000 }] }))).await;
        assert!(list.files.is_empty());
    }

    async fn asking_for_more_than_the_contract_is_refused(platform: TestPlatform) {
        let app = platform.app("read-optional").await;
        let ada = platform.person("ada").await;
        let yes = ada.approves(&app).await;
        let objects = |group: i64, kind: i64, object: i64| {
            json!({ "serviceGroups": [{ "id": group, "serviceTypes": [
                { "id": kind, "serviceObjectTypes": [{ "id": object }] }
            ] }] })
        };
        let before = (platform.rows("session").await, platform.rows("authorization_request").await);
        let refuse = async |scope: Value, expected: &str| {
            let session = within(scope.clone());
            let triggered = app.client.trigger(&yes.shared.tokens.access.value, &session).await;
            assert_eq!(MockApp::outcome(&triggered), expected, "{scope}");
            let options = AuthorizeOptions { session, ..AuthorizeOptions::default() };
            assert_eq!(MockApp::outcome(&app.client.authorize(&options).await), expected, "{scope}");
        };
        for beyond in [
            objects(3, 17, 9_999),
            objects(99, 17, 201),
            objects(1, 1, 2),
            objects(3, 17, 202),
            json!({ "timeRanges": [{ "last": "2y" }] }),
            json!({ "timeRanges": [{ "to": 1_780_000_000 }] }),
        ] {
            refuse(beyond, "400 ScopeOutOfBounds").await;
        }
        refuse(json!({ "timeRanges": [{ "from": 2, "to": 1 }] }), "400 ValidationErrors").await;
        let after = (platform.rows("session").await, platform.rows("authorization_request").await);
        assert_eq!(after, before);
        let (_, list) = read(&app, &yes.shared, &within(json!({ "timeRanges": [{ "last": "6m" }] }))).await;
        assert_eq!(list.status.state, SyncState::Completed);
    }

    async fn without_source_fetch_a_session_delivers_what_there_is(platform: TestPlatform) {
        let app = platform.app("read").await;
        // Nobody is there in whose presence the source could have been read.
        let shared = app.onboards(&platform, &[16]).await;
        let stored = SessionOptions { source_fetch: Some(false), ..SessionOptions::default() };
        let session = app.client.trigger(&shared.tokens.access.value, &stored).await.unwrap();
        let at_once = app.client.list(&shared.tokens.access.value, &session.key).await.unwrap();
        assert_eq!((at_once.status.state, at_once.files.len()), (SyncState::Completed, 0));

        let (_, list) = read(&app, &shared, &SessionOptions::default()).await;
        platform.wait(TimeDelta::minutes(1));
        app.adds_sample(&platform, &shared, 18).await;
        let (_, same) = read(&app, &shared, &stored).await;
        assert_eq!(dated(&same), dated(&list));
    }

    async fn a_session_ends_an_hour_after_it_began_however_busy(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let (session, list) = read(&app, &shared, &SessionOptions::default()).await;
        let (access, name) = (&shared.tokens.access.value, &list.files[0].name);
        for minutes in [30, 29] {
            platform.wait(TimeDelta::minutes(minutes));
            assert_eq!(fetched(&app, &shared, &session, name).await, "ok");
        }
        platform.wait(TimeDelta::seconds(59));
        assert_eq!(listed(&app, access, &session).await, "ok");
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(listed(&app, access, &session).await, "404 SessionInvalid");
        assert_eq!(fetched(&app, &shared, &session, name).await, "404 SessionInvalid");
        assert_eq!(session.expiry, app.ambient().now().timestamp_millis());
        read(&app, &shared, &SessionOptions::default()).await;
    }

    async fn a_session_is_for_one_grant_of_one_contract(platform: TestPlatform) {
        let app = platform.app("read").await;
        let sibling = app.another_contract(&platform, "read", "app-1", |_| {}).await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        ada.connects(&[16]).await;
        eve.connects(&[16]).await;
        let hers = ada.approves(&app).await.shared;
        let (session, list) = read(&app, &hers, &SessionOptions::default()).await;
        let name = &list.files[0].name;
        let (eves, again) = (eve.approves(&app).await.shared, ada.approves(&app).await.shared);
        for other in [&eves, &again] {
            assert_eq!(listed(&app, &other.tokens.access.value, &session).await, "404 SessionInvalid");
            assert_eq!(fetched(&app, other, &session, name).await, "404 SessionInvalid");
        }
        let theirs = ada.approves(&sibling).await.shared;
        assert_eq!(listed(&sibling, &theirs.tokens.access.value, &session).await, "404 SessionInvalid");
        for unheard_of in [Secret::generate(SecretKind::Session, app.ambient()).expose(), "x".to_owned()] {
            let session = Session { key: unheard_of.into(), ..session.clone() };
            assert_eq!(listed(&app, &hers.tokens.access.value, &session).await, "404 SessionInvalid");
        }
        assert_eq!(fetched(&app, &hers, &session, name).await, "ok");
    }

    async fn only_names_on_the_list_are_files(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let (session, list) = read(&app, &shared, &within(json!({ "serviceGroups": plays() }))).await;
        let query = format!("v1.7/permission-access/query/{}", session.key.expose());
        let listed = &list.files[0].name;
        let undated = listed.replace("_406_D202503_", "_407_");
        let long = "a".repeat(3_000);
        for name in [
            "accounts.json",
            "18_5_19_1_406_D209901_1.json",
            "..%2f..%2fconsent.db",
            "%2fetc%2fpasswd",
            "%00",
            "a%00b",
            "%ff",
            "a%0d%0ab",
            "..%5c",
            "%25",
            &undated,
            &format!("{listed}%20"),
            &listed.to_uppercase(),
            &long,
        ] {
            for method in [Method::GET, Method::HEAD] {
                let jwt = app.jwt(&[("access_token", shared.tokens.access.value.expose())]);
                let path = format!("{query}/{name}");
                let answer = app.client.call(method.clone(), &path, Some(&jwt), &[], None).await.unwrap();
                let code = answer.headers().get("x-error-code").map(|code| code.to_str().unwrap().to_owned());
                assert_eq!(
                    (answer.status().as_u16(), code.as_deref()),
                    (404, Some("FileNotFound")),
                    "{method} {name}"
                );
            }
        }
        assert_eq!(fetched(&app, &shared, &session, listed).await, "ok");
    }

    async fn mapped_and_raw_files_go_to_the_contracts_that_ask_for_them(platform: TestPlatform) {
        let (app, raw) = (platform.app("read").await, raw_app(&platform).await);
        let ada = platform.person("ada").await;
        ada.connects(&RAW_SOURCES).await;
        let (mapped_yes, raw_yes) = (ada.approves(&app).await.shared, ada.approves(&raw).await.shared);
        let (mapped_session, mapped) = read(&app, &mapped_yes, &SessionOptions::default()).await;
        let (raw_session, raws) = read(&raw, &raw_yes, &SessionOptions::default()).await;
        assert!(names(&mapped).is_disjoint(&names(&raws)));
        assert_eq!(raws.files.len(), 7);
        assert!(raws.files.iter().all(|file| file.object_type.is_none() && file.service_group.is_none()));
        assert_eq!(
            fetched(&app, &mapped_yes, &mapped_session, &raws.files[0].name).await,
            "404 FileNotFound"
        );
        assert_eq!(fetched(&raw, &raw_yes, &raw_session, &mapped.files[0].name).await, "404 FileNotFound");

        for entry in &raws.files {
            let file =
                raw.client.fetch(&raw_yes.tokens.access.value, &raw_session.key, &entry.name).await.unwrap();
            let (path, mimetype, account) = RAW.iter().find(|(path, ..)| sample(path) == file.bytes).unwrap();
            assert_eq!(file.metadata["mimetype"], *mimetype, "{path}");
            assert_eq!(file.metadata["accounts"], json!([{ "accountid": account }]));
        }
    }

    async fn criteria_choose_among_raw_files(platform: TestPlatform) {
        let lasting = |document: &mut Value| document["ongoing"] = true.into();
        let app = MockApp::register(&platform, "read-raw", "app-1", lasting).await;
        let everything = raw_app(&platform).await;
        let ada = platform.person("ada").await;
        ada.connects(&RAW_SOURCES).await;
        let known = raw_names(&everything, &ada.approves(&everything).await.shared).await;
        let Yes { shared, .. } = ada.approves(&app).await;
        let chosen = async |scope: Value| {
            let (_, list) = read(&app, &shared, &within(scope)).await;
            list.files.iter().map(|file| known[&file.name]).collect::<BTreeSet<_>>()
        };
        let (statement, certificate, letter, diary) = (RAW[0].0, RAW[1].0, RAW[3].0, RAW[4].0);
        assert_eq!(chosen(json!({})).await, [statement, certificate, letter, diary].into());
        let by = |metadata: Value| json!({ "criteria": [{ "metadata": metadata }] });
        let csv = json!({ "mimeType": ["text/csv"] });
        assert_eq!(chosen(by(csv.clone())).await, [statement, diary].into());
        assert_eq!(chosen(by(json!({ "tags": ["letter", "photo"] }))).await, [letter].into());
        let either = json!({ "criteria": [{ "metadata": csv }, { "metadata": { "tags": ["letter"] } }] });
        assert_eq!(chosen(either).await, [statement, letter, diary].into());
        assert_eq!(
            chosen(by(json!({ "mimeType": ["application/pdf"], "tags": ["diary"] }))).await,
            [].into()
        );
        assert_eq!(chosen(json!({ "criteria": [{ "last": "3m" }] })).await, [statement, certificate].into());
        assert_eq!(chosen(json!({ "timeRanges": [{ "to": 1_750_000_000 }] })).await, [letter].into());

        let image = within(by(json!({ "mimeType": ["image/jpeg"] })));
        let triggered = app.client.trigger(&shared.tokens.access.value, &image).await;
        assert_eq!(MockApp::outcome(&triggered), "400 ScopeOutOfBounds");
        let (session, _) = read(&app, &shared, &within(by(json!({ "tags": ["letter"] })))).await;
        for (name, path) in &known {
            let expected = if *path == letter { "ok" } else { "404 FileNotFound" };
            assert_eq!(fetched(&app, &shared, &session, name).await, expected, "{path}");
        }
    }

    async fn head_tells_what_get_delivers(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let (session, list) = read(&app, &shared, &SessionOptions::default()).await;
        let access = &shared.tokens.access.value;
        for entry in &list.files {
            let get = app.client.fetch_raw(access, &session.key, &entry.name).await.unwrap();
            let path = format!("v1.7/permission-access/query/{}/{}", session.key.expose(), entry.name);
            let jwt = app.jwt(&[("access_token", access.expose())]);
            let head = app.client.call(Method::HEAD, &path, Some(&jwt), &[], None).await.unwrap();
            assert_eq!(telling(head.headers()), telling(get.headers()));
            assert_eq!(get.headers()["content-type"], "application/octet-stream");
            let length: usize = get.headers()["content-length"].to_str().unwrap().parse().unwrap();
            let body = get.bytes().await.unwrap();
            assert_eq!(body.len(), length);
            assert!(length.is_multiple_of(16) && length >= 288, "{length}");
            let about = app.client.metadata(access, &session.key, &entry.name).await.unwrap();
            let file = app.client.fetch(access, &session.key, &entry.name).await.unwrap();
            assert_eq!(about.size, Some(file.bytes.len() as u64));
            assert_eq!(about.metadata["schema"]["standard"], "digime");
        }
        assert_eq!(list.files.len(), 17);
    }

    async fn a_file_is_sealed_for_the_key_that_signed_the_request(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let keys = format!("/api/v1/apps/{}/contracts/{}/keys", app.id, app.contract_id);
        let old = platform.call(Method::GET, &keys, Some(&app.api_key), None).await.ok();
        let body = json!({ "publicKey": fixture("keys/app-2.public.pem") });
        let _ = platform.call(Method::POST, &keys, Some(&app.api_key), Some(&body)).await.ok();
        let newer = MockApp::speaking(
            &platform,
            app.id.clone(),
            app.contract_id.clone(),
            app.api_key.clone(),
            fixture("keys/app-2.private.pem"),
        );
        let (session, list) = read(&app, &shared, &SessionOptions::default()).await;
        let name = &list.files[0].name;
        for (one, other) in [(&app, &newer), (&newer, &app)] {
            assert_eq!(fetched(one, &shared, &session, name).await, "ok");
            let sealed = one.client.fetch_raw(&shared.tokens.access.value, &session.key, name).await.unwrap();
            let key = RsaPrivateKey::parse_pem(&other.private_key).unwrap();
            assert!(envelope::open(&key, &sealed.bytes().await.unwrap()).is_err());
        }

        let path = format!("{keys}/{}/retire", old["items"][0]["kid"].as_str().unwrap());
        let body = json!({ "compromised": true });
        let _ = platform.call(Method::POST, &path, Some(&app.api_key), Some(&body)).await.ok();
        assert_eq!(fetched(&app, &shared, &session, name).await, "400 InvalidJWT");
        assert_eq!(
            MockApp::outcome(&app.client.refresh(&shared.tokens.refresh.value).await),
            "400 InvalidJWT"
        );
        assert_eq!(fetched(&newer, &shared, &session, name).await, "ok");
    }

    async fn accounts_say_whose_they_are_at_the_source(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16, 17]).await;
        let shared = ada.approves(&app).await.shared;
        let accounts = app.client.accounts(&shared.tokens.access.value).await.unwrap();
        let facts: Vec<_> = accounts
            .iter()
            .map(|account| {
                (
                    account.id.as_str(),
                    account.kind.as_str(),
                    account.username.as_deref().unwrap(),
                    account.source_id,
                )
            })
            .collect();
        let expected = [
            (SPOTIFY, "USER", "adal1991quay", 16),
            ("17_hb20914482", "BANK", "Harbourline Everyday ****4821", 17),
        ];
        assert_eq!(facts, expected);
        assert_eq!(
            (accounts[0].service_type_reference.as_str(), accounts[0].sample),
            ("spotify", Some(true))
        );
    }
}

mod at_a_slow_source {
    use super::*;

    stories! {
        with |config| config.sandbox.sample_pace = "250ms".parse().unwrap();

        async fn the_list_grows_while_sources_are_being_read(platform: TestPlatform) {
            let app = platform.app("read").await;
            let ada = platform.person("ada").await;
            ada.connects(&[16, 18]).await;
            let shared = ada.approves(&app).await.shared;
            let access = &shared.tokens.access.value;
            let session = app.client.trigger(access, &SessionOptions::default()).await.unwrap();
            let mut lists = Vec::new();
            while lists.last().is_none_or(|list: &FileList| !list.status.state.is_final()) {
                lists.push(app.client.list(access, &session.key).await.unwrap());
            }
            for pair in lists.windows(2) {
                assert!(names(&pair[1]).is_superset(&names(&pair[0])));
                for account in [SPOTIFY, GARMIN] {
                    assert!(
                        state_of(&pair[0], account) == SyncState::Running
                            || state_of(&pair[1], account).is_final()
                    );
                }
            }
            let growing = |list: &FileList| {
                list.status.state == SyncState::Running && (1..62).contains(&list.files.len())
            };
            assert!(lists.iter().any(growing));
            let halfway =
                |list: &FileList| state_of(list, SPOTIFY).is_final() && !state_of(list, GARMIN).is_final();
            assert!(lists.iter().any(halfway), "the short one is done before the long one");
            assert_eq!(lists.last().unwrap().files.len(), 62);
        }
    }
}

mod at_a_source_that_hangs {
    use super::*;

    /// Polls until the first page of the source has come; the second one never will.
    async fn first_page(app: &MockApp, access: &AccessToken, session: &Session) -> FileList {
        loop {
            let list = app.client.list(access, &session.key).await.unwrap();
            assert_eq!(list.status.state, SyncState::Running);
            if !list.files.is_empty() {
                return list;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    stories! {
        with |config| config.sandbox.sample_pace = "1d".parse().unwrap();

        async fn another_replica_goes_on_where_a_reader_fell_silent(platform: TestPlatform) {
            let app = platform.app("read").await;
            let ada = platform.person("ada").await;
            ada.connects(&[18]).await;
            let shared = ada.approves(&app).await.shared;
            let access = &shared.tokens.access.value;
            let session = app.client.trigger(access, &SessionOptions::default()).await.unwrap();
            let begun = first_page(&app, access, &session).await;

            let replica =
                platform.replica_with(|config| config.sandbox.sample_pace = "0ms".parse().unwrap()).await;
            let elsewhere = app.at(&replica);
            platform.wait(TimeDelta::seconds(29));
            for _ in 0..3 {
                let list = elsewhere.client.list(access, &session.key).await.unwrap();
                assert_eq!((list.status.state, list.files.len()), (SyncState::Running, begun.files.len()));
            }
            platform.wait(TimeDelta::seconds(1));
            let list = elsewhere.lists(&shared, &session).await.unwrap();
            assert_eq!((list.status.state, list.files.len()), (SyncState::Completed, 45));
            let later = app.ambient().now().timestamp_millis();
            for file in &list.files {
                let read_before = begun.files.contains(file);
                assert!(read_before || file.updated_date == later, "{} was read twice", file.name);
            }
            assert_eq!(
                list.files.iter().filter(|file| begun.files.contains(file)).count(),
                begun.files.len()
            );
        }

        async fn a_source_that_takes_too_long_makes_a_partial_list(platform: TestPlatform) {
            let app = platform.app("read").await;
            let ada = platform.person("ada").await;
            ada.connects(&[18]).await;
            let shared = ada.approves(&app).await.shared;
            let access = &shared.tokens.access.value;
            let hurried = SessionOptions { source_fetch_limit: Some(5), ..SessionOptions::default() };
            let session = app.client.trigger(access, &hurried).await.unwrap();
            let begun = first_page(&app, access, &session).await;
            platform.wait(TimeDelta::seconds(5));
            let list = app.client.list(access, &session.key).await.unwrap();
            assert_eq!(list.status.state, SyncState::Partial);
            let error = list.status.details[GARMIN].error.as_ref().unwrap();
            assert_eq!((error.code.as_str(), error.status_code), ("SourceFetchTimeout", 408));
            assert_eq!(dated(&list), dated(&begun));
            assert_eq!(fetched(&app, &shared, &session, &list.files[0].name).await, "ok");

            platform.wait(TimeDelta::seconds(30));
            let replica =
                platform.replica_with(|config| config.sandbox.sample_pace = "0ms".parse().unwrap()).await;
            let (_, whole) = read(&app.at(&replica), &shared, &SessionOptions::default()).await;
            assert_eq!((whole.status.state, whole.files.len()), (SyncState::Completed, 45));
            let same = app.client.list(access, &session.key).await.unwrap();
            assert_eq!((same.status.state, dated(&same)), (SyncState::Partial, dated(&list)));
        }
    }
}
