//! A code becomes tokens once, tokens have one successor, and what comes back too late ends them all.

use chrono::TimeDelta;
use consent_client::{
    AccessToken, Authorization, AuthorizationCode, AuthorizeOptions, CodeVerifier, ReferenceOptions,
    RefreshToken, SessionOptions, Tokens, reqwest::Method,
};
use consent_core::Clock;
use consent_crypto::{Family, RsaPublicKey, Secret, SecretKind, Unverified};
use consent_gateway::worker;
use futures_util::future::join_all;
use harness::{MockApp, TestPlatform, stories};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

const TRIGGER: &str = "v1.7/permission-access/trigger";
const ACCOUNTS: &str = "v1.7/permission-access/accounts";
const DEAD: &str = "401 InvalidToken";

/// A throw-away person agreed, and the code is still to be exchanged.
async fn agreed(platform: &TestPlatform, app: &MockApp) -> (Authorization, AuthorizationCode) {
    let asked = app.asks().await;
    let page = asked.consent_url(&[("service", "16"), ("sampleDataAutoOnboard", "true")]);
    let code = asked.answer(&platform.visit(&page).await).unwrap();
    (asked, code)
}

/// What comes of opening a session with a token.
async fn used(app: &MockApp, token: &AccessToken) -> String {
    MockApp::outcome(&app.client.trigger(token, &SessionOptions::default()).await)
}

/// What comes of refreshing.
async fn refreshed(app: &MockApp, token: &RefreshToken) -> String {
    MockApp::outcome(&app.client.refresh(token).await)
}

/// What comes of exchanging.
async fn exchanged(app: &MockApp, code: &AuthorizationCode, verifier: &CodeVerifier) -> String {
    MockApp::outcome(&app.client.exchange(code, verifier).await)
}

/// Both secrets of a pair.
fn pair(tokens: &Tokens) -> (String, String) {
    (tokens.access.value.expose().to_owned(), tokens.refresh.value.expose().to_owned())
}

/// How many sessions are open.
async fn open_sessions(platform: &TestPlatform) -> i64 {
    let sql = "SELECT COUNT(*) AS open FROM session WHERE expires_at > $1";
    let db = &platform.inner.db;
    let count = Statement::from_sql_and_values(db.get_database_backend(), sql, [platform.clock.now().into()]);
    db.query_one_raw(count).await.unwrap().unwrap().try_get("", "open").unwrap()
}

/// An access token that looks right and was never issued.
fn unheard_of(app: &MockApp) -> AccessToken {
    let family = Family::generate(app.ambient());
    Secret::generate_in(SecretKind::AccessToken, &family, app.ambient()).expose().into()
}

/// Asks for consent on behalf of the person whom a token names.
fn naming(token: &AccessToken) -> AuthorizeOptions {
    AuthorizeOptions { access_token: Some(token.clone()), ..AuthorizeOptions::default() }
}

/// What a token of the server says, once its signature is checked against what the server publishes.
async fn said(platform: &TestPlatform, token: &Value) -> Value {
    let token = Unverified::parse(token.as_str().unwrap()).unwrap();
    assert_eq!(token.jku(), Some(format!("{}/jwks/oauth", platform.url).as_str()));
    let published = platform.call(Method::GET, "/jwks/oauth", None, None).await.ok();
    let key = &published["keys"][0];
    assert_eq!(token.kid(), key["kid"].as_str());
    let key = RsaPublicKey::parse_pem(key["pem"].as_str().unwrap()).unwrap();
    token.verify(&[&key]).unwrap().1.into_claims().into()
}

fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

