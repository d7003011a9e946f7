//! A yes is to what she saw, and goes where its contract says when she gives it.

use consent_client::reqwest::Method;
use consent_crypto::{Secret, SecretKind};
use harness::{MockApp, Person, Web, stories};
use serde_json::json;

stories! {
    async fn a_yes_at_the_moment_of_a_new_text_is_to_the_text_she_saw_or_none(platform: TestPlatform) {
        let replica = platform.replica().await;
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let mut outcomes = [0, 0];
        for round in 0..12 {
            let asked = app.asks().await;
            let question = ada.on(Method::GET, &asked, "", None).await.ok();
            let path = format!("/api/v1/me/authorizations/{}/approve", asked.url_code.expose());
            let yes = json!({ "textHash": question["textHash"] });
            let grants = platform.rows("consent_grant").await;
            let approves = async {
                if round % 3 == 1 {
                    tokio::task::yield_now().await;
                }
                replica.call(Method::POST, &path, Some(&ada.token), Some(&yes)).await
            };
            let revises = app.revises(&platform, "read", |document| {
                document["purpose"]["summary"] = format!("For the {round}. time.").into();
            });
            let answer = if round % 3 == 2 {
                revises.await;
                approves.await
            } else {
                tokio::join!(approves, revises).0
            };
            let made = platform.rows("consent_grant").await - grants;
            if answer.status == 200 {
                let path = format!("/me/grants/{}", answer.json["grantId"].as_str().unwrap());
                let grant = ada.call(Method::GET, &path, None).await.ok();
                for shown in ["/textHash", "/version", "/document/purpose/summary"] {
                    assert_eq!(grant.pointer(shown), question.pointer(shown), "{shown}");
                }
                assert_eq!(made, 1);
                outcomes[0] += 1;
            } else {
                assert_eq!(answer.refusal(), "422 ValidationErrors");
                assert_eq!((answer.json["errors"][0]["field"].as_str(), made), (Some("textHash"), 0));
                outcomes[1] += 1;
            }
        }
        println!("{} were in time, {} were not", outcomes[0], outcomes[1]);
        assert!(outcomes[1] >= 4, "who comes after the new text is asked again: {outcomes:?}");
    }

    async fn a_sign_in_that_somebody_planted_is_not_made_hers(platform: TestPlatform) {
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let made_up = Secret::generate(SecretKind::SignIn, &platform.inner.ambient);
        let form_key = "0123456789abcdef".repeat(2);
        for planted in [made_up.expose().as_str(), eve.token.as_str()] {
            let visitor = Web::new(&platform).with_cookie("consent-form", &form_key);
            let form = visitor.get("/sign-in").await.form("/sign-in");
            let web = visitor.with_cookie(Web::SIGN_IN, planted);
            let typed = form.clone().with("email", &ada.email).with("password", Person::PASSWORD);
            assert_eq!(web.submits(&typed).await.status, 303);
            let hers = web.cookie(Web::SIGN_IN).unwrap();
            assert_ne!(hers, planted);
            assert!(web.get("/security").await.shows("ada@example.org"));
            let me = async |token: &str| platform.call(Method::GET, "/api/v1/me", Some(token), None).await;
            assert_eq!(me(&hers).await.ok()["email"], ada.email.as_str());
            let whose = me(planted).await.json["email"].clone();
            let expected = if planted == eve.token { json!(eve.email) } else { json!(null) };
            assert_eq!(whose, expected, "what was planted is whose it was");
            // Nor does the form key that somebody planted with it make forms of hers.
            let before = platform.contents().await;
            let forged = form.value("csrf").unwrap();
            assert_eq!(web.post("/sign-out", &[("csrf", forged)]).await.status, 403);
            platform.holds_the_same(&before).await;
        }
    }

    async fn a_yes_leads_to_no_address_that_the_contract_has_given_up(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let app = MockApp::register(&platform, "read", "app-1", |_| {}).await;
        let asked = app.asks().await;
        let web = Web::of(&platform, &ada);
        let page = web.get(asked.consent_url(&[]).as_str()).await.location().unwrap();
        let hash = web.get(&page).await.form(&page).value("textHash").unwrap().to_owned();
        let automatic = [("service", "16"), ("sampleDataAutoOnboard", "true")];
        let moved = |document: &mut serde_json::Value| {
            document["redirectUris"] = json!(["https://tidemark.example/callback"]);
        };
        app.revises(&platform, "read", moved).await;
        let before = platform.contents().await;
        let csrf = web.csrf().await;
        for answer in ["accept", "decline"] {
            for visit in [
                web.get(&page).await,
                web.post(&page, &[("csrf", &csrf), ("answer", answer), ("textHash", &hash)]).await,
                web.get(asked.consent_url(&[]).as_str()).await,
                Web::new(&platform).get(asked.consent_url(&[("service", "x")]).as_str()).await,
                Web::new(&platform).get(asked.consent_url(&automatic).as_str()).await,
            ] {
                assert_eq!((visit.status, visit.location()), (400, None), "{}", visit.text());
            }
        }
        let yes = json!({ "textHash": hash });
        let answer = ada.on(Method::POST, &asked, "/approve", Some(&yes)).await;
        assert_eq!(answer.refusal(), "400 InvalidRedirectUri");
        platform.holds_the_same(&before).await;
    }
}
