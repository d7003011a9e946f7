use consent_core::{AppId, Cursor};
use consent_crypto::digest::{hex, sha256};
use serde_json::Value;
use tokio::{io::AsyncReadExt as _, net::TcpListener};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use super::*;
use crate::{
    EndpointState, Kind, PollRequest, SignalId, Target, attempts, due_for_verification, find_endpoint,
    list_of_app, replay, rotate_secret,
    testing::{Consent, Desk, ISSUER, Moving, escalate_due, machine_seconds, signals_key},
};

const SECOND: chrono::TimeDelta = chrono::TimeDelta::seconds(1);

/// A receiver that answers with these statuses one after the other, and stays at the last.
async fn receiver(statuses: &[u16]) -> MockServer {
    let server = MockServer::start().await;
    let (last, before) = statuses.split_last().unwrap();
    for status in before {
        let mock = Mock::given(method("POST")).respond_with(ResponseTemplate::new(*status));
        mock.up_to_n_times(1).mount(&server).await;
    }
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(*last)).mount(&server).await;
    server
}

async fn received(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// What the receiver was told, in order, each as often as it came.
async fn told(server: &MockServer) -> Vec<String> {
    let bodies = received(server).await.into_iter().map(|request| {
        let body: Value = request.body_json().unwrap();
        body["type"].as_str().unwrap().to_owned()
    });
    bodies.collect()
}

/// A desk, an app whose receiver answers like this, and a grant.
async fn story(statuses: &[u16]) -> (Desk, MockServer, Consent) {
    let desk = Desk::new().await;
    let server = receiver(statuses).await;
    let app = desk.app().await;
    desk.webhook(&app, &format!("{}/signals", server.uri())).await;
    let consent = desk.consent(&app).await;
    (desk, server, consent)
}

/// An address that takes a connection and everything that is said, and never answers.
async fn hanging() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move { while connection.read_u8().await.is_ok() {} });
        }
    });
    url
}

fn answered(status: u16) -> crate::Attempted {
    crate::Attempted {
        host: None,
        ip: None,
        took: Duration::ZERO,
        status: Some(status),
        answer_sha256: None,
        problem: None,
        outcome: Outcome::of(status, false, None),
    }
}

#[tokio::test]
async fn the_published_library_opens_what_is_sent() {
    let desk = Desk::new().await;
    desk.advance(SECOND * i32::try_from(machine_seconds() - desk.now().timestamp()).unwrap());
    let server = receiver(&[202]).await;
    let app = desk.app().await;
    let (_, secret) = desk.webhook(&app, &server.uri()).await;
    let consent = desk.consent(&app).await;
    let sent = desk.enqueue(&consent, Kind::ErasureRequested).await;
    assert_eq!(desk.deliver(&desk.dispatcher()).await, 1);

    let request = received(&server).await.remove(0);
    let webhook = standardwebhooks::Webhook::new(&secret.expose()).unwrap();
    webhook.verify(&request.body, &request.headers).unwrap();
    assert_eq!(header(&request, "content-type"), "application/json");
    assert_eq!(header(&request, "webhook-id"), sent.id.as_str());

    let keys = [signals_key().key.public()];
    let body = String::from_utf8(request.body.clone()).unwrap();
    let claims = envelope::read(&body, &keys, ISSUER, &app).unwrap();
    let (kind, event) = claims.event().unwrap();
    assert_eq!(
        (kind, &event.consent_id, event.seq),
        (Kind::ErasureRequested, &Some(consent.grant.clone()), Some(2))
    );
    assert_eq!((event.ack_by, event.complete_by), (sent.ack_by, sent.complete_by));
    assert_eq!(event.legal_basis, ["GDPR 7(3)", "GDPR 17(1)(b)"]);
    let json: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(hex(&sha256(json["data"]["set"].as_str().unwrap().as_bytes())), sent.jws_sha256);
    let status_url = format!("https://consent.example/api/v1/signals/{}/reports", sent.id);
    assert_eq!(json["data"]["status_url"], status_url.as_str());
    assert!(!body.contains(consent.person.as_str()), "nothing says who she is");

    let mut altered = request.body.clone();
    altered[20] ^= 1;
    assert!(webhook.verify(&altered, &request.headers).is_err());
    let other: AppId = desk.ambient.new_id();
    assert!(matches!(envelope::read(&body, &keys, ISSUER, &other), Err(set::SetError::Claim("aud"))));
    for (pointer, value, hint) in [
        ("/type", Value::from("sharing.resumed"), "type"),
        ("/timestamp", Value::from("2020-01-01T00:00:00.000Z"), "timestamp"),
        ("/data/consent_id", Value::from("gra00000000000000000000000001"), "consent_id"),
        ("/data/seq", Value::from(99), "seq"),
        ("/data/status_url", Value::from("https://evil.example/"), "status_url"),
    ] {
        let mut swapped = json.clone();
        *swapped.pointer_mut(pointer).unwrap() = value;
        let refused = envelope::read(&swapped.to_string(), &keys, ISSUER, &app);
        assert_eq!(refused, Err(set::SetError::Hint(hint)));
    }
}

