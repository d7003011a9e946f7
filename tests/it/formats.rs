//! What others can do with `docs/formats.md` and the tools of any Debian, and nothing of ours.

mod at_rest;
mod containers;
mod signatures;
mod values;

use std::{path::Path, process::Command};

use harness::{MockApp, Person, TestPlatform};

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/formats.md")).unwrap()
}

/// The first listing of the page in a language that mentions a word.
fn listing(language: &str, word: &str) -> String {
    let page = page();
    let fence = format!("\n```{language}\n");
    let mut listings = page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    listings.find(|listing| listing.contains(word)).expect("a listing").to_owned()
}

/// What a program says on its standard output; it must not fail.
#[track_caller]
fn output(folder: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
    let run = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{program} {arguments:?}: {told}");
    run.stdout
}

/// An app that may read what a person put into her library herself, whatever it is.
async fn reader(platform: &TestPlatform) -> MockApp {
    MockApp::register(platform, "read-raw", "app-1", |document| {
        document["scope"] = serde_json::json!({});
        document["ongoing"] = true.into();
    })
    .await
}

/// Contents of every length that blocks and chunks could trip over; the first byte tells them apart.
fn contents() -> Vec<Vec<u8>> {
    let lengths = [1, 15, 16, 17, 271, 65_535, 65_536, 65_537, 131_072];
    let content = |(number, length): (u8, usize)| {
        (0..length).map(|at| if at == 0 { number } else { u8::try_from(at % 251).unwrap() }).collect()
    };
    [vec![]].into_iter().chain((1..).zip(lengths).map(content)).collect()
}

/// Uploads them all.
async fn uploads(person: &Person<'_>) {
    for content in contents() {
        assert_eq!(person.uploads("content.bin", "application/octet-stream", content).await.status, 201);
    }
}
