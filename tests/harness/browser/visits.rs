//! What people do on the pages again and again, in the words of stories.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use consent_client::reqwest::Method;
use serde_json::Value;

use super::{Browser, PATIENCE};
use crate::Person;

impl Browser {
    /// Signs up from the page that asks who she is, and writes the recovery code down.
    pub async fn signs_up(&self, name: &str) -> String {
        if self.path().await != "/sign-in" {
            self.opens("/sign-in").await;
        }
        self.presses("Create an account").await;
        self.types("Your name", name).await;
        self.types("E-mail address", &format!("{name}@example.org")).await;
        self.types("Password", Person::PASSWORD).await;
        self.presses("Create the account").await;
        let code = self.copies_the_code().await;
        self.presses("I have written it down").await;
        code
    }

    /// Signs in with the usual password, from where a page asks her to or from the beginning.
    pub async fn signs_in(&self, name: &str) {
        self.signs_in_with(name, Person::PASSWORD).await;
    }

    /// The same with any password, right or wrong.
    pub async fn signs_in_with(&self, name: &str, password: &str) {
        if self.path().await != "/sign-in" {
            self.opens("/sign-in").await;
        }
        self.types("E-mail address", &format!("{name}@example.org")).await;
        self.types("Password", password).await;
        self.presses("Sign in").await;
    }

    /// The one thing on the page that is to be copied letter by letter: a recovery code, a fingerprint.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one.
    pub async fn copies_the_code(&self) -> String {
        let codes =
            self.runs("return [...document.querySelectorAll('main code')].map((e) => e.innerText)").await;
        let codes = codes.as_array().cloned().unwrap_or_default();
        let [code] = codes.as_slice() else { panic!("{codes:?}{}", self.described().await) };
        code.as_str().expect("text").trim().to_owned()
    }

    /// Connects a source where the page offers it, and waits until it is read.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub async fn connects(&self, source: &str) {
        self.presses(&format!("Connect {source}")).await;
        let started = Instant::now();
        while self.sees("Being read just now").await {
            assert!(started.elapsed() < PATIENCE, "{source} is not read{}", self.described().await);
            self.reloads().await;
        }
    }

    /// What is said to be wrong with a field, in the words that a screen reader adds to it.
    pub async fn error_on(&self, label: &str) -> Option<String> {
        const TOLD: &str = "
            const field = arguments[0];
            if (field.getAttribute('aria-invalid') !== 'true') return null;
            const said = field.getAttribute('aria-describedby').split(' ').filter((id) => id.endsWith('-error'));
            return said.map((id) => document.getElementById(id).innerText).join(' ');";
        let field = self.finds(super::FIELDS, label).await;
        let field = vec![serde_json::to_value(&field).expect("an element")];
        let told = self.client.execute(TOLD, field).await.expect("a page");
        Some(super::plain(told.as_str()?))
    }

    /// Whether there are pictures in what matters of the page, and all of them could be loaded.
    pub async fn shows_a_picture(&self) -> bool {
        let loaded = "const all = [...document.querySelectorAll('main img')];
            return all.length > 0 && all.every((img) => img.complete && img.naturalWidth > 0)";
        self.runs(loaded).await == true
    }

    /// Chooses files of `fixtures/samples`, and uploads them.
    pub async fn uploads(&self, files: &[&str]) {
        let files: Vec<PathBuf> = files.iter().map(|file| sample(file)).collect();
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        self.uploads_files(&files).await;
    }

    /// The same for any files.
    pub async fn uploads_files(&self, files: &[&Path]) {
        self.chooses_file("Files to upload", files).await;
        self.presses("Upload").await;
    }

    /// Loads the page again until a text can be seen: what is read in the background takes a moment.
    ///
    /// # Panics
    ///
    /// When it does not come.
    pub async fn comes_to_see(&self, text: &str) {
        let started = Instant::now();
        while !self.sees(text).await {
            let in_time = started.elapsed() < PATIENCE;
            assert!(in_time, "there is no {text:?} to be seen{}", self.described().await);
            self.reloads().await;
        }
    }

    /// Sees that the console complained about nothing but pages that came with an error on purpose.
    ///
    /// # Panics
    ///
    /// When it did.
    pub async fn had_no_complaints(&self) {
        let mut complaints = self.complaints().await;
        complaints.retain(|said| said.contains("/assets/") || !said.contains("responded with a status of 4"));
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

/// What she looks up beside her browser.
impl Person<'_> {
    /// Her grants.
    ///
    /// # Panics
    ///
    /// When she is not told.
    pub async fn grants(&self) -> Vec<Value> {
        let grants = self.call(Method::GET, "/me/grants", None).await.ok();
        grants["items"].as_array().expect("a list").clone()
    }

    /// What she did, the oldest first, as in `granted`; not that apps were told of it.
    ///
    /// # Panics
    ///
    /// When she is not told.
    pub async fn acts_on_record(&self) -> Vec<String> {
        let events = self.call(Method::GET, "/me/events", None).await.ok();
        let events = events["items"].as_array().expect("a list").clone();
        let acts = events.iter().map(|event| event["act"]["type"].as_str().expect("text").to_owned());
        acts.filter(|act| act != "signalled").collect()
    }
}

/// A file of `fixtures/samples`.
fn sample(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/samples").join(path);
    path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
