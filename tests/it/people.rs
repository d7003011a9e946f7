//! People sign up, sign in, lose passwords and find them again; their library opens for them and for nobody else.

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_crypto::{Secret, SecretKind};
use harness::{Answer, MockApp, Person, TestPlatform, Yes, stories};
use serde_json::{Value, json};

const NEW: &str = "another good password";

/// A POST to `/api/v1` by somebody who is not signed in.
async fn post(platform: &TestPlatform, path: &str, body: Value) -> Answer {
    platform.call(Method::POST, &format!("/api/v1{path}"), None, Some(&body)).await
}

async fn sign_in(platform: &TestPlatform, email: &str, password: &str) -> Answer {
    post(platform, "/sign-in", json!({ "email": email, "password": password })).await
}

/// What comes of signing in, and the `Retry-After`, for somebody at this address behind a proxy.
async fn sign_in_from(
    platform: &TestPlatform,
    address: &str,
    email: &str,
    password: &str,
) -> (u16, Option<u64>) {
    let request = platform.http().post(format!("{}/api/v1/sign-in", platform.url));
    let request =
        request.header("x-forwarded-for", address).json(&json!({ "email": email, "password": password }));
    let answer = request.send().await.unwrap();
    let after = answer.headers().get("retry-after").map(|after| after.to_str().unwrap().parse().unwrap());
    (answer.status().as_u16(), after)
}

async fn recover(platform: &TestPlatform, email: &str, code: &str, password: &str) -> Answer {
    post(platform, "/recover", json!({ "email": email, "recoveryCode": code, "newPassword": password })).await
}

/// Whether a sign-in is still one.
async fn me(platform: &TestPlatform, token: &str) -> u16 {
    platform.call(Method::GET, "/api/v1/me", Some(token), None).await.status
}

fn token(answer: Answer) -> String {
    answer.ok()["token"].as_str().unwrap().to_owned()
}

/// Stops a grant and resumes it with another sign-in: only one that opens her library can.
async fn reopens(platform: &TestPlatform, person: &Person<'_>, app: &MockApp, yes: &Yes, token: &str) {
    let act = async |verb: &str| {
        let path = format!("/api/v1/me/grants/{}/{verb}", yes.grant);
        platform.call(Method::POST, &path, Some(token), None).await.ok()
    };
    act("stop").await;
    assert_eq!(act("resume").await["stage"], "active");
    let (session, list) = app.reads(&yes.shared).await.unwrap();
    let file = app.client.fetch(&yes.shared.tokens.access.value, &session.key, &list.files[0].name).await;
    assert_eq!(MockApp::outcome(&file), "ok", "{}", person.email);
}

