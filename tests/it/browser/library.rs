//! What is hers: sources, files, and a look into each.

use std::fs;

use harness::{Browser, browser_stories};

/// Opens the page of a file, wherever in the list it stands.
pub(super) async fn opens_file(browser: &Browser, title: &str) {
    browser.opens("/library").await;
    while !browser.sees(title).await {
        browser.presses("Show more files").await;
    }
    browser.presses(title).await;
    browser.must_see("About this file").await;
}

/// How many files stand on the page.
async fn listed(browser: &Browser) -> usize {
    browser.reads().await.matches(", written ").count()
}

browser_stories! {
    async fn she_fills_her_library_and_looks_into_every_kind_of_file(
        platform: TestPlatform,
        browser: Browser,
    ) {
        browser.signs_up("ada").await;
        browser.presses("Library").await;
        browser.must_see("No account is connected yet").await;
        browser.must_see("There are no files yet").await;
        for source in ["Banks", "Instagram", "Cerner"] {
            browser.connects(source).await;
        }
        browser.must_see("16 files, read just now").await;
        assert_eq!(listed(&browser).await, 50);
        browser.presses("Show more files").await;
        assert_eq!(listed(&browser).await, 2);
        browser.presses("Back to the first files").await;
        assert_eq!(browser.path().await, "/library");

        opens_file(&browser, "Transactions, May 2026").await;
        browser.must_see("Crumb and Tide, 6.26 GBP").await;
        browser.must_see("From Banks").await;
        browser.must_not_see("Delete").await;
        opens_file(&browser, "skerrow-last-evening.jpg").await;
        assert!(browser.shows_a_picture().await);
        opens_file(&browser, "statement-2026-04.csv").await;
        browser.must_see("STANDING ORDER D PRYCELAND RENT NETMAKERS ROW").await;
        opens_file(&browser, "letter-2025-06.pdf").await;
        browser.must_see("This kind of file cannot be shown here").await;
        browser.must_not_see("Delete").await;
        browser.presses("Back to your library").await;
        browser.presses("Read again : Banks").await;
        browser.must_see("The source is being read").await;
        browser.had_no_complaints().await;
    }

    async fn she_uploads_files_and_deletes_what_is_hers(platform: TestPlatform, browser: Browser) {
        browser.signs_up("ada").await;
        browser.presses("Library").await;
        let odd = platform.dir.path().join("Überweisung & <b>Notizen.txt");
        fs::write(&odd, "Milk & <script>alert(1)</script>").unwrap();
        browser.uploads_files(&[&odd]).await;
        browser.must_see("Your files are in your library").await;
        browser.uploads(&["own/bank.csv", "own/transactions.json"]).await;
        assert_eq!(listed(&browser).await, 3);
        browser.must_see("12 objects").await;

        opens_file(&browser, "Überweisung & <b>Notizen.txt").await;
        browser.must_see("Milk & <script>alert(1)</script>").await;
        browser.presses("Delete").await;
        browser.must_see("Delete “Überweisung & <b>Notizen.txt”?").await;
        browser.presses("Keep things as they are").await;
        browser.must_see("About this file").await;
        browser.presses("Delete").await;
        browser.presses("Delete").await;
        browser.must_see("The file is deleted").await;
        browser.must_not_see("Überweisung").await;
        assert_eq!((listed(&browser).await, platform.rows("file").await), (2, 2));
        browser.goes_back().await;
        browser.reloads().await;
        browser.must_see("There is nothing here").await;
        browser.had_no_complaints().await;
    }

    async fn a_library_is_nobody_elses(platform: TestPlatform, browser: Browser) {
        platform.person("eve").await;
        browser.signs_up("ada").await;
        browser.presses("Library").await;
        browser.uploads(&["own/bank.csv"]).await;
        browser.presses("bank.csv").await;
        let file = browser.path().await;
        let eve = browser.another().await;
        eve.signs_in("eve").await;
        for path in [file.clone(), format!("{file}/content"), format!("{file}/delete")] {
            eve.opens(path).await;
            eve.must_see("There is nothing here").await;
            assert_eq!(eve.status().await, 404);
        }
        eve.had_no_complaints().await;
    }
}

mod slowly {
    use super::*;

    browser_stories! {
        with |config| config.sandbox.sample_pace = "1s".parse().unwrap();

        async fn a_source_is_seen_being_read(platform: TestPlatform, browser: Browser) {
            browser.signs_up("ada").await;
            browser.presses("Library").await;
            browser.presses("Connect Garmin").await;
            browser.must_see("The source is connected").await;
            browser.must_see("Being read just now; the count still grows").await;
            while !browser.sees("46 files, read just now").await {
                browser.presses("Look again").await;
            }
            browser.must_not_see("Being read just now").await;
            browser.had_no_complaints().await;
        }
    }
}

mod small {
    use super::*;

    browser_stories! {
        with |config| config.limits.upload_bytes = "4KiB".parse().unwrap();

        async fn what_is_too_large_is_refused_by_name_and_the_rest_is_kept(
            platform: TestPlatform,
            browser: Browser,
        ) {
            browser.signs_up("ada").await;
            browser.presses("Library").await;
            browser.uploads(&["own/bank.csv", "own/fhir-bundle.json"]).await;
            browser.must_see("“fhir-bundle.json” is larger than 4 KB. Kept so far: 1 file.").await;
            assert_eq!((browser.status().await, platform.rows("file").await), (422, 1));
            browser.presses("bank.csv").await;
            browser.had_no_complaints().await;
        }
    }
}
