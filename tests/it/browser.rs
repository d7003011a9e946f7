//! The pages as people meet them, in a real browser: with no script, in light and dark colours, on phones and desktops.

use std::collections::BTreeMap;

use consent_client::Url;
use harness::{Browser, Callback, TestPlatform, browser_stories};

mod account;
mod answering;
mod called_back;
mod changes;
mod console;
mod library;
mod once_more;
pub(crate) mod tour;

/// What every page is sent with, so that it cannot be framed, sniffed, kept, or made to load anything foreign.
const HEADERS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// The directives of a page's content security policy.
async fn policy(platform: &TestPlatform, path: &str) -> Vec<String> {
    let answer = platform.http().get(format!("{}{path}", platform.url)).send().await.unwrap();
    for (name, value) in HEADERS {
        assert_eq!(answer.headers()[*name], value, "{name}");
    }
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    policy.split(';').map(|directive| directive.trim().to_owned()).collect()
}

/// What a browser brings back to an app.
fn brought(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// What an app is told when it gets nothing: why, with its own state.
fn refused(why: &str) -> BTreeMap<String, String> {
    let told = [("success", "false"), ("errorCode", why), ("state", "a state")];
    told.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

browser_stories! {
    async fn the_home_page_says_what_this_is(platform: TestPlatform, browser: Browser) {
        let policy = policy(&platform, "/").await;
        for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.iter().any(|said| said == directive), "{directive} in {policy:?}");
        }
        browser.opens("/").await;
        browser.must_see("Share your data by contract").await;
        let title = "Share your data by contract · Consent Access";
        assert_eq!((browser.status().await, browser.title().await.as_str()), (200, title));
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        browser.is_accessible().await;
    }

    async fn a_wrong_link_says_what_to_do(platform: TestPlatform, browser: Browser) {
        browser.opens("/apps/saas/authorize?code=nobodys").await;
        browser.must_see("Go back to the app").await;
        browser.is_accessible().await;
        browser.presses("Consent Access").await;
        assert_eq!((browser.path().await.as_str(), browser.status().await), ("/", 200));
        browser.goes_back().await;
        assert_eq!(browser.path().await, "/apps/saas/authorize");
    }

    async fn a_browser_comes_back_to_the_app(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let asked = app.asks().await;
        let sample = [("sourceType", "pull"), ("sampleDataSet", "ada"), ("sampleDataAutoOnboard", "true")];
        browser.opens(asked.consent_url(&sample)).await;
        browser.must_see("Back at the app").await;
        assert_eq!(browser.url().await, callback.visit().await);
        let code = asked.answer(&callback.visit().await).unwrap();
        assert!(app.client.exchange(&code, &asked.code_verifier).await.is_ok());
    }
}