#[tokio::test]
async fn a_receiver_that_fails_five_times_sees_one_signal_by_the_schedule() {
    let (desk, server, consent) = story(&[500, 500, 500, 500, 500, 202]).await;
    let sent = desk.enqueue(&consent, Kind::ConsentRevoked).await;
    let dispatcher = desk.dispatcher();
    let mut count = desk.deliver(&dispatcher).await;
    for wait in [5, 300, 1800, 7200, 18000] {
        desk.advance(SECOND * wait - chrono::TimeDelta::milliseconds(1));
        assert_eq!(desk.deliver(&dispatcher).await, 0, "not a millisecond early");
        desk.advance(chrono::TimeDelta::milliseconds(1));
        count += desk.deliver(&dispatcher).await;
    }
    assert_eq!(count, 6);
    // A 2xx says that it was received, not that it was obeyed.
    assert_eq!(desk.state(&sent.id).await, ("delivered", "open"));
    let requests = received(&server).await;
    assert_eq!(requests.len(), 6);
    assert!(requests.iter().all(|request| header(request, "webhook-id") == sent.id.as_str()));
    assert!(requests.iter().all(|request| request.body == requests[0].body), "the same bytes every time");
    let tried = attempts(&desk.db, &sent.id).await.unwrap();
    let outcomes: Vec<_> = tried.iter().map(|one| (one.number, one.status, one.outcome.as_deref())).collect();
    assert_eq!(outcomes[0], (1, Some(500), Some("retry")));
    assert_eq!(outcomes[5], (6, Some(202), Some("delivered")));
    assert_eq!((tried[5].host.as_deref(), tried[5].ip.as_deref()), (Some("127.0.0.1"), Some("127.0.0.1")));
    assert!(tried[5].took.is_some() && tried[5].answer_sha256 == Some(hex(&sha256(b""))));
}

#[tokio::test]
async fn erase_overtakes_a_stop_that_was_not_sent() {
    let (desk, server, consent) = story(&[202]).await;
    let stop = desk.enqueue(&consent, Kind::SharingStopped).await;
    let erase = desk.enqueue(&consent, Kind::ErasureRequested).await;
    assert_eq!(erase.superseded, std::slice::from_ref(&stop.id));
    desk.deliver(&desk.dispatcher()).await;
    assert_eq!(told(&server).await, ["erasure.requested"]);
    assert_eq!(desk.state(&stop.id).await, ("cancelled", "superseded"));
    assert_eq!(desk.find(&stop.id).await.superseded_by, Some(erase.id.clone()));
    assert_eq!(desk.state(&erase.id).await, ("delivered", "open"));
}

#[tokio::test]
async fn a_signal_waits_for_the_one_before_it_about_the_same_grant() {
    let (desk, server, consent) = story(&[503, 202]).await;
    let other = desk.consent(&consent.app).await;
    let stop = desk.enqueue(&consent, Kind::SharingStopped).await;
    let dispatcher = desk.dispatcher();
    desk.deliver(&dispatcher).await;
    let resume = desk.enqueue(&consent, Kind::SharingResumed).await;
    desk.enqueue(&other, Kind::ConsentExpired).await;
    desk.deliver(&dispatcher).await;
    assert_eq!(told(&server).await, ["sharing.stopped", "consent.expired"], "another grant does not wait");
    assert_eq!(desk.state(&resume.id).await, ("queued", "nothing"));
    assert_eq!(desk.state(&stop.id).await, ("waiting", "superseded"), "it need not stop any more");
    desk.advance(SECOND * 5);
    desk.deliver(&dispatcher).await;
    assert_eq!(told(&server).await[2..], ["sharing.stopped", "sharing.resumed"]);
}

