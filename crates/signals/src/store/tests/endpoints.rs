use std::time::Duration;

use consent_core::Ambient;
use consent_crypto::Keystore;
use sea_orm::{ConnectionTrait, EntityTrait, Statement};

use crate::{
    Delivery, EndpointState, Kind, NewEndpoint, PollRequest, SignalsError, Target, endpoint_for,
    find_endpoint, list_endpoints, remove_endpoint, rotate_secret, set_endpoint,
    testing::{Desk, keystore},
};

fn webhook(url: &str) -> Target {
    Target::Webhook { url: url.to_owned() }
}

#[tokio::test]
async fn a_contract_may_have_an_endpoint_of_its_own() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let (own, _) = desk.webhook(&app, "https://app.example/all").await;
    let (special, usual) = (desk.consent(&app).await, desk.consent(&app).await);
    let signal = desk.enqueue(&special, Kind::SharingStopped).await;
    assert_eq!(desk.find(&signal.id).await.endpoint, Some(own.id.clone()));

    let tx = desk.tx().await;
    let new = NewEndpoint {
        app: app.clone(),
        contract: Some(special.contract.clone()),
        target: webhook("https://app.example/special"),
    };
    let set = set_endpoint(&tx, new, desk.policy, &keystore(), &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    let stays = desk.find(&signal.id).await;
    let due = Delivery::Queued { due_at: Some(desk.now()) };
    assert_eq!((stays.endpoint, &stays.delivery), (Some(own.id.clone()), &due), "it has not answered yet");
    let chosen = async |contract| endpoint_for(&desk.db, &app, contract).await.unwrap().unwrap().id;
    assert_eq!(chosen(Some(&special.contract)).await, own.id);
    desk.activate(&set.endpoint).await;
    let moved = desk.find(&signal.id).await;
    assert_eq!((moved.endpoint, &moved.delivery), (Some(set.endpoint.id.clone()), &due));
    assert_eq!(chosen(Some(&special.contract)).await, set.endpoint.id);
    assert_eq!(chosen(Some(&usual.contract)).await, own.id);
    assert_eq!(chosen(None).await, own.id);
    assert_eq!(list_endpoints(&desk.db, &app).await.unwrap().len(), 2);

    let tx = desk.tx().await;
    remove_endpoint(&tx, &set.endpoint, &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    let back = desk.find(&signal.id).await;
    assert_eq!(back.delivery, Delivery::Queued { due_at: Some(desk.now()) }, "due at the app's own again");
    assert_eq!(back.endpoint, Some(own.id));
    let gone = find_endpoint(&desk.db, &app, Some(&special.contract)).await;
    assert!(matches!(gone, Err(SignalsError::NoEndpoint)));
}

#[tokio::test]
async fn another_address_has_to_be_verified_and_the_same_one_has_not() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let (active, _) = desk.webhook(&app, "https://app.example/a").await;
    assert_eq!(active.state, EndpointState::Active);
    let (same, secret) = desk.set(&app, webhook("https://app.example/a")).await;
    assert_eq!((same, secret.is_none()), (active.clone(), true));
    let asked = desk.verify(&active).await;
    let (moved, secret) = desk.set(&app, webhook("https://app.example/b")).await;
    assert_eq!((moved.state, moved.verified_at), (EndpointState::Unverified, None));
    assert!(secret.is_none(), "it keeps its secret");
    assert_eq!(
        desk.state(&asked.id).await.0,
        "cancelled",
        "what the old address is asked says nothing of the new"
    );
    let (polled, _) = desk.set(&app, Target::Poll).await;
    let (again, secret) = desk.set(&app, webhook("https://app.example/b")).await;
    assert!(secret.is_some(), "a webhook anew has a secret anew");
    assert_eq!((polled.id, again.state), (again.id, EndpointState::Unverified));
}

#[tokio::test]
async fn secrets_are_wrapped_where_they_lie() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let (endpoint, secret) = desk.webhook(&app, "https://app.example/a").await;
    let stored = async |column: &str| {
        let sql = format!("SELECT {column} FROM signal_endpoint");
        let select = Statement::from_string(desk.db.get_database_backend(), sql);
        let row = desk.db.query_one_raw(select).await.unwrap().unwrap();
        row.try_get_by_index::<Option<Vec<u8>>>(0).unwrap()
    };
    let wrapped = stored("secret").await.unwrap();
    assert_eq!(wrapped.len(), 61);
    assert!(!wrapped.windows(8).any(|bytes| secret.bytes().starts_with(bytes)));
    let tx = desk.tx().await;
    let overlap = Duration::from_mins(1);
    let next = rotate_secret(&tx, &endpoint, overlap, &keystore(), &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    assert_ne!(next.bytes(), secret.bytes());
    assert_eq!(stored("previous").await.unwrap(), wrapped);

    let row = crate::row::endpoint::Entity::find_by_id(endpoint.id.clone());
    let row = row.one(&desk.db).await.unwrap().unwrap();
    let secrets = crate::store::Secrets::of(row);
    let open = |at| secrets.webhook(&keystore(), at).unwrap().len();
    assert_eq!((open(desk.now()), open(desk.now() + chrono::TimeDelta::minutes(1))), (2, 1));
    let pem = include_str!("../../../../../fixtures/keys/server-tokens.pem");
    let other = Keystore::in_memory(&Ambient::system(), pem).unwrap();
    assert!(matches!(secrets.webhook(&other, desk.now()), Err(SignalsError::Secret)));
    assert!(secrets.authorization(&keystore()).is_err(), "one kind of secret is not another");

    let (polls, _) = desk.set(&app, Target::Poll).await;
    let tx = desk.tx().await;
    let refused = rotate_secret(&tx, &polls, overlap, &keystore(), &desk.ambient).await;
    assert!(matches!(refused, Err(SignalsError::Refused { .. })));
}

#[tokio::test]
async fn addresses_that_cannot_be_called_are_refused_with_the_reason() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    for url in ["http://app.example/", "https://10.0.0.1/", "https://user@app.example/", "nonsense"] {
        let tx = desk.tx().await;
        let new = NewEndpoint { app: app.clone(), contract: None, target: webhook(url) };
        let refused = set_endpoint(&tx, new, desk.policy, &keystore(), &desk.ambient).await.unwrap_err();
        assert!(refused.to_string().starts_with("url: "), "{url}: {refused}");
    }
    assert!(list_endpoints(&desk.db, &app).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_is_removed_leaves_its_signals_to_be_polled() {
    let desk = Desk::new().await;
    let app = desk.app().await;
    let (endpoint, _) = desk.webhook(&app, "https://app.example/a").await;
    let signal = desk.enqueue(&desk.consent(&app).await, Kind::ConsentRevoked).await;
    let tx = desk.tx().await;
    remove_endpoint(&tx, &endpoint, &desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    let left = desk.find(&signal.id).await;
    assert_eq!((left.endpoint, left.delivery), (None, Delivery::Queued { due_at: None }));
    assert_eq!(desk.poll(&app, &PollRequest::default()).await.sets.len(), 1);
    let tx = desk.tx().await;
    assert!(matches!(remove_endpoint(&tx, &endpoint, &desk.ambient).await, Err(SignalsError::NoEndpoint)));
}
