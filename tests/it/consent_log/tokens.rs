//! What lets an app in: its API key, or a token it got for it.

use chrono::TimeDelta;
use consent_client::reqwest::{Method, RequestBuilder};
use consent_gateway::worker;
use harness::{Answer, stories, urlencoded};
use serde_json::{Value, json};

use super::{Log, members, text};

const FORM: &str = "application/x-www-form-urlencoded";
const STATISTICS: &str = "/consent/v1/consents/statistics";

fn asks(log: &Log<'_>) -> RequestBuilder {
    log.platform.http().post(format!("{}/oauth/v0/token", log.platform.url))
}

async fn answer(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

/// A request for tokens in JSON, as the vendor's clients send it.
async fn tokens(log: &Log<'_>, more: &Value) -> Answer {
    let mut body = json!({
        "grant_type": "client_credentials", "client_id": log.app, "client_secret": log.bearer, "scope": "consent",
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    answer(asks(log).json(&body)).await
}

fn refreshing(tokens: &Value) -> Value {
    json!({ "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] })
}

fn error(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.json["error"].as_str().unwrap_or_default())
}

/// What comes of using a token.
async fn tries(log: &Log<'_>, bearer: &str) -> u16 {
    log.platform.call(Method::GET, STATISTICS, Some(bearer), None).await.status
}

stories! {
    async fn an_app_gets_tokens_for_its_api_key_in_every_usual_way(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let pairs = [("grant_type", "client_credentials"), ("client_id", &log.app), ("client_secret", &log.bearer)];
        let ways = [
            tokens(&log, &json!({})).await,
            answer(asks(&log).header("content-type", FORM).body(urlencoded(pairs))).await,
            answer(asks(&log).basic_auth(&log.app, Some(&log.bearer)).json(&json!({ "grant_type": "client_credentials" }))).await,
            answer(asks(&log).basic_auth(&log.app, Some(&log.bearer)).header("content-type", FORM)
                .body("grant_type=client_credentials&scope=DEFAULT%20consent&more=x")).await,
        ];
        for way in ways {
            let issued = way.ok();
            assert_eq!(members(&issued), ["access_token", "expires_in", "refresh_token", "scope", "token_type"]);
            assert_eq!((&issued["token_type"], &issued["expires_in"]), (&json!("Bearer"), &json!(3600)));
            assert_eq!(issued["scope"], "consent DEFAULT");
            assert_eq!(tries(&log, &text(&issued["access_token"])).await, 200);
            assert_eq!(tries(&log, &text(&issued["refresh_token"])).await, 401);
        }
        // Some clients name the account in another header as well, which says nothing that counts.
        let named = log.request(Method::GET, STATISTICS).header("x-api-key", "whatever");
        assert_eq!(answer(named).await.status, 200);
        let alone = platform.http().get(format!("{}{STATISTICS}", platform.url)).header("x-api-key", &log.bearer);
        assert_eq!(answer(alone).await.status, 401);
    }

    async fn whoever_has_no_credentials_gets_no_tokens(platform: TestPlatform) {
        let (log, other) = (Log::of_new_app(&platform).await, Log::of_new_app(&platform).await);
        let before = platform.contents().await;
        let operator = platform.operator().token().to_owned();
        for (more, expected) in [
            (json!({ "client_secret": "x" }), "401 invalid_client"),
            (json!({ "client_secret": other.bearer }), "401 invalid_client"),
            (json!({ "client_secret": operator }), "401 invalid_client"),
            (json!({ "client_id": other.app }), "401 invalid_client"),
            (json!({ "client_id": "" }), "400 invalid_request"),
            (json!({ "client_secret": null }), "400 invalid_request"),
            (json!({ "grant_type": null }), "400 invalid_request"),
            (json!({ "grant_type": "password" }), "400 unsupported_grant_type"),
            (json!({ "grant_type": "refresh_token" }), "400 invalid_request"),
            (json!({ "grant_type": "refresh_token", "refresh_token": log.bearer }), "400 invalid_grant"),
            (json!({ "scope": "consent policy" }), "400 invalid_scope"),
        ] {
            assert_eq!(error(&tokens(&log, &more).await), expected, "{more}");
        }
        let twice = asks(&log).header("content-type", FORM).body("grant_type=a&grant_type=b");
        assert_eq!(error(&answer(twice).await), "400 invalid_request");
        let text = asks(&log).header("content-type", "text/plain").body("{}");
        assert_eq!(error(&answer(text).await), "400 invalid_request");
        let both = asks(&log).basic_auth(&log.app, Some(&log.bearer)).json(&json!({
            "grant_type": "client_credentials", "client_id": other.app,
        }));
        assert_eq!(error(&answer(both).await), "400 invalid_request");
        let wrong = asks(&log).basic_auth(&log.app, Some("x")).json(&json!({ "grant_type": "client_credentials" }));
        let refused = wrong.send().await.unwrap();
        assert_eq!(refused.headers()["www-authenticate"], "Basic realm=\"consent\"");
        assert_eq!(error(&Answer::of(refused).await), "401 invalid_client");
        platform.holds_the_same(&before).await;
    }

    async fn a_token_lives_an_hour_and_a_refresh_token_is_used_once(platform: TestPlatform) {
        let (log, other) = (Log::of_new_app(&platform).await, Log::of_new_app(&platform).await);
        let first = tokens(&log, &json!({})).await.ok();
        assert_eq!(error(&tokens(&other, &refreshing(&first)).await), "400 invalid_grant", "it is not the other's");
        let second = tokens(&log, &refreshing(&first)).await.ok();
        assert_eq!(error(&tokens(&log, &refreshing(&first)).await), "400 invalid_grant");
        let both = [&first, &second].map(|tokens| text(&tokens["access_token"]));
        for token in &both {
            assert_eq!(tries(&log, token).await, 200);
        }
        platform.wait(TimeDelta::minutes(60));
        for token in &both {
            assert_eq!(tries(&log, token).await, 401);
        }
        let third = tokens(&log, &refreshing(&second)).await.ok();
        assert_eq!(tries(&log, &text(&third["access_token"])).await, 200);
        platform.wait(TimeDelta::days(1));
        assert_eq!(error(&tokens(&log, &refreshing(&third)).await), "400 invalid_grant");
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(platform.rows("app_token").await, 0);
    }

    async fn tokens_end_with_the_key_and_with_the_app(platform: TestPlatform) {
        let mut log = Log::of_new_app(&platform).await;
        let issued = tokens(&log, &json!({})).await.ok();
        let path = format!("/api/v1/apps/{}", log.app);
        let replaced = platform.call(Method::POST, &format!("{path}/key"), Some(&log.bearer), None).await.ok();
        let old = std::mem::replace(&mut log.bearer, text(&replaced["apiKey"]));
        for dead in [&old, &text(&issued["access_token"])] {
            assert_eq!(tries(&log, dead).await, 401);
        }
        assert_eq!(error(&tokens(&log, &refreshing(&issued)).await), "400 invalid_grant");

        let issued = tokens(&log, &json!({})).await.ok();
        let operator = platform.operator();
        let _ = operator.call(Method::POST, &format!("/apps/{}/suspend", log.app), None).await.ok();
        assert_eq!(tries(&log, &log.bearer).await, 403, "a suspended app is told so");
        assert_eq!(tries(&log, &text(&issued["access_token"])).await, 401);
        assert_eq!(error(&tokens(&log, &json!({})).await), "400 unauthorized_client");
        let _ = operator.call(Method::POST, &format!("/apps/{}/reinstate", log.app), None).await.ok();
        assert_eq!(tries(&log, &log.bearer).await, 200);
        assert_eq!(tries(&log, &text(&issued["access_token"])).await, 401, "what ended stays ended");
        assert_eq!(error(&tokens(&log, &refreshing(&issued)).await), "400 invalid_grant");
    }
}