#[tokio::test]
async fn what_is_being_sent_when_a_stronger_command_comes_is_not_sent_again() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let (endpoint, _) = desk.webhook(&app, &hanging().await).await;
    let consent = desk.consent(&app).await;
    let stop = desk.enqueue(&consent, Kind::SharingStopped).await;
    let dispatcher = desk.dispatcher();
    assert_eq!(dispatcher.deliver_due(desk.now()).await.unwrap(), 1);
    let revoke = desk.enqueue(&consent, Kind::ConsentRevoked).await;
    assert_eq!(desk.state(&stop.id).await, ("delivering", "superseded"));
    assert_eq!(dispatcher.deliver_due(desk.now()).await.unwrap(), 1, "the stronger one overtakes it");
    drop(dispatcher);
    let server = receiver(&[202]).await;
    desk.set(&app, Target::Webhook { url: server.uri() }).await;
    desk.activate(&endpoint).await;
    desk.advance(chrono::TimeDelta::minutes(2));
    desk.deliver(&desk.dispatcher()).await;
    assert_eq!(told(&server).await, ["consent.revoked"]);
    assert_eq!(desk.state(&stop.id).await, ("cancelled", "superseded"));
    assert_eq!(desk.state(&revoke.id).await, ("delivered", "open"));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_called_no_more_and_the_app_still_owes() {
    let (desk, server, consent) = story(&[410]).await;
    let other = desk.consent(&consent.app).await;
    let erase = desk.enqueue(&consent, Kind::ErasureRequested).await;
    let dispatcher = desk.dispatcher();
    desk.deliver(&dispatcher).await;
    let endpoint = find_endpoint(&desk.db, &consent.app, None).await.unwrap();
    assert_eq!(endpoint.state, EndpointState::Disabled);
    assert_eq!(desk.state(&erase.id).await, ("gone", "open"));
    desk.enqueue(&other, Kind::SharingStopped).await;
    desk.advance(chrono::TimeDelta::days(4));
    assert_eq!(desk.deliver(&dispatcher).await, 0);
    assert_eq!(received(&server).await.len(), 1);
    let tx = desk.tx().await;
    let moments: Vec<_> = escalate_due(&tx, 10, &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    assert!(moments.iter().any(|told| told.moment == crate::Moment::DeliveryDead && told.signal == erase.id));
    assert!(moments.iter().any(|told| told.moment == crate::Moment::AckMissed && told.signal == erase.id));
    // Polling still offers it, and another address that is verified gets everything.
    assert_eq!(desk.poll(&consent.app, &PollRequest::default()).await.sets.len(), 2);
    let alive = receiver(&[202]).await;
    let (moved, secret) = desk.set(&consent.app, Target::Webhook { url: alive.uri() }).await;
    assert!(secret.is_none(), "a webhook keeps its secret when it moves");
    assert_eq!(desk.deliver(&dispatcher).await, 0);
    desk.activate(&moved).await;
    assert_eq!(desk.deliver(&dispatcher).await, 2);
    assert_eq!(desk.state(&erase.id).await, ("delivered", "overdue"));
}

#[tokio::test]
async fn one_endpoint_that_hangs_delays_none_of_twenty_others() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::in_folder(&folder).await;
    let (bad, good) = (hanging().await, MockServer::start().await);
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(202)).mount(&good).await;
    let hung = desk.app().await;
    desk.webhook(&hung, &bad).await;
    for _ in 0..30 {
        desk.enqueue(&desk.consent(&hung).await, Kind::SharingStopped).await;
    }
    let mut consents = vec![];
    for place in 0..20 {
        let app = desk.app().await;
        desk.webhook(&app, &format!("{}/app/{place}", good.uri())).await;
        let consent = desk.consent(&app).await;
        desk.enqueue(&consent, Kind::SharingStopped).await;
        consents.push(consent);
    }
    let dispatcher = desk.dispatcher();
    let at_once = dispatcher.deliver_due(desk.now()).await.unwrap();
    assert_eq!(at_once, 24, "four of the thirty, and one of each other app");
    dispatcher.settle(4).await;
    assert_eq!(received(&good).await.len(), 20);
    // And the next round does not wait for it either.
    for consent in &consents {
        desk.enqueue(consent, Kind::ConsentRevoked).await;
    }
    assert_eq!(dispatcher.deliver_due(desk.now()).await.unwrap(), 20, "nothing more for the one that hangs");
    dispatcher.settle(4).await;
    assert_eq!(received(&good).await.len(), 40);
}

