//! Files that a person puts into her library herself, or that an operator puts there for her.

use std::{collections::BTreeSet, path::Path, time::Duration};

use bytes::Bytes;
use consent_client::reqwest::{Body, Method};
use futures_util::{StreamExt, stream};
use harness::{Answer, MockApp, Person, TestPlatform, Yes, fixture, stories};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

const JSON: &str = "application/json";

stories! {
    async fn objects_of_a_known_type_become_mapped_data_and_anything_else_stays_as_it_is(platform: TestPlatform) {
        let (ada, bob) = (platform.person("ada").await, platform.person("bob").await);
        let transactions = fixture("samples/own/transactions.json");
        let (csv, bundle) = (fixture("samples/own/bank.csv"), fixture("samples/own/fhir-bundle.json"));
        for (name, mimetype, content, mapped, objects) in [
            ("transactions.json", JSON, &transactions, true, 12),
            ("bank.csv", "text/csv", &csv, false, 0),
            ("fhir-bundle.json", JSON, &bundle, false, 0),
        ] {
            let hers = ada.uploads(name, mimetype, content.as_str()).await;
            let his = imports(&platform, &bob.id, name, mimetype, content.as_str()).await;
            for answer in [hers, his] {
                assert_eq!(answer.status, 201, "{name}: {}", answer.json);
                let files = answer.json["files"].as_array().unwrap();
                assert!(files.iter().all(|file| file["mapped"] == mapped), "{name}: {}", answer.json);
                let total: u64 = files.iter().filter_map(|file| file["objects"].as_u64()).sum();
                assert_eq!(total, objects, "{name}");
            }
        }
        let reads = platform.app("read").await;
        let raw = raw_app(&platform).await;
        for person in [&ada, &bob] {
            let objects = mapped_objects(&reads, &person.approves(&reads).await).await;
            let expected: Vec<Value> = serde_json::from_str(&transactions).unwrap();
            assert_eq!(objects.len(), expected.len());
            for object in &expected {
                let read = objects.iter().find(|read| read["id"] == object["id"]).expect("her transaction");
                assert_eq!(
                    (&read["amount"], &read["createddate"]),
                    (&object["amount"], &object["createddate"])
                );
                assert!(read["entityid"].is_string() && read["accountentityid"].is_string(), "{read}");
            }
            let files = raw_files(&raw, &person.approves(&raw).await).await;
            let expected = [(JSON, bundle.as_bytes()), ("text/csv", csv.as_bytes())];
            assert_eq!(files, expected.map(|(mimetype, bytes)| (mimetype.to_owned(), bytes.to_vec())));
        }
    }

    async fn what_only_resembles_a_known_type_stays_as_it_is_to_the_byte(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let transactions = fixture("samples/own/transactions.json");
        let without_date = transactions.replacen("\"createddate\":", "\"createdate\":", 1);
        let with_text_date =
            transactions.replacen("\"createddate\":1777623265000", "\"createddate\":\"May\"", 1);
        let cut = &transactions[..transactions.len() - 10];
        let mut expected = BTreeSet::new();
        for (said, kept, content) in [
            (JSON, JSON, "[]"),
            (JSON, JSON, "{}"),
            (JSON, JSON, "null"),
            (JSON, JSON, ""),
            (JSON, JSON, "[[]]"),
            (JSON, JSON, r#"[{"id":"a"}]"#),
            (JSON, JSON, r#"[{"id":"a","createddate":99999999999999999,"amount":1,"currency":"EUR"}]"#),
            (JSON, JSON, &without_date),
            (JSON, JSON, &with_text_date),
            (JSON, JSON, cut),
            ("application/json; charset=utf-8", JSON, "[ ]"),
            ("text/plain", "text/plain", &transactions),
            ("Text/CSV; charset=iso-8859-1", "text/csv", "a;b"),
            ("application/vnd.example+json", "application/vnd.example+json", "[ 1]"),
            ("image/jpeg", "image/jpeg", "\u{ff}\u{d8}\u{0}\u{1}"),
        ] {
            let answer = ada.uploads("odd", said, content).await;
            assert_eq!(answer.status, 201, "{said} {content:.40}: {}", answer.json);
            assert_eq!(answer.json["files"][0]["mapped"], false, "{said} {content:.40}");
            expected.insert((kept.to_owned(), content.as_bytes().to_vec()));
        }
        let url = format!("{}/api/v1/me/files?name=odd", platform.url);
        let plain =
            platform.http().post(&url).bearer_auth(&ada.token).body("no type at all").send().await.unwrap();
        assert_eq!(plain.status(), 201);
        expected.insert(("application/octet-stream".to_owned(), b"no type at all".to_vec()));
        for kind in
            ["garbage", "a/b/c", "/", "text/", "text/plain garbage", &format!("text/{}", "x".repeat(128))]
        {
            let request = platform.http().post(&url).bearer_auth(&ada.token).header("content-type", kind);
            let answer = Answer::of(request.body("x").send().await.unwrap()).await;
            assert_eq!(answer.refusal(), "415 UnsupportedMediaType", "{kind}");
        }
        let raw = raw_app(&platform).await;
        let read: BTreeSet<_> = raw_files(&raw, &ada.approves(&raw).await).await.into_iter().collect();
        assert_eq!(read, expected);
    }

    async fn what_was_kept_stays_when_more_of_the_same_month_comes(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let bank = |bank: &str| {
            let objects: Vec<_> = (1..=3)
                .map(|n| json!({
                    "id": format!("{bank}-{n}"), "createddate": 1_777_623_265_000_i64 + n, "amount": n, "currency": "EUR",
                }))
                .collect();
            serde_json::to_string(&objects).unwrap()
        };
        for name in ["one", "other"] {
            assert_eq!(ada.uploads(name, JSON, bank(name)).await.status, 201);
        }
        let app = platform.app("read").await;
        let objects = mapped_objects(&app, &ada.approves(&app).await).await;
        let ids: BTreeSet<_> = objects.iter().map(|object| object["id"].as_str().unwrap()).collect();
        assert_eq!(ids, BTreeSet::from(["one-1", "one-2", "one-3", "other-1", "other-2", "other-3"]));
    }

    async fn an_app_gets_her_own_files_if_she_says_so_and_then_those_to_come(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let raw = raw_app(&platform).await;
        let with = ada.approves_with(&raw, &json!({ "ownFiles": true })).await;
        let without = ada.approves_with(&raw, &json!({ "ownFiles": false })).await;
        assert_eq!(ada.uploads("later.txt", "text/plain", "later").await.status, 201);
        assert_eq!(raw_files(&raw, &with).await, [("text/plain".to_owned(), b"later".to_vec())]);
        assert_eq!(raw_files(&raw, &without).await, []);
        ada.stops(&with).await;
        assert_eq!(MockApp::outcome(&raw.reads(&with.shared).await), "403 GrantStopped");
        assert_eq!(ada.uploads("last.txt", "text/plain", "last").await.status, 201);
        ada.resumes(&with).await;
        assert_eq!(raw_files(&raw, &with).await.len(), 2);
    }

    async fn somebody_invited_has_no_library_to_put_things_into(platform: TestPlatform) {
        let operator = platform.operator();
        let invited =
            operator.call(Method::POST, "/people", Some(&json!({ "email": "eve@example.org" }))).await.ok();
        assert_eq!(invited["stage"], "invited");
        let id = invited["id"].as_str().unwrap();
        let (before, blobs) = (platform.contents().await, blobs(&platform));
        let answer = imports(&platform, id, "a.txt", "text/plain", "a").await;
        assert_eq!(answer.refusal(), "409 NoLibrary");
        assert!(answer.json["detail"].as_str().unwrap().contains("sign"), "{}", answer.json);
        platform.holds_the_same(&before).await;
        assert_eq!(self::blobs(&platform), blobs);
        let nobody = imports(&platform, "per01hf7yat00000000000000001a", "a.txt", "text/plain", "a").await;
        assert_eq!(nobody.refusal(), "404 PersonNotFound");
        let eve = platform.person("eve").await;
        assert_eq!(eve.id, id, "she is the one who was invited");
        assert_eq!(imports(&platform, id, "a.txt", "text/plain", "a").await.status, 201);
    }

    async fn an_empty_file_is_a_file(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        for mimetype in ["text/plain", JSON] {
            assert_eq!(ada.uploads("empty", mimetype, "").await.status, 201);
        }
        let raw = raw_app(&platform).await;
        let files = raw_files(&raw, &ada.approves(&raw).await).await;
        assert_eq!(files, [(JSON.to_owned(), vec![]), ("text/plain".to_owned(), vec![])]);
    }

    async fn a_name_is_only_a_name(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let accepted = [
            "..",
            ".",
            "../../../../etc/passwd",
            "/etc/passwd",
            "a/b\\c",
            "C:\\x",
            "ünï 😀.txt",
            "صحة.pdf",
            "a;b=c\"d'",
            "<script>alert(1)</script>",
            "%2e%2e%2f",
            "a?b#c&d",
            " ",
            &"ü".repeat(255),
        ];
        let outside: BTreeSet<_> = everything_below(platform.dir.path());
        for name in accepted {
            let answer = uploads_as(&platform, &ada.token, &[("name", name)]).await;
            assert_eq!(answer.status, 201, "{name}: {}", answer.json);
            let kept = answer.json["files"][0]["name"].as_str().unwrap();
            assert_eq!(kept, answer.json["files"][0]["id"], "what goes over the wire is not what she typed");
        }
        let new: Vec<_> = everything_below(platform.dir.path()).difference(&outside).cloned().collect();
        let plain = |path: &String| path.starts_with("blobs/lib0") && !path.contains("..");
        let kept: Vec<_> = new.iter().filter(|path| !path.starts_with("consent.db")).collect();
        assert!(kept.iter().all(|path| plain(path)), "{kept:?}");
        let listed = ada.call(Method::GET, "/me/files", None).await.ok().to_string();
        assert!(!listed.contains("passwd") && !listed.contains("<script>"), "names are sealed: {listed}");

        let before = platform.contents().await;
        for query in [
            &[("name", "a\r\nSet-Cookie: b=c")][..],
            &[("name", "a\0b")],
            &[("name", "\u{7f}")],
            &[("name", "")],
            &[("name", &"x".repeat(256))],
            &[("name", &"x".repeat(3000))],
            &[],
            &[("name", "a"), ("name", "b")],
            &[("name", "a"), ("mimetype", "text/html")],
        ] {
            let answer = uploads_as(&platform, &ada.token, query).await;
            assert_eq!(answer.refusal(), "422 ValidationErrors", "{query:?}: {}", answer.json);
            assert!(answer.json["errors"][0]["field"].is_string(), "{}", answer.json);
        }
        platform.holds_the_same(&before).await;

        let raw = raw_app(&platform).await;
        let yes = ada.approves(&raw).await;
        let (session, list) = raw.reads(&yes.shared).await.unwrap();
        assert_eq!(list.files.len(), accepted.len());
        for entry in &list.files {
            let safe = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
            assert!(entry.name.bytes().all(safe), "{}", entry.name);
            raw.client.fetch(&yes.shared.tokens.access.value, &session.key, &entry.name).await.unwrap();
        }
    }

    async fn a_file_that_is_too_large_is_refused_and_nothing_of_it_kept(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let limit = 11 * 1024 * 1024;
        let small =
            platform.replica_with(|config| config.limits.upload_bytes = "11MiB".parse().unwrap()).await;
        let (before, kept) = (platform.contents().await, blobs(&platform));
        let operator = platform.operator().token().to_owned();
        let import = format!("/api/v1/people/{}/files", ada.id);
        for (path, token) in [("/api/v1/me/files", &ada.token), (import.as_str(), &operator)] {
            for kind in ["application/octet-stream", JSON] {
                // Announced: refused before it comes.
                let answer = announces(&small, path, token, kind, limit + 1).await;
                assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
                assert!(answer.contains("PayloadTooLarge"), "{answer}");
                // Not announced: refused when there is too much of it.
                let pieces = stream::iter(
                    (0..=limit / 65536).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 65536]))),
                );
                let url = format!("{}{path}?name=large", small.url);
                let request = small.http().post(url).bearer_auth(token).header("content-type", kind);
                // The answer may overtake the body.
                if let Ok(response) = request.body(Body::wrap_stream(pieces)).send().await {
                    assert_eq!(Answer::of(response).await.refusal(), "413 PayloadTooLarge");
                }
            }
        }
        until(|| blobs(&platform) == kept).await;
        platform.holds_the_same(&before).await;
        let fits = vec![b'x'; limit];
        let url = format!("{}/api/v1/me/files?name=fits", small.url);
        let response = small.http().post(url).bearer_auth(&ada.token).body(fits).send().await.unwrap();
        assert_eq!(response.status(), 201, "just as long as is allowed");
    }

    async fn an_upload_that_breaks_off_leaves_nothing(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let (before, kept) = (platform.contents().await, blobs(&platform));
        for kind in ["application/octet-stream", JSON] {
            // So much that some of it has reached the disk when the rest does not come.
            let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
            let pieces =
                stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
            let url = format!("{}/api/v1/me/files?name=half", platform.url);
            let request = platform.http().post(url).bearer_auth(&ada.token).header("content-type", kind);
            let upload = tokio::spawn(request.body(Body::wrap_stream(pieces.boxed())).send());
            for _ in 0..200 {
                sender.send(Ok(Bytes::from(vec![b' '; 65536]))).await.unwrap();
            }
            if kind != JSON {
                until(|| blobs(&platform) != kept).await;
            }
            sender.send(Err(std::io::Error::other("the cable"))).await.unwrap();
            assert!(upload.await.unwrap().is_err());
            until(|| blobs(&platform) == kept).await;
            platform.holds_the_same(&before).await;
        }
        // Fewer bytes than announced.
        let mut stream = TcpStream::connect(platform.url.trim_start_matches("http://")).await.unwrap();
        let head = head("/api/v1/me/files", &ada.token, "text/plain", 1000);
        stream.write_all(format!("{head}only this").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
        platform.holds_the_same(&before).await;
        assert_eq!(blobs(&platform), kept);
        assert_eq!(ada.uploads("whole", "text/plain", "whole").await.status, 201, "the next one is fine");
    }

    async fn nobody_uploads_who_is_not_signed_in(platform: TestPlatform) {
        let mut ada = platform.person("ada").await;
        let first = ada.token.clone();
        let _ = ada.signs_in(Person::PASSWORD).await.ok();
        let signed_out = ada.token.clone();
        let _ = ada.call(Method::POST, "/sign-out", None).await.ok();
        let (before, kept) = (platform.contents().await, blobs(&platform));
        for token in [signed_out.as_str(), "csi_AAAA", "", platform.operator().token()] {
            let answer = uploads_as(&platform, token, &[("name", "a.txt")]).await;
            assert_eq!(answer.refusal(), "401 Unauthorized", "{token}");
        }
        let url = format!("{}/api/v1/people/{}/files?name=a", platform.url, ada.id);
        let hers = platform.http().post(url).bearer_auth(&first).body("a").send().await.unwrap();
        assert_eq!(Answer::of(hers).await.refusal(), "401 Unauthorized", "that door is the operator's");
        platform.holds_the_same(&before).await;
        assert_eq!(blobs(&platform), kept);
        assert_eq!(
            uploads_as(&platform, &first, &[("name", "a.txt")]).await.status,
            201,
            "elsewhere she still is"
        );
    }
}

