//! Apps, contracts and keys: what is accepted, what is refused and why, and what never changes again.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_crypto::{RsaPublicKey, digest::base64_decode};
use harness::{Answer, MockApp, TestPlatform, fixture, stories};
use serde_json::{Value, json};

const FIXTURES: [&str; 4] = ["read", "write", "read-raw", "read-optional"];
/// A change to a document, and the fields that it spoils.
type Spoilt = (&'static str, Value, &'static [&'static str]);

stories! {
    async fn an_app_is_registered_with_a_name_and_somebody_to_write_to(platform: TestPlatform) {
        let operator = platform.operator();
        let all = json!({
            "name": "Søvn 😴", "contact": "privacy@sleep.example", "partnerId": "sleep-group",
            "description": "Counts sheep.", "website": "https://sleep.example/",
        });
        let made = operator.call(Method::POST, "/apps", Some(&all)).await;
        assert_eq!(made.status, 201);
        for (member, value) in all.as_object().unwrap() {
            assert_eq!(&made.json[member], value);
        }
        assert_eq!(made.json["stage"], "registered");
        assert!(text(&made.json, "apiKey").starts_with("cak_"));
        let alone = operator.registers_app("Alone").await;
        assert_eq!(alone["partnerId"], alone["id"], "an app is its own partner unless it says otherwise");
    }

    async fn an_app_that_cannot_be_registered_is_told_every_reason_and_nothing_is_kept(platform: TestPlatform) {
        let before = platform.contents().await;
        let good = json!({ "name": "Tidemark", "contact": "privacy@app.example" });
        let spoilt: [Spoilt; 20] = [
            ("/name", Value::Null, &["name"]),
            ("/name", json!(""), &["name"]),
            ("/name", json!(" "), &["name"]),
            ("/name", json!("x".repeat(101)), &["name"]),
            ("/name", json!("two\nlines"), &["name"]),
            ("/name", json!("knil\u{202e}"), &["name"]),
            ("/name", json!(7), &["name"]),
            ("/contact", Value::Null, &["contact"]),
            ("/contact", json!("nobody"), &["contact"]),
            ("/contact", json!("a@b"), &["contact"]),
            ("/contact", json!(["privacy@app.example"]), &["contact"]),
            ("/description", json!("x".repeat(1001)), &["description"]),
            ("/website", json!("http://app.example/"), &["website"]),
            ("/website", json!("javascript:alert(1)"), &["website"]),
            ("/website", json!("https://user@app.example/"), &["website"]),
            ("/partnerId", json!("a partner"), &["partnerId"]),
            ("/partnerId", json!(""), &["partnerId"]),
            ("/stage", json!("registered"), &["stage"]),
            ("/id", json!("app01hf7yat00000000000000001a"), &["id"]),
            ("", json!({}), &["name", "contact"]),
        ];
        for (place, value, fields) in spoilt {
            let body = changed(&good, place, value.clone());
            let answer = platform.operator().call(Method::POST, "/apps", Some(&body)).await;
            assert_eq!(refused_fields(&answer), fields, "{place}: {value}");
        }
        let url = format!("{}/api/v1/apps", platform.url);
        for (kind, body, expected) in [
            ("application/json", "{", "400 MalformedJson"),
            ("application/json", "", "400 MalformedJson"),
            ("application/json", "[]", "422 ValidationErrors"),
            ("text/plain", r#"{"name":"a","contact":"a@b.example"}"#, "415 UnsupportedMediaType"),
            ("application/x-www-form-urlencoded", "name=a&contact=a@b.example", "415 UnsupportedMediaType"),
        ] {
            let request = platform.http().post(&url).bearer_auth(platform.operator().token());
            let response = request.header("content-type", kind).body(body).send().await.unwrap();
            assert_eq!(Answer::of(response).await.refusal(), expected, "{kind} {body}");
        }
        platform.holds_the_same(&before).await;
    }

    async fn an_api_key_is_shown_once_and_dies_when_the_next_is_made(platform: TestPlatform) {
        let made = platform.operator().registers_app("Tidemark").await;
        let (path, first) = (format!("/api/v1/apps/{}", text(&made, "id")), text(&made, "apiKey").to_owned());
        let shown = platform.call(Method::GET, &path, Some(&first), None).await.ok();
        let listed = platform.operator().call(Method::GET, "/apps", None).await.ok();
        for answer in [&shown, &listed] {
            assert!(!answer.to_string().contains("cak_"), "{answer}");
        }
        let rotate = format!("{path}/key");
        let second = platform.call(Method::POST, &rotate, Some(&first), None).await.ok();
        let second = text(&second, "apiKey").to_owned();
        assert_eq!(platform.call(Method::GET, &path, Some(&first), None).await.refusal(), "401 Unauthorized");
        assert_eq!(
            platform.call(Method::POST, &rotate, Some(&first), None).await.refusal(),
            "401 Unauthorized"
        );
        let _ = platform.call(Method::GET, &path, Some(&second), None).await.ok();
        let third = platform.call(Method::POST, &rotate, Some(platform.operator().token()), None).await.ok();
        assert_eq!(
            platform.call(Method::GET, &path, Some(&second), None).await.refusal(),
            "401 Unauthorized"
        );
        let _ = platform.call(Method::GET, &path, Some(text(&third, "apiKey")), None).await.ok();
    }

    async fn every_contract_of_the_walk_throughs_is_accepted(platform: TestPlatform) {
        let app = platform.operator().registers_app("Tidemark").await;
        for (name, keys) in FIXTURES.iter().zip(["app-1", "app-2", "app-3", "app-1"]) {
            let document = MockApp::document(name, keys, |_| {});
            let made = contracts(&platform, &app, Method::POST, "", Some(&document)).await;
            assert_eq!(made.status, 201, "{name}: {}", made.json);
            assert_eq!((&made.json["status"], &made.json["version"]), (&json!("published"), &json!(1)));
            let expected = format!("{}_{}", text(&app, "id"), text(&made.json, "id"));
            assert_eq!(made.json["clientId"], expected);
            assert_eq!(text(&made.json, "textHash").len(), 64);
            for (member, value) in
                document.as_object().unwrap().iter().filter(|(member, _)| *member != "publish")
            {
                if !(value.is_null() || value == &json!({})) {
                    assert_eq!(&made.json["document"][member], value, "{name}: {member}");
                }
            }
            let shown =
                contracts(&platform, &app, Method::GET, &format!("/{}", text(&made.json, "id")), None).await;
            assert_eq!(shown.ok(), made.json, "{name}");
        }
    }

    async fn a_contract_that_cannot_be_put_before_people_is_told_where_and_why(platform: TestPlatform) {
        let app = platform.operator().registers_app("Tidemark").await;
        let draft = MockApp::document("read", "app-1", |document| document["publish"] = false.into());
        let made = contracts(&platform, &app, Method::POST, "", Some(&draft)).await.ok();
        let place = format!("/{}", text(&made, "id"));
        let before = platform.contents().await;
        let good = MockApp::document("read-optional", "app-1", |_| {});
        for (pointer, value, fields) in spoilt_documents() {
            let document = changed(&good, pointer, value.clone());
            for (method, path) in [(Method::POST, ""), (Method::PUT, place.as_str())] {
                let answer = contracts(&platform, &app, method.clone(), path, Some(&document)).await;
                assert_eq!(refused_fields(&answer), fields, "{method} {pointer}: {value}");
            }
        }
        platform.holds_the_same(&before).await;
    }

    async fn all_that_is_wrong_with_a_contract_is_said_at_once(platform: TestPlatform) {
        let app = platform.operator().registers_app("Tidemark").await;
        let before = platform.contents().await;
        let document = MockApp::document("read", "app-1", |document| {
            document["name"] = "".into();
            document["will"] = json!([]);
            document["retention"]["period"] = "a while".into();
            document["sharing"]["thirdParties"] = true.into();
            document["jurisdiction"] = "UK".into();
            document["scope"]["serviceGroups"][0]["id"] = 99.into();
            document["redirectUris"] = json!(["https://app.example/cb", "http://app.example/cb", "*"]);
            document["publicKey"] = "none".into();
        });
        let answer = contracts(&platform, &app, Method::POST, "", Some(&document)).await;
        assert_eq!(answer.refusal(), "422 ValidationErrors");
        let expected = [
            "jurisdiction",
            "name",
            "publicKey",
            "redirectUris[1]",
            "redirectUris[2]",
            "retention.period",
            "scope.serviceGroups[0]",
            "sharing.recipients",
            "will",
        ];
        let named: BTreeSet<_> = refused_fields(&answer).into_iter().collect();
        assert_eq!(named.into_iter().collect::<Vec<_>>(), expected);
        let missing = contracts(&platform, &app, Method::POST, "", Some(&json!({ "publish": true }))).await;
        assert_eq!(missing.refusal(), "422 ValidationErrors");
        platform.holds_the_same(&before).await;
    }

    async fn a_contract_is_drafted_published_and_retired_and_never_backwards(platform: TestPlatform) {
        let app = platform.operator().registers_app("Tidemark").await;
        let draft = MockApp::document("read", "app-1", |document| document["publish"] = false.into());
        let made = contracts(&platform, &app, Method::POST, "", Some(&draft)).await.ok();
        assert_eq!(made["status"], "draft");
        let place = format!("/{}", text(&made, "id"));
        let post = async |verb: &str| {
            contracts(&platform, &app, Method::POST, &format!("{place}/{verb}"), None).await
        };
        assert_eq!(post("retire").await.refusal(), "409 ContractRefused");
        let mut better = draft.clone();
        better["name"] = "A better name".into();
        let revised = contracts(&platform, &app, Method::PUT, &place, Some(&better)).await.ok();
        assert_eq!((&revised["version"], &revised["status"]), (&json!(1), &json!("draft")));
        assert_ne!(revised["textHash"], made["textHash"]);
        assert_eq!(post("publish").await.ok()["status"], "published");
        assert_eq!(post("publish").await.refusal(), "409 ContractRefused");
        assert_eq!(post("retire").await.ok()["status"], "retired");
        let before = platform.contents().await;
        assert_eq!(post("retire").await.refusal(), "409 ContractRefused");
        assert_eq!(post("publish").await.refusal(), "409 ContractRefused");
        let revised = contracts(&platform, &app, Method::PUT, &place, Some(&better)).await;
        assert_eq!(revised.refusal(), "409 ContractRefused");
        platform.holds_the_same(&before).await;
        let shown = contracts(&platform, &app, Method::GET, &place, None).await.ok();
        assert_eq!(
            (&shown["status"], &shown["document"]["name"]),
            (&json!("retired"), &json!("A better name"))
        );
    }

    async fn what_people_agreed_to_stays_what_it_was_when_the_contract_gets_a_new_text(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (ada, bob) = (platform.person("ada").await, platform.person("bob").await);
        ada.connects(&[16]).await;
        let first = ada.approves(&app).await;
        let place = format!("/apps/{}/contracts/{}", app.id, app.contract_id);
        let call = async |method, path: &str, body: Option<&Value>| {
            platform.call(method, &format!("/api/v1{place}{path}"), Some(&app.api_key), body).await.ok()
        };
        let published = call(Method::GET, "", None).await;
        let next = MockApp::document("read", "app-1", |document| {
            document["publish"] = false.into();
            document["purpose"]["summary"] = "Does something else.".into();
        });
        let drafted = call(Method::PUT, "", Some(&next)).await;
        assert_eq!((&drafted["version"], &drafted["status"]), (&json!(2), &json!("draft")));
        assert_eq!(v5(&signed_certificate(&app).await)["revision"], "1", "a draft is nobody's contract");
        assert_eq!(call(Method::POST, "/publish", None).await["version"], 2);
        assert_eq!(v5(&signed_certificate(&app).await)["revision"], "2");

        let second = bob.approves(&app).await;
        for (person, yes, version, summary) in [
            (&ada, &first, 1, &published["document"]["purpose"]["summary"]),
            (&bob, &second, 2, &json!("Does something else.")),
        ] {
            let path = format!("/me/grants/{}", yes.grant);
            let shown = person.call(Method::GET, &path, None).await.ok();
            assert_eq!(
                (&shown["version"], &shown["document"]["purpose"]["summary"]),
                (&json!(version), summary)
            );
        }
        let shown = ada.call(Method::GET, &format!("/me/grants/{}", first.grant), None).await.ok();
        assert_eq!(
            (&shown["textHash"], &shown["document"]),
            (&published["textHash"], &published["document"])
        );
    }

    async fn a_person_who_read_another_text_than_the_one_that_counts_now_is_asked_again(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let asked = app.asks().await;
        let question = ada.on(Method::GET, &asked, "", None).await.ok();
        let next =
            MockApp::document("read", "app-1", |document| document["will"] = json!(["Something else."]));
        let path = format!("/apps/{}/contracts/{}", app.id, app.contract_id);
        let _ = platform.operator().call(Method::PUT, &path, Some(&next)).await.ok();
        let before = platform.contents().await;
        let stale = json!({ "textHash": question["textHash"] });
        let answer = ada.on(Method::POST, &asked, "/approve", Some(&stale)).await;
        assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.json);
        platform.holds_the_same(&before).await;
        let again = ada.on(Method::GET, &asked, "", None).await.ok();
        assert_eq!(again["document"]["will"], json!(["Something else."]));
    }

    async fn a_suspended_app_looks_on_and_shuts_doors_but_opens_none(platform: TestPlatform) {
        let app = platform.operator().registers_app("Tidemark").await;
        let document = MockApp::document("read", "app-1", |_| {});
        let made = contracts(&platform, &app, Method::POST, "", Some(&document)).await.ok();
        let place = format!("/{}", text(&made, "id"));
        let suspend = format!("/apps/{}/suspend", text(&app, "id"));
        let suspended = platform.operator().call(Method::POST, &suspend, None).await.ok();
        assert_eq!(suspended["stage"], "suspended");
        let again = platform.operator().call(Method::POST, &suspend, None).await;
        assert!((400..500).contains(&again.status), "{} {}", again.status, again.json);
        let before = platform.contents().await;
        let shut = "403 InvalidConsentAccessApplication";
        for (method, path, body) in [
            (Method::POST, String::new(), Some(&document)),
            (Method::PUT, place.clone(), Some(&document)),
            (Method::POST, format!("{place}/publish"), None),
            (Method::POST, format!("{place}/keys"), Some(&json!({ "publicKey": public_key("app-2") }))),
        ] {
            let answer = contracts(&platform, &app, method.clone(), &path, body).await;
            assert_eq!(answer.refusal(), shut, "{method} {path}");
        }
        platform.holds_the_same(&before).await;
        let _ = contracts(&platform, &app, Method::GET, &place, None).await.ok();
        let retired = contracts(&platform, &app, Method::POST, &format!("{place}/retire"), None).await;
        assert_eq!(retired.ok()["status"], "retired");
    }

    async fn keys_come_and_go_without_a_gap(platform: TestPlatform) {
        let first = platform.app("read").await;
        let second = with_key(&platform, &first, "app-2");
        let third = with_key(&platform, &first, "app-3");
        let keys = format!("/{}/keys", first.contract_id);
        assert_eq!(speaks(&second).await, "400 InvalidJWT");
        platform.wait(TimeDelta::seconds(1));
        let added = keys_call(&platform, &first, &keys, &json!({ "publicKey": public_key("app-2") })).await;
        assert_eq!((added.status, &added.json["usable"]), (201, &json!(true)));
        for app in [&first, &second] {
            assert_eq!(speaks(app).await, "ok");
        }
        for same in
            [public_key("app-2"), RsaPublicKey::parse_pem(&public_key("app-2")).unwrap().to_pkcs1_pem()]
        {
            let taken = keys_call(&platform, &first, &keys, &json!({ "publicKey": same })).await;
            assert_eq!(taken.refusal(), "409 KeyTaken");
        }
        platform.wait(TimeDelta::seconds(1));
        let at = (first.ambient().now() + TimeDelta::hours(2)).to_rfc3339();
        let body = json!({ "publicKey": public_key("app-3"), "retireOthersAt": at });
        let _ = keys_call(&platform, &first, &keys, &body).await.ok();
        for app in [&first, &second, &third] {
            assert_eq!(speaks(app).await, "ok");
        }
        platform.wait(TimeDelta::hours(2));
        assert_eq!(speaks(&first).await, "400 InvalidJWT");
        assert_eq!(speaks(&second).await, "400 InvalidJWT");
        assert_eq!(speaks(&third).await, "ok");
        let listed = contracts_as(&platform, &first, Method::GET, &keys, None).await.ok();
        let usable: Vec<_> =
            listed["items"].as_array().unwrap().iter().map(|key| key["usable"].clone()).collect();
        assert_eq!(usable, [json!(false), json!(false), json!(true)]);
    }

    async fn the_last_key_ends_only_when_it_is_in_wrong_hands(platform: TestPlatform) {
        let app = platform.app("read").await;
        let kid = RsaPublicKey::parse_pem(&public_key("app-1")).unwrap().thumbprint();
        let keys = format!("/{}/keys", app.contract_id);
        let retire = format!("{keys}/{kid}/retire");
        let before = platform.contents().await;
        for (path, body, expected) in [
            (retire.clone(), json!({}), "409 LastKey"),
            (retire.clone(), json!({ "at": "2026-01-01T00:00:00Z" }), "409 LastKey"),
            (
                retire.clone(),
                json!({ "at": "2026-12-01T00:00:00Z", "compromised": true }),
                "422 ValidationErrors",
            ),
            (retire.clone(), json!({ "at": "soon" }), "422 ValidationErrors"),
            (retire.clone(), json!({ "compromised": "yes" }), "422 ValidationErrors"),
            (retire.clone(), json!({ "becauseOf": "theft" }), "422 ValidationErrors"),
            (format!("{keys}/{}/retire", "a".repeat(43)), json!({}), "404 KeyNotFound"),
            (format!("{keys}/..%2F{kid}/retire"), json!({}), "404 KeyNotFound"),
        ] {
            assert_eq!(keys_call(&platform, &app, &path, &body).await.refusal(), expected, "{path} {body}");
        }
        platform.holds_the_same(&before).await;
        let ended = keys_call(&platform, &app, &retire, &json!({ "compromised": true })).await.ok();
        assert_eq!(ended["usable"], false);
        assert_eq!(speaks(&app).await, "400 InvalidJWT");
        let back = keys_call(&platform, &app, &keys, &json!({ "publicKey": public_key("app-1") })).await;
        assert_eq!(back.refusal(), "409 KeyTaken", "what is compromised stays so");
        let _ = keys_call(&platform, &app, &keys, &json!({ "publicKey": public_key("app-2") })).await.ok();
        assert_eq!(speaks(&with_key(&platform, &app, "app-2")).await, "ok");
        assert_eq!(speaks(&app).await, "400 InvalidJWT");
    }

    async fn a_key_is_rsa_with_2048_bits_and_public(platform: TestPlatform) {
        let app = platform.app("read").await;
        let keys = format!("/{}/keys", app.contract_id);
        let private = fixture("keys/app-2.private.pem");
        let good = public_key("app-2");
        let before = platform.contents().await;
        for (pem, advice) in [
            (String::new(), "PEM"),
            ("garbage".to_owned(), "PEM"),
            (good.replace('M', "*"), "PEM"),
            (format!("{good}{good}"), "PEM"),
            (good.lines().nth(1).unwrap().to_owned(), "PEM"),
            (private.clone(), "register the public key"),
            (fixture("keys/rsa-1024.public.pem"), "1024 bits; exactly 2048"),
            (fixture("keys/rsa-4096.public.pem"), "4096 bits; exactly 2048"),
            (fixture("keys/ec-p256.public.pem"), "RSA"),
            (good.replace("PUBLIC KEY", "RSA PUBLIC KEY"), "form that its label announces"),
            (good.replace("PUBLIC KEY", "CERTIFICATE"), "expected PUBLIC KEY"),
        ] {
            let document =
                MockApp::document("read", "app-1", |document| document["publicKey"] = pem.as_str().into());
            for answer in [
                keys_call(&platform, &app, &keys, &json!({ "publicKey": pem })).await,
                contracts_as(&platform, &app, Method::POST, "", Some(&document)).await,
            ] {
                assert_eq!(refused_fields(&answer), ["publicKey"], "{pem}");
                let reason = text(&answer.json["errors"][0], "reason");
                assert!(reason.contains(advice), "{reason}");
                assert!(!answer.json.to_string().contains(private.lines().nth(2).unwrap()), "repeated");
            }
        }
        platform.holds_the_same(&before).await;
        let pkcs1 = RsaPublicKey::parse_pem(&good).unwrap().to_pkcs1_pem();
        for pem in [pkcs1.clone(), good.replace('\n', "\r\n"), format!("\n{good}\n")] {
            let document = MockApp::document("read", "app-1", |document| document["publicKey"] = pem.into());
            assert_eq!(contracts_as(&platform, &app, Method::POST, "", Some(&document)).await.status, 201);
        }
        let added = keys_call(&platform, &app, &keys, &json!({ "publicKey": pkcs1 })).await.ok();
        assert_eq!(added["publicKey"], good, "one form on the way out");
    }

    async fn an_app_does_not_learn_whether_anothers_things_exist(platform: TestPlatform) {
        let (mine, other) = (platform.app("read").await, platform.app("write").await);
        let kid = RsaPublicKey::parse_pem(&public_key("app-1")).unwrap().thumbprint();
        let document = MockApp::document("read", "app-2", |_| {});
        let key = json!({ "publicKey": public_key("app-2") });
        let before = platform.contents().await;
        let nobody = "app01hf7yat00000000000000001a";
        for app in [other.id.as_str(), nobody] {
            let contract = format!("/contracts/{}", other.contract_id);
            for (method, path, body) in [
                (Method::GET, String::new(), None),
                (Method::POST, "/key".to_owned(), None),
                (Method::GET, "/grants".to_owned(), None),
                (Method::GET, "/contracts".to_owned(), None),
                (Method::POST, "/contracts".to_owned(), Some(&document)),
                (Method::GET, contract.clone(), None),
                (Method::PUT, contract.clone(), Some(&document)),
                (Method::POST, format!("{contract}/publish"), None),
                (Method::POST, format!("{contract}/retire"), None),
                (Method::GET, format!("{contract}/keys"), None),
                (Method::POST, format!("{contract}/keys"), Some(&key)),
                (Method::POST, format!("{contract}/keys/{kid}/retire"), None),
            ] {
                let path = format!("/api/v1/apps/{app}{path}");
                let answer = platform.call(method.clone(), &path, Some(&mine.api_key), body).await;
                assert_eq!(answer.refusal(), "404 AppNotFound", "{method} {path}");
            }
        }
        for contract in [other.contract_id.as_str(), "con01hf7yat00000000000000001a", "con", "..%2F.."] {
            for (method, path, body) in [
                (Method::GET, "", None),
                (Method::PUT, "", Some(&document)),
                (Method::POST, "/publish", None),
                (Method::POST, "/retire", None),
                (Method::GET, "/keys", None),
                (Method::POST, "/keys", Some(&key)),
                (Method::POST, &format!("/keys/{kid}/retire"), None),
            ] {
                let path = format!("/{contract}{path}");
                let answer = contracts_as(&platform, &mine, method.clone(), &path, body).await;
                assert_eq!(answer.refusal(), "404 ContractNotFound", "{method} {path}");
            }
        }
        platform.holds_the_same(&before).await;
    }

    async fn lists_come_in_pages_without_loss(platform: TestPlatform) {
        let mine = platform.app("read").await;
        let mut registered = vec![mine.id.clone()];
        let mut drafted = vec![mine.contract_id.clone()];
        for number in 0..6 {
            platform.wait(TimeDelta::milliseconds(1));
            registered.push(
                text(&platform.operator().registers_app(&format!("App {number}")).await, "id").to_owned(),
            );
            let draft = MockApp::document("read", "app-1", |document| document["publish"] = false.into());
            let made = contracts_as(&platform, &mine, Method::POST, "", Some(&draft)).await.ok();
            drafted.push(text(&made, "id").to_owned());
        }
        let mut granted = Vec::new();
        for _ in 0..5 {
            platform.wait(TimeDelta::milliseconds(1));
            granted.push(mine.onboards(&platform, &[16]).await.tokens.consent_id);
        }
        let operator = platform.operator().token().to_owned();
        let (contracts, grants) =
            (format!("/apps/{}/contracts", mine.id), format!("/apps/{}/grants", mine.id));
        for (path, key, expected) in [
            ("/apps", &operator, &registered),
            (contracts.as_str(), &mine.api_key, &drafted),
            (grants.as_str(), &mine.api_key, &granted),
        ] {
            for limit in [1, 2, 3, 200] {
                assert_eq!(&pages(&platform, path, key, limit).await, expected, "{path} by {limit}");
            }
            for query in [
                "limit=many",
                "limit=-1",
                "limit=1.5",
                "after=",
                "after=con",
                "after=%00",
                "colour=blue",
                "after=a&after=b",
                "after=%27%20OR%20%271%27%3D%271",
            ] {
                let answer =
                    platform.call(Method::GET, &format!("/api/v1{path}?{query}"), Some(key), None).await;
                assert_eq!(answer.refusal(), "422 ValidationErrors", "{path}?{query}");
            }
        }
    }

    async fn a_contract_is_shown_as_a_certificate_that_carries_its_text(platform: TestPlatform) {
        let registered = platform.operator().registers_app("Tidemark").await;
        for (name, access) in [("read", "r"), ("write", "w"), ("read-raw", "r"), ("read-optional", "r")] {
            let app = MockApp::with_contract(&platform, &registered, name, "app-1", |_| {}).await;
            let shown = signed_certificate(&app).await;
            let members: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
            let expected = [
                "accessType",
                "application",
                "certificate",
                "certificateContractSchemaVersion",
                "expirationDate",
                "id",
                "partnerId",
                "type",
            ];
            assert_eq!(members, expected);
            assert_eq!((&shown["accessType"], &shown["type"]), (&json!(access), &json!("x509")));
            assert_eq!(
                (text(&shown, "id"), text(&shown, "partnerId")),
                (app.contract_id.as_str(), app.id.as_str())
            );
            assert_eq!(shown["certificateContractSchemaVersion"], "5.0.0");
            let expires = shown["expirationDate"].as_i64().unwrap();
            assert!(expires > app.ambient().now().timestamp_millis(), "milliseconds, and not over");
            let application = &shown["application"];
            assert_eq!((text(application, "id"), text(application, "name")), (app.id.as_str(), "Tidemark"));
            assert!(application["resources"].is_object() && application["status"].is_i64(), "{application}");

            let contract = v5(&shown);
            let document = MockApp::document(name, "app-1", |_| {});
            assert_eq!((&contract["name"], &contract["schemaVersion"]), (&document["name"], &json!("5.0.0")));
            let part = if access == "w" { &contract["dataPush"] } else { &contract["dataRequest"] };
            assert!(text(part, "purpose").contains(text(&document["purpose"], "details")), "{part}");

            let path = format!("/v1.7/permission-access/contract/{}/{}", app.contract_id, app.id);
            for query in ["", "?schemaVersion=5.0.0"] {
                let public = platform.call(Method::GET, &format!("{path}{query}"), None, None).await.ok();
                assert_eq!(public, shown, "{name}{query}");
            }
        }
    }

    async fn the_public_form_of_a_contract_exists_for_published_ones_only(platform: TestPlatform) {
        let app = platform.app("read").await;
        let draft =
            MockApp::register(&platform, "read", "app-1", |document| document["publish"] = false.into())
                .await;
        let (app, contract) = (app.id.as_str(), app.contract_id.as_str());
        for (app, contract, expected) in [
            (app, draft.contract_id.as_str(), "404 ContractNotFound"),
            (draft.id.as_str(), contract, "404 ContractNotFound"),
            (contract, app, "404 ContractNotFound"),
            (app, "con", "404 ContractNotFound"),
            ("..", contract, "404 NotFound"),
            ("%00", contract, "404 ContractNotFound"),
            (draft.id.as_str(), draft.contract_id.as_str(), "404 InvalidContractId"),
        ] {
            let path = format!("/v1.7/permission-access/contract/{contract}/{app}");
            let answer = platform.call(Method::GET, &path, None, None).await;
            assert_eq!(answer.refusal(), expected, "{path}");
        }
    }

    async fn plain_http_is_for_the_sandbox(platform: TestPlatform) {
        let app = platform.operator().registers_app("Tidemark").await;
        let serious = platform.replica_with(|config| config.server.sandbox = false).await;
        let before = platform.contents().await;
        for uri in [MockApp::CALLBACK, "http://localhost:3000/", "http://[::1]:3000/cb"] {
            let document = MockApp::document("read", "app-1", |document| {
                document["redirectUris"] = json!(["https://app.example/", uri]);
            });
            let answer = contracts(&serious, &app, Method::POST, "", Some(&document)).await;
            assert_eq!(refused_fields(&answer), ["redirectUris[1]"], "{uri}");
            let endpoint = MockApp::document("read", "app-1", |document| {
                document["redirectUris"] = json!(["https://app.example/"]);
                document["signalEndpoint"] = uri.into();
            });
            let answer = contracts(&serious, &app, Method::POST, "", Some(&endpoint)).await;
            assert_eq!(refused_fields(&answer), ["signalEndpoint"], "{uri}");
        }
        platform.holds_the_same(&before).await;
        let document = MockApp::document("read", "app-1", |document| {
            document["redirectUris"] =
                json!(["https://app.example/", "digime-ca-tidemark://auth", "org.example.tidemark:/auth"]);
        });
        assert_eq!(contracts(&serious, &app, Method::POST, "", Some(&document)).await.status, 201);
    }
}

/// Documents with one thing wrong, and the fields that answers name.
fn spoilt_documents() -> Vec<Spoilt> {
    let long = |n: usize| json!("x".repeat(n));
    let many = |n: usize| json!((0..n).map(|i| format!("https://app.example/{i}")).collect::<Vec<_>>());
    vec![
        ("/name", json!(""), &["name"]),
        ("/name", long(101), &["name"]),
        ("/name", json!("a\u{0}b"), &["name"]),
        ("/access", json!("browse"), &["access"]),
        ("/access", json!("readraw"), &["access"]),
        ("/access", Value::Null, &["access"]),
        ("/ongoing", json!("yes"), &["ongoing"]),
        ("/purpose/summary", json!("  "), &["purpose.summary"]),
        ("/purpose/summary", long(201), &["purpose.summary"]),
        ("/purpose/details", long(4001), &["purpose.details"]),
        ("/purpose/colour", json!("blue"), &["purpose.colour"]),
        ("/purpose", json!("Because."), &["purpose"]),
        ("/will", json!([]), &["will"]),
        ("/will", json!("all"), &["will"]),
        ("/will/0", json!(""), &["will[0]"]),
        ("/willNot", json!([]), &["willNot"]),
        ("/willNot/1", long(501), &["willNot[1]"]),
        (
            "/scope/serviceGroups",
            json!([]),
            &["scope.serviceGroups", "optional[0]", "optional[1]", "optional[2]", "optional[3]"],
        ),
        ("/scope/serviceGroups/0/id", json!(99), &["scope.serviceGroups[0]"]),
        (
            "/scope/serviceGroups/0/serviceTypes/0/id",
            json!(4711),
            &["scope.serviceGroups[0].serviceTypes[0]"],
        ),
        ("/scope/timeRange", json!([{ "last": "1y" }]), &["scope"]),
        ("/scope/timeRanges", json!([{ "form": 1 }]), &["scope"]),
        ("/scope/timeRanges", json!([{ "from": 2, "to": 1 }]), &["scope.timeRanges[0]"]),
        ("/scope/criteria", json!([{ "last": "1y" }]), &["scope.criteria"]),
        ("/optional", json!([300, 304]), &["optional[1]"]),
        ("/optional", json!([300, 300]), &["optional[1]"]),
        ("/retention/period", json!("1 year"), &["retention.period"]),
        ("/retention/text", json!(""), &["retention.text"]),
        ("/sharing/thirdParties", json!(false), &["sharing.recipients"]),
        ("/sharing/recipients", json!([]), &["sharing.recipients"]),
        ("/sharing/recipients/0", json!(""), &["sharing.recipients[0]"]),
        ("/sharing/text", long(1001), &["sharing.text"]),
        ("/rightToBeForgotten/implemented", json!("maybe"), &["rightToBeForgotten.implemented"]),
        ("/rightToBeForgotten/text", json!(""), &["rightToBeForgotten.text"]),
        ("/lawfulBasis", json!("whim"), &["lawfulBasis"]),
        ("/jurisdiction", json!("UK"), &["jurisdiction"]),
        ("/jurisdiction", json!("nl"), &["jurisdiction"]),
        ("/policyUrl", json!("ftp://app.example/"), &["policyUrl"]),
        ("/policyUrl", json!(""), &["policyUrl"]),
        ("/termsUrl", json!("javascript:alert(1)"), &["termsUrl"]),
        ("/logoUrl", json!("data:image/png;base64,AAAA"), &["logoUrl"]),
        ("/grantFor", json!("P0D"), &["grantFor"]),
        ("/grantFor", json!("forever"), &["grantFor"]),
        ("/futureAccounts", json!("no"), &["futureAccounts"]),
        ("/mayDeleteLibrary", json!(0), &["mayDeleteLibrary"]),
        ("/publicKey", json!(""), &["publicKey"]),
        ("/publicKey", json!(7), &["publicKey"]),
        ("/redirectUris", json!([]), &["redirectUris"]),
        ("/redirectUris", many(11), &["redirectUris"]),
        ("/redirectUris", json!(["https://app.example/", "https://app.example/"]), &["redirectUris[1]"]),
        ("/redirectUris/0", json!("http://app.example/"), &["redirectUris[0]"]),
        ("/redirectUris/0", json!("http://127.0.0.1/no-port"), &["redirectUris[0]"]),
        ("/redirectUris/0", json!("https://*.app.example/"), &["redirectUris[0]"]),
        ("/redirectUris/0", json!("https://app.example/#part"), &["redirectUris[0]"]),
        ("/redirectUris/0", json!("https://user@app.example/"), &["redirectUris[0]"]),
        ("/redirectUris/0", json!("javascript:alert(1)"), &["redirectUris[0]"]),
        ("/redirectUris/0", json!("myapp:/callback"), &["redirectUris[0]"]),
        ("/signalEndpoint", json!("http://app.example/signals"), &["signalEndpoint"]),
        ("/publish", json!("yes"), &["publish"]),
        ("/purpouse", json!({}), &["purpouse"]),
        ("/version", json!(7), &["version"]),
    ]
}

/// A document with one member set.
fn changed(document: &Value, pointer: &str, value: Value) -> Value {
    let mut document = document.clone();
    let Some((parent, member)) = pointer.rsplit_once('/') else { return value };
    match document.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.insert(member.to_owned(), value)),
        Some(Value::Array(entries)) => entries[member.parse::<usize>().unwrap()] = value,
        other => panic!("{pointer}: {other:?}"),
    }
    document
}

