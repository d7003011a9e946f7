//! A person looks into her library, and deletes what she put there.

use bytes::Bytes;
use consent_core::{Cursor, FileId, LibraryId, Page};
use consent_library::{File, LibraryError, Metadata, OpenedFile, Order, ReadFailure, ShelfKind};
use consent_sources::Account;
use futures_util::Stream;

use super::{FlowError, SignedIn, shelves::Shelves};
use crate::platform::Platform;

/// So many blobs are looked up at once.
const DOOMED_AT_ONCE: u64 = 100;

/// A file of her library.
#[derive(Debug, Clone)]
pub struct MyFile {
    /// The file.
    pub file: File,
    /// What it says of itself; none when her sign-in does not open it.
    pub metadata: Option<Metadata>,
    /// The account it came from; none for what she put there herself.
    pub account: Option<Account>,
}

/// A file of her library that is open.
#[derive(Debug, Clone)]
pub struct MyOpened {
    /// The file.
    pub file: File,
    /// What it says of itself.
    pub metadata: Metadata,
    /// The account it came from; none for what she put there herself.
    pub account: Option<Account>,
    opened: OpenedFile,
}

/// The files of her library, the one that came last first.
pub async fn my_files(
    platform: &Platform,
    who: &SignedIn,
    cursor: &Cursor,
) -> Result<Page<MyFile>, FlowError> {
    let shelves = Shelves::of(platform, who).await?;
    let library = &shelves.library.id;
    let files = consent_library::list_files(&platform.db, library, Order::NewestFirst, cursor).await?;
    Ok(files.map(|file| MyFile {
        account: shelves.account(&file.shelf).cloned(),
        metadata: shelves.opened(file.clone()).map(|opened| opened.metadata),
        file,
    }))
}

/// Those of these files that are in her library now, in no order.
pub async fn my_files_named(
    platform: &Platform,
    who: &SignedIn,
    ids: &[FileId],
) -> Result<Vec<MyFile>, FlowError> {
    let shelves = Shelves::of(platform, who).await?;
    let files = consent_library::find_files(&platform.db, &shelves.library.id, ids).await?;
    let named = |file: File| MyFile {
        account: shelves.account(&file.shelf).cloned(),
        metadata: shelves.opened(file.clone()).map(|opened| opened.metadata),
        file,
    };
    Ok(files.into_iter().map(named).collect())
}

/// Opens a file of her library.
pub async fn my_file(platform: &Platform, who: &SignedIn, id: &FileId) -> Result<MyOpened, FlowError> {
    let shelves = Shelves::open(platform, who).await?;
    let file = consent_library::find_file(&platform.db, &shelves.library.id, id).await?;
    let opened = shelves.opened(file).ok_or(LibraryError::Damaged(consent_crypto::OpenError))?;
    let account = shelves.account(&opened.file.shelf).cloned();
    Ok(MyOpened { file: opened.file.clone(), metadata: opened.metadata.clone(), account, opened })
}

impl MyOpened {
    /// The content, in pieces.
    pub async fn read(
        &self,
        platform: &Platform,
    ) -> Result<impl Stream<Item = Result<Bytes, ReadFailure>> + Send + 'static + use<>, FlowError> {
        Ok(consent_library::read(&platform.blobs, &self.opened).await?)
    }

    /// The whole content at once; for files that are small.
    pub async fn read_all(&self, platform: &Platform) -> Result<Vec<u8>, FlowError> {
        Ok(consent_library::read_all(&platform.blobs, &self.opened).await?)
    }
}

/// Deletes a file that she put into her library herself, in all its versions. Its row is gone at once, its blob soon
/// after; a session that listed it gives it no more.
pub async fn delete_file(platform: &Platform, who: &SignedIn, id: &FileId) -> Result<(), FlowError> {
    let library = consent_library::find_library(&platform.db, &who.sign_in.person).await?.id;
    let tx = platform.db.begin_write().await?;
    let file = consent_library::find_file(&tx, &library, id).await?;
    if consent_library::shelf(&tx, &library, &file.shelf).await?.kind != ShelfKind::Own {
        let reason = "only a file that you put there yourself can be deleted".to_owned();
        return Err(FlowError::Choice { field: "file", reason });
    }
    let doomed = consent_library::delete_file(&tx, &file).await?;
    tx.commit().await?;
    for file in &doomed {
        delete_blob_or_wait(platform, &library, file).await;
    }
    Ok(())
}

/// Deletes the blobs of files that were deleted, as many as can be.
pub async fn delete_doomed(platform: &Platform) -> Result<(), FlowError> {
    let mut after = None;
    loop {
        let doomed = consent_library::doomed_blobs(&platform.db, after.as_ref(), DOOMED_AT_ONCE).await?;
        for (library, file) in &doomed {
            delete_blob_or_wait(platform, library, file).await;
        }
        match doomed.into_iter().next_back() {
            Some((_, last)) => after = Some(last),
            None => return Ok(()),
        }
    }
}

/// Deletes a doomed blob; one that cannot be deleted now is left to the next sweep.
async fn delete_blob_or_wait(platform: &Platform, library: &LibraryId, file: &FileId) {
    if let Err(error) = delete_blob(platform, library, file).await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(file.id = %file, error, "a blob could not be deleted; it is tried again");
    }
}

async fn delete_blob(platform: &Platform, library: &LibraryId, file: &FileId) -> Result<(), FlowError> {
    platform.blobs.delete(library, file).await?;
    let tx = platform.db.begin_write().await?;
    consent_library::forget_doomed(&tx, file).await?;
    Ok(tx.commit().await?)
}
