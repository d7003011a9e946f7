//! Who a request says it is for, from, and by way of.

use consent_client::reqwest::{Method, RequestBuilder, header::HeaderMap};
use consent_crypto::Unverified;
use consent_gateway::http::routes;
use harness::{Answer, MockApp, Person, TestPlatform, stories};
use serde_json::json;

const EVIL: &str = "evil.example";

/// Everything that a request can say about another host or scheme.
fn lying(request: RequestBuilder) -> RequestBuilder {
    request
        .header("host", EVIL)
        .header("x-forwarded-host", EVIL)
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-port", "444")
        .header("x-forwarded-prefix", "/evil")
        .header("x-original-url", "/healthz")
        .header("x-rewrite-url", "/healthz")
        .header("forwarded", format!("for=198.51.100.1;host={EVIL};proto=https"))
}

/// No answer says that another origin may read it.
fn is_closed(headers: &HeaderMap) -> bool {
    headers.keys().all(|name| !name.as_str().starts_with("access-control-"))
}

/// What comes of signing in, from where `X-Forwarded-For` says, line by line.
async fn signs_in(platform: &TestPlatform, lines: &[&str], email: &str, password: &str) -> u16 {
    let url = format!("{}/api/v1/sign-in", platform.url);
    let body = json!({ "email": email, "password": password });
    let request = lines.iter().fold(platform.http().post(url).json(&body), |request, line| {
        request.header("x-forwarded-for", *line)
    });
    request.send().await.unwrap().status().as_u16()
}

/// Every URL that is made stays ours, whatever a request says about its host.
async fn every_url_is_ours(platform: &TestPlatform) {
    let app = platform.app("read").await;
    let ada = platform.person("ada").await;
    let challenge = "A".repeat(43);
    let jwt = app.jwt(&[
        ("redirect_uri", MockApp::CALLBACK),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let asks = platform.http().post(format!("{}/v1.7/oauth/authorize", platform.url)).bearer_auth(jwt);
    let said = Answer::of(lying(asks).send().await.unwrap()).await.ok();
    let token = Unverified::parse(said["token"].as_str().unwrap()).unwrap();
    assert_eq!(token.jku(), Some(format!("{}/jwks/oauth", platform.url).as_str()));
    let code = token.peek()["preauthorization_code"].as_str().unwrap();

    for (path, cookie) in [
        (format!("/apps/saas/authorize?code={code}"), None),
        ("/console".to_owned(), None),
        ("/console".to_owned(), Some(format!("consent-sign-in={}", ada.token))),
        ("/library".to_owned(), Some(format!("consent-sign-in={}", ada.token))),
        ("/sign-in".to_owned(), None),
        ("/".to_owned(), None),
        ("/nothing".to_owned(), None),
        ("/openapi.json".to_owned(), None),
        ("/api/v1/me".to_owned(), None),
        ("/jwks/oauth".to_owned(), None),
        (format!("/v1.7/permission-access/contract/{}/{}", app.contract_id, app.id), None),
    ] {
        let request = platform.http().get(format!("{}{path}", platform.url));
        let request = cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie));
        let response = lying(request).send().await.unwrap();
        let headers = response.headers().clone();
        assert!(!headers.contains_key("strict-transport-security"), "{path}: there is no TLS here");
        let location = headers.get("location").map(|to| to.to_str().unwrap().to_owned());
        assert!(location.is_none_or(|to| to.starts_with('/') && !to.starts_with("//")), "{path}");
        for cookie in headers.get_all("set-cookie") {
            assert!(!cookie.to_str().unwrap().contains("Secure"), "{path}");
        }
        let told = format!("{headers:?} {}", response.text().await.unwrap());
        assert!(!told.contains("evil") && !told.contains("198.51.100.1"), "{path}: {told}");
    }
}

