//! What happens by itself goes on where one part of it cannot.

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_gateway::worker;
use harness::{Person, TestPlatform, Yes, agreed, stories};
use sea_orm::ConnectionTrait as _;
use serde_json::json;

/// Has a grant of hers end in an hour.
async fn ends_soon(platform: &TestPlatform, person: &Person<'_>, yes: &Yes) {
    let until = platform.inner.ambient.now() + TimeDelta::hours(1);
    let path = format!("/me/grants/{}/shorten", yes.grant);
    let _ = person.call(Method::POST, &path, Some(&json!({ "until": until }))).await.ok();
}

/// What happened last, by her chain.
async fn last_act(person: &Person<'_>) -> String {
    let list = person.call(Method::GET, "/me/events?limit=200", None).await.ok();
    let events = list["items"].as_array().unwrap();
    events[events.len() - 1]["act"]["type"].as_str().unwrap().to_owned()
}

stories! {
    async fn a_grant_that_cannot_be_read_keeps_nothing_else_from_being_done(platform: TestPlatform) {
        let (app, ada, hers) = agreed(&platform).await;
        let bob = platform.person("bob").await;
        bob.connects(&[16]).await;
        let his = bob.approves(&app).await;
        ends_soon(&platform, &ada, &hers).await;
        ends_soon(&platform, &bob, &his).await;
        let damage = format!("UPDATE consent_grant SET choices = '\"damaged\"' WHERE id = '{}'", hers.grant);
        platform.inner.db.execute_unprepared(&damage).await.unwrap();

        platform.wait(TimeDelta::hours(2));
        assert!(worker::sweep(&platform.inner).await.is_err(), "and whoever runs it is told");
        assert_eq!(last_act(&bob).await, "signalled");
        assert_eq!(last_act(&ada).await, "changed", "hers is as it was");
        let checkpoints = bob.call(Method::GET, "/me/checkpoints", None).await.ok();
        assert_eq!(checkpoints["items"].as_array().unwrap().len(), 1, "what comes later in a sweep was done");
    }
}
