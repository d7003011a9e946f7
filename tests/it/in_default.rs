//! An app that did not do in time what it was told asks nobody anything new, until it has answered or an operator has
//! closed the case. What people share with it goes on.

use chrono::TimeDelta;
use consent_client::{AuthorizeOptions, reqwest::Method};
use consent_core::PersonId;
use consent_gateway::worker;
use harness::{MockApp, Person, Receiver, Shared, TestPlatform, Web, Yes, stories};
use serde_json::{Value, json};

const REFUSED: &str = "403 AppInDefault";

/// Ada said yes twice; she ends the one, and the app says nothing for so long that it is overdue.
async fn overdue(platform: &TestPlatform) -> (MockApp, Person<'_>, Yes, Receiver<'_>) {
    let app = platform.app("read").await;
    let ada = platform.person("ada").await;
    ada.connects(&[16]).await;
    let (kept, ended) = (ada.approves(&app).await, ada.approves(&app).await);
    let receiver = Receiver::start(platform, &app).await;
    let _ = ada.acts(&ended.grant, "erase").await.ok();
    platform.delivers().await;
    (app, ada, kept, receiver)
}

async fn passes(platform: &TestPlatform, by: TimeDelta) {
    platform.wait(by);
    worker::sweep(&platform.inner).await.unwrap();
}

/// The app asks; what comes of it.
async fn asks(app: &MockApp) -> String {
    MockApp::outcome(&app.client.authorize(&AuthorizeOptions::default()).await)
}

async fn shown(platform: &TestPlatform, app: &MockApp) -> Value {
    let path = format!("/api/v1/apps/{}", app.id);
    platform.call(Method::GET, &path, Some(&app.api_key), None).await.ok()["inDefault"].clone()
}

async fn cases(platform: &TestPlatform) -> Vec<Value> {
    let list = platform.operator().call(Method::GET, "/operator/overdue", None).await.ok();
    list["items"].as_array().unwrap().clone()
}