#[tokio::test]
async fn what_a_dead_process_was_sending_is_sent_again_when_its_lease_ends() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let (endpoint, _) = desk.webhook(&app, &hanging().await).await;
    let consent = desk.consent(&app).await;
    let sent = desk.enqueue(&consent, Kind::ErasureRequested).await;
    let dispatcher = desk.dispatcher();
    assert_eq!(dispatcher.deliver_due(desk.now()).await.unwrap(), 1);
    drop(dispatcher);
    assert_eq!(desk.state(&sent.id).await, ("delivering", "open"));

    let server = receiver(&[202]).await;
    desk.set(&app, Target::Webhook { url: server.uri() }).await;
    desk.activate(&endpoint).await;
    let dispatcher = desk.dispatcher();
    desk.advance(chrono::TimeDelta::seconds(59));
    assert_eq!(desk.deliver(&dispatcher).await, 0, "somebody may still be sending it");
    desk.advance(SECOND);
    assert_eq!(desk.deliver(&dispatcher).await, 1);
    assert_eq!(desk.state(&sent.id).await, ("delivered", "open"));
    let tried = attempts(&desk.db, &sent.id).await.unwrap();
    let outcomes: Vec<_> = tried.iter().map(|one| one.outcome.as_deref()).collect();
    assert_eq!(outcomes, [None, Some("delivered")], "nobody knows what became of the first");
}

#[tokio::test]
async fn a_signal_whose_process_died_before_sending_goes_out_after_the_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = receiver(&[202]).await;
    let (id, url) = {
        let desk = Desk::in_folder(&folder).await;
        let app = desk.app().await;
        desk.webhook(&app, &server.uri()).await;
        let consent = desk.consent(&app).await;
        let undone = desk.tx().await;
        let keystore = crate::testing::keystore();
        let new = desk.decision(&consent, Kind::SharingStopped);
        crate::enqueue(&undone, new, &desk.issuer(&keystore), &desk.ambient).await.unwrap();
        drop(undone);
        let sent = desk.enqueue(&consent, Kind::ConsentRevoked).await;
        (sent.id, format!("sqlite://{}", folder.path().join("signals.db").display()))
    };
    let db = Database::connect(&url, &consent_store::Pool::default()).await.unwrap();
    let restarted = Desk::over(db);
    restarted.advance(SECOND);
    assert_eq!(restarted.deliver(&restarted.dispatcher()).await, 1);
    assert_eq!(told(&server).await, ["consent.revoked"], "and nothing of what was never committed");
    assert_eq!(restarted.state(&id).await.0, "delivered");
}

