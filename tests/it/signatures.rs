//! Requests that were not signed as they should have been. All of them get a clear answer that old SDKs do not take for
//! an expired token, and leave nothing behind.

use std::{net::TcpListener, time::Duration};

use chrono::TimeDelta;
use consent_client::reqwest::{
    Method, RequestBuilder, Response,
    header::{AUTHORIZATION, HeaderValue},
};
use consent_crypto::{
    RsaPrivateKey, RsaPublicKey,
    digest::{base64url, base64url_decode, hex},
};
use harness::{MockApp, TestPlatform, fixture, stories};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Map, Value, json};

/// Doors that want nothing but a signature: one that reads, one that writes.
const READS: (Method, &str) = (Method::GET, "/v1.7/permission-access/contract");
const WRITES: (Method, &str) = (Method::POST, "/v1.7/oauth/authorize");
const TOKEN: (Method, &str) = (Method::POST, "/v1.7/oauth/token");

/// The example of RFC 7636.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWBuGJSstw-cM";
const PS512: &str = r#"{"alg":"PS512","typ":"JWT"}"#;

stories! {
    async fn a_request_that_the_contract_did_not_sign_is_refused(platform: TestPlatform) {
        let app = platform.app("read").await;
        let before = platform.contents().await;
        for door in [READS, WRITES] {
            for (what, authorization) in unsigned(&app) {
                let answer = knock(&platform, &door, authorization.as_deref()).await;
                assert_eq!(answer, "400 InvalidJWT", "{what} at {}", door.1);
            }
            assert_eq!(present(&platform, &door, &true_token(&app)).await, "200", "the same, signed");
        }
        let grown = platform.contents().await.grown_since(&before);
        assert_eq!(grown, REQUEST.map(|(table, rows)| (table.to_owned(), rows)));
    }

    async fn a_token_that_readers_could_disagree_on_is_refused_although_its_signature_is_true(platform: TestPlatform) {
        let app = platform.app("read").await;
        let before = platform.contents().await;
        for door in [READS, WRITES] {
            for (what, token) in ambiguous(&app) {
                assert_eq!(present(&platform, &door, &token).await, "400 InvalidJWT", "{what} at {}", door.1);
            }
        }
        platform.holds_the_same(&before).await;
    }

    async fn a_key_that_a_token_brings_along_is_neither_used_nor_fetched(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (attacker, elsewhere) = (private_key("app-2"), TcpListener::bind("127.0.0.1:0").unwrap());
        elsewhere.set_nonblocking(true).unwrap();
        let url = format!("http://{}/keys", elsewhere.local_addr().unwrap());
        let jwk = RsaPrivateKey::parse_pem(&fixture("keys/app-2.private.pem")).unwrap();
        let jwk = jwk.public().jwk("PS512", "mine", "sig");
        let before = platform.contents().await;
        for door in [READS, WRITES] {
            for more in [
                json!({ "jku": url, "kid": "mine" }),
                json!({ "x5u": url }),
                json!({ "jwk": jwk }),
                json!({ "x5c": ["MIIB"] }),
                json!({ "kid": "../../../../../../dev/null" }),
                json!({ "kid": "' OR '1'='1" }),
                json!({ "kid": ["mine"] }),
            ] {
                let token = token(&attacker, Algorithm::PS512, &header(&more), &text(&claims(&app)));
                assert_eq!(present(&platform, &door, &token).await, "400 InvalidJWT", "{more} at {}", door.1);
            }
        }
        platform.holds_the_same(&before).await;
        let pointing = header(&json!({ "jku": url, "x5u": url, "jwk": jwk, "kid": "../mine" }));
        let honest = token(&private_key("app-1"), Algorithm::PS512, &pointing, &text(&claims(&app)));
        assert_eq!(present(&platform, &READS, &honest).await, "200", "such members say nothing");
        let nobody = elsewhere.accept().unwrap_err();
        assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock, "nothing was fetched");
    }

    async fn a_nonce_is_32_letters_and_digits(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (short, long) = ("a".repeat(31), "a".repeat(33));
        let odd = format!("{}-", "a".repeat(31));
        // 32 characters, and 32 bytes.
        let (letters, bytes) = ("é".repeat(32), "é".repeat(16));
        for nonce in [
            None,
            Some(Value::Null),
            Some(json!(12_345_678_901_234_567_890_u64)),
            Some(json!(["a".repeat(32)])),
            Some("".into()),
            Some(short.into()),
            Some(long.into()),
            Some(odd.into()),
            Some(letters.into()),
            Some(bytes.into()),
            Some(format!("{} ", "a".repeat(31)).into()),
        ] {
            refuses(&platform, &app, "nonce", nonce, "400 InvalidRequest").await;
        }
        let answer = with(&platform, &READS, &app, "nonce", Some("Az09".repeat(8).into())).await;
        assert_eq!(answer, "200");
    }

    async fn a_nonce_of_a_request_that_writes_is_good_once_on_all_replicas(platform: TestPlatform) {
        let app = platform.app("read").await;
        let replica = platform.replica().await;
        let token = true_token(&app);
        assert_eq!(present(&platform, &WRITES, &token).await, "200");
        let before = platform.contents().await;
        assert_eq!(present(&platform, &WRITES, &token).await, "400 InvalidRequest");
        assert_eq!(present(&replica, &WRITES, &token).await, "400 InvalidRequest");
        platform.holds_the_same(&before).await;

        let reading = true_token(&app);
        assert_eq!(present(&platform, &READS, &reading).await, "200");
        assert_eq!(present(&platform, &READS, &reading).await, "200", "a broken connection, tried again");
        assert_eq!(present(&platform, &WRITES, &reading).await, "400 InvalidRequest", "another request");
        platform.wait(TimeDelta::seconds(31));
        assert_eq!(present(&platform, &READS, &reading).await, "400 InvalidRequest", "too late");
    }

    async fn a_timestamp_counts_milliseconds_and_is_near_the_servers_clock(platform: TestPlatform) {
        let app = platform.app("read").await;
        let now = app.ambient().now().timestamp_millis();
        let edge = 5 * 60 * 1000;
        for timestamp in [
            None,
            Some(Value::Null),
            Some(now.to_string().into()),
            Some(json!([now])),
            Some(true.into()),
            Some((now - edge - 1).into()),
            Some((now + edge + 1).into()),
            Some((now / 1000).into()),
            Some((-now).into()),
            Some(0.into()),
            Some(i64::MAX.into()),
            Some(u64::MAX.into()),
            Some(json!(1e300)),
        ] {
            refuses(&platform, &app, "timestamp", timestamp, "400 InvalidRequest").await;
        }
        for timestamp in [
            (now - edge).into(),
            (now + edge).into(),
            serde_json::from_str(&format!("{now}.25")).unwrap(),
            serde_json::from_str(&format!("{}.0", now + 1)).unwrap(),
        ] {
            let answer = with(&platform, &READS, &app, "timestamp", Some(timestamp)).await;
            assert_eq!(answer, "200", "whole or fractional milliseconds near now");
        }
        let endless = text(&claims(&app)).replace(&now.to_string(), "1e999");
        let endless = token(&private_key("app-1"), Algorithm::PS512, PS512, &endless);
        assert_eq!(present(&platform, &READS, &endless).await, "400 InvalidJWT");
    }

    async fn a_client_is_an_app_with_a_contract_of_its_own_that_is_published(platform: TestPlatform) {
        let app = platform.app("read").await;
        let other = MockApp::register(&platform, "read", "app-2", |_| {}).await;
        for client in [None, Some(Value::Null), Some(json!(7)), Some(json!({ "app": app.id }))] {
            refuses(&platform, &app, "client_id", client, "400 InvalidRequest").await;
        }
        let own = app.client.client_id();
        for client in [
            String::new(),
            app.id.clone(),
            app.contract_id.clone(),
            format!("{}_{}", app.contract_id, app.id),
            format!("{}_{}", app.id, other.contract_id),
            format!("{}_{}", other.id, app.contract_id),
            own.to_uppercase(),
            format!("{own} "),
            format!("{own}\0"),
            format!("{own}' OR '1'='1"),
            format!("{own}_{own}"),
            "_".repeat(10_000),
            "äpp".to_owned(),
        ] {
            refuses(&platform, &app, "client_id", Some(client.into()), "400 InvalidClient").await;
        }
        // Whose contract exists, but not with this key.
        refuses(&platform, &app, "client_id", Some(other.client.client_id().into()), "400 InvalidJWT").await;
    }

    async fn a_client_speaks_only_while_its_contract_is_published_and_its_app_is_not_suspended(platform: TestPlatform) {
        let draft = MockApp::register(&platform, "read", "app-1", |d| d["publish"] = false.into()).await;
        let retired = MockApp::register(&platform, "read", "app-1", |_| {}).await;
        let suspended = MockApp::register(&platform, "read", "app-1", |_| {}).await;
        let retire = format!("/apps/{}/contracts/{}/retire", retired.id, retired.contract_id);
        let _ = platform.operator().call(Method::POST, &retire, None).await.ok();
        let suspend = format!("/apps/{}/suspend", suspended.id);
        let _ = platform.operator().call(Method::POST, &suspend, None).await.ok();
        let before = platform.contents().await;
        for door in [READS, WRITES] {
            assert_eq!(present(&platform, &door, &true_token(&draft)).await, "404 InvalidContractId");
            assert_eq!(present(&platform, &door, &true_token(&retired)).await, "404 InvalidContractId");
            let answer = present(&platform, &door, &true_token(&suspended)).await;
            assert_eq!(answer, "403 InvalidConsentAccessApplication");
        }
        platform.holds_the_same(&before).await;
        let reinstate = format!("/apps/{}/reinstate", suspended.id);
        let _ = platform.operator().call(Method::POST, &reinstate, None).await.ok();
        assert_eq!(present(&platform, &READS, &true_token(&suspended)).await, "200");
    }

    async fn only_the_code_flow_with_a_hashed_challenge_is_spoken(platform: TestPlatform) {
        let app = platform.app("read").await;
        let before = platform.contents().await;
        for (claim, value) in [
            ("response_type", json!("token")),
            ("response_type", json!("code token")),
            ("response_type", json!("id_token")),
            ("response_type", json!("")),
            ("response_type", json!(["code"])),
            ("response_mode", json!("fragment")),
            ("response_mode", json!("form_post")),
            ("response_mode", json!("web_message")),
            ("code_challenge_method", json!("plain")),
            ("code_challenge_method", json!("s256")),
            ("code_challenge_method", Value::Null),
            ("code_challenge", json!("")),
            ("code_challenge", json!(&CHALLENGE[1..])),
            ("code_challenge", json!(format!("{CHALLENGE}a"))),
            ("code_challenge", json!(format!("{CHALLENGE}="))),
            ("code_challenge", json!(CHALLENGE.replace('-', "+"))),
            ("code_challenge", Value::Null),
            ("code_challenge", json!(7)),
            ("state", json!("s".repeat(4097))),
            ("state", json!(7)),
            ("state", Value::Null),
        ] {
            let answer = with(&platform, &WRITES, &app, claim, Some(value.clone())).await;
            assert_eq!(answer, "400 InvalidRequest", "{claim}: {value}");
        }
        for claim in ["code_challenge", "code_challenge_method", "redirect_uri"] {
            assert_eq!(with(&platform, &WRITES, &app, claim, None).await, "400 InvalidRequest", "no {claim}");
        }
        platform.holds_the_same(&before).await;
        for claim in ["response_type", "response_mode", "state"] {
            assert_eq!(with(&platform, &WRITES, &app, claim, None).await, "200", "no {claim}");
        }
        let answer = with(&platform, &WRITES, &app, "colour", Some(json!({ "of": ["the", "sea"] }))).await;
        assert_eq!(answer, "200", "claims to come");
    }

    async fn tokens_are_given_for_codes_and_refresh_tokens_alone(platform: TestPlatform) {
        let app = platform.app("read").await;
        let before = platform.contents().await;
        for (expected, more) in [
            ("400 InvalidGrant", json!({ "grant_type": "password", "username": "ada", "password": "x" })),
            ("400 InvalidGrant", json!({ "grant_type": "client_credentials" })),
            ("400 InvalidGrant", json!({ "grant_type": "implicit" })),
            ("400 InvalidGrant", json!({ "grant_type": "" })),
            ("400 InvalidGrant", json!({ "grant_type": "AUTHORIZATION_CODE" })),
            ("400 InvalidRequest", json!({})),
            ("400 InvalidRequest", json!({ "grant_type": null })),
            ("400 InvalidRequest", json!({ "grant_type": ["refresh_token"] })),
            ("400 InvalidRequest", json!({ "grant_type": "authorization_code" })),
            (
                "400 InvalidRequest",
                json!({ "grant_type": "authorization_code", "code": 7, "code_verifier": "v" }),
            ),
            (
                "400 InvalidGrant",
                json!({ "grant_type": "authorization_code", "code": "x", "code_verifier": "v" }),
            ),
            ("400 InvalidRequest", json!({ "grant_type": "refresh_token" })),
            ("400 InvalidRequest", json!({ "grant_type": "refresh_token", "refresh_token": null })),
            // A token that is dead or none is the one thing that 401 stands for.
            ("401 InvalidToken", json!({ "grant_type": "refresh_token", "refresh_token": "x" })),
        ] {
            let mut claims = app.client.claims();
            claims.extend(more.as_object().unwrap().clone());
            let answer = present(&platform, &TOKEN, &app.client.signed(&claims).unwrap()).await;
            assert_eq!(answer, expected, "{more}");
        }
        platform.holds_the_same(&before).await;
    }

    async fn browsers_are_sent_to_registered_addresses_letter_by_letter(platform: TestPlatform) {
        let home = "https://tidemark.example/callback?from=consent";
        let app = MockApp::register(&platform, "read", "app-1", |document| {
            document["redirectUris"] = json!([home, MockApp::CALLBACK, "digime-ca-tidemark://auth"]);
        })
        .await;
        let shared = app.onboards(&platform, &[16]).await;
        // A token's first use is a fact that is kept.
        app.client.accounts(&shared.tokens.access.value).await.unwrap();
        let before = platform.contents().await;
        for uri in elsewhere() {
            let answer = with(&platform, &WRITES, &app, "redirect_uri", Some(uri.into())).await;
            assert_eq!(answer, "400 InvalidRedirectUri", "{uri}");
            let mut claims = app.client.claims();
            claims.insert("access_token".to_owned(), shared.tokens.access.value.expose().into());
            claims.insert("redirect_uri".to_owned(), uri.into());
            let reference = (Method::POST, "/v1.7/oauth/token/reference");
            let answer = present(&platform, &reference, &app.client.signed(&claims).unwrap()).await;
            assert_eq!(answer, "400 InvalidRedirectUri", "{uri}");
        }
        for uri in [Value::Null, json!([home]), json!({ "uri": home }), json!(7)] {
            let answer = with(&platform, &WRITES, &app, "redirect_uri", Some(uri.clone())).await;
            assert_eq!(answer, "400 InvalidRequest", "{uri}");
        }
        platform.holds_the_same(&before).await;
        for uri in [home, MockApp::CALLBACK, "digime-ca-tidemark://auth"] {
            let answer = with(&platform, &WRITES, &app, "redirect_uri", Some(uri.into())).await;
            assert_eq!(answer, "200", "{uri}");
        }
    }

    async fn bodies_as_odd_as_sdks_send_them_are_understood_and_others_refused(platform: TestPlatform) {
        let app = platform.app("read").await;
        let before = platform.contents().await;
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        for body in [
            &b"{"[..],
            b"agent=js",
            b"null",
            b"7",
            b"\"{}\"",
            b"{} {}",
            b"{\"actions\":7}",
            b"{\"actions\":{\"pull\":{\"scope\":{\"timeRanges\":[{\"from\":\"yesterday\"}]}}}}",
            b"{\"actions\":{},\"actions\":{}}",
            b"\xff\xfe{}",
            b"\x00",
            deep.as_bytes(),
        ] {
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            let request =
                request(&platform, &WRITES, &true_token(&app)).header("content-type", "application/json");
            let response = request.body(body.to_vec()).send().await.unwrap();
            assert_ne!(response.status(), 200, "{shown}");
            let answer = refusal(response).await;
            assert_eq!(answer.outcome(), "400 ValidationErrors", "{shown}");
        }
        platform.holds_the_same(&before).await;

        for body in [
            json!({ "agent": { "sdk": { "name": "a", "version": "b", "meta": { "node": "c" } } }, "more": [[{}]] }),
            json!({ "actions": { "pull": { "accept": { "compression": "gzip" }, "colour": "blue", "scope": null } } }),
            json!({}),
        ] {
            let request = request(&platform, &WRITES, &true_token(&app)).json(&body);
            assert_eq!(request.send().await.unwrap().status(), 200, "{body}");
        }
        let unknown = request(&platform, &WRITES, &true_token(&app)).body(format!("{{\"colour\":{deep}}}"));
        assert_eq!(unknown.send().await.unwrap().status(), 200, "nobody looks into it");
    }

    async fn headers_as_odd_as_sdks_send_them_are_no_obstacle(platform: TestPlatform) {
        let app = platform.app("read").await;
        for door in [READS, WRITES] {
            let json =
                request(&platform, &door, &true_token(&app)).header("content-type", "application/json");
            assert_eq!(json.send().await.unwrap().status(), 200, "JSON announced, nothing sent");
            let accepting = request(&platform, &door, &true_token(&app));
            let accepting =
                accepting.header("accept", "application/json").header("accept", "application/octet-stream");
            assert_eq!(accepting.send().await.unwrap().status(), 200, "two Accept headers");
            for scheme in ["bearer", "BEARER"] {
                let value = format!("{scheme} {}", true_token(&app));
                let spelt = platform.http().request(door.0.clone(), format!("{}{}", platform.url, door.1));
                let answer = spelt.header(AUTHORIZATION, value).send().await.unwrap();
                assert_eq!(answer.status(), 200, "{scheme}");
            }
            let kilobytes =
                request(&platform, &door, &true_token(&app)).header("x-postbox-metadata", "m".repeat(30_000));
            assert_eq!(kilobytes.send().await.unwrap().status(), 200, "32 KiB of headers");
        }
    }

    async fn a_refusal_repeats_no_secret(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let secrets = [
            shared.tokens.access.value.expose(),
            shared.tokens.refresh.value.expose(),
            shared.session.key.expose(),
            &app.api_key,
            "a-verifier-that-only-its-app-knows-0123456789",
        ];
        let mut all = claims(&app);
        for (name, secret) in
            ["access_token", "refresh_token", "code", "state", "code_verifier"].iter().zip(secrets)
        {
            all.insert((*name).to_owned(), secret.into());
        }
        let wrong = [
            ("timestamp", json!(1)),
            ("nonce", json!(secrets[3])),
            ("client_id", json!(secrets[3])),
            ("redirect_uri", Value::Null),
            ("grant_type", json!(secrets[0])),
            ("code_challenge", json!(secrets[4])),
        ];
        for door in [READS, WRITES, TOKEN, (Method::POST, "/v1.7/permission-access/trigger")] {
            for (claim, value) in &wrong {
                let mut claims = all.clone();
                claims.insert("nonce".to_owned(), hex(&app.ambient().random::<16>()).into());
                claims.insert((*claim).to_owned(), value.clone());
                let token = app.client.signed(&claims).unwrap();
                let forged = format!("{}A", &token[..token.len() - 1]);
                for token in [token, forged] {
                    let request = request(&platform, &door, &token).body(secrets.join(" "));
                    let response = request.send().await.unwrap();
                    if response.status() == 200 {
                        continue; // A claim that this door does not look at.
                    }
                    let told = refusal(response).await.told;
                    for secret in secrets {
                        assert!(!told.contains(secret), "{} {claim}: {told}", door.1);
                    }
                }
            }
        }
    }

    async fn what_a_refusal_repeats_cannot_become_a_header(platform: TestPlatform) {
        let app = platform.app("read").await;
        let uri = "https://x.example/\r\nSet-Cookie: a=b\r\n\r\n<script>é";
        let mut claims = claims(&app);
        claims.insert("redirect_uri".to_owned(), uri.into());
        let token = app.client.signed(&claims).unwrap();
        let response = request(&platform, &WRITES, &token).send().await.unwrap();
        assert!(response.headers().get("set-cookie").is_none());
        let shown = response.headers()["x-error-message"].to_str().unwrap().to_owned();
        assert!(shown.contains("https://x.example/??Set-Cookie: a=b????<script>?"), "{shown}");
        assert_eq!(refusal(response).await.outcome(), "400 InvalidRedirectUri");
    }
}

