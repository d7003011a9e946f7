//! The header `Idempotency-Key`: a request that comes again is answered again and records nothing.

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_core::Actor;
use consent_events::Consent;
use consent_gateway::worker;
use futures_util::future::{Either, join_all, select};
use harness::{Answer, stories};
use serde_json::{Value, json};

use super::{Log, event, refusal};

const PATH: &str = "/consent/v1/consents";

async fn posts(log: &Log<'_>, key: &str, path: &str, body: &Value) -> Answer {
    let request = log.request(Method::POST, path).header("idempotency-key", key).json(body);
    Answer::of(request.send().await.unwrap()).await
}

stories! {
    async fn a_request_that_comes_again_is_answered_again(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let (one, list) = (event("ada", "a", Some(true)), json!([event("bob", "a", Some(true)), event("ada", "b", None)]));
        let first = posts(&log, "k-1", PATH, &one).await.ok();
        let firsts = posts(&log, "k-2", PATH, &list).await.ok();
        let before = platform.contents().await;
        let other = platform.replica().await;
        let there = Log { platform: &other, app: log.app.clone(), bearer: log.bearer.clone() };
        for log in [&log, &there] {
            assert_eq!(posts(log, "k-1", PATH, &one).await.ok(), first);
            assert_eq!(posts(log, "k-2", PATH, &list).await.ok(), firsts);
            for (path, body) in [(PATH, &list), (PATH, &event("ada", "a", Some(false))), ("/consent/v0/consents", &one)] {
                assert_eq!(refusal(&posts(log, "k-1", path, body).await), "422 Idempotency-Key");
            }
        }
        for wrong in ["", "two words", &"x".repeat(256)] {
            assert_eq!(refusal(&posts(&log, wrong, PATH, &one).await), "422 Idempotency-Key");
        }
        platform.holds_the_same(&before).await;
        let mine = Log::of_new_app(&platform).await;
        assert_ne!(posts(&mine, "k-1", PATH, &one).await.ok()["id"], first["id"], "keys are each app's own");
    }

    async fn what_was_refused_may_come_again_with_the_same_key(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let wrong = json!([event("ada", "a", Some(true)), event("", "a", None)]);
        assert_eq!(posts(&log, "k", PATH, &wrong).await.status, 422);
        assert_eq!(posts(&log, "k", PATH, &event("ada", "a", Some(true))).await.status, 200);
    }

    async fn a_key_is_forgotten_after_a_day(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let one = event("ada", "a", Some(true));
        let first = posts(&log, "k", PATH, &one).await.ok();
        platform.wait(TimeDelta::hours(23));
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(posts(&log, "k", PATH, &one).await.ok(), first);
        platform.wait(TimeDelta::hours(1));
        let next = posts(&log, "k", PATH, &one).await.ok();
        assert_ne!(next["id"], first["id"]);
        platform.wait(TimeDelta::hours(24));
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(platform.rows("consent_request").await, 0);
    }

    async fn of_many_at_once_one_is_recorded(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let other = platform.replica().await;
        let there = Log { platform: &other, app: log.app.clone(), bearer: log.bearer.clone() };
        let one = event("ada", "a", Some(true));
        let posts = (0..16).map(|number| posts(if number % 2 == 0 { &log } else { &there }, "k", PATH, &one));
        let answers = join_all(posts).await;
        let ids: std::collections::BTreeSet<_> =
            answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.json["id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)), "{answers:?}");
        assert_eq!(platform.rows("consent_event").await, 1);
    }

    async fn while_the_first_is_worked_on_a_repetition_is_told_to_wait(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        // Somebody else holds the subject, so that whichever comes first has to wait.
        let tx = platform.inner.db.begin_write().await.unwrap();
        let app = log.app.parse().unwrap();
        let held = vec![Consent::new("ada", "t", None).into()];
        consent_events::record(&tx, &app, held, &Actor::Clock, &platform.inner.ambient).await.unwrap();
        let one = event("ada", "a", Some(true));
        let both = [posts(&log, "k", PATH, &one), posts(&log, "k", PATH, &one)].map(Box::pin);
        let [first, second] = both;
        let (Either::Left((told, waiting)) | Either::Right((told, waiting))) = select(first, second).await;
        assert_eq!((told.status, &told.json["error"]["code"]), (409, &json!("RequestInFlight")));
        tx.commit().await.unwrap();
        assert_eq!(waiting.await.status, 200);
    }
}
