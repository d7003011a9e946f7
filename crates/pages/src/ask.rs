//! What else an app may ask a person: to connect a source, to renew an account, to confirm who she is.

use askama::Template;

use crate::{AccountRow, Frame, page::page, samples};

/// The app that asks.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What it is called.
    pub app: String,
    /// What the contract is called.
    pub contract: String,
    /// Where the answer goes, as in `https://diary.example`.
    pub returns_to: String,
}

/// A source that can be connected; in sandbox mode with invented data.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Number of the source.
    pub source: i64,
    /// Its name, as in "Spotify".
    pub name: String,
    /// What it has, as in "Entertainment: plays, playlists".
    pub has: String,
    /// The id of the sample data set.
    pub sample_set: String,
    /// Whose invented data it is, as in "Ada Lindqvist's invented year".
    pub sample_name: String,
    /// Whether it is connected already.
    pub connected: bool,
}

/// Connecting sources and uploading files while an app waits for an answer.
///
/// Forms: to `connect` with `csrf`, `source`, `sampleDataSet`; to `upload` as multipart with `csrf` first, then any
/// number of `file`.
#[derive(Debug, Template)]
#[template(path = "add_data.html")]
pub struct AddData {
    /// What stands around it.
    pub frame: Frame,
    /// The app that waits.
    pub asking: Asking,
    /// Where the question stands.
    pub back: String,
    /// Where the forms that connect post to.
    pub connect: String,
    /// Where the form that uploads posts to.
    pub upload: String,
    /// What is connected already, of what the contract asks for.
    pub accounts: Vec<AccountRow>,
    /// What can be connected, of what the contract asks for.
    pub offers: Vec<Offer>,
    /// Whether uploaded files may fit what is asked for.
    pub uploads: bool,
}

/// An app asks for one more source (`/apps/saas/onboard`).
///
/// Forms, all to `action` with `csrf`: `answer=connect` with `source`, `sampleDataSet`; `answer=decline`.
#[derive(Debug, Template)]
#[template(path = "onboard.html")]
pub struct Onboard {
    /// What stands around it.
    pub frame: Frame,
    /// Who asks.
    pub asking: Asking,
    /// Where the forms post to.
    pub action: String,
    /// What can be connected, of what the contract asks for.
    pub offers: Vec<Offer>,
}

/// An app asks to connect one account anew (`/apps/saas/reauthorize`).
///
/// One form to `action` with `csrf` and a button `answer`: `accept` or `decline`.
#[derive(Debug, Template)]
#[template(path = "renew_account.html")]
pub struct RenewAccount {
    /// What stands around it.
    pub frame: Frame,
    /// Who asks.
    pub asking: Asking,
    /// Where the form posts to.
    pub action: String,
    /// The account.
    pub account: AccountRow,
}

/// An app asks to go on with what she agreed to (`/apps/saas/user-reauth`).
///
/// One form to `action` with `csrf` and a button `answer`: `accept` or `decline`.
#[derive(Debug, Template)]
#[template(path = "confirm.html")]
pub struct Confirm {
    /// What stands around it.
    pub frame: Frame,
    /// Who asks.
    pub asking: Asking,
    /// Where the form posts to.
    pub action: String,
    /// Why the app once asked, in one sentence.
    pub summary: String,
    /// When she agreed, as in "22 November 2026".
    pub agreed_on: String,
    /// When it ends by itself, as in "22 November 2027".
    pub ends_on: Option<String>,
    /// What is shared, as in "Spotify (adal1991quay)", line by line.
    pub shared: Vec<String>,
}

page!(AddData, samples::ask::add_data());
page!(Onboard, samples::ask::onboard());
page!(RenewAccount, samples::ask::renew_account());
page!(Confirm, samples::ask::confirm());

impl Asking {
    /// The letter that stands for the app where others show a logo.
    pub(crate) fn initial(&self) -> String {
        let first = self.app.chars().find(|letter| letter.is_alphanumeric());
        first.map_or_else(|| "?".to_owned(), |letter| letter.to_uppercase().collect())
    }
}

impl Onboard {
    /// Whether there is a source that is not shared yet.
    fn has_more(&self) -> bool {
        self.offers.iter().any(|offer| !offer.connected)
    }
}

impl AddData {
    /// Whether an account is being read just now; then the page comes again by itself after some seconds.
    fn is_reading(&self) -> bool {
        self.accounts.iter().any(AccountRow::is_being_read)
    }
}
