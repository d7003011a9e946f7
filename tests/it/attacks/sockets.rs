//! Bytes on a connection that no proper client would send, or would not take so long to send.

use std::time::Duration;

use bytes::Bytes;
use consent_client::reqwest::{Body, Method};
use consent_crypto::digest::base64url_decode;
use futures_util::{StreamExt as _, future::join_all, stream};
use harness::{Answer, TestPlatform, Web, stories};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
};

/// So long the server may take for what it does in its own time.
const PATIENCE: Duration = Duration::from_mins(1);

/// 250 KB of white space and a valid registration of an app, which would do as a body, packed to 333 bytes.
const BOMB: &str = "\
    H4sIAAAAAAAC_-3IwQnCQBAAwFaOfYsF-LIIG1gu9wh6yRGCRMTexTqceU4pAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD_7R1L9haXErd5aj23\
    e5xK1HXZs-6_Htv8zPq65hjndmQfjxafL8KrBBjG0AMA";

async fn connect(platform: &TestPlatform) -> TcpStream {
    TcpStream::connect(platform.url.trim_start_matches("http://")).await.unwrap()
}

/// Everything that is answered until the server closes the connection.
async fn hears_out(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // A connection may also be reset.
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends these bytes and nothing more; hears what comes until the server closes the connection.
async fn sends(platform: &TestPlatform, bytes: &[u8]) -> String {
    let mut stream = connect(platform).await;
    // The answer may overtake the request.
    let _ = stream.write_all(bytes).await;
    hears_out(stream).await
}

fn answers(heard: &str) -> Vec<&str> {
    heard.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect()
}

/// A request whose end two readers would see at different places, and behind it another that signs her out.
fn smuggled(head: &str, body: &str, token: &str) -> Vec<u8> {
    let hidden = format!(
        "POST /api/v1/sign-out HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 0\r\n\r\n"
    );
    format!("{head}{}", body.replace("{hidden}", &hidden)).into_bytes()
}

/// A body of which a part comes and the rest does not, until the sender is dropped.
fn endless(first: &'static [u8]) -> (mpsc::Sender<std::io::Result<Bytes>>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    let rest = stream::unfold(receiver, |mut receiver: mpsc::Receiver<_>| async {
        Some((receiver.recv().await?, receiver))
    });
    let first = std::future::ready(Ok(Bytes::from_static(first)));
    (sender, Body::wrap_stream(stream::once(first).chain(rest).boxed()))
}

