//! A contract says something else than what she agreed to: she reads what, and says yes or no.

use consent_gateway::worker;
use harness::{Browser, MockApp, browser_stories};
use serde_json::{Value, json};

fn plays_only(document: &mut Value) {
    let plays = json!([{ "id": 5, "serviceTypes": [{ "id": 19, "serviceObjectTypes": [{ "id": 406 }] }] }]);
    document["scope"]["serviceGroups"] = plays;
}

browser_stories! {
    async fn she_reads_what_is_asked_in_addition_and_says_yes_or_no(platform: TestPlatform, browser: Browser) {
        let app = MockApp::register(&platform, "read", "app-1", plays_only).await;
        let ada = platform.person("ada").await;
        ada.connects(&[16, 18]).await;
        let yes = ada.approves(&app).await;
        let page = format!("/console/grants/{}/change", yes.grant);
        browser.signs_in("ada").await;
        browser.opens(&page).await;
        browser.must_see("nothing waits for you").await;
        browser.is_accessible().await;

        app.revises(&platform, "read", |document| {
            document["retention"]["period"] = "P6M".into();
            document["policyUrl"] = "https://tidemark.example/privacy/2".into();
        })
        .await;
        worker::narrow(&platform.inner).await.unwrap();
        browser.reloads().await;
        let parts = ["What it asks for in addition", "What it no longer gets", "What else reads differently"];
        for text in parts.into_iter().chain(["1 year", "6 months"]) {
            browser.must_see(text).await;
        }
        browser.is_accessible().await;
        browser.presses("No, leave it as it is").await;
        browser.must_see("everything stays as you agreed to").await;
        browser.opens(&page).await;
        browser.must_see("You can still say yes").await;
        browser.must_not_see("No, leave it as it is").await;
        browser.is_accessible().await;

        app.revises(&platform, "read", |document| document["retention"]["period"] = "P2Y".into()).await;
        browser.presses("Yes to the change").await;
        browser.must_see("The contract has changed since you opened this page").await;
        browser.must_see("2 years").await;
        browser.is_accessible().await;
        browser.unticks("Garmin").await;
        browser.presses("Yes to the change").await;
        browser.must_see("You agreed to the change").await;
        assert_eq!(
            ada.acts_on_record().await,
            ["granted", "changed", "declined", "changed"],
        );
        browser.opens(&page).await;
        browser.must_see("nothing waits for you").await;
        browser.presses("Back to what you share").await;
        assert_eq!(browser.path().await, "/console");
        browser.must_not_see("Garmin").await;
        browser.had_no_complaints().await;
    }
}
