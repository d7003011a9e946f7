//! A person looks at the shelves of her library.

use consent_core::ShelfId;
use consent_library::{File, Library, LibraryError, OpenedFile, Shelf, ShelfKeys, ShelfKind};
use consent_sources::{Account, Credentials};

use super::{FlowError, SignedIn, open_library};
use crate::platform::Platform;

/// The shelves of a person's library and the accounts they belong to.
pub(super) struct Shelves {
    /// The library.
    pub library: Library,
    /// Its accounts.
    pub accounts: Vec<Account>,
    /// With their keys, where her sign-in opens them.
    all: Vec<(Shelf, Option<ShelfKeys>)>,
}

/// The accounts of her library, with the name at the source of each, as far as her sign-in opens it.
pub async fn named_accounts(
    platform: &Platform,
    who: &SignedIn,
) -> Result<Vec<(Account, Option<String>)>, FlowError> {
    let shelves = Shelves::of(platform, who).await?;
    Ok(shelves.accounts.iter().map(|account| (account.clone(), shelves.name_of(account))).collect())
}

impl Shelves {
    /// The shelves as far as her sign-in opens them.
    pub async fn of(platform: &Platform, who: &SignedIn) -> Result<Self, FlowError> {
        let db = &platform.db;
        let (library, key) = match open_library(platform, db, who).await {
            Ok((library, key)) => (library, Some(key)),
            Err(FlowError::Locked) => (consent_library::find_library(db, &who.sign_in.person).await?, None),
            Err(error) => return Err(error),
        };
        let accounts = consent_sources::list_accounts(db, &library.id).await?;
        let mut all = Vec::new();
        for shelf in consent_library::shelves(db, &library.id).await? {
            let keys = key.as_ref().map(|key| shelf.open(key)).transpose().map_err(LibraryError::Damaged)?;
            all.push((shelf, keys));
        }
        Ok(Self { library, accounts, all })
    }

    /// The shelves, for a person whose sign-in opens them.
    pub async fn open(platform: &Platform, who: &SignedIn) -> Result<Self, FlowError> {
        let shelves = Self::of(platform, who).await?;
        if shelves.all.iter().all(|(_, keys)| keys.is_some()) { Ok(shelves) } else { Err(FlowError::Locked) }
    }

    /// The shelf of what she put there herself.
    pub fn own(&self) -> Option<&Shelf> {
        self.all.iter().map(|(shelf, _)| shelf).find(|shelf| shelf.kind == ShelfKind::Own)
    }

    /// Opens a file; none where its shelf stays shut, or the file is damaged.
    pub fn opened(&self, file: File) -> Option<OpenedFile> {
        let (shelf, keys) = self.all.iter().find(|(shelf, _)| shelf.id == file.shelf)?;
        file.open(shelf, keys.as_ref()?).ok()
    }

    /// The account whose files stand on a shelf.
    pub fn account(&self, shelf: &ShelfId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.shelf == *shelf)
    }

    /// The name of an account at its source.
    pub fn name_of(&self, account: &Account) -> Option<String> {
        let (_, keys) = self.all.iter().find(|(shelf, _)| shelf.id == account.shelf)?;
        Some(Credentials::of(account, keys.as_ref()?).ok()?.username)
    }
}
