//! A contract says something else by and by: what it gives up holds at once for everybody, what it asks for in addition
//! waits for each person's yes, and apps are told what to delete.

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_core::PersonId;
use consent_crypto::{Secret, SecretKind};
use consent_gateway::{
    flows::{self, ChangeAnswer, FlowError, SignedIn},
    worker,
};
use consent_people::LibraryState;
use harness::{Answer, MockApp, Person, Receiver, Shared, TestPlatform, Yes, stories};
use serde_json::{Value, json};

/// A contract document about what was played, and nothing else.
fn plays_only(document: &mut Value) {
    let plays = json!([{ "id": 5, "serviceTypes": [{ "id": 19, "serviceObjectTypes": [{ "id": 406 }] }] }]);
    document["scope"]["serviceGroups"] = plays;
}

/// Spotify and Garmin, shared with an app that asks for all, or for what was played alone.
async fn agreed(platform: &TestPlatform, change: fn(&mut Value)) -> (MockApp, Person<'_>, Yes) {
    let app = MockApp::register(platform, "read", "app-1", change).await;
    let ada = platform.person("ada").await;
    ada.connects(&[16, 18]).await;
    let yes = ada.approves(&app).await;
    (app, ada, yes)
}

/// Whose files a new session lists: names of services, each once.
async fn reads(app: &MockApp, shared: &Shared) -> Vec<String> {
    let (_, list) = app.reads(shared).await.unwrap();
    let mut names: Vec<_> = list.files.into_iter().filter_map(|file| file.service_name).collect();
    names.sort();
    names.dedup();
    names
}

async fn change(person: &Person<'_>, grant: &str) -> Value {
    person.call(Method::GET, &format!("/me/grants/{grant}/change"), None).await.ok()
}

fn fields(lines: &Value) -> Vec<&str> {
    let mut fields: Vec<_> =
        lines.as_array().unwrap().iter().map(|line| line["field"].as_str().unwrap()).collect();
    fields.dedup();
    fields
}

/// Her answer to the change that she is shown.
async fn says(person: &Person<'_>, grant: &str, verb: &str) -> Answer {
    let shown = change(person, grant).await;
    says_to(person, grant, verb, &shown["textHash"]).await
}

async fn says_to(person: &Person<'_>, grant: &str, verb: &str, text_hash: &Value) -> Answer {
    let body = json!({ "textHash": text_hash });
    person.call(Method::POST, &format!("/me/grants/{grant}/change/{verb}"), Some(&body)).await
}

async fn grant(person: &Person<'_>, yes: &Yes) -> Value {
    person.call(Method::GET, &format!("/me/grants/{}", yes.grant), None).await.ok()
}

/// Her receipts, the latest first, each of which verifies.
async fn receipts(platform: &TestPlatform, person: &Person<'_>) -> Vec<Value> {
    let list = person.call(Method::GET, "/me/receipts", None).await.ok();
    let mut claims = Vec::new();
    for receipt in list["items"].as_array().unwrap() {
        let body = json!({ "receipt": receipt["receipt"] });
        let verdict = platform.call(Method::POST, "/api/v1/receipts/verify", None, Some(&body)).await.ok();
        assert_eq!(verdict["valid"], true, "{verdict}");
        claims.push(receipt.clone());
    }
    claims
}

fn kinds(receipts: &[Value]) -> Vec<&str> {
    receipts.iter().map(|receipt| receipt["kind"].as_str().unwrap()).collect()
}

/// What was changed, as her chain has it: in what way, from which version to which, and by whom. The chain verifies.
async fn changes(platform: &TestPlatform, person: &Person<'_>) -> Vec<(String, i64, i64, String)> {
    let chain =
        consent_events::verify_stored(&platform.inner.db, person.id.parse::<PersonId>().unwrap(), None).await;
    assert!(chain.is_ok(), "{chain:?}");
    let events = person.call(Method::GET, "/me/events", None).await.ok();
    let events = events["items"].as_array().unwrap().clone();
    let changed = events.into_iter().filter(|event| event["act"]["type"] == "changed");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    changed
        .map(|event| {
            let act = &event["act"];
            let (from, to) = (act["from"].as_i64().unwrap(), act["to"].as_i64().unwrap());
            (text(&act["what"]), from, to, text(&event["actor"]["kind"]))
        })
        .collect()
}