stories! {
    async fn signing_up_asks_for_an_address_and_a_good_password(platform: TestPlatform) {
        let long = "a".repeat(1_025);
        for (field, email, password) in [
            ("email", "ada", NEW),
            ("email", "", NEW),
            ("email", "a@b@c", NEW),
            ("email", "ada@exa mple.org", NEW),
            ("email", "a\0@example.org", NEW),
            ("password", "ada@example.org", "123456789"),
            ("password", "ada@example.org", &long),
            ("password", "ada@example.org", " ADA@example.org"),
        ] {
            let refused = post(&platform, "/sign-up", json!({ "email": email, "password": password })).await;
            assert_eq!(refused.refusal(), "422 ValidationErrors", "{email:?}");
            assert_eq!(refused.json["errors"][0]["field"], field, "{email:?}");
        }
        let more = json!({ "email": "ada@example.org", "password": NEW, "isOperator": true });
        assert_eq!(post(&platform, "/sign-up", more).await.refusal(), "422 ValidationErrors");
        for table in ["person", "library", "slot", "sign_in"] {
            assert_eq!(platform.rows(table).await, 0, "{table}");
        }
        let ada = platform.person("ada").await;
        let shown = ada.call(Method::GET, "/me", None).await.ok();
        assert_eq!((&shown["email"], &shown["library"]), (&json!("ada@example.org"), &json!("open")));
    }

    async fn an_address_is_taken_in_every_spelling(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        for taken in ["ada@example.org", "Ada@Example.ORG", " ada@example.org "] {
            let refused = post(&platform, "/sign-up", json!({ "email": taken, "password": NEW })).await;
            assert_eq!(refused.refusal(), "409 EmailTaken", "{taken:?}");
        }
        assert_eq!((platform.rows("person").await, platform.rows("library").await), (1, 1));
        assert_eq!(sign_in(&platform, "ADA@example.org", Person::PASSWORD).await.status, 200);
        assert_eq!(me(&platform, &ada.token).await, 200);
    }

    async fn of_two_who_take_an_address_at_once_one_gets_it(platform: TestPlatform) {
        let body = json!({ "email": "ada@example.org", "password": NEW });
        let both = tokio::join!(post(&platform, "/sign-up", body.clone()), post(&platform, "/sign-up", body));
        let mut outcomes = [both.0.refusal(), both.1.refusal()];
        outcomes.sort_unstable();
        assert_eq!(outcomes, ["201 ", "409 EmailTaken"]);
        assert_eq!((platform.rows("person").await, platform.rows("library").await), (1, 1));
    }

    async fn a_wrong_password_and_an_unknown_address_are_answered_alike(platform: TestPlatform) {
        platform.person("ada").await;
        let wrong = sign_in(&platform, "ada@example.org", NEW).await;
        assert_eq!(wrong.refusal(), "401 WrongCredentials");
        assert_eq!(sign_in(&platform, "nobody@example.org", NEW).await, wrong);
        assert_eq!(sign_in(&platform, "no address", NEW).await, wrong);
        assert_eq!(sign_in(&platform, "a\0@example.org", NEW).await, wrong);
        assert_eq!(platform.rows("sign_in").await, 1);
        assert_eq!(sign_in(&platform, "ada@example.org", Person::PASSWORD).await.status, 200);
    }

    async fn guessing_gets_slower_and_slower(platform: TestPlatform) {
        platform.person("ada").await;
        platform.person("eve").await;
        let (email, here) = ("ada@example.org", "127.0.0.1");
        for _ in 0..5 {
            assert_eq!(sign_in_from(&platform, here, email, NEW).await, (401, None));
        }
        assert_eq!(sign_in_from(&platform, here, email, NEW).await, (429, Some(1)));
        assert_eq!(sign_in_from(&platform, here, email, Person::PASSWORD).await, (429, Some(1)));
        let elsewhere = sign_in_from(&platform, "198.51.100.7", email, NEW).await;
        assert_eq!(elsewhere, (429, Some(1)), "nobody's word about addresses is believed");
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(sign_in_from(&platform, here, email, NEW).await, (401, None));
        assert_eq!(sign_in_from(&platform, here, email, NEW).await, (429, Some(2)));
        let recovered = recover(&platform, email, "crc_", NEW).await.status;
        assert!(matches!(recovered, 422 | 429), "{recovered}");
        assert_eq!(sign_in_from(&platform, here, "eve@example.org", Person::PASSWORD).await, (200, None));

        platform.wait(TimeDelta::seconds(2));
        assert_eq!(sign_in_from(&platform, here, email, Person::PASSWORD).await, (200, None));
        assert_eq!(sign_in_from(&platform, here, email, NEW).await, (401, None), "and all is forgotten");
    }

    async fn a_new_password_ends_other_sign_ins_and_opens_the_library(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let other = token(sign_in(&platform, &ada.email, Person::PASSWORD).await);
        let change = async |old: &str, new: &str| {
            let body = json!({ "oldPassword": old, "newPassword": new });
            ada.call(Method::POST, "/me/password", Some(&body)).await.refusal()
        };
        assert_eq!(change(NEW, NEW).await, "401 WrongCredentials");
        assert_eq!(change(Person::PASSWORD, "short").await, "422 ValidationErrors");
        assert_eq!((me(&platform, &other).await, me(&platform, &ada.token).await), (200, 200));

        assert_eq!(change(Person::PASSWORD, NEW).await, "204 ");
        assert_eq!((me(&platform, &other).await, me(&platform, &ada.token).await), (401, 200));
        assert_eq!(sign_in(&platform, &ada.email, Person::PASSWORD).await.refusal(), "401 WrongCredentials");
        reopens(&platform, &ada, &app, &yes, &ada.token).await;
        let anew = token(sign_in(&platform, &ada.email, NEW).await);
        reopens(&platform, &ada, &app, &yes, &anew).await;
        assert_eq!(platform.rows("slot WHERE kind = 'sign_in'").await, 2);
        assert_eq!(platform.rows("slot WHERE kind = 'password'").await, 1);
    }

    async fn the_recovery_code_sets_a_password_and_opens_the_library(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        ada.stops(&yes).await;

        let spoken = ada.recovery_code.to_uppercase().replace('-', " ");
        let recovered = token(recover(&platform, "ADA@example.org", &spoken, NEW).await);
        assert_eq!(me(&platform, &ada.token).await, 401, "everybody else is signed out");
        assert_eq!(sign_in(&platform, &ada.email, Person::PASSWORD).await.refusal(), "401 WrongCredentials");
        let path = format!("/api/v1/me/grants/{}/resume", yes.grant);
        assert_eq!(platform.call(Method::POST, &path, Some(&recovered), None).await.ok()["stage"], "active");
        reopens(&platform, &ada, &app, &yes, &recovered).await;
        let anew = token(sign_in(&platform, &ada.email, NEW).await);
        reopens(&platform, &ada, &app, &yes, &anew).await;
        let again = token(recover(&platform, &ada.email, &ada.recovery_code, Person::PASSWORD).await);
        reopens(&platform, &ada, &app, &yes, &again).await;
    }

    async fn a_wrong_recovery_code_changes_nothing(platform: TestPlatform) {
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let made_up = Secret::generate(SecretKind::RecoveryCode, &platform.inner.ambient).expose();
        let wrong = recover(&platform, &ada.email, &made_up, NEW).await;
        assert_eq!(wrong.refusal(), "401 WrongCredentials");
        assert_eq!(recover(&platform, &ada.email, &eve.recovery_code, NEW).await, wrong);
        assert_eq!(recover(&platform, "nobody@example.org", &ada.recovery_code, NEW).await, wrong);
        assert_eq!(recover(&platform, &ada.email, "no code", NEW).await.refusal(), "422 ValidationErrors");
        let weak = recover(&platform, &ada.email, &ada.recovery_code, "short").await;
        assert_eq!(weak.refusal(), "422 ValidationErrors");
        assert_eq!(me(&platform, &ada.token).await, 200);
        assert_eq!(sign_in(&platform, &ada.email, Person::PASSWORD).await.status, 200);
    }

    async fn a_new_recovery_code_ends_the_old_one(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let renew = async |password: &str| {
            ada.call(Method::POST, "/me/recovery-code", Some(&json!({ "password": password }))).await
        };
        assert_eq!(renew(NEW).await.refusal(), "401 WrongCredentials");
        let code = renew(Person::PASSWORD).await.ok()["recoveryCode"].as_str().unwrap().to_owned();
        assert_eq!(platform.rows("slot WHERE kind = 'recovery'").await, 1);
        let old = recover(&platform, &ada.email, &ada.recovery_code, NEW).await;
        assert_eq!(old.refusal(), "401 WrongCredentials");
        let recovered = token(recover(&platform, &ada.email, &code, NEW).await);
        reopens(&platform, &ada, &app, &yes, &recovered).await;
    }

    async fn signing_out_ends_one_sign_in(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let other = token(sign_in(&platform, &ada.email, Person::PASSWORD).await);
        assert_eq!(ada.call(Method::POST, "/sign-out", None).await.status, 204);
        assert_eq!((me(&platform, &ada.token).await, me(&platform, &other).await), (401, 200));
        assert_eq!(ada.call(Method::POST, "/sign-out", None).await.refusal(), "401 Unauthorized");
        assert_eq!(platform.rows("slot WHERE kind = 'sign_in'").await, 1);

        let third = token(sign_in(&platform, &ada.email, Person::PASSWORD).await);
        let all = platform.call(Method::GET, "/api/v1/me/sign-ins", Some(&other), None).await.ok();
        let strange = all["items"].as_array().unwrap().iter().find(|one| one["current"] == false).unwrap();
        let path = format!("/api/v1/me/sign-ins/{}", strange["id"].as_str().unwrap());
        assert_eq!(platform.call(Method::DELETE, &path, Some(&other), None).await.status, 204);
        assert_eq!((me(&platform, &third).await, me(&platform, &other).await), (401, 200));
        assert_eq!(platform.rows("slot WHERE kind = 'sign_in'").await, 1);
    }

    async fn what_is_one_persons_does_not_exist_for_another(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        ada.connects(&[16]).await;
        let _ = ada.uploads("diary.txt", "text/plain", "dear diary").await.ok();
        let yes = ada.approves(&app).await;
        for verb in ["stop", "resume", "revoke"] {
            assert_eq!(eve.acts(&yes.grant, verb).await.refusal(), "404 GrantNotFound");
        }
        let path = format!("/me/grants/{}", yes.grant);
        assert_eq!(eve.call(Method::GET, &path, None).await.refusal(), "404 GrantNotFound");
        for list in ["/me/grants", "/me/accounts", "/me/files", "/me/events"] {
            assert_eq!(eve.call(Method::GET, list, None).await.ok()["items"], json!([]), "{list}");
            let expected = if list == "/me/files" { 18 } else { 1 };
            let hers = ada.call(Method::GET, list, None).await.ok();
            assert_eq!(hers["items"].as_array().unwrap().len(), expected, "{list}");
        }
        let sign_ins = ada.call(Method::GET, "/me/sign-ins", None).await.ok();
        let path = format!("/me/sign-ins/{}", sign_ins["items"][0]["id"].as_str().unwrap());
        assert_eq!(eve.call(Method::DELETE, &path, None).await.refusal(), "404 SignInNotFound");
        assert_eq!(me(&platform, &ada.token).await, 200);
        reopens(&platform, &ada, &app, &yes, &ada.token).await;
    }

    async fn a_sign_in_ends_two_weeks_unseen_and_after_ninety_days(platform: TestPlatform) {
        let app = platform.app("read").await;
        let mut ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let idle = token(sign_in(&platform, &ada.email, Person::PASSWORD).await);
        platform.wait(TimeDelta::seconds(14 * 86_400 - 1));
        assert_eq!(me(&platform, &ada.token).await, 200);
        platform.wait(TimeDelta::seconds(1));
        assert_eq!((me(&platform, &idle).await, me(&platform, &ada.token).await), (401, 200));
        for _ in 0..6 {
            platform.wait(TimeDelta::days(12));
            assert_eq!(me(&platform, &ada.token).await, 200);
        }
        platform.wait(TimeDelta::seconds(4 * 86_400 - 1));
        assert_eq!(me(&platform, &ada.token).await, 200);
        assert_eq!(ada.acts(&yes.grant, "stop").await.status, 200);
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(me(&platform, &ada.token).await, 401);
        assert_eq!(ada.acts(&yes.grant, "resume").await.refusal(), "401 Unauthorized");
        assert_eq!(ada.signs_in(Person::PASSWORD).await.status, 200);
        assert_eq!(ada.acts(&yes.grant, "resume").await.status, 200);
    }
}

