//! An operator acts for a person: with a reason that she reads, and never with her keys.

use std::process::Command;

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use harness::{Answer, Engine, Person, Place, Receiver, TestPlatform, Yes, agreed, stories};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

const WHY: &str = "she rang us on Monday";

/// The operator does something to one of her grants.
async fn acts(platform: &TestPlatform, ada: &Person<'_>, yes: &Yes, verb: &str) -> Answer {
    acts_with(platform, ada, yes, verb, json!({ "reason": WHY })).await
}

async fn acts_with(platform: &TestPlatform, ada: &Person<'_>, yes: &Yes, verb: &str, body: Value) -> Answer {
    let path = format!("/people/{}/grants/{}/{verb}", ada.id, yes.grant);
    platform.operator().call(Method::POST, &path, Some(&body)).await
}

/// The last events of her chain: what, who, why.
async fn last_events(ada: &Person<'_>, count: usize) -> Vec<(String, String, Option<String>)> {
    let list = ada.call(Method::GET, "/me/events?limit=200", None).await.ok();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let all: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let (act, actor) = (text(&event["act"]["type"]).unwrap(), text(&event["actor"]["kind"]).unwrap());
            (act, actor, text(&event["reason"]))
        })
        .collect();
    all[all.len() - count..].to_vec()
}

fn event(act: &str, actor: &str, why: Option<&str>) -> (String, String, Option<String>) {
    (act.to_owned(), actor.to_owned(), why.map(str::to_owned))
}

async fn grant(ada: &Person<'_>, yes: &Yes) -> Value {
    ada.call(Method::GET, &format!("/me/grants/{}", yes.grant), None).await.ok()
}

async fn receipts(ada: &Person<'_>) -> Vec<String> {
    let list = ada.call(Method::GET, "/me/receipts", None).await.ok();
    let kinds =
        list["items"].as_array().unwrap().iter().map(|receipt| receipt["kind"].as_str().unwrap().to_owned());
    kinds.collect()
}

