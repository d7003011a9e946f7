//! One person's connection to a source.

use chrono::{DateTime, Utc};
use consent_core::{AccountId, LibraryId, ShelfId};
use consent_library::AccountProblem;

use crate::catalogue::{self, Source};

/// One person's connection to a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub library: LibraryId,
    /// Where its files stand.
    pub shelf: ShelfId,
    /// Its id on the wire: service type, underscore, id at the source.
    pub entity_id: String,
    /// Its number in the library, which file names carry.
    pub number: i64,
    /// The source's number in the catalogue.
    pub source_id: i64,
    /// USER, BANK and so on.
    pub kind: String,
    /// What browsers carry back to the app instead of the id, 32 hex digits.
    pub reference: String,
    /// Whether it holds invented data.
    pub sample: bool,
    /// When it was last read to its end, successfully or not.
    pub finished_at: Option<DateTime<Utc>>,
    /// What went wrong then.
    pub problem: Option<AccountProblem>,
    /// When it was connected.
    pub created_at: DateTime<Utc>,
    /// When something last changed.
    pub updated_at: DateTime<Utc>,
    pub(crate) credentials: Vec<u8>,
    pub(crate) leased_until: Option<DateTime<Utc>>,
}

/// An account about to be connected.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Whose it is.
    pub library: LibraryId,
    /// Where its files will stand.
    pub shelf: ShelfId,
    /// The source's number in the catalogue.
    pub source_id: i64,
    /// The id at the source.
    pub provider_id: String,
    /// USER, BANK and so on.
    pub kind: String,
    /// Whether it holds invented data.
    pub sample: bool,
    /// Credentials, wrapped under the shelf's connect key.
    pub credentials: Vec<u8>,
}

impl Account {
    /// Whether somebody is reading it.
    #[must_use]
    pub fn is_being_read_at(&self, now: DateTime<Utc>) -> bool {
        self.leased_until.is_some_and(|until| now < until)
    }

    /// The source it is connected to.
    #[must_use]
    pub fn source(&self) -> &'static Source {
        catalogue::source(self.source_id).expect("accounts are read only with a source in the catalogue")
    }
}
