//! A person looks at what an app asks and answers once; what she said holds, and everything else is refused whole.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use consent_client::{
    Authorization, AuthorizeOptions, ReferenceOptions, SessionOptions, SyncState, Url, reqwest::Method,
};
use consent_core::Clock;
use consent_crypto::digest::{hex, sha256};
use consent_gateway::worker;
use harness::{Answer, MockApp, Person, Shared, TestPlatform, Yes, stories};
use serde_json::{Value, json};

const DEAD: &str = "401 InvalidToken";

/// The kinds of data that a final list of a new session has, and how many files.
async fn kinds(app: &MockApp, shared: &Shared) -> (BTreeSet<String>, usize) {
    let (_, list) = app.reads(shared).await.unwrap();
    let count = list.files.len();
    (list.files.into_iter().filter_map(|file| file.object_type).collect(), count)
}

fn set(kinds: &[&str]) -> BTreeSet<String> {
    kinds.iter().map(|&kind| kind.to_owned()).collect()
}

/// What comes of opening a session.
async fn used(app: &MockApp, shared: &Shared) -> String {
    let session = SessionOptions::default();
    MockApp::outcome(&app.client.trigger(&shared.tokens.access.value, &session).await)
}

/// What a person is asked.
async fn question(person: &Person<'_>, asked: &Authorization) -> Value {
    person.on(Method::GET, asked, "", None).await.ok()
}

/// Her answer to what she is asked, with the hash of what she was shown.
async fn says(person: &Person<'_>, asked: &Authorization, mut answer: Value) -> Answer {
    answer["textHash"] = question(person, asked).await["textHash"].clone();
    person.on(Method::POST, asked, "/approve", Some(&answer)).await
}

async fn declines(person: &Person<'_>, asked: &Authorization) -> Answer {
    person.on(Method::POST, asked, "/decline", None).await
}

/// The ids of her accounts, by their sources.
async fn account(person: &Person<'_>, source: i64) -> Value {
    let accounts = person.call(Method::GET, "/me/accounts", None).await.ok();
    let mut accounts = accounts["items"].as_array().unwrap().iter();
    accounts.find(|account| account["sourceId"] == source).unwrap()["id"].clone()
}

/// Her chain, oldest first.
async fn chain(person: &Person<'_>) -> Vec<Value> {
    let events = person.call(Method::GET, "/me/events", None).await.ok();
    events["items"].as_array().unwrap().clone()
}

/// What was done, and by whom.
fn acts(events: &[Value]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (text(event, "/act/type"), text(event, "/actor/kind"))).collect()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

/// Publishes a new version of an app's contract.
async fn revises(platform: &TestPlatform, app: &MockApp, contract: &str, change: impl FnOnce(&mut Value)) {
    let path = format!("/api/v1/apps/{}/contracts/{}", app.id, app.contract_id);
    let document = MockApp::document(contract, "app-1", change);
    let _ = platform.call(Method::PUT, &path, Some(&app.api_key), Some(&document)).await.ok();
}

/// A contract document's scope is cut down to what was played.
fn plays_only(document: &mut Value) {
    let plays = json!([{ "id": 5, "serviceTypes": [{ "id": 19, "serviceObjectTypes": [{ "id": 406 }] }] }]);
    document["scope"]["serviceGroups"] = plays;
}

fn parameter(url: &Url, wanted: &str) -> Option<String> {
    url.query_pairs().find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
}

/// Nothing that a yes makes has been made.
async fn nothing_was_granted(platform: &TestPlatform) {
    for table in ["consent_grant", "grant_key", "grant_shelf", "authorization_code", "event"] {
        assert_eq!(platform.rows(table).await, 0, "{table}");
    }
}