/// The fields that a refusal names, each with a reason.
fn refused_fields(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.refusal(), "422 ValidationErrors", "{}", answer.json);
    let errors = answer.json["errors"].as_array().unwrap_or_else(|| panic!("{}", answer.json));
    for error in errors {
        assert!(text(error, "reason").len() > 5, "{error}");
    }
    errors.iter().map(|error| text(error, "field")).collect()
}

/// Calls `/apps/{app}/contracts…` with the key from the app's registration.
async fn contracts(
    platform: &TestPlatform,
    app: &Value,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let path = format!("/api/v1/apps/{}/contracts{path}", text(app, "id"));
    platform.call(method, &path, Some(text(app, "apiKey")), body).await
}

async fn contracts_as(
    platform: &TestPlatform,
    app: &MockApp,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let path = format!("/api/v1/apps/{}/contracts{path}", app.id);
    platform.call(method, &path, Some(&app.api_key), body).await
}

async fn keys_call(platform: &TestPlatform, app: &MockApp, path: &str, body: &Value) -> Answer {
    contracts_as(platform, app, Method::POST, path, Some(body)).await
}

/// The ids of a whole list, page by page.
async fn pages(platform: &TestPlatform, path: &str, key: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1{path}?limit={limit}{after}");
        let page = platform.call(Method::GET, &path, Some(key), None).await.ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit, "{path}");
        ids.extend(items.iter().map(|item| text(item, "id").to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return ids,
        }
        assert!(!items.is_empty(), "{path}");
    }
}