/// Takes what is due, as if each had been answered with 202.
async fn claim(desk: &Desk) -> Vec<Ended> {
    let due = store::due(&desk.db, 10, &desk.limits, desk.now()).await.unwrap();
    let tx = desk.tx().await;
    let claimed = store::claim(&tx, due, &desk.limits, desk.now(), &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    claimed.into_iter().map(|claimed| Ended { claimed, attempted: answered(202) }).collect()
}

#[tokio::test]
async fn attempts_that_end_together_are_each_written_down() {
    let desk = Desk::new().await;
    for _ in 0..5 {
        let app = desk.app().await;
        desk.webhook(&app, &hanging().await).await;
        desk.enqueue(&desk.consent(&app).await, Kind::ConsentRevoked).await;
    }
    let mut ended = claim(&desk).await;
    for (one, status) in ended.iter_mut().zip([202, 503, 410, 202, 202]) {
        one.attempted = answered(status);
    }
    // Meanwhile one endpoint is taken away.
    let endpoint = &ended[3].claimed.endpoint;
    let tx = desk.tx().await;
    store::remove_endpoint(&tx, endpoint, &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    desk.dispatcher().shared.conclude(&ended).await;

    for (one, expected) in ended.iter().zip(["delivered", "waiting", "gone", "delivered", "delivered"]) {
        let id = &one.claimed.signal.id;
        assert_eq!(desk.state(id).await.0, expected);
        let tried = attempts(&desk.db, id).await.unwrap();
        assert_eq!(tried[0].outcome.as_deref(), Some(one.attempted.outcome.name()));
    }
}

#[tokio::test]
async fn a_worker_that_comes_back_too_late_moves_nothing_but_a_success() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    desk.webhook(&app, &hanging().await).await;
    let consent = desk.consent(&app).await;
    let sent = desk.enqueue(&consent, Kind::ConsentRevoked).await;
    let mut slow = claim(&desk).await.remove(0);
    desk.advance(chrono::TimeDelta::minutes(1));
    let mut fast = claim(&desk).await.remove(0);
    let came = async |ended: &mut Ended, status| {
        ended.attempted = answered(status);
        let rules = Rules {
            schedule: &desk.schedule,
            breaker_after: 5,
            breaker_for: Duration::from_mins(1),
            ambient: &desk.ambient,
        };
        let tx = desk.tx().await;
        assert!(store::record(&tx, vec![ended], Patience::Wait, &rules).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    };
    came(&mut slow, 500).await;
    assert_eq!(desk.find(&sent.id).await.delivery.holder(), fast.claimed.signal.delivery.holder());
    came(&mut slow, 202).await;
    assert_eq!(desk.state(&sent.id).await.0, "delivered");
    came(&mut fast, 500).await;
    assert_eq!(desk.state(&sent.id).await.0, "delivered");
    let tried = attempts(&desk.db, &sent.id).await.unwrap();
    let outcomes: Vec<_> = tried.iter().map(|one| one.outcome.as_deref()).collect();
    assert_eq!(outcomes, [Some("retry"), Some("retry")], "an outcome is written once");
}

#[tokio::test]
async fn two_replicas_send_every_signal_once() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::in_folder(&folder).await;
    let server = receiver(&[202]).await;
    for _ in 0..10 {
        let app = desk.app().await;
        desk.webhook(&app, &server.uri()).await;
        for _ in 0..4 {
            desk.enqueue(&desk.consent(&app).await, Kind::ConsentRevoked).await;
        }
    }
    let url = format!("sqlite://{}", folder.path().join("signals.db").display());
    let other = Desk::over(Database::connect(&url, &consent_store::Pool::default()).await.unwrap());
    let (here, there) = (desk.dispatcher(), other.dispatcher());
    let (here, there) = tokio::join!(desk.deliver(&here), desk.deliver(&there));
    assert_eq!(here + there, 40);
    let mut names: Vec<_> =
        received(&server).await.iter().map(|request| header(request, "webhook-id").to_owned()).collect();
    assert_eq!(names.len(), 40);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 40);
}

#[tokio::test]
async fn a_name_that_moves_to_a_private_address_is_not_called_again() {
    let desk = Desk::new().await;
    let server = receiver(&[503, 202]).await;
    let app = desk.app().await;
    let url = format!("http://localhost:{}/", server.address().port());
    desk.webhook(&app, &url).await;
    let sent = desk.enqueue(&desk.consent(&app).await, Kind::ConsentRevoked).await;
    let dispatcher = desk.dispatcher_with(Moving::through(&["127.0.0.1", "10.0.0.7"]));
    desk.deliver(&dispatcher).await;
    desk.advance(SECOND * 5);
    assert_eq!(desk.deliver(&dispatcher).await, 1);
    assert_eq!(received(&server).await.len(), 1);
    let tried = attempts(&desk.db, &sent.id).await.unwrap();
    let seen: Vec<_> = tried.iter().map(|one| (one.ip.as_deref(), one.problem.as_deref())).collect();
    assert_eq!(seen, [(Some("127.0.0.1"), None), (Some("10.0.0.7"), Some("refused"))]);
    assert_eq!(desk.state(&sent.id).await.0, "waiting");
}

