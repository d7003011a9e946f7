//! Endpoints that try something. What they answer decides about their own signal, and they reach nothing else.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use consent_client::reqwest::Method;
use consent_gateway::platform::Outside;
use consent_signals::transport::{Limits, Resolver};
use harness::{Answer, MockApp, Person, Receiver, TestPlatform, Yes, stories};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use wiremock::{MockServer, ResponseTemplate};

use super::{agreed, said, told};

/// More than all buffers between a server that pours and a client that does not read, and much less than 10 GB.
const BUFFERS: usize = 32 << 20;

/// A server that says what it likes: `begin` at once, then it pours bytes or falls silent, as long as the other side
/// stays. The first so many connections are answered with a plain 204.
struct Rude {
    url: String,
    poured: Arc<AtomicUsize>,
}

impl Rude {
    async fn start(polite: usize, begin: &'static str, pours: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/signals", listener.local_addr().unwrap());
        let (poured, counter) = (Arc::<AtomicUsize>::default(), AtomicUsize::new(0));
        let shared = poured.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let is_polite = counter.fetch_add(1, Ordering::SeqCst) < polite;
                let begin = if is_polite { "HTTP/1.1 204 Fine\r\nconnection: close\r\n\r\n" } else { begin };
                tokio::spawn(speaks(connection, begin, (pours && !is_polite).then(|| shared.clone())));
            }
        });
        Self { url, poured }
    }
}

async fn speaks(mut connection: TcpStream, begin: &'static str, pours: Option<Arc<AtomicUsize>>) {
    let mut request = vec![0; 16 * 1024];
    let _ = connection.read(&mut request).await;
    if connection.write_all(begin.as_bytes()).await.is_err() {
        return;
    }
    let piece = [b'x'; 16 * 1024];
    match pours {
        Some(poured) => {
            while connection.write_all(&piece).await.is_ok() {
                poured.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
        None => while connection.read(&mut request).await.is_ok_and(|read| read > 0) {},
    }
}

/// A name that leads elsewhere each time it is asked for, and stays at the last.
struct Moving(Vec<&'static [&'static str]>, AtomicUsize);

impl Moving {
    fn through(places: &[&'static [&'static str]]) -> Outside {
        Outside { resolver: Arc::new(Self(places.to_vec(), AtomicUsize::new(0))), ..Outside::default() }
    }
}

#[async_trait::async_trait]
impl Resolver for Moving {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let place = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
        Ok(self.0[place].iter().map(|ip| ip.parse().unwrap()).collect())
    }
}

async fn sets(platform: &TestPlatform, app: &Value, url: &str) -> Answer {
    let (id, key) = (app["id"].as_str().unwrap(), app["apiKey"].as_str().unwrap());
    let path = format!("/api/v1/apps/{id}/signal-endpoint");
    platform.call(Method::PUT, &path, Some(key), Some(&json!({ "url": url }))).await
}

/// An endpoint at this address that has acknowledged its verification.
async fn listens(platform: &TestPlatform, app: &MockApp, url: &str) {
    let _ = sets(platform, &json!({ "id": app.id, "apiKey": app.api_key }), url).await.ok();
    platform.delivers().await;
    let path = format!("/api/v1/apps/{}/signal-endpoint", app.id);
    let shown = platform.call(Method::GET, &path, Some(&app.api_key), None).await.ok();
    assert_eq!(shown["state"], "active");
}

/// The attempts to tell an app of a revocation: what each was sent to, and what went wrong.
async fn attempts(
    platform: &TestPlatform,
    app: &MockApp,
    ada: &Person<'_>,
    yes: &Yes,
) -> Vec<(String, String)> {
    let list = ada.call(Method::GET, &format!("/me/grants/{}/signals", yes.grant), None).await.ok();
    let path =
        format!("/api/v1/apps/{}/signals/{}/attempts", app.id, list["items"][0]["id"].as_str().unwrap());
    let attempts = platform.call(Method::GET, &path, Some(&app.api_key), None).await.ok();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let attempts = attempts["items"].as_array().unwrap().iter();
    attempts.map(|attempt| (text(&attempt["ip"]), text(&attempt["problem"]))).collect()
}