stories! {
    async fn an_app_that_lets_its_time_pass_asks_for_nothing_new_until_it_answers(platform: TestPlatform) {
        let (app, ada, kept, receiver) = overdue(&platform).await;
        let asked_of = receiver.last().await;
        passes(&platform, TimeDelta::days(4)).await;
        let late = (asks(&app).await, shown(&platform, &app).await);
        assert_eq!(late, ("ok".to_owned(), json!(false)), "it only did not say yet that it understood");
        let mut ada = ada;
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        passes(&platform, TimeDelta::days(10) - TimeDelta::minutes(5)).await;
        let in_flight = app.asks().await;
        let question = ada.on(Method::GET, &in_flight, "", None).await.ok();
        passes(&platform, TimeDelta::minutes(6)).await;

        assert_eq!((asks(&app).await.as_str(), shown(&platform, &app).await), (REFUSED, json!(true)));
        let answer = json!({ "textHash": question["textHash"] });
        let said = ada.on(Method::POST, &in_flight, "/approve", Some(&answer)).await;
        assert_eq!(said.refusal(), REFUSED, "a yes that was on its way comes too late");
        let page = Web::of(&platform, &ada).get(in_flight.consent_url(&[]).as_str()).await;
        assert_eq!(page.status, 403);
        for words in ["cannot ask you now", "goes on as you agreed to"] {
            assert!(page.shows(words), "{}", page.body);
        }
        let automatic = [("sourceType", "pull"), ("sampleDataSet", "ada"), ("sampleDataAutoOnboard", "true")];
        let page = Web::new(&platform).get(in_flight.consent_url(&automatic).as_str()).await;
        assert_eq!(page.status, 403, "nobody agrees without a page either");
        assert_eq!(platform.rows("consent_grant").await, 2);

        let again = app.asks_again(&kept.shared).await;
        let question = ada.on(Method::GET, &again, "", None).await.ok();
        assert_eq!(question["kind"], "reauthorize", "what there is goes on");
        let tokens = app.client.refresh(&kept.shared.tokens.refresh.value).await.unwrap();
        let onboard = app.refers(&Shared { tokens, ..kept.shared.clone() }).await;
        let page = Web::of(&platform, &ada).get(onboard.onboard_url(&[]).as_str()).await;
        assert_eq!(page.status, 303, "and one more account can be asked for");
        ada.stops(&kept).await;
        ada.resumes(&kept).await;

        let [case] = cases(&platform).await.try_into().unwrap();
        assert_eq!((&case["appId"], &case["id"]), (&json!(app.id), &json!(asked_of.id)));
        assert_eq!(case["obligation"]["state"], "overdue");
        let done = receiver.report(&asked_of, "completed", &receiver.evidence());
        assert_eq!(receiver.reports(&done).await.ok()["state"], "completed");
        assert_eq!((asks(&app).await.as_str(), shown(&platform, &app).await), ("ok", json!(false)), "at once");
        assert_eq!(ada.on(Method::POST, &app.asks().await, "/approve", Some(&answer)).await.status, 200);
        assert_eq!(cases(&platform).await.len(), 0);
    }

    async fn an_app_in_default_gets_no_yes_to_a_change(platform: TestPlatform) {
        let (app, mut ada, kept, _receiver) = overdue(&platform).await;
        app.revises(&platform, "read", |document| document["retention"]["period"] = "P2Y".into()).await;
        passes(&platform, TimeDelta::days(4)).await;
        passes(&platform, TimeDelta::days(11)).await;
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        let path = format!("/me/grants/{}/change", kept.grant);
        let change = ada.call(Method::GET, &path, None).await.ok();
        let answer = json!({ "textHash": change["textHash"] });
        assert_eq!(ada.call(Method::POST, &format!("{path}/accept"), Some(&answer)).await.refusal(), REFUSED);
        let page = Web::of(&platform, &ada).get(&format!("/console/grants/{}/change", kept.grant)).await;
        assert!(page.status == 200 && page.body.contains("it cannot ask for new consents"), "{}", page.body);
        let no = ada.call(Method::POST, &format!("{path}/decline"), Some(&answer)).await;
        assert_eq!(no.status, 200, "a no is always taken");
    }

    async fn an_operator_closes_a_case_with_a_reason(platform: TestPlatform) {
        let (app, mut ada, _, receiver) = overdue(&platform).await;
        let signal = receiver.last().await.id;
        let path = format!("/apps/{}/signals/{signal}/close", app.id);
        let reason = json!({ "reason": "The company is wound up; its disks were destroyed." });
        let operator = platform.operator();
        let close = async |body: &Value| operator.call(Method::POST, &path, Some(body)).await;
        assert_eq!(close(&reason).await.refusal(), "409 SignalRefused", "nothing is overdue yet");
        passes(&platform, TimeDelta::days(15)).await;
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        assert_eq!(asks(&app).await, REFUSED);
        for wrong in [json!({}), json!({ "reason": " " }), json!({ "reason": "x".repeat(1001) })] {
            assert_eq!(close(&wrong).await.refusal(), "422 ValidationErrors");
        }
        let (full, key) = (format!("/api/v1{path}"), Some(app.api_key.as_str()));
        let by_app = platform.call(Method::POST, &full, key, Some(&reason)).await;
        assert_eq!(by_app.refusal(), "401 Unauthorized", "not the app itself");
        assert_eq!(asks(&app).await, REFUSED);
        assert_eq!(close(&reason).await.ok()["obligation"]["state"], "closed");
        assert_eq!((asks(&app).await.as_str(), cases(&platform).await.len()), ("ok", 0));
        assert_eq!(close(&reason).await.refusal(), "409 SignalRefused");
        let events = ada.call(Method::GET, "/me/events", None).await.ok();
        let events = events["items"].as_array().unwrap().iter();
        let closed = events.filter(|event| event["act"]["type"] == "closed");
        assert_eq!(closed.map(|event| event["actor"]["kind"].clone()).collect::<Vec<_>>(), [json!("operator")]);
        let person = ada.id.parse::<PersonId>().unwrap();
        let chain = consent_events::verify_stored(&platform.inner.db, person, None).await;
        assert!(chain.is_ok(), "{chain:?}");
    }

    async fn she_contests_an_answer_that_leaves_something_undone(platform: TestPlatform) {
        let (app, ada, _, receiver) = overdue(&platform).await;
        let asked = receiver.last().await;
        let grant = asked.event["consent_id"].as_str().unwrap();
        let path = format!("/me/grants/{grant}/signals/{}/dispute", asked.id);
        let reason = json!({ "reason": "They still write to me." });
        assert_eq!(ada.call(Method::POST, &path, Some(&reason)).await.refusal(), "409 SignalRefused");
        let refused = receiver.report(&asked, "refused", &json!({ "ground": "GDPR 17(3)(b)" }));
        assert_eq!(receiver.reports(&refused).await.ok()["state"], "refused");
        let eve = platform.person("eve").await;
        assert_eq!(eve.call(Method::POST, &path, Some(&reason)).await.refusal(), "404 GrantNotFound");
        let disputed = ada.call(Method::POST, &path, Some(&reason)).await.ok();
        assert_eq!(disputed["obligation"]["state"], "disputed");
        let close = format!("/apps/{}/signals/{}/close", app.id, asked.id);
        let closed = platform.operator().call(Method::POST, &close, Some(&reason)).await.ok();
        assert_eq!(closed["obligation"]["state"], "closed");
        let events = ada.call(Method::GET, "/me/events", None).await.ok();
        let events = events["items"].as_array().unwrap().iter();
        let acts: Vec<_> = events.map(|event| event["act"]["type"].clone()).collect();
        assert!(acts.ends_with(&[json!("disputed"), json!("closed")]), "{acts:?}");
    }

    async fn what_cannot_be_delivered_is_listed_for_the_operator(platform: TestPlatform) {
        let (app, ada, kept, receiver) = overdue(&platform).await;
        receiver.answers(wiremock::ResponseTemplate::new(410)).await;
        ada.stops(&kept).await;
        platform.delivers().await;
        let list = platform.operator().call(Method::GET, "/operator/dead-letters", None).await.ok();
        let [letter] = list["items"].as_array().unwrap().clone().try_into().unwrap();
        assert_eq!((&letter["appId"], &letter["delivery"]), (&json!(app.id), &json!("gone")));
        assert_eq!(letter["kind"], "sharing-stopped");
        assert!(!letter.to_string().contains(&ada.id), "nobody is named");
    }
}
