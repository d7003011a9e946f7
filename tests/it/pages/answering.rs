//! She answers: what the page offered counts, once, and nothing else does.

use std::time::Duration;

use chrono::{Days, TimeDelta};
use consent_client::{AuthorizeOptions, HandleKind, ReferenceOptions, SessionOptions, reqwest::Method};
use consent_core::Clock;
use harness::{MockApp, Person, TestPlatform, Web, stories};
use serde_json::{Value, json};

use super::{Asking, CALLED_BACK, app_at, arrives, failure, nothing_was_granted};

/// Publishes a new version of an app's contract.
async fn revises(platform: &TestPlatform, app: &MockApp, change: impl FnOnce(&mut Value)) {
    let path = format!("/api/v1/apps/{}/contracts/{}", app.id, app.contract_id);
    let document = MockApp::document("read", "app-1", change);
    let _ = platform.call(Method::PUT, &path, Some(&app.api_key), Some(&document)).await.ok();
}

/// Her chain of events, oldest first.
async fn acts(person: &Person<'_>) -> Vec<String> {
    let events = person.call(Method::GET, "/me/events", None).await.ok();
    let events = events["items"].as_array().unwrap().iter();
    events.map(|event| event["act"]["type"].as_str().unwrap().to_owned()).collect()
}

/// Where the forms of a page may lead.
fn form_action(policy: &str) -> Vec<&str> {
    let said = policy.split(';').find_map(|directive| directive.trim().strip_prefix("form-action "));
    said.unwrap().split(' ').collect()
}

