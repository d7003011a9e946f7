//! Members that nobody may set (mass assignment): `/api/v1` takes what it knows and refuses the rest, by name.

use consent_client::reqwest::Method;
use consent_crypto::RsaPublicKey;
use harness::{MockApp, Person, fixture, stories};
use serde_json::{Value, json};

/// What somebody might hope to be allowed to say.
const HOPED: [(&str, &str); 10] = [
    ("id", "per01hf7yat00000000000000001a"),
    ("personId", "per01hf7yat00000000000000001a"),
    ("appId", "app01hf7yat00000000000000001a"),
    ("apiKey", "cak_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ("stage", "active"),
    ("isOperator", "true"),
    ("role", "operator"),
    ("createdAt", "2020-01-01T00:00:00.000Z"),
    ("library", "open"),
    ("__proto__", "x"),
];

/// What a new password and a new recovery code leave nothing of.
const OVER: [&str; 2] = ["/sign-in", "/recover"];

stories! {
    async fn nobody_sets_what_is_not_hers_to_set(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let asked = app.asks().await;
        let question = ada.on(Method::GET, &asked, "", None).await.ok();
        let operator = platform.operator().token().to_owned();
        let contracts = format!("/apps/{}/contracts", app.id);
        let contract = format!("{contracts}/{}", app.contract_id);
        let kid = RsaPublicKey::parse_pem(&fixture("keys/app-1.public.pem")).unwrap().thumbprint();
        let document = MockApp::document("read", "app-1", |_| {});
        let approve = format!("/me/authorizations/{}/approve", asked.url_code.expose());
        let (email, password, new) = ("eve@example.org", Person::PASSWORD, "another good password");
        let key = Some(app.api_key.as_str());
        let before = platform.contents().await;
        let doors: Vec<(Method, &str, Option<&str>, Value)> = vec![
            (Method::POST, "/apps", Some(&operator), json!({ "name": "Tidemark", "contact": "a@b.example" })),
            (Method::POST, &contracts, key, document.clone()),
            (Method::PUT, &contract, key, document),
            (Method::POST, "/people", Some(&operator), json!({ "email": "mia@example.org" })),
            (Method::POST, "/sign-up", None, json!({ "email": email, "password": password })),
            (Method::POST, "/sign-in", None, json!({ "email": ada.email, "password": password })),
            (
                Method::POST,
                "/recover",
                None,
                json!({ "email": ada.email, "recoveryCode": ada.recovery_code, "newPassword": new }),
            ),
            (
                Method::POST,
                "/me/password",
                Some(&ada.token),
                json!({ "oldPassword": password, "newPassword": new }),
            ),
            (Method::POST, "/me/recovery-code", Some(&ada.token), json!({ "password": password })),
            (
                Method::POST,
                "/me/accounts",
                Some(&ada.token),
                json!({ "sourceId": 18, "sampleDataSet": "ada" }),
            ),
            (Method::POST, &approve, Some(&ada.token), json!({ "textHash": question["textHash"] })),
        ];
        let (keys, retire) = (format!("{contract}/keys"), format!("{contract}/keys/{kid}/retire"));
        let of_keys = [
            (Method::POST, keys.as_str(), key, json!({ "publicKey": fixture("keys/app-2.public.pem") })),
            (Method::POST, retire.as_str(), key, json!({ "compromised": true })),
        ];
        let mut refused = 0;
        for (method, path, token, body) in doors.iter().chain(&of_keys) {
            for (name, value) in HOPED {
                let mut more = body.clone();
                more[name] = value.into();
                let answer =
                    platform.call(method.clone(), &format!("/api/v1{path}"), *token, Some(&more)).await;
                assert_eq!(
                    answer.refusal(),
                    "422 ValidationErrors",
                    "{method} {path} {name}: {}",
                    answer.json
                );
                let told = answer.json["errors"].to_string();
                assert!(told.contains(name), "{method} {path}: {told}");
                refused += 1;
            }
        }
        assert_eq!(refused, 130);
        platform.holds_the_same(&before).await;
        // Each of them is fine without, as far as those before let it.
        for (method, path, token, body) in doors.iter().rev().filter(|(_, path, ..)| !OVER.contains(path)) {
            let answer = platform.call(method.clone(), &format!("/api/v1{path}"), *token, Some(body)).await;
            assert!(
                (200..300).contains(&answer.status),
                "{method} {path}: {} {}",
                answer.status,
                answer.json
            );
        }
    }
}
