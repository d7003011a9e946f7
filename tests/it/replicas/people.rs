//! What a person decides at one replica.

use consent_client::reqwest::Method;
use harness::{MockApp, Person, Web, stories};
use serde_json::{Value, json};

use super::{DEAD, Warm, stored};

const NEW: &str = "another good password";

stories! {
    async fn a_stop_at_one_is_a_stop_at_the_other_and_so_is_a_resume(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        for _ in 0..2 {
            warm.ada.stops(&warm.yes).await;
            warm.is_refused("403 GrantStopped").await;
            warm.ada.resumes(&warm.yes).await;
            warm.is_served().await;
        }
    }

    async fn a_stop_at_one_counts_for_sessions_and_tokens_that_the_other_made_since(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let tokens = warm.app.client.refresh(&warm.yes.shared.tokens.refresh.value).await.unwrap();
        let (client, access) = (&warm.app.client, &tokens.access.value);
        let session = client.trigger(access, &stored()).await.unwrap();
        assert_eq!(MockApp::outcome(&client.list(access, &session.key).await), "ok");
        warm.ada.stops(&warm.yes).await;
        let before = platform.contents().await;
        for token in [access, warm.access()] {
            assert_eq!(MockApp::outcome(&client.list(token, &session.key).await), "403 GrantStopped");
            let triggered = client.trigger(token, &stored()).await;
            assert_eq!(MockApp::outcome(&triggered), "403 GrantStopped");
        }
        platform.holds_the_same(&before).await;
    }

    async fn a_pair_of_tokens_revoked_at_one_is_dead_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        warm.ada.revokes(&warm.yes).await;
        warm.is_refused(DEAD).await;
        let before = platform.contents().await;
        let refresh = warm.app.client.refresh(&warm.yes.shared.tokens.refresh.value).await;
        assert_eq!(MockApp::outcome(&refresh), DEAD);
        platform.holds_the_same(&before).await;
        let again = warm.ada.approves(&warm.app).await;
        assert_eq!(warm.app.tries(&again.shared).await, "ok", "a new yes is one");
    }

    async fn an_answer_at_one_is_the_answer_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let (yes, no) = (warm.app.asks().await, warm.app.asks().await);
        for asked in [&yes, &no] {
            let path = format!("/me/authorizations/{}", asked.url_code.expose());
            assert_eq!(warm.she_asks(Method::GET, &path, None).await.status, 200);
        }
        let (_, callback) = warm.ada.answers(&yes, &json!({})).await;
        let _ = warm.ada.on(Method::POST, &no, "/decline", None).await.ok();
        let before = platform.contents().await;
        for (asked, verb) in [(&yes, "/decline"), (&no, "/approve"), (&yes, ""), (&no, "")] {
            let path = format!("/me/authorizations/{}{verb}", asked.url_code.expose());
            let method = if verb.is_empty() { Method::GET } else { Method::POST };
            let body = (verb == "/approve").then(|| json!({ "textHash": "" }));
            let answer = warm.she_asks(method, &path, body.as_ref()).await;
            assert_eq!(answer.refusal(), "409 INVALID_CODE", "{verb}");
        }
        platform.holds_the_same(&before).await;
        let code = yes.answer(&callback).unwrap();
        assert_eq!(MockApp::outcome(&warm.app.client.exchange(&code, &yes.code_verifier).await), "ok");
    }

    async fn who_signs_out_at_one_is_signed_out_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let web = Web::of(&warm.there, &warm.ada);
        for _ in 0..3 {
            assert_eq!(warm.she_asks(Method::GET, "/me", None).await.status, 200);
            assert_eq!(web.get("/console").await.status, 200);
        }
        let page = format!("/console/grants/{}/stop", warm.yes.grant);
        let form = web.get(&page).await.form(&page);
        assert_eq!(warm.ada.call(Method::POST, "/sign-out", None).await.status, 204);
        let before = platform.contents().await;
        let stop = format!("/me/grants/{}/stop", warm.yes.grant);
        for (method, path) in
            [(Method::GET, "/me"), (Method::GET, "/me/files"), (Method::POST, stop.as_str())]
        {
            assert_eq!(warm.she_asks(method, path, None).await.refusal(), "401 Unauthorized", "{path}");
        }
        for visit in [web.get("/console").await, web.submits(&form).await] {
            assert!(visit.location().is_some_and(|to| to.starts_with("/sign-in")), "{}", visit.text());
        }
        platform.holds_the_same(&before).await;
    }

    async fn a_password_changed_at_one_ends_sign_ins_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let signs_in = async |password: &str| {
            let body = json!({ "email": warm.ada.email, "password": password });
            warm.there.call(Method::POST, "/api/v1/sign-in", None, Some(&body)).await
        };
        let elsewhere = signs_in(Person::PASSWORD).await.ok()["token"].as_str().unwrap().to_owned();
        let me = async || warm.there.call(Method::GET, "/api/v1/me", Some(&elsewhere), None).await.refusal();
        for _ in 0..3 {
            assert_eq!(me().await, "200 ");
        }
        let body = json!({ "oldPassword": Person::PASSWORD, "newPassword": NEW });
        assert_eq!(warm.ada.call(Method::POST, "/me/password", Some(&body)).await.status, 204);
        assert_eq!(me().await, "401 Unauthorized");
        assert_eq!(warm.she_asks(Method::GET, "/me", None).await.status, 200, "her own goes on");
        assert_eq!(signs_in(Person::PASSWORD).await.refusal(), "401 WrongCredentials");
        assert_eq!(signs_in(NEW).await.status, 200);
    }

    async fn who_guesses_at_one_waits_at_the_other(platform: TestPlatform) {
        let replica = platform.replica().await;
        let ada = platform.person("ada").await;
        let guesses = async |at: &harness::TestPlatform, password: &str| {
            let body = json!({ "email": ada.email, "password": password });
            at.call(Method::POST, "/api/v1/sign-in", None, Some(&body)).await.refusal()
        };
        for at in [&platform, &replica, &platform, &replica, &platform] {
            assert_eq!(guesses(at, NEW).await, "401 WrongCredentials");
        }
        let before = platform.contents().await;
        for at in [&platform, &replica] {
            assert_eq!(guesses(at, Person::PASSWORD).await, "429 TooManyRequests");
        }
        platform.holds_the_same(&before).await;
    }

    async fn a_file_deleted_at_one_is_gone_at_the_other(platform: TestPlatform) {
        let replica = platform.replica().await;
        let raw = |document: &mut Value| {
            document["scope"] = json!({});
            document["ongoing"] = true.into();
        };
        let app = MockApp::register(&platform, "read-raw", "app-1", raw).await.at(&replica);
        let ada = platform.person("ada").await;
        let kept = ada.uploads("diary.txt", "text/plain", "dear diary").await.ok();
        let id = kept["files"][0]["id"].as_str().unwrap();
        let yes = ada.approves(&app).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        let (access, name) = (&yes.shared.tokens.access.value, &list.files[0].name);
        let fetched = async || MockApp::outcome(&app.client.fetch(access, &session.key, name).await);
        for _ in 0..3 {
            assert_eq!(fetched().await, "ok");
        }
        let web = Web::of(&platform, &ada);
        let path = format!("/library/files/{id}/delete");
        assert_eq!(web.fills(&path, &path, |form| form).await.status, 303);
        assert_eq!(fetched().await, "404 FileNotFound");
        assert!(app.reads(&yes.shared).await.unwrap().1.files.is_empty());
        assert_eq!(Web::of(&replica, &ada).get(&format!("/library/files/{id}")).await.status, 404);
    }
}
