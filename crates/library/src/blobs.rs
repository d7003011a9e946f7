//! Where sealed files lie: a folder, memory, later an object store.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use consent_core::{FileId, LibraryId};
use consent_crypto::{Key, Sealed, chunks::seal_stream};
use futures_util::{Stream, StreamExt, pin_mut};
use object_store::{ObjectStore, ObjectStoreExt, buffered::BufWriter, path::Path};
use tokio::io::AsyncWriteExt;

use crate::LibraryError;

/// So much is written at once; no less, as object stores take no smaller parts.
const PART: usize = 5 * 1024 * 1024;
/// So many parts may be on their way: with the one being filled, what an upload holds in memory.
const PARTS_AT_ONCE: usize = 1;

/// The store of sealed files; cheap to clone. Takes nothing that is not sealed.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// The folder, if it is one.
    folder: Option<PathBuf>,
}

impl Blobs {
    /// A folder, created when missing; a blob is flushed to disk before it counts as written.
    pub fn folder(root: &std::path::Path) -> Result<Self, LibraryError> {
        std::fs::create_dir_all(root).map_err(LibraryError::Upload)?;
        let store =
            object_store::local::LocalFileSystem::new_with_prefix(root).map_err(LibraryError::Blobs)?;
        Ok(Self { store: Arc::new(store.with_fsync(true)), folder: Some(root.to_owned()) })
    }

    /// Memory, for tests.
    #[must_use]
    pub fn memory() -> Self {
        Self { store: Arc::new(object_store::memory::InMemory::new()), folder: None }
    }

    /// Stores a blob as it arrives and returns its length; a broken stream leaves nothing behind.
    pub async fn put<S>(
        &self,
        library: &LibraryId,
        file: &FileId,
        bytes: Sealed<S>,
    ) -> Result<u64, LibraryError>
    where
        S: Stream<Item = std::io::Result<Bytes>>,
    {
        let writer = BufWriter::with_capacity(self.store.clone(), path(library, file), PART);
        let mut writer = writer.with_max_concurrency(PARTS_AT_ONCE);
        let bytes = bytes.into_inner();
        pin_mut!(bytes);
        let mut length = 0;
        while let Some(chunk) = bytes.next().await {
            let written = match chunk {
                Ok(chunk) => {
                    length += chunk.len() as u64;
                    writer.put(chunk).await.map_err(LibraryError::Blobs)
                }
                Err(error) => Err(LibraryError::Upload(error)),
            };
            if let Err(error) = written {
                writer.abort().await.map_err(LibraryError::Blobs)?;
                return Err(error);
            }
        }
        writer.shutdown().await.map_err(LibraryError::Upload)?;
        Ok(length)
    }

    /// The stored bytes from the start.
    pub async fn get(
        &self,
        library: &LibraryId,
        file: &FileId,
    ) -> Result<impl Stream<Item = object_store::Result<Bytes>> + Send + 'static + use<>, LibraryError> {
        let found = self.store.get(&path(library, file)).await.map_err(LibraryError::Blobs)?;
        Ok(found.into_stream())
    }

    /// Where the stored bytes lie, if in a folder.
    pub(crate) fn path_in_folder(&self, library: &LibraryId, file: &FileId) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(library.as_str()).join(file.as_str()))
    }

    /// Removes a blob; one that is not there is fine.
    pub async fn delete(&self, library: &LibraryId, file: &FileId) -> Result<(), LibraryError> {
        match self.store.delete(&path(library, file)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(LibraryError::Blobs(error)),
        }
    }
}

fn path(library: &LibraryId, file: &FileId) -> Path {
    Path::from_iter([library.as_str(), file.as_str()])
}

/// What every blob store must do; run it against a new backend.
///
/// # Panics
///
/// When the store does not.
pub async fn conformance(blobs: &Blobs, library: &LibraryId, ids: [FileId; 2]) {
    let key = Key::from_slice(&[7; 32]).expect("32 bytes");
    let sealed = |file: &FileId, parts: Vec<Result<Bytes, std::io::Error>>| {
        seal_stream(&key, library.as_str(), file.as_str(), futures_util::stream::iter(parts)).0
    };
    let whole = |length: usize| vec![Ok(Bytes::from(vec![1; length]))];
    for (file, length) in [(&ids[0], 0), (&ids[1], 12_000_000)] {
        let stored = blobs.put(library, file, sealed(file, whole(length))).await.expect("put");
        let parts: Vec<_> = blobs.get(library, file).await.expect("get").collect().await;
        let read: usize = parts.into_iter().map(|part| part.expect("a part").len()).sum();
        assert_eq!(read as u64, stored);
    }
    let broken = sealed(&ids[0], vec![Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))]);
    blobs.delete(library, &ids[0]).await.expect("delete");
    assert!(blobs.put(library, &ids[0], broken).await.is_err());
    assert!(blobs.get(library, &ids[0]).await.is_err(), "a broken upload leaves nothing behind");
    blobs.delete(library, &ids[0]).await.expect("deleting twice is fine");
}

#[cfg(test)]
mod tests {
    use consent_core::Ambient;

    use super::*;

    #[tokio::test]
    async fn memory_and_folder_are_blob_stores() {
        let ambient = Ambient::system();
        let dir = tempfile::tempdir().unwrap();
        for blobs in [Blobs::memory(), Blobs::folder(dir.path()).unwrap()] {
            conformance(&blobs, &ambient.new_id(), [ambient.new_id(), ambient.new_id()]).await;
        }
    }
}
