//! Shelves, and the keys of the three levels: library, shelf, grant.

use chrono::{DateTime, Utc};
use consent_core::{Ambient, FileId, GrantId, LibraryId, ShelfId};
use consent_crypto::{
    DropKey, DropPublic, Key, OpenError, SlotContext,
    digest::hex,
    seal::{open_sealed, seal_to},
    slot,
};
use consent_store::StoreError;

/// Opens all shelves of one library. Only its owner's secrets lead to it.
#[derive(Debug, Clone)]
pub struct LibraryKey(pub(crate) Key);

/// Opens the shelves that one grant was given. An app's secrets lead to it and no further.
#[derive(Debug, Clone)]
pub struct GrantKey(pub(crate) Key);

/// What a shelf is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShelfKind {
    /// Files the person put there herself.
    Own,
    /// Files of one connected account.
    Account,
}

impl ShelfKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Account => "account",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Own, Self::Account].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Which of a shelf's keys a grant was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Reading files.
    Read,
    /// Opening the credentials of the source, to fetch from it.
    Connect,
}

impl Usage {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Connect => "connect",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Read, Self::Connect].into_iter().find(|usage| usage.as_str() == text)
    }
}

/// A part of a library with keys of its own.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// Its id.
    pub id: ShelfId,
    /// Whose part it is.
    pub library: LibraryId,
    /// What it is for.
    pub kind: ShelfKind,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    pub(crate) drop_public: Vec<u8>,
    pub(crate) drop_wrapped: Vec<u8>,
    pub(crate) read_wrapped: Vec<u8>,
    pub(crate) connect_wrapped: Vec<u8>,
}

/// Where anybody may leave something for a shelf that only its read key opens. Holds no secret.
#[derive(Debug, Clone)]
pub struct DropPoint {
    library: LibraryId,
    shelf: ShelfId,
    public: DropPublic,
}

/// The opened keys of one shelf, or as many of them as the holder was given.
#[derive(Debug, Clone)]
pub struct ShelfKeys {
    library: LibraryId,
    shelf: ShelfId,
    read: Option<Key>,
    connect: Option<Key>,
}

/// A shelf key that a grant was given, still wrapped under the grant's key.
#[derive(Debug, Clone)]
pub struct Granted {
    /// The grant.
    pub grant: GrantId,
    /// The shelf.
    pub shelf: ShelfId,
    /// Which key.
    pub usage: Usage,
    pub(crate) library: LibraryId,
    pub(crate) wrapped: Vec<u8>,
}

fn context<'a>(kind: &'a str, library: &'a LibraryId, row: &'a str, owner: &'a str) -> SlotContext<'a> {
    SlotContext { kind, library: library.as_str(), row, owner, not_after: None }
}

impl LibraryKey {
    /// The bare key, to be put into a slot.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.0
    }
}

impl GrantKey {
    /// The bare key, to be put into a slot.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.0
    }

    pub(crate) fn wrap(
        &self,
        library: &LibraryId,
        library_key: &LibraryKey,
        grant: &GrantId,
        ambient: &Ambient,
    ) -> Vec<u8> {
        slot::wrap_key(
            &library_key.0,
            &context("grant_key", library, grant.as_str(), grant.as_str()),
            &self.0,
            ambient,
        )
    }

    pub(crate) fn unwrap(
        library: &LibraryId,
        key: &LibraryKey,
        grant: &GrantId,
        wrapped: &[u8],
    ) -> Result<Self, OpenError> {
        slot::unwrap_key(&key.0, &context("grant_key", library, grant.as_str(), grant.as_str()), wrapped)
            .map(Self)
    }
}

impl Shelf {
    /// A new shelf with fresh keys, wrapped for the owner.
    pub(crate) fn make(
        library: &LibraryId,
        library_key: &LibraryKey,
        kind: ShelfKind,
        ambient: &Ambient,
    ) -> (Self, ShelfKeys) {
        let id: ShelfId = ambient.new_id();
        let (read, connect, drop) =
            (Key::generate(ambient), Key::generate(ambient), DropKey::generate(ambient));
        let wrap = |under: &Key, what: &str, key: &Key| {
            slot::wrap_key(under, &context(what, library, id.as_str(), library.as_str()), key, ambient)
        };
        let shelf = Self {
            library: library.clone(),
            kind,
            created_at: ambient.now(),
            drop_public: drop.public().as_bytes().to_vec(),
            drop_wrapped: slot::wrap_bytes(
                &read,
                &context("shelf_drop", library, id.as_str(), library.as_str()),
                drop.expose().as_ref(),
                ambient,
            ),
            read_wrapped: wrap(&library_key.0, "shelf_read", &read),
            connect_wrapped: wrap(&library_key.0, "shelf_connect", &connect),
            id: id.clone(),
        };
        let keys =
            ShelfKeys { library: library.clone(), shelf: id, read: Some(read), connect: Some(connect) };
        (shelf, keys)
    }

    /// All keys of the shelf, for the library's owner.
    pub fn open(&self, key: &LibraryKey) -> Result<ShelfKeys, OpenError> {
        let unwrap = |what, wrapped: &[u8]| {
            slot::unwrap_key(
                &key.0,
                &context(what, &self.library, self.id.as_str(), self.library.as_str()),
                wrapped,
            )
        };
        Ok(ShelfKeys {
            library: self.library.clone(),
            shelf: self.id.clone(),
            read: Some(unwrap("shelf_read", &self.read_wrapped)?),
            connect: Some(unwrap("shelf_connect", &self.connect_wrapped)?),
        })
    }

