//! Codes and what proves that one may have them (RFC 7636, RFC 9700 §4.5).

use consent_client::{AuthorizationCode, Url, reqwest::Method};
use consent_crypto::{
    Unverified,
    digest::{base64url, sha256},
};
use harness::{MockApp, TestPlatform, stories, urlencoded};

const TOKEN: &str = "v1.7/oauth/token";

/// A throw-away person agreed to a request with this challenge.
async fn agreed(platform: &TestPlatform, app: &MockApp, challenge: &str) -> AuthorizationCode {
    let claims = [
        ("redirect_uri", MockApp::CALLBACK),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ];
    let asked = app.sends(Method::POST, "v1.7/oauth/authorize", &app.jwt(&claims)).await.ok();
    let said = Unverified::parse(asked["token"].as_str().unwrap()).unwrap();
    let code = said.peek()["preauthorization_code"].as_str().unwrap().to_owned();
    let query = urlencoded([("code", code.as_str()), ("service", "16"), ("sampleDataAutoOnboard", "true")]);
    let page: Url = format!("{}/apps/saas/authorize?{query}", platform.url).parse().unwrap();
    let callback = platform.visit(&page).await;
    let code = callback.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    code.as_str().into()
}

fn challenge(verifier: &str) -> String {
    base64url(&sha256(verifier.as_bytes()))
}

/// What comes of exchanging a code with these further claims.
async fn exchanged(app: &MockApp, code: &str, more: &[(&str, &str)]) -> String {
    let claims = [&[("grant_type", "authorization_code"), ("code", code)], more].concat();
    app.sends(Method::POST, TOKEN, &app.jwt(&claims)).await.refusal()
}

stories! {
    async fn a_verifier_has_43_to_128_characters_even_if_its_hash_fits(platform: TestPlatform) {
        let app = platform.app("read").await;
        for verifier in [
            "a".repeat(42),
            "a".repeat(129),
            String::new(),
            "+".repeat(43),
            "=".repeat(43),
            "é".repeat(43),
            format!("{} ", "a".repeat(43)),
            format!("{}\0", "a".repeat(43)),
        ] {
            let code = agreed(&platform, &app, &challenge(&verifier)).await;
            let before = platform.contents().await;
            let outcome = exchanged(&app, code.expose(), &[("code_verifier", &verifier)]).await;
            assert_eq!(outcome, "400 InvalidGrant", "{verifier:?}");
            platform.holds_the_same(&before).await;
        }
        assert_eq!(platform.rows("token_family").await, 0);
        for verifier in ["a".repeat(43), "aZ09-._~".repeat(16)] {
            let code = agreed(&platform, &app, &challenge(&verifier)).await;
            let outcome = exchanged(&app, code.expose(), &[("code_verifier", &verifier)]).await;
            assert_eq!(outcome, "200 ", "{verifier:?}");
        }
    }

    async fn a_verifier_opens_no_other_code_and_no_challenge_is_one(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (mine, other) = ("m".repeat(43), "o".repeat(43));
        let codes = [
            agreed(&platform, &app, &challenge(&mine)).await,
            agreed(&platform, &app, &challenge(&other)).await,
        ];
        let [code, next] = codes.each_ref().map(AuthorizationCode::expose);
        let before = platform.contents().await;
        let hashed = challenge(&mine);
        for (code, verifier) in [(code, &other), (next, &mine), (code, &hashed)] {
            let outcome = exchanged(&app, code, &[("code_verifier", verifier)]).await;
            assert_eq!(outcome, "400 InvalidGrant");
        }
        let plain = ("code_challenge_method", "plain");
        for without in [&[][..], &[("code_challenge", hashed.as_str())], &[plain]] {
            assert_eq!(exchanged(&app, code, without).await, "400 InvalidRequest", "{without:?}");
        }
        platform.holds_the_same(&before).await;
        for (code, verifier) in [(code, &mine), (next, &other)] {
            assert_eq!(exchanged(&app, code, &[("code_verifier", verifier)]).await, "200 ");
        }
    }

    async fn a_secret_of_one_kind_is_none_of_another(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        app.client.accounts(&shared.tokens.access.value).await.unwrap();
        let verifier = "v".repeat(43);
        let code = agreed(&platform, &app, &challenge(&verifier)).await;
        let asked = app.asks().await;
        let (access, refresh) = (shared.tokens.access.value.expose(), shared.tokens.refresh.value.expose());
        let secrets = [access, refresh, code.expose(), asked.url_code.expose(), shared.session.key.expose()];
        let bare = |secret: &str| secret.split_once('_').unwrap().1.to_owned();
        // A living family with another secret is a token that was replaced, and ends them all.
        let of_family = [access, refresh].map(|token| format!("crt_{}", bare(token)));
        let before = platform.contents().await;
        for secret in secrets {
            for code in [secret.to_owned(), format!("cac_{}", bare(secret))] {
                if code != secrets[2] {
                    let outcome = exchanged(&app, &code, &[("code_verifier", &verifier)]).await;
                    assert_eq!(outcome, "400 InvalidGrant", "{code}");
                }
            }
            for token in [secret.to_owned(), format!("crt_{}", bare(secret))] {
                if !of_family.contains(&token) {
                    let jwt = app.jwt(&[("grant_type", "refresh_token"), ("refresh_token", &token)]);
                    let answer = app.sends(Method::POST, TOKEN, &jwt).await;
                    assert_eq!(answer.refusal(), "401 InvalidToken", "{token}");
                }
            }
            for token in [secret.to_owned(), format!("cat_{}", bare(secret))] {
                if token != access {
                    let jwt = app.jwt(&[("access_token", &token)]);
                    let answer = app.sends(Method::GET, "v1.7/permission-access/accounts", &jwt).await;
                    assert_eq!(answer.refusal(), "401 InvalidToken", "{token}");
                }
            }
            for page in ["authorize", "onboard", "user-reauth"] {
                if secret != secrets[3] {
                    let url = format!("{}/apps/saas/{page}?code={secret}", platform.url);
                    let answer = platform.http().get(url).send().await.unwrap();
                    assert_eq!(answer.status(), 404, "{page} {secret}");
                }
            }
        }
        platform.holds_the_same(&before).await;
        assert_eq!(exchanged(&app, code.expose(), &[("code_verifier", &verifier)]).await, "200 ");
    }
}
