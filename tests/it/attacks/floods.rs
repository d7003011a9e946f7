//! More of something than anybody needs.

use std::time::Duration;

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_gateway::worker;
use futures_util::{FutureExt as _, StreamExt as _, future::join_all, stream::FuturesUnordered};
use harness::{Answer, MockApp, Person, TestPlatform, stories};
use serde_json::{Value, json};

const AUTHORIZE: &str = "v1.7/oauth/authorize";
const CONTRACT: &str = "v1.7/permission-access/contract";

/// A request for consent, stamped so many milliseconds from now.
fn stamped(app: &MockApp, off: i64) -> String {
    let mut claims = app.client.claims();
    let now = app.ambient().now().timestamp_millis();
    claims.insert("timestamp".to_owned(), (now + off).into());
    for (name, value) in [
        ("redirect_uri", MockApp::CALLBACK),
        ("code_challenge", &"A".repeat(43)),
        ("code_challenge_method", "S256"),
    ] {
        claims.insert(name.to_owned(), value.into());
    }
    app.client.signed(&claims).unwrap()
}

stories! {
    async fn what_is_kept_of_nonces_is_bounded_by_time_and_by_what_was_accepted(platform: TestPlatform) {
        let app = platform.app("read").await;
        let redirect =
            |uri: &'static str| app.jwt(&[("redirect_uri", uri), ("code_challenge_method", "S256")]);
        let refused = join_all((0..60).map(|number| {
            let jwt = match number % 3 {
                0 => redirect("https://evil.example/"),
                1 => stamped(&app, 300_001),
                _ => format!("{}A", stamped(&app, 0)),
            };
            let app = &app;
            async move { app.sends(Method::POST, AUTHORIZE, &jwt).await.status }
        }));
        assert!(refused.await.iter().all(|status| *status == 400));
        assert_eq!(platform.rows("nonce").await, 0, "what was refused is not kept");
        let accepted = join_all((0..100).map(|_| app.asks())).await;
        assert_eq!(platform.rows("nonce").await, 100);
        assert_eq!(accepted.len(), 100);
        platform.wait(TimeDelta::minutes(15));
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(platform.rows("nonce").await, 0);
    }

    async fn a_nonce_is_remembered_as_long_as_its_request_is_young_enough(platform: TestPlatform) {
        let app = platform.app("read").await;
        // The furthest ahead that a clock may be.
        let (writing, reading) = (stamped(&app, 300_000), stamped(&app, 300_000));
        assert_eq!(app.sends(Method::POST, AUTHORIZE, &writing).await.status, 200);
        assert_eq!(app.sends(Method::GET, CONTRACT, &reading).await.status, 200);
        let fresh = stamped(&app, 300_000);
        platform.wait(TimeDelta::minutes(10));
        worker::sweep(&platform.inner).await.unwrap();
        let requests = platform.rows("authorization_request").await;
        assert_eq!(app.sends(Method::POST, AUTHORIZE, &writing).await.refusal(), "400 InvalidRequest");
        assert_eq!(app.sends(Method::GET, CONTRACT, &reading).await.refusal(), "400 InvalidRequest");
        let replica = platform.replica().await;
        let elsewhere = app.at(&replica).sends(Method::POST, AUTHORIZE, &writing).await;
        assert_eq!(elsewhere.refusal(), "400 InvalidRequest");
        assert_eq!(platform.rows("authorization_request").await, requests);
        assert_eq!(app.sends(Method::POST, AUTHORIZE, &fresh).await.status, 200, "as old, and never seen");
        platform.wait(TimeDelta::milliseconds(1));
        assert_eq!(app.sends(Method::POST, AUTHORIZE, &writing).await.refusal(), "400 InvalidRequest");
    }
}

mod of_passwords {
    use super::*;

    async fn signs_in(platform: &TestPlatform, email: &str) -> (u16, Option<u64>, Value) {
        let body = json!({ "email": email, "password": Person::PASSWORD });
        let request = platform.http().post(format!("{}/api/v1/sign-in", platform.url)).json(&body);
        let response = request.timeout(Duration::from_mins(5)).send().await.unwrap();
        let wait = response.headers().get("retry-after").map(|wait| wait.to_str().unwrap().parse().unwrap());
        let Answer { status, json } = Answer::of(response).await;
        (status, wait, json)
    }

    stories! {
        with |config| {
            config.people.argon2_at_once = 1;
            config.people.argon2_memory_kib = 16 * 1024;
            config.people.argon2_iterations = 3;
        };

        async fn a_crowd_at_the_door_waits_in_a_queue_that_has_an_end(platform: TestPlatform) {
            let ada = platform.person("ada").await;
            let emails: Vec<_> = (0..200).map(|number| format!("nobody-{number}@example.org")).collect();
            let mut crowd: FuturesUnordered<_> =
                emails.iter().map(|email| signs_in(&platform, email)).collect();
            let turned_away = loop {
                match crowd.next().await.expect("the queue has an end") {
                    (401, ..) => {}
                    other => break other,
                }
            };
            assert_eq!((turned_away.0, turned_away.1), (503, Some(5)), "{}", turned_away.2);
            assert_eq!(turned_away.2["code"], "Busy");
            assert_eq!(ada.call(Method::GET, "/me", None).await.status, 200, "everybody else is served");
            while let Some(Some(_)) = crowd.next().now_or_never() {}
            assert!(crowd.len() > 20, "{} are still waiting", crowd.len());
            drop(crowd);
            let comes_back = loop {
                match signs_in(&platform, &ada.email).await {
                    (503, wait, _) => platform.wait(TimeDelta::seconds(wait.unwrap().try_into().unwrap())),
                    other => break other,
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            assert_eq!((comes_back.0, platform.rows("sign_in").await), (200, 2), "{}", comes_back.2);
        }
    }
}
