//! What she agreed to, and how she ends it.

use chrono::TimeDelta;
use harness::{Browser, browser_stories};
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
        browser.must_see("Stopped: from now on the app gets nothing").await;
        browser.must_see("Stopped since 1 June 2026").await;
        assert_eq!(app.tries(&shared).await, "403 GrantStopped");
        browser.presses("Resume sharing with Tidemark").await;
        browser.must_see("Resumed: the app may read again").await;
        assert_eq!(app.tries(&shared).await, "ok");
        let (_, list) = app.reads(&shared).await.unwrap();
        assert_eq!(list.files.len(), 17);

        browser.presses("Revoke what you share with Tidemark").await;
        browser.must_see("Revoke what you share with Tidemark?").await;
        browser.presses("Keep things as they are").await;
        assert_eq!((browser.path().await.as_str(), app.tries(&shared).await.as_str()), ("/console", "ok"));
        browser.presses("Revoke what you share with Tidemark").await;
        browser.presses("Revoke").await;
        browser.must_see("Revoked: the app gets nothing any more").await;
        browser.must_see("Revoked on 1 June 2026").await;
        assert_eq!(app.tries(&shared).await, "401 InvalidToken");
        browser.must_not_see("Stop sharing").await;

        browser.presses("Receipt about Tidemark").await;
        browser.must_see("You ended sharing with Tidemark for good").await;
        browser.must_see("Given").await;
        browser.presses("Back to what you share").await;
        browser.presses("Erase what Tidemark holds").await;
        browser.must_see("Have Tidemark delete what it holds?").await;
        browser.presses("Erase").await;
        browser.must_see("The app is told to delete what it holds").await;
        browser.must_see("Erasing").await;
        browser.presses("Take back that Tidemark is to delete").await;
        browser.must_see("It still gets nothing").await;
        assert_eq!(app.tries(&shared).await, "401 InvalidToken");
        assert_eq!(ada.acts_on_record().await, ["granted", "stopped", "resumed", "revoked", "erasing", "erasureCancelled"]);
        browser.had_no_complaints().await;
    }

    async fn a_click_that_comes_too_late_changes_nothing(platform: TestPlatform, browser: Browser) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let yes = ada.approves(&app).await;
        browser.signs_in("ada").await;
        ada.revokes(&yes).await;
        browser.presses("Stop sharing with Tidemark").await;
        browser.must_see("This has changed meanwhile").await;
        assert_eq!(browser.status().await, 409);
        assert_eq!(ada.acts_on_record().await, ["granted", "revoked"]);
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
