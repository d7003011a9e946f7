//! A tour of every page in every state, for whoever wants to look at them all: the test below, and the gallery.

use std::fs;

use chrono::TimeDelta;
use consent_client::{HandleKind, reqwest::Method};
use harness::{Browser, Callback, Engine, MockApp, Person, Receiver, TestPlatform, fixture};
use serde_json::json;

/// Before anybody is signed in, and what keeps a library hers.
pub(crate) async fn of_accounts(
    platform: &TestPlatform,
    browser: &Browser,
    mut looks: impl AsyncFnMut(&Browser, &str),
) {
    browser.opens("/").await;
    looks(browser, "home").await;
    browser.opens("/apps/saas/authorize?code=nobodys").await;
    looks(browser, "link-that-does-not-work").await;
    let callback = Callback::listen().await;
    let app = callback.app(platform, "read").await;
    browser.opens(app.asks().await.consent_url(&[])).await;
    looks(browser, "sign-in-for-an-app").await;
    browser.signs_in("nobody").await;
    looks(browser, "sign-in-refused").await;
    browser.presses("Create an account").await;
    looks(browser, "sign-up-for-an-app").await;
    browser.opens("/sign-in").await;
    looks(browser, "sign-in").await;
    browser.presses("Use your recovery code").await;
    looks(browser, "recover").await;
    browser.types("E-mail address", "nobody@example.org").await;
    browser.types("Recovery code", "ABCDE").await;
    browser.types("New password", Person::PASSWORD).await;
    browser.presses("Set the new password").await;
    looks(browser, "recover-refused").await;

    browser.opens("/sign-up").await;
    looks(browser, "sign-up").await;
    platform.person("ada").await;
    for (email, looked_at) in [("ada", "sign-up-refused"), ("ada.lindqvist", "recovery-code")] {
        browser.types("Your name", "Ada Lindqvist").await;
        browser.types("E-mail address", &format!("{email}@example.org")).await;
        browser.types("Password", Person::PASSWORD).await;
        browser.presses("Create the account").await;
        looks(browser, looked_at).await;
    }
    browser.presses("I have written it down").await;
    looks(browser, "console-empty").await;
    browser.presses("Library").await;
    looks(browser, "library-empty").await;

    browser.another().await.signs_in("ada.lindqvist").await;
    browser.presses("Security").await;
    looks(browser, "security").await;
    browser.types("Password until now", "not my password").await;
    browser.types("New password", "a longer sentence than before").await;
    browser.presses("Change the password").await;
    looks(browser, "security-refused").await;
    browser.types("Password", Person::PASSWORD).await;
    browser.presses("Get a new code").await;
    looks(browser, "recovery-code-new").await;
    browser.opens("/library/files/fil00000000000000000000000000").await;
    looks(browser, "nothing-here").await;

    browser.opens("/security").await;
    browser.new_tab().await;
    browser.opens("/console").await;
    browser.presses("Sign out").await;
    looks(browser, "signed-out").await;
    browser.signs_in("ada").await;
    browser.in_tab(0).await;
    browser.presses("Sign out").await;
    looks(browser, "form-of-somebody-else").await;
}