stories! {
    async fn a_request_with_two_ends_hides_no_other(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let post = "POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
        let before = platform.contents().await;
        for (what, head, body) in [
            ("two lengths", "Content-Length: 4\r\nContent-Length: 0\r\n", "nope{hidden}"),
            ("two lengths, the other way", "Content-Length: 0\r\nContent-Length: 300\r\n", "{hidden}"),
            ("two lengths in one line", "Content-Length: 0, 300\r\n", "{hidden}"),
            ("a length with a sign", "Content-Length: +0\r\n", "{hidden}"),
            ("a negative length", "Content-Length: -1\r\n", "{hidden}"),
            ("a length that is none", "Content-Length: 0x0\r\n", "{hidden}"),
            ("a length beyond counting", "Content-Length: 99999999999999999999\r\n", "{hidden}"),
            (
                "a length and chunks",
                "Content-Length: 300\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n{hidden}",
            ),
            ("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "nope{hidden}"),
            ("a coding nobody knows", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n{hidden}"),
            ("chunks that are not last", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n{hidden}"),
            (
                "chunks twice",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                "0\r\n\r\n{hidden}",
            ),
            ("a blank in a name", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n{hidden}"),
            ("a line that goes on", "X: y\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n{hidden}"),
            ("a name with a line end", "X\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n{hidden}"),
            ("a null", "Content-Length: 0\0\r\n", "{hidden}"),
            ("a chunk with a sign", "Transfer-Encoding: chunked\r\n", "-1\r\n{hidden}"),
            ("a chunk beyond counting", "Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{hidden}"),
            ("a chunk longer than it says", "Transfer-Encoding: chunked\r\n", "1\r\nxy\r\n0\r\n\r\n{hidden}"),
        ] {
            let heard = sends(&platform, &smuggled(&format!("{post}{head}\r\n"), body, &ada.token)).await;
            let answers = answers(&heard);
            assert_eq!(answers, ["400"], "{what}: {heard}");
        }
        platform.holds_the_same(&before).await;
        assert_eq!(ada.call(Method::GET, "/me", None).await.status, 200, "she is still signed in");
        // Two requests in a row are two requests.
        let head = format!("{post}Content-Length: 4\r\nConnection: keep-alive\r\n\r\n");
        let two = smuggled(&head, "nope{hidden}", &ada.token);
        assert_eq!(answers(&sends(&platform, &two).await), ["400", "204"]);
        assert_eq!(ada.call(Method::GET, "/me", None).await.status, 401);
    }

    async fn heads_that_are_too_large_or_none_are_refused(platform: TestPlatform) {
        let before = platform.contents().await;
        let line = "x".repeat(200 * 1024);
        for (what, bytes) in [
            ("a long header", format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {line}\r\n\r\n")),
            ("a header without an end", format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {line}")),
            (
                "many headers",
                format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "x-y: z\r\n".repeat(5_000)),
            ),
            ("a long path", format!("GET /{line} HTTP/1.1\r\nHost: x\r\n\r\n")),
            ("a long method", format!("{line} / HTTP/1.1\r\nHost: x\r\n\r\n")),
            ("another version", "GET /healthz HTTP/7.3\r\nHost: x\r\n\r\n".to_owned()),
            ("no request", "\u{1}\u{2}\u{3}\u{16}\u{3}\r\n\r\n".to_owned()),
            ("the beginning of TLS", "\u{16}\u{3}\u{1}\0\u{1}\r\n\r\n".to_owned()),
        ] {
            let heard = sends(&platform, bytes.as_bytes()).await;
            assert!(answers(&heard).iter().all(|status| status.starts_with('4')), "{what}: {heard:.300}");
        }
        platform.holds_the_same(&before).await;
        assert_eq!(platform.call(Method::GET, "/healthz", None, None).await.status, 200);
    }

    async fn who_does_not_finish_what_she_asks_is_cut_off_and_keeps_nobody_waiting(platform: TestPlatform) {
        // On a connection of its own: one that was kept may be closed in the meantime.
        let served = async || {
            let heard =
                sends(&platform, b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
            assert_eq!(answers(&heard), ["200"], "{heard}");
        };
        let mut idle = Vec::new();
        for number in 0..200 {
            let mut stream = connect(&platform).await;
            let half = ["", "G", "GET /healthz HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "];
            let _ = stream.write_all(half[number % half.len()].as_bytes()).await;
            idle.push(stream);
        }
        served().await;
        for heard in join_all(idle.into_iter().map(hears_out)).await {
            assert!(answers(&heard).iter().all(|status| *status == "408"), "{heard}");
        }
        served().await;
    }

    async fn bodies_that_do_not_come_keep_nobody_waiting_and_leave_nothing(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let (before, mut held) = (platform.contents().await, Vec::new());
        // More than there are connections to the database.
        for number in 0..24 {
            let path = ["/api/v1/me/files?name=slow", "/api/v1/me/accounts", "/api/v1/sign-in"][number % 3];
            let (sender, body) = endless(b"{\"sourceId\": 16, ");
            let request = platform.http().post(format!("{}{path}", platform.url)).bearer_auth(&ada.token);
            let request = request.header("content-type", "application/json").body(body);
            held.push((sender, tokio::spawn(request.send())));
        }
        for _ in 0..3 {
            assert_eq!(ada.call(Method::GET, "/me/files", None).await.status, 200);
            let body = json!({ "email": ada.email, "password": "a wrong password" });
            let guess = platform.call(Method::POST, "/api/v1/sign-in", None, Some(&body)).await;
            assert_eq!(guess.refusal(), "401 WrongCredentials", "who writes does not wait either");
        }
        assert!(held.iter().all(|(_, request)| !request.is_finished()), "they are still sending");
        for (sender, request) in held {
            sender.send(Err(std::io::Error::other("the cable"))).await.unwrap();
            assert!(request.await.unwrap().is_err());
        }
        harness::rows::settled(&platform.inner.db).await;
        let grown = platform.contents().await.grown_since(&before);
        assert!(grown.iter().all(|(table, _)| table.contains("attempt")), "{grown:?}");
    }

    async fn a_packed_body_is_not_unpacked(platform: TestPlatform) {
        let bomb = base64url_decode(BOMB).unwrap();
        let ada = platform.person("ada").await;
        let (operator, before) = (platform.operator().token().to_owned(), platform.contents().await);
        for coding in ["gzip", "x-gzip", "deflate", "br", "zstd", "identity, gzip", "gzip, gzip"] {
            for (path, token) in [
                ("/apps", operator.as_str()),
                ("/people", &operator),
                ("/me/password", &ada.token),
                ("/sign-in", ""),
            ] {
                let request =
                    platform.http().post(format!("{}/api/v1{path}", platform.url)).bearer_auth(token);
                let request = request.header("content-type", "application/json").body(bomb.clone());
                let answer = request.header("content-encoding", coding).send().await.unwrap();
                assert_eq!(Answer::of(answer).await.status, 400, "{coding} {path}");
            }
        }
        platform.holds_the_same(&before).await;
        // A file is what it is.
        let upload = platform.http().post(format!("{}/api/v1/me/files?name=bomb.gz", platform.url));
        let upload = upload.bearer_auth(&ada.token).header("content-encoding", "gzip");
        let kept = upload.header("content-type", "application/gzip").body(bomb.clone()).send().await.unwrap();
        let id = Answer::of(kept).await.ok()["files"][0]["id"].as_str().unwrap().to_owned();
        let content = Web::of(&platform, &ada).get(&format!("/library/files/{id}/content")).await;
        assert_eq!(content.bytes, bomb);
    }

    async fn json_that_has_no_ground_is_refused(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let (operator, before) = (platform.operator().token().to_owned(), platform.contents().await);
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let levels = 200_000 / open.len();
            let whole = format!("{}1{}", open.repeat(levels / 2), close.repeat(levels / 2));
            for deep in [open.repeat(levels), whole] {
                for body in [deep.clone(), format!("{{\"name\":\"Tidemark\",\"contact\":{deep}")] {
                    let doors =
                        [("/apps", operator.as_str()), ("/me/accounts", &ada.token), ("/sign-up", "")];
                    for (path, token) in doors {
                        let request = platform.http().post(format!("{}/api/v1{path}", platform.url));
                        let request = request.bearer_auth(token).header("content-type", "application/json");
                        let answer = Answer::of(request.body(body.clone()).send().await.unwrap()).await;
                        assert!([400, 422].contains(&answer.status), "{path} {}", answer.status);
                        assert!(answer.json.to_string().len() < 2_000, "{}", answer.json);
                    }
                }
            }
        }
        for deep in ["[".repeat(100_000), "{\"a\":".repeat(20_000)] {
            let kept = ada.uploads("deep.json", "application/json", deep.clone()).await.ok();
            assert_eq!(kept["files"][0]["objectType"], serde_json::Value::Null, "kept as it is");
        }
        let grown = platform.contents().await.grown_since(&before);
        assert_eq!(grown.iter().find(|(table, _)| table == "file").map(|(_, by)| *by), Some(2));
        assert!(grown.iter().all(|(table, _)| table.starts_with("file") || table == "shelf"), "{grown:?}");
    }
}