stories! {
    async fn she_shares_the_accounts_she_chooses(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        ada.connects(&[16, 17]).await;
        eve.connects(&[16]).await;
        let asked = app.asks().await;
        for foreign in [account(&eve, 16).await, json!("acc00000000000000000000000000")] {
            let refused = says(&ada, &asked, json!({ "accounts": [foreign] })).await;
            assert_eq!(refused.refusal(), "404 AccountNotFound");
        }
        nothing_was_granted(&platform).await;

        let Yes { shared, grant } =
            ada.approves_with(&app, &json!({ "accounts": [account(&ada, 16).await] })).await;
        let (session, list) = app.reads(&shared).await.unwrap();
        assert!(list.files.iter().all(|file| file.service_name.as_deref() == Some("spotify")));
        assert_eq!((list.files.len(), list.status.details.len()), (17, 1));
        assert_eq!(app.client.accounts(&shared.tokens.access.value).await.unwrap().len(), 1);
        let _ = session;
        let kept = ada.call(Method::GET, &format!("/me/grants/{grant}"), None).await.ok();
        assert_eq!(
            (&kept["accounts"], &kept["ownFiles"]),
            (&json!([account(&ada, 16).await]), &json!(false))
        );
    }

    async fn her_own_files_are_shared_when_she_says_so(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let file = harness::fixture("samples/own/transactions.json");
        let _ = ada.uploads("bank.json", "application/json", file).await.ok();
        let without = ada.approves_with(&app, &json!({})).await.shared;
        let with = ada.approves_with(&app, &json!({ "ownFiles": true })).await.shared;
        assert_eq!(kinds(&app, &without).await, (set(&[]), 0));
        assert_eq!(kinds(&app, &with).await.0, set(&["transaction"]));
    }

    async fn what_is_optional_may_be_left_out_and_nothing_else(platform: TestPlatform) {
        let app = platform.app("read-optional").await;
        let ada = platform.person("ada").await;
        ada.connects(&[17, 18, 25]).await;
        let asked = app.asks().await;
        for kept in [json!([201]), json!([300, 201]), json!([9_999])] {
            let refused = says(&ada, &asked, json!({ "leftOut": kept })).await;
            assert_eq!(refused.refusal(), "422 ValidationErrors");
            assert_eq!(refused.json["errors"][0]["field"], "leftOut");
        }
        let refused = says(&ada, &asked, json!({ "futureAccounts": true })).await;
        assert_eq!(refused.json["errors"][0]["field"], "futureAccounts");
        nothing_was_granted(&platform).await;

        let some = ada.approves_with(&app, &json!({ "leftOut": [300, 501] })).await.shared;
        let all = ada.approves(&app).await.shared;
        let least = ada.approves_with(&app, &json!({ "leftOut": [300, 301, 500, 501] })).await.shared;
        let everything =
            ["activity", "dailyactivitysummary", "transaction", "vehicleregistration", "vehicletest"];
        assert_eq!(kinds(&app, &all).await.0, set(&everything));
        assert_eq!(kinds(&app, &some).await.0, set(&["dailyactivitysummary", "transaction", "vehicletest"]));
        assert_eq!(kinds(&app, &least).await.0, set(&["transaction"]));
        let list = app.lists(&some, &some.session).await.unwrap();
        assert!(list.files.iter().all(|file| file.object_type.as_deref() != Some("activity")));
    }

    async fn a_yes_to_a_text_that_has_changed_is_refused(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let asked = app.asks().await;
        let old = question(&ada, &asked).await;
        revises(&platform, &app, "read", |document| {
            document["purpose"]["summary"] = "Something else.".into();
        })
        .await;
        let answer = json!({ "textHash": old["textHash"] });
        let stale = ada.on(Method::POST, &asked, "/approve", Some(&answer)).await;
        assert_eq!(stale.refusal(), "422 ValidationErrors");
        assert_eq!(stale.json["errors"][0]["field"], "textHash");
        let hashless = ada.on(Method::POST, &asked, "/approve", Some(&json!({}))).await;
        assert_eq!(hashless.json["errors"][0]["field"], "textHash");
        nothing_was_granted(&platform).await;

        let new = question(&ada, &asked).await;
        assert_eq!((&old["version"], &new["version"]), (&json!(1), &json!(2)));
        assert_eq!(new["document"]["purpose"]["summary"], "Something else.");
        let (grant, _) = ada.answers(&asked, &json!({})).await;
        let kept = ada.call(Method::GET, &format!("/me/grants/{grant}"), None).await.ok();
        assert_eq!((&kept["version"], &kept["textHash"]), (&json!(2), &new["textHash"]));
    }

    async fn a_no_is_recorded_and_closes_the_session(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let before = ada.approves(&app).await.shared;
        let asked = app.asks().await;
        let location: Url = declines(&ada, &asked).await.ok()["location"].as_str().unwrap().parse().unwrap();
        let told = ["success", "errorCode", "state", "code"].map(|name| parameter(&location, name));
        assert_eq!(told, [Some("false".into()), Some("USER_CANCEL".into()), Some("a state".into()), None]);
        let list = app.client.list(&before.tokens.access.value, &asked.session.key).await;
        assert_eq!(MockApp::outcome(&list), "404 SessionInvalid");

        let again = declines(&ada, &asked).await.ok();
        assert_eq!(again["location"], location.as_str(), "the same no");
        assert_eq!(declines(&platform.person("eve").await, &asked).await.refusal(), "409 INVALID_CODE");
        let changed_mind = ada.on(Method::POST, &asked, "/approve", Some(&json!({ "textHash": "" }))).await;
        assert_eq!(changed_mind.refusal(), "409 INVALID_CODE");
        assert_eq!(ada.on(Method::GET, &asked, "", None).await.refusal(), "409 INVALID_CODE");
        assert_eq!(acts(&chain(&ada).await), [("granted", "person"), ("declined", "person")]);
        assert_eq!(used(&app, &before).await, "ok");
    }

    async fn of_two_answers_at_once_one_counts(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let asked = app.asks().await;
        // Both tabs show the question before she answers in either.
        let answer = json!({ "textHash": question(&ada, &asked).await["textHash"] });
        let approves =
            async |asked: &Authorization| ada.on(Method::POST, asked, "/approve", Some(&answer)).await;
        let (one, other) = tokio::join!(approves(&asked), approves(&asked));
        assert_eq!([one.refusal(), other.refusal()], ["200 ", "200 "]);
        assert_eq!(one.json["grantId"], other.json["grantId"]);
        let mut exchanged = Vec::new();
        for answer in [one, other] {
            exchanged.push(exchanges(&app, &asked, &answer).await);
        }
        exchanged.sort_unstable();
        assert_eq!(exchanged, ["400 InvalidGrant", "ok"], "one code replaces the other");
        assert_eq!((platform.rows("consent_grant").await, platform.rows("event").await), (1, 1));

        let asked = app.asks().await;
        let (yes, no) = tokio::join!(approves(&asked), declines(&ada, &asked));
        assert!([&yes, &no].iter().all(|answer| answer.status == 200 || answer.refusal() == "409 INVALID_CODE"));
        assert_eq!(u8::from(yes.status == 200) + u8::from(no.status == 200), 1);
        let grants = 1 + i64::from(yes.status == 200);
        assert_eq!((platform.rows("consent_grant").await, platform.rows("event").await), (grants, 2));
        if yes.status == 200 {
            let location: Url = yes.json["location"].as_str().unwrap().parse().unwrap();
            let code = asked.answer(&location).unwrap();
            let tokens = app.client.exchange(&code, &asked.code_verifier).await.unwrap();
            let shared = Shared { tokens, session: asked.session.clone(), callback: location };
            assert_eq!(app.lists(&shared, &asked.session).await.unwrap().status.state, SyncState::Completed);
        }
    }

    async fn a_yes_sent_twice_is_one_and_the_first_code_used_ends_the_other(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let asked = app.asks().await;
        let first = says(&ada, &asked, json!({})).await;
        assert_eq!(says_blindly(&eve, &asked).await, "409 INVALID_CODE", "it was not her yes");
        assert_eq!(declines(&ada, &asked).await.refusal(), "409 INVALID_CODE", "a yes is taken back elsewhere");
        let resent = json!({ "textHash": "" });
        let second = ada.on(Method::POST, &asked, "/approve", Some(&resent)).await;
        assert_eq!(first.json["grantId"], second.json["grantId"]);
        // Nobody knows which of the two answers her browser follows.
        assert_eq!(platform.rows("authorization_code").await, 2);
        assert_eq!(exchanges(&app, &asked, &first).await, "ok");
        assert_eq!(exchanges(&app, &asked, &second).await, "400 InvalidGrant");
        assert_eq!(platform.rows("authorization_code").await, 1);
        assert_eq!(platform.rows("token_pair").await, 1, "a refused code revokes nothing");
        assert_eq!(says_blindly(&ada, &asked).await, "409 INVALID_CODE", "the code was used");
        assert_eq!((platform.rows("consent_grant").await, platform.rows("event").await), (1, 1));
        assert_eq!(platform.rows("grant_key").await, 1);
    }

    async fn a_yes_is_sent_again_for_ten_minutes_and_not_after_the_grant_has_ended(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let (late, revoked) = (app.asks().await, app.asks().await);
        assert_eq!(says(&ada, &late, json!({})).await.status, 200);
        let yes = says(&ada, &revoked, json!({})).await.ok();
        assert_eq!(ada.acts(text(&yes, "/grantId"), "revoke").await.status, 200);
        assert_eq!(says_blindly(&ada, &revoked).await, "409 INVALID_CODE");
        platform.wait(TimeDelta::seconds(599));
        assert_eq!(says_blindly(&ada, &late).await, "200 ");
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(says_blindly(&ada, &late).await, "409 INVALID_CODE");
        assert_eq!(platform.rows("consent_grant").await, 2);
    }

    async fn a_request_waits_ten_minutes_from_each_look_and_an_hour_in_all(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let (left_alone, looked_at) = (app.asks().await, app.asks().await);
        for _ in 0..6 {
            question(&ada, &looked_at).await;
            platform.wait(TimeDelta::seconds(599));
        }
        assert_eq!(ada.on(Method::GET, &left_alone, "", None).await.refusal(), "404 INVALID_CODE");
        assert_eq!(says_blindly(&ada, &left_alone).await, "404 INVALID_CODE");
        question(&ada, &looked_at).await;
        platform.wait(TimeDelta::seconds(6));
        assert_eq!(ada.on(Method::GET, &looked_at, "", None).await.refusal(), "404 INVALID_CODE");
        assert_eq!(says_blindly(&ada, &looked_at).await, "404 INVALID_CODE");
        assert_eq!(declines(&ada, &looked_at).await.refusal(), "404 INVALID_CODE");
        nothing_was_granted(&platform).await;
        assert_eq!(used(&app, &ada.approves(&app).await.shared).await, "ok");
    }

    async fn a_request_that_names_nobody_is_answered_by_whoever_comes_first(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let asked = app.asks().await;
        question(&ada, &asked).await;
        let (grant, _) = eve.answers(&asked, &json!({})).await;
        assert_eq!(ada.on(Method::GET, &asked, "", None).await.refusal(), "409 INVALID_CODE");
        assert_eq!(says_blindly(&ada, &asked).await, "409 INVALID_CODE");
        assert_eq!(
            ada.call(Method::GET, &format!("/me/grants/{grant}"), None).await.refusal(),
            "404 GrantNotFound"
        );
        assert!(chain(&ada).await.is_empty());
    }

    async fn a_request_that_names_a_person_is_nobody_elses_to_answer(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let yes = ada.approves(&app).await;
        ada.revokes(&yes).await;
        let token = Some(yes.shared.tokens.access.value);
        let options = AuthorizeOptions {
            state: "a state".to_owned(),
            access_token: token,
            ..AuthorizeOptions::default()
        };
        let asked = app.client.authorize(&options).await.unwrap();
        assert_eq!(eve.on(Method::GET, &asked, "", None).await.refusal(), "404 INVALID_CODE");
        assert_eq!(says_blindly(&eve, &asked).await, "404 INVALID_CODE");
        assert_eq!(declines(&eve, &asked).await.refusal(), "404 INVALID_CODE");
        assert!(chain(&eve).await.is_empty());
        let (_, callback) = ada.answers(&asked, &json!({})).await;
        assert!(asked.answer(&callback).is_ok());
    }

    async fn a_grant_ends_when_she_or_the_contract_said(platform: TestPlatform) {
        let week = |document: &mut Value| document["grantFor"] = "P7D".into();
        let app = MockApp::register(&platform, "read", "app-1", week).await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let now = platform.clock.now();
        let at = |after: TimeDelta| json!({ "endsAt": (now + after).to_rfc3339() });
        let asked = app.asks().await;
        for past in [TimeDelta::zero(), TimeDelta::hours(-1)] {
            let refused = says(&ada, &asked, at(past)).await;
            assert_eq!(refused.json["errors"][0]["field"], "endsAt");
        }
        nothing_was_granted(&platform).await;
        let short = ada.approves_with(&app, &at(TimeDelta::hours(1))).await;
        let long = ada.approves_with(&app, &at(TimeDelta::days(30))).await;
        let ends = ada.call(Method::GET, &format!("/me/grants/{}", long.grant), None).await.ok();
        assert_eq!(
            ends["expiresAt"].as_str(),
            Some("2026-06-08T12:00:00.000Z"),
            "no later than the contract says"
        );

        let (session, list) = app.reads(&short.shared).await.unwrap();
        platform.wait(TimeDelta::seconds(3_599));
        assert_eq!(used(&app, &short.shared).await, "ok");
        platform.wait(TimeDelta::seconds(1));
        let tokens = &short.shared.tokens;
        assert_eq!(used(&app, &short.shared).await, DEAD);
        let fetched = app.client.fetch(&tokens.access.value, &session.key, &list.files[0].name).await;
        assert_eq!(MockApp::outcome(&fetched), DEAD);
        assert_eq!(MockApp::outcome(&app.client.refresh(&tokens.refresh.value).await), DEAD);
        let stage =
            ada.call(Method::GET, &format!("/me/grants/{}", short.grant), None).await.ok()["stage"].clone();
        assert_eq!((stage, chain(&ada).await.len()), (json!("expired"), 2), "expired and not yet swept");
        assert_eq!(ada.acts(&short.grant, "resume").await.refusal(), "409 GrantRefused");

        for _ in 0..2 {
            worker::sweep(&platform.inner).await.unwrap();
        }
        assert_eq!(acts(&chain(&ada).await)[2..], [("expired", "clock"), ("signalled", "clock")]);
        assert_eq!(platform.rows("grant_key").await, 1);
        assert_eq!(used(&app, &short.shared).await, DEAD);
        assert_eq!(used(&app, &long.shared).await, "ok");
        platform.wait(TimeDelta::days(7));
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!((platform.rows("grant_key").await, platform.rows("token_pair").await), (0, 0));
        let noted = ["expired", "signalled", "expired", "signalled", "overdue", "overdue"];
        assert_eq!(acts(&chain(&ada).await)[2..], noted.map(|act| (act, "clock")), "and an app that says nothing");
    }

    async fn a_contract_that_asks_for_less_gets_less_at_once_and_for_more_nothing(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16, 18]).await;
        let shared = ada.approves(&app).await.shared;
        let (session, list) = app.reads(&shared).await.unwrap();
        let walk =
            &list.files.iter().find(|file| file.service_name.as_deref() == Some("garmin")).unwrap().name;
        revises(&platform, &app, "read", plays_only).await;
        assert_eq!(kinds(&app, &shared).await, (set(&["playhistory"]), 15));
        let fetched = app.client.fetch(&shared.tokens.access.value, &session.key, walk).await;
        assert_eq!(MockApp::outcome(&fetched), "404 FileNotFound");

        let narrow = ada.approves(&app).await.shared;
        revises(&platform, &app, "read", |_| {}).await;
        assert_eq!(kinds(&app, &narrow).await, (set(&["playhistory"]), 15), "she agreed to no more");
        assert_eq!(kinds(&app, &shared).await.1, 15, "what the app gave up once waits for another yes");
        assert_eq!(kinds(&app, &ada.approves(&app).await.shared).await.1, 62);
    }

    async fn criteria_of_a_raw_contract_narrow_old_grants_too(platform: TestPlatform) {
        let lasting = |document: &mut Value| document["ongoing"] = true.into();
        let app = MockApp::register(&platform, "read-raw", "app-1", lasting).await;
        let ada = platform.person("ada").await;
        ada.connects(&[255]).await;
        let shared = ada.approves(&app).await.shared;
        assert_eq!(kinds(&app, &shared).await.1, 2);
        revises(&platform, &app, "read-raw", |document| {
            document["ongoing"] = true.into();
            document["scope"]["criteria"][0]["metadata"]["mimeType"] =
                json!(["application/pdf", "image/jpeg"]);
        })
        .await;
        assert_eq!(kinds(&app, &shared).await.1, 1);
        revises(&platform, &app, "read-raw", |document| {
            document["ongoing"] = true.into();
            document["scope"]["criteria"][0]["metadata"]["mimeType"] = json!(["image/jpeg"]);
        })
        .await;
        assert_eq!(kinds(&app, &shared).await.1, 0);
    }

    async fn her_chain_of_events_names_every_act_in_order_and_checks(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let yes = ada.approves(&app).await;
        ada.stops(&yes).await;
        assert_eq!(ada.acts(&yes.grant, "stop").await.refusal(), "409 GrantRefused");
        ada.resumes(&yes).await;
        assert_eq!(ada.acts(&yes.grant, "resume").await.refusal(), "409 GrantRefused");
        ada.revokes(&yes).await;
        for verb in ["stop", "resume", "revoke"] {
            assert_eq!(ada.acts(&yes.grant, verb).await.refusal(), "409 GrantRefused");
        }
        let events = chain(&ada).await;
        let expected = ["granted", "stopped", "signalled", "resumed", "signalled", "revoked", "signalled"];
        let expected = expected.map(|act| (act, "person"));
        assert_eq!(acts(&events), expected);
        let mut previous = Value::Null;
        for (seq, event) in (1..).zip(&events) {
            let body = event["body"].as_str().unwrap();
            assert_eq!(event["id"], hex(&sha256(body.as_bytes())));
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!((&body["previous"], &event["previous"]), (&previous, &previous));
            assert_eq!(
                (&body["seq"], &body["act"], &body["person"]),
                (&json!(seq), &event["act"], &json!(ada.id))
            );
            assert_eq!(body["act"]["grant"], yes.grant);
            previous = event["id"].clone();
        }
        let grant = ada.call(Method::GET, &format!("/me/grants/{}", yes.grant), None).await.ok();
        assert_eq!(events[0]["act"]["textHash"], grant["textHash"]);
    }

    async fn a_real_person_is_never_onboarded_without_a_page(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let shared = ada.approves(&app).await.shared;
        let automatic = [("service", "16"), ("sampleDataSet", "ada"), ("sampleDataAutoOnboard", "true")];
        let options = ReferenceOptions { state: Some("x&y".to_owned()), ..ReferenceOptions::default() };
        let reference = app.client.reference(&shared.tokens.access.value, &options).await.unwrap();
        let token = Some(shared.tokens.access.value.clone());
        let options =
            AuthorizeOptions { state: "x&y".to_owned(), access_token: token, ..AuthorizeOptions::default() };
        let asked = app.client.authorize(&options).await.unwrap();
        for page in [reference.onboard_url(&automatic), asked.consent_url(&automatic)] {
            let back = platform.visit(&page).await;
            let told = ["success", "errorCode", "state", "code"].map(|name| parameter(&back, name));
            assert_eq!(
                told,
                [Some("false".into()), Some("INITIALIZE_CHECK_FAIL".into()), Some("x&y".into()), None]
            );
        }
        assert_eq!((platform.rows("account").await, platform.rows("consent_grant").await), (0, 1));
        assert_eq!(platform.rows("person").await, 1);
        let (_, callback) = ada.answers(&asked, &json!({})).await;
        assert_eq!(parameter(&callback, "success").as_deref(), Some("true"));
    }

    async fn a_contract_that_no_sample_can_serve_is_not_granted_on_the_way(platform: TestPlatform) {
        let app = platform.app("write").await;
        let options = AuthorizeOptions { state: "s".to_owned(), ..AuthorizeOptions::default() };
        let asked = app.client.authorize(&options).await.unwrap();
        let back = platform.visit(&asked.consent_url(&[("sampleDataAutoOnboard", "true")])).await;
        assert_eq!(parameter(&back, "errorCode").as_deref(), Some("ONBOARD_ERROR"));
        assert_eq!((platform.rows("person").await, platform.rows("consent_grant").await), (0, 0));
    }

    async fn what_cannot_be_onboarded_goes_back_to_the_app_with_its_state(platform: TestPlatform) {
        let app = platform.app("read").await;
        let state = "ä &=+%20/?#\"'\\<>\u{1f30d}";
        let options = AuthorizeOptions { state: state.to_owned(), ..AuthorizeOptions::default() };
        let asked = app.client.authorize(&options).await.unwrap();
        let auto = ("sampleDataAutoOnboard", "true");
        for (parameters, expected) in [
            ([("service", "16"), ("sampleDataSet", "nobody"), auto], "ONBOARD_ERROR"),
            ([("service", "99999"), ("sampleDataSet", "ada"), auto], "ONBOARD_ERROR"),
            ([("service", "2"), ("sampleDataSet", "ada"), auto], "ONBOARD_ERROR"),
            ([("service", "sixteen"), ("sampleDataSet", "ada"), auto], "INITIALIZE_CHECK_FAIL"),
        ] {
            let back = platform.visit(&asked.consent_url(&parameters)).await;
            assert!(back.as_str().starts_with(MockApp::CALLBACK), "{back}");
            let told = ["success", "errorCode", "state"].map(|name| parameter(&back, name));
            assert_eq!(told, [Some("false".into()), Some(expected.into()), Some(state.to_owned())]);
        }
        assert_eq!((platform.rows("person").await, platform.rows("library").await), (0, 0));
        nothing_was_granted(&platform).await;
        let back = platform.visit(&asked.consent_url(&[("service", "16"), auto])).await;
        assert!(asked.answer(&back).is_ok());
        assert_eq!(parameter(&back, "state").as_deref(), Some(state));
    }

    async fn a_code_that_is_none_gets_a_page_and_no_redirect(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let reference =
            app.client.reference(&shared.tokens.access.value, &ReferenceOptions::default()).await.unwrap();
        let (asked, used_up) = (app.asks().await, app.asks().await);
        let auto = [("service", "16"), ("sampleDataAutoOnboard", "true")];
        platform.visit(&used_up.consent_url(&auto)).await;
        let pages = [
            ("authorize", ""),
            ("authorize", "?code="),
            ("authorize", "?code=nonsense"),
            ("onboard", "?code=%00"),
            ("authorize", &format!("?code={}", reference.url_code.expose())),
            ("onboard", &format!("?code={}", asked.url_code.expose())),
            ("authorize", &format!("?code={}", used_up.url_code.expose())),
        ];
        for (page, query) in pages {
            let url = format!("{}/apps/saas/{page}{query}&sampleDataAutoOnboard=true", platform.url);
            let answer = platform.http().get(&url).send().await.unwrap();
            assert!(answer.status().is_client_error(), "{url}: {}", answer.status());
            assert!(!answer.headers().contains_key("location"), "{url}");
            assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        }
        assert!(asked.answer(&platform.visit(&asked.consent_url(&auto)).await).is_ok(), "still open");
    }

    async fn text_that_a_database_cannot_keep_is_refused(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let access = &shared.tokens.access.value;
        let requests = platform.rows("authorization_request").await;
        for state in ["a\0b".to_owned(), "a".repeat(4_097)] {
            let options = AuthorizeOptions { state: state.clone(), ..AuthorizeOptions::default() };
            assert_eq!(MockApp::outcome(&app.client.authorize(&options).await), "400 InvalidRequest");
            let options = ReferenceOptions { state: Some(state), ..ReferenceOptions::default() };
            assert_eq!(MockApp::outcome(&app.client.reference(access, &options).await), "400 InvalidRequest");
        }
        let accounts = vec!["19_\0".to_owned()];
        let session = SessionOptions { source_fetch_accounts: accounts, ..SessionOptions::default() };
        assert_eq!(MockApp::outcome(&app.client.trigger(access, &session).await), "400 ValidationErrors");
        let handle = app.client.handle(consent_client::HandleKind::Account, "19_\0").await;
        assert_eq!(MockApp::outcome(&handle), "400 InvalidRequest");
        assert_eq!(platform.rows("authorization_request").await, requests);
        assert_eq!(used(&app, &shared).await, "ok");
    }
}

