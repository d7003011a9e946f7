//! The console over plain HTTP: what a person sees of what she shares, and what comes of pages that are out of date.

mod deeds;
mod everything;
mod seen;

use harness::{MockApp, TestPlatform, Yes, agreed};

/// Where a grant's page is.
fn page_of(yes: &Yes) -> String {
    format!("/console/grants/{}", yes.grant)
}

/// Has the app fetch so many files, and waits until they stand in the ledger.
async fn fetches(platform: &TestPlatform, app: &MockApp, yes: &Yes, files: usize) {
    let (session, list) = app.reads(&yes.shared).await.unwrap();
    let access = &yes.shared.tokens.access.value;
    for entry in &list.files[..files] {
        app.client.fetch(access, &session.key, &entry.name).await.unwrap();
    }
    platform.inner.ledger.settle().await;
}
