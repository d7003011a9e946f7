//! Searching, receipts and counts; and that every app has a log of its own.

use consent_client::reqwest::Method;
use consent_crypto::{RsaPrivateKey, Unverified, jws::Algorithm};
use harness::{Answer, TestPlatform, fixture, stories};
use serde_json::{Value, json};

use super::{Log, event, members, refusal, text, texts};

const V0: &str = "/consent/v0/consents/search?subject=ada&target=https://foo.example/policy";
const V1: &str = "/consent/v1/consents?subject=ada";

stories! {
    async fn the_newest_comes_first_and_current_is_the_newest_of_each_scope(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        // Two events of one second, which the vendor's own server took now for the one and now for the other.
        let _ = log.records(&json!([
            event("ada", "marketing", Some(false)), event("ada", "marketing", Some(true)),
            event("ada", "default", Some(true)), event("ada", "default", Some(false)), event("ada", "seen", None),
            event("bob", "marketing", Some(false)),
        ])).await;
        for all in [V0, V1] {
            let found = log.finds(all).await;
            assert_eq!(texts(&found, "scope"), ["seen", "default", "default", "marketing", "marketing"]);
            assert!(texts(&found, "createdAt").is_sorted_by(|one, next| one > next));
            let current = log.finds(&format!("{all}&current=true")).await;
            let said: Vec<_> = current.iter().map(|event| (&event["scope"], &event["action"])).collect();
            let expected = [("seen", Value::Null), ("default", json!(false)), ("marketing", json!(true))];
            let expected = expected.map(|(scope, action)| (json!(scope), action));
            assert!(said.iter().zip(&expected).all(|(said, (scope, action))| *said == (scope, action)), "{said:?}");
            assert_eq!(current.len(), 3);
            assert_eq!(log.finds(&format!("{all}&current=false")).await, found);
        }
        let one = log.finds(&format!("{V0}&scope=marketing&current=true")).await;
        assert_eq!((one.len(), &one[0]["action"]), (1, &json!(true)), "with a scope there is one, always the same");
    }

    async fn what_is_searched_for_has_to_be_the_same_to_the_byte(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let stored = log.records(&json!({
            "subject": "Zoë b", "issuer": "foo.com", "target": "https://foo.com/policy", "action": true,
            "source": "https://foo.com/login",
        })).await;
        let base = "/consent/v0/consents/search?subject=Zo%C3%AB%20b&target=https%3A%2F%2Ffoo.com%2Fpolicy";
        for (more, hits) in [
            ("", 1), ("&issuer=foo.com", 1), ("&issuer=https://foo.com", 0), ("&scope=default", 1), ("&scope=Default", 0),
            ("&source=https://foo.com/login", 1), ("&source=https://foo.com", 0), ("&current=true&source=x", 0),
            ("&current=true&source=https://foo.com/login", 1), ("&unknown=1", 1),
        ] {
            let found = log.finds(&format!("{base}{more}")).await;
            assert_eq!(found.len(), hits, "{more}");
            assert!(found.iter().all(|event| *event == stored));
        }
        for other in [
            "subject=zo%C3%AB%20b&target=https://foo.com/policy", "subject=Zoe%CC%88%20b&target=https://foo.com/policy",
            "subject=Zo%C3%AB%20b&target=https://foo.com/policy/", "subject=Zo%C3%AB%20&target=https://foo.com/policy",
            "subject=Zo%C3%AB%20b&target=https://foo.com/polic", "subject=%25&target=%25",
        ] {
            assert_eq!(log.finds(&format!("/consent/v0/consents/search?{other}")).await, [] as [Value; 0], "{other}");
        }
    }

    async fn the_versions_ask_for_different_parameters(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let _ = log.records(&json!([event("ada", "a", Some(true)), event("ada", "b", Some(true))])).await;
        let ask = async |path: &str| log.get(path).await;
        assert_eq!(refusal(&ask("/consent/v0/consents/search?subject=ada").await), "422 target");
        assert_eq!(refusal(&ask("/consent/v0/consents/search?target=t").await), "422 subject");
        assert_eq!(refusal(&ask("/consent/v1/consents?target=t").await), "422 subject");
        assert_eq!(refusal(&ask("/consent/v1/consents?subject=").await), "422 subject");
        assert_eq!(refusal(&ask("/consent/v1/consents?subject=ada&current=maybe").await), "422 current");
        assert_eq!(refusal(&ask("/consent/v1/consents?subject=ada&subject=bob").await), "422 subject");
        assert_eq!(refusal(&ask("/consent/v1/consents?subject=ada&limit=0").await), "422 limit");
        assert_eq!(refusal(&ask("/consent/v1/consents?subject=ada&after=x").await), "422 after");
        assert_eq!(log.finds(&format!("{V1}&scope=a")).await.len(), 2, "without a target the scope is not looked at");
        assert_eq!(log.finds(&format!("{V1}&scope=a&target=https://foo.example/policy")).await.len(), 1);
        assert_eq!(log.finds(&format!("{V0}&scope=a")).await.len(), 1);
    }

    async fn more_than_is_answered_at_once_is_behind_a_link(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let events: Vec<_> = (0..7).map(|number| event("ada", &format!("s{number}"), Some(true))).collect();
        let _ = log.records(&events.into()).await;
        let (mut path, mut scopes) = (format!("{V1}&limit=3"), Vec::new());
        for expected in [3, 3, 1] {
            let answer = log.request(Method::GET, &path).send().await.unwrap();
            let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
            let Answer { json, .. } = Answer::of(answer).await;
            assert_eq!(json.as_array().unwrap().len(), expected);
            scopes.extend(json.as_array().unwrap().iter().map(|event| text(&event["scope"])));
            assert_eq!(link.is_some(), expected == 3, "{link:?}");
            if let Some(link) = link {
                let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
                path = next.strip_prefix(&platform.url).unwrap().to_owned();
            }
        }
        assert_eq!(scopes, ["s6", "s5", "s4", "s3", "s2", "s1", "s0"]);
    }

    async fn an_event_is_found_by_its_id_and_by_its_token(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        let stored = log.records(&event("ada", "a", Some(true))).await;
        let token = text(&stored["token"]);
        assert_eq!(log.get(&format!("/consent/v0/consents/token/{token}")).await.ok(), stored);
        let mut of_v1 = log.get(&format!("/consent/v1/consents/{}", text(&stored["id"]))).await.ok();
        assert!(of_v1.get("token").is_none(), "version 1 knows no token");
        of_v1["token"] = token.into();
        assert_eq!(of_v1, stored);
        for nothing in ["token/ZZZZZ9", "token/x", "x", &"0".repeat(64), &text(&stored["id"]).to_uppercase()] {
            let answer = log.get(&format!("/consent/v0/consents/{nothing}")).await;
            assert_eq!((answer.status, &answer.json["error"]["code"]), (404, &json!("EventNotFound")), "{nothing}");
        }
    }

    async fn a_receipt_verifies_with_the_published_key(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        for action in [Some(true), Some(false), None] {
            let mut event = event("ada", "marketing", action);
            event["issuer"] = "foo.com".into();
            event["source"] = "https://foo.example/login".into();
            let stored = log.records(&event).await;
            let path = format!("consents/{}/receipt", text(&stored["id"]));
            let answer = log.get(&format!("/consent/v0/{path}")).await.ok();
            assert_eq!(members(&answer), ["receipt"]);
            let claims = verified(&platform, &text(&answer["receipt"])).await;
            let address = text(&claims["publicKey"]);
            assert_eq!(address, format!("{}/api/v1/keys", platform.url));
            let mut consent = stored.clone();
            for member in ["token", "createdAt"] {
                consent.as_object_mut().unwrap().remove(member);
            }
            assert_eq!(claims["signatu"]["consent"], consent);
            assert_eq!((&claims["sub"], &claims["policyUrl"]), (&stored["subject"], &stored["target"]));
            assert_eq!((&claims["jti"], &claims["consentReceiptID"]), (&stored["token"], &stored["id"]));
            assert_eq!(claims["iat"], 1_780_315_200, "when it was recorded, in whole seconds");
            assert_eq!((&claims["dataController"]["org"], &claims["version"]), (&json!("foo.com"), &json!("KI-CR-v1.1.0")));
            assert_eq!(claims["iss"], format!("{}/consent/v0", platform.url));
            let of_v1 = log.get(&format!("/consent/v1/{path}")).await.ok();
            let of_v1 = verified(&platform, &text(&of_v1["receipt"])).await;
            assert_eq!((&of_v1["jti"], &of_v1["iss"]), (&stored["id"], &json!(format!("{}/consent/v1", platform.url))));
        }
    }

    async fn an_app_sees_nothing_of_anothers_log(platform: TestPlatform) {
        let (mine, other) = (Log::of_new_app(&platform).await, Log::of_new_app(&platform).await);
        let stored = mine.records(&event("ada", "a", Some(true))).await;
        let (id, token) = (text(&stored["id"]), text(&stored["token"]));
        for path in [
            format!("/consent/v0/consents/{id}"), format!("/consent/v0/consents/{id}/receipt"),
            format!("/consent/v0/consents/token/{token}"), format!("/consent/v1/consents/{id}"),
            format!("/consent/v1/consents/{id}/receipt"),
        ] {
            assert_eq!(mine.get(&path).await.status, 200, "{path}");
            assert_eq!(other.get(&path).await.status, 404, "{path}");
        }
        for path in [V0, V1, &format!("{V0}&current=true")] {
            assert_eq!(mine.finds(path).await.len(), 1);
            assert_eq!(other.finds(path).await.len(), 0, "{path}");
        }
        assert_eq!(other.get("/consent/v0/consents/statistics").await.ok()["overall"]["count"], 0);
        let _ = other.records(&event("ada", "a", Some(false))).await;
        assert_eq!(mine.finds(&format!("{V0}&current=true")).await[0]["action"], true, "nor does it change it");
    }

    async fn vaults_part_a_log_and_statistics_count_each(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        for version in ["v0", "v1"] {
            let path = format!("/consent/{version}/vaults/a%20vault/consents");
            let stored = log.post(&path, &event("ada", "a", Some(true))).await.ok();
            assert_eq!(stored["vaultId"], "a vault");
            let mut elsewhere = event("ada", "a", Some(true));
            elsewhere["vaultId"] = "another".into();
            assert_eq!(refusal(&log.post(&path, &elsewhere).await), "422 vaultId");
        }
        let _ = log.records(&json!([event("ada", "a", Some(false)), event("ada", "b", None)])).await;
        let query = "subject=ada&target=https://foo.example/policy";
        assert_eq!(log.finds(&format!("/consent/v1/vaults/a%20vault/consents?{query}")).await.len(), 2);
        assert_eq!(log.finds(&format!("/consent/v0/vaults/a%20vault/consents/search?{query}")).await.len(), 2);
        assert_eq!(log.finds(&format!("/consent/v1/vaults/other/consents?{query}")).await.len(), 0);
        assert_eq!(log.finds(&format!("/consent/v1/consents?{query}")).await.len(), 4, "all parts without one named");

        let counts = log.get("/consent/v0/consents/statistics").await.ok();
        let scope = |name: &str, counts: [i64; 3], rates: [Value; 2]| json!({
            "target": "https://foo.example/policy", "scope": name, "events": counts[0], "yes": counts[1],
            "no": counts[2], "optInRate": rates[0], "optOutRate": rates[1],
        });
        let third = |part: i32| json!(f64::from(part) / 3.0);
        let expected = json!({
            "clientId": log.app,
            "overall": { "count": 4, "yes": 2, "no": 1, "noAction": 1, "changes": { "userChanges": 0 } },
            "scopes": [
                scope("a", [3, 2, 1], [third(2), third(1)]), scope("b", [1, 0, 0], [Value::Null, Value::Null]),
            ],
        });
        assert_eq!(counts, expected);
        let of_vault = log.get("/consent/v1/consents/statistics?vaultId=a%20vault").await.ok();
        assert_eq!((&of_vault["overall"]["count"], &of_vault["overall"]["yes"]), (&json!(2), &json!(2)));
        assert_eq!(log.get("/consent/v1/consents/statistics?vaultId=x").await.ok()["scopes"], json!([]));
    }
}

/// What a receipt says that the published key for receipts has signed.
async fn verified(platform: &TestPlatform, receipt: &str) -> Value {
    let token = Unverified::parse_with(receipt, "JWT", Algorithm::Rs256).unwrap();
    let published = platform.call(Method::GET, "/api/v1/keys", None, None).await.ok();
    let mut keys = published["keys"].as_array().unwrap().iter();
    assert!(keys.any(|key| key["kid"] == token.kid().unwrap()), "{published}");
    let key = RsaPrivateKey::parse_pem(&fixture("keys/server-receipts.pem")).unwrap();
    Value::Object(token.verify(&[key.public()]).unwrap().1.into_claims())
}