stories! {
    async fn no_foreign_page_reads_an_answer(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let before = platform.contents().await;
        let mut asked = 0;
        // Pages may call these, with a token of their own: `consent_log::across_origins`.
        let shared = ["/consent/v", "/oauth/v0/"];
        for route in routes().iter().filter(|route| !shared.iter().any(|shared| route.path.starts_with(shared))) {
            let method = Method::from_bytes(route.method.as_str().as_bytes()).unwrap();
            let url = format!("{}{}", platform.url, route.path.replace(['{', '}'], ""));
            for origin in ["https://evil.example", "null", platform.url.as_str()] {
                let preflight = platform.http().request(Method::OPTIONS, &url).header("origin", origin);
                let preflight = preflight
                    .header("access-control-request-method", method.as_str())
                    .header("access-control-request-headers", "authorization, content-type");
                let answer = preflight.send().await.unwrap();
                assert_eq!(answer.status(), 405, "{route:?}");
                assert!(is_closed(answer.headers()), "{route:?}: {:?}", answer.headers());
                for token in [ada.token.clone(), app.jwt(&[])] {
                    let request = platform.http().request(method.clone(), &url).header("origin", origin);
                    let request = request.bearer_auth(token).header("content-type", "text/plain");
                    // These would change something.
                    if method == Method::GET || method == Method::HEAD {
                        let answer = request.send().await.unwrap();
                        assert!(is_closed(answer.headers()), "{route:?}: {:?}", answer.headers());
                    }
                    asked += 1;
                }
            }
        }
        assert!(asked > 500, "{asked}");
        let token = platform.http().post(format!("{}/v1.7/oauth/token", platform.url));
        let token = token.header("origin", EVIL).bearer_auth(app.jwt(&[("grant_type", "refresh_token")]));
        let answer = token.send().await.unwrap();
        assert!(answer.status() == 400 && is_closed(answer.headers()));
        platform.holds_the_same(&before).await;
    }

    async fn a_request_does_not_choose_what_the_server_is_called(platform: TestPlatform) {
        every_url_is_ours(&platform).await;
    }

    async fn without_a_trusted_proxy_nobody_is_where_she_says(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        for guess in 0..5 {
            let said = format!("203.0.113.{guess}");
            assert_eq!(signs_in(&platform, &[&said], &ada.email, "a wrong password").await, 401);
        }
        let before = platform.contents().await;
        for said in [&["198.51.100.7"][..], &["127.0.0.1"], &["::1", "10.0.0.1"], &[]] {
            assert_eq!(signs_in(&platform, said, &ada.email, Person::PASSWORD).await, 429, "{said:?}");
        }
        platform.holds_the_same(&before).await;
    }
}

mod behind_a_proxy {
    use super::*;

    stories! {
        with |config| {
            config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        };

        async fn not_even_a_trusted_proxy_chooses_what_the_server_is_called(platform: TestPlatform) {
            every_url_is_ours(&platform).await;
        }

        async fn who_comes_is_the_last_that_no_proxy_of_ours_has_written(platform: TestPlatform) {
            let ada = platform.person("ada").await;
            let from = "203.0.113.1";
            for said in [
                from,
                "198.51.100.7, 203.0.113.1",
                "127.0.0.1, 203.0.113.1",
                "garbage, 203.0.113.1",
                "198.51.100.8, 203.0.113.1, 10.1.2.3",
            ] {
                assert_eq!(signs_in(&platform, &[said], &ada.email, "a wrong password").await, 401, "{said}");
            }
            let before = platform.contents().await;
            for said in [from, "198.51.100.9, 203.0.113.1", "198.51.100.9,203.0.113.1,10.0.0.1"] {
                assert_eq!(signs_in(&platform, &[said], &ada.email, Person::PASSWORD).await, 429, "{said}");
            }
            platform.holds_the_same(&before).await;
            assert_eq!(signs_in(&platform, &["198.51.100.9"], &ada.email, Person::PASSWORD).await, 200);
        }

        async fn a_line_of_her_own_before_that_of_the_proxy_says_nothing(platform: TestPlatform) {
            let ada = platform.person("ada").await;
            for guess in 0..5 {
                let said = format!("198.51.100.{guess}");
                let lines = [said.as_str(), "203.0.113.1"];
                assert_eq!(signs_in(&platform, &lines, &ada.email, "a wrong password").await, 401);
            }
            let before = platform.contents().await;
            let lines = ["198.51.100.9", "203.0.113.1"];
            assert_eq!(signs_in(&platform, &lines, &ada.email, Person::PASSWORD).await, 429);
            platform.holds_the_same(&before).await;
        }
    }
}
