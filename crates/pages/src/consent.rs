//! The page on which a person says yes or no.

use askama::Template;

use crate::{Asking, ContractText, Frame, Item, page::page, samples};

/// Asks a person whether she agrees to a contract.
///
/// One form, posted to `action`: `csrf`, `textHash`, `account` (as often as she ticks), `ownFiles=yes`, `part` (the
/// optional object types she includes), `futureAccounts=yes`, `ends` (a date, `YYYY-MM-DD`), and a button `answer` with
/// `accept` or `decline`.
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub struct Consent {
    /// What stands around it.
    pub frame: Frame,
    /// Where the form posts to.
    pub action: String,
    /// Where she connects sources and uploads files.
    pub add: String,
    /// Whether the contract has changed since she first saw this page.
    pub changed: bool,
    /// What was wrong with her answer, sentence by sentence.
    pub errors: Vec<String>,
    /// Who asks.
    pub asking: Asking,
    /// What it asks for, and what it promises.
    pub contract: ContractText,
    /// What the app wants to do, as in "wants to read" or "wants to put data into your library".
    pub wants: String,
    /// Whether it reads at all; a contract that only writes has no parts and no accounts to choose.
    pub reads: bool,
    /// Counted from her library as it stands, as in "38 files from 3 sources, 12 March 2025 to today"; none: nothing yet.
    pub tally: Option<String>,
    /// What it asks for, part by part.
    pub parts: Vec<Part>,
    /// The accounts she can share.
    pub accounts: Vec<AccountChoice>,
    /// The files that she put there herself, if any of them fit.
    pub own_files: Option<OwnChoice>,
    /// Whether "also accounts I connect later" is ticked; none when the contract does not ask.
    pub future_accounts: Option<bool>,
    /// How long the yes lasts.
    pub duration: Duration,
    /// Whether the app may close her whole library, which is shown as a warning.
    pub may_delete_library: bool,
    /// That she shares under this contract already, in a sentence; leads to the console.
    pub before: Option<String>,
}

/// A link to a foreign page, opened beside this one without saying where from.
#[derive(Debug, Clone)]
pub struct Link {
    /// What it says.
    pub text: String,
    /// Where it leads; `https:`, or `http:` in sandbox mode, checked when the contract was registered.
    pub url: String,
}

/// One kind of data that the contract asks for.
#[derive(Debug, Clone)]
pub struct Part {
    /// Number of the object type; none for raw files.
    pub object_type: Option<i64>,
    /// What it is, as in "transactions" or "PDF documents tagged invoice".
    pub name: String,
    /// Where it comes from, as in "Finance, from Banks".
    pub from: String,
    /// How much of it is there, as in "15 files"; none: nothing yet.
    pub count: Option<String>,
    /// Whether she may leave it out; then there is a check box.
    pub optional: bool,
    /// Whether the box is ticked.
    pub ticked: bool,
    /// A look at what is there.
    pub peek: Option<Peek>,
}

/// A look at real items before sharing.
#[derive(Debug, Clone)]
pub struct Peek {
    /// What it shows, as in "The latest 3".
    pub caption: String,
    /// The items.
    pub items: Vec<Item>,
}

/// An account she can share.
#[derive(Debug, Clone)]
pub struct AccountChoice {
    /// Its id.
    pub id: String,
    /// The source, as in "Spotify".
    pub source: String,
    /// The name at the source.
    pub name: Option<String>,
    /// How much of what is asked for it holds, as in "17 files".
    pub count: String,
    /// Whether it is being read just now, so that the count still grows.
    pub reading: bool,
    /// Whether the box is ticked.
    pub ticked: bool,
}

/// The files she put into her library herself.
#[derive(Debug, Clone)]
pub struct OwnChoice {
    /// How many of them fit, as in "3 files".
    pub count: String,
    /// Whether the box is ticked.
    pub ticked: bool,
}

/// How long a yes lasts.
#[derive(Debug, Clone)]
pub struct Duration {
    /// As in "For one year, until 22 November 2027", "Until you end it", "Once: for an hour from now".
    pub text: String,
    /// Whether she may end it earlier by a date; none for a contract for one time.
    pub ends: Option<EndChoice>,
}

/// A date on which it shall end at the latest.
#[derive(Debug, Clone)]
pub struct EndChoice {
    /// The first day that can be chosen, `YYYY-MM-DD`.
    pub min: String,
    /// The last day.
    pub max: Option<String>,
    /// The day she chose; empty: none.
    pub value: String,
}

page!(Consent, samples::consent::consent());

impl Consent {
    /// Whether anything can be left out.
    fn has_optional_parts(&self) -> bool {
        self.parts.iter().any(|part| part.optional)
    }
}

impl Part {
    /// What the check box sends; raw files have no number and are never optional.
    fn value(&self) -> String {
        self.object_type.map(|number| number.to_string()).unwrap_or_default()
    }
}
