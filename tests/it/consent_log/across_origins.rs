//! Pages of other origins may call this API with a token of their own, and nothing else here.

use consent_client::reqwest::{Method, header::HeaderMap};
use harness::{TestPlatform, stories};
use serde_json::json;

use super::{Log, event};

const ORIGIN: &str = "https://shop.example";

async fn preflight(platform: &TestPlatform, path: &str) -> (u16, HeaderMap) {
    let request = platform.http().request(Method::OPTIONS, format!("{}{path}", platform.url));
    let request = request.header("origin", ORIGIN).header("access-control-request-method", "POST");
    let request = request
        .header("access-control-request-headers", "authorization,content-type,idempotency-key,x-api-key");
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone())
}

stories! {
    async fn a_browser_is_told_that_pages_may_call(platform: TestPlatform) {
        for path in ["/consent/v0/consents", "/consent/v1/vaults/a/consents", "/consent/v0/consents/search", "/oauth/v0/token"] {
            let (status, headers) = preflight(&platform, path).await;
            assert_eq!((status, &headers["access-control-allow-origin"]), (204, &"*".parse().unwrap()), "{path}");
            let allowed = headers["access-control-allow-headers"].to_str().unwrap();
            for name in ["authorization", "content-type", "x-api-key", "idempotency-key"] {
                assert!(allowed.split(", ").any(|allowed| allowed == name), "{name}");
            }
            assert_eq!(headers["access-control-allow-methods"], "GET, POST");
            assert!(!headers.contains_key("access-control-allow-credentials"), "{path}");
        }
        for path in ["/api/v1/me", "/v1.7/oauth/token", "/", "/api/v1/keys", "/consents", "/oauth/token"] {
            let (status, headers) = preflight(&platform, path).await;
            assert!(matches!(status, 404 | 405), "{path}: {status}");
            assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{path}");
        }
    }

    async fn a_page_reads_answers_and_refusals_and_no_cookie_counts(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let ada = platform.person("ada").await;
        let path = "/consent/v1/consents";
        let posts = || platform.http().post(format!("{}{path}", platform.url)).header("origin", ORIGIN);
        for (request, status) in [
            (posts().bearer_auth(&log.bearer).json(&event("a", "b", Some(true))), 200),
            (posts().bearer_auth(&log.bearer).json(&json!({})), 422),
            (posts().json(&json!({})), 401),
            (posts().header("cookie", format!("consent-sign-in={}", ada.token)).json(&json!({})), 401),
            (posts().bearer_auth(&ada.token).json(&json!({})), 401),
        ] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), status);
            assert_eq!(answer.headers()["access-control-allow-origin"], "*");
            assert!(!answer.headers().contains_key("access-control-allow-credentials"));
        }
        let same = log.request(Method::GET, "/consent/v1/consents/statistics").send().await.unwrap();
        assert!(!same.headers().contains_key("access-control-allow-origin"), "nobody asked");
    }
}