#[tokio::test]
async fn nothing_but_a_verification_is_sent_before_an_endpoint_has_answered_one() {
    let desk = Desk::new().await;
    let server = receiver(&[500, 204]).await;
    let app = desk.app().await;
    let (endpoint, _) = desk.set(&app, Target::Webhook { url: server.uri() }).await;
    let waiting = desk.enqueue(&desk.consent(&app).await, Kind::ConsentRevoked).await;
    let dispatcher = desk.dispatcher();
    assert_eq!(desk.deliver(&dispatcher).await, 0);
    assert_eq!(
        due_for_verification(&desk.db, desk.now(), 10).await.unwrap(),
        std::slice::from_ref(&endpoint)
    );
    desk.verify(&endpoint).await;
    assert_eq!(due_for_verification(&desk.db, desk.now(), 10).await.unwrap(), []);
    assert_eq!(desk.deliver(&dispatcher).await, 1);
    let unverified = find_endpoint(&desk.db, &app, None).await.unwrap();
    assert_eq!(unverified.state, EndpointState::Unverified, "a 500 proves nothing");
    desk.advance(SECOND * 5);
    assert_eq!(desk.deliver(&dispatcher).await, 2);
    assert_eq!(told(&server).await, ["verification", "verification", "consent.revoked"]);
    assert_eq!(desk.state(&waiting.id).await.0, "delivered");
    let active = find_endpoint(&desk.db, &app, None).await.unwrap();
    assert_eq!((active.state, active.verified_at), (EndpointState::Active, Some(desk.now())));
    desk.advance(chrono::TimeDelta::days(7) - SECOND);
    assert_eq!(due_for_verification(&desk.db, desk.now(), 10).await.unwrap(), []);
    desk.advance(SECOND);
    assert_eq!(due_for_verification(&desk.db, desk.now(), 10).await.unwrap().len(), 1, "once a week");
}

#[tokio::test]
async fn plain_tokens_go_to_receivers_of_shared_signals() {
    let desk = Desk::new().await;
    let server = receiver(&[202]).await;
    let app = desk.app().await;
    let authorization = Some("Bearer chosen-by-the-receiver".into());
    let (endpoint, secret) = desk.set(&app, Target::Set { url: server.uri(), authorization }).await;
    assert!(secret.is_none());
    desk.activate(&endpoint).await;
    let sent = desk.enqueue(&desk.consent(&app).await, Kind::ConsentExpired).await;
    desk.deliver(&desk.dispatcher()).await;
    let request = received(&server).await.remove(0);
    assert_eq!(header(&request, "content-type"), "application/secevent+jwt");
    assert_eq!(header(&request, "authorization"), "Bearer chosen-by-the-receiver");
    assert_eq!(String::from_utf8(request.body).unwrap(), desk.find(&sent.id).await.jws);
}

