//! Somebody who has read the whole database shows what stands in it.

use std::collections::BTreeSet;

use consent_client::reqwest::Method;
use consent_crypto::{
    Secret, SecretKind,
    digest::{base64url, base64url_decode},
};
use harness::{MockApp, TestPlatform, rows, stories};

/// What stands in the database: every run of hexadecimal digits that is as long as a digest or longer, as bytes.
async fn stored(platform: &TestPlatform) -> BTreeSet<Vec<u8>> {
    let db = &platform.inner.db;
    let mut found = BTreeSet::new();
    for table in rows::tables(db).await {
        let text = rows::rows(db, &table).await.join("\n");
        for run in text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= 32) {
            let digits: Vec<_> = run.chars().filter_map(|c| c.to_digit(16)).collect();
            found.insert(
                digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect(),
            );
        }
    }
    found
}

/// A secret of the same form as a true one, with these bytes where it is secret.
fn as_secret(bytes: &[u8], like: &str) -> String {
    let (kind, body) = like.split_once('_').unwrap();
    let body = base64url_decode(body).unwrap();
    // What a token says of its family stands in the open.
    let (open, secret) = body.split_at(body.len() - 32);
    let secret: Vec<_> = bytes.iter().copied().cycle().take(secret.len()).collect();
    format!("{kind}_{}", base64url(&[open, &secret].concat()))
}

stories! {
    async fn what_stands_in_the_database_opens_no_door(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let (session, _) = app.reads(&yes.shared).await.unwrap();
        let access = yes.shared.tokens.access.value.expose();
        let asked = app.asks().await;
        let (callback, unused) = (ada.answers(&asked, &serde_json::json!({})).await.1, app.asks().await);
        let code = asked.answer(&callback).unwrap();

        let holding = async |token: &str, path: &str| {
            let jwt = app.jwt(&[("access_token", token)]);
            app.sends(Method::GET, &format!("v1.7/permission-access/{path}"), &jwt).await.status
        };
        let bearer = async |token: &str, path: &str| {
            platform.call(Method::GET, &format!("/api/v1{path}"), Some(token), None).await.status
        };
        let list = |session: &str| format!("query/{session}");
        let known = platform.operator().token().to_owned();
        assert_eq!(holding(access, "accounts").await, 200);
        assert_eq!(holding(access, &list(session.key.expose())).await, 200);

        let before = platform.contents().await;
        let stored = stored(&platform).await;
        assert!(stored.len() > 40, "{}", stored.len());
        for bytes in &stored {
            let shown = |like: &str| as_secret(bytes, like);
            assert_eq!(holding(&shown(access), "accounts").await, 401);
            assert_eq!(holding(access, &list(&shown(session.key.expose()))).await, 404);
            assert_eq!(bearer(&shown(&ada.token), "/me").await, 401);
            assert_eq!(bearer(&shown(&app.api_key), &format!("/apps/{}", app.id)).await, 401);
            assert_eq!(bearer(&shown(&known), "/apps").await, 401);
            let page =
                format!("{}/apps/saas/authorize?code={}", platform.url, shown(unused.url_code.expose()));
            assert_eq!(platform.http().get(page).send().await.unwrap().status(), 404);
            let verifier = asked.code_verifier.expose();
            let code = shown(code.expose());
            let claims = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", verifier)];
            let answer = app.sends(Method::POST, "v1.7/oauth/token", &app.jwt(&claims)).await;
            assert_eq!(answer.status, 400, "{}", answer.json);
        }
        platform.holds_the_same(&before).await;
        // Who holds the real one gets in by the same way.
        let body = base64url_decode(access.split_once('_').unwrap().1).unwrap();
        assert_eq!(holding(&as_secret(&body[body.len() - 32..], access), "accounts").await, 200);
        assert_eq!(MockApp::outcome(&app.client.exchange(&code, &asked.code_verifier).await), "ok");
        let made_up = Secret::generate(SecretKind::Session, app.ambient()).expose();
        assert_eq!(as_secret(&[7; 32], &made_up), format!("cas_{}", base64url(&[7; 32])));
    }
}
