//! A contract as it was agreed to.

use askama::Template;

use crate::{Asking, Frame, Link, Retention, RightToBeForgotten, Sharing, page::page, samples};

/// The contract as she agreed to it (`/console/grants/{id}/contract`), with the sections of the page on which she did.
#[derive(Debug, Template)]
#[template(path = "console/agreed.html")]
pub struct Agreed {
    /// What stands around it.
    pub frame: Frame,
    /// Path of the grant's page.
    pub back: String,
    /// When she agreed.
    pub agreed_on: String,
    /// Who asked.
    pub asking: Asking,
    /// What the app says of itself.
    pub description: Option<String>,
    /// Its web site.
    pub website: Option<Link>,
    /// Who answers for the app, where that is not the app itself.
    pub partner: Option<String>,
    /// Whom she can write to about her privacy.
    pub contact: String,
    /// Version of the contract.
    pub version: i32,
    /// Why it asked, in one sentence.
    pub summary: String,
    /// The whole story, paragraph by paragraph.
    pub details: Vec<String>,
    /// What it will do, line by line.
    pub will: Vec<String>,
    /// What it will not do, line by line.
    pub will_not: Vec<String>,
    /// Of which time, as in "From the last year".
    pub period: String,
    /// What it may read, part by part, with what she left out said so.
    pub parts: Vec<String>,
    /// From where: accounts, own files.
    pub shared: Vec<String>,
    /// Whether accounts she connects later are shared, too.
    pub future_accounts: bool,
    /// How long it lasts.
    pub duration: String,
    /// How long the app keeps what it got.
    pub retention: Retention,
    /// Who else gets it.
    pub sharing: Sharing,
    /// Whether the app deletes on request.
    pub right_to_be_forgotten: RightToBeForgotten,
    /// As in "your consent (GDPR, article 6 (1) a)".
    pub lawful_basis: String,
    /// The country whose law applies.
    pub jurisdiction: String,
    /// Privacy policy.
    pub policy: Link,
    /// Terms and conditions.
    pub terms: Option<Link>,
    /// SHA-256, in hex, of app and document as they were shown.
    pub text_hash: String,
}

page!(Agreed, samples::agreed::agreed());
