//! Signatures, with the `openssl` command as the other side.

use std::{fs, path::Path, process::Command};

use consent_client::reqwest::Method;
use consent_crypto::{
    JwsError, RsaPrivateKey, Unverified,
    digest::{base64_decode, base64url, base64url_decode, hex, hex_decode, sha256},
    jws,
};
use harness::{MockApp, Tool, fixture, stories};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{listing, output};

const PS512: [&str; 4] = ["-sha512", "rsa_padding_mode:pss", "rsa_pss_saltlen:64", "rsa_mgf1_md:sha512"];

/// What nearly is PS512. 190 bytes are the longest salt for a key of 2048 bits.
const OTHERS: [[&str; 4]; 9] = [
    ["-sha512", "rsa_padding_mode:pss", "rsa_pss_saltlen:0", "rsa_mgf1_md:sha512"],
    ["-sha512", "rsa_padding_mode:pss", "rsa_pss_saltlen:32", "rsa_mgf1_md:sha512"],
    ["-sha512", "rsa_padding_mode:pss", "rsa_pss_saltlen:63", "rsa_mgf1_md:sha512"],
    ["-sha512", "rsa_padding_mode:pss", "rsa_pss_saltlen:65", "rsa_mgf1_md:sha512"],
    ["-sha512", "rsa_padding_mode:pss", "rsa_pss_saltlen:190", "rsa_mgf1_md:sha512"],
    ["-sha512", "rsa_padding_mode:pss", "rsa_pss_saltlen:64", "rsa_mgf1_md:sha256"],
    ["-sha256", "rsa_padding_mode:pss", "rsa_pss_saltlen:64", "rsa_mgf1_md:sha512"],
    ["-sha384", "rsa_padding_mode:pss", "rsa_pss_saltlen:48", "rsa_mgf1_md:sha384"],
    ["-sha256", "rsa_padding_mode:pss", "rsa_pss_saltlen:32", "rsa_mgf1_md:sha256"],
];

#[test]
fn openssl_verifies_what_is_signed_here_as_ps512_and_as_nothing_else() {
    if !Tool::are_here(&[Tool::OpenSsl]) {
        return;
    }
    let token = jws::sign(&key(), &Map::new(), &json!({ "client_id": "app_con" })).unwrap();
    let public = fixture("keys/app-1.public.pem");
    assert!(openssl_verifies(&token, &public, &PS512));
    for other in OTHERS {
        assert!(!openssl_verifies(&token, &public, &other), "{other:?}");
    }
    assert!(!openssl_verifies(&token, &fixture("keys/app-2.public.pem"), &PS512));
}

#[test]
fn what_openssl_signs_verifies_here_with_64_bytes_of_salt_and_no_other_way() {
    if !Tool::are_here(&[Tool::OpenSsl]) {
        return;
    }
    let verified = |parameters: &[&str]| {
        let token = signed_by_openssl(parameters);
        Unverified::parse(&token).unwrap().verify(&[key().public()]).map(|(index, _)| index)
    };
    assert_eq!(verified(&PS512), Ok(0));
    for other in OTHERS {
        assert_eq!(verified(&other), Err(JwsError::Signature), "{other:?}");
    }
    assert_eq!(verified(&["-sha512", "rsa_padding_mode:pkcs1"]), Err(JwsError::Signature));
}