mod behind_a_proxy {
    use super::*;

    stories! {
        with |config| config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];

        async fn strangers_who_guess_do_not_lock_the_owner_out(platform: TestPlatform) {
            let ada = platform.person("ada").await;
            let (email, home) = (ada.email.as_str(), "198.51.100.7");
            assert_eq!(sign_in_from(&platform, home, email, Person::PASSWORD).await, (200, None));
            for _ in 0..5 {
                assert_eq!(sign_in_from(&platform, "203.0.113.1", email, NEW).await, (401, None));
            }
            assert_eq!(sign_in_from(&platform, "203.0.113.1", email, Person::PASSWORD).await, (429, Some(1)));
            assert_eq!(sign_in_from(&platform, "203.0.113.2", email, Person::PASSWORD).await, (200, None));

            for stranger in 10..55 {
                let address = format!("203.0.113.{stranger}");
                assert_eq!(sign_in_from(&platform, &address, email, NEW).await, (401, None));
            }
            let many = sign_in_from(&platform, "203.0.113.99", email, Person::PASSWORD).await;
            assert_eq!(many, (429, Some(1)), "too many in all");
            assert_eq!(sign_in_from(&platform, home, email, Person::PASSWORD).await, (200, None));
        }
    }
}

mod in_a_crowd {
    use super::*;

