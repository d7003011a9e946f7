//! The roles in which the platform's stories are told: a platform with a clock that tests move, apps, persons, an
//! operator, and a browser. Everything goes through the front door; what a test wants to see behind it, it opens by hand.

use std::path::{Path, PathBuf};

mod app;
mod browser;
mod callback;
mod contents;
mod mail_server;
mod operator;
mod person;
mod platform;
pub mod postgres;
mod process;
mod receiver;
pub mod rows;
mod stories;
mod tools;
mod web;

pub use app::{MockApp, Shared};
pub use browser::{Browser, Cookie, Key, Scheme};
pub use callback::Callback;
pub use contents::Contents;
pub use mail_server::{Letter, MailServer, Manners};
pub use operator::Operator;
pub use person::{Person, Yes, agreed};
pub use platform::{Answer, Engine, TestPlatform};
pub use process::{NotStarted, Place, Process};
pub use receiver::{Received, Receiver, signed as report_signed};
pub use tools::{Tool, signatu_client};
pub use web::{HtmlForm, Part, Tag, Visit, Web, urlencoded};

/// A file of `fixtures/`.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn fixture(path: &str) -> String {
    let path = format!("{}/../fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Names what a test needs and cannot do without here: `CONSENT_TEST_REQUIRE=postgres,…` turns a skip into a failure.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the tests' own switch, not the server's configuration")]
pub fn is_required(what: &str) -> bool {
    std::env::var("CONSENT_TEST_REQUIRE").is_ok_and(|list| list.split(',').any(|entry| entry.trim() == what))
}

/// Where things are built, and where the tests look for what was installed for them: `CARGO_TARGET_DIR`, or `target/`.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the server's configuration")]
pub fn target_folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}
