use chrono::TimeDelta;
use consent_core::Cursor;

use crate::{
    Escalation, Kind, Moment, SignalsError, calendar_months, close, dispute, is_in_default, overdue,
    testing::{Desk, escalate_due},
};

async fn sweep(desk: &Desk) -> Vec<Escalation> {
    let tx = desk.tx().await;
    let told = escalate_due(&tx, 100, &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    told
}

#[tokio::test]
async fn each_deadline_that_goes_by_is_told_once() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    let erase = desk.enqueue(&consent, Kind::ErasureRequested).await;
    let began = desk.now();
    desk.advance(TimeDelta::hours(72) - TimeDelta::milliseconds(1));
    assert_eq!(sweep(&desk).await, []);
    desk.advance(TimeDelta::milliseconds(1));
    let told = sweep(&desk).await;
    assert_eq!((told.len(), told[0].moment, Some(told[0].at)), (1, Moment::AckMissed, erase.ack_by));
    assert_eq!((&told[0].person, &told[0].app), (&Some(consent.person.clone()), &consent.app));
    assert_eq!(desk.state(&erase.id).await, ("queued", "overdue"));
    assert_eq!(sweep(&desk).await, []);
    assert!(!is_in_default(&desk.db, &consent.app).await.unwrap(), "there is time left to do it");

    desk.advance(TimeDelta::days(11));
    let told = sweep(&desk).await;
    assert_eq!(
        (told.len(), told[0].moment, Some(told[0].at)),
        (1, Moment::CompleteMissed, erase.complete_by)
    );
    assert!(is_in_default(&desk.db, &consent.app).await.unwrap());
    assert_eq!(sweep(&desk).await, []);

    let backstop = calendar_months(began, 1);
    desk.advance(backstop - TimeDelta::days(5) - desk.now());
    let told = sweep(&desk).await;
    assert_eq!((told.len(), told[0].moment, told[0].at), (1, Moment::BackstopNear, backstop));
    desk.advance(TimeDelta::days(100));
    assert_eq!(sweep(&desk).await, []);
    assert_eq!(overdue(&desk.db, &Cursor::default()).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_sweep_that_comes_late_tells_everything_at_once() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    desk.enqueue(&consent, Kind::ConsentRevoked).await;
    desk.enqueue(&desk.consent(&consent.app).await, Kind::SharingResumed).await;
    desk.advance(TimeDelta::days(90));
    let moments: Vec<_> = sweep(&desk).await.into_iter().map(|told| told.moment).collect();
    assert_eq!(moments, [Moment::AckMissed, Moment::CompleteMissed]);
}

#[tokio::test]
async fn what_is_superseded_is_nobody_s_fault() {
    let desk = Desk::new().await;
    let consent = desk.consent(&desk.app().await).await;
    desk.enqueue(&consent, Kind::SharingStopped).await;
    desk.enqueue(&consent, Kind::SharingResumed).await;
    desk.advance(TimeDelta::days(90));
    assert_eq!(sweep(&desk).await, []);
}

#[tokio::test]
async fn only_what_was_answered_is_closed_or_disputed() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let stop = desk.enqueue(&desk.consent(&app).await, Kind::SharingStopped).await;
    let resume = desk.enqueue(&desk.consent(&app).await, Kind::SharingResumed).await;
    let tx = desk.tx().await;
    for id in [&stop.id, &resume.id] {
        assert!(matches!(
            close(&tx, id, &desk.ambient).await,
            Err(SignalsError::Refused { verb: "close", .. })
        ));
        assert!(matches!(dispute(&tx, id, &desk.ambient).await, Err(SignalsError::Refused { .. })));
    }
}
