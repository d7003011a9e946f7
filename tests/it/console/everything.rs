//! The emergency brake.

use std::collections::BTreeSet;

use consent_client::reqwest::Method;
use harness::{HtmlForm, Person, Receiver, Web, stories};
use serde_json::{Value, json};

use super::agreed;

const PAGE: &str = "/console/revoke-everything";

async fn stages(person: &Person<'_>) -> Vec<String> {
    let list = person.call(Method::GET, "/me/grants", None).await.ok();
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| grant["stage"].as_str().unwrap().to_owned())
        .collect()
}

async fn form(web: &Web<'_>) -> HtmlForm {
    web.get(PAGE).await.form(PAGE)
}

stories! {
    async fn everything_ends_at_once_with_her_password(platform: TestPlatform) {
        let (app, ada, first) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let second = ada.approves(&app).await;
        let stopped = ada.approves(&app).await;
        ada.stops(&stopped).await;
        let ended = ada.approves(&app).await;
        ada.revokes(&ended).await;
        let bob = platform.person("bob").await;
        bob.connects(&[18]).await;
        let his = bob.approves(&app).await;
        platform.delivers().await;
        let web = Web::of(&platform, &ada);
        let asked = web.get(PAGE).await;
        assert!(asked.shows("You share under 2 active contracts and 1 stopped one."), "{}", asked.text());

        let before = platform.contents().await;
        for password in ["", "not my password", "Correct Horse Battery"] {
            let visit = web.submits(&form(&web).await.with("password", password)).await;
            assert_eq!(visit.status, 401, "{}", visit.text());
            assert!(visit.shows("This is not your password. Nothing was revoked."), "{}", visit.text());
        }
        let grown = platform.contents().await.grown_since(&before);
        assert!(grown.iter().all(|(table, _)| table.contains("attempt")), "{grown:?}");
        assert_eq!(app.tries(&first.shared).await, "ok");

        let form = form(&web).await.with("password", Person::PASSWORD);
        let visit = web.submits(&form).await;
        assert_eq!(visit.location().as_deref(), Some("/console?said=revoked-everything"), "{}", visit.text());
        for yes in [&first, &second, &stopped, &ended] {
            assert_eq!(app.tries(&yes.shared).await, "401 InvalidToken");
        }
        assert_eq!(app.tries(&his.shared).await, "ok", "nobody else's");
        assert_eq!(stages(&ada).await, ["revoked"; 4]);
        let page = web.follows(visit).await;
        assert!(page.shows("Everything is revoked"), "{}", page.text());

        platform.delivers().await;
        let came = receiver.signals().await;
        let revoked: Vec<_> = came.iter().filter(|signal| signal.kind == "consent-revoked").collect();
        assert_eq!(revoked.len(), 4, "one for each, and the one before");
        let of_this: Vec<_> = revoked[1..].iter().map(|signal| signal.set["txn"].as_str().unwrap()).collect();
        assert!(of_this.iter().all(|txn| *txn == of_this[0]), "{of_this:?}");
        assert_ne!(revoked[0].set["txn"], of_this[0]);
        let before = platform.rows("event").await;
        assert_eq!(web.submits(&form).await.status, 303, "twice");
        assert_eq!(platform.rows("event").await, before);
    }

    async fn everything_is_erased_too_if_she_wants(platform: TestPlatform) {
        let (app, ada, first) = agreed(&platform).await;
        let ended = ada.approves(&app).await;
        ada.revokes(&ended).await;
        let erasing = ada.approves(&app).await;
        let _ = ada.acts(&erasing.grant, "erase").await.ok();
        let everything = "/me/revoke-everything";
        for wrong in [json!({}), json!({ "password": 1 }), json!({ "password": "x", "all": true })] {
            assert_eq!(ada.call(Method::POST, everything, Some(&wrong)).await.status, 422, "{wrong}");
        }
        let wrong = json!({ "password": "not my password", "erase": true });
        assert_eq!(ada.call(Method::POST, everything, Some(&wrong)).await.refusal(), "401 WrongCredentials");
        let right = json!({ "password": Person::PASSWORD, "erase": true });
        let done = ada.call(Method::POST, everything, Some(&right)).await.ok();
        let changed = done["grants"].as_array().unwrap().iter().map(|grant| grant["id"].as_str().unwrap());
        let both = [first.grant.as_str(), ended.grant.as_str()];
        assert_eq!(changed.collect::<BTreeSet<_>>(), BTreeSet::from(both));
        assert_eq!(stages(&ada).await, ["erasing"; 3]);
        assert_eq!(app.tries(&first.shared).await, "401 InvalidToken");
        let again = ada.call(Method::POST, everything, Some(&right)).await.ok();
        assert_eq!(again["grants"], json!([]));
    }

    async fn who_guesses_has_to_wait_like_at_the_door(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let web = Web::of(&platform, &ada);
        let wrong = form(&web).await.with("password", "not my password");
        let mut statuses = Vec::new();
        for _ in 0..8 {
            statuses.push(web.submits(&wrong).await.status);
        }
        assert!(statuses.contains(&429), "{statuses:?}");
        let right = web.submits(&form(&web).await.with("password", Person::PASSWORD)).await;
        assert_eq!(right.status, 429, "{}", right.text());
        assert!(!right.header("retry-after").is_empty());
        assert_eq!(app.tries(&yes.shared).await, "ok");
    }

    async fn two_hundred_grants_end_together(platform: TestPlatform) {
        let (app, ada, first) = agreed(&platform).await;
        for _ in 0..200 {
            ada.answers(&app.asks().await, &json!({ "ownFiles": true })).await;
        }
        let right = json!({ "password": Person::PASSWORD });
        let done = ada.call(Method::POST, "/me/revoke-everything", Some(&right)).await.ok();
        assert_eq!(done["grants"].as_array().unwrap().len(), 201);
        assert!(done["grants"].as_array().unwrap().iter().all(|grant| grant["stage"] == "revoked"));
        assert_eq!(app.tries(&first.shared).await, "401 InvalidToken");
        let summary: Value = ada.call(Method::GET, "/me/summary", None).await.ok();
        assert_eq!(summary, json!({ "active": 0, "stopped": 0, "waiting": 201, "overdue": 0 }));
        let page = Web::of(&platform, &ada).get("/console?state=waiting").await;
        assert!(page.status == 200 && page.shows("Show earlier ones"), "{}", page.text());
    }
}