/// What she sees of what the app was told.
async fn told(person: &Person<'_>, yes: &Yes) -> Vec<String> {
    let list = person.call(Method::GET, &format!("/me/grants/{}/signals", yes.grant), None).await.ok();
    let kinds = list["items"].as_array().unwrap().iter();
    kinds.map(|signal| signal["kind"].as_str().unwrap().to_owned()).collect()
}

async fn in_person(platform: &TestPlatform, person: &Person<'_>) -> SignedIn {
    let secret = Secret::parse(SecretKind::SignIn, &person.token).unwrap();
    let now = platform.inner.ambient.now();
    let found = consent_people::find_sign_in(&platform.inner.db, &secret, now).await;
    SignedIn { sign_in: found.unwrap().unwrap(), secret }
}

fn way(what: &str, from: i64, to: i64, by: &str) -> (String, i64, i64, String) {
    (what.to_owned(), from, to, by.to_owned())
}

stories! {
    async fn what_a_contract_gives_up_is_cut_at_once_then_noted_told_and_proved(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform, |_| {}).await;
        let receiver = Receiver::start(&platform, &app).await;
        assert_eq!(reads(&app, &yes.shared).await, ["garmin", "spotify"]);
        app.revises(&platform, "read", plays_only).await;
        assert_eq!(reads(&app, &yes.shared).await, ["spotify"], "before anybody has gone through the grants");
        assert_eq!(grant(&ada, &yes).await["accounts"].as_array().unwrap().len(), 2);

        worker::narrow(&platform.inner).await.unwrap();
        platform.delivers().await;
        let signal = receiver.last().await;
        assert_eq!((signal.kind.as_str(), &signal.event["seq"]), ("scope-narrowed", &json!(2)));
        assert_eq!(signal.event["consent_id"], yes.grant.as_str());
        let narrowed = grant(&ada, &yes).await;
        assert_eq!((&narrowed["version"], &narrowed["seq"]), (&json!(1), &json!(2)));
        assert_eq!(narrowed["stage"], "active");
        assert_eq!(narrowed["accounts"].as_array().unwrap().len(), 1, "nothing is left of Garmin");
        let receipts = receipts(&platform, &ada).await;
        assert_eq!(kinds(&receipts), ["changed", "given"]);
        assert_eq!(signal.event["receipt_id"], receipts[0]["id"]);
        assert_eq!(changes(&platform, &ada).await, [way("scopeNarrowed", 1, 2, "app")]);

        let done = receiver.report(&signal, "completed", &receiver.evidence());
        assert_eq!(receiver.reports(&done).await.ok()["state"], "completed");
        assert_eq!(grant(&ada, &yes).await["stage"], "active", "only what lies outside was erased");
        let nothing = change(&ada, &yes.grant).await;
        assert_eq!(nothing["waiting"], false);
        assert_eq!(fields(&nothing["narrowed"]), ["scope.serviceGroups"]);
        assert_eq!(says(&ada, &yes.grant, "accept").await.refusal(), "409 NoChangeWaiting");
        platform.wait(TimeDelta::seconds(1));
        ada.stops(&yes).await;
        platform.wait(TimeDelta::seconds(1));
        ada.resumes(&yes).await;
        assert_eq!(reads(&app, &yes.shared).await, ["spotify"], "a resume gives no more back");
        worker::narrow(&platform.inner).await.unwrap();
        assert_eq!(told(&ada, &yes).await, ["scope-narrowed", "sharing-stopped", "sharing-resumed"]);
    }

    async fn many_grants_are_gone_through_one_by_one_whoever_is_killed_on_the_way(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform, |_| {}).await;
        let mut all = vec![yes];
        for _ in 0..3 {
            platform.wait(TimeDelta::seconds(1));
            all.push(ada.approves(&app).await);
        }
        ada.stops(&all[1]).await;
        ada.revokes(&all[2]).await;
        app.revises(&platform, "read", plays_only).await;
        let noted = async || {
            let mut noted = Vec::new();
            for yes in &all {
                noted.push(told(&ada, yes).await.iter().filter(|kind| *kind == "scope-narrowed").count());
            }
            noted
        };
        assert!(flows::narrow_grants(&platform.inner, 1).await.unwrap(), "there may be more");
        assert_eq!(noted().await, [1, 0, 0, 0]);

        // Somebody takes over, goes through one, and dies before noting how far it came.
        let tx = platform.inner.db.begin_write().await.unwrap();
        let lease = TimeDelta::minutes(2);
        let claimed = consent_grants::claim_narrowing(&tx, lease, &platform.inner.ambient).await.unwrap();
        tx.commit().await.unwrap();
        assert!(claimed.is_some_and(|claimed| claimed.after.is_some()), "from where the first one came to");
        assert!(!flows::narrow_grants(&platform.inner, 1).await.unwrap(), "it may still be at it");
        assert_eq!(noted().await, [1, 0, 0, 0]);
        platform.wait(TimeDelta::minutes(3));
        let replica = platform.replica().await;
        worker::narrow(&replica.inner).await.unwrap();
        assert_eq!(noted().await, [1, 1, 0, 1], "stopped ones as well, ended ones not");
        assert_eq!(platform.rows("contract_narrowing").await, 0);
        worker::narrow(&platform.inner).await.unwrap();
        assert_eq!(noted().await, [1, 1, 0, 1]);
        let narrowed = changes(&platform, &ada).await;
        assert_eq!(narrowed, vec![way("scopeNarrowed", 1, 2, "app"); 3]);
        assert_eq!(grant(&ada, &all[1]).await["stage"], "stopped");
    }

    async fn more_waits_for_a_yes_to_the_difference_only(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform, plays_only).await;
        let _receiver = Receiver::start(&platform, &app).await;
        let eve = platform.person("eve").await;
        let open = app.reads(&yes.shared).await.unwrap().0;
        let kept = |document: &mut Value| document["retention"]["period"] = "P2Y".into();
        app.revises(&platform, "read", kept).await;
        worker::narrow(&platform.inner).await.unwrap();
        assert_eq!(reads(&app, &yes.shared).await, ["spotify"], "nothing of it holds");
        let shown = change(&ada, &yes.grant).await;
        assert_eq!(shown["waiting"], true);
        assert_eq!(fields(&shown["widened"]), ["scope.serviceGroups", "retention.period"]);
        assert_eq!((&shown["narrowed"], &shown["reworded"]), (&json!([]), &json!([])));
        assert_eq!(shown["accounts"].as_array().unwrap().len(), 1, "Garmin is new in it");
        assert_eq!((&shown["agreedVersion"], &shown["version"]), (&json!(1), &json!(2)));

        let agreed_to = grant(&ada, &yes).await["textHash"].clone();
        assert_eq!(says_to(&ada, &yes.grant, "accept", &agreed_to).await.refusal(), "409 ContractChanged");
        for verb in ["accept", "decline"] {
            let foreign = says_to(&eve, &yes.grant, verb, &shown["textHash"]).await;
            assert_eq!(foreign.refusal(), "404 GrantNotFound");
        }
        let path = format!("/me/grants/{}/change", yes.grant);
        assert_eq!(eve.call(Method::GET, &path, None).await.refusal(), "404 GrantNotFound");
        let mut locked = in_person(&platform, &ada).await;
        locked.sign_in.library = LibraryState::Locked;
        let text_hash = shown["textHash"].as_str().unwrap().to_owned();
        let answer = ChangeAnswer { text_hash, ..ChangeAnswer::default() };
        let id = yes.grant.parse().unwrap();
        let refused = flows::accept_change(&platform.inner, &locked, &id, answer).await;
        assert!(matches!(refused, Err(FlowError::Locked)));
        assert_eq!(changes(&platform, &ada).await, []);

        let widened = says(&ada, &yes.grant, "accept").await.ok();
        assert_eq!((&widened["version"], &widened["textHash"]), (&json!(2), &shown["textHash"]));
        assert_eq!(widened["accounts"].as_array().unwrap().len(), 2);
        let list = app.lists(&yes.shared, &open).await.unwrap();
        let spotify = list.files.iter().filter(|file| file.service_name.as_deref() == Some("spotify"));
        assert_eq!(spotify.count(), list.files.len(), "made before her yes");
        assert_eq!(reads(&app, &yes.shared).await, ["garmin", "spotify"]);
        for verb in ["accept", "decline"] {
            let again = says_to(&ada, &yes.grant, verb, &shown["textHash"]).await;
            assert_eq!(again.refusal(), "409 NoChangeWaiting");
        }
        assert_eq!(changes(&platform, &ada).await, [way("scopeWidened", 1, 2, "person")]);
        assert_eq!(kinds(&receipts(&platform, &ada).await), ["changed", "given"]);
        assert_eq!(told(&ada, &yes).await, [""; 0], "there is no signal for more");
        assert_eq!(change(&ada, &yes.grant).await["waiting"], false);
    }

    async fn a_yes_covers_what_she_ticked_and_nothing_foreign(platform: TestPlatform) {
        let app = MockApp::register(&platform, "read-optional", "app-1", payments_only).await;
        let ada = platform.person("ada").await;
        ada.connects(&[17, 18]).await;
        let eve = platform.person("eve").await;
        eve.connects(&[18]).await;
        let yes = ada.approves(&app).await;
        app.revises(&platform, "read-optional", |_| {}).await;
        let shown = change(&ada, &yes.grant).await;
        let optional = shown["optional"].as_array().unwrap();
        assert!(optional.contains(&json!(300)), "{shown}");
        let path = format!("/me/grants/{}/change/accept", yes.grant);
        let answer = async |more: Value| {
            let mut answer = more;
            answer["textHash"] = shown["textHash"].clone();
            ada.call(Method::POST, &path, Some(&answer)).await
        };
        let foreign = eve.call(Method::GET, "/me/accounts", None).await.ok()["items"][0]["id"].clone();
        assert_eq!(answer(json!({ "accounts": [foreign] })).await.refusal(), "404 AccountNotFound");
        assert_eq!(answer(json!({ "include": [201] })).await.refusal(), "422 ValidationErrors");
        assert_eq!(answer(json!({ "futureAccounts": true })).await.refusal(), "422 ValidationErrors");
        let widened = answer(json!({ "accounts": [], "include": [300] })).await.ok();
        assert_eq!(widened["accounts"].as_array().unwrap().len(), 1, "no account more");
        let left_out = widened["leftOut"].as_array().unwrap();
        assert!(!left_out.contains(&json!(300)) && left_out.len() == optional.len() - 1, "{left_out:?}");
    }

    async fn a_no_is_remembered_until_the_next_version(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform, plays_only).await;
        app.revises(&platform, "read", |_| {}).await;
        assert_eq!(change(&ada, &yes.grant).await["waiting"], true);
        for _ in 0..2 {
            let kept = says(&ada, &yes.grant, "decline").await.ok();
            assert_eq!((&kept["version"], &kept["seq"]), (&json!(1), &json!(1)));
        }
        let shown = change(&ada, &yes.grant).await;
        assert_eq!((&shown["waiting"], shown["declinedAt"].is_string()), (&json!(false), true));
        assert_eq!(reads(&app, &yes.shared).await, ["spotify"]);
        assert_eq!(kinds(&receipts(&platform, &ada).await), ["given"], "what she agreed to stands");
        let events = ada.call(Method::GET, "/me/events", None).await.ok();
        let events = events["items"].as_array().unwrap().iter();
        assert_eq!(events.filter(|event| event["act"]["type"] == "declined").count(), 1);

        let longer = |document: &mut Value| document["retention"]["period"] = "P2Y".into();
        app.revises(&platform, "read", longer).await;
        let again = change(&ada, &yes.grant).await;
        assert_eq!((&again["waiting"], &again["version"]), (&json!(true), &json!(3)));
        let both = ["scope.serviceGroups", "retention.period"];
        assert_eq!(fields(&again["widened"]), both, "since what she agreed to");
        let stale = says_to(&ada, &yes.grant, "accept", &shown["textHash"]).await;
        assert_eq!(stale.refusal(), "409 ContractChanged");
        let _ = says(&ada, &yes.grant, "decline").await.ok();
        assert_eq!(says(&ada, &yes.grant, "accept").await.ok()["version"], 3, "she may think better of it");
        assert_eq!(reads(&app, &yes.shared).await, ["garmin", "spotify"]);
    }

    async fn a_stopped_grant_is_widened_when_it_goes_on_and_an_ended_one_never(platform: TestPlatform) {
        let (app, ada, stopped) = agreed(&platform, plays_only).await;
        let revoked = ada.approves(&app).await;
        ada.stops(&stopped).await;
        app.revises(&platform, "read", |_| {}).await;
        let text_hash = change(&ada, &stopped.grant).await["textHash"].clone();
        ada.revokes(&revoked).await;
        assert_eq!(change(&ada, &revoked.grant).await["waiting"], false);
        for verb in ["accept", "decline"] {
            let late = says_to(&ada, &revoked.grant, verb, &text_hash).await;
            assert_eq!(late.refusal(), "409 GrantEnded");
        }
        let widened = says(&ada, &stopped.grant, "accept").await.ok();
        assert_eq!((&widened["stage"], &widened["version"]), (&json!("stopped"), &json!(2)));
        assert_eq!(app.tries(&stopped.shared).await, "403 GrantStopped");
        ada.resumes(&stopped).await;
        assert_eq!(reads(&app, &stopped.shared).await, ["garmin", "spotify"]);
    }

    async fn what_was_given_up_once_comes_back_with_a_yes_only(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform, |_| {}).await;
        let receiver = Receiver::start(&platform, &app).await;
        app.revises(&platform, "read", plays_only).await;
        app.revises(&platform, "read", |_| {}).await;
        assert_eq!(reads(&app, &yes.shared).await, ["spotify"], "the text says again what she agreed to");
        let shown = change(&ada, &yes.grant).await;
        assert_eq!((&shown["waiting"], fields(&shown["widened"])), (&json!(true), vec!["scope.serviceGroups"]));
        assert_eq!(shown["version"], 3);
        worker::narrow(&platform.inner).await.unwrap();
        platform.delivers().await;
        assert_eq!(receiver.last().await.kind, "scope-narrowed");
        assert_eq!(told(&ada, &yes).await, ["scope-narrowed"]);
        let _ = says(&ada, &yes.grant, "accept").await.ok();
        assert_eq!(reads(&app, &yes.shared).await, ["garmin", "spotify"]);
        let expected = [way("scopeNarrowed", 1, 2, "app"), way("scopeWidened", 1, 3, "person")];
        assert_eq!(changes(&platform, &ada).await, expected);
    }

    async fn a_yes_before_anybody_came_to_the_grant_tells_the_app_what_it_lost(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform, |_| {}).await;
        app.revises(&platform, "read", |document| {
            plays_only(document);
            document["retention"]["period"] = "P2Y".into();
        })
        .await;
        let _ = says(&ada, &yes.grant, "accept").await.ok();
        assert_eq!(told(&ada, &yes).await, ["scope-narrowed"]);
        let expected = [way("scopeNarrowed", 1, 2, "app"), way("scopeWidened", 1, 2, "person")];
        assert_eq!(changes(&platform, &ada).await, expected);
        worker::narrow(&platform.inner).await.unwrap();
        assert_eq!(changes(&platform, &ada).await, expected, "it was gone through");
        assert_eq!(reads(&app, &yes.shared).await, ["spotify"]);
    }

    async fn an_app_that_wants_something_else_gets_nothing_until_she_says_yes(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform, |_| {}).await;
        app.revises(&platform, "read-raw", |document| document["ongoing"] = true.into()).await;
        assert_eq!(app.tries(&yes.shared).await, "400 InvalidContractDataRequest");
        worker::narrow(&platform.inner).await.unwrap();
        assert_eq!(grant(&ada, &yes).await["accounts"], json!([]));
        let shown = change(&ada, &yes.grant).await;
        assert!(fields(&shown["widened"]).contains(&"access"), "{shown}");
        assert_eq!(shown["accounts"].as_array().unwrap().len(), 2);
        let _ = says(&ada, &yes.grant, "accept").await.ok();
        assert_eq!(app.tries(&yes.shared).await, "ok");
    }

    async fn a_shorter_time_holds_for_old_grants_and_a_longer_one_with_a_yes(platform: TestPlatform) {
        let months =
            |number: u32| move |document: &mut Value| document["grantFor"] = format!("P{number}M").into();
        let app = MockApp::register(&platform, "read", "app-1", months(12)).await;
        let mut ada = platform.person("ada").await;
        let yes = ada.approves(&app).await;
        let end = async |ada| grant(ada, &yes).await["expiresAt"].as_str().unwrap().to_owned();
        app.revises(&platform, "read", months(6)).await;
        worker::narrow(&platform.inner).await.unwrap();
        assert_eq!(end(&ada).await, "2026-12-01T12:00:00.000Z");
        assert_eq!(changes(&platform, &ada).await, [way("endShortened", 1, 2, "app")]);
        assert_eq!(told(&ada, &yes).await, [""; 0], "nothing that it holds lies outside");
        app.revises(&platform, "read", months(9)).await;
        assert_eq!(end(&ada).await, "2026-12-01T12:00:00.000Z");
        let _ = says(&ada, &yes.grant, "accept").await.ok();
        assert_eq!(end(&ada).await, "2027-03-01T12:00:00.000Z");
        platform.wait(TimeDelta::days(100));
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        app.revises(&platform, "read", months(2)).await;
        assert_eq!(says(&ada, &yes.grant, "accept").await.refusal(), "409 GrantEnded");
        worker::narrow(&platform.inner).await.unwrap();
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(grant(&ada, &yes).await["stage"], "expired");
    }

    async fn what_only_reads_otherwise_asks_nobody(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform, |_| {}).await;
        let moved = |document: &mut Value| document["policyUrl"] = "https://tidemark.example/v2".into();
        app.revises(&platform, "read", moved).await;
        worker::narrow(&platform.inner).await.unwrap();
        let shown = change(&ada, &yes.grant).await;
        assert_eq!((&shown["waiting"], fields(&shown["reworded"])), (&json!(false), vec!["policyUrl"]));
        assert_eq!(grant(&ada, &yes).await["version"], 1, "what she agreed to keeps its name");
        assert_eq!((changes(&platform, &ada).await, told(&ada, &yes).await), (vec![], vec![]));
        assert_eq!(platform.rows("contract_narrowing").await, 0);
        let told_why = |document: &mut Value| document["purpose"]["summary"] = "Sells you shoes.".into();
        app.revises(&platform, "read", told_why).await;
        let shown = change(&ada, &yes.grant).await;
        assert_eq!(fields(&shown["widened"]), ["purpose.summary"], "another purpose is asked for");
    }

    async fn a_contract_may_have_its_own_endpoint_once_that_has_answered(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform, |_| {}).await;
        let own = Receiver::start(&platform, &app).await;
        let place = format!("/api/v1/apps/{}/contracts/{}/signal-endpoint", app.id, app.contract_id);
        let key = Some(app.api_key.as_str());
        let call = async |method: Method, path: &str| platform.call(method, path, key, None).await;
        assert_eq!(call(Method::GET, &place).await.refusal(), "404 SignalEndpointNotFound");
        let mut special = Receiver::waiting(&platform, &app).await;
        let url = special.url();
        let named = |document: &mut Value| document["signalEndpoint"] = url.clone().into();
        let written = app.revises(&platform, "read", named).await;
        let endpoint = &written["signalEndpoint"];
        assert_eq!((&endpoint["state"], &endpoint["url"]), (&json!("unverified"), &json!(url)));
        special.knows(endpoint["secret"].as_str().unwrap());
        ada.stops(&yes).await;
        platform.delivers().await;
        assert_eq!(own.last().await.kind, "sharing-stopped", "until the other has answered");
        assert_eq!(special.last().await.kind, "verification");
        assert_eq!(call(Method::GET, &place).await.ok()["state"], "active");
        ada.resumes(&yes).await;
        platform.delivers().await;
        assert_eq!(special.last().await.kind, "sharing-resumed");
        assert_eq!(own.last().await.kind, "sharing-stopped");

        let secret = call(Method::POST, &format!("{place}/secret")).await.ok()["secret"].clone();
        assert!(secret.as_str().unwrap().starts_with("whsec_"));
        assert_eq!(call(Method::GET, &place).await.ok().get("secret"), None);
        let _ = call(Method::POST, &format!("{place}/ping")).await.ok();
        let kept = &app.revises(&platform, "read", named).await["signalEndpoint"];
        assert_eq!((&kept["state"], kept.get("secret")), (&json!("active"), None));
        app.revises(&platform, "read", |_| {}).await;
        assert_eq!(call(Method::GET, &place).await.refusal(), "404 SignalEndpointNotFound");
        ada.revokes(&yes).await;
        platform.delivers().await;
        assert_eq!(own.last().await.kind, "consent-revoked", "a version without one takes it back");
        let private = |document: &mut Value| document["signalEndpoint"] = "https://10.0.0.1/signals".into();
        let document = MockApp::document("read", "app-1", private);
        let path = format!("/api/v1/apps/{}/contracts/{}", app.id, app.contract_id);
        let refused = platform.call(Method::PUT, &path, Some(&app.api_key), Some(&document)).await;
        assert_eq!(refused.refusal(), "422 ValidationErrors");
        assert_eq!(refused.json["errors"][0]["field"], "signalEndpoint");
    }
}

fn payments_only(document: &mut Value) {
    let payments =
        json!([{ "id": 3, "serviceTypes": [{ "id": 17, "serviceObjectTypes": [{ "id": 201 }] }] }]);
    document["scope"]["serviceGroups"] = payments;
    document["optional"] = json!([]);
}
