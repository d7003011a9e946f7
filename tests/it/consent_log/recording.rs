//! Recording.

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use futures_util::future::join_all;
use harness::{Answer, stories};
use serde_json::{Value, json};

use super::{Log, event, members, refusal, text};

const BOTH: [&str; 2] = ["/consent/v0/consents", "/consent/v1/consents"];

/// Everything that an event can have, and something that nobody knows.
fn whole() -> Value {
    json!({
        "subject": "Ada@Example.org", "issuer": "https://foo.example", "target": "https://foo.example/policy",
        "source": "https://foo.example/login?a=b", "scope": "marketing", "delegate": "call centre",
        "action": true, "type": "COOKIE", "metadata": { "cookie": "%7B%22a%22%3A1%7D" },
        "refreshAt": "2027-01-01T01:00:00+01:00", "vaultId": "one", "id": "mine", "createdAt": "never", "more": [1],
    })
}

stories! {
    async fn an_event_is_answered_as_it_was_stored_and_with_nothing_else(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        for (version, path) in BOTH.into_iter().enumerate() {
            let stored = log.post(path, &whole()).await.ok();
            let token: &[&str] = if version == 0 { &["token"] } else { &[] };
            let mut expected = [
                &["action", "createdAt", "delegate", "id", "issuer", "metadata", "refreshAt", "scope", "source"][..],
                &["subject", "target"], token, &["type", "vaultId"],
            ].concat();
            expected.sort_unstable();
            assert_eq!(members(&stored), expected);
            for member in ["subject", "issuer", "target", "source", "scope", "delegate", "action", "type", "metadata"] {
                assert_eq!(stored[member], whole()[member], "{member}");
            }
            assert_eq!(stored["refreshAt"], "2027-01-01T00:00:00.000Z");
            assert_eq!(stored["createdAt"], format!("2026-06-01T12:00:00.00{version}Z"), "later than all before");
            let id = text(&stored["id"]);
            assert!(id.len() == 64 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{id}");
            assert_eq!(log.get(&format!("{path}/{id}")).await.ok(), stored);
        }
        let least = json!({ "subject": "bob", "target": "t", "action": null });
        let stored = log.records(&least).await;
        assert_eq!(members(&stored), ["action", "createdAt", "id", "scope", "subject", "target", "token"]);
        assert_eq!((&stored["scope"], &stored["action"]), (&json!("default"), &Value::Null));
    }

    async fn a_form_and_json_are_stored_alike(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        for (words, action) in [("true", json!(true)), ("false", json!(false)), ("", Value::Null), ("null", Value::Null)] {
            let form = format!("subject=ada%40example.org&issuer=foo.com&target=https%3A%2F%2Ffoo.com%2Fpolicy&action={words}");
            let request = log.request(Method::POST, BOTH[0]).body(form);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let mut of_form = Answer::of(request.send().await.unwrap()).await.ok();
            let json = json!({
                "subject": "ada@example.org", "issuer": "foo.com", "target": "https://foo.com/policy", "action": action,
            });
            let mut of_json = log.records(&json).await;
            for member in ["id", "token", "createdAt"] {
                assert_ne!(of_form[member].take(), of_json[member].take(), "each event is one of its own");
            }
            assert_eq!(of_form, of_json);
        }
        let form = log.request(Method::POST, BOTH[1]).header("content-type", "application/x-www-form-urlencoded");
        let refused = Answer::of(form.body("subject=a&target=t&action=true").send().await.unwrap()).await;
        assert_eq!(refusal(&refused), "415 ");
    }

    async fn a_list_is_recorded_in_its_order_or_not_at_all(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        for path in BOTH {
            let list = json!([event("ada", "a", Some(true)), event("bob", "b", Some(false)), event("ada", "c", None)]);
            let stored = log.post(path, &list).await.ok();
            let subjects: Vec<_> = stored.as_array().unwrap().iter().map(|event| &event["subject"]).collect();
            assert_eq!(subjects, ["ada", "bob", "ada"]);
            assert!(text(&stored[0]["createdAt"]) < text(&stored[2]["createdAt"]), "{stored}");
            assert_eq!(log.post(path, &json!([])).await.ok(), json!([]));
            let one = log.post(path, &json!([event("ada", "d", Some(true))])).await.ok();
            assert!(one.as_array().is_some_and(|list| list.len() == 1), "a list of one is answered with a list");

            let before = platform.contents().await;
            let (good, long) = (event("ada", "a", Some(true)), "x".repeat(2049));
            for (bad, field) in [
                (json!({ "target": "t", "action": true }), "[1].subject"),
                (event(&long, "a", Some(true)), "[1].subject"),
                (event("ada", "a\0b", Some(true)), "[1].scope"),
                (json!({ "subject": "ada", "target": "t", "action": 1 }), "[1].action"),
                (json!("ada"), "[1]"),
            ] {
                let refused = log.post(path, &json!([good, bad, good])).await;
                assert_eq!(refusal(&refused), format!("422 {field}"), "{bad}");
            }
            platform.holds_the_same(&before).await;
        }
    }

    async fn what_cannot_be_recorded_is_refused_once_and_for_all(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let before = platform.contents().await;
        for path in BOTH {
            for (body, field) in [
                ("", ""), ("{", ""), ("nul", ""), ("{} {}", ""), ("\"ada\"", "body"), ("{}", "action"),
                (r#"{"subject":"a","target":"t"}"#, "action"),
                (r#"{"subject":"a","target":"t","action":"yes"}"#, "action"),
                (r#"{"subject":"","target":"t","action":true}"#, "subject"),
                (r#"{"subject":"a","target":"t","action":true,"type":"other"}"#, "type"),
                (r#"{"subject":"a","target":"t","action":true,"metadata":{"a":1}}"#, "metadata.a"),
                (r#"{"subject":"a","target":"t","action":true,"refreshAt":"soon"}"#, "refreshAt"),
            ] {
                let request = log.request(Method::POST, path).header("content-type", "application/json");
                let refused = Answer::of(request.body(body).send().await.unwrap()).await;
                let named = refusal(&refused);
                assert!(named.starts_with("422 ") && named.ends_with(field), "{path} {body}: {named}");
            }
            let bare = log.request(Method::POST, path).body("{}");
            assert_eq!(Answer::of(bare.send().await.unwrap()).await.status, 415);
            let metadata = json!({ "a": "x".repeat(17 * 1024) });
            let mut event = event("ada", "a", Some(true));
            event["metadata"] = metadata;
            assert_eq!(refusal(&log.post(path, &event).await), "422 metadata");
        }
        let mut empty = event("ada", "a", Some(true));
        empty["issuer"] = "".into();
        assert_eq!(refusal(&log.post(BOTH[0], &empty).await), "422 issuer");
        platform.holds_the_same(&before).await;
        let stored = log.post(BOTH[1], &empty).await.ok();
        assert!(stored.get("issuer").is_none(), "in version 1 an empty text is none: {stored}");
    }

    async fn times_of_a_subject_rise_whoever_posts_at_once(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let other = platform.replica().await;
        let there = Log { platform: &other, app: log.app.clone(), bearer: log.bearer.clone() };
        let body = event("ada", "default", Some(true));
        let posts = (0..12).map(|number| if number % 2 == 0 { &log } else { &there }.records(&body));
        let mut times: Vec<_> = join_all(posts).await.iter().map(|event| text(&event["createdAt"])).collect();
        platform.wait(TimeDelta::hours(-1));
        times.push(text(&log.records(&body).await["createdAt"]));
        let all: std::collections::BTreeSet<_> = times.iter().cloned().collect();
        assert_eq!(all.len(), 13, "{times:?}");
        assert_eq!(all.last(), times.last(), "a clock that was set back does not make it older");
        assert!(all.iter().all(|time| time.len() == 24 && time.ends_with('Z')), "{all:?}");
        let found = log.finds("/consent/v0/consents/search?subject=ada&target=https://foo.example/policy").await;
        let found: Vec<_> = found.iter().map(|event| text(&event["createdAt"])).collect();
        assert!(found.iter().eq(all.iter().rev()), "newest first");
    }
}
