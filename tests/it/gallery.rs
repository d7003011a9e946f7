//! Pictures of the real pages, for people to look at: `cargo test -p consent-tests --test it -- --ignored gallery`.
//! They are left in `target/gallery`, or in the folder that `CONSENT_TEST_GALLERY` names.

use std::{fs, path::PathBuf};

use harness::{Browser, target_folder};

use crate::browser::tour;

/// Keeps pictures of a tour, on a platform and in a browser of its own.
macro_rules! keeps {
    ($folder:ident: $($tour:path),+) => {$({
        let platform = tour::platform().await;
        let Some(browser) = Browser::at(&platform).await else { return };
        $tour(&platform, &browser, async |browser, name| browser.screenshots(&$folder, name).await).await;
    })+};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "makes pictures for people, proves nothing"]
async fn gallery() {
    let folder = folder();
    fs::create_dir_all(&folder).unwrap();
    keeps!(folder: tour::of_accounts, tour::of_questions, tour::of_what_is_hers);
    println!("{}", folder.display());
}

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the server's configuration")]
fn folder() -> PathBuf {
    std::env::var_os("CONSENT_TEST_GALLERY").map_or_else(|| target_folder().join("gallery"), PathBuf::from)
}
