//! Signing up and in, and where one gets from there.

use consent_crypto::{Secret, SecretKind};
use harness::{Person, Visit, Web, stories};

use super::NEW;

/// Addresses that are not ours, however they are spelled.
const ELSEWHERE: &[&str] = &[
    "https://evil.example/console",
    "//evil.example/console",
    "///evil.example/console",
    "////console",
    "/\\evil.example/console",
    "\\\\evil.example",
    "/\t/evil.example/console",
    "\t//evil.example",
    " //evil.example",
    "/console/..//evil.example",
    "/console/../../evil",
    "/console/%2e%2e/sign-out",
    "/..//evil.example/console",
    "/.//evil.example",
    "http:/console",
    "https:console",
    "javascript:alert(1)",
    "data:text/html,x",
    "/sign-out",
    "/api/v1/me",
    "/consoles",
    "/console@evil.example",
    "/library%2f..%2f..",
    "@evil.example",
    "console",
    "",
    "/",
    "/console\r\nlocation: https://evil.example",
    "/console\u{0}",
    "http://127.0.0.1:1/console",
    "/\u{ff0f}evil.example",
];

/// A page that has the same status and, but for what was typed, the same content.
fn comparable(visit: &Visit, typed: &str) -> (u16, String, Vec<String>) {
    let mut names: Vec<_> = visit.headers.keys().map(ToString::to_string).collect();
    names.sort();
    (visit.status, visit.body.replace(typed, "…"), names)
}

