//! A change of a consent reaches its app, which has to obey and to answer for it; what comes of it is proved by receipts
//! that anybody can check.

mod client;
mod forged;
mod hostile;
mod isolation;

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_crypto::RsaPrivateKey;
use consent_gateway::worker;
use harness::{MockApp, Person, Receiver, TestPlatform, Yes, agreed, report_signed, stories};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

async fn stage(ada: &Person<'_>, yes: &Yes) -> String {
    let grant = ada.call(Method::GET, &format!("/me/grants/{}", yes.grant), None).await.ok();
    grant["stage"].as_str().unwrap().to_owned()
}

/// Her receipts about a grant, the latest first.
async fn receipts(ada: &Person<'_>) -> Vec<Value> {
    let list = ada.call(Method::GET, "/me/receipts", None).await.ok();
    list["items"].as_array().unwrap().clone()
}

fn kinds(receipts: &[Value]) -> Vec<&str> {
    receipts.iter().map(|receipt| receipt["kind"].as_str().unwrap()).collect()
}

/// What she sees of what the app was told: kind, delivery, and what it owes.
async fn told(ada: &Person<'_>, yes: &Yes) -> Vec<(String, String, String)> {
    let list = ada.call(Method::GET, &format!("/me/grants/{}/signals", yes.grant), None).await.ok();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let signals = list["items"].as_array().unwrap().iter();
    signals
        .map(|signal| {
            (text(&signal["kind"]), text(&signal["delivery"]), text(&signal["obligation"]["state"]))
        })
        .collect()
}

async fn verified(platform: &TestPlatform, receipt: &Value) -> Value {
    let body = json!({ "receipt": receipt["receipt"] });
    platform.call(Method::POST, "/api/v1/receipts/verify", None, Some(&body)).await.ok()
}