/// What the app makes of the answer it got.
async fn exchanges(app: &MockApp, asked: &Authorization, answer: &Answer) -> String {
    let location: Url = text(&answer.json, "/location").parse().unwrap();
    let code = asked.answer(&location).unwrap();
    MockApp::outcome(&app.client.exchange(&code, &asked.code_verifier).await)
}

/// What comes of a yes to a question that she was not shown.
async fn says_blindly(person: &Person<'_>, asked: &Authorization) -> String {
    person.on(Method::POST, asked, "/approve", Some(&json!({ "textHash": "" }))).await.refusal()
}

mod outside_the_sandbox {
    use consent_client::{App, AppConfig};

    use super::*;

    const CALLBACK: &str = "https://app.example/callback";

    /// An app whose browsers come back over https.
    async fn app(platform: &TestPlatform) -> MockApp {
        let secure = |document: &mut Value| document["redirectUris"] = json!([CALLBACK]);
        let mut app = MockApp::register(platform, "read", "app-1", secure).await;
        let config = AppConfig {
            base: platform.url.parse().unwrap(),
            app_id: app.id.clone(),
            contract_id: app.contract_id.clone(),
            private_key_pem: app.private_key.clone(),
            redirect_uri: CALLBACK.to_owned(),
        };
        app.client = App::new(config, app.ambient().clone()).unwrap();
        app
    }

    stories! {
        with |config| config.server.sandbox = false;

        async fn nobody_is_onboarded_without_a_page(platform: TestPlatform) {
            let app = app(&platform).await;
            let asked = app.asks().await;
            let page = asked.consent_url(&[("sampleDataSet", "ada"), ("sampleDataAutoOnboard", "true")]);
            let back = platform.visit(&page).await;
            assert_eq!(parameter(&back, "success").as_deref(), Some("false"));
            assert_eq!(parameter(&back, "errorCode").as_deref(), Some("INITIALIZE_CHECK_FAIL"));
            assert_eq!(platform.rows("person").await, 0);

            let ada = platform.person("ada").await;
            let body = json!({ "sourceId": 16, "sampleDataSet": "ada" });
            let connected = ada.call(Method::POST, "/me/accounts", Some(&body)).await;
            assert_eq!(connected.refusal(), "403 SandboxOnly");
            let (_, callback) = ada.answers(&asked, &json!({})).await;
            assert!(callback.as_str().starts_with(CALLBACK) && asked.answer(&callback).is_ok());
        }
    }
}