    /// Where to leave something for this shelf. Only who writes asks, as to check the point costs a key exchange.
    pub fn drop_point(&self) -> Result<DropPoint, StoreError> {
        let public = DropPublic::from_slice(&self.drop_public);
        let public = public.map_err(|_| StoreError::corrupt("shelf", &self.id))?;
        Ok(DropPoint { library: self.library.clone(), shelf: self.id.clone(), public })
    }

    /// The private half of the drop point.
    pub(crate) fn drop_key(&self, keys: &ShelfKeys) -> Result<DropKey, OpenError> {
        let read = keys.read.as_ref().ok_or(OpenError)?;
        let place = context("shelf_drop", &self.library, self.id.as_str(), self.library.as_str());
        DropKey::from_slice(&slot::unwrap_bytes(read, &place, &self.drop_wrapped)?)
    }
}

impl DropPoint {
    /// The library it belongs to.
    #[must_use]
    pub fn library(&self) -> &LibraryId {
        &self.library
    }

    /// The shelf it belongs to.
    #[must_use]
    pub fn shelf(&self) -> &ShelfId {
        &self.shelf
    }

    /// Seals a file's key so that only the shelf's read key leads to it.
    pub(crate) fn seal(&self, file: &FileId, key: &Key, ambient: &Ambient) -> Vec<u8> {
        seal_to(&self.public, &drop_info(&self.library, &self.shelf, file), key.expose(), ambient)
    }
}

/// What binds a dropped key to its place.
fn drop_info<'a>(library: &'a LibraryId, shelf: &'a ShelfId, file: &'a FileId) -> [&'a [u8]; 3] {
    [library.as_str().as_bytes(), shelf.as_str().as_bytes(), file.as_str().as_bytes()]
}

/// Opens a file's key that was left at the drop point.
pub(crate) fn open_dropped(
    shelf: &Shelf,
    drop: &DropKey,
    file: &FileId,
    sealed: &[u8],
) -> Result<Key, OpenError> {
    Key::from_slice(&open_sealed(drop, &drop_info(&shelf.library, &shelf.id, file), sealed)?)
}

impl ShelfKeys {
    /// The shelf they belong to.
    #[must_use]
    pub fn shelf(&self) -> &ShelfId {
        &self.shelf
    }

    pub(crate) fn library(&self) -> &LibraryId {
        &self.library
    }

    pub(crate) fn key(&self, usage: Usage) -> Option<&Key> {
        match usage {
            Usage::Read => self.read.as_ref(),
            Usage::Connect => self.connect.as_ref(),
        }
    }

    /// Wraps what a source needs to be read (credentials, tokens) under the connect key.
    pub fn wrap_credentials(&self, credentials: &[u8], ambient: &Ambient) -> Result<Vec<u8>, OpenError> {
        let key = self.connect.as_ref().ok_or(OpenError)?;
        Ok(slot::wrap_bytes(key, &self.credentials_context(), credentials, ambient))
    }

    /// Opens what [`ShelfKeys::wrap_credentials`] wrapped.
    pub fn unwrap_credentials(&self, wrapped: &[u8]) -> Result<Vec<u8>, OpenError> {
        let key = self.connect.as_ref().ok_or(OpenError)?;
        Ok(slot::unwrap_bytes(key, &self.credentials_context(), wrapped)?.to_vec())
    }

    fn credentials_context(&self) -> SlotContext<'_> {
        context("credentials", &self.library, self.shelf.as_str(), self.library.as_str())
    }

    /// A name of 16 hex digits for something at the source, always the same, that says nothing without the read key.
    pub fn opaque_name(&self, at_source: &str) -> Result<String, OpenError> {
        let key = self.read.as_ref().ok_or(OpenError)?;
        Ok(hex(&key.derive("name", &[at_source.as_bytes()]).expose()[..8]))
    }

    /// These keys and those of the same shelf that `other` has.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.read = self.read.or(other.read);
        self.connect = self.connect.or(other.connect);
        self
    }
}

impl Granted {
    pub(crate) fn wrap(
        library: &LibraryId,
        grant: &GrantId,
        grant_key: &GrantKey,
        shelf: &ShelfId,
        usage: Usage,
        key: &Key,
        ambient: &Ambient,
    ) -> Vec<u8> {
        slot::wrap_key(
            &grant_key.0,
            &context(usage.as_str(), library, shelf.as_str(), grant.as_str()),
            key,
            ambient,
        )
    }

    /// The shelf's key, for whoever holds the grant's.
    pub fn open(&self, grant_key: &GrantKey) -> Result<ShelfKeys, OpenError> {
        let place = context(self.usage.as_str(), &self.library, self.shelf.as_str(), self.grant.as_str());
        let key = slot::unwrap_key(&grant_key.0, &place, &self.wrapped)?;
        let (read, connect) = match self.usage {
            Usage::Read => (Some(key), None),
            Usage::Connect => (None, Some(key)),
        };
        Ok(ShelfKeys { library: self.library.clone(), shelf: self.shelf.clone(), read, connect })
    }
}
