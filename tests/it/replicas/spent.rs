//! What is good once, and was used at one replica.

use chrono::TimeDelta;
use consent_client::{Authorization, AuthorizationCode, RefreshToken, Tokens, reqwest::Method};
use futures_util::future::join_all;
use harness::{Engine, MockApp, Place, TestPlatform, stories};
use serde_json::json;

use super::{DEAD, Warm, stored};

/// She agreed here, and the code is still to be exchanged.
async fn agreed(warm: &Warm<'_>) -> (Authorization, AuthorizationCode) {
    let asked = warm.app.asks().await;
    let (_, callback) = warm.ada.answers(&asked, &json!({})).await;
    let code = asked.answer(&callback).unwrap();
    (asked, code)
}

async fn used(app: &MockApp, tokens: &Tokens) -> String {
    MockApp::outcome(&app.client.trigger(&tokens.access.value, &stored()).await)
}

async fn refreshed(app: &MockApp, token: &RefreshToken) -> String {
    MockApp::outcome(&app.client.refresh(token).await)
}

stories! {
    async fn a_code_exchanged_at_one_is_used_up_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let here = warm.app.at(&platform);
        let (asked, code) = agreed(&warm).await;
        let tokens = here.client.exchange(&code, &asked.code_verifier).await.unwrap();
        assert_eq!(used(&warm.app, &tokens).await, "ok");
        let before = platform.contents().await;
        let again = warm.app.client.exchange(&code, &asked.code_verifier).await;
        assert_eq!(MockApp::outcome(&again), "400 InvalidGrant");
        platform.holds_the_same(&before).await;
        assert_eq!(used(&here, &tokens).await, "ok", "a retry within seconds ends nothing");

        platform.wait(TimeDelta::seconds(10));
        let again = warm.app.client.exchange(&code, &asked.code_verifier).await;
        assert_eq!(MockApp::outcome(&again), "400 InvalidGrant");
        for app in [&warm.app, &here] {
            assert_eq!(used(app, &tokens).await, DEAD, "what the code gave is revoked everywhere");
            assert_eq!(refreshed(app, &tokens.refresh.value).await, DEAD);
        }
        warm.is_served().await;
    }

    async fn of_fifty_exchanges_of_one_code_at_two_replicas_one_wins(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let (here, families) = (warm.app.at(&platform), platform.rows("token_family").await);
        let (asked, code) = agreed(&warm).await;
        let apps = [&here, &warm.app];
        let all = join_all((0..50).map(|n| apps[n % 2].client.exchange(&code, &asked.code_verifier))).await;
        let outcomes: Vec<_> = all.iter().map(MockApp::outcome).collect();
        let count = |outcome: &str| outcomes.iter().filter(|is| *is == outcome).count();
        assert_eq!((count("ok"), count("400 InvalidGrant")), (1, 49), "{outcomes:?}");
        assert_eq!(platform.rows("token_family").await, families + 1);
        let tokens = all.into_iter().find_map(Result::ok).unwrap();
        for app in apps {
            assert_eq!(used(app, &tokens).await, "ok");
        }
    }

    async fn fifty_refreshes_at_two_replicas_give_one_successor(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let here = warm.app.at(&platform);
        let (apps, old) = ([&here, &warm.app], &warm.yes.shared.tokens);
        let pairs = platform.rows("token_pair").await;
        let all = join_all((0..50).map(|n| apps[n % 2].client.refresh(&old.refresh.value))).await;
        let new: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        let secrets = |tokens: &Tokens| {
            (tokens.access.value.expose().to_owned(), tokens.refresh.value.expose().to_owned())
        };
        assert!(new.iter().all(|tokens| secrets(tokens) == secrets(&new[0])));
        assert_eq!(platform.rows("token_pair").await, pairs + 1);
    }

    async fn a_refresh_token_that_was_replaced_at_one_ends_its_family_at_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let (here, old) = (warm.app.at(&platform), &warm.yes.shared.tokens);
        let new = here.client.refresh(&old.refresh.value).await.unwrap();
        assert_eq!((used(&warm.app, &new).await, used(&here, &new).await), ("ok".into(), "ok".into()));
        platform.wait(TimeDelta::seconds(60));
        assert_eq!(refreshed(&warm.app, &old.refresh.value).await, DEAD);
        for app in [&here, &warm.app] {
            assert_eq!(used(app, &new).await, DEAD);
            assert_eq!(refreshed(app, &new.refresh.value).await, DEAD);
        }
        warm.is_refused(DEAD).await;
    }

    async fn a_nonce_spent_at_one_is_refused_at_every_door_of_the_other(platform: TestPlatform) {
        let warm = Warm::up(&platform).await;
        let here = warm.app.at(&platform);
        let (access, refresh) = (warm.access().expose(), warm.yes.shared.tokens.refresh.value.expose());
        let challenge = "A".repeat(43);
        let jwt = here.jwt(&[
            ("access_token", access),
            ("refresh_token", refresh),
            ("grant_type", "refresh_token"),
            ("redirect_uri", MockApp::CALLBACK),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let path = "v1.7/oauth/authorize";
        assert_eq!(here.sends(Method::POST, path, &jwt).await.status, 200);
        let before = platform.contents().await;
        let doors = ["v1.7/oauth/token", "v1.7/oauth/token/reference", "v1.7/permission-access/trigger"];
        for path in [path].into_iter().chain(doors) {
            let answer = warm.app.sends(Method::POST, path, &jwt).await;
            assert_eq!(answer.refusal(), "400 InvalidRequest", "{path}");
            assert!(answer.json["error"]["message"].as_str().unwrap().contains("nonce"), "{}", answer.json);
        }
        platform.holds_the_same(&before).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nonce_that_was_spent_stays_spent_when_the_server_is_killed_and_starts_again() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(place) = Place::new(engine).await else {
            println!("skipped: no PostgreSQL installation was found");
            continue;
        };
        let start = || place.start(env!("CARGO_BIN_EXE_gateway-under-test"), &["--sandbox"], &[]).unwrap();
        let process = start();
        let platform = TestPlatform::at(&process, &place).await;
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let jwt = app.jwt(&[("access_token", shared.tokens.access.value.expose())]);
        let triggers =
            async |app: &MockApp| app.sends(Method::POST, "v1.7/permission-access/trigger", &jwt).await;
        assert_eq!(triggers(&app).await.status, 200);
        process.signal("KILL");
        assert!(!process.end().0.success());

        let process = start();
        let platform = TestPlatform::at(&process, &place).await;
        let sessions = platform.rows("session").await;
        let app = app.at(&platform);
        assert_eq!(triggers(&app).await.refusal(), "400 InvalidRequest", "{engine:?}");
        assert_eq!(platform.rows("session").await, sessions);
        assert_eq!(app.tries(&shared).await, "ok", "the next request is fine");
    }
}
