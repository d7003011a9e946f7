//! Reading a file back, as a stream.

use bytes::Bytes;
use consent_crypto::{ReadError, chunks::open_stream};
use futures_util::{Stream, TryStreamExt};

use crate::{Blobs, LibraryError, OpenedFile};

/// Why reading broke off.
pub type ReadFailure = ReadError<object_store::Error>;

/// The content of an opened file; damage, truncation and foreign bytes end it with an error.
pub async fn read(
    blobs: &Blobs,
    opened: &OpenedFile,
) -> Result<impl Stream<Item = Result<Bytes, ReadFailure>> + Send + 'static + use<>, LibraryError> {
    let file = &opened.file;
    let sealed = blobs.get(&file.library, &file.id).await?;
    Ok(open_stream(&opened.key, file.library.as_str(), file.id.as_str(), sealed))
}

/// The whole content at once; for mapped files, which are small.
pub async fn read_all(blobs: &Blobs, opened: &OpenedFile) -> Result<Vec<u8>, LibraryError> {
    let stream = read(blobs, opened).await?;
    let content = stream.try_fold(Vec::new(), |mut whole, part| async move {
        whole.extend_from_slice(&part);
        Ok(whole)
    });
    content.await.map_err(|error| match error {
        ReadError::Source(error) => LibraryError::Blobs(error),
        ReadError::Open(error) => LibraryError::Damaged(error),
    })
}