    /// Status and, where she has to wait, for how long.
    async fn sign_up_from(
        platform: &TestPlatform,
        address: &str,
        name: &str,
        password: &str,
    ) -> (u16, Option<u64>) {
        let url = format!("{}/api/v1/sign-up", platform.url);
        let body = json!({ "email": format!("{name}@example.org"), "password": password });
        let request = platform.http().post(url).header("x-forwarded-for", address).json(&body);
        let answer = request.send().await.unwrap();
        let retry_after =
            answer.headers().get("retry-after").map(|wait| wait.to_str().unwrap().parse().unwrap());
        (answer.status().as_u16(), retry_after)
    }

    stories! {
        with |config| {
            config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
            config.limits.sign_ups_per_day = 2;
        };

        async fn whoever_signs_up_many_people_has_to_wait(platform: TestPlatform) {
            let (here, there) = ("198.51.100.7", "203.0.113.1");
            let refused = sign_up_from(&platform, here, "ada", "short").await;
            assert_eq!(refused, (422, None), "which counts for nothing");
            for name in ["ada", "bob"] {
                assert_eq!(sign_up_from(&platform, here, name, Person::PASSWORD).await, (201, None));
            }
            assert_eq!(sign_up_from(&platform, here, "eve", Person::PASSWORD).await, (429, Some(1)));
            assert_eq!(sign_up_from(&platform, there, "eve", Person::PASSWORD).await, (201, None));
            platform.wait(TimeDelta::seconds(1));
            assert_eq!(sign_up_from(&platform, here, "ada", Person::PASSWORD).await, (409, None), "it is taken");
            assert_eq!(sign_up_from(&platform, here, "mia", Person::PASSWORD).await, (429, Some(2)));
            platform.wait(TimeDelta::days(1));
            assert_eq!(sign_up_from(&platform, here, "mia", Person::PASSWORD).await, (201, None));
            assert_eq!(platform.rows("person").await, 4);
        }
    }
}