#[tokio::test]
async fn a_refusal_by_rfc_8935_gets_three_further_tries_and_a_replay() {
    let desk = Desk::new().await;
    let server = MockServer::start().await;
    let error = serde_json::json!({"err": "invalid_key", "description": "unknown kid"});
    Mock::given(path("/signals"))
        .respond_with(ResponseTemplate::new(400).set_body_json(error))
        .up_to_n_times(4)
        .mount(&server)
        .await;
    Mock::given(path("/signals")).respond_with(ResponseTemplate::new(202)).mount(&server).await;
    let app = desk.app().await;
    desk.webhook(&app, &format!("{}/signals", server.uri())).await;
    let sent = desk.enqueue(&desk.consent(&app).await, Kind::SharingStopped).await;
    let dispatcher = desk.dispatcher();
    for _ in 0..4 {
        assert_eq!(desk.deliver(&dispatcher).await, 1);
        desk.advance(chrono::TimeDelta::hours(1));
    }
    assert_eq!(desk.state(&sent.id).await, ("dead", "open"));
    let tried = attempts(&desk.db, &sent.id).await.unwrap();
    assert_eq!(tried[0].problem.as_deref(), Some("invalid_key"));
    assert_eq!(tried[3].outcome.as_deref(), Some("rejected"));
    assert_eq!(desk.deliver(&dispatcher).await, 0);
    assert_eq!(crate::dead_letters(&desk.db, &Cursor::default()).await.unwrap().items.len(), 1);
    let tx = desk.tx().await;
    replay(&tx, &sent.id, &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(desk.deliver(&dispatcher).await, 1);
    assert_eq!(desk.state(&sent.id).await, ("delivered", "open"));
    let tx = desk.tx().await;
    assert!(replay(&tx, &sent.id, &desk.ambient).await.is_err(), "what was delivered is over");
}

#[tokio::test]
async fn an_endpoint_that_fails_again_and_again_is_left_alone_for_a_while() {
    let (mut desk, server, consent) = story(&[500, 500, 500, 202]).await;
    (desk.limits.per_endpoint, desk.limits.breaker_after) = (1, 3);
    let dispatcher = desk.dispatcher();
    for _ in 0..6 {
        desk.enqueue(&desk.consent(&consent.app).await, Kind::SharingStopped).await;
    }
    assert_eq!(desk.deliver(&dispatcher).await, 3, "three in vain");
    let endpoint = find_endpoint(&desk.db, &consent.app, None).await.unwrap();
    assert_eq!(endpoint.open_until, Some(desk.now() + chrono::TimeDelta::minutes(1)));
    desk.advance(chrono::TimeDelta::seconds(59));
    assert_eq!(desk.deliver(&dispatcher).await, 0, "left alone");
    desk.advance(SECOND);
    assert_eq!(desk.deliver(&dispatcher).await, 6);
    assert_eq!(received(&server).await.len(), 9);
    let listed = list_of_app(&desk.db, &consent.app, &Cursor::default()).await.unwrap();
    let open = listed.items.iter().filter(|signal| signal.delivery.is_open()).count();
    assert_eq!(open, 0, "all are delivered in the end");
    assert_eq!(find_endpoint(&desk.db, &consent.app, None).await.unwrap().failures, 0);
}

#[tokio::test]
async fn during_a_rotation_both_secrets_sign() {
    let (desk, server, consent) = story(&[202]).await;
    let endpoint = find_endpoint(&desk.db, &consent.app, None).await.unwrap();
    let tx = desk.tx().await;
    let overlap = Duration::from_hours(1);
    let keystore = crate::testing::keystore();
    let secret = rotate_secret(&tx, &endpoint, overlap, &keystore, &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    let signatures = async |place: usize| {
        desk.enqueue(&desk.consent(&consent.app).await, Kind::SharingStopped).await;
        desk.deliver(&desk.dispatcher()).await;
        let request = received(&server).await.remove(place);
        let webhook = standardwebhooks::Webhook::new(&secret.expose()).unwrap();
        let (id, at) = (header(&request, "webhook-id"), header(&request, "webhook-timestamp"));
        let expected = webhook.sign(id, at.parse().unwrap(), &request.body).unwrap();
        let all: Vec<_> = header(&request, "webhook-signature").split(' ').map(str::to_owned).collect();
        assert_eq!(all[0], expected);
        all.len()
    };
    assert_eq!(signatures(0).await, 2);
    desk.advance(chrono::TimeDelta::hours(1));
    assert_eq!(signatures(1).await, 1);
}

#[tokio::test]
async fn it_runs_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::in_folder(&folder).await;
    let server = receiver(&[202]).await;
    let app = desk.app().await;
    desk.webhook(&app, &server.uri()).await;
    let consent = desk.consent(&app).await;
    let dispatcher = Arc::new(desk.dispatcher());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let dispatcher = dispatcher.clone();
        async move {
            dispatcher.run(async { _ = stopped.await }).await;
        }
    });
    // Two of one grant: the second goes out because the first is done.
    desk.enqueue(&consent, Kind::SharingStopped).await;
    let last: SignalId = desk.enqueue(&consent, Kind::SharingResumed).await.id;
    dispatcher.waker().wake();
    let mut going = dispatcher.shared.going.subscribe();
    while desk.state(&last).await.0 != "delivered" {
        going.changed().await.unwrap();
    }
    stop.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(told(&server).await, ["sharing.stopped", "sharing.resumed"]);
}