/// An app that reads all raw files.
async fn raw_app(platform: &TestPlatform) -> MockApp {
    MockApp::register(platform, "read-raw", "app-1", |document| {
        document["scope"] = json!({});
        document["ongoing"] = true.into();
    })
    .await
}

/// All objects that an app reads.
async fn mapped_objects(app: &MockApp, yes: &Yes) -> Vec<Value> {
    let (session, list) = app.reads(&yes.shared).await.unwrap();
    let mut objects = Vec::new();
    for entry in &list.files {
        let file =
            app.client.fetch(&yes.shared.tokens.access.value, &session.key, &entry.name).await.unwrap();
        let read: Vec<Value> = serde_json::from_slice(&file.bytes).unwrap();
        assert_eq!(file.metadata["objectCount"], read.len());
        objects.extend(read);
    }
    objects
}

/// Media type and content of all raw files that an app reads, sorted.
async fn raw_files(app: &MockApp, yes: &Yes) -> Vec<(String, Vec<u8>)> {
    let (session, list) = app.reads(&yes.shared).await.unwrap();
    let mut files = Vec::new();
    for entry in &list.files {
        let file =
            app.client.fetch(&yes.shared.tokens.access.value, &session.key, &entry.name).await.unwrap();
        files.push((file.metadata["mimetype"].as_str().unwrap().to_owned(), file.bytes.clone()));
    }
    files.sort();
    files
}

