//! An app that takes its signals, and answers for them, with nothing but the client library.

use chrono::TimeDelta;
use consent_client::signal::{
    ErasureMethod, Evidence, Kind, Order, Poll, Recipient, Removed, Report, SignalError,
};
use harness::{MockApp, Receiver, stories};
use wiremock::{Request, ResponseTemplate};

use super::{agreed, kinds, receipts, said, stage, told};

/// Finds headers as the client asks for them.
fn header<'r>(request: &'r Request) -> impl Fn(&str) -> Option<&'r str> {
    |name| request.headers.get(name)?.to_str().ok()
}

stories! {
    async fn an_app_obeys_and_answers_with_the_client_library(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let client = receiver.client();
        ada.stops(&yes).await;
        platform.delivers().await;
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        platform.delivers().await;

        let (keys, mut order) = (client.keys().await.unwrap(), Order::default());
        let mut news = Vec::new();
        let requests = receiver.requests().await;
        // Everything comes twice, as it may.
        for request in requests.iter().chain(&requests) {
            let signal = client.webhook(header(request), &request.body, &keys).unwrap();
            news.extend(order.takes(&signal).then_some(signal));
        }
        let told_kinds: Vec<_> = news.iter().map(|signal| signal.kind.clone()).collect();
        let expected =
            [Kind::Verification, Kind::SharingStopped, Kind::ErasureRequested, Kind::Verification];
        assert_eq!(told_kinds, expected);
        let erase = &news[2];
        assert_eq!(erase.consent_id.as_ref(), Some(&yes.grant));
        assert_eq!(erase.person, yes.shared.tokens.person, "the name by which the app knows her");

        let now = platform.inner.ambient.now();
        let accepted = client.report(erase, &Report::accepted(now + TimeDelta::days(1))).await.unwrap();
        assert_eq!((accepted.state.as_str(), accepted.standing.as_str()), ("accepted", "applied"));
        let without = client.report(erase, &Report::completed(now, None)).await.unwrap_err();
        assert_eq!(without.code(), Some("ValidationErrors"), "{without}");
        assert!(without.to_string().contains("evidence"), "{without}");
        let evidence = Evidence {
            categories: vec![Removed {
                category: "social.posts".to_owned(),
                removed: 17,
                method: ErasureMethod::Anonymised,
                systems: vec!["diary".to_owned()],
                at: now,
            }],
            recipients: vec![Recipient { name: "Backups Ltd".to_owned(), told_at: now }],
            ..Evidence::default()
        };
        let done = client.sign(erase, &Report::completed(now, Some(evidence))).unwrap();
        let taken = client.send(&done).await.unwrap();
        assert_eq!((taken.state.as_str(), taken.standing.as_str()), ("completed", "applied"));
        assert_eq!(client.send(&done).await.unwrap(), taken, "the answer was lost, so it is sent again");
        assert_eq!(stage(&ada, &yes).await, "erased");
        assert_eq!(kinds(&receipts(&ada).await)[0], "erasureAnswered");
    }

    async fn an_app_polls_with_the_client_library_for_what_it_missed(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        receiver.answers(ResponseTemplate::new(503)).await;
        ada.revokes(&yes).await;
        platform.delivers().await;

        let client = receiver.client();
        let keys = client.keys().await.unwrap();
        let polled =
            client.poll(&Poll { return_immediately: true, ..Poll::default() }, &keys).await.unwrap();
        let [missed] = polled.signals.as_slice() else { panic!("{polled:?}") };
        assert_eq!((&missed.kind, polled.refused.len()), (&Kind::ConsentRevoked, 0));
        let came = &receiver.requests().await[0];
        let pushed = client.webhook(header(came), &came.body, &keys).unwrap();
        assert_eq!(*missed, pushed, "the same on both roads");
        assert!(client.poll(&polled.stored(), &keys).await.unwrap().signals.is_empty());
        assert_eq!(told(&ada, &yes).await, [said("consent-revoked", "fetched", "open")]);
    }

    async fn a_signal_that_somebody_altered_or_that_is_for_another_is_refused(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let other = MockApp::register(&platform, "read", "app-2", |_| {}).await;
        let others = Receiver::start(&platform, &other).await;
        ada.stops(&yes).await;
        platform.delivers().await;
        ada.resumes(&yes).await;
        platform.delivers().await;
        let client = receiver.client();
        let keys = client.keys().await.unwrap();
        let [_, stop, resume] = <[Request; 3]>::try_from(receiver.requests().await).unwrap();
        let read = |request: &Request| client.webhook(header(request), &request.body, &keys);
        assert!(read(&stop).is_ok() && read(&resume).is_ok());

        // Whoever sits on the way and knows no secret.
        let with_body = |text: String| Request { body: text.into_bytes(), ..stop.clone() };
        let text = String::from_utf8(stop.body.clone()).unwrap();
        let relabelled = with_body(text.replace("sharing.stopped", "sharing.resumed"));
        assert_eq!(read(&relabelled), Err(SignalError::Forged));
        let body_of_another = Request { body: resume.body.clone(), ..stop.clone() };
        assert_eq!(read(&body_of_another), Err(SignalError::Forged));
        // Another app, which knows its own.
        let stranger = others.client().webhook(header(&stop), &stop.body, &keys);
        assert_eq!(stranger, Err(SignalError::Forged));
        let set = receiver.signals().await[1].body["data"]["set"].as_str().unwrap().to_owned();
        assert_eq!(others.client().set(&set, &keys), Err(SignalError::Claim("aud")));

        // Whoever knows the secret of the envelope, and still is not the platform.
        let signed = |body: &str| {
            let mut request = with_body(body.to_owned());
            let named = |name: &str| stop.headers[name].to_str().unwrap().to_owned();
            let (id, at) = (named("webhook-id"), named("webhook-timestamp").parse().unwrap());
            let signature = receiver.webhook.sign(&id, at, &request.body).unwrap();
            request.headers.insert("webhook-signature", signature.parse().unwrap());
            read(&request).unwrap_err()
        };
        assert_eq!(signed(&text.replace("sharing.stopped", "sharing.resumed")), SignalError::Hint("type"));
        let resumed = String::from_utf8(resume.body.clone()).unwrap();
        assert_eq!(signed(&resumed), SignalError::Hint("webhook-id"), "another signal under this name");
        let (head, rest) = set.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let resumed_set = receiver.signals().await[2].body["data"]["set"].as_str().unwrap().to_owned();
        let claims = resumed_set.split('.').nth(1).unwrap();
        let swapped = text.replace(&set, &format!("{head}.{claims}.{signature}"));
        assert!(matches!(signed(&swapped), SignalError::Jws(_)), "claims of one, signature of the other");

        platform.wait(TimeDelta::minutes(6));
        assert_eq!(read(&stop), Err(SignalError::Untimely), "recorded, and sent again later");
    }
}
