//! Codes and tokens, and hashes that others can take again.

use std::collections::BTreeMap;

use consent_client::reqwest::Method;
use consent_core::Ambient;
use consent_crypto::{
    Family, Secret, SecretKind,
    digest::{hex, sha256},
};
use harness::stories;
use serde_json::{Value, json};

use super::page;

#[test]
fn codes_and_tokens_are_as_long_as_the_page_says() {
    let (page, ambient) = (page(), Ambient::system());
    let family = Family::generate(&ambient);
    for (kind, of_a_family) in [
        (SecretKind::PreauthorizationCode, false),
        (SecretKind::ReferenceCode, false),
        (SecretKind::AuthorizationCode, false),
        (SecretKind::AccessToken, true),
        (SecretKind::RefreshToken, true),
        (SecretKind::Session, false),
        (SecretKind::Handle, false),
        (SecretKind::ApiKey, false),
        (SecretKind::OperatorToken, false),
        (SecretKind::SignIn, false),
    ] {
        let secret = if of_a_family {
            Secret::generate_in(kind, &family, &ambient)
        } else {
            Secret::generate(kind, &ambient)
        };
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", kind.prefix()))).unwrap();
        assert!(row.ends_with(&format!("| {} |", secret.expose().len())), "{row}");
    }
}

stories! {
    async fn the_hash_of_what_a_person_was_shown_can_be_taken_from_the_answer(platform: TestPlatform) {
        let app = platform.app("read-optional").await;
        let ada = platform.person("ada").await;
        let question = ada.on(Method::GET, &app.asks().await, "", None).await.ok();
        let asking = &question["app"];
        let shown = json!({
            "app": {
                "name": asking["name"],
                "partnerId": asking["partnerId"],
                "contact": asking["contact"],
                "description": asking["description"],
                "website": asking["website"],
            },
            "document": question["document"],
        });
        assert_eq!(question["textHash"], hash(&canonical(&shown)));
    }

    async fn each_event_is_the_hash_of_its_body_which_names_the_one_before(platform: TestPlatform) {
        let (app, ada) = (platform.app("read").await, platform.person("ada").await);
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        ada.stops(&yes).await;
        ada.resumes(&yes).await;
        let chain = ada.call(Method::GET, "/me/events", None).await.ok();
        let mut before = Value::Null;
        for (event, place) in chain["items"].as_array().unwrap().iter().zip(1..) {
            let text = event["body"].as_str().unwrap();
            let body: Value = serde_json::from_str(text).unwrap();
            assert_eq!((&body["previous"], &body["seq"]), (&before, &json!(place)));
            assert_eq!(event["id"], hash(text));
            assert_eq!(text, canonical(&body));
            before = event["id"].clone();
        }
        assert_eq!(chain["items"].as_array().unwrap().len(), 5, "a yes, and two changes that the app is told of");
    }
}

fn hash(text: &str) -> String {
    hex(&sha256(text.as_bytes()))
}

/// Canonical JSON of whole numbers and plain text, written down here once more.
fn canonical(value: &Value) -> String {
    let list = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Array(entries) => format!("[{}]", list(entries.iter().map(canonical).collect())),
        Value::Object(members) => {
            let members: BTreeMap<Vec<u16>, _> =
                members.iter().map(|(name, value)| (name.encode_utf16().collect(), (name, value))).collect();
            let member = |(name, value): &(&String, &Value)| format!("{}:{}", json!(name), canonical(value));
            format!("{{{}}}", list(members.values().map(member).collect()))
        }
        plain => plain.to_string(),
    }
}