stories! {
    async fn a_form_that_signs_in_is_answered_with_303_and_a_sign_in_of_its_own(platform: TestPlatform) {
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        // Somebody wants her to go on with a sign-in that he knows.
        let made_up = Secret::generate(SecretKind::SignIn, &platform.inner.ambient).expose();
        let mut seen = vec![ada.token.clone(), eve.token.clone(), made_up.clone()];
        for planted in [made_up.as_str(), eve.token.as_str(), "x", ""] {
            let web = Web::new(&platform);
            let form = web.get("/sign-in").await.form("/sign-in");
            web.keep(Web::SIGN_IN, planted);
            let typed = form.with("email", &ada.email).with("password", Person::PASSWORD);
            let visit = web.submits(&typed).await;
            assert_eq!((visit.status, visit.location().as_deref()), (303, Some("/console")));
            let secret = web.cookie(Web::SIGN_IN).unwrap();
            assert!(!seen.contains(&secret), "a new one each time");
            seen.push(secret);
            assert!(web.get("/security").await.shows("You sign in as ada@example.org"));
        }
        let evil = Web::of(&platform, &eve);
        assert!(evil.get("/security").await.shows("You sign in as eve@example.org"), "she is who she was");
        assert_eq!(Web::new(&platform).with_cookie(Web::SIGN_IN, &made_up).get("/console").await.status, 303);
    }

    async fn nobody_is_led_elsewhere_after_signing_in(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let web = Web::of(&platform, &ada);
        let ours = |visit: &Visit, next: &str| {
            let location = visit.location().unwrap();
            let url = consent_client::Url::parse(&platform.url).unwrap().join(&location).unwrap();
            assert!(url.as_str().starts_with(&platform.url), "{next:?} leads to {location}");
            let roots = ["/console", "/library", "/security", "/apps/saas"];
            let below = |root: &&str| {
                url.path().strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            assert!(roots.iter().any(below), "{next:?} leads to {location}");
            assert!(location.starts_with('/') && !location.starts_with("//"), "{next:?} leads to {location}");
        };
        for next in ELSEWHERE {
            let query = harness::urlencoded([("next", *next)]);
            for page in ["/sign-in", "/sign-up"] {
                let visit = web.get(&format!("{page}?{query}")).await;
                assert_eq!(visit.status, 303);
                ours(&visit, next);
            }
            for page in ["/sign-in", "/sign-up", "/recover"] {
                let shown = Web::new(&platform).get(&format!("{page}?{query}")).await;
                if let Some(kept) = shown.form(page).value("next") {
                    assert!(kept.starts_with("/console") && !kept.contains("evil"), "{next:?} is kept as {kept}");
                }
                assert!(!shown.body.contains("evil.example"), "{next:?} stands on {page}");
            }
            let strange = Web::new(&platform);
            let form = strange.get("/sign-in").await.form("/sign-in").with("next", next);
            let typed = form.with("email", &ada.email).with("password", Person::PASSWORD);
            ours(&strange.submits(&typed).await, next);
        }
        for next in ["/console", "/library?after=x&said=y", "/library/files/fil1", "/apps/saas/authorize/req1"] {
            let strange = Web::new(&platform);
            let query = harness::urlencoded([("next", next)]);
            let form = strange.get(&format!("/sign-in?{query}")).await.form("/sign-in");
            let typed = form.with("email", &ada.email).with("password", Person::PASSWORD);
            assert_eq!(strange.submits(&typed).await.location().as_deref(), Some(next));
        }
    }

    async fn an_address_that_is_known_and_one_that_is_not_get_the_same_page(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let unknown = "nobody@example.org";
        let made_up = Secret::generate(SecretKind::RecoveryCode, &platform.inner.ambient).expose();
        for (page, fields) in [
            ("/sign-in", vec![("password", NEW)]),
            ("/sign-in", vec![("password", "")]),
            ("/recover", vec![("password", NEW), ("recoveryCode", made_up.as_str())]),
            ("/recover", vec![("password", NEW), ("recoveryCode", "no code at all")]),
            ("/recover", vec![("password", "short"), ("recoveryCode", made_up.as_str())]),
        ] {
            let web = Web::new(&platform);
            web.get(page).await;
            let mut shown = Vec::new();
            for email in [ada.email.as_str(), unknown] {
                let form = web.get(page).await.form(page).with("email", email);
                let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
                let visit = web.submits(&form).await;
                assert!(visit.status >= 400, "{page}");
                assert_eq!(visit.form(page).value("password"), Some(""), "what she typed is not sent back");
                shown.push(comparable(&visit, email));
            }
            assert_eq!(shown[0], shown[1], "{page} {fields:?}");
        }
        assert_eq!(Web::of(&platform, &ada).get("/console").await.status, 200);
    }

    async fn signing_up_says_what_is_wrong_and_makes_nobody(platform: TestPlatform) {
        platform.person("ada").await;
        let before = platform.contents().await;
        let long = "x".repeat(1_025);
        for (name, email, password, status, sentence) in [
            ("Ada", " ADA@example.org ", NEW, 409, "taken"),
            ("Eve", "eve@example.org", "short", 422, "10 characters"),
            ("Eve", "eve@example.org", "eve@example.org", 422, "password"),
            ("Eve", "eve@example.org", &long, 422, "characters"),
            ("Eve", "eve", NEW, 422, "one @"),
            ("Eve", "", NEW, 422, "one @"),
            ("Eve", "e\0ve@example.org", NEW, 422, "control characters"),
            ("E\0ve", "eve@example.org", NEW, 422, "control characters"),
            (&"é".repeat(201), "eve@example.org", NEW, 422, "200 characters"),
        ] {
            let web = Web::new(&platform);
            let form = web.get("/sign-up").await.form("/sign-up");
            let visit = web
                .submits(&form.with("name", name).with("email", email).with("password", password))
                .await;
            assert_eq!(visit.status, status, "{email:?}: {}", visit.text());
            assert!(visit.shows(sentence), "{email:?}: {}", visit.text());
            assert!(web.cookie(Web::SIGN_IN).is_none());
            assert_eq!(visit.form("/sign-up").value("password"), Some(""), "what she typed is not sent back");
        }
        let grown = platform.contents().await.grown_since(&before);
        assert!(grown.iter().all(|(table, _)| table.contains("attempt")), "{grown:?}");
    }

    async fn text_that_a_database_cannot_keep_is_a_wrong_password(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        for (email, password) in [
            ("a\0da@example.org", Person::PASSWORD),
            ("\0", "\0"),
            ("ada@example.org", "correct horse battery\0"),
            ("ada@example.org\u{feff}", Person::PASSWORD),
            (&"a".repeat(100_000), &"b".repeat(100_000)),
        ] {
            let web = Web::new(&platform);
            let visit = web.signs_in(email, password).await;
            assert!((400..500).contains(&visit.status), "{email:.40?}: {}", visit.status);
            let form = web.get("/recover").await.form("/recover").with("recoveryCode", &ada.recovery_code);
            let visit = web.submits(&form.with("email", email).with("password", NEW)).await;
            let hers = email == ada.email;
            assert!(hers || (400..500).contains(&visit.status), "{email:.40?}: {}", visit.status);
        }
    }

    async fn a_recovery_code_is_shown_once_and_sets_a_new_password(platform: TestPlatform) {
        let web = Web::new(&platform);
        let typed = |form: harness::HtmlForm| {
            form.with("name", "Ada").with("email", "ada@example.org").with("password", Person::PASSWORD)
        };
        let welcome = web.fills("/sign-up?next=%2Flibrary", "/sign-up", typed).await;
        assert_eq!(welcome.status, 200);
        let text = welcome.text();
        let code = text.split(' ').find(|word| word.len() > 30 && word.contains('-')).unwrap();
        assert!(welcome.body.contains("href=\"/library\""), "and on to where she wanted to go");
        let other = Web::new(&platform);
        let form = other.get("/recover").await.form("/recover");
        let typed = form.with("email", "ada@example.org").with("recoveryCode", &code.to_lowercase());
        let visit = other.submits(&typed.with("password", NEW)).await;
        assert_eq!((visit.status, visit.location().as_deref()), (303, Some("/console")), "{}", visit.text());
        assert_eq!(web.get("/console").await.status, 303, "all other sign-ins have ended");
        assert_eq!(Web::new(&platform).signs_in("ada@example.org", NEW).await.status, 303);
        assert_eq!(Web::new(&platform).signs_in("ada@example.org", Person::PASSWORD).await.status, 401);
    }
}