/// Wherever an app can send her.
pub(crate) async fn of_questions(
    platform: &TestPlatform,
    browser: &Browser,
    mut looks: impl AsyncFnMut(&Browser, &str),
) {
    let callback = Callback::listen().await;
    let app = callback.app(platform, "read-optional").await;
    let ada = platform.person("ada").await;
    browser.signs_in("ada").await;
    // Five minutes to midnight, for a last day that has passed when she answers.
    platform.wait(TimeDelta::minutes(11 * 60 + 55));
    let asked = app.asks().await;
    browser.opens(asked.consent_url(&[])).await;
    looks(browser, "consent-empty").await;
    browser.presses("Connect a source or upload files").await;
    looks(browser, "add-empty").await;
    for source in ["Banks", "Garmin", "DVLA"] {
        browser.connects(source).await;
    }
    looks(browser, "add-connected").await;
    browser.presses("Back to the question").await;
    browser.presses("The latest 3 of transactions").await;
    looks(browser, "consent-full").await;
    browser.unticks("DVLA").await;
    browser.chooses_date("Let it end by itself on an earlier day", "2026-06-01").await;
    platform.wait(TimeDelta::minutes(6));
    browser.presses("Accept").await;
    browser.must_see("Please look at this again").await;
    looks(browser, "consent-refused").await;
    app.revises(platform, "read-optional", |document| {
        document["mayDeleteLibrary"] = true.into();
        document["futureAccounts"] = true.into();
    })
    .await;
    browser.chooses_date("Let it end by itself on an earlier day", "2026-12-24").await;
    browser.presses("Accept").await;
    browser.must_see("The contract has changed").await;
    looks(browser, "consent-changed").await;
    browser.presses("Accept").await;
    browser.must_see("Back at the app").await;
    let shared = app.receives(&asked, &browser.url().await).await;
    browser.opens(app.asks().await.consent_url(&[])).await;
    looks(browser, "consent-again").await;
    browser.presses("Decline").await;
    browser.must_see("Back at the app").await;
    browser.goes_back().await;
    browser.reloads().await;
    looks(browser, "answered-already").await;

    for (contract, looked_at) in [("write", "consent-to-write"), ("read-raw", "consent-to-files")] {
        let _ = ada.uploads("bank.csv", "text/csv", fixture("samples/own/bank.csv")).await.ok();
        let app = callback.app(platform, contract).await;
        browser.opens(app.asks().await.consent_url(&[])).await;
        looks(browser, looked_at).await;
    }

    browser.opens(app.refers(&shared).await.onboard_url(&[])).await;
    looks(browser, "onboard").await;
    let account = app.client.accounts(&shared.tokens.access.value).await.unwrap().remove(0);
    let handle = app.client.handle(HandleKind::Account, &account.id).await.unwrap();
    browser.opens(app.refers(&shared).await.reauthorize_url(&handle)).await;
    looks(browser, "connect-again").await;
    browser.opens(app.asks_again(&shared).await.consent_url(&[])).await;
    looks(browser, "confirm").await;
}

/// What she agreed to, and what is hers.
pub(crate) async fn of_what_is_hers(
    platform: &TestPlatform,
    browser: &Browser,
    mut looks: impl AsyncFnMut(&Browser, &str),
) {
    let (ada, app) = (platform.person("ada").await, platform.app("read").await);
    ada.connects(&[3, 16, 17, 255]).await;
    let week =
        MockApp::register(platform, "read", "app-1", |document| document["grantFor"] = "P7D".into()).await;
    let optional = platform.app("read-optional").await;
    browser.signs_in("ada").await;
    ada.approves(&week).await;
    platform.wait(TimeDelta::days(8));
    let revoked = ada.approves(&app).await;
    let page = format!("/console/grants/{}", revoked.grant);
    browser.opens(&page).await;
    looks(browser, "grant-new").await;
    for (verb, looked_at) in [
        ("stop", "stop"),
        ("revoke", "revoke"),
        ("erase", "erase"),
        ("shorten", "shorten"),
        ("contract", "contract"),
    ] {
        browser.opens(format!("{page}/{verb}")).await;
        looks(browser, looked_at).await;
    }
    ada.revokes(&revoked).await;
    platform.wait(TimeDelta::hours(1));
    let stopped = ada.approves(&app).await;
    ada.stops(&stopped).await;
    platform.wait(TimeDelta::hours(1));
    ada.approves_with(&optional, &json!({ "ownFiles": true, "leftOut": [300, 500] })).await;
    browser.opens("/console").await;
    looks(browser, "console").await;
    browser.presses("Stop sharing with").await;
    browser.presses("Stop sharing").await;
    looks(browser, "grant-stopped").await;
    browser.opens("/console?q=nothing+like+it").await;
    looks(browser, "console-nothing-fits").await;
    browser.opens("/console/revoke-everything").await;
    browser.types("Your password", "not my password").await;
    browser.presses("Revoke everything").await;
    looks(browser, "revoke-everything-refused").await;
    looks_back(platform, browser, &ada, &mut looks).await;
    platform.wait(TimeDelta::hours(1));
    // Not the one above, which did not answer and asks nobody any more.
    let other = platform.app("read").await;
    for _ in 0..17 {
        let asked = other.asks().await;
        ada.answers(&asked, &json!({})).await;
    }
    browser.opens("/console").await;
    browser.presses("Show earlier ones").await;
    looks(browser, "console-earlier").await;

    browser.presses("Library").await;
    looks(browser, "library").await;
    for (file, looked_at) in [
        ("Transactions, May 2026", "file-objects"),
        ("skerrow-last-evening.jpg", "file-picture"),
        ("statement-2026-04.csv", "file-text"),
        ("letter-2025-06.pdf", "file-unseen"),
    ] {
        super::library::opens_file(browser, file).await;
        looks(browser, looked_at).await;
    }
    browser.opens("/library").await;
    browser.presses("Show more files").await;
    looks(browser, "library-more").await;
    let large = platform.dir.path().join("large.bin");
    fs::write(&large, vec![0; 64 * 1024]).unwrap();
    browser.opens("/library").await;
    browser.uploads_files(&[&large]).await;
    browser.must_see("“large.bin” is larger than").await;
    looks(browser, "library-refused").await;
    browser.uploads(&["own/bank.csv"]).await;
    browser.presses("bank.csv").await;
    looks(browser, "file-of-her-own").await;
    browser.presses("Delete").await;
    looks(browser, "delete").await;
}

