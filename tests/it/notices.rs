//! Who does not do what it has to is written to, and so is the operator.

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_gateway::{flows, worker};
use harness::{MailServer, Manners, Receiver, TestPlatform, agreed, stories};
use serde_json::Value;
use wiremock::ResponseTemplate;

const PRIVACY: &str = "privacy@app.example";
const OPERATOR: &str = "operator@consent.example";

/// A replica that has a mail server.
async fn writing(platform: &TestPlatform, server: &MailServer) -> TestPlatform {
    platform
        .replica_with(|config| {
            config.mail.server = server.url.clone().into();
            "Consent Access <platform@consent.example>".clone_into(&mut config.mail.from);
            OPERATOR.clone_into(&mut config.mail.operator);
        })
        .await
}

async fn sweep(platform: &TestPlatform) {
    worker::sweep(&platform.inner).await.unwrap();
    flows::send_notices(&platform.inner).await.unwrap();
}

/// What the operator sees of the notices, sorted: moment, audience, state.
async fn notices(platform: &TestPlatform) -> Vec<(String, String, String)> {
    let list = platform.operator().call(Method::GET, "/operator/notices?limit=200", None).await.ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = list["items"].as_array().unwrap().iter();
    let mut all: Vec<_> =
        all.map(|one| (text(&one["moment"]), text(&one["audience"]), text(&one["state"]))).collect();
    all.sort_unstable();
    all
}

fn notice(moment: &str, audience: &str, state: &str) -> (String, String, String) {
    (moment.to_owned(), audience.to_owned(), state.to_owned())
}

