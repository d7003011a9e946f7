//! A contract as people read it: before they answer, and as what they agreed to.

use crate::Link;

/// What an app says of itself, what it asks for and what it promises. The page of the question and the page of what was
/// agreed to show it with the same sections (`templates/consent/`).
#[derive(Debug, Clone)]
pub struct ContractText {
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
    /// Why it asks, in one sentence.
    pub summary: String,
    /// The whole story, paragraph by paragraph.
    pub details: Vec<String>,
    /// What it will do, line by line.
    pub will: Vec<String>,
    /// What it will not do, line by line.
    pub will_not: Vec<String>,
    /// Of which time, as in "From the last year" or "Of any time".
    pub period: String,
    /// How long the app keeps what it got.
    pub retention: Retention,
    /// Who else gets it.
    pub sharing: Sharing,
    /// Whether the app deletes on request.
    pub right_to_be_forgotten: RightToBeForgotten,
    /// As in "your consent (GDPR, article 6 (1) a)".
    pub lawful_basis: String,
    /// The country whose law applies, by name or code.
    pub jurisdiction: String,
    /// Privacy policy.
    pub policy: Link,
    /// Terms and conditions.
    pub terms: Option<Link>,
    /// SHA-256, in hex, of app and document as shown.
    pub text_hash: String,
}

/// How long the app keeps what it got.
#[derive(Debug, Clone)]
pub struct Retention {
    /// In words, as in "For six months".
    pub period: String,
    /// What the contract says.
    pub text: String,
}

/// Who else gets the data.
#[derive(Debug, Clone)]
pub struct Sharing {
    /// By name; empty: nobody.
    pub recipients: Vec<String>,
    /// What the contract says.
    pub text: String,
}

/// Whether the app deletes on request.
#[derive(Debug, Clone)]
pub struct RightToBeForgotten {
    /// Whether it does.
    pub implemented: bool,
    /// How, or why not.
    pub text: String,
}
