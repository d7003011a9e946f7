//! A question is answered once, whatever a browser does; and the next time begins where the last one ended.

use consent_client::{AuthorizeOptions, SessionOptions};
use harness::{Browser, Callback, browser_stories};
use serde_json::{Value, json};

use super::{brought, refused};

const ANSWERED: &str = "You have answered this already";

/// A contract that has nothing to do yet with vehicle registrations.
fn without_registrations(document: &mut Value) {
    let cars = json!([{ "id": 25, "serviceObjectTypes": [{ "id": 500 }] }]);
    document["scope"]["serviceGroups"][2]["serviceTypes"] = cars;
    document["optional"] = json!([300, 301, 500]);
}

browser_stories! {
    async fn going_back_after_an_answer_does_no_harm(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let asked = app.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_in("ada").await;
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        browser.goes_back().await;
        browser.must_see(ANSWERED).await;
        browser.presses("Open your console").await;
        browser.must_see("Tidemark health diary").await;
        browser.goes_back().await;
        browser.must_see(ANSWERED).await;
        assert_eq!(ada.grants().await.len(), 1);
        app.receives(&asked, &callback.visit().await).await;
        browser.had_no_complaints().await;
    }

    async fn of_two_tabs_the_first_answer_stands(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        browser.signs_in("ada").await;
        for (first, second, grants) in [("Accept", "Decline", 1), ("Decline", "Accept", 1)] {
            let asked = app.asks().await;
            browser.in_tab(0).await;
            browser.opens(asked.consent_url(&[])).await;
            let question = browser.path().await;
            browser.new_tab().await;
            browser.opens(&question).await;
            browser.presses(first).await;
            browser.must_see("Back at the app").await;
            browser.in_tab(0).await;
            browser.presses(second).await;
            browser.must_see(ANSWERED).await;
            assert_eq!(ada.grants().await.len(), grants);
        }
        assert_eq!(ada.acts_on_record().await, ["granted", "declined"]);
        assert_eq!(callback.visits().await.len(), 2);
        browser.had_no_complaints().await;
    }

    async fn a_yes_sent_twice_is_one_and_its_code_works(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let asked = app.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_in("ada").await;
        browser.double_clicks("Accept").await;
        browser.must_see("Back at the app").await;
        let shared = app.receives(&asked, &browser.url().await).await;
        assert_eq!(app.tries(&shared).await, "ok");
        assert_eq!((ada.grants().await.len(), ada.acts_on_record().await.len()), (1, 1));
        browser.had_no_complaints().await;
    }

    async fn what_she_chose_is_what_the_next_question_begins_with(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app_with(&platform, "read-optional", without_registrations).await;
        let ada = platform.person("ada").await;
        ada.connects(&[17, 18]).await;
        browser.opens(app.asks().await.consent_url(&[])).await;
        browser.signs_in("ada").await;
        browser.unticks("Garmin").await;
        browser.ticks("Daily activity summaries").await;
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;

        platform.wait(chrono::TimeDelta::hours(1));
        ada.connects(&[25]).await;
        app.revises(&platform, "read-optional", |_| {}).await;
        browser.opens(app.asks().await.consent_url(&[])).await;
        browser.must_see("version 2").await;
        for (label, ticked) in [
            ("Activities", false),
            ("Daily activity summaries", true),
            ("Vehicle tests", false),
            ("Vehicle registrations", false),
            ("Banks", true),
            ("Garmin", false),
            ("DVLA", true),
        ] {
            assert_eq!(browser.is_ticked(label).await, ticked, "{label}");
        }
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let grants = ada.grants().await;
        let again = grants.iter().find(|grant| grant["version"] == 2).unwrap();
        assert_eq!(again["leftOut"], json!([300, 500, 501]));
        assert_eq!(again["accounts"].as_array().unwrap().len(), 2);
        browser.had_no_complaints().await;
    }

    async fn a_link_for_somebody_else_goes_back_to_the_app(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let (state, session) = ("a state".to_owned(), SessionOptions::default());
        let access_token = Some(yes.shared.tokens.access.value.clone());
        let options = AuthorizeOptions { state, access_token, session };
        let asked = app.client.authorize(&options).await.unwrap();
        browser.signs_in("eve").await;
        browser.opens(asked.consent_url(&[])).await;
        browser.must_see("Back at the app").await;
        browser.opens(app.refers(&yes.shared).await.onboard_url(&[])).await;
        browser.must_see("Back at the app").await;
        browser.opens(app.asks_again(&yes.shared).await.consent_url(&[])).await;
        browser.must_see("Back at the app").await;
        let visits = callback.visits().await;
        assert_eq!(visits.iter().map(brought).collect::<Vec<_>>(), vec![refused("INVALID_CODE"); 3]);
        assert!(eve.acts_on_record().await.is_empty());

        // The one who is meant can still answer.
        let ada_at_home = browser.another().await;
        ada_at_home.opens(asked.consent_url(&[])).await;
        ada_at_home.signs_in("ada").await;
        ada_at_home.presses("Accept").await;
        ada_at_home.must_see("Back at the app").await;
        app.receives(&asked, &ada_at_home.url().await).await;
        browser.had_no_complaints().await;
    }
}
