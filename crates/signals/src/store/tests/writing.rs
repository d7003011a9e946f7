use sea_orm::ConnectionTrait;

use crate::{
    InitiatingEntity, Kind, NewSignal, SignalsError, calendar_months,
    set::SetClaims,
    testing::{Desk, ISSUER, signals_key},
};

#[tokio::test]
async fn a_command_says_all_that_the_app_needs_and_no_more() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    let written = desk.enqueue(&consent, Kind::ErasureRequested).await;
    let signal = desk.find(&written.id).await;
    assert_eq!((&signal.jws_sha256, &signal.kid), (&written.jws_sha256, &signals_key().kid));
    let keys = [signals_key().key.public()];
    let claims = SetClaims::verify(&signal.jws, &keys, ISSUER, &consent.app).unwrap();
    assert_eq!((&claims.jti, claims.toe), (&written.id, desk.now().timestamp()));
    assert_eq!((claims.txn.as_str(), claims.sub_id.id.as_str()), ("t1", "ada-for-this-app"));
    let (kind, event) = claims.event().unwrap();
    assert_eq!(kind, Kind::ErasureRequested);
    assert_eq!(event.initiating_entity, Some(InitiatingEntity::User));
    assert_eq!(
        (event.receipt_id.as_deref(), event.reason_user["en"].as_str()),
        (Some("rec1"), "no longer needed")
    );
    assert_eq!(event.scopes, ["social.posts"]);
    assert!(!signal.jws.contains(consent.person.as_str()));
}

#[tokio::test]
async fn deadlines_begin_with_her_action() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let at = desk.now();
    for (kind, ack, complete) in [
        (Kind::SharingStopped, 24, 24),
        (Kind::ConsentRevoked, 24, 72),
        (Kind::ConsentExpired, 24, 72),
        (Kind::ScopeNarrowed, 72, 14 * 24),
        (Kind::ErasureRequested, 72, 14 * 24),
    ] {
        let written = desk.enqueue(&desk.consent(&app).await, kind).await;
        let hours = |deadline: Option<chrono::DateTime<chrono::Utc>>| (deadline.unwrap() - at).num_hours();
        assert_eq!((hours(written.ack_by), hours(written.complete_by)), (ack, complete), "{kind:?}");
        assert_eq!(written.backstop_at, kind.erases().then(|| calendar_months(at, 1)), "{kind:?}");
    }
    let resumed = desk.enqueue(&desk.consent(&app).await, Kind::SharingResumed).await;
    assert_eq!((resumed.ack_by, resumed.complete_by, resumed.backstop_at), (None, None, None));
}

#[tokio::test]
async fn without_an_endpoint_it_waits_to_be_polled() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    let written = desk.enqueue(&consent, Kind::ConsentRevoked).await;
    let signal = desk.find(&written.id).await;
    assert_eq!((signal.endpoint, signal.delivery.due_at(), signal.delivery.name()), (None, None, "queued"));
    assert_eq!(desk.deliver(&desk.dispatcher()).await, 0);
}

#[tokio::test]
async fn numbers_only_rise() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    let first = desk.decision(&consent, Kind::SharingStopped);
    let seq = first.seq;
    desk.try_enqueue(first.clone()).await.unwrap();
    for again in [seq, seq - 1] {
        let refused = desk.try_enqueue(NewSignal { seq: again, ..first.clone() }).await.unwrap_err();
        assert!(matches!(refused, SignalsError::NotRising { highest, .. } if highest == seq));
    }
    let odd = NewSignal { seq: seq + 1, kind: Kind::Verification, ..first };
    assert!(
        matches!(desk.try_enqueue(odd).await, Err(SignalsError::Invalid { field, .. }) if field == "kind")
    );
}

#[tokio::test]
async fn a_stronger_command_ends_weaker_ones_and_an_equal_one_does_not() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let consent = desk.consent(&app).await;
    let other = desk.consent(&app).await;
    let untouched = desk.enqueue(&other, Kind::SharingStopped).await;
    let stop = desk.enqueue(&consent, Kind::SharingStopped).await;
    let narrow = desk.enqueue(&consent, Kind::ScopeNarrowed).await;
    let again = desk.enqueue(&consent, Kind::ScopeNarrowed).await;
    assert_eq!((narrow.superseded.len(), again.superseded.len()), (1, 0));
    let revoke = desk.enqueue(&consent, Kind::ConsentRevoked).await;
    assert_eq!(revoke.superseded, [narrow.id.clone(), again.id.clone()]);
    for ended in [&stop.id, &narrow.id, &again.id] {
        assert_eq!(desk.state(ended).await, ("cancelled", "superseded"));
    }
    assert_eq!(desk.state(&revoke.id).await, ("queued", "open"));
    assert_eq!(desk.state(&untouched.id).await, ("queued", "open"));
}

#[tokio::test]
async fn what_is_taken_back_is_owed_no_more() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    let erase = desk.enqueue(&consent, Kind::ErasureRequested).await;
    let cancelled = desk.enqueue(&consent, Kind::ErasureCancelled).await;
    assert_eq!(cancelled.superseded, std::slice::from_ref(&erase.id));
    assert_eq!(desk.state(&erase.id).await, ("queued", "superseded"), "told in order all the same");
    let erase_after_all = desk.enqueue(&consent, Kind::ErasureRequested).await;
    assert_eq!(desk.state(&cancelled.id).await, ("cancelled", "superseded"));
    assert_eq!(desk.state(&erase_after_all.id).await, ("queued", "open"));
}

#[tokio::test]
async fn the_database_refuses_to_change_a_token() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    desk.enqueue(&consent, Kind::ConsentRevoked).await;
    for sql in
        ["UPDATE signal SET jws = 'x'", "UPDATE signal SET jws_sha256 = 'x'", "UPDATE signal SET jti = 'x'"]
    {
        let refused = desk.db.execute_unprepared(sql).await.unwrap_err();
        assert!(format!("{refused:?}").contains("never change"), "{refused:?}");
    }
}
