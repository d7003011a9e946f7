use chrono::TimeDelta;

use crate::{
    Kind, PollRequest, SignalId, arrived, close, find_by_id, forget, note_arrived,
    testing::{Consent, Desk},
};

async fn fetch(desk: &Desk, consent: &Consent, id: &SignalId) {
    let ack = PollRequest { ack: vec![id.to_string()], ..PollRequest::default() };
    desk.poll(&consent.app, &ack).await;
}

async fn note(desk: &Desk, id: &SignalId) -> bool {
    let tx = desk.tx().await;
    let noted = note_arrived(&tx, vec![id.clone()], &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    noted.contains(id)
}

async fn forgotten(desk: &Desk) -> u64 {
    let tx = desk.tx().await;
    let forgotten = forget(&tx, desk.now() - TimeDelta::days(400), 100).await.unwrap();
    tx.commit().await.unwrap();
    forgotten
}

#[tokio::test]
async fn an_arrival_is_noted_once_and_only_when_it_is_one() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    let sent = desk.enqueue(&consent, Kind::SharingResumed).await;
    assert_eq!(arrived(&desk.db, 10).await.unwrap(), []);
    assert!(!note(&desk, &sent.id).await, "nobody has it yet");
    fetch(&desk, &consent, &sent.id).await;
    let found = arrived(&desk.db, 10).await.unwrap();
    assert_eq!((found.len(), &found[0].signal, &found[0].app), (1, &sent.id, &consent.app));
    assert!(note(&desk, &sent.id).await);
    assert!(!note(&desk, &sent.id).await, "it was told");
    assert_eq!(arrived(&desk.db, 10).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_done_with_is_forgotten_and_what_is_owed_or_latest_is_not() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    let (early, owed) = (Kind::SharingResumed, Kind::ErasureRequested);
    let mut sent = Vec::new();
    for kind in [early, owed, early] {
        let id = desk.enqueue(&consent, kind).await.id;
        // Before a stronger command can take its place.
        fetch(&desk, &consent, &id).await;
        sent.push(id);
    }
    for id in &sent[1..] {
        assert!(note(&desk, id).await);
    }
    desk.advance(TimeDelta::days(401));
    assert_eq!(
        forgotten(&desk).await,
        0,
        "nobody was told of the first, the second is owed for, the third is the last"
    );
    assert!(note(&desk, &sent[0]).await);
    assert_eq!(forgotten(&desk).await, 1);
    assert!(find_by_id(&desk.db, &sent[0]).await.is_err());
    assert!(crate::attempts(&desk.db, &sent[0]).await.unwrap().is_empty());
    assert_eq!(desk.state(&sent[1]).await.1, "open");

    let tx = desk.tx().await;
    assert!(close(&tx, &sent[1], &desk.ambient).await.is_err(), "what is owed cannot be closed");
    drop(tx);
    assert_eq!(forgotten(&desk).await, 0);
}