stories! {
    async fn every_change_is_told_in_order_and_leaves_a_receipt(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        ada.stops(&yes).await;
        platform.delivers().await;
        ada.resumes(&yes).await;
        platform.delivers().await;
        ada.revokes(&yes).await;
        platform.delivers().await;

        let came = receiver.signals().await;
        let kinds_told: Vec<_> = came.iter().map(|signal| signal.kind.as_str()).collect();
        assert_eq!(kinds_told, ["verification", "sharing-stopped", "sharing-resumed", "consent-revoked"]);
        let seqs: Vec<_> = came[1..].iter().map(|signal| signal.event["seq"].as_i64().unwrap()).collect();
        assert!(seqs.is_sorted_by(|one, next| one < next), "{seqs:?}");
        assert!(came[1..].iter().all(|signal| signal.event["consent_id"] == yes.grant.as_str()));
        assert_eq!(came[3].body["type"], "consent.revoked");
        let text = serde_json::to_string(&came.iter().map(|signal| &signal.set).collect::<Vec<_>>()).unwrap();
        assert!(!text.contains(&ada.id) && !text.contains(&ada.email), "nobody is named: {text}");

        let receipts = receipts(&ada).await;
        assert_eq!(kinds(&receipts), ["revoked", "resumed", "stopped", "given"]);
        for receipt in &receipts {
            assert_eq!(verified(&platform, receipt).await["valid"], true, "{receipt}");
            let path = format!("/api/v1/receipts/{}/status", receipt["id"].as_str().unwrap());
            let status = platform.call(Method::GET, &path, None, None).await.ok();
            assert_eq!(status["state"], "revoked", "what holds now, whichever receipt is asked about");
            assert_eq!(status.as_object().unwrap().len(), 2);
        }
        assert_eq!(came[3].event["receipt_id"], receipts[0]["id"]);
        let of_app = format!("/api/v1/apps/{}/grants/{}/receipts", app.id, yes.grant);
        let its = platform.call(Method::GET, &of_app, Some(&app.api_key), None).await.ok();
        assert_eq!(its["items"].as_array().unwrap().len(), 4);
    }

    async fn an_erasure_ends_in_a_proof(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        assert_eq!(app.tries(&yes.shared).await, "401 InvalidToken");
        assert_eq!(stage(&ada, &yes).await, "erasing");
        platform.delivers().await;
        let asked = receiver.last().await;
        assert_eq!(asked.kind, "erasure-requested");
        let delivered = said("erasure-requested", "delivered", "open");
        assert_eq!(told(&ada, &yes).await, [delivered], "a 2xx is no deed");

        let expected = platform.inner.ambient.now() + TimeDelta::days(2);
        let accepted = receiver.report(&asked, "accepted", &json!({ "expected_completion": expected }));
        assert_eq!(receiver.reports(&accepted).await.ok()["state"], "accepted");
        platform.wait(TimeDelta::hours(1));
        let when = json!({ "completed_at": platform.inner.ambient.now() });
        let without = receiver.report(&asked, "completed", &when);
        assert_eq!(receiver.reports(&without).await.refusal(), "422 ValidationErrors");
        let done = receiver.report(&asked, "completed", &receiver.evidence());
        let done_text = report_signed(&RsaPrivateKey::parse_pem(&app.private_key).unwrap(), &done);
        let taken = receiver.sends_report(&done, &done_text).await.ok();
        assert_eq!((&taken["state"], &taken["standing"]), (&json!("completed"), &json!("applied")));
        assert_eq!(receiver.sends_report(&done, &done_text).await.ok(), taken, "sent twice it is one report");
        assert_eq!(receiver.reports(&done).await.refusal(), "409 ReportReused", "the same name on other bytes");

        assert_eq!(stage(&ada, &yes).await, "erased");
        let receipts = receipts(&ada).await;
        assert_eq!(kinds(&receipts), ["erasureAnswered", "erasureAsked", "given"]);
        let proof = verified(&platform, &receipts[0]).await;
        assert_eq!(proof["valid"], true, "{proof}");
        assert!(proof.to_string().contains("social.posts"), "{proof}");
        let path = format!("/me/grants/{}/signals/{}/reports", yes.grant, asked.id);
        let reports = ada.call(Method::GET, &path, None).await.ok();
        assert_eq!(reports["items"].as_array().unwrap().len(), 2);
        let _ = ada.acts(&yes.grant, "erase").await.refusal();
        assert_eq!(ada.acts(&yes.grant, "cancel-erasure").await.refusal(), "409 GrantRefused");
    }

    async fn only_its_own_app_reports_and_only_with_its_own_key(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let other = MockApp::register(&platform, "read", "app-2", |_| {}).await;
        let others = Receiver::start(&platform, &other).await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        let asked = receiver.last().await;
        let done = receiver.report(&asked, "completed", &receiver.evidence());

        assert_eq!(others.reports(&done).await.refusal(), "404 SignalNotFound");
        let foreign = RsaPrivateKey::parse_pem(&other.private_key).unwrap();
        let forged = receiver.sends_report(&done, &report_signed(&foreign, &done)).await;
        assert_eq!(forged.refusal(), "401 InvalidReport");
        let key = RsaPrivateKey::parse_pem(&app.private_key).unwrap();
        let altered = report_signed(&key, &done).replacen(".ey", ".eyA", 1);
        assert_eq!(receiver.sends_report(&done, &altered).await.refusal(), "401 InvalidReport");
        let unknown = json!({ "set_jti": "0192f0c1-2b1a-7cc0-8a1c-0a1b2c3d4e5f" });
        assert_eq!(receiver.sends_report(&unknown, "x").await.refusal(), "404 SignalNotFound");
        assert_eq!(stage(&ada, &yes).await, "erasing");
        assert_eq!(kinds(&receipts(&ada).await), ["erasureAsked", "given"]);
    }

    async fn an_erasure_can_be_taken_back_until_it_is_answered(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        let _ = ada.acts(&yes.grant, "cancel-erasure").await.ok();
        platform.delivers().await;
        assert_eq!(stage(&ada, &yes).await, "revoked");
        assert_eq!(receiver.last().await.kind, "erasure-cancelled");
        assert_eq!(app.tries(&yes.shared).await, "401 InvalidToken", "what she ended stays ended");
        let receipts = receipts(&ada).await;
        assert_eq!(kinds(&receipts), ["erasureCancelled", "erasureAsked", "given"]);
        let proof = verified(&platform, &receipts[0]).await;
        assert!(proof["valid"] == true && proof.to_string().contains("erasureCancelled"), "{proof}");
        let path = format!("/api/v1/receipts/{}/status", receipts[2]["id"].as_str().unwrap());
        let status = platform.call(Method::GET, &path, None, None).await.ok();
        assert_eq!(status["state"], "revoked", "nothing is being erased any more");
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        assert_eq!(stage(&ada, &yes).await, "erasing", "and she may ask again");
    }

    async fn a_refused_erasure_is_proved_as_such(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        let asked = receiver.last().await;
        let refused = receiver.report(&asked, "refused", &json!({ "ground": "GDPR 17(3)(b)" }));
        assert_eq!(receiver.reports(&refused).await.ok()["state"], "refused");
        assert_eq!(stage(&ada, &yes).await, "revoked");
        let receipts = receipts(&ada).await;
        assert_eq!(kinds(&receipts), ["erasureAnswered", "erasureAsked", "given"]);
        let proof = verified(&platform, &receipts[0]).await;
        assert!(proof["valid"] == true && proof.to_string().contains("GDPR 17(3)(b)"), "{proof}");
    }

    async fn what_does_not_arrive_is_sent_again_and_can_be_polled_for(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        receiver.answers(ResponseTemplate::new(503)).await;
        ada.revokes(&yes).await;
        platform.delivers().await;
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "waiting", "open")]);

        let path = format!("/api/v1/apps/{}/signals/poll", app.id);
        let poll = async |body: Value| {
            platform.call(Method::POST, &path, Some(&app.api_key), Some(&body)).await.ok()
        };
        let polled = poll(json!({ "returnImmediately": true })).await;
        let (id, set) = polled["sets"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(*set, receiver.last().await.body["data"]["set"], "the same bytes on both roads");
        let after = poll(json!({ "returnImmediately": true, "ack": [id] })).await;
        assert_eq!(after["sets"], json!({}));
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "fetched", "open")]);
        let path = format!("/api/v1/apps/{}/signals/{id}/attempts", app.id);
        let attempts = platform.call(Method::GET, &path, Some(&app.api_key), None).await.ok();
        let first = &attempts["items"][0];
        assert_eq!((&first["status"], &first["outcome"]), (&json!(503), &json!("retry")));
    }

    async fn that_it_arrived_stands_in_her_chain_once(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let arrivals = async || {
            let events = ada.call(Method::GET, "/me/events?limit=200", None).await.ok();
            let of_signals = |event: &&Value| event["act"]["type"] == "delivered";
            events["items"].as_array().unwrap().iter().filter(of_signals).cloned().collect::<Vec<_>>()
        };
        ada.stops(&yes).await;
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(arrivals().await, [] as [Value; 0], "it is on its way");
        platform.delivers().await;
        let pushed = receiver.last().await.id;
        worker::sweep(&platform.inner).await.unwrap();
        worker::sweep(&platform.inner).await.unwrap();
        let noted = arrivals().await;
        assert_eq!((noted.len(), &noted[0]["act"]["signal"]), (1, &json!(pushed)));
        assert_eq!(noted[0]["actor"], json!({ "kind": "app", "id": app.id }));

        receiver.answers(ResponseTemplate::new(503)).await;
        ada.revokes(&yes).await;
        platform.delivers().await;
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(arrivals().await.len(), 1, "a 503 is no arrival");
        let path = format!("/api/v1/apps/{}/signals/poll", app.id);
        let ack = json!({ "returnImmediately": true, "ack": [receiver.last().await.id] });
        let _ = platform.call(Method::POST, &path, Some(&app.api_key), Some(&ack)).await.ok();
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(arrivals().await.len(), 2, "fetched is arrived");
        platform.delivers().await;
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(arrivals().await.len(), 2);
    }

    async fn what_cannot_be_delivered_stands_in_her_chain_and_arrives_late(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        receiver.answers(ResponseTemplate::new(410)).await;
        ada.revokes(&yes).await;
        platform.delivers().await;
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "gone", "open")]);
        for _ in 0..2 {
            worker::sweep(&platform.inner).await.unwrap();
        }
        let path = format!("/api/v1/apps/{}/signals/poll", app.id);
        let ack = json!({ "returnImmediately": true, "ack": [receiver.last().await.id] });
        let _ = platform.call(Method::POST, &path, Some(&app.api_key), Some(&ack)).await.ok();
        for _ in 0..2 {
            worker::sweep(&platform.inner).await.unwrap();
        }
        let events = ada.call(Method::GET, "/me/events?limit=200", None).await.ok();
        let acts: Vec<_> = events["items"].as_array().unwrap().iter().map(|event| event["act"]["type"].clone()).collect();
        assert_eq!(acts[acts.len() - 4..], ["revoked", "signalled", "undelivered", "delivered"]);
    }

    async fn what_is_done_with_is_forgotten_after_its_time(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        ada.stops(&yes).await;
        platform.delivers().await;
        ada.resumes(&yes).await;
        platform.delivers().await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(receiver.signals().await.len(), 4);
        let mut ada = ada;
        platform.wait(TimeDelta::days(399));
        worker::sweep(&platform.inner).await.unwrap();
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        assert_eq!(told(&ada, &yes).await.len(), 3);
        platform.wait(TimeDelta::days(2));
        worker::sweep(&platform.inner).await.unwrap();
        // What she asked to have deleted is owed for, whatever its age.
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        assert_eq!(told(&ada, &yes).await, [said("erasure-requested", "delivered", "overdue")]);
    }

    async fn who_does_not_answer_in_time_is_noted(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let _receiver = Receiver::start(&platform, &app).await;
        ada.revokes(&yes).await;
        platform.delivers().await;
        platform.wait(TimeDelta::days(4));
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "delivered", "overdue")]);
        let events = ada.call(Method::GET, "/me/events", None).await.ok();
        let events = events["items"].as_array().unwrap();
        assert!(events.iter().any(|event| event["act"]["type"] == "overdue"), "{events:?}");
    }

    async fn a_grant_can_be_made_shorter_and_not_longer(platform: TestPlatform) {
        let (_, ada, yes) = agreed(&platform).await;
        let now = platform.inner.ambient.now();
        let path = format!("/me/grants/{}/shorten", yes.grant);
        let until = |at: chrono::DateTime<chrono::Utc>| json!({ "until": at });
        let soon = until(now + TimeDelta::days(2));
        let shortened = ada.call(Method::POST, &path, Some(&soon)).await.ok();
        assert!(shortened["expiresAt"].as_str().is_some());
        for refused in [now - TimeDelta::days(1), now + TimeDelta::days(3)] {
            let answer = ada.call(Method::POST, &path, Some(&until(refused))).await;
            assert_eq!(answer.refusal(), "422 ValidationErrors");
        }
        assert_eq!(kinds(&receipts(&ada).await), ["changed", "given"]);
        platform.wait(TimeDelta::days(2));
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(stage(&ada, &yes).await, "expired");
        assert_eq!(kinds(&receipts(&ada).await), ["expired", "changed", "given"]);
    }

    async fn a_no_has_its_receipt_and_apps_do_not_find_it(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let asked = app.asks().await;
        let _ = ada.on(Method::POST, &asked, "/decline", None).await.ok();
        let receipts = receipts(&ada).await;
        assert_eq!(kinds(&receipts), ["declined"]);
        assert_eq!(verified(&platform, &receipts[0]).await["valid"], true);
        let eve = platform.person("eve").await;
        let path = format!("/me/receipts/{}", receipts[0]["id"].as_str().unwrap());
        assert_eq!(eve.call(Method::GET, &path, None).await.refusal(), "404 ReceiptNotFound");
    }

    async fn what_was_shut_is_in_the_journal_before_it_is_answered(platform: TestPlatform) {
        let (_, ada, yes) = agreed(&platform).await;
        ada.stops(&yes).await;
        ada.resumes(&yes).await;
        ada.revokes(&yes).await;
        let entries = platform.inner.journal.entries_since(chrono::DateTime::UNIX_EPOCH).unwrap();
        let shut: Vec<_> = entries.iter().map(|entry| (entry.grant.as_str(), entry.stage.as_str())).collect();
        assert_eq!(shut, [(yes.grant.as_str(), "stopped"), (yes.grant.as_str(), "revoked")]);
    }
}

fn said(kind: &str, delivery: &str, obligation: &str) -> (String, String, String) {
    (kind.to_owned(), delivery.to_owned(), obligation.to_owned())
}
