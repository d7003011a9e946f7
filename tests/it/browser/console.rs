//! What she agreed to, and how she ends it.

use chrono::TimeDelta;
use harness::{Browser, Person, browser_stories};
use serde_json::json;

browser_stories! {
    async fn she_stops_resumes_and_revokes_what_an_app_gets(platform: TestPlatform, browser: Browser) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        browser.signs_in("ada").await;
        browser.must_see("You share nothing").await;
        let shared = ada.approves(&app).await.shared;
        browser.reloads().await;
        browser.must_see("Tidemark health diary").await;
        browser.must_see("Spotify (adal1991quay)").await;
        browser.must_see("Active").await;
        assert_eq!(app.tries(&shared).await, "ok");

        browser.presses("Stop sharing with Tidemark").await;
        browser.must_see("has 24 hours to confirm that it understood").await;
        browser.presses("Keep things as they are").await;
        assert_eq!(app.tries(&shared).await, "ok");
        browser.presses("Stop").await;
        browser.presses("Stop sharing").await;
        browser.must_see("Stopped: from now on the app gets nothing").await;
        browser.must_see("Stopped since 1 June 2026").await;
        browser.must_see("The app has named no address for messages").await;
        assert_eq!(app.tries(&shared).await, "403 GrantStopped");
        browser.presses("Resume").await;
        browser.presses("Resume sharing").await;
        browser.must_see("Resumed: the app may read again").await;
        assert_eq!(app.tries(&shared).await, "ok");
        let (_, list) = app.reads(&shared).await.unwrap();
        assert_eq!(list.files.len(), 17);

        browser.presses("Shorten").await;
        browser.chooses_date("Last day", "2026-06-20").await;
        browser.presses("Let it end then").await;
        browser.must_see("Ends by itself at the end of 20 June 2026").await;
        browser.presses("Revoke").await;
        browser.must_see("Revoke what you share with Tidemark?").await;
        browser.presses("Keep things as they are").await;
        assert_eq!(app.tries(&shared).await, "ok");
        browser.presses("Revoke").await;
        browser.presses("Revoke").await;
        browser.must_see("Revoked: the app gets nothing any more").await;
        browser.must_see("Revoked on 1 June 2026").await;
        assert_eq!(app.tries(&shared).await, "401 InvalidToken");
        browser.must_not_see("A pause").await;

        browser.presses("You ended sharing with Tidemark for good").await;
        browser.must_see("Given").await;
        browser.presses("Verify it").await;
        browser.must_see("This receipt is genuine").await;
        browser.presses("Back to the receipt").await;
        browser.presses("Back").await;
        browser.presses("Erase").await;
        browser.must_see("Have Tidemark delete what it holds?").await;
        browser.presses("Erase").await;
        browser.must_see("The app is told to delete what it holds").await;
        browser.must_see("Erasing").await;
        browser.presses("Take back").await;
        browser.presses("Take it back").await;
        browser.must_see("It still gets nothing").await;
        assert_eq!(app.tries(&shared).await, "401 InvalidToken");
        let acts = ["granted", "stopped", "resumed", "changed", "revoked", "erasing", "erasureCancelled"];
        assert_eq!(ada.acts_on_record().await, acts);
        browser.had_no_complaints().await;
    }

    async fn a_click_that_comes_too_late_changes_nothing(platform: TestPlatform, browser: Browser) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let yes = ada.approves(&app).await;
        browser.signs_in("ada").await;
        browser.presses("Stop sharing with Tidemark").await;
        ada.revokes(&yes).await;
        browser.presses("Stop sharing").await;
        browser.must_see("Nothing was done: this has changed since you opened that page").await;
        browser.must_see("Revoked on 1 June 2026").await;
        assert_eq!(browser.status().await, 409);
        browser.is_accessible().await;
        assert_eq!(ada.acts_on_record().await, ["granted", "revoked"]);
        browser.had_no_complaints().await;
    }

    async fn whoever_clicks_twice_or_goes_back_has_done_one_thing(platform: TestPlatform, browser: Browser) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.approves(&app).await;
        browser.signs_in("ada").await;
        browser.presses("Stop sharing with Tidemark").await;
        browser.double_clicks("Stop sharing").await;
        browser.must_see("Stopped: from now on the app gets nothing").await;
        browser.goes_back().await;
        browser.presses("Stop sharing").await;
        browser.must_see("Stopped: from now on the app gets nothing").await;
        assert_eq!(ada.acts_on_record().await, ["granted", "stopped"]);
        browser.had_no_complaints().await;
    }

    async fn in_an_emergency_she_ends_everything_with_her_password(platform: TestPlatform, browser: Browser) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let (one, two) = (ada.approves(&app).await, ada.approves(&app).await);
        browser.signs_in("ada").await;
        browser.presses("Revoke everything").await;
        browser.must_see("You share under 2 active contracts.").await;
        browser.types("Your password", "not my password").await;
        browser.presses("Revoke everything").await;
        browser.must_see("This is not your password. Nothing was revoked.").await;
        browser.is_accessible().await;
        assert_eq!(app.tries(&one.shared).await, "ok");
        browser.ticks("And have everything erased").await;
        browser.types("Your password", Person::PASSWORD).await;
        browser.presses("Revoke everything").await;
        browser.must_see("Each of them is being told to delete what it holds.").await;
        for yes in [&one, &two] {
            assert_eq!(app.tries(&yes.shared).await, "401 InvalidToken");
        }
        browser.had_no_complaints().await;
    }

    async fn she_finds_what_she_looks_for_and_sees_who_fetched_it(platform: TestPlatform, browser: Browser) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[17]).await;
        let yes = ada.approves(&app).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        app.client.fetch(&yes.shared.tokens.access.value, &session.key, &list.files[0].name).await.unwrap();
        platform.inner.ledger.settle().await;
        browser.signs_in("ada").await;
        browser.types("Search", "no such app").await;
        browser.presses("Search").await;
        browser.must_see("Nothing fits").await;
        browser.presses("See everything").await;
        browser.types("Search", "HEALTH diary").await;
        browser.selects("State", "Active").await;
        browser.presses("Search").await;
        browser.presses("See everything about Tidemark").await;
        browser.must_see("What it fetched").await;
        browser.presses("Read it as you agreed to it").await;
        browser.must_see("What it will not do").await;
        browser.presses("Activity").await;
        browser.must_see("1 file on 1 day; most on 1 June 2026, 1 file.").await;
        browser.presses("The same as a table").await;
        browser.is_accessible().await;
        browser.selects("App", "Tidemark").await;
        browser.presses("Show").await;
        browser.presses("Transactions").await;
        assert!(browser.path().await.starts_with("/library/files/"));
        browser.had_no_complaints().await;
    }

    async fn a_long_list_is_turned_page_by_page(platform: TestPlatform, browser: Browser) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        for _ in 0..21 {
            ada.answers(&app.asks().await, &json!({})).await;
            platform.wait(TimeDelta::hours(2));
        }
        let agreed = async || browser.reads().await.matches("Agreed on").count();
        browser.signs_in("ada").await;
        assert_eq!(agreed().await, 20);
        browser.must_see("Agreed on 3 June 2026").await;
        browser.presses("Show earlier ones").await;
        assert_eq!(agreed().await, 1);
        browser.must_see("Agreed on 1 June 2026").await;
        browser.presses("Back to the latest").await;
        assert_eq!(agreed().await, 20);
        browser.had_no_complaints().await;
    }
}
