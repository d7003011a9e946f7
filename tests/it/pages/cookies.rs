//! What browsers are given to keep.

use std::collections::BTreeSet;

use consent_client::reqwest::Method;
use harness::{Engine, Place, TestPlatform, Visit, Web, stories};

use super::NEW;

/// The name of the one cookie that an answer sets, its value, and its attributes.
#[track_caller]
fn cookie(visit: &Visit) -> (String, String, BTreeSet<String>) {
    let lines = visit.set_cookies();
    let [line] = lines.as_slice() else { panic!("one cookie, not {lines:?}") };
    let mut parts = line.split("; ");
    let (name, value) = parts.next().unwrap().split_once('=').unwrap();
    (name.to_owned(), value.to_owned(), parts.map(str::to_owned).collect())
}

/// The attributes that every cookie has, and how long it is kept.
fn kept_for(seconds: u32, secure: bool) -> BTreeSet<String> {
    let always = ["HttpOnly", "SameSite=Lax", "Path=/"].map(str::to_owned);
    let secure = secure.then(|| "Secure".to_owned());
    always.into_iter().chain(secure).chain([format!("Max-Age={seconds}")]).collect()
}

stories! {
    async fn every_cookie_is_for_this_host_alone_and_no_script(platform: TestPlatform) {
        let web = Web::new(&platform);
        let visit = web.get("/sign-in").await;
        let (name, value, attributes) = cookie(&visit);
        assert_eq!((name.as_str(), value.len()), ("consent-form", 32));
        assert_eq!(attributes, kept_for(86_400, false));
        assert!(!visit.headers.contains_key("strict-transport-security"), "there is no TLS here");
        assert!(web.get("/sign-up").await.set_cookies().is_empty(), "she has it already");

        let ada = platform.person("ada").await;
        let (name, secret, attributes) = cookie(&web.signs_in(&ada.email, harness::Person::PASSWORD).await);
        assert_eq!(name, Web::SIGN_IN);
        assert_eq!(attributes, kept_for(90 * 86_400, false));
        let me = async || platform.call(Method::GET, "/api/v1/me", Some(&secret), None).await.status;
        assert_eq!(me().await, 200);
        assert!(web.get("/console").await.set_cookies().is_empty());

        let app = platform.app("read").await;
        let visit = web.get(app.asks().await.consent_url(&[]).as_str()).await;
        let (name, _, attributes) = cookie(&visit);
        let request = visit.location().unwrap().rsplit('/').next().unwrap().to_owned();
        assert_eq!(name, format!("consent-{request}"));
        assert_eq!(attributes, kept_for(3600, false));

        let out = web.fills("/console", "/sign-out", |form| form).await;
        assert_eq!((out.status, out.location().as_deref()), (303, Some("/sign-in?said=signed-out")));
        let (name, value, attributes) = cookie(&out);
        assert_eq!((name.as_str(), value.as_str()), (Web::SIGN_IN, ""));
        assert_eq!(attributes, kept_for(0, false));
        assert_eq!(me().await, 401, "what it held opens nothing any more");
    }

    async fn a_cookie_of_somebody_elses_does_not_hide_ours(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        // Whatever else is set for this host or its parent comes along; browsers send nameless ones too.
        for foreign in ["theme=dark", "a=%zz", "a=%ff", "=nameless", "nameless", "a=\"b c\"", ";", "a=é"] {
            for cookies in [
                format!("{foreign}; {}={}", Web::SIGN_IN, ada.token),
                format!("{}={}; {foreign}", Web::SIGN_IN, ada.token),
            ] {
                let request = platform.http().get(format!("{}/console", platform.url));
                let answer = request.header("cookie", cookies.as_bytes()).send().await.unwrap();
                assert_eq!(answer.status(), 200, "{foreign:?}");
            }
        }
    }

    async fn an_answered_question_leaves_no_code_in_the_browser(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        let asking = super::Asking::of(&platform, &ada, app).await;
        asking.declines().await.back_at_the_app();
        let left = asking.web.all_cookies();
        let code = asking.asked.url_code.expose();
        assert!(left.values().all(|value| !value.contains(code)), "{left:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_cookies_belong_to_this_very_host() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(place) = Place::new(engine).await else {
            println!("skipped: no PostgreSQL installation was found");
            continue;
        };
        let public = [("CONSENT_SERVER__PUBLIC_URL", "https://consent.example.org")];
        let program = env!("CARGO_BIN_EXE_gateway-under-test");
        let process = place.start(program, &["--sandbox"], &public).unwrap();
        let platform = TestPlatform::at(&process, &place).await;
        let web = Web::new(&platform);
        let form = web.get("/sign-up").await;
        let (name, _, attributes) = cookie(&form);
        assert_eq!((name.as_str(), attributes), ("__Host-consent-form", kept_for(86_400, true)));
        let typed = form.form("/sign-up").with("name", "Ada").with("email", "ada@example.org");
        let (name, secret, attributes) = cookie(&web.submits(&typed.with("password", NEW)).await);
        assert_eq!((name.as_str(), attributes), ("__Host-consent-sign-in", kept_for(90 * 86_400, true)));
        for path in ["/console", "/nothing", "/assets/style.css", "/api/v1/me", "/healthz", "/sign-in"] {
            let visit = web.get(path).await;
            assert_eq!(visit.header("strict-transport-security"), "max-age=31536000", "{path}");
        }
        assert_eq!(web.get("/console").await.status, 200);
        // A host beside this one can set a cookie without the prefix.
        let planted = Web::new(&platform).with_cookie("consent-sign-in", &secret);
        assert_eq!(planted.get("/console").await.status, 303);
    }
}