/// The same app and contract with another key pair.
fn with_key(platform: &TestPlatform, app: &MockApp, keys: &str) -> MockApp {
    let private = fixture(&format!("keys/{keys}.private.pem"));
    MockApp::speaking(platform, app.id.clone(), app.contract_id.clone(), app.api_key.clone(), private)
}

/// Whether a signed request of this app is heard.
async fn speaks(app: &MockApp) -> String {
    MockApp::outcome(&app.client.authorize(&consent_client::AuthorizeOptions::default()).await)
}

async fn signed_certificate(app: &MockApp) -> Value {
    let jwt = app.client.signed(&app.client.claims()).unwrap();
    let path = "v1.7/permission-access/contract";
    Answer::of(app.client.call(Method::GET, path, Some(&jwt), &[], None).await.unwrap()).await.ok()
}

/// The contract's JSON from the extension of the certificate: DER, read by hand.
fn v5(shown: &Value) -> Value {
    let certificate = base64_decode(text(shown, "certificate")).unwrap();
    let (whole, rest) = element(&certificate, 0x30);
    assert!(rest.is_empty() && !whole.is_empty(), "one sequence");
    let oid = object_identifier(&[1, 2, 826, 0, 1, 6_861_219, 1]);
    let at = whole.windows(oid.len()).position(|window| window == oid).expect("the extension");
    let (octets, _) = element(&whole[at + oid.len()..], 0x04);
    let (json, behind) = element(octets, 0x0c);
    assert!(behind.is_empty(), "one UTF8String");
    serde_json::from_slice(json).expect("the contract's JSON")
}

/// The content of the element that DER begins with, and what follows.
fn element(der: &[u8], tag: u8) -> (&[u8], &[u8]) {
    assert_eq!(der[0], tag);
    let (length, start) = match der[1] {
        short @ 0..0x80 => (usize::from(short), 2),
        long => {
            let bytes = usize::from(long & 0x7f);
            (der[2..2 + bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + bytes)
        }
    };
    der[start..].split_at(length)
}

fn object_identifier(arcs: &[u64]) -> Vec<u8> {
    let mut content = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut groups = vec![arc & 0x7f];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(rest & 0x7f | 0x80);
            rest >>= 7;
        }
        content.extend(groups.iter().rev().map(|group| u8::try_from(*group).unwrap()));
    }
    [&[0x06, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
}

fn public_key(name: &str) -> String {
    fixture(&format!("keys/{name}.public.pem"))
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} of {value}"))
}