/// What an app fetched, was told and answered, over some days.
async fn looks_back(
    platform: &TestPlatform,
    browser: &Browser,
    ada: &Person<'_>,
    looks: &mut impl AsyncFnMut(&Browser, &str),
) {
    let app = platform.app("read").await;
    let receiver = Receiver::start(platform, &app).await;
    for files in [3, 17, 0, 8] {
        let again = ada.approves(&app).await;
        let (session, list) = app.reads(&again.shared).await.unwrap();
        for entry in &list.files[..files] {
            app.client.fetch(&again.shared.tokens.access.value, &session.key, &entry.name).await.unwrap();
        }
        platform.inner.ledger.settle().await;
        if files > 0 {
            let _ = ada.acts(&again.grant, "erase").await.ok();
        }
        platform.delivers().await;
        platform.wait(TimeDelta::days(1));
        if files == 17 {
            let asked = receiver.last().await;
            let accepted =
                json!({ "expected_completion": platform.inner.ambient.now() + TimeDelta::days(2) });
            let _ = receiver.reports(&receiver.report(&asked, "accepted", &accepted)).await.ok();
            let _ = receiver.reports(&receiver.report(&asked, "completed", &receiver.evidence())).await.ok();
            browser.opens(format!("/console/grants/{}", again.grant)).await;
            looks(browser, "grant-erased").await;
            browser.opens(format!("/console/grants/{}/messages", again.grant)).await;
            looks(browser, "messages").await;
            browser.opens(format!("/console/grants/{}/history", again.grant)).await;
            looks(browser, "history").await;
        }
        if files == 8 {
            platform.wait(TimeDelta::days(3));
            consent_gateway::worker::sweep(&platform.inner).await.unwrap();
            browser.opens(format!("/console/grants/{}", again.grant)).await;
            looks(browser, "grant-late").await;
        }
    }
    browser.opens("/console/activity").await;
    browser.presses("The same as a table").await;
    looks(browser, "activity").await;
    browser.presses("Receipts").await;
    looks(browser, "receipts").await;
    browser.opens("/console?state=waiting").await;
    looks(browser, "console-waiting").await;
    let receipts = ada.call(Method::GET, "/me/receipts?limit=1", None).await.ok();
    let receipt = format!("/console/receipts/{}", receipts["items"][0]["id"].as_str().unwrap());
    browser.opens(&receipt).await;
    looks(browser, "receipt").await;
    browser.presses("Verify it").await;
    looks(browser, "receipt-verified").await;
}

/// A platform for tours: it takes no large files.
pub(crate) async fn platform() -> TestPlatform {
    let small = TestPlatform::start_with(Engine::Sqlite, |config| {
        config.limits.upload_bytes = "32KiB".parse().unwrap();
    });
    small.await.expect("SQLite is built in")
}

/// Collects what keeps somebody from using the pages of a tour; each is looked at in four looks, so on one database.
macro_rules! everyone_can_use {
    ($($name:ident: $tour:path;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let platform = platform().await;
            let Some(browser) = Browser::at(&platform).await else { return };
            let mut barriers = String::new();
            $tour(&platform, &browser, async |browser, name| {
                let found = browser.barriers().await;
                if !found.is_empty() {
                    barriers = format!("{barriers}{name}:\n{found}\n");
                }
            })
            .await;
            assert!(barriers.is_empty(), "{barriers}");
            browser.had_no_complaints().await;
        }
    )+};
}

everyone_can_use! {
    everyone_can_sign_up_and_stay_safe: of_accounts;
    everyone_can_answer_an_app: of_questions;
    everyone_can_look_after_what_is_hers: of_what_is_hers;
}
