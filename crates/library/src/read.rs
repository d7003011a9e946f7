//! Reading a file back, as a stream.

#[cfg(target_os = "linux")]
use std::io::IoSliceMut;
use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use bytes::Bytes;
use consent_crypto::{
    ReadError,
    chunks::{ChunkReader, open_stream},
};
use futures_util::{
    FutureExt, Stream, TryStreamExt,
    future::{self, BoxFuture, Either},
    stream,
};
use tokio::task::spawn_blocking;

use crate::{Blobs, LibraryError, OpenedFile};

/// So many chunks are read and opened at once: 256 KiB.
const CHUNKS: usize = 4;
/// A file of up to so many bytes is small.
#[cfg(target_os = "linux")]
const SMALL: usize = 64 * 1024;

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
    let unreadable = |error| LibraryError::Blobs(in_folder(error));
    let blob = File::open(path).map_err(unreadable)?;
    let length = blob.metadata().map_err(unreadable)?.len();
    let first = match cached(&blob, length) {
        Some(sealed) => {
            let read = reader(&opened, &sealed[..], length).read(CHUNKS);
            read.map(|(piece, _)| (piece, None)).map_err(failed)
        }
        None => ahead(reader(&opened, blob, length)).await,
    };
    if let Err(ReadError::Source(error)) = first {
        return Err(LibraryError::Blobs(error));
    }
    Ok(stream::try_unfold(Some(future::ready(first).boxed()), |turn| async move {
        let Some(turn) = turn else { return Ok(None) };
        let (piece, reader) = turn.await?;
        Ok(Some((piece, reader.map(ahead))))
    }))
}

fn reader<R: Read>(opened: &OpenedFile, sealed: R, length: u64) -> ChunkReader<R> {
    let (library, file) = (opened.file.library.as_str(), opened.file.id.as_str());
    ChunkReader::new(&opened.key, library, file, sealed, length)
}

/// What a small file holds, if its bytes lie in memory: to change threads for it takes longer than to read it.
#[cfg(target_os = "linux")]
fn cached(blob: &File, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok().filter(|length| *length <= SMALL)?];
    let into = &mut [IoSliceMut::new(&mut bytes)];
    let read = rustix::io::preadv2(blob, into, 0, rustix::io::ReadWriteFlags::NOWAIT).ok()?;
    (read == bytes.len()).then_some(bytes)
}

#[cfg(not(target_os = "linux"))]
fn cached(_: &File, _: u64) -> Option<Vec<u8>> {
    None
}

/// A piece, and the reader of what follows, if anything does.
type Turn = Result<(Bytes, Option<ChunkReader<File>>), ReadFailure>;

/// A piece that another thread begins to read at once.
fn ahead(reader: ChunkReader<File>) -> BoxFuture<'static, Turn> {
    let reading = spawn_blocking(move || reader.read(CHUNKS));
    async move {
        match reading.await {
            Ok(read) => read.map_err(failed),
            Err(error) => Err(ReadError::Source(in_folder(error))),
        }
    }
    .boxed()
}

fn failed(error: ReadError<io::Error>) -> ReadFailure {
    match error {
        ReadError::Source(error) => ReadError::Source(in_folder(error)),
        ReadError::Open(error) => ReadError::Open(error),
    }
}

fn in_folder(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> object_store::Error {
    object_store::Error::Generic { store: "folder", source: error.into() }
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
