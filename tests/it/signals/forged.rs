//! What is not the app's own word about its own signal changes nothing; and nobody reaches another app's signals.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta};
use consent_client::reqwest::Method;
use consent_crypto::{
    RsaPrivateKey,
    jws::{self, Algorithm},
};
use harness::{Answer, MockApp, Received, Receiver, TestPlatform, fixture, report_signed, stories};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{agreed, kinds, receipts, said, stage, told};

/// A name that no signal has.
const NOBODY: &str = "0192f0c1-2b1a-7cc0-8a1c-0a1b2c3d4e5f";

fn key_of(app: &MockApp) -> RsaPrivateKey {
    RsaPrivateKey::parse_pem(&app.private_key).unwrap()
}

/// Which fields a refusal names.
#[track_caller]
fn fields(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.refusal(), "422 ValidationErrors", "{answer:?}");
    answer.json["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

/// A path of an app's signals, called with another's or its own API key.
async fn call(platform: &TestPlatform, app: &MockApp, path: &str, body: Option<&Value>) -> Answer {
    let method = if path.ends_with("attempts") { Method::GET } else { Method::POST };
    let path = format!("/api/v1/apps/{}/signals/{path}", app.id);
    platform.call(method, &path, Some(&app.api_key), body).await
}

stories! {
    async fn a_report_that_says_something_else_than_its_signal_is_refused(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        ada.stops(&yes).await;
        platform.delivers().await;
        let stopped = receiver.last().await;
        platform.wait(TimeDelta::hours(1));
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        let asked = receiver.last().await;
        let other = MockApp::register(&platform, "read", "app-2", |_| {}).await;
        let others = ada.approves(&other).await;
        let _ = ada.acts(&others.grant, "revoke").await.ok();
        let path = format!("/me/grants/{}/signals", others.grant);
        let foreign = ada.call(Method::GET, &path, None).await.ok()["items"][0]["id"].clone();

        let (key, now) = (key_of(&app), platform.inner.ambient.now());
        let done = receiver.report(&asked, "completed", &receiver.evidence());
        let before = platform.contents().await;
        let soon = |minutes| (now + TimeDelta::minutes(minutes)).timestamp();
        for (member, value) in [
            ("iss", json!(other.id)),
            ("aud", json!("https://other.example")),
            ("aud", json!([platform.inner.public_url])),
            ("iat", json!(soon(6))),
            ("iat", json!(soon(-6))),
            ("iat", json!("now")),
            ("jti", json!("")),
            ("jti", json!("x".repeat(129))),
            ("consent_id", json!(others.grant)),
            ("action", json!("sharing-stopped")),
            ("state", json!("obeyed")),
            ("completed_at", json!(now + TimeDelta::minutes(6))),
            ("completed_at", json!(now - TimeDelta::days(1))),
            ("evidence", Value::Null),
            ("set_jti", json!(stopped.id)),
            ("set_jti", foreign.clone()),
            ("set_jti", json!(NOBODY)),
            ("name", json!("Ada")),
        ] {
            let mut wrong = done.clone();
            wrong[member] = value.clone();
            let answer = receiver.sends_report(&done, &report_signed(&key, &wrong)).await;
            let named = fields(&answer);
            // A report about the stop, at the address of the erasure, is wrong in more than one way.
            let fits = named.iter().all(|field| field.starts_with(member)) || value == json!(stopped.id);
            assert!(fits, "{member} {value}: {}", answer.json);
        }
        platform.holds_the_same(&before).await;
        assert_eq!(stage(&ada, &yes).await, "erasing");
        assert_eq!(receiver.reports(&done).await.ok()["state"], "completed", "and the right one is taken");
    }

    async fn a_report_that_is_not_signed_as_it_has_to_be_is_refused(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        let asked = receiver.last().await;
        let done = receiver.report(&asked, "completed", &receiver.evidence());
        let (key, typ) = (key_of(&app), "signal-report+jwt");
        let signed = |header: Value| jws::sign(&key, header.as_object().unwrap(), &done).unwrap();
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let with_alg = |alg: &str| encoded(&json!({"alg": alg, "typ": typ}));
        let unsigned = |alg: &str| format!("{}.{}.", with_alg(alg), encoded(&done));
        let shared = {
            let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
            header.typ = Some(typ.to_owned());
            let secret = jsonwebtoken::EncodingKey::from_secret(fixture("keys/app-1.public.pem").as_bytes());
            jsonwebtoken::encode(&header, &done, &secret).unwrap()
        };
        let by = |name: &str| RsaPrivateKey::parse_pem(&fixture(&format!("keys/{name}"))).unwrap();
        let before = platform.contents().await;
        for (what, text) in [
            ("of another type", signed(json!({}))),
            ("a token of the platform's own type", signed(json!({"typ": "secevent+jwt"}))),
            ("critical members", signed(json!({"typ": typ, "crit": ["exp"]}))),
            ("a key that it brings along", {
                let foreign = by("app-2.private.pem");
                let jwk = foreign.public().jwk("PS512", "k", "sig");
                jws::sign(&foreign, json!({"typ": typ, "jwk": jwk}).as_object().unwrap(), &done).unwrap()
            }),
            ("the platform's key", report_signed(&by("server-signals.pem"), &done)),
            ("the signal itself", asked.body["data"]["set"].as_str().unwrap().to_owned()),
            ("no algorithm", unsigned("none")),
            ("no signature", unsigned("PS512")),
            ("a shared secret that is our public key", shared),
            ("nothing", String::new()),
            ("no token", "a.b.c".to_owned()),
            ("more than a token may have", "a".repeat(40 * 1024)),
        ] {
            let answer = receiver.sends_report(&done, &text).await;
            assert_eq!(answer.refusal(), "401 InvalidReport", "{what}");
        }
        platform.holds_the_same(&before).await;
        assert_eq!(stage(&ada, &yes).await, "erasing");
        let header = json!({"typ": typ});
        let rs256 = jws::sign_with(Algorithm::Rs256, &key, header.as_object().unwrap(), &done);
        let _ = receiver.sends_report(&done, &rs256.unwrap()).await.ok();
        assert_eq!(stage(&ada, &yes).await, "erased", "RS256 is the other algorithm that a report may have");
    }

    async fn a_report_about_what_was_superseded_is_kept_and_moves_nothing(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        let first = receiver.last().await;
        let _ = ada.acts(&yes.grant, "cancel-erasure").await.ok();
        platform.delivers().await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        let second = receiver.last().await;
        let late = receiver.report(&first, "completed", &receiver.evidence());
        let answer = receiver.reports(&late).await.ok();
        assert_eq!((&answer["state"], &answer["standing"]), (&json!("superseded"), &json!("backward")));
        assert_eq!(stage(&ada, &yes).await, "erasing", "the wish that holds is not answered by it");
        assert!(!kinds(&receipts(&ada).await).contains(&"erasureAnswered"));

        let mut done = receiver.report(&second, "completed", &receiver.evidence());
        done["jti"] = late["jti"].clone();
        assert_eq!(receiver.reports(&done).await.refusal(), "409 ReportReused", "a name of another report");
        assert_eq!(stage(&ada, &yes).await, "erasing");
        let done = receiver.report(&second, "completed", &receiver.evidence());
        assert_eq!(receiver.reports(&done).await.ok()["standing"], "applied");
        assert_eq!(stage(&ada, &yes).await, "erased");
        let again = receiver.report(&second, "refused", &json!({ "ground": "GDPR 17(3)(b)", "jti": "r-2" }));
        let answer = receiver.reports(&again).await.ok();
        assert_eq!((&answer["state"], &answer["standing"]), (&json!("completed"), &json!("backward")));
        assert_eq!(stage(&ada, &yes).await, "erased", "what was reported done is not taken back");
    }

    async fn nothing_is_owed_for_a_verification_or_a_resume(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        ada.stops(&yes).await;
        platform.delivers().await;
        ada.resumes(&yes).await;
        platform.delivers().await;
        let came = receiver.signals().await;
        let before = platform.contents().await;
        let done = json!({ "completed_at": platform.inner.ambient.now() });
        let resumed = receiver.report(&came[2], "completed", &done);
        assert_eq!(receiver.reports(&resumed).await.refusal(), "409 SignalRefused");
        let verification = Received { event: json!({ "consent_id": yes.grant }), ..came[0].clone() };
        let report = receiver.report(&verification, "in_progress", &json!({}));
        let refused = receiver.reports(&report).await;
        assert_eq!(refused.refusal(), "401 InvalidReport", "it has no contract, and so no key");
        platform.holds_the_same(&before).await;
    }

    async fn nobody_acknowledges_repeats_or_looks_into_anothers_signals(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        receiver.answers(ResponseTemplate::new(503)).await;
        ada.revokes(&yes).await;
        platform.delivers().await;
        let missed = receiver.last().await.id;
        let other = MockApp::register(&platform, "read", "app-2", |_| {}).await;

        let before = platform.contents().await;
        for id in [missed.as_str(), NOBODY, "1", "..%2f..", &missed.to_uppercase()] {
            for verb in ["replay", "attempts", "reports"] {
                let answer = call(&platform, &other, &format!("{id}/{verb}"), None).await;
                assert_eq!(answer.refusal(), "404 SignalNotFound", "{id} {verb}");
            }
        }
        let with_its_key = format!("/api/v1/apps/{}/signals/{missed}/replay", app.id);
        let answer = platform.call(Method::POST, &with_its_key, Some(&other.api_key), None).await;
        assert_eq!(answer.status, 404, "{answer:?}");
        let error = json!({ "err": "invalid_key", "description": "no" });
        for answers in [
            json!({ "ack": [missed, NOBODY, "", "a'b\u{0}", missed.to_uppercase()] }),
            json!({ "setErrs": { missed.clone(): error, NOBODY: error, "": error } }),
        ] {
            let mut body = answers.clone();
            body["returnImmediately"] = true.into();
            let polled = call(&platform, &other, "poll", Some(&body)).await.ok();
            assert_eq!(polled, json!({ "sets": {}, "moreAvailable": false }), "{answers}");
        }
        platform.holds_the_same(&before).await;
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "waiting", "open")]);

        let many = json!({ "ack": vec![NOBODY; 1001], "returnImmediately": true });
        assert_eq!(fields(&call(&platform, &app, "poll", Some(&many)).await), ["ack"]);
        let own = json!({ "ack": [NOBODY, missed], "returnImmediately": true });
        let _ = call(&platform, &app, "poll", Some(&own)).await.ok();
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "fetched", "open")]);
        let replayed = call(&platform, &app, &format!("{missed}/replay"), None).await;
        assert_eq!(replayed.refusal(), "409 SignalRefused", "what has arrived is not sent again");
    }

    async fn a_key_that_was_retired_signs_no_report(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        let asked = receiver.last().await;
        let path = format!("/api/v1/apps/{}/contracts/{}/keys", app.id, app.contract_id);
        let body = json!({ "publicKey": fixture("keys/app-2.public.pem") });
        let _ = platform.call(Method::POST, &path, Some(&app.api_key), Some(&body)).await.ok();
        let retire = format!("{path}/{}/retire", key_of(&app).public().thumbprint());
        let body = json!({ "compromised": true });
        let _ = platform.call(Method::POST, &retire, Some(&app.api_key), Some(&body)).await.ok();
        let done = receiver.report(&asked, "completed", &receiver.evidence());
        let before = platform.contents().await;
        assert_eq!(receiver.reports(&done).await.refusal(), "401 InvalidReport");
        platform.holds_the_same(&before).await;
        let new = RsaPrivateKey::parse_pem(&fixture("keys/app-2.private.pem")).unwrap();
        let taken = receiver.sends_report(&done, &report_signed(&new, &done)).await.ok();
        assert_eq!(taken["state"], "completed");
        assert!(DateTime::parse_from_rfc3339(receipts(&ada).await[0]["eventAt"].as_str().unwrap()).is_ok());
    }
}
