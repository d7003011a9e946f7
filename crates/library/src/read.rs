//! Reading a file back, as a stream.

use std::{fs::File, io, path::PathBuf};

use bytes::Bytes;
use consent_crypto::{
    ReadError,
    chunks::{ChunkReader, open_stream},
};
use futures_util::{
    FutureExt, Stream, TryStreamExt,
    future::{self, Either},
    stream,
};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::{Blobs, LibraryError, OpenedFile};

/// So many chunks are read and opened at once: 256 KiB.
const CHUNKS: usize = 4;

/// Why reading broke off.
pub type ReadFailure = ReadError<object_store::Error>;

/// The content of an opened file; damage, truncation and foreign bytes end it with an error.
pub async fn read(
    blobs: &Blobs,
    opened: &OpenedFile,
) -> Result<impl Stream<Item = Result<Bytes, ReadFailure>> + Send + 'static + use<>, LibraryError> {
    let file = &opened.file;
    if let Some(path) = blobs.path_in_folder(&file.library, &file.id) {
        return Ok(Either::Left(from_folder(path, opened.clone()).await?));
    }
    let sealed = blobs.get(&file.library, &file.id).await?;
    Ok(Either::Right(open_stream(&opened.key, file.library.as_str(), file.id.as_str(), sealed)))
}

/// A file in pieces, read and opened on another thread, one piece ahead of whoever takes them; the first is there when
/// this returns.
async fn from_folder(
    path: PathBuf,
    opened: OpenedFile,
) -> Result<impl Stream<Item = Result<Bytes, ReadFailure>> + Send + 'static + use<>, LibraryError> {
    let first = finished(spawn_blocking(move || {
        let blob = File::open(path).map_err(ReadError::Source)?;
        let length = blob.metadata().map_err(ReadError::Source)?.len();
        let (library, file) = (opened.file.library.as_str(), opened.file.id.as_str());
        ChunkReader::new(&opened.key, library, file, blob, length).read(CHUNKS)
    }));
    let first = match first.await {
        Err(ReadError::Source(error)) => return Err(LibraryError::Blobs(error)),
        first => future::ready(first).boxed(),
    };
    Ok(stream::try_unfold(Some(first), |turn| async move {
        let Some(turn) = turn else { return Ok(None) };
        let (piece, reader) = turn.await?;
        let next = reader.map(|reader| finished(spawn_blocking(move || reader.read(CHUNKS))).boxed());
        Ok(Some((piece, next)))
    }))
}

/// What a thread that reads came to.
async fn finished<T>(reading: JoinHandle<Result<T, ReadError<io::Error>>>) -> Result<T, ReadFailure> {
    let source = |source| object_store::Error::Generic { store: "folder", source };
    match reading.await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(ReadError::Source(error))) => Err(ReadError::Source(source(Box::new(error)))),
        Ok(Err(ReadError::Open(error))) => Err(ReadError::Open(error)),
        Err(error) => Err(ReadError::Source(source(Box::new(error)))),
    }
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
