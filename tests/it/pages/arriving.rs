//! A browser comes from an app, with a code and whatever else the app's SDK put into the address (§13.1), and goes back.

use chrono::TimeDelta;
use consent_client::{HandleKind, ReferenceOptions, SessionOptions, SyncState, reqwest::Method};
use harness::{MockApp, TestPlatform, Visit, Web, rows, stories};

use super::{Asking, CALLED_BACK, app_at, arrives, asks_with, failure};

/// What an app might mean by its state, and what others might.
const STATES: &[&str] = &[
    "a state",
    "a+b c%20d",
    "\"quoted\" 'and' `so`",
    "a&success=true&code=stolen",
    "#fragment?query",
    "line\r\nset-cookie: a=b",
    "ünï😀\u{202e}rtl",
    "<script>alert(1)</script>",
    "%00%0d%0a",
    "{}[]|\\^~",
    " ",
];

fn refused(visit: &Visit, target: &str) {
    assert_eq!(failure(visit, target), ("INITIALIZE_CHECK_FAIL".to_owned(), "a state".to_owned()));
}

/// `sourcesScope` as the SDKs encode it: once by itself, and once more with the query.
fn sources_scope(json: &str) -> String {
    harness::urlencoded([("", json)]).trim_start_matches('=').replace('+', "%20")
}

