//! An app sends somebody here; she looks, and says yes or no.

use std::collections::BTreeSet;

use consent_client::reqwest::Method;
use harness::{Browser, Callback, Key, MockApp, Person, Shared, browser_stories, fixture};
use serde_json::{Value, json};

use super::{brought, refused};

/// The kinds of data that an app gets with the session of its request, and how many files.
async fn gets(app: &MockApp, shared: &Shared) -> (BTreeSet<String>, usize) {
    let list = app.lists(shared, &shared.session).await.unwrap();
    let count = list.files.len();
    (list.files.into_iter().filter_map(|file| file.object_type).collect(), count)
}

fn set(kinds: &[&str]) -> BTreeSet<String> {
    kinds.iter().map(|&kind| kind.to_owned()).collect()
}

/// Where somebody shopped last, by the sample data.
fn last_shop() -> String {
    let last_month: Value = serde_json::from_str(&fixture("samples/ada/17-banks/201_D202605.json")).unwrap();
    last_month.as_array().unwrap().last().unwrap()["merchantname"].as_str().unwrap().to_owned()
}

browser_stories! {
    async fn she_comes_from_an_app_and_shares_exactly_what_she_chooses(
        platform: TestPlatform,
        browser: Browser,
    ) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read-optional").await;
        let asked = app.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.must_see("Tidemark Fair Fare travel budget").await;
        let code = browser.signs_up("ada").await;
        assert!(code.len() > 20, "{code}");
        browser.must_see("Your library has nothing of this kind yet").await;
        assert!(!browser.url().await.as_str().contains("code="), "no code stays in an address");

        browser.presses("Connect a source or upload files").await;
        for source in ["Banks", "Garmin", "DVLA"] {
            browser.connects(source).await;
        }
        browser.must_not_see("Connect Spotify").await;
        browser.presses("Back to the question").await;
        browser.must_see("wants to read 38 files from 3 sources, 1 June 2025 to 31 May 2026").await;
        browser.must_not_see(&last_shop()).await;
        browser.presses("The latest 3 of transactions").await;
        browser.must_see(&last_shop()).await;
        for optional in ["Activities", "Daily activity summaries", "Vehicle tests", "Vehicle registrations"] {
            assert!(!browser.is_ticked(optional).await, "{optional}");
        }
        for account in ["Banks", "Garmin", "DVLA"] {
            assert!(browser.is_ticked(account).await, "{account}");
        }

        browser.unticks("DVLA").await;
        browser.ticks("Vehicle tests").await;
        browser.ticks("Daily activity summaries").await;
        browser.chooses_date("Let it end by itself on an earlier day", "2026-06-30").await;
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let back = callback.visit().await;
        assert_eq!(browser.url().await, back);
        let told = brought(&back);
        assert_eq!(told.keys().collect::<Vec<_>>(), ["accountReference", "code", "state", "success"]);
        assert_eq!((told["success"].as_str(), told["state"].as_str()), ("true", "a state"));

        let shared = app.receives(&asked, &back).await;
        assert_eq!(gets(&app, &shared).await, (set(&["dailyactivitysummary", "transaction"]), 24));
        let accounts = app.client.accounts(&shared.tokens.access.value).await.unwrap();
        let sources: BTreeSet<_> = accounts.iter().map(|account| account.source_id).collect();
        assert_eq!(sources, [17, 18].into());
        assert!(accounts.iter().any(|account| account.reference == told["accountReference"]));
        let signed_in = json!({ "email": "ada@example.org", "password": Person::PASSWORD });
        let signed_in = platform.call(Method::POST, "/api/v1/sign-in", None, Some(&signed_in)).await.ok();
        let token = signed_in["token"].as_str();
        let grants = platform.call(Method::GET, "/api/v1/me/grants", token, None).await.ok();
        let [grant] = &grants["items"].as_array().unwrap()[..] else { panic!("one grant") };
        assert_eq!(grant["expiresAt"], "2026-07-01T00:00:00.000Z", "the end of the day that she chose");
        assert_eq!((&grant["leftOut"], &grant["ownFiles"]), (&json!([300, 501]), &json!(false)));
        browser.had_no_complaints().await;
    }

    async fn a_no_goes_back_to_the_app_and_is_on_record(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        let before = ada.approves(&app).await.shared;
        let asked = app.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_in("ada").await;
        browser.must_see("You share under this contract since 1 June 2026").await;
        browser.presses("Decline").await;
        browser.must_see("Back at the app").await;
        assert_eq!(brought(&callback.visit().await), refused("USER_CANCEL"));
        assert_eq!(ada.acts_on_record().await, ["granted", "declined"]);
        assert_eq!(ada.grants().await.len(), 1);
        let list = app.client.list(&before.tokens.access.value, &asked.session.key).await;
        assert_eq!(MockApp::outcome(&list), "404 SessionInvalid");
        browser.had_no_complaints().await;
    }

    async fn a_yes_to_nothing_is_asked_about_again(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let asked = app.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_in("ada").await;
        browser.unticks("Spotify").await;
        browser.presses("Accept").await;
        browser.must_see("Nothing is ticked, so Tidemark would get nothing").await;
        assert_eq!((browser.status().await, browser.is_ticked("Spotify").await), (422, false));
        assert!(ada.grants().await.is_empty());
        browser.ticks("Spotify").await;
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let shared = app.receives(&asked, &callback.visit().await).await;
        assert_eq!(gets(&app, &shared).await.1, 17);
        browser.had_no_complaints().await;
    }

    async fn what_she_uploads_there_and_then_counts_and_is_shared(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let (app, raw) = (callback.app(&platform, "read").await, callback.app(&platform, "read-raw").await);
        let asked = app.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_up("ada").await;
        browser.presses("Connect a source or upload files").await;
        browser.uploads(&["own/transactions.json", "own/bank.csv"]).await;
        browser.must_see("Your files are in your library").await;
        browser.presses("Back to the question").await;
        browser.must_see("wants to read 1 file from your uploads").await;
        browser.presses("The latest 3 of transactions").await;
        assert!(browser.is_ticked("Files you put here yourself").await);
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let shared = app.receives(&asked, &callback.visit().await).await;
        assert_eq!(gets(&app, &shared).await, (set(&["transaction"]), 1));

        let asked = raw.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.must_see("wants to read 1 file from your uploads").await;
        browser.presses("The latest one of").await;
        browser.must_see("bank.csv").await;
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let shared = raw.receives(&asked, &browser.url().await).await;
        let list = raw.lists(&shared, &shared.session).await.unwrap();
        let [file] = &list.files[..] else { panic!("one file") };
        let access = &shared.tokens.access.value;
        let file = raw.client.fetch(access, &shared.session.key, &file.name).await.unwrap();
        assert_eq!(file.bytes, fixture("samples/own/bank.csv").as_bytes());
        browser.had_no_complaints().await;
    }

    async fn a_contract_that_changes_while_she_looks_is_put_before_her_again(
        platform: TestPlatform,
        browser: Browser,
    ) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read-optional").await;
        let ada = platform.person("ada").await;
        ada.connects(&[17, 25]).await;
        let asked = app.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_in("ada").await;
        let first = browser.copies_the_code().await;
        browser.unticks("DVLA").await;
        browser.ticks("Activities").await;
        browser.chooses_date("Let it end by itself on an earlier day", "2026-08-01").await;
        app.revises(&platform, "read-optional", |document| {
            document["purpose"]["summary"] = "Tells your insurer how you drive.".into();
        })
        .await;

        browser.must_not_see("Tells your insurer how you drive").await;
        browser.presses("Accept").await;
        browser.must_see("The contract has changed since you opened this page").await;
        browser.must_see("Tells your insurer how you drive").await;
        assert_eq!(browser.status().await, 409);
        assert!(ada.grants().await.is_empty() && callback.visits().await.is_empty());
        let kept = [browser.is_ticked("Banks").await, browser.is_ticked("DVLA").await];
        assert_eq!(kept, [true, false]);
        let kept = [browser.is_ticked("Activities").await, browser.is_ticked("Vehicle tests").await];
        assert_eq!(kept, [true, false]);
        let day = browser.has_typed("Let it end by itself on an earlier day").await;
        assert_eq!(day, "2026-08-01");
        let second = browser.copies_the_code().await;
        let question = ada.on(Method::GET, &asked, "", None).await.ok();
        assert_eq!(question["textHash"], second);

        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let [grant] = &ada.grants().await[..] else { panic!("one grant") };
        assert_ne!(first, second);
        assert_eq!((&grant["version"], &grant["textHash"]), (&json!(2), &json!(second)));
        assert_eq!(grant["leftOut"], json!([301, 500, 501]));
        app.receives(&asked, &callback.visit().await).await;
        browser.had_no_complaints().await;
    }

    async fn a_question_can_be_answered_without_a_mouse(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read-optional").await;
        let ada = platform.person("ada").await;
        ada.connects(&[17, 18]).await;
        let asked = app.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_in("ada").await;
        browser.tabs_to("Skip to the content").await;
        browser.hits(Key::Enter).await;
        browser.tabs_to("The latest 3 of transactions").await;
        browser.must_not_see(&last_shop()).await;
        browser.hits(Key::Enter).await;
        browser.must_see(&last_shop()).await;
        browser.tabs_to("Activities").await;
        browser.hits(Key::Space).await;
        browser.tabs_to("Banks").await;
        browser.hits(Key::Space).await;
        browser.tabs_to("Accept").await;
        browser.hits(Key::Enter).await;
        browser.must_see("Back at the app").await;
        let shared = app.receives(&asked, &callback.visit().await).await;
        assert_eq!(gets(&app, &shared).await, (set(&["activity"]), 12));
    }

    async fn an_app_that_only_writes_asks_for_nothing_of_hers(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "write").await;
        let asked = app.asks().await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_up("ada").await;
        browser.must_see("Tidemark wants to put data into your library").await;
        browser.must_not_see("What it would read").await;
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let told = brought(&callback.visit().await);
        assert_eq!(told.keys().collect::<Vec<_>>(), ["code", "state", "success"]);
        app.receives(&asked, &callback.visit().await).await;
        browser.had_no_complaints().await;
    }
}