stories! {
    async fn who_does_not_answer_is_reminded_and_the_operator_is_warned_before_the_law(platform: TestPlatform) {
        let server = MailServer::start().await;
        let platform = writing(&platform, &server).await;
        let (app, ada, yes) = agreed(&platform).await;
        let _receiver = Receiver::start(&platform, &app).await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;
        sweep(&platform).await;
        assert_eq!(server.letters(), [], "there is time");

        platform.wait(TimeDelta::hours(73));
        sweep(&platform).await;
        sweep(&platform).await;
        let letters = server.letters();
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [PRIVACY]);
        assert!(letters[0].text.contains(&yes.grant) && letters[0].text.contains("From: "), "{letters:?}");
        assert!(letters[0].text.contains("to delete what it holds under a consent"), "{letters:?}");

        platform.wait(TimeDelta::days(12));
        sweep(&platform).await;
        let letters = server.letters();
        let mut to: Vec<_> = letters[1..].iter().map(|letter| letter.to.as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, [OPERATOR, PRIVACY]);

        platform.wait(TimeDelta::days(14));
        sweep(&platform).await;
        let letters = server.letters();
        assert_eq!((letters.len(), letters[3].to.as_str()), (4, OPERATOR));
        let warning = &letters[3].text;
        assert!(warning.contains("article 12(4)") && warning.contains("data protection authority"), "{warning}");
        for letter in &letters {
            assert!(!letter.text.contains(&ada.id) && !letter.text.contains(&ada.email), "{letter:?}");
        }
        let told = notices(&platform).await;
        let expected = [
            notice("ack-missed", "app", "sent"),
            notice("backstop-near", "operator", "sent"),
            notice("complete-missed", "app", "sent"),
            notice("complete-missed", "operator", "sent"),
        ];
        assert_eq!(told, expected);
        platform.wait(TimeDelta::days(30));
        sweep(&platform).await;
        assert_eq!(server.letters().len(), 4, "each once");
    }

    async fn what_cannot_be_delivered_is_written_about(platform: TestPlatform) {
        let server = MailServer::start().await;
        let platform = writing(&platform, &server).await;
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        receiver.answers(ResponseTemplate::new(410)).await;
        ada.stops(&yes).await;
        platform.delivers().await;
        sweep(&platform).await;
        let letters = server.letters();
        assert_eq!((letters.len(), letters[0].to.as_str()), (1, PRIVACY));
        assert!(letters[0].text.contains("could not be delivered"), "{letters:?}");
    }

    async fn without_a_mail_server_the_operator_reads_what_would_have_been_written(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let _receiver = Receiver::start(&platform, &app).await;
        ada.revokes(&yes).await;
        platform.delivers().await;
        platform.wait(TimeDelta::days(4));
        sweep(&platform).await;
        let expected = [
            notice("ack-missed", "app", "waiting"),
            notice("complete-missed", "app", "waiting"),
            notice("complete-missed", "operator", "waiting"),
        ];
        assert_eq!(notices(&platform).await, expected);
        let first = platform.operator().call(Method::GET, "/operator/notices?limit=1", None).await.ok();
        assert!(first["items"][0]["body"].as_str().unwrap().contains(&yes.grant), "{first}");
        let path = format!("/operator/notices?after={}", first["next"].as_str().unwrap());
        let rest = platform.operator().call(Method::GET, &path, None).await.ok();
        assert_eq!(rest["items"].as_array().unwrap().len(), 2);
        let wrong = platform.operator().call(Method::GET, "/operator/notices?after=x", None).await;
        assert_eq!(wrong.refusal(), "422 ValidationErrors");

        // Whoever sets one later sends what waited.
        let server = MailServer::start().await;
        let replica = writing(&platform, &server).await;
        flows::send_notices(&replica.inner).await.unwrap();
        assert_eq!(server.letters().len(), 3);
    }

    async fn a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(platform: TestPlatform) {
        let server = MailServer::start().await;
        let platform = writing(&platform, &server).await;
        let (app, ada, yes) = agreed(&platform).await;
        let _receiver = Receiver::start(&platform, &app).await;
        ada.stops(&yes).await;
        platform.delivers().await;
        platform.wait(TimeDelta::hours(25));
        server.behaves(Manners::Busy);
        sweep(&platform).await;
        let states = async || {
            let mut states: Vec<_> = notices(&platform).await.into_iter().map(|(_, _, state)| state).collect();
            states.sort_unstable();
            states
        };
        assert_eq!(states().await, ["waiting", "waiting", "waiting"]);
        server.behaves(Manners::Takes);
        flows::send_notices(&platform.inner).await.unwrap();
        assert_eq!(server.letters(), [], "not before its time");
        platform.wait(TimeDelta::minutes(2));
        flows::send_notices(&platform.inner).await.unwrap();
        assert_eq!((server.letters().len(), states().await), (3, vec!["sent".to_owned(); 3]));

        ada.revokes(&yes).await;
        platform.delivers().await;
        platform.wait(TimeDelta::hours(25));
        server.behaves(Manners::Refuses);
        sweep(&platform).await;
        assert_eq!(states().await, ["given_up", "sent", "sent", "sent"]);
        let list = platform.operator().call(Method::GET, "/operator/notices", None).await.ok();
        assert_eq!(list["items"][3]["problem"], "the mail server answered 550");
        server.behaves(Manners::Takes);
        platform.wait(TimeDelta::hours(2));
        flows::send_notices(&platform.inner).await.unwrap();
        assert_eq!(server.letters().len(), 3);
    }

    async fn a_mail_is_sent_at_least_once_whoever_dies(platform: TestPlatform) {
        let server = MailServer::start().await;
        let platform = writing(&platform, &server).await;
        let (app, ada, yes) = agreed(&platform).await;
        let _receiver = Receiver::start(&platform, &app).await;
        ada.revokes(&yes).await;
        platform.delivers().await;
        platform.wait(TimeDelta::hours(25));
        worker::sweep(&platform.inner).await.unwrap();

        // The server has it and is gone before it said so.
        server.behaves(Manners::BreaksOff);
        flows::send_notices(&platform.inner).await.unwrap();
        assert_eq!(server.letters().len(), 1);
        platform.wait(TimeDelta::minutes(2));
        // The process that has the right to send it dies.
        server.behaves(Manners::Hangs);
        let dies = platform.inner.clone();
        let sending = tokio::spawn(async move { flows::send_notices(&dies).await });
        while notices(&platform).await != [notice("ack-missed", "app", "sending")] {
            tokio::task::yield_now().await;
        }
        sending.abort();
        server.behaves(Manners::Takes);
        flows::send_notices(&platform.inner).await.unwrap();
        assert_eq!(server.letters().len(), 1, "its right has not run out");
        platform.wait(TimeDelta::minutes(3));
        flows::send_notices(&platform.inner).await.unwrap();
        assert_eq!(notices(&platform).await, [notice("ack-missed", "app", "sent")]);
        let letters = server.letters();
        assert_eq!(letters.len(), 2, "at least once");
        let id = |text: &str| text.lines().find(|line| line.starts_with("Message-ID")).map(str::to_owned);
        assert!(id(&letters[0].text).is_some() && id(&letters[0].text) == id(&letters[1].text));
    }

    async fn a_mail_server_that_hangs_delays_nothing_else(platform: TestPlatform) {
        let server = MailServer::start().await;
        let platform = writing(&platform, &server).await;
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        ada.stops(&yes).await;
        platform.delivers().await;
        platform.wait(TimeDelta::hours(25));
        worker::sweep(&platform.inner).await.unwrap();
        server.behaves(Manners::Hangs);
        let hanging = platform.inner.clone();
        let hangs = tokio::spawn(async move { flows::send_notices(&hanging).await });
        ada.revokes(&yes).await;
        platform.delivers().await;
        worker::sweep(&platform.inner).await.unwrap();
        assert_eq!(receiver.last().await.kind, "consent-revoked");
        assert_eq!(app.tries(&yes.shared).await, "401 InvalidToken");
        assert!(!hangs.is_finished());
        hangs.abort();
    }
}