stories! {
    async fn of_fifty_exchanges_of_one_code_one_wins(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (asked, code) = agreed(&platform, &app).await;
        let all = join_all((0..50).map(|_| app.client.exchange(&code, &asked.code_verifier))).await;
        let outcomes: Vec<_> = all.iter().map(MockApp::outcome).collect();
        let count = |outcome: &str| outcomes.iter().filter(|is| *is == outcome).count();
        assert_eq!((count("ok"), count("400 InvalidGrant")), (1, 49), "{outcomes:?}");
        assert_eq!((platform.rows("token_pair").await, platform.rows("token_family").await), (1, 1));
        let tokens = all.into_iter().find_map(Result::ok).unwrap();
        assert_eq!(used(&app, &tokens.access.value).await, "ok");
    }

    async fn a_code_that_comes_back_within_seconds_is_refused_and_that_is_all(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (asked, code) = agreed(&platform, &app).await;
        let tokens = app.client.exchange(&code, &asked.code_verifier).await.unwrap();
        platform.wait(TimeDelta::milliseconds(9_999));
        assert_eq!(exchanged(&app, &code, &asked.code_verifier).await, "400 InvalidGrant");
        assert_eq!(used(&app, &tokens.access.value).await, "ok");
        assert_eq!(refreshed(&app, &tokens.refresh.value).await, "ok");
    }

    async fn a_code_that_comes_back_later_ends_all_it_gave(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (ada, asked) = (platform.person("ada").await, app.asks().await);
        let (_, callback) = ada.answers(&asked, &json!({})).await;
        let code = asked.answer(&callback).unwrap();
        let tokens = app.client.exchange(&code, &asked.code_verifier).await.unwrap();
        let newer = app.client.refresh(&tokens.refresh.value).await.unwrap();
        assert_eq!(used(&app, &newer.access.value).await, "ok");
        assert_eq!(open_sessions(&platform).await, 2);

        platform.wait(TimeDelta::seconds(10));
        assert_eq!(exchanged(&app, &code, &asked.code_verifier).await, "400 InvalidGrant");
        for tokens in [&tokens, &newer] {
            assert_eq!(used(&app, &tokens.access.value).await, DEAD);
            assert_eq!(refreshed(&app, &tokens.refresh.value).await, DEAD);
        }
        assert_eq!((open_sessions(&platform).await, platform.rows("token_pair").await), (0, 0));

        let again = ada.approves(&app).await;
        assert_eq!(used(&app, &again.shared.tokens.access.value).await, "ok");
    }

    async fn whoever_lacks_the_verifier_or_is_another_client_uses_nothing_up(platform: TestPlatform) {
        let (app, other) = (platform.app("read").await, platform.app("read").await);
        let sibling = app.another_contract(&platform, "read", "app-1", |_| {}).await;
        let (asked, code) = agreed(&platform, &app).await;
        let right = &asked.code_verifier;
        let wrong =
            ["a".repeat(43), "a".repeat(42), "a".repeat(129), String::new(), format!("{} ", right.expose())];
        let refuse_all = async || {
            for verifier in &wrong {
                let verifier = verifier.as_str().into();
                assert_eq!(exchanged(&app, &code, &verifier).await, "400 InvalidGrant", "{verifier:?}");
            }
            for stranger in [&other, &sibling] {
                assert_eq!(exchanged(stranger, &code, right).await, "400 InvalidGrant");
            }
            assert_eq!(exchanged(&app, &"no code".into(), right).await, "400 InvalidGrant");
        };
        refuse_all().await;
        assert_eq!(platform.rows("token_family").await, 0);

        let tokens = app.client.exchange(&code, right).await.unwrap();
        platform.wait(TimeDelta::minutes(1));
        refuse_all().await;
        assert_eq!(used(&app, &tokens.access.value).await, "ok");
    }

    async fn a_code_waits_ten_minutes(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ((early, in_time), (late, too_late)) =
            (agreed(&platform, &app).await, agreed(&platform, &app).await);
        platform.wait(TimeDelta::seconds(599));
        let tokens = app.client.exchange(&in_time, &early.code_verifier).await.unwrap();
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(exchanged(&app, &too_late, &late.code_verifier).await, "400 InvalidGrant");
        assert_eq!(platform.rows("token_family").await, 1);
        assert_eq!(used(&app, &tokens.access.value).await, "ok");
    }

    async fn two_hundred_refreshes_at_once_give_one_successor(platform: TestPlatform) {
        let app = platform.app("read").await;
        let old = app.onboards(&platform, &[16]).await.tokens;
        let all = join_all((0..200).map(|_| app.client.refresh(&old.refresh.value))).await;
        let pairs: Vec<_> = all.iter().map(|one| pair(one.as_ref().unwrap())).collect();
        assert!(pairs.iter().all(|one| *one == pairs[0] && *one != pair(&old)));
        assert_eq!(platform.rows("token_pair").await, 2);
        assert_eq!(used(&app, &all[0].as_ref().unwrap().access.value).await, "ok");
    }

    async fn replaced_tokens_live_until_a_minute_after_the_new_ones_are_used(platform: TestPlatform) {
        let app = platform.app("read").await;
        let old = app.onboards(&platform, &[16]).await.tokens;
        let new = app.client.refresh(&old.refresh.value).await.unwrap();
        platform.wait(TimeDelta::hours(1));
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(used(&app, &old.access.value).await, "ok");
        assert_eq!(used(&app, &new.access.value).await, "ok");
        platform.wait(TimeDelta::seconds(59));
        assert_eq!(used(&app, &old.access.value).await, "ok");
        assert_eq!(pair(&app.client.refresh(&old.refresh.value).await.unwrap()), pair(&new));
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(used(&app, &old.access.value).await, DEAD);
        assert_eq!(used(&app, &new.access.value).await, "ok");
    }

    async fn replaced_tokens_live_a_day_when_the_new_ones_are_never_used(platform: TestPlatform) {
        let app = platform.app("read").await;
        let old = app.onboards(&platform, &[16]).await.tokens;
        platform.wait(TimeDelta::hours(1));
        let new = app.client.refresh(&old.refresh.value).await.unwrap();
        platform.wait(TimeDelta::seconds(24 * 3600 - 1));
        assert_eq!(pair(&app.client.refresh(&old.refresh.value).await.unwrap()), pair(&new));
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(refreshed(&app, &old.refresh.value).await, DEAD);
        assert_eq!(refreshed(&app, &new.refresh.value).await, DEAD);
    }

    async fn a_refresh_token_that_comes_back_too_late_ends_its_family(platform: TestPlatform) {
        let app = platform.app("read").await;
        let bystander = app.onboards(&platform, &[16]).await.tokens;
        for swept in [false, true] {
            let old = app.onboards(&platform, &[16]).await.tokens;
            let new = app.client.refresh(&old.refresh.value).await.unwrap();
            assert_eq!(used(&app, &new.access.value).await, "ok");
            let open = open_sessions(&platform).await;
            platform.wait(TimeDelta::seconds(60));
            if swept {
                worker::sweep(&platform.inner).await.unwrap();
            }
            assert_eq!(refreshed(&app, &old.refresh.value).await, DEAD);
            assert_eq!(used(&app, &new.access.value).await, DEAD);
            assert_eq!(refreshed(&app, &new.refresh.value).await, DEAD);
            assert_eq!(open_sessions(&platform).await, open - 2, "those of the family");
        }
        assert_eq!(used(&app, &bystander.access.value).await, "ok");
    }

    async fn tokens_of_a_stopped_grant_refresh_and_open_nothing_until_she_resumes(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        ada.stops(&yes).await;
        let new = app.client.refresh(&yes.shared.tokens.refresh.value).await.unwrap();
        for token in [&yes.shared.tokens.access.value, &new.access.value] {
            assert_eq!(used(&app, token).await, "403 GrantStopped");
            let listed = app.client.list(token, &yes.shared.session.key).await;
            assert_eq!(MockApp::outcome(&listed), "403 GrantStopped");
        }
        assert_eq!(platform.rows("grant_shelf").await, 0);

        ada.resumes(&yes).await;
        let shared = harness::Shared { tokens: new, ..yes.shared };
        let (session, list) = app.reads(&shared).await.unwrap();
        let file = app.client.fetch(&shared.tokens.access.value, &session.key, &list.files[0].name).await;
        assert_eq!(MockApp::outcome(&file), "ok");
    }

    async fn tokens_of_a_revoked_grant_are_dead_everywhere(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        let (access, refresh) = (&yes.shared.tokens.access.value, &yes.shared.tokens.refresh.value);
        ada.revokes(&yes).await;

        assert_eq!(used(&app, access).await, DEAD);
        assert_eq!(refreshed(&app, refresh).await, DEAD);
        let name = &list.files[0].name;
        assert_eq!(MockApp::outcome(&app.client.list(access, &session.key).await), DEAD);
        assert_eq!(MockApp::outcome(&app.client.fetch(access, &session.key, name).await), DEAD);
        assert_eq!(MockApp::outcome(&app.client.metadata(access, &session.key, name).await), DEAD);
        assert_eq!(MockApp::outcome(&app.client.accounts(access).await), DEAD);
        let reference = app.client.reference(access, &ReferenceOptions::default()).await;
        assert_eq!(MockApp::outcome(&reference), DEAD);
        for table in ["slot WHERE owner_id LIKE 'gra%'", "grant_key", "grant_shelf", "token_pair"] {
            assert_eq!(platform.rows(table).await, 0, "{table}");
        }
    }

    async fn an_access_token_lives_a_day_and_a_refresh_token_half_a_year(platform: TestPlatform) {
        let app = platform.app("read").await;
        let first = app.onboards(&platform, &[16]).await.tokens;
        let now = platform.clock.now().timestamp();
        assert_eq!(first.access.expires_on, now + 86_400);
        assert_eq!(first.refresh.expires_on, now + 180 * 86_400);
        platform.wait(TimeDelta::seconds(86_399));
        assert_eq!(used(&app, &first.access.value).await, "ok");
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(used(&app, &first.access.value).await, DEAD);

        platform.wait(TimeDelta::days(178));
        let second = app.client.refresh(&first.refresh.value).await.unwrap();
        assert_eq!(used(&app, &second.access.value).await, "ok");
        platform.wait(TimeDelta::days(180) - TimeDelta::seconds(1));
        worker::sweep(&platform.inner).await.unwrap();
        let third = app.client.refresh(&second.refresh.value).await.unwrap();
        assert_eq!(used(&app, &third.access.value).await, "ok");
        platform.wait(TimeDelta::days(180));
        assert_eq!(refreshed(&app, &third.refresh.value).await, DEAD);
    }

    async fn a_request_that_changes_something_is_good_once(platform: TestPlatform) {
        let app = platform.app("read").await;
        let tokens = app.onboards(&platform, &[16]).await.tokens;
        let jwt = app.jwt(&[("access_token", tokens.access.value.expose())]);
        let before = platform.rows("session").await;
        assert_eq!(app.sends(Method::POST, TRIGGER, &jwt).await.status, 200);
        assert_eq!(app.sends(Method::POST, TRIGGER, &jwt).await.refusal(), "400 InvalidRequest");
        let replica = platform.replica().await;
        let elsewhere = app.at(&replica);
        assert_eq!(elsewhere.sends(Method::POST, TRIGGER, &jwt).await.refusal(), "400 InvalidRequest");
        assert_eq!(app.sends(Method::GET, ACCOUNTS, &jwt).await.refusal(), "400 InvalidRequest");
        assert_eq!(platform.rows("session").await, before + 1);

        let refresh = tokens.refresh.value.expose();
        let jwt = app.jwt(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]);
        assert_eq!(app.sends(Method::POST, "v1.7/oauth/token", &jwt).await.status, 200);
        let again = app.sends(Method::POST, "v1.7/oauth/token", &jwt).await;
        assert_eq!(again.refusal(), "400 InvalidRequest");
        assert!(again.json["token"].is_null());
    }

    async fn a_reading_request_may_be_repeated_as_it_is_for_some_seconds(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let list = format!("v1.7/permission-access/query/{}", shared.session.key.expose());
        let jwt = app.jwt(&[("access_token", shared.tokens.access.value.expose())]);
        assert_eq!(app.sends(Method::GET, ACCOUNTS, &jwt).await.status, 200);
        assert_eq!(app.sends(Method::GET, ACCOUNTS, &jwt).await.status, 200);
        assert_eq!(app.sends(Method::GET, &list, &jwt).await.refusal(), "400 InvalidRequest");
        assert_eq!(app.sends(Method::POST, TRIGGER, &jwt).await.refusal(), "400 InvalidRequest");
        platform.wait(TimeDelta::seconds(30));
        assert_eq!(app.sends(Method::GET, ACCOUNTS, &jwt).await.refusal(), "400 InvalidRequest");
    }

    async fn a_request_carries_the_time_give_or_take_five_minutes(platform: TestPlatform) {
        let app = platform.app("read").await;
        let tokens = app.onboards(&platform, &[16]).await.tokens;
        let now = platform.clock.now().timestamp_millis();
        let at = async |timestamp: Value| {
            let mut claims = app.client.claims();
            claims.insert("access_token".to_owned(), tokens.access.value.expose().into());
            claims.insert("timestamp".to_owned(), timestamp);
            let jwt = app.client.signed(&claims).unwrap();
            app.sends(Method::GET, ACCOUNTS, &jwt).await.refusal()
        };
        for near in
            [json!(now - 300_000), json!(now + 300_000), json!(f64::from(1_000) * 1_780_315_200.000_5)]
        {
            assert_eq!(at(near.clone()).await, "200 ", "{near}");
        }
        for wrong in
            [json!(now - 360_000), json!(now + 360_000), json!(now / 1000), json!("now"), Value::Null]
        {
            assert_eq!(at(wrong.clone()).await, "400 InvalidRequest", "{wrong}");
        }
    }

    async fn a_token_is_worth_nothing_under_another_contract(platform: TestPlatform) {
        let (app, stranger) = (platform.app("read").await, platform.app("read").await);
        let sibling = app.another_contract(&platform, "read", "app-1", |_| {}).await;
        let shared = app.onboards(&platform, &[16]).await;
        let tokens = &shared.tokens;
        for other in [&sibling, &stranger] {
            assert_eq!(used(other, &tokens.access.value).await, DEAD);
            assert_eq!(refreshed(other, &tokens.refresh.value).await, DEAD);
            let listed = other.client.list(&tokens.access.value, &shared.session.key).await;
            assert_eq!(MockApp::outcome(&listed), DEAD);
        }
        assert_eq!(used(&app, &tokens.access.value).await, "ok");
        assert_eq!(refreshed(&app, &tokens.refresh.value).await, "ok");
    }

    async fn a_one_off_contract_gives_one_session_and_ends_with_it(platform: TestPlatform) {
        let once = |document: &mut Value| document["ongoing"] = false.into();
        let app = MockApp::register(&platform, "read", "app-1", once).await;
        let shared = app.onboards(&platform, &[16]).await;
        let list = app.lists(&shared, &shared.session).await.unwrap();
        let read = async || {
            let access = &shared.tokens.access.value;
            MockApp::outcome(&app.client.fetch(access, &shared.session.key, &list.files[0].name).await)
        };
        let sessions = platform.rows("session").await;
        assert_eq!(used(&app, &shared.tokens.access.value).await, "403 InsufficientScope");
        assert_eq!(refreshed(&app, &shared.tokens.refresh.value).await, "403 InsufficientScope");
        assert_eq!((platform.rows("session").await, platform.rows("token_pair").await), (sessions, 1));

        platform.wait(TimeDelta::seconds(3_599));
        assert_eq!(read().await, "ok");
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(read().await, DEAD);
    }

    async fn a_dead_token_still_tells_its_partner_who_the_person_is(platform: TestPlatform) {
        let app = platform.app("read").await;
        let sibling = app.another_contract(&platform, "read", "app-1", |_| {}).await;
        let first = app.onboards(&platform, &[16]).await;
        platform.wait(TimeDelta::days(200));
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(used(&app, &first.tokens.access.value).await, DEAD);

        let named = sibling.asks_sample(&platform, Some(18), &naming(&first.tokens.access.value)).await;
        assert_eq!(named.tokens.person, first.tokens.person);
        assert_eq!(platform.rows("library").await, 1);
        let unnamed = sibling.asks_sample(&platform, Some(18), &AuthorizeOptions::default()).await;
        assert_ne!(unnamed.tokens.person, first.tokens.person);
        assert_eq!(used(&app, &first.tokens.access.value).await, DEAD, "it opens nothing for that");
    }

    async fn a_token_tells_nothing_to_another_partner(platform: TestPlatform) {
        let (app, stranger) = (platform.app("read").await, platform.app("read").await);
        let tokens = app.onboards(&platform, &[16]).await.tokens;
        let requests = platform.rows("authorization_request").await;
        let hidden = stranger.client.authorize(&naming(&tokens.access.value)).await;
        assert_eq!(MockApp::outcome(&hidden), DEAD);
        for unknown in [unheard_of(&app), tokens.refresh.value.expose().into(), "no token".into()] {
            assert_eq!(MockApp::outcome(&app.client.authorize(&naming(&unknown)).await), DEAD);
        }
        assert_eq!(platform.rows("authorization_request").await, requests);
    }

    async fn what_the_server_says_is_signed_and_has_the_shape_of_the_protocol(platform: TestPlatform) {
        let app = platform.app("read").await;
        let published = platform.call(Method::GET, "/jwks/oauth", None, None).await.ok();
        for member in ["kid", "n", "e", "pem"] {
            assert!(published["keys"][0][member].is_string(), "{member}");
        }
        let kind = ["kty", "alg", "use"].map(|name| published["keys"][0][name].as_str());
        assert_eq!(kind, [Some("RSA"), Some("PS512"), Some("sig")]);
        assert_eq!(platform.call(Method::GET, "/v1.7/jwks/oauth", None, None).await.ok(), published);

        let challenge = "A".repeat(43);
        let claims = [
            ("redirect_uri", MockApp::CALLBACK),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let asked = app.sends(Method::POST, "v1.7/oauth/authorize", &app.jwt(&claims)).await.ok();
        assert_eq!(members(&said(&platform, &asked["token"]).await), ["preauthorization_code"]);
        let now = platform.clock.now().timestamp();
        assert_eq!(asked["session"]["expiry"], (now + 3_600) * 1_000, "milliseconds");

        let (asked, code) = agreed(&platform, &app).await;
        let claims = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("code_verifier", asked.code_verifier.expose()),
        ];
        let answer = app.sends(Method::POST, "v1.7/oauth/token", &app.jwt(&claims)).await.ok();
        let tokens = said(&platform, &answer["token"]).await;
        let nested = ["access_token", "consentid", "identifier", "refresh_token", "sub", "token_type"];
        assert_eq!(members(&tokens), nested);
        assert_eq!(members(&tokens["access_token"]), ["expires_on", "value"]);
        assert_eq!(members(&tokens["refresh_token"]), ["expires_on", "value"]);
        assert_eq!(tokens["access_token"]["expires_on"], now + 86_400, "seconds");
        assert_eq!((&tokens["token_type"], &tokens["identifier"]["id"]), (&json!("Bearer"), &tokens["sub"]));

        let claims = [
            ("access_token", tokens["access_token"]["value"].as_str().unwrap()),
            ("redirect_uri", MockApp::CALLBACK),
        ];
        let answer = app.sends(Method::POST, "v1.7/oauth/token/reference", &app.jwt(&claims)).await.ok();
        let reference = said(&platform, &answer["token"]).await;
        assert_eq!(members(&reference), ["expires_on", "reference_code", "token_type"]);
        assert_eq!(reference["expires_on"], now + 600);
    }

    async fn one_partner_knows_a_person_by_one_name_and_the_next_by_another(platform: TestPlatform) {
        let operator = platform.operator();
        let partner = async |partner: &str| {
            let body = json!({ "name": "Tidemark", "contact": "privacy@app.example", "partnerId": partner });
            let app = operator.call(Method::POST, "/apps", Some(&body)).await.ok();
            MockApp::with_contract(&platform, &app, "read", "app-1", |_| {}).await
        };
        let (one, twin, other) =
            (partner("tidemark").await, partner("tidemark").await, partner("fairfare").await);
        let sibling = one.another_contract(&platform, "read-optional", "app-1", |_| {}).await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let name = ada.approves(&one).await.shared.tokens.person;
        for same in [&one, &twin, &sibling] {
            assert_eq!(ada.approves(same).await.shared.tokens.person, name);
        }
        assert_ne!(ada.approves(&other).await.shared.tokens.person, name);
        assert_ne!(eve.approves(&one).await.shared.tokens.person, name);
    }
}
