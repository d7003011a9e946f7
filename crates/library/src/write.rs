//! Writing a file opens nothing: a fresh key seals the bytes as they arrive, and is left at the shelf's drop point.

use bytes::Bytes;
use consent_core::{Ambient, FileId, Period};
use consent_crypto::{Key, SealError, chunks::seal_stream, digest::hex};
use futures_util::Stream;

use crate::{Blobs, DropPoint, FileKind, LibraryError, Metadata, file::seal_metadata};

/// A file about to be written.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// What it holds.
    pub kind: FileKind,
    /// Its name on the wire; a raw file without one is named by its id.
    pub name: Option<String>,
    /// What it says of itself; size and digest are filled in.
    pub metadata: Metadata,
}

/// A file whose bytes are stored and whose row is not: give it to `insert_files`, in the transaction that says why.
#[derive(Debug, Clone)]
pub struct WrittenFile {
    pub(crate) id: FileId,
    pub(crate) place: DropPoint,
    pub(crate) kind: FileKind,
    pub(crate) name: String,
    pub(crate) stored_bytes: i64,
    pub(crate) sealed_key: Vec<u8>,
    pub(crate) sealed_metadata: Vec<u8>,
}

impl WrittenFile {
    /// The id it will have.
    #[must_use]
    pub fn id(&self) -> &FileId {
        &self.id
    }

    /// The name it will have on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Seals and stores the bytes of a file as they arrive, in constant memory.
pub async fn write<S>(
    blobs: &Blobs,
    place: &DropPoint,
    file: NewFile,
    bytes: S,
    ambient: &Ambient,
) -> Result<WrittenFile, LibraryError>
where
    S: Stream<Item = std::io::Result<Bytes>>,
{
    let (id, key): (FileId, _) = (ambient.new_id(), Key::generate(ambient));
    let library = place.library();
    let (sealed, tally) = seal_stream(&key, library.as_str(), id.as_str(), bytes);
    let stored = blobs.put(library, &id, sealed).await?;
    let summary = tally.summary().ok_or(LibraryError::Seal(SealError::Failed))?;
    let metadata = Metadata { size: summary.plain_len, digest: hex(&summary.plain_sha256), ..file.metadata };
    Ok(WrittenFile {
        sealed_key: place.seal(&id, &key, ambient),
        sealed_metadata: seal_metadata(&key, library, &id, &metadata, ambient),
        stored_bytes: i64::try_from(stored).unwrap_or(i64::MAX),
        name: file.name.unwrap_or_else(|| id.to_string()),
        place: place.clone(),
        kind: file.kind,
        id,
    })
}

/// The name of a mapped file on the wire (`protocol/digime.md` §9.5): format 18, service group, service type, number
/// of the account in its library, object type, month if any, encrypted, object version.
pub(crate) fn mapped_name(
    group: i64,
    service: i64,
    account: i64,
    object: i64,
    period: Option<Period>,
) -> String {
    let shard = period.map(|period| format!("{period}_")).unwrap_or_default();
    format!(
        "18_{group}_{service}_{account}_{object}_{shard}1.{}.json",
        consent_core::taxonomy::OBJECT_VERSION
    )
}