stories! {
    async fn an_operator_stops_shortens_revokes_and_erases_and_she_reads_why(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let list = format!("/people/{}/grants", ada.id);
        let listed = platform.operator().call(Method::GET, &list, None).await.ok();
        assert_eq!(listed["items"][0]["id"], yes.grant.as_str());

        let stopped = acts(&platform, &ada, &yes, "stop").await.ok();
        assert_eq!((&stopped["stage"], &stopped["resumesAtNextSignIn"]), (&json!("stopped"), &json!(false)));
        assert_eq!(app.tries(&yes.shared).await, "403 GrantStopped");
        let told = [event("stopped", "operator", Some(WHY)), event("signalled", "operator", None)];
        assert_eq!(last_events(&ada, 2).await, told);
        platform.delivers().await;
        let signal = receiver.last().await;
        assert_eq!((signal.kind.as_str(), &signal.event["initiating_entity"]), ("sharing-stopped", &json!("admin")));
        assert!(!signal.set.to_string().contains(WHY) && !signal.body.to_string().contains(WHY));

        let until = platform.inner.ambient.now() + TimeDelta::days(3);
        let sooner = json!({ "reason": WHY, "until": until });
        let shorter = acts_with(&platform, &ada, &yes, "shorten", sooner).await.ok();
        assert!(shorter["expiresAt"].is_string());
        assert_eq!(acts(&platform, &ada, &yes, "revoke").await.ok()["stage"], "revoked");
        assert_eq!(acts(&platform, &ada, &yes, "erase").await.ok()["stage"], "erasing");
        assert_eq!(acts(&platform, &ada, &yes, "cancel-erasure").await.ok()["stage"], "revoked");
        assert_eq!(acts(&platform, &ada, &yes, "stop").await.refusal(), "409 GrantRefused");
        assert_eq!(acts(&platform, &ada, &yes, "resume").await.refusal(), "409 GrantRefused");
        let list = ada.call(Method::GET, "/me/events?limit=200", None).await.ok();
        let whys = list["items"].as_array().unwrap().iter().filter(|event| event["reason"] == WHY).count();
        assert_eq!(whys, 5, "{list}");
        assert!(!list["items"].as_array().unwrap().iter().any(|event| event["body"].as_str().unwrap().contains(WHY)));
        let path = format!("/api/v1/apps/{}/grants/{}/receipts", app.id, yes.grant);
        let its = platform.call(Method::GET, &path, Some(&app.api_key), None).await.ok();
        assert!(!its.to_string().contains(WHY), "the app does not learn why");
    }

    async fn an_operator_ends_everything_for_her_at_once(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let second = ada.approves(&app).await;
        let path = format!("/people/{}/revoke-everything", ada.id);
        let operator = platform.operator();
        assert_eq!(operator.call(Method::POST, &path, Some(&json!({}))).await.status, 422);
        assert_eq!(app.tries(&yes.shared).await, "ok");
        let body = json!({ "reason": WHY });
        let ended = operator.call(Method::POST, &path, Some(&body)).await.ok();
        assert_eq!(ended["grants"].as_array().unwrap().len(), 2);
        for one in [&yes, &second] {
            assert_eq!(app.tries(&one.shared).await, "401 InvalidToken");
        }
        let whys: Vec<_> = last_events(&ada, 4).await.into_iter().filter_map(|(_, _, why)| why).collect();
        assert_eq!(whys, [WHY, WHY]);
        let nobody = "/people/per00000000000000000000000000/revoke-everything";
        assert_eq!(operator.call(Method::POST, nobody, Some(&body)).await.status, 404);
    }

    async fn a_resume_by_the_operator_waits_until_its_owner_signs_in(platform: TestPlatform) {
        let (app, mut ada, yes) = agreed(&platform).await;
        ada.stops(&yes).await;
        let waits = acts(&platform, &ada, &yes, "resume").await;
        assert_eq!(waits.status, 202);
        assert_eq!((&waits.json["stage"], &waits.json["resumesAtNextSignIn"]), (&json!("stopped"), &json!(true)));
        assert_eq!(grant(&ada, &yes).await["resumesAtNextSignIn"], true, "she sees that it waits");
        assert_eq!(last_events(&ada, 1).await, [event("resumeAsked", "operator", Some(WHY))]);
        assert_eq!(app.tries(&yes.shared).await, "403 GrantStopped");

        let _ = ada.signs_in("wrong horse battery").await.refusal();
        assert_eq!(grant(&ada, &yes).await["stage"], "stopped");
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        assert_eq!(app.tries(&yes.shared).await, "ok");
        let shown = grant(&ada, &yes).await;
        assert_eq!((&shown["stage"], &shown["resumesAtNextSignIn"]), (&json!("active"), &json!(false)));
        let told = [event("resumed", "operator", Some(WHY)), event("signalled", "operator", None)];
        assert_eq!(last_events(&ada, 2).await, told);
        assert_eq!(receipts(&ada).await, ["resumed", "stopped", "given"]);
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        assert_eq!(receipts(&ada).await.len(), 3, "once is enough");
    }

    async fn recovery_opens_her_library_and_resumes_too(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        ada.stops(&yes).await;
        assert_eq!(acts(&platform, &ada, &yes, "resume").await.status, 202);
        let body = json!({ "email": ada.email, "recoveryCode": ada.recovery_code, "newPassword": "battery horse correct" });
        let _ = platform.call(Method::POST, "/api/v1/recover", None, Some(&body)).await.ok();
        assert_eq!(app.tries(&yes.shared).await, "ok");
    }

    async fn what_was_stopped_again_or_ended_does_not_resume(platform: TestPlatform) {
        let (app, mut ada, yes) = agreed(&platform).await;
        let other = ada.approves(&app).await;
        for yes in [&yes, &other] {
            ada.stops(yes).await;
            assert_eq!(acts(&platform, &ada, yes, "resume").await.status, 202);
        }
        let kept = ada.acts(&yes.grant, "stop").await.ok();
        assert_eq!((&kept["stage"], &kept["resumesAtNextSignIn"]), (&json!("stopped"), &json!(false)));
        assert_eq!(last_events(&ada, 1).await, [event("stopped", "person", None)]);
        assert_eq!(ada.acts(&yes.grant, "stop").await.refusal(), "409 GrantRefused", "there is nothing left to stop");
        ada.revokes(&other).await;
        let before = receipts(&ada).await;
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        assert_eq!(grant(&ada, &yes).await["stage"], "stopped");
        assert_eq!(grant(&ada, &other).await["stage"], "revoked");
        assert_eq!(receipts(&ada).await, before);

        // The operator takes the wish back as well; and she may be faster.
        assert_eq!(acts(&platform, &ada, &yes, "resume").await.status, 202);
        assert_eq!(acts(&platform, &ada, &yes, "stop").await.ok()["resumesAtNextSignIn"], false);
        assert_eq!(acts(&platform, &ada, &yes, "resume").await.status, 202);
        ada.resumes(&yes).await;
        assert_eq!(grant(&ada, &yes).await["resumesAtNextSignIn"], false);
    }

    async fn what_cannot_resume_keeps_nobody_from_signing_in(platform: TestPlatform) {
        let (app, mut ada, yes) = agreed(&platform).await;
        let other = ada.approves(&app).await;
        for yes in [&yes, &other] {
            ada.stops(yes).await;
            assert_eq!(acts(&platform, &ada, yes, "resume").await.status, 202);
        }
        let break_one = format!("UPDATE consent_grant SET choices = '[]' WHERE id = '{}'", yes.grant);
        platform.inner.db.execute_unprepared(&break_one).await.unwrap();
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        assert_eq!(grant(&ada, &other).await["stage"], "active", "one that fails delays no other");
        let mend = format!("UPDATE consent_grant SET choices = (SELECT choices FROM consent_grant WHERE id = '{}') \
            WHERE id = '{}'", other.grant, yes.grant);
        platform.inner.db.execute_unprepared(&mend).await.unwrap();
        assert_eq!(grant(&ada, &yes).await["resumesAtNextSignIn"], true, "it waits on");
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        for yes in [&yes, &other] {
            assert_eq!(grant(&ada, yes).await["stage"], "active");
        }
    }

    async fn without_a_reason_or_with_somebody_elses_id_nothing_happens(platform: TestPlatform) {
        let (_, ada, yes) = agreed(&platform).await;
        let eve = platform.person("eve").await;
        let before = platform.contents().await;
        for body in [json!({}), json!({ "reason": "" }), json!({ "reason": " \t " }), json!({ "reason": "a\nb" }),
            json!({ "reason": "a\u{0}b" }), json!({ "reason": "x".repeat(501) }), json!({ "reason": 1 })] {
            for verb in ["stop", "resume", "revoke", "erase", "cancel-erasure"] {
                let answer = acts_with(&platform, &ada, &yes, verb, body.clone()).await;
                assert_eq!(answer.refusal(), "422 ValidationErrors", "{verb} {body}");
                assert_eq!(answer.json["errors"][0]["field"], "reason", "{verb} {body}");
            }
        }
        let no_end = acts(&platform, &ada, &yes, "shorten").await;
        assert_eq!((no_end.refusal().as_str(), &no_end.json["errors"][0]["field"]),
            ("422 ValidationErrors", &json!("until")));
        assert_eq!(acts(&platform, &eve, &yes, "stop").await.refusal(), "404 GrantNotFound");
        let nobody = "/people/per01hf7yat00000000000000001a/grants";
        let because = json!({ "reason": WHY });
        for (method, path, body) in [(Method::GET, nobody.to_owned(), None),
            (Method::POST, format!("{nobody}/{}/stop", yes.grant), Some(&because))] {
            assert_eq!(platform.operator().call(method, &path, body).await.refusal(), "404 PersonNotFound");
        }
        let path = format!("/api/v1/people/{}/grants/{}/stop", ada.id, yes.grant);
        let hers = platform.call(Method::POST, &path, Some(&ada.token), Some(&because)).await;
        assert_eq!(hers.refusal(), "401 Unauthorized");
        platform.holds_the_same(&before).await;

        let invited = json!({ "email": "ira@example.org" });
        let ira = platform.operator().call(Method::POST, "/people", Some(&invited)).await.ok();
        let path = format!("/people/{}/grants", ira["id"].as_str().unwrap());
        assert_eq!(platform.operator().call(Method::GET, &path, None).await.ok()["items"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_acts_for_a_person_from_the_command_line() {
    let program = env!("CARGO_BIN_EXE_gateway-under-test");
    let place = Place::new(Engine::Sqlite).await.expect("SQLite is built in");
    let process = place.start(program, &["--sandbox"], &[]).unwrap();
    let platform = TestPlatform::at(&process, &place).await;
    let (app, mut ada, yes) = agreed(&platform).await;
    let run = |words: &[&str]| {
        let mut command = Command::new(program);
        command.arg("person").args(words).args(["--server", &process.url, "--data-dir"]).arg(place.path());
        let told = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (told.status.code(), text(told.stdout), text(told.stderr))
    };
    let email = ada.email.clone();
    let about = [yes.grant.as_str(), "--person", &email, "--reason", WHY];
    let (code, told, _) = run(&["grants", &email]);
    assert!(code == Some(0) && told.contains(&yes.grant) && told.contains("active"), "{told}");
    let (code, told, _) = run(&[&["stop"][..], &about].concat());
    assert!(code == Some(0) && told.contains("stopped"), "{told}");
    assert_eq!(app.tries(&yes.shared).await, "403 GrantStopped");
    let (code, told, _) = run(&[&["resume"][..], &about].concat());
    assert!(code == Some(0) && told.contains("when she signs in next"), "{told}");
    let _ = ada.signs_in(Person::PASSWORD).await.ok();
    assert_eq!(app.tries(&yes.shared).await, "ok");
    let (code, told, _) = run(&[&["shorten"][..], &about, &["--until", "2001-01-01T00:00:00Z"]].concat());
    assert_eq!((code, told.as_str()), (Some(1), ""), "that is over");
    let (code, _, told) = run(&["revoke", &yes.grant, "--person", &email, "--reason", " "]);
    assert!(code == Some(1) && told.contains("reason"), "{told}");
    let (code, told, _) = run(&[&["erase"][..], &about].concat());
    assert!(code == Some(0) && told.contains("erasing"), "{told}");
    let whys =
        ada.call(Method::GET, "/me/events?limit=200", None).await.ok().to_string().matches(WHY).count();
    assert_eq!(whys, 4, "stopped, asked to resume, resumed, erased");
}