stories! {
    async fn a_redirect_is_not_followed(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let elsewhere = MockServer::start().await;
        for status in [301, 302, 303, 307, 308] {
            let to = ResponseTemplate::new(status).insert_header("location", elsewhere.uri().as_str());
            receiver.answers(to).await;
            if status == 301 {
                ada.revokes(&yes).await;
            }
            platform.delivers().await;
            assert_eq!(receiver.requests().await.len(), 1, "{status}");
            assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "waiting", "open")], "{status}");
            platform.wait(chrono::TimeDelta::hours(3));
        }
        assert!(elsewhere.received_requests().await.unwrap().is_empty());
    }

    async fn of_an_answer_of_ten_gigabytes_hardly_anything_is_read(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let flood = "HTTP/1.1 202 Accepted\r\ncontent-length: 10737418240\r\n\r\n";
        let rude = Rude::start(1, flood, true).await;
        listens(&platform, &app, &rude.url).await;
        ada.revokes(&yes).await;
        platform.delivers().await;
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "delivered", "open")], "a 2xx decides");
        let poured = rude.poured.load(Ordering::SeqCst);
        assert!(poured < BUFFERS, "{poured} bytes left the endpoint");
    }

    async fn a_failure_of_ten_gigabytes_is_a_failure(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let rude = Rude::start(1, "HTTP/1.1 500 Oh\r\ncontent-length: 10737418240\r\n\r\n", true).await;
        listens(&platform, &app, &rude.url).await;
        ada.revokes(&yes).await;
        platform.delivers().await;
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "waiting", "open")]);
        assert!(rude.poured.load(Ordering::SeqCst) < BUFFERS);
    }

    async fn who_never_answers_is_given_up_on_and_tried_again(platform: TestPlatform) {
        let limits = Limits { timeout: Duration::from_millis(700), ..Limits::default() };
        let hasty = platform.replica_in(Outside { limits, ..Outside::default() }).await;
        for begin in ["", "HTTP/1.1 202 Acc"] {
            let (app, ada, yes) = {
                let app = MockApp::register(&platform, "read", "app-1", |_| {}).await;
                let ada = platform.person(if begin.is_empty() { "ada" } else { "bob" }).await;
                ada.connects(&[16]).await;
                let yes = ada.approves(&app).await;
                (app, ada, yes)
            };
            let rude = Rude::start(1, begin, false).await;
            listens(&hasty, &app, &rude.url).await;
            ada.revokes(&yes).await;
            hasty.delivers().await;
            assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "waiting", "open")]);
            let tried = attempts(&platform, &app, &ada, &yes).await;
            assert_eq!(tried, [("127.0.0.1".to_owned(), "timeout".to_owned())]);
        }
    }

    async fn a_name_that_moves_behind_our_walls_is_not_called_again(platform: TestPlatform) {
        let there = platform.replica_in(Moving::through(&[&["127.0.0.1"], &["10.0.0.7"]])).await;
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let port = receiver.server.address().port();
        listens(&there, &app, &format!("http://app.localhost:{port}/moved")).await;
        ada.revokes(&yes).await;
        there.delivers().await;
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "waiting", "open")]);
        let tried = attempts(&platform, &app, &ada, &yes).await;
        assert_eq!(tried, [("10.0.0.7".to_owned(), "refused".to_owned())]);
        assert_eq!(receiver.requests().await.len(), 2, "the two verifications and nothing else");
    }

    async fn a_name_with_one_address_behind_our_walls_is_not_called_at_its_others(platform: TestPlatform) {
        let mixed: &[&'static [&'static str]] = &[&["127.0.0.1"], &["127.0.0.1", "169.254.169.254"]];
        let there = platform.replica_in(Moving::through(mixed)).await;
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let port = receiver.server.address().port();
        listens(&there, &app, &format!("http://localhost:{port}/mixed")).await;
        ada.revokes(&yes).await;
        there.delivers().await;
        let tried = attempts(&platform, &app, &ada, &yes).await;
        assert_eq!(tried, [("169.254.169.254".to_owned(), "refused".to_owned())]);
        assert_eq!(receiver.requests().await.len(), 2);
    }
}

mod in_earnest {
    use super::*;

    stories! {
        with |config| config.server.sandbox = false;
        async fn only_an_address_that_anybody_can_reach_becomes_an_endpoint(platform: TestPlatform) {
            let app = platform.operator().registers_app("Tidemark").await;
            let path = format!("/api/v1/apps/{}/signal-endpoint", app["id"].as_str().unwrap());
            for url in [
                "http://app.example/",
                "http://127.0.0.1:3000/",
                "https://127.0.0.1/",
                "https://localhost/",
                "https://app.localhost./",
                "https://[::1]/",
                "https://[::ffff:10.0.0.1]/",
                "https://[64:ff9b::7f00:1]/",
                "https://10.1.2.3/",
                "https://100.64.0.1/",
                "https://169.254.169.254/latest/meta-data/",
                "https://2130706433/",
                "https://0177.0.0.1/",
                "https://0x7f.1/",
                "https://127.1/",
                "https://0/",
                "https://ada@app.example/",
                "https://ada:pw@app.example/",
                "https://@app.example/",
                "https://app.example@127.0.0.1/",
                "https://app.example/#x",
                "ftp://app.example/",
                "file:///etc/passwd",
                "gopher://127.0.0.1:6379/_SET",
                "//app.example/",
                "app.example",
                "",
            ] {
                let answer = sets(&platform, &app, url).await;
                assert_eq!(answer.refusal(), "422 ValidationErrors", "{url}");
                assert_eq!(answer.json["errors"][0]["field"], "url", "{url}");
            }
            let key = app["apiKey"].as_str();
            let none = platform.call(Method::GET, &path, key, None).await;
            assert_eq!(none.refusal(), "404 SignalEndpointNotFound", "nothing of it was kept");
            assert_eq!((platform.rows("signal_endpoint").await, platform.rows("signal").await), (0, 0));
            let set = sets(&platform, &app, "https://app.example:8443/signals?for=ada").await.ok();
            assert_eq!(set["state"], "unverified", "any port of a public host will do");
        }
    }
}