/// What the operator does for a person.
async fn imports(platform: &TestPlatform, person: &str, name: &str, mimetype: &str, content: &str) -> Answer {
    let url = format!("{}/api/v1/people/{person}/files?name={name}", platform.url);
    let request = platform.http().post(url).bearer_auth(platform.operator().token());
    let request = request.header("content-type", mimetype).body(content.to_owned());
    Answer::of(request.send().await.unwrap()).await
}

/// A small upload with any query.
async fn uploads_as(platform: &TestPlatform, token: &str, query: &[(&str, &str)]) -> Answer {
    let mut url: consent_client::Url = format!("{}/api/v1/me/files", platform.url).parse().unwrap();
    url.query_pairs_mut().extend_pairs(query);
    let request = platform.http().post(url).bearer_auth(token).header("content-type", "text/plain");
    Answer::of(request.body("content").send().await.unwrap()).await
}

/// The answer to a request that announces a body and sends none.
async fn announces(platform: &TestPlatform, path: &str, token: &str, kind: &str, length: usize) -> String {
    let mut stream = TcpStream::connect(platform.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(head(path, token, kind, length).as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let mut read = 0;
    while !String::from_utf8_lossy(&answer[..read]).contains('}') {
        let more = stream.read(&mut answer[read..]).await.unwrap();
        assert!(more > 0, "{}", String::from_utf8_lossy(&answer[..read]));
        read += more;
    }
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

fn head(path: &str, token: &str, kind: &str, length: usize) -> String {
    format!(
        "POST {path}?name=announced HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// Whatever lies in the store of sealed files, half-written ones included.
fn blobs(platform: &TestPlatform) -> BTreeSet<String> {
    let below = everything_below(platform.dir.path());
    below.into_iter().filter(|path| path.starts_with("blobs/") && path.matches('/').count() > 1).collect()
}

fn everything_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            found.insert(entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            if entry.path().is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    found
}

/// Waits for what the server does in its own time.
async fn until(is_so: impl Fn() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(30), async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    patience.await.expect("it comes about");
}
