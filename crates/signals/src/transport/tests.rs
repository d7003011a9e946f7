use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::*;
use crate::testing::Moving;

const SANDBOX: Policy = Policy { sandbox: true };

fn transport(policy: Policy) -> Transport {
    let limits = Limits { timeout: Duration::from_millis(300), answer_bytes: 1024 };
    Transport::new(policy, Arc::new(SystemResolver), limits).unwrap()
}

fn message(url: &str) -> Message {
    Message { url: url.to_owned(), headers: vec![], body: "{}".to_owned() }
}

async fn send(url: &str) -> Attempted {
    transport(SANDBOX).send(message(url), DateTime::UNIX_EPOCH).await
}

/// A server that answers every connection with this head, and then goes on with `then`.
async fn raw<F, G>(head: &'static str, then: F) -> String
where
    F: Fn(TcpStream) -> G + Send + 'static,
    G: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).await;
            let _ = connection.write_all(head.as_bytes()).await;
            tokio::spawn(then(connection));
        }
    });
    url
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_not_followed() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    let redirect = ResponseTemplate::new(307).insert_header("location", elsewhere.uri().as_str());
    Mock::given(any()).respond_with(redirect).mount(&server).await;
    let attempted = send(&server.uri()).await;
    assert_eq!((attempted.status, attempted.outcome), (Some(307), Outcome::Retry { after: None }));
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_never_comes_is_a_failure_by_time() {
    let url = raw("", |mut connection| async move { while connection.read_u8().await.is_ok() {} }).await;
    let attempted = send(&url).await;
    assert_eq!(attempted.problem.as_deref(), Some("timeout"));
    assert_eq!((attempted.status, attempted.outcome), (None, Outcome::Retry { after: None }));
    assert!(attempted.took >= Duration::from_millis(300));
    assert_eq!(attempted.ip, Some("127.0.0.1".parse().unwrap()));
}

#[tokio::test]
async fn a_status_line_counts_although_its_body_never_ends() {
    async fn pour(mut connection: TcpStream) {
        while connection.write_all(&[b'x'; 512]).await.is_ok() {}
    }
    async fn stall(mut connection: TcpStream) {
        while connection.read_u8().await.is_ok() {}
    }
    let (head, failed) = ("HTTP/1.1 202 Accepted\r\n\r\n", "HTTP/1.1 500 Oh\r\n\r\n");
    let endless = send(&raw(head, pour).await).await;
    assert_eq!((endless.status, endless.outcome), (Some(202), Outcome::Delivered));
    let mut digest = Sha256Stream::new();
    digest.update(&[b'x'; 1024]);
    assert_eq!(endless.answer_sha256, Some(hex(&digest.finish())), "read up to the cap and no further");
    assert!(endless.took < Duration::from_millis(300), "the cap ends it, not the clock");
    let stalled = send(&raw(head, stall).await).await;
    assert_eq!((stalled.status, stalled.outcome), (Some(202), Outcome::Delivered));
    let endless_failure = send(&raw(failed, pour).await).await;
    assert_eq!(endless_failure.outcome, Outcome::Retry { after: None });
}

#[tokio::test]
async fn who_asks_for_time_is_understood_in_both_spellings() {
    let server = MockServer::start().await;
    let busy = |value: &str| ResponseTemplate::new(429).insert_header("retry-after", value);
    Mock::given(any()).respond_with(busy("120")).up_to_n_times(1).mount(&server).await;
    Mock::given(any())
        .respond_with(busy("Thu, 01 Jan 1970 00:05:00 GMT"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(busy("soon")).mount(&server).await;
    let after = |seconds| Outcome::Retry { after: Some(Duration::from_secs(seconds)) };
    assert_eq!(send(&server.uri()).await.outcome, after(120));
    assert_eq!(send(&server.uri()).await.outcome, after(300));
    assert_eq!(send(&server.uri()).await.outcome, Outcome::Retry { after: None });
}

#[tokio::test]
async fn an_error_of_rfc_8935_is_told_from_any_other_400() {
    let server = MockServer::start().await;
    let with = |body: &str| ResponseTemplate::new(400).set_body_string(body);
    let known = with(r#"{"err":"invalid_audience","description":"not us"}"#);
    Mock::given(any()).respond_with(known).up_to_n_times(1).mount(&server).await;
    Mock::given(any()).respond_with(with("<html>Bad Request</html>")).mount(&server).await;
    let attempted = send(&server.uri()).await;
    assert_eq!(
        (attempted.outcome, attempted.problem.as_deref()),
        (Outcome::Rejected, Some("invalid_audience"))
    );
    let attempted = send(&server.uri()).await;
    assert_eq!((attempted.outcome, attempted.problem), (Outcome::Retry { after: None }, None));
}

#[tokio::test]
async fn this_machine_is_called_in_the_sandbox_only() {
    let server = MockServer::start().await;
    let port = server.address().port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://2130706433:{port}/"),
    ] {
        let attempted = transport(Policy { sandbox: false }).send(message(&url), DateTime::UNIX_EPOCH).await;
        assert_eq!(attempted.problem.as_deref(), Some("address"), "{url}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
    assert_eq!(send(&server.uri()).await.status, Some(404));
}

#[tokio::test]
async fn a_name_is_looked_up_every_time_and_connected_to_only_where_it_may_lead() {
    struct Counted(Arc<Moving>, AtomicUsize);

    #[async_trait::async_trait]
    impl Resolver for Counted {
        async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.resolve(host).await
        }
    }

    let server = MockServer::start().await;
    let url = format!("http://localhost:{}/", server.address().port());
    let walls = ["127.0.0.1", "127.0.0.1", "169.254.169.254", "8.8.8.8"];
    let resolver = Arc::new(Counted(Moving::through(&walls), AtomicUsize::new(0)));
    let transport = Transport::new(SANDBOX, resolver.clone(), Limits::default()).unwrap();
    for (place, ip) in walls.into_iter().enumerate() {
        let attempted = transport.send(message(&url), DateTime::UNIX_EPOCH).await;
        assert_eq!(attempted.ip, Some(ip.parse().unwrap()));
        let expected = if place < 2 { None } else { Some("refused") };
        assert_eq!(attempted.problem.as_deref(), expected, "{ip}");
        assert_eq!(resolver.1.load(Ordering::SeqCst), place + 1);
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn of_several_addresses_one_bad_one_is_enough() {
    struct Both;

    #[async_trait::async_trait]
    impl Resolver for Both {
        async fn resolve(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
            Ok(vec!["8.8.8.8".parse().unwrap(), "10.1.2.3".parse().unwrap()])
        }
    }

    let transport = Transport::new(SANDBOX, Arc::new(Both), Limits::default()).unwrap();
    let attempted = transport.send(message("https://app.example/"), DateTime::UNIX_EPOCH).await;
    assert_eq!(attempted.problem.as_deref(), Some("refused"));
    assert_eq!(attempted.ip, Some("10.1.2.3".parse().unwrap()));
}

#[tokio::test]
async fn who_does_not_listen_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let attempted = send(&format!("http://{address}/")).await;
    assert_eq!(attempted.problem.as_deref(), Some("connect"));
    assert_eq!(attempted.host.as_deref(), Some("127.0.0.1"));
    assert!(!format!("{:?}", message("https://app.example/?token=x")).contains("token"));
}
