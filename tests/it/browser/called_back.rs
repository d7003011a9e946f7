//! An app that shares already sends her here again: for one more account, to renew one, to confirm that it may go on.

use chrono::TimeDelta;
use consent_client::HandleKind;
use harness::{Browser, Callback, MockApp, browser_stories};

use super::{brought, refused};

browser_stories! {
    async fn an_app_asks_for_one_more_source_and_reads_it(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let shared = ada.approves(&app).await.shared;
        let asked = app.refers(&shared).await;
        browser.opens(asked.onboard_url(&[])).await;
        browser.signs_in("ada").await;
        browser.must_see("Tidemark asks for one more source").await;
        browser.must_see("Connected").await;
        browser.presses("Connect DVLA").await;
        browser.must_see("Back at the app").await;
        let told = brought(&callback.visit().await);
        assert_eq!(told.keys().collect::<Vec<_>>(), ["accountReference", "state", "success"]);
        assert_eq!((told["success"].as_str(), told["state"].as_str()), ("true", "a state"));
        let accounts = app.client.accounts(&shared.tokens.access.value).await.unwrap();
        let new = accounts.iter().find(|account| account.source_id == 25).unwrap();
        assert_eq!((accounts.len(), &new.reference), (2, &told["accountReference"]));
        let list = app.lists(&shared, &asked.session).await.unwrap();
        let services = list.files.iter().filter_map(|file| file.service_name.as_deref());
        let of = |name| services.clone().filter(|service| *service == name).count();
        assert_eq!((of("spotify"), of("dvla")), (17, 4));
        browser.had_no_complaints().await;
    }

    async fn an_app_names_the_source_and_may_hear_no(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        let shared = ada.approves(&app).await.shared;
        browser.opens(app.refers(&shared).await.onboard_url(&[("service", "16")])).await;
        browser.signs_in("ada").await;
        browser.must_see("Connect Spotify").await;
        browser.must_not_see("Connect Garmin").await;
        browser.presses("Decline").await;
        browser.must_see("Back at the app").await;
        assert_eq!(brought(&callback.visit().await), refused("USER_CANCEL"));
        assert_eq!(app.client.accounts(&shared.tokens.access.value).await.unwrap().len(), 0);
        browser.goes_back().await;
        browser.must_see("You have answered this already").await;
        browser.had_no_complaints().await;
    }

    async fn an_app_has_an_account_connected_anew(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let shared = ada.approves(&app).await.shared;
        let account = app.client.accounts(&shared.tokens.access.value).await.unwrap().remove(0);
        let handle = app.client.handle(HandleKind::Account, &account.id).await.unwrap();
        browser.signs_in("ada").await;
        for (answer, told) in [("Decline", "USER_CANCEL"), ("Accept", "true")] {
            browser.opens(app.refers(&shared).await.reauthorize_url(&handle)).await;
            browser.must_see("Connect Spotify again?").await;
            browser.must_see("adal1991quay").await;
            browser.presses(answer).await;
            browser.must_see("Back at the app").await;
            let back = brought(&browser.url().await);
            assert_eq!(back.get("errorCode").unwrap_or(&back["success"]), told);
        }
        let unknown = app.client.handle(HandleKind::Account, "19_nobody").await.unwrap();
        browser.opens(app.refers(&shared).await.reauthorize_url(&unknown)).await;
        browser.must_see("Back at the app").await;
        assert_eq!(brought(&browser.url().await), refused("INITIALIZE_CHECK_FAIL"));
        browser.had_no_complaints().await;
    }

    async fn she_confirms_that_an_app_may_go_on_after_its_tokens_ran_out(
        platform: TestPlatform,
        browser: Browser,
    ) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let old = ada.approves(&app).await.shared;
        platform.wait(TimeDelta::days(181));
        assert_eq!(app.tries(&old).await, "401 InvalidToken");
        let asked = app.asks_again(&old).await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_in("ada").await;
        browser.must_see("Go on sharing with Tidemark?").await;
        browser.must_see("You agreed to this on 1 June 2026").await;
        browser.must_see("Spotify (adal1991quay)").await;
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let new = app.receives(&asked, &callback.visit().await).await;
        assert_eq!(app.lists(&new, &new.session).await.unwrap().files.len(), 17);
        assert_eq!([app.tries(&new).await, app.tries(&old).await], ["ok", "401 InvalidToken"]);

        // The same while they still work: from then on the new ones do.
        let asked = app.asks_again(&new).await;
        browser.opens(asked.consent_url(&[])).await;
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let newest = app.receives(&asked, &browser.url().await).await;
        assert_eq!([app.tries(&newest).await, app.tries(&new).await], ["ok", "401 InvalidToken"]);
        let refreshed = app.client.refresh(&new.tokens.refresh.value).await;
        assert_ne!(MockApp::outcome(&refreshed), "ok");

        let asked = app.asks_again(&newest).await;
        browser.opens(asked.consent_url(&[])).await;
        browser.presses("Decline").await;
        browser.must_see("Back at the app").await;
        assert_eq!(brought(&browser.url().await), refused("USER_CANCEL"));
        assert_eq!((app.tries(&newest).await.as_str(), platform.rows("consent_grant").await), ("ok", 1));
        browser.had_no_complaints().await;
    }

    async fn what_she_revoked_is_asked_for_anew(platform: TestPlatform, browser: Browser) {
        let callback = Callback::listen().await;
        let app = callback.app(&platform, "read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let old = ada.approves(&app).await;
        ada.revokes(&old).await;
        let asked = app.asks_again(&old.shared).await;
        browser.opens(asked.consent_url(&[])).await;
        browser.signs_in("ada").await;
        browser.must_see("Tidemark wants to read 17 files from 1 source").await;
        browser.presses("Accept").await;
        browser.must_see("Back at the app").await;
        let new = app.receives(&asked, &callback.visit().await).await;
        assert_eq!([app.tries(&new).await, app.tries(&old.shared).await], ["ok", "401 InvalidToken"]);
        assert_eq!(platform.rows("consent_grant").await, 2);
        browser.had_no_complaints().await;
    }
}
