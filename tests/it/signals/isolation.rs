//! Nobody waits for anybody else's endpoint.

use consent_client::reqwest::Method;
use harness::{MockApp, Receiver, TestPlatform, stories};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt as _, net::TcpListener};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::{agreed, said, told};

const HANGING: usize = 4;
const HEALTHY: usize = 36;

/// An address that takes every connection and everything that is said, and never answers.
async fn hangs() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move { while connection.read_u8().await.is_ok() {} });
        }
    });
    url
}

/// An app of which nothing is known but its endpoint; the verification of that waits to be sent.
async fn app_at(platform: &TestPlatform, url: &str) -> Value {
    let app = platform.operator().registers_app("Tidemark").await;
    let path = format!("/api/v1/apps/{}/signal-endpoint", app["id"].as_str().unwrap());
    let body = json!({ "url": url });
    let _ = platform.call(Method::PUT, &path, app["apiKey"].as_str(), Some(&body)).await.ok();
    app
}

/// How far the last signal of an app is.
async fn delivery(platform: &TestPlatform, app: &Value) -> String {
    let path = format!("/api/v1/apps/{}/signals", app["id"].as_str().unwrap());
    let list = platform.call(Method::GET, &path, app["apiKey"].as_str(), None).await.ok();
    list["items"].as_array().unwrap().last().unwrap()["delivery"].as_str().unwrap().to_owned()
}

/// Sends what is due until only the attempts are left that nobody answers.
async fn delivers_around(platform: &TestPlatform) {
    let dispatcher = &platform.inner.dispatcher;
    while dispatcher.deliver_due(platform.inner.ambient.now()).await.unwrap() > 0 {
        dispatcher.settle(HANGING).await;
    }
}

stories! {
    async fn endpoints_that_hang_delay_no_others(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&server).await;
        let (mut hanging, mut healthy) = (Vec::new(), Vec::new());
        for _ in 0..HANGING {
            hanging.push(app_at(&platform, &hangs().await).await);
        }
        for number in 0..HEALTHY {
            healthy.push(app_at(&platform, &format!("{}/{number}", server.uri())).await);
        }
        delivers_around(&platform).await;
        for app in &healthy {
            assert_eq!(delivery(&platform, app).await, "delivered");
        }
        assert_eq!(server.received_requests().await.unwrap().len(), HEALTHY);

        // And while they go on hanging, what is decided later arrives as well.
        ada.revokes(&yes).await;
        for app in &healthy {
            let path = format!("/api/v1/apps/{}/signal-endpoint/ping", app["id"].as_str().unwrap());
            let _ = platform.call(Method::POST, &path, app["apiKey"].as_str(), None).await.ok();
        }
        delivers_around(&platform).await;
        assert_eq!(receiver.last().await.kind, "consent-revoked");
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "delivered", "open")]);
        assert_eq!(server.received_requests().await.unwrap().len(), 2 * HEALTHY);
        for app in &hanging {
            assert_eq!(delivery(&platform, app).await, "delivering", "the same attempt as in the beginning");
        }
    }

    async fn an_endpoint_that_fails_delays_only_its_own_signals(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let other = MockApp::register(&platform, "read", "app-2", |_| {}).await;
        let others = Receiver::start(&platform, &other).await;
        let also = ada.approves(&other).await;
        receiver.answers(ResponseTemplate::new(500)).await;
        for verb in ["stop", "resume", "stop", "revoke"] {
            let _ = ada.acts(&yes.grant, verb).await.ok();
            let _ = ada.acts(&also.grant, verb).await.ok();
            platform.delivers().await;
        }
        let kinds: Vec<_> = others.signals().await.into_iter().map(|signal| signal.kind).collect();
        let expected =
            ["verification", "sharing-stopped", "sharing-resumed", "sharing-stopped", "consent-revoked"];
        assert_eq!(kinds, expected);
        let own: Vec<_> = receiver.signals().await.into_iter().map(|signal| signal.kind).collect();
        assert_eq!(own.first().map(String::as_str), Some("sharing-stopped"), "in order: {own:?}");
        assert!(!own.contains(&"sharing-resumed".to_owned()), "what comes later waits: {own:?}");
    }
}