stories! {
    async fn the_lines_of_the_page_sign_a_request(platform: TestPlatform) {
        if !Tool::are_here(&[Tool::OpenSsl]) {
            return;
        }
        let (app, script) = (platform.app("read").await, listing("sh", "openssl dgst"));
        assert_eq!(presents(&app, &script).await, "200 ");
        for salt in ["0", "32", "63", "190"] {
            let other = script.replace("rsa_pss_saltlen:64", &format!("rsa_pss_saltlen:{salt}"));
            assert_ne!(other, script);
            assert_eq!(presents(&app, &other).await, "400 InvalidJWT", "{salt}");
        }
    }

    async fn openssl_verifies_what_the_server_says_with_the_key_it_publishes(platform: TestPlatform) {
        if !Tool::are_here(&[Tool::OpenSsl]) {
            return;
        }
        let app = platform.app("read").await;
        let claims = [
            ("redirect_uri", MockApp::CALLBACK),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        let answer = app.sends(Method::POST, "/v1.7/oauth/authorize", &app.jwt(&claims)).await.ok();
        let token = answer["token"].as_str().unwrap();
        let header = token.split('.').next().unwrap();
        let header: Value = serde_json::from_slice(&base64url_decode(header).unwrap()).unwrap();
        let jku = format!("{}/jwks/oauth", platform.url);
        assert_eq!(header, json!({ "alg": "PS512", "typ": "JWT", "jku": jku, "kid": header["kid"] }));

        let keys = platform.call(Method::GET, "/jwks/oauth", None, None).await.ok();
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
        assert!(openssl_verifies(token, key["pem"].as_str().unwrap(), &PS512));
        let members = format!(r#"{{"e":{},"kty":"RSA","n":{}}}"#, key["e"], key["n"]);
        assert_eq!(key["kid"], base64url(&sha256(members.as_bytes())));
        assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!("RSA"), &json!("PS512"), &json!("sig")));
    }

    async fn openssl_reads_a_certificate_and_the_contract_inside(platform: TestPlatform) {
        if !Tool::are_here(&[Tool::OpenSsl]) {
            return;
        }
        let app = platform.app("read").await;
        let path = format!("/v1.7/permission-access/contract/{}/{}", app.contract_id, app.id);
        let answer = platform.call(Method::GET, &path, None, None).await.ok();
        let folder = tempfile::tempdir().unwrap();
        let openssl = |line: &str| {
            let arguments: Vec<_> = line.split(' ').collect();
            String::from_utf8(output(folder.path(), "openssl", &arguments)).unwrap()
        };
        let der = base64_decode(answer["certificate"].as_str().unwrap()).unwrap();
        fs::write(folder.path().join("der"), der).unwrap();
        openssl("x509 -inform DER -in der -out pem");
        openssl("verify -no_check_time -check_ss_sig -CAfile pem pem");
        let about = openssl("x509 -in pem -noout -subject -serial -text");
        for said in [&format!("CN = {}", app.contract_id), "sha256WithRSAEncryption", "Version: 3"] {
            assert!(about.contains(said), "{said} in {about}");
        }

        let contract = extension(&openssl("asn1parse -in pem"));
        let read: Value = serde_json::from_str(&contract).unwrap();
        let expected = (&json!("5.0.0"), &json!("Tidemark"));
        assert_eq!((&read["schemaVersion"], &read["application"]["name"]), expected);
        let start = platform.inner.ambient.now().timestamp();
        let mut serial = sha256(format!("{start} {contract}").as_bytes())[..16].to_vec();
        serial[0] = serial[0] & 0x3f | 0x40;
        assert!(about.contains(&format!("serial={}", hex(&serial).to_uppercase())), "{about}");
    }
}

fn key() -> RsaPrivateKey {
    RsaPrivateKey::parse_pem(&fixture("keys/app-1.private.pem")).unwrap()
}

/// Algorithm and parameters as options of `openssl dgst`.
fn options<'a>(parameters: &'a [&'a str]) -> Vec<&'a str> {
    let (algorithm, parameters) = parameters.split_first().unwrap();
    [*algorithm].into_iter().chain(parameters.iter().flat_map(|parameter| ["-sigopt", parameter])).collect()
}

fn openssl_verifies(token: &str, public_key: &str, parameters: &[&str]) -> bool {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    put("signed", signed.as_bytes());
    put("signature", &base64url_decode(signature).unwrap());
    put("public.pem", public_key.as_bytes());
    let check = Command::new("openssl")
        .arg("dgst")
        .args(options(parameters))
        .args(["-verify", "public.pem", "-signature", "signature", "signed"])
        .current_dir(folder.path())
        .output();
    let check = check.unwrap();
    let said = String::from_utf8_lossy(&check.stdout).trim().to_owned();
    assert_eq!(said, if check.status.success() { "Verified OK" } else { "Verification failure" });
    check.status.success()
}

/// A token for nobody, signed with the key of the first app.
fn signed_by_openssl(parameters: &[&str]) -> String {
    let folder = with_key(&fixture("keys/app-1.private.pem"));
    let signed = format!("{}.{}", base64url(br#"{"alg":"PS512","typ":"JWT"}"#), base64url(b"{}"));
    fs::write(folder.path().join("signed"), &signed).unwrap();
    let arguments = [&["dgst"], &options(parameters)[..], &["-sign", "app.pem", "signed"]].concat();
    format!("{signed}.{}", base64url(&output(folder.path(), "openssl", &arguments)))
}

/// What the server says to a request that these lines signed.
async fn presents(app: &MockApp, script: &str) -> String {
    let folder = with_key(&app.private_key);
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("header.json", r#"{"alg":"PS512","typ":"JWT"}"#);
    put("claims.json", &serde_json::to_string(&app.client.claims()).unwrap());
    output(folder.path(), "sh", &["-e", "-c", script]);
    let token = read(folder.path(), "token");
    app.sends(Method::GET, "/v1.7/permission-access/contract", &token).await.refusal()
}

fn with_key(private_key: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.pem"), private_key).unwrap();
    folder
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The text in the extension of a contract, out of what `openssl asn1parse` tells.
fn extension(told: &str) -> String {
    let mut lines = told.lines().skip_while(|line| !line.ends_with(":1.2.826.0.1.6861219.1"));
    let (_, value) =
        lines.nth(1).and_then(|line| line.split_once("[HEX DUMP]:")).expect("its value, not critical");
    let value = hex_decode(value).unwrap();
    assert_eq!(value[0], 0x0c, "a UTF8String");
    let length_bytes = if value[1] < 0x80 { 0 } else { usize::from(value[1] & 0x7f) };
    String::from_utf8(value[2 + length_bytes..].to_vec()).unwrap()
}