stories! {
    async fn a_yes_is_to_the_text_that_stood_on_the_page(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        let asking = Asking::of(&platform, &ada, app).await;
        let (web, page) = (&asking.web, &asking.page);
        let old = web.get(page).await.form(page).pressing("answer", "accept");
        let hash = old.value("textHash").unwrap().to_owned();
        revises(&platform, &asking.app, |document| document["purpose"]["summary"] = "Something else.".into()).await;
        let upper = hash.to_uppercase();
        for stale in [
            old.clone(),
            old.clone().without("textHash"),
            old.clone().with("textHash", ""),
            old.clone().with("textHash", &upper),
            old.clone().with("textHash", &hash[..63]),
            old.clone().with("textHash", "0").also("textHash", &hash),
        ] {
            let again = web.submits(&stale).await;
            assert_eq!((again.status, again.location()), (409, None), "{:?}", stale.value("textHash"));
            assert!(again.shows("The contract has changed") && again.shows("Something else."));
            assert_ne!(again.form(page).value("textHash"), Some(hash.as_str()));
            nothing_was_granted(&platform).await;
        }
        let new = web.submits(&old).await.form(page).pressing("answer", "accept");
        assert!(asking.asked.answer(&web.submits(&new).await.back_at_the_app()).is_ok());
        let grants = ada.call(Method::GET, "/me/grants", None).await.ok();
        assert_eq!(grants["items"][0]["textHash"], new.value("textHash").unwrap());
        assert_eq!(grants["items"][0]["version"], 2);
    }

    async fn what_the_contract_does_not_offer_is_not_granted(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let asking = Asking::of(&platform, &ada, platform.app("read-optional").await).await;
        let (web, page) = (&asking.web, &asking.page);
        let form = web.get(page).await.form(page).pressing("answer", "accept");
        let mine = form.value("account").unwrap().to_owned();
        let yesterday = (platform.clock.now().date_naive() - Days::new(1)).to_string();
        for (name, value) in [
            ("account", "acc"),
            ("account", "' OR 1=1"),
            ("account", "\0"),
            ("futureAccounts", "yes"),
            ("ends", &yesterday),
            ("ends", "0001-01-01"),
            ("ends", "-9999-01-01"),
            ("ends", "2026-02-30"),
            ("ends", "tomorrow"),
            ("ends", "12/31/2026"),
            ("ends", "2026-12-31T00:00:00Z"),
            ("ends", "\0"),
            ("ends", "+262142-12-31"),
        ] {
            let answer = form.clone();
            let answer = if name == "ends" { answer.with(name, value) } else { answer.also(name, value) };
            let again = web.submits(&answer).await;
            assert_eq!((again.status, again.location()), (422, None), "{name}={value}: {}", again.text());
            assert!(again.shows("Please look at this again"), "{name}={value}: {}", again.text());
            let kept = again.form(page);
            assert!(kept.values("account").iter().all(|account| *account == mine), "{name}={value}");
            nothing_was_granted(&platform).await;
        }
        // What is no part of it cannot be left out, whatever is said of it.
        let odd = form.clone().also("part", "201").also("part", "9999").also("part", "x").also("more", "y");
        let yes = web.submits(&odd.also("part", "300").also("account", &mine)).await;
        assert!(asking.asked.answer(&yes.back_at_the_app()).is_ok());
        let grant = &ada.call(Method::GET, "/me/grants", None).await.ok()["items"][0];
        assert_eq!(grant["leftOut"], json!([301, 500, 501]));
        assert_eq!((&grant["accounts"], &grant["futureAccounts"]), (&json!([mine]), &json!(false)));
        assert_eq!(grant["ownFiles"], false);
    }

    async fn an_account_that_is_not_hers_is_said_to_be_none_of_hers(platform: TestPlatform) {
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        eve.connects(&[17]).await;
        let hers = eve.call(Method::GET, "/me/accounts", None).await.ok();
        let asking = Asking::of(&platform, &ada, platform.app("read").await).await;
        let form = asking.web.get(&asking.page).await.form(&asking.page).pressing("answer", "accept");
        for foreign in [hers["items"][0]["id"].as_str().unwrap(), "acc01hf7yat00000000000000001a"] {
            for form in [form.clone().also("account", foreign), form.clone().with("account", foreign)] {
                let again = asking.web.submits(&form).await;
                nothing_was_granted(&platform).await;
                assert_eq!((again.status, again.location()), (422, None), "{}", again.text());
                assert!(!again.body.contains(foreign), "{}", again.text());
            }
        }
    }

    async fn the_words_for_what_is_wrong_are_for_people(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let asking = Asking::of(&platform, &ada, platform.app("read-optional").await).await;
        let form = asking.web.get(&asking.page).await.form(&asking.page).pressing("answer", "accept");
        for (name, value) in [("ends", "2020-01-01"), ("futureAccounts", "yes")] {
            let again = asking.web.submits(&form.clone().with(name, value)).await;
            for word in ["EndsAt", "endsAt", "FutureAccounts", "futureAccounts", "textHash"] {
                assert!(!again.shows(word), "{word} in {}", again.text());
            }
        }
    }

    async fn a_grant_ends_on_the_day_that_she_chose_and_never_after_the_contract(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let now = platform.clock.now();
        let day = |days| (now.date_naive() + Days::new(days)).to_string();
        for (ends, expected) in [
            (String::new(), now + TimeDelta::days(365)),
            (day(0), now + TimeDelta::hours(12)),
            (day(1), now + TimeDelta::hours(36)),
            (day(5000), now + TimeDelta::days(365)),
            ("9999-12-31".to_owned(), now + TimeDelta::days(365)),
        ] {
            let app = MockApp::register(&platform, "read-optional", "app-1", |document| {
                document["grantFor"] = "P365D".into();
            });
            let asking = Asking::of(&platform, &ada, app.await).await;
            let form = asking.web.get(&asking.page).await.form(&asking.page).pressing("answer", "accept");
            let yes = asking.web.submits(&form.with("ends", &ends)).await;
            assert_eq!(asking.exchanges(&yes).await, "ok", "{ends}");
            let grants = ada.call(Method::GET, "/me/grants", None).await.ok();
            let all = grants["items"].as_array().unwrap().iter();
            let at = expected.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            assert!(all.clone().any(|grant| grant["expiresAt"] == at.as_str()), "{ends}: {grants}");
        }
    }

    async fn a_grant_without_an_end_may_end_on_any_day_that_can_be_typed(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        for day in ["2027-01-31", "9998-12-31", "9999-12-31", "12026-06-01", "+12026-06-01", "99999-12-31"] {
            let app = MockApp::register(&platform, "read-optional", "app-1", |document| {
                document.as_object_mut().unwrap().remove("grantFor");
            });
            let asking = Asking::of(&platform, &ada, app.await).await;
            let form = asking.web.get(&asking.page).await.form(&asking.page).pressing("answer", "accept");
            let visit = asking.web.submits(&form.with("ends", day)).await;
            // Either it is refused with a sentence, or it is what she said.
            if visit.status == 422 {
                continue;
            }
            assert_eq!(asking.exchanges(&visit).await, "ok", "{day}");
            platform.wait(TimeDelta::minutes(1));
            let sweep = consent_gateway::worker::sweep(&platform.inner);
            tokio::time::timeout(Duration::from_secs(20), sweep).await.expect("an end").unwrap();
            let grants = ada.call(Method::GET, "/me/grants", None).await.ok();
            assert_eq!(grants["items"][0]["stage"], "active", "{day}: {grants}");
            let console = asking.web.get("/console").await;
            assert!(console.status == 200 && !console.shows("Expired"), "{day}");
        }
    }

    async fn a_form_that_is_sent_twice_is_one_yes(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        let asking = Asking::of(&platform, &ada, app).await;
        let (web, page) = (&asking.web, &asking.page);
        let form = web.get(page).await.form(page).pressing("answer", "accept");
        let (one, other) = tokio::join!(web.submits(&form), web.submits(&form));
        for visit in [&one, &other] {
            assert_eq!(visit.told("success").as_deref(), Some("true"));
        }
        let last = web.submits(&form).await;
        assert_eq!((platform.rows("consent_grant").await, platform.rows("event").await), (1, 1));
        assert_eq!(asking.exchanges(&other).await, "ok", "whichever the browser follows");
        assert_eq!(asking.exchanges(&one).await, "400 InvalidGrant");
        assert_eq!(asking.exchanges(&last).await, "400 InvalidGrant");
        for answer in ["accept", "decline"] {
            let late = web.submits(&form.clone().with("answer", answer)).await;
            assert_eq!((late.status, late.location()), (409, None), "{answer}: {}", late.text());
            assert!(late.shows("You have answered this already"), "{}", late.text());
        }
        let looked = web.get(page).await;
        assert!(looked.status == 409 && looked.shows("You have answered this already"));
        assert_eq!(acts(&ada).await, ["granted"]);
        assert_eq!((platform.rows("consent_grant").await, platform.rows("token_pair").await), (1, 1));
    }

    async fn yes_after_no_and_no_after_yes_change_nothing(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        let (yes, no) = (
            Asking::of(&platform, &ada, app.at(&platform)).await,
            Asking::of(&platform, &ada, app).await,
        );
        let form = async |asking: &Asking<'_>| asking.web.get(&asking.page).await.form(&asking.page);
        let (to_yes, to_no) = (form(&yes).await, form(&no).await);
        let said = yes.accepts().await;
        no.declines().await.back_at_the_app();
        let before = platform.contents().await;
        for (asking, form, answer) in [(&yes, &to_yes, "decline"), (&no, &to_no, "accept")] {
            let late = asking.web.submits(&form.clone().pressing("answer", answer)).await;
            assert_eq!((late.status, late.location()), (409, None), "{answer}");
        }
        let again = no.web.submits(&to_no.clone().pressing("answer", "decline")).await;
        assert_eq!(failure(&again, MockApp::CALLBACK).0, "USER_CANCEL", "the same no");
        platform.holds_the_same(&before).await;
        assert_eq!(acts(&ada).await, ["granted", "declined"]);
        assert_eq!(yes.exchanges(&said).await, "ok");
        for nonsense in ["", "maybe", "ACCEPT", "accept "] {
            let late = yes.web.submits(&to_yes.clone().also("answer", nonsense)).await;
            assert_eq!((late.status, late.location()), (422, None), "{nonsense:?}");
        }
    }

    async fn another_person_at_the_same_browser_answers_for_herself_alone(platform: TestPlatform) {
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let asking = Asking::of(&platform, &ada, platform.app("read").await).await;
        let form = asking.web.get(&asking.page).await.form(&asking.page).pressing("answer", "accept");
        // Ada signs out, and Eve signs in.
        let hers = asking.web.cookie(Web::SIGN_IN).unwrap();
        asking.web.keep(Web::SIGN_IN, &eve.token);
        assert_eq!(asking.web.submits(&form).await.status, 403, "the page was Ada's");
        nothing_was_granted(&platform).await;
        asking.web.keep(Web::SIGN_IN, &hers);
        let yes = asking.web.submits(&form).await;
        asking.web.keep(Web::SIGN_IN, &eve.token);
        let csrf = asking.web.csrf().await;
        for answer in ["accept", "decline"] {
            let late = asking.web.submits(&form.clone().with("csrf", &csrf).with("answer", answer)).await;
            assert_eq!((late.status, late.location()), (404, None), "{answer}");
        }
        assert_eq!((acts(&ada).await, acts(&eve).await), (vec!["granted".to_owned()], vec![]));
        assert_eq!(asking.exchanges(&yes).await, "ok");
    }

    async fn who_has_not_answered_is_not_told_that_she_has(platform: TestPlatform) {
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let asking = Asking::of(&platform, &ada, platform.app("read").await).await;
        asking.accepts().await.back_at_the_app();
        asking.web.keep(Web::SIGN_IN, &eve.token);
        let late = asking.web.get(&asking.page).await;
        assert!(late.status == 404 && !late.shows("You said yes"), "{}", late.text());
    }

    async fn a_request_that_names_a_person_sends_others_back(platform: TestPlatform) {
        let (ada, eve, app) =
            (platform.person("ada").await, platform.person("eve").await, platform.app("read").await);
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let access = &yes.shared.tokens.access.value;
        let web = Web::of(&platform, &eve);
        let csrf = web.csrf().await;
        let named = AuthorizeOptions {
            state: "a state".to_owned(),
            access_token: Some(access.clone()),
            ..AuthorizeOptions::default()
        };
        let options = ReferenceOptions { state: Some("a state".to_owned()), ..ReferenceOptions::default() };
        let account = &app.client.accounts(access).await.unwrap()[0].id;
        let handle = app.client.handle(HandleKind::Account, account).await.unwrap();
        let reference = async || app.client.reference(access, &options).await.unwrap();
        let urls = [
            app.client.authorize(&named).await.unwrap().consent_url(&[]),
            reference().await.onboard_url(&[]),
            reference().await.reauthorize_url(&handle),
            app.client.reauthorize(access, "a state", &SessionOptions::default()).await.unwrap().consent_url(&[]),
        ];
        let before = platform.contents().await;
        for url in urls {
            let page = arrives(&web, &url).await;
            let mut visits = vec![web.get(&page).await];
            for answer in ["accept", "decline", "connect"] {
                let fields = [
                    ("csrf", csrf.as_str()),
                    ("answer", answer),
                    ("source", "17"),
                    ("sampleDataSet", "ada"),
                ];
                let visit = web.post(&page, &fields).await;
                if visit.status != 422 {
                    visits.push(visit);
                }
            }
            assert!(visits.len() >= 3);
            for visit in visits {
                let expected = ("INVALID_CODE".to_owned(), "a state".to_owned());
                assert_eq!(failure(&visit, MockApp::CALLBACK), expected, "{page}");
            }
        }
        platform.holds_the_same(&before).await;
        assert!(acts(&eve).await.is_empty());
    }

    async fn the_page_lets_its_form_lead_to_the_app_and_nowhere_else(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        for (uri, target) in [
            (MockApp::CALLBACK, "http://127.0.0.1:9999"),
            ("https://diary.example/callback?from=here", "https://diary.example"),
            ("https://diary.example:8443", "https://diary.example:8443"),
            ("org.example.diary:/callback", "org.example.diary:"),
            ("digime-ca://callback", "digime-ca:"),
        ] {
            let asking = Asking::of(&platform, &ada, app_at(&platform, "read", &[uri]).await).await;
            let shown = asking.web.get(&asking.page).await;
            assert_eq!(form_action(shown.header("content-security-policy")), ["'self'", target], "{uri}");
            assert!(shown.shows(&format!("It goes to {target}")), "{uri}: {}", shown.text());
            let add = asking.web.get(&format!("{}/add", asking.page)).await;
            assert_eq!(form_action(add.header("content-security-policy")), ["'self'"], "{uri}");
            let back = asking.accepts().await.location().unwrap();
            assert!(back.starts_with(target), "{back}");
        }
    }

    async fn the_page_lets_its_form_lead_wherever_a_no_goes(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let other = "digime-ca://callback";
        let app = app_at(&platform, "read", &[MockApp::CALLBACK, other, CALLED_BACK]).await;
        let asking = Asking::with(&platform, &ada, app, &[("callback", other)]).await;
        let policy = asking.web.get(&asking.page).await.header("content-security-policy").to_owned();
        let to = asking.declines().await.location().unwrap();
        assert!(to.starts_with(other), "{to}");
        let allowed = form_action(&policy);
        assert!(allowed.contains(&"digime-ca:"), "a browser does not follow to {to}: {policy}");
    }

    async fn no_redirect_uri_writes_into_the_policy_of_the_page(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let uris =
            ["https://a;sandbox/x", "https://a.example,sandbox/x", "https://a;form-action/x", "https://a'b.example/"];
        for uri in uris {
            let app = platform.operator().registers_app("Tidemark").await;
            let key = app["apiKey"].as_str().unwrap();
            let document = MockApp::document("read", "app-1", |document| document["redirectUris"] = json!([uri]));
            let path = format!("/api/v1/apps/{}/contracts", app["id"].as_str().unwrap());
            let made = platform.call(Method::POST, &path, Some(key), Some(&document)).await;
            if made.status == 422 {
                continue;
            }
            let app = MockApp::with_contract(&platform, &app, "read", "app-1", |document| {
                document["redirectUris"] = json!([uri]);
            });
            let app = app.await.returning_to(&platform, uri);
            let asking = Asking::of(&platform, &ada, app).await;
            let policy = asking.web.get(&asking.page).await.header("content-security-policy").to_owned();
            let directives = policy.split([';', ',']).map(|directive| directive.trim().split(' ').next().unwrap());
            let directives: Vec<_> = directives.collect();
            let ours = ["default-src", "style-src", "img-src", "form-action", "base-uri", "frame-ancestors"];
            assert_eq!(directives, ours, "{uri}: {policy}");
        }
    }

    async fn a_contract_that_only_writes_is_given_no_key_to_read(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let _ = ada.uploads("diary.txt", "text/plain", "dear diary").await.ok();
        let accounts = ada.call(Method::GET, "/me/accounts", None).await.ok();
        let account = accounts["items"][0]["id"].as_str().unwrap();
        let asking = Asking::of(&platform, &ada, platform.app("write").await).await;
        let form = asking.web.get(&asking.page).await.form(&asking.page).pressing("answer", "accept");
        assert_eq!((form.value("account"), form.value("ownFiles")), (None, None), "nothing is offered");
        let yes = asking.web.submits(&form.also("account", account).also("ownFiles", "yes")).await;
        assert!(yes.status == 422 || asking.exchanges(&yes).await == "ok");
        assert_eq!(platform.rows("grant_shelf").await, 0);
    }

    async fn other_answers_sent_twice_lead_back_to_the_app_as_well(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let access = &yes.shared.tokens.access.value;
        let web = Web::of(&platform, &ada);
        let account = &app.client.accounts(access).await.unwrap()[0].id;
        let handle = app.client.handle(HandleKind::Account, account).await.unwrap();
        let reference = async || app.client.reference(access, &ReferenceOptions::default()).await.unwrap();
        let onboard = reference().await.onboard_url(&[("service", "17")]);
        let renew = reference().await.reauthorize_url(&handle);
        let mut stranded = Vec::new();
        for (url, answer) in [(onboard, "connect"), (renew, "accept")] {
            let page = arrives(&web, &url).await;
            let form = web.get(&page).await.form(&page).pressing("answer", answer);
            let (one, other) = (web.submits(&form).await, web.submits(&form).await);
            assert_eq!(one.told("success").as_deref(), Some("true"));
            if other.location() != one.location() {
                stranded.push(format!("{page}: {} {}", other.status, other.text()));
            }
        }
        let confirm = app.client.reauthorize(access, "a state", &SessionOptions::default()).await.unwrap();
        let page = arrives(&web, &confirm.consent_url(&[])).await;
        let form = web.get(&page).await.form(&page).pressing("answer", "accept");
        for _ in 0..2 {
            assert_eq!(web.submits(&form).await.told("success").as_deref(), Some("true"));
        }
        assert_eq!(acts(&ada).await, ["granted", "onboarded", "reauthorized"]);
        assert!(stranded.is_empty(), "{stranded:#?}");
    }
}