stories! {
    async fn what_the_sdks_put_into_the_address_is_understood(platform: TestPlatform) {
        let app = app_at(&platform, "read", &[MockApp::CALLBACK, CALLED_BACK]).await;
        let ada = platform.person("ada").await;
        let web = Web::of(&platform, &ada);
        let hospitals = sources_scope(r#"{"dataType":["documents"],"organizationType":"hospital"}"#);
        let before = platform.rows("consent_grant").await;
        for parameters in [
            &[][..],
            &[("callback", MockApp::CALLBACK)],
            &[("callback", CALLED_BACK), ("service", "16")],
            &[("callback", CALLED_BACK), ("autoRedirect", "true")],
            &[("sourceType", "pull"), ("sampleDataSet", "ada"), ("lng", "en_US"), ("triggerQuery", "false")],
            &[("sourceType", "push"), ("includeSampleDataOnlySources", "false"), ("triggerQuery", "true")],
            &[("sampleDataAutoOnboard", "false"), ("service", ""), ("callback", ""), ("storageRef", "")],
            &[("sourcesScope", hospitals.as_str())],
            &[("sourcesScope", "%7B%7D")],
            &[("unknown", "x"), ("unknown", "y"), ("lng", "<script>"), ("lng", "de")],
        ] {
            let asked = app.asks().await;
            let page = arrives(&web, &asked.consent_url(parameters)).await;
            let visit = web.get(&page).await;
            assert_eq!(visit.status, 200, "{parameters:?}: {}", visit.text());
            assert!(visit.shows("wants to read"), "{parameters:?}");
        }
        assert_eq!(platform.rows("consent_grant").await, before);
    }

    async fn what_cannot_be_understood_goes_back_to_the_registered_uri(platform: TestPlatform) {
        let app = app_at(&platform, "read", &[MockApp::CALLBACK, CALLED_BACK]).await;
        let ada = platform.person("ada").await;
        let asked = app.asks().await;
        let before = platform.contents().await;
        let twice_too_few = r#"{"dataType":["gossip"]}"#;
        for (name, values) in [
            ("service", &["spotify", "16.0", "99999999999999999999", "0x10", "16\0"][..]),
            ("sourceType", &["both", "PULL", "push\0", "pull,push"]),
            ("sampleDataAutoOnboard", &["yes", "1", "TRUE"]),
            ("triggerQuery", &["no", "0", "False"]),
            ("sourcesScope", &["{", "[]", "null", "%ff", "%257B%257D", twice_too_few, r#"{"more":1}"#, "%00"]),
            ("storageRef", &["x", "..", "cah_", "cap_x"]),
            ("accountRef", &["x", "\u{0}"]),
        ] {
            for value in values {
                let web = Web::of(&platform, &ada);
                let visit = web.get(asked.consent_url(&[(name, value)]).as_str()).await;
                refused(&visit, MockApp::CALLBACK);
                assert!(visit.set_cookies().is_empty(), "{name}={value}");
            }
        }
        // Nor is anybody sent to an address that is not registered.
        for callback in [
            "https://evil.example/",
            "//evil.example",
            "http://127.0.0.1:9999/",
            "http://127.0.0.1:9999/callback/",
            "http://127.0.0.1:9999/callback?x",
            "http://127.0.0.1:9999/callback#x",
            "http://127.0.0.1:9999/callback/../evil",
            "http://127.0.0.1:9999/%63allback",
            "http://127.0.0.1:9999/Callback",
            "http://evil@127.0.0.1:9999/callback",
            "http://127.0.0.1:9999@evil.example/callback",
            "http://127.0.0.1:99990/callback",
            "http://localhost:9999/callback",
            "HTTP://127.0.0.1:9999/callback",
            " http://127.0.0.1:9999/callback",
            "http://127.0.0.1:9999/callback\0",
            "javascript:alert(1)",
            "digime-ca://callback",
        ] {
            for auto in ["false", "true"] {
                let parameters = [("callback", callback), ("sampleDataAutoOnboard", auto)];
                let visit = Web::new(&platform).get(asked.consent_url(&parameters).as_str()).await;
                refused(&visit, MockApp::CALLBACK);
                assert!(!visit.location().unwrap().contains("evil"), "{callback}");
            }
        }
        platform.holds_the_same(&before).await;
        arrives(&Web::of(&platform, &ada), &asked.consent_url(&[])).await;
    }

    async fn an_address_that_says_something_twice_or_too_much_is_a_wrong_link(platform: TestPlatform) {
        let app = app_at(&platform, "read", &[MockApp::CALLBACK, CALLED_BACK]).await;
        let asked = app.asks().await;
        let before = platform.contents().await;
        let code = asked.url_code.expose();
        let long = "x".repeat(4000);
        for parameters in [
            &[("code", code)][..],
            &[("code", "x")],
            &[("service", "16"), ("service", "17")],
            &[("callback", MockApp::CALLBACK), ("callback", "https://evil.example")],
            &[("callback", MockApp::CALLBACK), ("callback", MockApp::CALLBACK)],
            &[("callback", long.as_str())],
            &[("sourcesScope", long.as_str())],
        ] {
            let visit = Web::new(&platform).get(asked.consent_url(parameters).as_str()).await;
            assert_eq!((visit.status, visit.location()), (400, None), "{parameters:?}");
            assert!(visit.shows("This link does not work") && visit.set_cookies().is_empty(), "{parameters:?}");
            assert!(!visit.body.contains(code));
        }
        platform.holds_the_same(&before).await;
    }

    async fn the_state_comes_back_as_it_was_with_every_answer(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let web = Web::of(&platform, &ada);
        let long = "é\"&".repeat(1024);
        assert_eq!(long.len(), 4096);
        for (number, state) in STATES.iter().copied().chain([long.as_str()]).enumerate() {
            let asked = asks_with(&app, state).await;
            let misunderstood = web.get(asked.consent_url(&[("service", "x")]).as_str()).await;
            let page = arrives(&web, &asked.consent_url(&[])).await;
            let answer = if number % 2 == 0 { "accept" } else { "decline" };
            let answered = web.fills(&page, &page, |form| form.pressing("answer", answer)).await;
            for visit in [misunderstood, answered] {
                assert_eq!(visit.told("state").as_deref(), Some(state));
                let url = visit.back_at_the_app();
                assert!(url.as_str().starts_with(&format!("{}?", MockApp::CALLBACK)), "{url}");
                assert!(url.fragment().is_none() && visit.headers.get_all("location").iter().count() == 1);
            }
        }
    }

    async fn sdks_before_generation_10_get_failures_where_they_say(platform: TestPlatform) {
        let app = app_at(&platform, "read", &[MockApp::CALLBACK, CALLED_BACK]).await;
        let ada = platform.person("ada").await;
        let called_back = [("callback", CALLED_BACK)];
        let declined = Asking::with(&platform, &ada, app.at(&platform), &called_back).await;
        let (code, state) = failure(&declined.declines().await, CALLED_BACK);
        assert_eq!((code.as_str(), state.as_str()), ("USER_CANCEL", "a state"));
        let accepted = Asking::with(&platform, &ada, app, &called_back).await;
        let visit = accepted.accepts().await;
        assert!(visit.location().unwrap().starts_with(MockApp::CALLBACK), "a yes goes to the redirect URI");
        let shared = accepted.asked.answer(&visit.back_at_the_app()).unwrap();
        let app = &accepted.app;
        let tokens = app.client.exchange(&shared, &accepted.asked.code_verifier).await.unwrap();

        let web = &accepted.web;
        let options = ReferenceOptions { state: Some("a state".to_owned()), ..ReferenceOptions::default() };
        for answer in ["connect", "decline"] {
            let asked = app.client.reference(&tokens.access.value, &options).await.unwrap();
            let page = arrives(web, &asked.onboard_url(&[("service", "16"), called_back[0]])).await;
            let form = web.get(&page).await.forms().into_iter().rfind(|form| {
                form.buttons.contains(&("answer".to_owned(), answer.to_owned()))
            });
            let visit = web.submits(&form.unwrap().pressing("answer", answer)).await;
            assert!(visit.location().unwrap().starts_with(CALLED_BACK), "the result of onboarding: {answer}");
            assert_eq!(visit.told("success").as_deref(), Some(if answer == "connect" { "true" } else { "false" }));
            assert_eq!(visit.told("state").as_deref(), Some("a state"));
        }
    }

    async fn sdks_before_generation_10_hear_there_of_wrong_parameters_too(platform: TestPlatform) {
        let app = app_at(&platform, "read", &[MockApp::CALLBACK, CALLED_BACK]).await;
        let asked = app.asks().await;
        let web = Web::new(&platform);
        for wrong in [("service", "x"), ("storageRef", "x"), ("triggerQuery", "maybe")] {
            let visit = web.get(asked.consent_url(&[("callback", CALLED_BACK), wrong]).as_str()).await;
            refused(&visit, CALLED_BACK);
        }
        let nobody = [("callback", CALLED_BACK), ("sampleDataAutoOnboard", "true"), ("sampleDataSet", "nobody")];
        let visit = web.get(asked.consent_url(&nobody).as_str()).await;
        assert_eq!(failure(&visit, CALLED_BACK).0, "ONBOARD_ERROR");
    }

    async fn a_callback_with_a_query_of_its_own_is_kept_whole(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        for callback in [
            "http://127.0.0.1:9999/failed?a=1",
            "http://127.0.0.1:9999/failed?a=1&b=2",
            "http://127.0.0.1:9999/failed?a=x+y%2Bz",
            "http://127.0.0.1:9999/failed?service=17&sourceType=push",
            "http://127.0.0.1:9999/failed?code=x",
            "http://127.0.0.1:9999/failed?a=%25",
        ] {
            let app = app_at(&platform, "read", &[MockApp::CALLBACK, callback]).await;
            let asking = Asking::with(&platform, &ada, app, &[("callback", callback)]).await;
            let visit = asking.declines().await;
            let location = visit.location().unwrap_or_default();
            assert!(location.starts_with(&format!("{callback}&")), "{callback}: {} {location}", visit.status);
        }
    }

    async fn what_is_offered_is_what_the_app_wants_offered(platform: TestPlatform) {
        let app = MockApp::register(&platform, "read", "app-1", |_| {}).await;
        let ada = platform.person("ada").await;
        let web = Web::of(&platform, &ada);
        let documents = sources_scope(r#"{"dataType":["documents"]}"#);
        for (parameters, expected) in [
            (&[("service", "16")][..], &["16"][..]),
            (&[("service", "16"), ("sampleDataSet", "ada")], &["16"]),
            (&[("service", "16"), ("sampleDataSet", "nobody")], &[]),
            (&[("service", "99999")], &[]),
            (&[("sourceType", "push")], &[]),
            (&[("sourceType", "push"), ("service", "16")], &[]),
            (&[("sourcesScope", documents.as_str())], &["255"]),
        ] {
            let asked = app.asks().await;
            let page = arrives(&web, &asked.consent_url(parameters)).await;
            let shown = web.get(&format!("{page}/add")).await;
            let offered: Vec<_> = shown
                .forms()
                .into_iter()
                .filter(|form| form.action == format!("{page}/accounts"))
                .map(|form| form.value("source").unwrap().to_owned())
                .collect();
            let hers = offered.iter().all(|source| expected.contains(&source.as_str()));
            let all = parameters[0].0 == "sourcesScope" || offered.len() == expected.len();
            assert!(hers && all, "{parameters:?}: {offered:?}");
            assert!(!offered.is_empty() || shown.shows("No source that this server can connect"));
        }
    }

    async fn without_its_query_a_session_waits_on(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let asking = Asking::with(&platform, &ada, app, &[("triggerQuery", "false")]).await;
        let code = asking.asked.answer(&asking.accepts().await.back_at_the_app()).unwrap();
        let (app, asked, web) = (&asking.app, &asking.asked, &asking.web);
        let tokens = app.client.exchange(&code, &asked.code_verifier).await.unwrap();
        let state = async |session| {
            app.client.list(&tokens.access.value, session).await.map(|list| list.status.state)
        };
        let onboards = app.client.reference(&tokens.access.value, &ReferenceOptions::default()).await.unwrap();
        let page = arrives(web, &onboards.onboard_url(&[("triggerQuery", "false"), ("service", "18")])).await;
        let done = web.fills(&page, &page, |form| form.pressing("answer", "connect")).await;
        assert_eq!(done.told("success").as_deref(), Some("true"));
        assert_eq!(state(&onboards.session.key).await.unwrap(), SyncState::Pending, "onboard");
        assert_eq!(state(&asked.session.key).await.unwrap(), SyncState::Pending, "authorize");
    }

    async fn a_store_is_kept_with_the_request_and_only_one_of_the_same_contract(platform: TestPlatform) {
        let app = platform.app("read").await;
        let other = app.another_contract(&platform, "read", "app-1", |_| {}).await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let web = Web::of(&platform, &ada);
        let handle = async |app: &MockApp, kind| app.client.handle(kind, "store-1").await.unwrap();
        let kept = async |request: &str| {
            let query = format!("SELECT coalesce(storage, '') FROM authorization_request WHERE id = '{request}'");
            rows::texts(&platform.inner.db, &query).await[0].clone()
        };
        let asked = app.asks().await;
        let page = arrives(&web, &asked.consent_url(&[])).await;
        let request = page.rsplit('/').next().unwrap();
        let made_up = format!("{}x", &handle(&app, HandleKind::Cloud).await);
        for wrong in [handle(&other, HandleKind::Cloud).await, handle(&app, HandleKind::Account).await, made_up] {
            let visit = web.get(asked.consent_url(&[("storageRef", &wrong)]).as_str()).await;
            refused(&visit, MockApp::CALLBACK);
            assert_eq!(kept(request).await, "");
        }
        let store = handle(&app, HandleKind::Cloud).await;
        assert_eq!(arrives(&web, &asked.consent_url(&[("storageRef", &store)])).await, page);
        assert_eq!(kept(request).await, "store-1");
        let yes = web.fills(&page, &page, |form| form.pressing("answer", "accept")).await;
        assert_eq!(yes.told("success").as_deref(), Some("true"));
        let grants = rows::texts(&platform.inner.db, "SELECT storage_id FROM consent_grant").await;
        assert_eq!(grants, ["store-1"]);
    }

    async fn looking_uses_nothing_up(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let access = &yes.shared.tokens.access.value;
        let web = Web::of(&platform, &ada);
        let onboard = app.client.reference(access, &ReferenceOptions::default()).await.unwrap();
        let confirm = app.client.reauthorize(access, "a state", &SessionOptions::default()).await.unwrap();
        let urls = [app.asks().await.consent_url(&[]), onboard.onboard_url(&[]), confirm.consent_url(&[])];
        let before = platform.contents().await;
        let mut pages = Vec::new();
        for url in &urls {
            for _ in 0..3 {
                let head = web.request(Method::HEAD, url.as_str());
                assert_eq!(web.sends(head).await.status, 405);
                pages.push(arrives(&web, url).await);
            }
        }
        for page in &pages {
            assert_eq!(web.sends(web.request(Method::HEAD, page)).await.status, 200);
            assert_eq!(web.get(page).await.status, 200, "{page}");
        }
        platform.holds_the_same(&before).await;
        // Ten minutes from the last look, an hour in all.
        for _ in 0..5 {
            platform.wait(TimeDelta::seconds(599));
            assert_eq!(web.get(&pages[0]).await.status, 200);
        }
        platform.wait(TimeDelta::seconds(605));
        let late = web.get(&pages[0]).await;
        assert_eq!((late.status, late.location()), (404, None), "{}", late.text());
        assert_eq!(platform.rows("consent_grant").await, 1);
    }

    async fn nobody_is_asked_who_has_not_signed_in_and_then_she_is_asked(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        ada.connects(&[16]).await;
        let (asked, web) = (app.asks().await, Web::new(&platform));
        let page = arrives(&web, &asked.consent_url(&[])).await;
        let visit = web.get(&page).await;
        assert_eq!(visit.status, 303);
        let sign_in = web.follows(visit).await;
        assert!(sign_in.shows("Sign in to see what this app asks for") && sign_in.shows("Tidemark"));
        assert!(!sign_in.body.contains(asked.url_code.expose()));
        let form = sign_in.form("/sign-in");
        assert_eq!(form.value("next"), Some(page.as_str()));
        let typed = form.with("email", &ada.email).with("password", harness::Person::PASSWORD);
        let question = web.follows(web.submits(&typed).await).await;
        assert!(question.shows("Tidemark wants to read"), "{}", question.text());
        let yes = web.submits(&question.form(&page).pressing("answer", "accept")).await;
        assert!(asked.answer(&yes.back_at_the_app()).is_ok());
        nothing_is_left_open(&platform).await;
        let stranger = Web::new(&platform).get(&format!("/sign-in?next={page}")).await;
        assert!(!stranger.shows("Tidemark"), "whoever has no code is not told who asks");
    }
}

async fn nothing_is_left_open(platform: &TestPlatform) {
    assert_eq!(platform.rows("authorization_request WHERE decided_at IS NULL").await, 0);
}
