//! Secrets of one story in the hands of another: what is somebody else's is refused in the very words that what does not
//! exist is refused in.

use consent_client::{
    AccessToken,
    reqwest::{Method, header::HeaderMap},
};
use consent_crypto::{Family, Secret, SecretKind};
use harness::{MockApp, TestPlatform, Yes, stories};
use serde_json::{Value, json};

const TRIGGER: &str = "v1.7/permission-access/trigger";
const TOKEN: &str = "v1.7/oauth/token";
const REFERENCE: &str = "v1.7/oauth/token/reference";
const AUTHORIZE: &str = "v1.7/oauth/authorize";
const ACCOUNTS: &str = "v1.7/permission-access/accounts";

/// An answer as a whole, without what is new for every request.
#[derive(Debug, PartialEq)]
struct Whole {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

async fn whole(app: &MockApp, method: Method, path: &str, claims: &[(&str, &str)]) -> Whole {
    let response = app.client.call(method, path, Some(&app.jwt(claims)), &[], None).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.text().await.unwrap();
    let reference = headers["x-request-id"].to_str().unwrap().to_owned();
    Whole { status, headers: lasting(&headers), body: body.replace(&reference, "…") }
}

fn lasting(headers: &HeaderMap) -> Vec<(String, String)> {
    let new = ["x-request-id", "x-error-reference", "date"];
    let old = headers.iter().filter(|(name, _)| !new.contains(&name.as_str()));
    let mut old: Vec<_> =
        old.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    old.sort_unstable();
    old
}

/// A secret of this kind that was never given to anybody.
fn unheard_of(app: &MockApp, kind: SecretKind) -> String {
    match kind {
        SecretKind::Session => Secret::generate(kind, app.ambient()).expose(),
        _ => Secret::generate_in(kind, &Family::generate(app.ambient()), app.ambient()).expose(),
    }
}

/// An app that reads all raw files.
async fn raw_app(platform: &TestPlatform, keys: &str) -> MockApp {
    let change = |document: &mut Value| {
        document["scope"] = json!({});
        document["ongoing"] = true.into();
    };
    MockApp::register(platform, "read-raw", keys, change).await
}

fn access(yes: &Yes) -> &AccessToken {
    &yes.shared.tokens.access.value
}

stories! {
    async fn an_access_token_of_another_is_refused_like_one_that_never_was(platform: TestPlatform) {
        let (app, stranger) = (platform.app("read").await, platform.app("read").await);
        let sibling = app.another_contract(&platform, "read", "app-1", |_| {}).await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        let (query, unknown) =
            (format!("v1.7/permission-access/query/{}", session.key.expose()), "unheard of");
        let file = format!("{query}/{}", list.files[0].name);
        let challenge = "A".repeat(43);
        let pkce = [
            ("redirect_uri", MockApp::CALLBACK),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let before = platform.contents().await;
        for (method, path, more) in [
            (Method::POST, TRIGGER, &[][..]),
            (Method::GET, ACCOUNTS, &[]),
            (Method::GET, &query, &[]),
            (Method::GET, &file, &[]),
            (Method::HEAD, &file, &[]),
            (Method::POST, REFERENCE, &pkce[..1]),
            (Method::POST, REFERENCE, &pkce),
            (Method::POST, AUTHORIZE, &pkce),
        ] {
            for other in [&stranger, &sibling] {
                // A token of the same partner tells who the person is, and that is what it may.
                if path == AUTHORIZE && other.id == app.id {
                    continue;
                }
                let with = async |token: &str| {
                    let claims = [more, &[("access_token", token)]].concat();
                    whole(other, method.clone(), path, &claims).await
                };
                let foreign = with(access(&yes).expose()).await;
                assert_eq!(foreign.status, 401, "{method} {path}: {}", foreign.body);
                let never = with(&unheard_of(&app, SecretKind::AccessToken)).await;
                assert_eq!(foreign, never, "{method} {path}");
                assert_eq!(foreign, with(unknown).await, "{method} {path}");
            }
        }
        platform.holds_the_same(&before).await;
        assert_eq!(app.tries(&yes.shared).await, "ok");
    }

    async fn a_refresh_token_or_code_of_another_is_refused_like_one_that_never_was(platform: TestPlatform) {
        let (app, stranger) = (platform.app("read").await, platform.app("read").await);
        let sibling = app.another_contract(&platform, "read", "app-1", |_| {}).await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let asked = app.asks().await;
        let code = asked.answer(&ada.answers(&asked, &json!({})).await.1).unwrap();
        let verifier = asked.code_verifier.expose();
        let before = platform.contents().await;
        for other in [&stranger, &sibling] {
            let refresh = async |token: &str| {
                let claims = [("grant_type", "refresh_token"), ("refresh_token", token)];
                whole(other, Method::POST, TOKEN, &claims).await
            };
            let foreign = refresh(yes.shared.tokens.refresh.value.expose()).await;
            assert_eq!(foreign.status, 401, "{}", foreign.body);
            assert_eq!(foreign, refresh(&unheard_of(&app, SecretKind::RefreshToken)).await);
            let exchange = async |code: &str| {
                let claims =
                    [("grant_type", "authorization_code"), ("code", code), ("code_verifier", verifier)];
                whole(other, Method::POST, TOKEN, &claims).await
            };
            let foreign = exchange(code.expose()).await;
            assert_eq!(foreign.status, 400, "{}", foreign.body);
            assert_eq!(foreign, exchange(&unheard_of(&app, SecretKind::AuthorizationCode)).await);
        }
        platform.holds_the_same(&before).await;
        assert_eq!(MockApp::outcome(&app.client.exchange(&code, &asked.code_verifier).await), "ok");
    }

    async fn a_session_or_file_of_another_is_refused_like_one_that_never_was(platform: TestPlatform) {
        let (app, stranger) = (raw_app(&platform, "app-1").await, raw_app(&platform, "app-2").await);
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        for person in [&ada, &eve] {
            let _ = person.uploads("diary.txt", "text/plain", person.email.clone()).await.ok();
        }
        let (hers, eves, again) =
            (ada.approves(&app).await, eve.approves(&app).await, ada.approves(&app).await);
        let elsewhere = ada.approves(&stranger).await;
        let (session, list) = app.reads(&hers.shared).await.unwrap();
        let (eves_session, eves_list) = app.reads(&eves.shared).await.unwrap();
        // A token's first use is a fact that is kept.
        for (app, yes) in [(&app, &again), (&stranger, &elsewhere)] {
            app.client.accounts(access(yes)).await.unwrap();
        }
        let (name, eves_name) = (&list.files[0].name, &eves_list.files[0].name);
        assert_ne!(name, eves_name);
        let at = async |app: &MockApp, yes: &Yes, method, session: &str, name: &str| {
            let path = format!("v1.7/permission-access/query/{session}{name}");
            let answer = whole(app, method, &path, &[("access_token", access(yes).expose())]).await;
            let hidden = [session, name.trim_start_matches('/')].into_iter().filter(|text| !text.is_empty());
            let body = hidden.fold(answer.body.clone(), |body, text| body.replace(text, "…"));
            (answer.status, body)
        };
        let before = platform.contents().await;
        let (key, file) = (session.key.expose(), format!("/{name}"));
        for (app, yes) in [(&app, &eves), (&app, &again), (&stranger, &elsewhere)] {
            for (method, name) in [(Method::GET, ""), (Method::GET, file.as_str()), (Method::HEAD, &file)] {
                let foreign = at(app, yes, method.clone(), key, name).await;
                let nowhere = unheard_of(app, SecretKind::Session);
                assert_eq!(foreign.0, 404, "{method} {name}");
                assert_eq!(foreign, at(app, yes, method, &nowhere, name).await);
            }
        }
        let nobodys = "/fil01hf7yat00000000000000001a";
        for method in [Method::GET, Method::HEAD] {
            let foreign = at(&app, &eves, method.clone(), eves_session.key.expose(), &file).await;
            assert_eq!(foreign.0, 404, "{method}");
            assert_eq!(foreign, at(&app, &eves, method, eves_session.key.expose(), nobodys).await);
        }
        platform.holds_the_same(&before).await;
        let own = app.client.fetch(access(&eves), &eves_session.key, eves_name).await.unwrap();
        assert_eq!(own.bytes, eve.email.as_bytes(), "who asks for hers gets hers");
    }

    async fn claims_about_somebody_else_change_nothing_of_whose_token_it_is(platform: TestPlatform) {
        let (app, stranger) = (platform.app("read").await, platform.app("read").await);
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        ada.connects(&[16]).await;
        eve.connects(&[18]).await;
        let (hers, eves) = (ada.approves(&app).await, eve.approves(&app).await);
        let (_, list) = app.reads(&hers.shared).await.unwrap();
        let (_, eves_list) = app.reads(&eves.shared).await.unwrap();
        let names = |list: &consent_client::FileList| {
            list.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>()
        };
        assert_ne!(names(&list), names(&eves_list));
        let subject = &eves.shared.tokens.person;
        let jwt = app.jwt(&[
            ("access_token", access(&hers).expose()),
            ("sub", subject),
            ("consentid", &eves.grant),
            ("grant", &eves.grant),
            ("person", &eve.id),
            ("app_id", &stranger.id),
            ("contract_id", &stranger.contract_id),
            ("iss", &stranger.id),
            ("role", "operator"),
        ]);
        let made = app.sends(Method::POST, TRIGGER, &jwt).await.ok();
        let key = made["session"]["key"].as_str().or(made["key"].as_str()).unwrap().to_owned();
        let session = consent_client::Session { key: key.as_str().into(), expiry: 0 };
        let seen = app.lists(&hers.shared, &session).await.unwrap();
        assert_eq!(names(&seen), names(&list), "hers and nobody else's");
        let others = app.client.list(access(&eves), &session.key).await;
        assert_eq!(MockApp::outcome(&others), "404 SessionInvalid");
    }
}
