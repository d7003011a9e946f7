//! A person's library: where its data comes from, its files, and a look into each.

use askama::Template;

use crate::{Frame, Offer, page::page, samples};

/// Sources and files (`/library`).
///
/// Forms: `POST /library/accounts` with `csrf`, `source`, `sampleDataSet`; `POST /library/accounts/{id}/read`;
/// `POST /library/files` as multipart with `csrf` first, then any number of `file`.
#[derive(Debug, Template)]
#[template(path = "library.html")]
pub struct Library {
    /// What stands around it.
    pub frame: Frame,
    /// Connected accounts.
    pub accounts: Vec<AccountRow>,
    /// What can be connected.
    pub offers: Vec<Offer>,
    /// Files of this page.
    pub files: Vec<FileRow>,
    /// Whether this is not the first page of files.
    pub later: bool,
    /// Path of the next page of files.
    pub next: Option<String>,
    /// The largest file that can be uploaded, as in "2 GiB".
    pub largest: String,
    /// Whether an account is being read just now; then there is a link to look again.
    pub reading: bool,
}

/// A connected account.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Its id.
    pub id: String,
    /// The source, as in "Spotify".
    pub source: String,
    /// The name at the source.
    pub name: Option<String>,
    /// Whether its data is invented.
    pub sample: bool,
    /// How many files it has brought, as in "17 files".
    pub count: String,
    /// How far it is.
    pub reading: Reading,
}

/// How far an account is.
#[derive(Debug, Clone)]
pub enum Reading {
    /// It is being read just now.
    Now,
    /// It was read to its end, as in "read 3 minutes ago".
    Done(String),
    /// It could not be read to its end; why.
    Failed(String),
    /// It was not read yet.
    Never,
}

/// A file in a list.
#[derive(Debug, Clone)]
pub struct FileRow {
    /// Path of its page.
    pub path: String,
    /// What it is, as in "Transactions, March 2025" or "letter.pdf".
    pub title: String,
    /// Where it is from, as in "Banks" or "Uploaded by you".
    pub from: String,
    /// Its size, as in "12 objects" or "34 KB".
    pub size: String,
    /// When it was written, as in "22 November 2026".
    pub written: String,
}

/// A look into one file (`/library/files/{id}`).
#[derive(Debug, Template)]
#[template(path = "file.html")]
pub struct FilePage {
    /// What stands around it.
    pub frame: Frame,
    /// What it is, as in "Transactions, March 2025" or "letter.pdf".
    pub title: String,
    /// What it says of itself: words and values.
    pub facts: Vec<(String, String)>,
    /// What is in it.
    pub content: Content,
    /// Where it can be downloaded.
    pub download: String,
    /// Where it can be deleted; only what she uploaded herself.
    pub delete: Option<String>,
}

/// What is in a file, as far as a page can show it.
#[derive(Debug, Clone)]
pub enum Content {
    /// Objects.
    Items {
        /// As in "The first 100 of 240".
        caption: String,
        /// The objects.
        items: Vec<Item>,
    },
    /// Text, as it stands; whether it was cut.
    Text(String, bool),
    /// A picture, by its path.
    Picture(String),
    /// Nothing that a page can show; why.
    None(String),
}

/// One object in words.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is, as in "Rent, 795.00 GBP" or "Goodnight to the Gatepost".
    pub title: String,
    /// When, as in "2 November 2025".
    pub when: Option<String>,
    /// What else it says: words and values.
    pub facts: Vec<(String, String)>,
}

page!(Library, samples::library::library());
page!(FilePage, samples::library::file());

impl Library {
    /// What to know before uploading.
    fn upload_hint(&self) -> String {
        format!(
            "Any kind of file from this device, each up to {}. They are encrypted like the rest.",
            self.largest
        )
    }
}

impl AccountRow {
    /// Whether it is being read just now.
    pub(crate) fn is_being_read(&self) -> bool {
        matches!(self.reading, Reading::Now)
    }

    /// Whether it was not read yet.
    fn was_never_read(&self) -> bool {
        matches!(self.reading, Reading::Never)
    }
}
