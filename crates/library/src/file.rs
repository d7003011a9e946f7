//! Files: mapped (objects of one type and period) or raw (any bytes).

use chrono::{DateTime, Utc};
use consent_core::{FileId, LibraryId, Period, ShelfId};
use consent_crypto::{Key, OpenError, SlotContext, slot};
use serde::{Deserialize, Serialize};

use crate::{Shelf, ShelfKeys, shelf::open_dropped};

/// What a file holds, as far as it stands in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// A JSON array of objects of one type.
    Mapped {
        /// Number of the service group.
        service_group: i64,
        /// Number of the service type.
        service_type: i64,
        /// Number of the object type.
        object_type: i64,
        /// The month in which all of them were created; absent for objects without a creation date.
        period: Option<Period>,
    },
    /// Any bytes.
    Raw,
}

/// A file as it is stored; its content and what it says of itself need the shelf's read key.
#[derive(Debug, Clone)]
pub struct File {
    /// Its id; every version has its own.
    pub id: FileId,
    /// The library it is in.
    pub library: LibraryId,
    /// The shelf it stands on.
    pub shelf: ShelfId,
    /// What it holds.
    pub kind: FileKind,
    /// Its name on the wire (`protocol/digime.md` §9.5); versions of the same file share it.
    pub name: String,
    /// Size of the sealed file in bytes.
    pub stored_bytes: i64,
    /// When this version was written; strictly later than the version before.
    pub updated_at: DateTime<Utc>,
    pub(crate) sealed_key: Vec<u8>,
    pub(crate) sealed_metadata: Vec<u8>,
}

/// A file as a list names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name on the wire.
    pub name: String,
    /// What it holds.
    pub kind: FileKind,
    /// When this version was written.
    pub updated_at: DateTime<Utc>,
}

/// What a file says of itself; sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Length of the content in bytes.
    pub size: u64,
    /// SHA-256 of the content, hex.
    pub digest: String,
    /// Mapped: how many objects.
    pub object_count: Option<u64>,
    /// Media type.
    pub mimetype: String,
    /// The name the person or the source gave it.
    pub file_name: Option<String>,
    /// When the content came to be, ms since the epoch.
    pub created: Option<i64>,
    /// The account it belongs to, as the wire names it.
    pub account: Option<String>,
    /// The app that wrote it.
    pub app: Option<String>,
    /// The contract under which it was written.
    pub contract: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// Free references.
    pub reference: Vec<String>,
}

/// A file whose key is open.
#[derive(Debug, Clone)]
pub struct OpenedFile {
    /// The file.
    pub file: File,
    /// What it says of itself.
    pub metadata: Metadata,
    pub(crate) key: Key,
}

impl From<File> for Listed {
    fn from(file: File) -> Self {
        Self { name: file.name, kind: file.kind, updated_at: file.updated_at }
    }
}

impl FileKind {
    /// From the columns that spell it.
    pub(crate) fn parse(
        kind: &str,
        service_group: Option<i64>,
        service_type: Option<i64>,
        object_type: Option<i64>,
        period: Option<&str>,
    ) -> Option<Self> {
        match (kind, service_group, service_type, object_type) {
            ("raw", None, None, None) => Some(Self::Raw),
            ("mapped", Some(service_group), Some(service_type), Some(object_type)) => {
                let period = period.map(str::parse::<Period>).transpose().ok()?;
                Some(Self::Mapped { service_group, service_type, object_type, period })
            }
            _ => None,
        }
    }

    /// Number of the object type; none for raw files.
    #[must_use]
    pub fn object_type(&self) -> Option<i64> {
        match self {
            Self::Mapped { object_type, .. } => Some(*object_type),
            Self::Raw => None,
        }
    }

    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Mapped { .. } => "mapped",
            Self::Raw => "raw",
        }
    }
}

impl File {
    /// Opens the file's key and what it says of itself, for whoever holds the read key of its shelf.
    pub fn open(self, shelf: &Shelf, keys: &ShelfKeys) -> Result<OpenedFile, OpenError> {
        let key = open_dropped(shelf, &shelf.drop_key(keys)?, &self.id, &self.sealed_key)?;
        let metadata = open_metadata(&key, &self.library, &self.id, &self.sealed_metadata)?;
        Ok(OpenedFile { file: self, metadata, key })
    }
}

fn context<'a>(library: &'a LibraryId, file: &'a FileId) -> SlotContext<'a> {
    SlotContext {
        kind: "file_metadata",
        library: library.as_str(),
        row: file.as_str(),
        owner: library.as_str(),
        not_after: None,
    }
}

pub(crate) fn seal_metadata(
    key: &Key,
    library: &LibraryId,
    file: &FileId,
    metadata: &Metadata,
    ambient: &consent_core::Ambient,
) -> Vec<u8> {
    let json = serde_json::to_vec(metadata).expect("metadata is plain text and numbers");
    slot::wrap_bytes(&key.derive("metadata", &[]), &context(library, file), &json, ambient)
}

fn open_metadata(
    key: &Key,
    library: &LibraryId,
    file: &FileId,
    sealed: &[u8],
) -> Result<Metadata, OpenError> {
    let json = slot::unwrap_bytes(&key.derive("metadata", &[]), &context(library, file), sealed)?;
    serde_json::from_slice(&json).map_err(|_| OpenError)
}
