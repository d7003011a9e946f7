use chrono::TimeDelta;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{EndpointState, Kind, PollRequest, SetErr, Target, attempts, find_endpoint, testing::Desk};

fn acknowledging(ids: &[&crate::SignalId]) -> PollRequest {
    PollRequest { ack: ids.iter().map(ToString::to_string).collect(), ..PollRequest::default() }
}

#[tokio::test]
async fn after_three_days_of_outage_everything_is_there_byte_by_byte() {
    let desk = Desk::new().await;
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&server).await;
    let app = desk.app().await;
    desk.webhook(&app, &server.uri()).await;
    let mut sent = vec![];
    for kind in [Kind::ConsentRevoked, Kind::ErasureRequested, Kind::SharingStopped] {
        sent.push(desk.enqueue(&desk.consent(&app).await, kind).await);
    }
    let dispatcher = desk.dispatcher();
    // Until the schedule is used up, and beyond.
    for _ in 0..50 {
        desk.deliver(&dispatcher).await;
        desk.advance(TimeDelta::hours(2));
    }
    desk.deliver(&dispatcher).await;
    assert_eq!(desk.state(&sent[2].id).await.0, "dead");
    let pushed: Vec<serde_json::Value> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request| request.body_json().unwrap())
        .collect();
    let answer = desk.poll(&app, &PollRequest::default()).await;
    assert_eq!((answer.sets.len(), answer.more_available), (3, false));
    for one in &sent {
        let polled = &answer.sets[&one.id];
        assert!(
            pushed.iter().any(|body| body["data"]["set"] == polled.as_str()),
            "the same bytes on both roads"
        );
    }
    let ids: Vec<_> = sent.iter().map(|one| &one.id).collect();
    assert!(desk.poll(&app, &acknowledging(&ids)).await.sets.is_empty());
    for id in ids {
        assert_eq!(desk.state(id).await, ("fetched", "open"));
        let tried = attempts(&desk.db, id).await.unwrap();
        let last = tried.last().unwrap();
        assert_eq!((last.road.as_str(), last.outcome.as_deref()), ("poll", Some("fetched")));
    }
    assert_eq!(desk.deliver(&dispatcher).await, 0);
}

#[tokio::test]
async fn an_app_gets_so_many_at_once_and_only_its_own() {
    let desk = Desk::new().await;
    let (app, other) = (desk.app().await, desk.app().await);
    for _ in 0..3 {
        desk.enqueue(&desk.consent(&app).await, Kind::SharingStopped).await;
        desk.advance(TimeDelta::milliseconds(1));
    }
    let foreign = desk.enqueue(&desk.consent(&other).await, Kind::SharingStopped).await;
    let two = PollRequest { max_events: Some(2), ..PollRequest::default() };
    let answer = desk.poll(&app, &two).await;
    assert_eq!((answer.sets.len(), answer.more_available), (2, true));
    let first: Vec<_> = answer.sets.keys().cloned().collect();
    assert_eq!(desk.poll(&app, &two).await, answer, "what is not acknowledged comes again");
    let request = PollRequest { max_events: Some(2), ..acknowledging(&[&first[0], &first[1], &foreign.id]) };
    let rest = desk.poll(&app, &request).await;
    assert_eq!((rest.sets.len(), rest.more_available), (1, false));
    assert_eq!(desk.state(&foreign.id).await, ("queued", "open"), "nobody acknowledges for another");
    let none = PollRequest { max_events: Some(0), ..PollRequest::default() };
    let answer = desk.poll(&app, &none).await;
    assert_eq!((answer.sets.len(), answer.more_available), (0, true));
    let odd = PollRequest { ack: vec!["no such name".to_owned(), first[0].to_string()], ..none };
    desk.poll(&app, &odd).await;
}

#[tokio::test]
async fn what_an_app_cannot_take_is_written_down_and_offered_again() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let sent = desk.enqueue(&desk.consent(&app).await, Kind::ConsentRevoked).await;
    let error = SetErr { err: "invalid_key".to_owned(), description: "unknown\nkid".to_owned() };
    let request = PollRequest { set_errs: [(sent.id.to_string(), error)].into(), ..PollRequest::default() };
    for _ in 0..4 {
        let answer = desk.poll(&app, &request).await;
        assert!(answer.sets.contains_key(&sent.id));
    }
    assert_eq!(desk.state(&sent.id).await, ("dead", "open"));
    let tried = attempts(&desk.db, &sent.id).await.unwrap();
    assert_eq!(tried.len(), 4);
    assert_eq!(tried[0].problem.as_deref(), Some("invalid_key: unknownkid"));
    desk.poll(&app, &acknowledging(&[&sent.id])).await;
    assert_eq!(desk.state(&sent.id).await.0, "fetched");
    desk.poll(&app, &request).await;
    assert_eq!(desk.state(&sent.id).await.0, "fetched", "what was taken stays taken");
}

#[tokio::test]
async fn an_app_that_only_polls_verifies_by_polling() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let (endpoint, _) = desk.set(&app, Target::Poll).await;
    let asked = desk.verify(&endpoint).await;
    assert_eq!(desk.deliver(&desk.dispatcher()).await, 0);
    assert!(desk.poll(&app, &PollRequest::default()).await.sets.contains_key(&asked.id));
    let seen = find_endpoint(&desk.db, &app, None).await.unwrap();
    assert_eq!(seen.state, EndpointState::Unverified, "to fetch is not to acknowledge");
    desk.poll(&app, &acknowledging(&[&asked.id])).await;
    let seen = find_endpoint(&desk.db, &app, None).await.unwrap();
    assert_eq!((seen.state, seen.verified_at), (EndpointState::Active, Some(desk.now())));
    let sent = desk.enqueue(&desk.consent(&app).await, Kind::SharingStopped).await;
    assert_eq!(desk.find(&sent.id).await.delivery.due_at(), None);
    assert_eq!(desk.deliver(&desk.dispatcher()).await, 0);
}
