//! What an app, or the operator, changes at one replica.

use chrono::TimeDelta;
use consent_client::{AuthorizeOptions, reqwest::Method};
use harness::{MockApp, stories};
use serde_json::json;

use super::Warm;

stories! {
    async fn a_key_added_at_one_signs_at_the_other_at_once(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let newer = warm.with_key("app-2");
        for _ in 0..3 {
            warm.refuses(&newer, "400 InvalidJWT").await;
        }
        warm.adds_key("app-2").await;
        warm.serves(&newer).await;
        warm.is_served().await;
        let file = newer.client.fetch(warm.access(), &warm.session.key, &warm.name).await;
        assert_eq!(MockApp::outcome(&file), "ok", "sealed for the key that signed");
    }

    async fn a_key_retired_at_one_signs_nothing_at_the_other_from_then_on(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        for (keys, next, how) in
            [("app-1", "app-2", json!({})), ("app-2", "app-3", json!({ "compromised": true }))]
        {
            warm.adds_key(next).await;
            let (old, newer) = (warm.with_key(keys), warm.with_key(next));
            for app in [&old, &newer, &old] {
                warm.serves(app).await;
            }
            warm.retires_key(keys, &how).await;
            warm.refuses(&old, "400 InvalidJWT").await;
            warm.serves(&newer).await;
        }
    }

    async fn a_key_that_is_to_end_later_ends_at_that_moment_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        warm.adds_key("app-2").await;
        let newer = warm.with_key("app-2");
        let at = (warm.app.ambient().now() + TimeDelta::minutes(30)).to_rfc3339();
        warm.retires_key("app-1", &json!({ "at": at })).await;
        platform.wait(TimeDelta::seconds(30 * 60 - 1));
        warm.is_served().await;
        platform.wait(TimeDelta::seconds(1));
        warm.refuses(&warm.app, "400 InvalidJWT").await;
        warm.serves(&newer).await;
    }

    async fn an_app_suspended_at_one_is_refused_at_the_other_until_reinstated(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let asked = warm.app.asks().await;
        let path = format!("/me/authorizations/{}", asked.url_code.expose());
        let question = warm.she_asks(Method::GET, &path, None).await.ok();
        for _ in 0..2 {
            warm.operator("suspend").await;
            warm.refuses(&warm.app, "403 InvalidConsentAccessApplication").await;
            let before = platform.contents().await;
            let yes = json!({ "textHash": question["textHash"] });
            let answer = warm.she_asks(Method::POST, &format!("{path}/approve"), Some(&yes)).await;
            assert_eq!(answer.refusal(), "403 InvalidConsentAccessApplication");
            platform.holds_the_same(&before).await;
            warm.operator("reinstate").await;
            warm.is_served().await;
        }
    }

    async fn a_contract_retired_at_one_is_none_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let asked = warm.app.asks().await;
        let path = format!("/me/authorizations/{}", asked.url_code.expose());
        let question = warm.she_asks(Method::GET, &path, None).await.ok();
        let _ = warm.registry(Method::POST, "/retire", None).await.ok();
        warm.refuses(&warm.app, "404 InvalidContractId").await;
        let before = platform.contents().await;
        let yes = json!({ "textHash": question["textHash"] });
        let answer = warm.she_asks(Method::POST, &format!("{path}/approve"), Some(&yes)).await;
        assert_eq!(answer.refusal(), "404 InvalidContractId");
        platform.holds_the_same(&before).await;
    }

    async fn what_is_published_at_one_is_what_the_other_shows(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let public = format!("/v1.7/permission-access/contract/{}/{}", warm.app.contract_id, warm.app.id);
        let shown =
            async || warm.there.call(Method::GET, &public, None, None).await.ok()["certificate"].clone();
        let signed = async || warm.app.client.contract().await.unwrap().certificate;
        let asked = warm.app.asks().await;
        let path = format!("/me/authorizations/{}", asked.url_code.expose());
        let (old, before) = (warm.she_asks(Method::GET, &path, None).await.ok(), shown().await);
        assert_eq!(before, signed().await);
        for (version, summary) in [(2, "Something else."), (3, "Something else again.")] {
            let next = |document: &mut serde_json::Value| document["purpose"]["summary"] = summary.into();
            warm.app.revises(&platform, "read", next).await;
            let question = warm.she_asks(Method::GET, &path, None).await.ok();
            assert_eq!(question["version"], version);
            assert_eq!(question["document"]["purpose"]["summary"], summary);
            let now = shown().await;
            assert_ne!(now, before);
            assert_eq!(now, signed().await);
            let held = platform.contents().await;
            let stale = json!({ "textHash": old["textHash"] });
            let answer = warm.she_asks(Method::POST, &format!("{path}/approve"), Some(&stale)).await;
            assert_eq!(answer.refusal(), "422 ValidationErrors");
            platform.holds_the_same(&held).await;
        }
    }

    async fn a_contract_that_asks_for_less_at_one_gives_less_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let listed = async || {
            let list = warm.app.client.list(warm.access(), &warm.session.key).await.unwrap();
            list.files.into_iter().map(|file| file.name).collect::<Vec<_>>()
        };
        let all = listed().await;
        let plays = json!([{ "id": 19, "serviceObjectTypes": [{ "id": 406 }] }]);
        let plays = json!([{ "id": 5, "serviceTypes": plays }]);
        let narrow = |document: &mut serde_json::Value| document["scope"]["serviceGroups"] = plays;
        warm.app.revises(&platform, "read", narrow).await;
        let fewer = listed().await;
        let gone: Vec<_> = all.iter().filter(|name| !fewer.contains(name)).collect();
        assert!(!fewer.is_empty() && !gone.is_empty(), "{fewer:?}");
        for name in gone {
            let file = warm.app.client.fetch(warm.access(), &warm.session.key, name).await;
            assert_eq!(MockApp::outcome(&file), "404 FileNotFound", "{name}");
        }
    }

    async fn a_redirect_uri_comes_and_goes_at_both_at_once(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let (other, options) = ("http://127.0.0.1:9998/callback", AuthorizeOptions::default());
        let elsewhere = warm.app.at(&warm.there).returning_to(&warm.there, other);
        let asks = async |app: &MockApp| MockApp::outcome(&app.client.authorize(&options).await);
        let uris = async |uris: &[&str]| {
            warm.app.revises(&platform, "read", |document| document["redirectUris"] = json!(uris)).await
        };
        assert_eq!(asks(&elsewhere).await, "400 InvalidRedirectUri");
        uris(&[MockApp::CALLBACK, other]).await;
        assert_eq!((asks(&warm.app).await, asks(&elsewhere).await), ("ok".to_owned(), "ok".to_owned()));
        uris(&[other]).await;
        let before = platform.contents().await;
        assert_eq!(asks(&warm.app).await, "400 InvalidRedirectUri");
        platform.holds_the_same(&before).await;
        assert_eq!(asks(&elsewhere).await, "ok");
    }

    async fn an_api_key_replaced_at_one_opens_nothing_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let path = format!("/api/v1/apps/{}", warm.app.id);
        let old = warm.app.api_key.as_str();
        let looks = async |key: &str| warm.there.call(Method::GET, &path, Some(key), None).await.refusal();
        for _ in 0..3 {
            assert_eq!(looks(old).await, "200 ");
        }
        let made = platform.call(Method::POST, &format!("{path}/key"), Some(old), None).await.ok();
        assert_eq!(looks(old).await, "401 Unauthorized");
        assert_eq!(looks(made["apiKey"].as_str().unwrap()).await, "200 ");
    }
}
