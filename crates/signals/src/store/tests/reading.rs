use chrono::TimeDelta;
use consent_core::Cursor;

use crate::{
    Kind, SignalsError, dead_letters, find, list_of_app, list_of_grant, list_of_person, overdue,
    testing::Desk,
};

#[tokio::test]
async fn lists_come_in_pages_and_show_only_what_is_one_s_own() {
    let desk = Desk::new().await;
    let (app, other) = (desk.app().await, desk.app().await);
    let consent = desk.consent(&app).await;
    let mut ids = vec![];
    for kind in [Kind::SharingStopped, Kind::SharingResumed, Kind::ErasureRequested] {
        ids.push(desk.enqueue(&consent, kind).await.id);
        desk.advance(TimeDelta::milliseconds(1));
    }
    let foreign = desk.enqueue(&desk.consent(&other).await, Kind::SharingStopped).await.id;
    let first = list_of_app(&desk.db, &app, &Cursor::new(None, Some(2))).await.unwrap();
    let seen: Vec<_> = first.items.iter().map(|signal| signal.id.clone()).collect();
    assert_eq!(seen, ids[..2]);
    let rest = list_of_app(&desk.db, &app, &Cursor::new(first.next, Some(2))).await.unwrap();
    assert_eq!((rest.items[0].id.clone(), rest.items.len(), rest.next), (ids[2].clone(), 1, None));
    let of_grant = async |person| {
        list_of_grant(&desk.db, person, &consent.grant, &Cursor::default()).await.unwrap().items.len()
    };
    assert_eq!(of_grant(&consent.person).await, 3);
    assert_eq!(of_grant(&desk.ambient.new_id()).await, 0, "somebody else's grant is not found");
    assert_eq!(list_of_person(&desk.db, &consent.person, &Cursor::default()).await.unwrap().items.len(), 3);
    assert!(overdue(&desk.db, &Cursor::default()).await.unwrap().items.is_empty());
    assert!(dead_letters(&desk.db, &Cursor::default()).await.unwrap().items.is_empty());
    assert_eq!(find(&desk.db, &app, &ids[0]).await.unwrap().id, ids[0]);
    assert!(matches!(find(&desk.db, &app, &foreign).await, Err(SignalsError::NotFound(id)) if id == foreign));
    let odd = list_of_app(&desk.db, &app, &Cursor::new(Some("x".to_owned()), None)).await;
    assert!(matches!(odd, Err(SignalsError::Cursor)));
}