/// What one kept request for consent adds to the tables.
const REQUEST: [(&str, isize); 3] = [("authorization_request", 1), ("nonce", 1), ("session", 1)];

/// Values of the Authorization header without a true signature of the contract.
fn unsigned(app: &MockApp) -> Vec<(&'static str, Option<String>)> {
    let (mine, payload) = (private_key("app-1"), text(&claims(app)));
    let secret = |secret: &str| EncodingKey::from_secret(secret.as_bytes());
    let public = fixture("keys/app-1.public.pem");
    let key = RsaPublicKey::parse_pem(&public).unwrap();
    let [der, older_der] = [public.clone(), key.to_pkcs1_pem()].map(|pem| der_of(&pem));
    let servers = EncodingKey::from_rsa_pem(fixture("keys/server-tokens.pem").as_bytes()).unwrap();
    let good = true_token(app);
    let [head, body, signature] = parts(&good);
    let other = base64url(text(&claims(app)).as_bytes());
    let with_alg = |alg: &str| format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
    let bearer = |token: String| Some(format!("Bearer {token}"));
    let hs512 = |key: &[u8]| {
        bearer(token(&EncodingKey::from_secret(key), Algorithm::HS512, &with_alg("HS512"), &payload))
    };
    let none = |alg: &str| format!("{}.{body}.", base64url(with_alg(alg).as_bytes()));
    let long = json!({ "padding": "p".repeat(40 * 1024) });
    let flipped: String = signature.chars().rev().collect();
    vec![
        ("no header", None),
        ("an empty header", Some(String::new())),
        ("no token", Some("Bearer".to_owned())),
        ("an empty token", Some("Bearer ".to_owned())),
        ("not bearer", Some(format!("Basic {good}"))),
        ("no scheme", Some(good.clone())),
        ("garbage", bearer("garbage".to_owned())),
        ("bytes beyond ASCII", bearer("é".repeat(40))),
        ("alg none", bearer(none("none"))),
        ("alg NONE", bearer(none("NONE"))),
        ("alg none with the signature", bearer(format!("{}{signature}", none("none")))),
        ("alg PS512 without signature", bearer(format!("{head}.{body}."))),
        (
            "HS512 keyed with the public key",
            bearer(token(&secret(&public), Algorithm::HS512, &with_alg("HS512"), &payload)),
        ),
        (
            "HS512 keyed with the trimmed public key",
            bearer(token(&secret(public.trim()), Algorithm::HS512, &with_alg("HS512"), &payload)),
        ),
        ("HS512 keyed with the public key in DER", hs512(&der)),
        ("HS512 keyed with the public key in the older DER", hs512(&older_der)),
        ("HS512 keyed with what the public key is known by", hs512(key.thumbprint().as_bytes())),
        ("HS512 keyed with nothing", hs512(b"")),
        ("the key of the server", bearer(token(&servers, Algorithm::PS512, PS512, &payload))),
        ("HS512 that calls itself PS512", bearer(token(&secret(&public), Algorithm::HS512, PS512, &payload))),
        ("RS256", bearer(token(&mine, Algorithm::RS256, &with_alg("RS256"), &payload))),
        ("RS512", bearer(token(&mine, Algorithm::RS512, &with_alg("RS512"), &payload))),
        ("RS512 that calls itself PS512", bearer(token(&mine, Algorithm::RS512, PS512, &payload))),
        ("PS256", bearer(token(&mine, Algorithm::PS256, &with_alg("PS256"), &payload))),
        ("PS384", bearer(token(&mine, Algorithm::PS384, &with_alg("PS384"), &payload))),
        ("PS256 that calls itself PS512", bearer(token(&mine, Algorithm::PS256, PS512, &payload))),
        (
            "PS512 that calls itself ps512",
            bearer(token(&mine, Algorithm::PS512, &with_alg("ps512"), &payload)),
        ),
        ("the wrong key", bearer(token(&private_key("app-2"), Algorithm::PS512, PS512, &payload))),
        ("another payload", bearer(format!("{head}.{other}.{signature}"))),
        ("another header", bearer(format!("{}.{body}.{signature}", base64url(br#"{"alg":"PS512"}"#)))),
        ("another signature", bearer(format!("{head}.{body}.{flipped}"))),
        ("half a signature", bearer(format!("{head}.{body}.{}", &signature[..signature.len() / 2]))),
        ("40 KB", bearer(token(&mine, Algorithm::PS512, PS512, &text(&merged(&claims(app), &long))))),
        ("two parts", bearer(format!("{head}.{body}"))),
        ("four parts", bearer(format!("{good}.{signature}"))),
        ("five parts", bearer(format!("{good}.{head}.{signature}"))),
        ("only dots", bearer("..".to_owned())),
        ("two tokens", bearer(format!("{good}, Bearer {good}"))),
    ]
}

/// Tokens that the right key signed, and that should not have been written like this.
fn ambiguous(app: &MockApp) -> Vec<(&'static str, String)> {
    let mine = private_key("app-1");
    let sign = |header: &str, payload: &str| token(&mine, Algorithm::PS512, header, payload);
    let raw = |head: &str, body: &str| {
        let signed = format!("{head}.{body}");
        let signature = crypto::sign(signed.as_bytes(), &mine, Algorithm::PS512).unwrap();
        format!("{signed}.{signature}")
    };
    let mut claims = claims(app);
    // Lengths that leave bits over in the last character.
    while text(&claims).len().is_multiple_of(3) {
        claims.insert("p".repeat(claims.len()), 0.into());
    }
    let payload = text(&claims);
    let (head, body) = (base64url(PS512.as_bytes()), base64url(payload.as_bytes()));
    let odd_head = base64url(br#"{"alg":"PS512","typ":"JWT" }"#);
    let good = raw(&head, &body);
    let [_, _, signature] = parts(&good);
    let inside = |member: &str| format!("{},{member}}}", &payload[..payload.len() - 1]);
    let nested = |levels: usize| inside(&format!(r#""x":{}{}"#, "[".repeat(levels), "]".repeat(levels)));
    vec![
        ("padding behind the signature", format!("{good}==")),
        ("padding behind the header", raw(&format!("{odd_head}=="), &body)),
        ("padding behind the payload", raw(&head, &format!("{body}="))),
        ("bits left over in the header", raw(&bits_left_over(&odd_head), &body)),
        ("bits left over in the payload", raw(&head, &bits_left_over(&body))),
        ("bits left over in the signature", format!("{head}.{body}.{}", bits_left_over(signature))),
        (
            "the other alphabet",
            raw(&head, &base64url(inside(r#""x":"???>>>""#).as_bytes()).replace(['-', '_'], "+")),
        ),
        ("a line break inside", raw(&head, &format!("{}%0A{}", &body[..8], &body[8..]))),
        ("a member twice in the header", sign(r#"{"alg":"PS512","typ":"JWT","alg":"PS512"}"#, &payload)),
        ("two algorithms", sign(r#"{"alg":"none","alg":"PS512"}"#, &payload)),
        ("a member twice, spelt differently", sign(r#"{"alg":"PS512","\u0061lg":"PS512"}"#, &payload)),
        ("a member twice in the payload", sign(PS512, &inside(r#""client_id":"app_contract""#))),
        ("a member twice further down", sign(PS512, &inside(r#""x":[{"a":{"b":1,"b":2}}]"#))),
        ("a member twice further down in the header", sign(r#"{"alg":"PS512","x":{"a":1,"a":1}}"#, &payload)),
        ("a payload that is a list", sign(PS512, "[]")),
        ("a payload that is text", sign(PS512, &json!(payload).to_string())),
        ("a payload that is a token", sign(PS512, &good)),
        ("a payload that is base64", sign(PS512, &body)),
        ("a token that says so", sign(r#"{"alg":"PS512","typ":"JWT","cty":"JWT"}"#, &good)),
        ("a payload that is a number", sign(PS512, "7")),
        ("a payload that is null", sign(PS512, "null")),
        ("no payload", sign(PS512, "")),
        ("two payloads", sign(PS512, &format!("{payload}{payload}"))),
        ("a payload that is no text", raw(&head, &base64url(b"{\"client_id\":\"\xff\"}"))),
        ("a header that is a list", sign(r#"["PS512"]"#, &payload)),
        ("no header", sign("", &payload)),
        ("no algorithm", sign(r#"{"typ":"JWT"}"#, &payload)),
        ("an algorithm that is a list", sign(r#"{"alg":["PS512"]}"#, &payload)),
        ("an algorithm that is null", sign(r#"{"alg":null}"#, &payload)),
        ("a deep payload", sign(PS512, &nested(16))),
        ("a bottomless payload", sign(PS512, &nested(8000))),
        (
            "a deep header",
            sign(&format!(r#"{{"alg":"PS512","x":{}{}}}"#, "[".repeat(2000), "]".repeat(2000)), &payload),
        ),
        ("crit", sign(r#"{"alg":"PS512","crit":["exp"],"exp":1}"#, &payload)),
        ("an empty crit", sign(r#"{"alg":"PS512","crit":[]}"#, &payload)),
        ("an unencoded payload", sign(r#"{"alg":"PS512","b64":false,"crit":["b64"]}"#, &payload)),
        ("a packed payload", sign(r#"{"alg":"PS512","zip":"DEF"}"#, &payload)),
        ("another type", sign(r#"{"alg":"PS512","typ":"at+jwt"}"#, &payload)),
        ("a type that is no text", sign(r#"{"alg":"PS512","typ":7}"#, &payload)),
    ]
}

/// Addresses that resemble the registered ones.
fn elsewhere() -> [&'static str; 34] {
    [
        "",
        " ",
        "https://tidemark.example",
        "https://tidemark.example/",
        "https://tidemark.example/call",
        "https://tidemark.example/callback",
        "https://tidemark.example/callback/",
        "https://tidemark.example/callbacks?from=consent",
        "https://tidemark.example/callback?from=consent&to=attacker",
        "https://tidemark.example/callback?to=attacker&from=consent",
        "https://tidemark.example/callback?from=consent#",
        "https://tidemark.example/callback?from=consent#fragment",
        "https://tidemark.example/callback?from=consent ",
        "https://tidemark.example/callback?from=consent\n",
        "https://tidemark.example/callback?from=c%6Fnsent",
        "https://tidemark.example/x/../callback?from=consent",
        "https://tidemark.example/callback/../../attacker?from=consent",
        "https://tidemark.example//callback?from=consent",
        "https://tidemark.example%2Fcallback?from=consent",
        "https://tidemark.example/%2e%2e/callback?from=consent",
        "https://tidemark.example/Callback?from=consent",
        "https://Tidemark.example/callback?from=consent",
        "HTTPS://tidemark.example/callback?from=consent",
        "https://tidemark.example:443/callback?from=consent",
        "https://tidemark.example:8443/callback?from=consent",
        "https://attacker@tidemark.example/callback?from=consent",
        "https://tidemark.example@attacker.example/callback?from=consent",
        "https://tidemark.example.attacker.example/callback?from=consent",
        "https://tidemark.example\\@attacker.example/callback?from=consent",
        "http://tidemark.example/callback?from=consent",
        "http://localhost:9999/callback",
        "http://127.0.0.1:9998/callback",
        "digime-ca-tidemark://service",
        "javascript:alert(1)",
    ]
}

/// Presents claims of which one was changed or left out, at both doors, and sees that nothing was written.
async fn refuses(platform: &TestPlatform, app: &MockApp, claim: &str, value: Option<Value>, expected: &str) {
    let before = platform.contents().await;
    for door in [READS, WRITES] {
        let answer = with(platform, &door, app, claim, value.clone()).await;
        assert_eq!(answer, expected, "{claim}: {value:?} at {}", door.1);
    }
    platform.holds_the_same(&before).await;
}

/// The outcome when one claim is changed or left out.
async fn with(
    platform: &TestPlatform,
    door: &(Method, &str),
    app: &MockApp,
    claim: &str,
    value: Option<Value>,
) -> String {
    let mut claims = claims(app);
    match value {
        Some(value) => claims.insert(claim.to_owned(), value),
        None => claims.remove(claim),
    };
    present(platform, door, &app.client.signed(&claims).unwrap()).await
}

async fn present(platform: &TestPlatform, door: &(Method, &str), token: &str) -> String {
    knock(platform, door, Some(&format!("Bearer {token}"))).await
}

/// `200`, or status and code of a refusal that has the right shape and repeats nothing of the token.
async fn knock(platform: &TestPlatform, door: &(Method, &str), authorization: Option<&str>) -> String {
    let mut request = platform.http().request(door.0.clone(), format!("{}{}", platform.url, door.1));
    if let Some(value) = authorization {
        request = request.header(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let response = request.timeout(Duration::from_secs(20)).send().await.unwrap();
    if response.status().is_success() {
        return response.status().as_str().to_owned();
    }
    let refusal = refusal(response).await;
    for part in authorization.unwrap_or_default().split(['.', ' ']).filter(|part| part.len() > 20) {
        assert!(!refusal.told.contains(part), "{}", refusal.told);
    }
    refusal.outcome()
}

fn request(platform: &TestPlatform, door: &(Method, &str), token: &str) -> RequestBuilder {
    platform.http().request(door.0.clone(), format!("{}{}", platform.url, door.1)).bearer_auth(token)
}

/// A refusal in digi.me's shape.
struct Refusal {
    status: u16,
    code: String,
    /// Everything that the answer says.
    told: String,
}

impl Refusal {
    fn outcome(&self) -> String {
        format!("{} {}", self.status, self.code)
    }
}

async fn refusal(response: Response) -> Refusal {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.text().await.unwrap();
    let told = format!("{headers:?} {body}");
    assert!((400..500).contains(&status), "{status} {told}");
    assert_eq!(headers["content-type"], "application/json", "{told}");
    assert!(!headers.contains_key("location"), "{told}");
    let json: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{told}"));
    assert_eq!(json.as_object().map(Map::len), Some(1), "{body}");
    let said = |name: &str| json["error"][name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    let (code, message) = (said("code"), said("message"));
    assert!(!message.is_empty() && message.len() < 600, "{body}");
    assert_eq!(headers["x-error-code"].to_str().unwrap(), code);
    assert_eq!(headers["x-error-reference"], headers["x-request-id"]);
    let ascii = message.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(500);
    assert_eq!(headers["x-error-message"].to_str().unwrap(), ascii.collect::<String>());
    Refusal { status, code, told }
}

/// All claims of a request for consent; the other doors tolerate them.
fn claims(app: &MockApp) -> Map<String, Value> {
    let more = json!({
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "redirect_uri": MockApp::CALLBACK,
        "response_mode": "query",
        "response_type": "code",
        "state": "a state",
    });
    merged(&app.client.claims(), &more)
}

fn merged(claims: &Map<String, Value>, more: &Value) -> Map<String, Value> {
    claims.clone().into_iter().chain(more.as_object().unwrap().clone()).collect()
}

fn text(claims: &Map<String, Value>) -> String {
    serde_json::to_string(claims).unwrap()
}

fn header(more: &Value) -> String {
    text(&merged(json!({ "alg": "PS512", "typ": "JWT" }).as_object().unwrap(), more))
}

fn true_token(app: &MockApp) -> String {
    app.client.signed(&claims(app)).unwrap()
}

/// Any header and payload under a signature of any kind, made by another library than the server's.
fn token(key: &EncodingKey, algorithm: Algorithm, header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()));
    let signature = crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

fn private_key(name: &str) -> EncodingKey {
    EncodingKey::from_rsa_pem(fixture(&format!("keys/{name}.private.pem")).as_bytes()).unwrap()
}

/// What PEM says in base64.
fn der_of(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with("--")).collect();
    base64url_decode(lines.trim_end_matches('=').replace('+', "-").replace('/', "_").as_str()).unwrap()
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// The same bytes, spelt with another last character.
fn bits_left_over(base64: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert!(!base64.len().is_multiple_of(4), "nothing is left over");
    let (front, last) = base64.split_at(base64.len() - 1);
    let next = ALPHABET.find(last).unwrap() + 1;
    format!("{front}{}", &ALPHABET[next..=next])
}
