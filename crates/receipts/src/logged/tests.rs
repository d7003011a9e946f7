use consent_core::AppId;
use consent_crypto::{Unverified, jws::Algorithm};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{World, platform_key, published_schema};

const BY: LoggedBy<'static> = LoggedBy {
    service: "https://consent.example/consent/v0",
    jwks_url: "https://consent.example/api/v1/keys",
};

/// The event of the receipt B that Signatu's guide prints.
fn published() -> Logged<'static> {
    Logged {
        id: "2242374e00000000000000000000000000000000000000000000000000008d79",
        jti: "VR6BCF",
        created_at: "2016-12-12T11:38:01.500Z".parse().unwrap(),
        subject: "torgeir@signatu.com",
        issuer: Some("foo.com"),
        target: "https://foo.com/policy",
        source: Some("https://foo.com/login"),
        scope: "marketing",
        action: Some(false),
    }
}

fn signed(logged: &Logged<'_>, app: &App) -> Value {
    let key = platform_key();
    let receipt = logged.sign(app, BY, &key).unwrap();
    let token = Unverified::parse_with(&receipt, "JWT", Algorithm::Rs256).unwrap();
    assert_eq!(token.kid(), Some(key.kid.as_str()));
    let (_, verified) = token.verify(&[key.key.public()]).unwrap();
    Value::Object(verified.into_claims())
}

#[test]
fn it_says_all_that_the_published_receipts_say() {
    let claims = signed(&published(), &World::new().app);
    let expected = json!({
        "sub": "torgeir@signatu.com", "policyUrl": "https://foo.com/policy", "iat": 1_481_542_681,
        "publicKey": "https://consent.example/api/v1/keys", "dataController": { "org": "foo.com" },
        "iss": "https://consent.example/consent/v0", "jti": "VR6BCF",
        "signatu": { "consent": {
            "id": published().id, "subject": "torgeir@signatu.com", "issuer": "foo.com",
            "target": "https://foo.com/policy", "source": "https://foo.com/login", "scope": "marketing",
            "action": false,
        } },
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(claims[name], *value, "{name}");
    }
    assert_eq!(claims["consentReceiptID"], published().id);
    assert_eq!(
        (&claims["sensitive"], &claims["spiCat"]),
        (&json!(false), &json!([])),
        "a no collects nothing"
    );
}

#[test]
fn what_was_not_said_is_not_made_up() {
    let app = World::new().app;
    let yes = Logged { issuer: None, source: None, action: Some(true), ..published() };
    let claims = signed(&yes, &app);
    let consent = claims["signatu"]["consent"].as_object().unwrap();
    assert!(!consent.contains_key("issuer") && !consent.contains_key("source"));
    assert_eq!(claims["dataController"]["org"], controller(&app).pii_controller);
    assert_eq!((&claims["sensitive"], &claims["spiCat"]), (&json!(true), &json!(["not provided"])));
    let seen = signed(&Logged { action: None, ..yes }, &app);
    assert_eq!(seen["signatu"]["consent"]["action"], Value::Null);
    assert_eq!(seen["services"][0]["purposes"][0]["consentType"], "NONE - seen without a decision");
}

#[test]
fn the_same_event_has_the_same_receipt() {
    let (app, key) = (World::new().app, platform_key());
    let one = published().sign(&app, BY, &key).unwrap();
    assert_eq!(published().sign(&app, BY, &key).unwrap(), one);
    let other = App { id: "app01hf7yat00000000000000001a".parse::<AppId>().unwrap(), ..app };
    assert_eq!(published().sign(&other, BY, &key).unwrap(), one, "the id of an app is nobody's business");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_an_event_says_its_receipt_is_one_of_kantara_too(
        subject in "\\PC{1,40}", target in "\\PC{1,40}", scope in "\\PC{1,40}",
        issuer in proptest::option::of("\\PC{1,40}"), action in proptest::option::of(any::<bool>()),
    ) {
        let (subject, target, scope) = (subject.as_str(), target.as_str(), scope.as_str());
        let logged = Logged { subject, target, scope, issuer: issuer.as_deref(), action, ..published() };
        let claims = signed(&logged, &World::new().app);
        prop_assert!(published_schema().is_valid(&claims), "{}", claims);
        let (_, found) = Kantara::read(&claims).unwrap();
        // A blank is text for the schema and none for a careful reader.
        let blank = [subject, target].iter().any(|text| text.trim().is_empty());
        prop_assert!(blank || found.errors.is_empty(), "{:?}", found.errors);
    }
}
