//! Reading from the middle of a file at rest.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{Stream, stream};

use super::{CHUNK_LEN, ChunkOpener, Opening, SEALED_CHUNK_LEN, header, sealed_len};
use crate::{Key, OpenError, ReadError, pieces::Pieces};

/// The part of a sealed file that holds a part of its plaintext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkRange {
    /// Which bytes of the sealed file to fetch.
    pub sealed: Range<u64>,
    first: u64,
    ends_file: bool,
    skip: usize,
    take: u64,
}

/// Where the bytes `wanted` of a file of `plain_len` bytes lie; nothing if they are empty or reach behind its end.
///
/// `plain_len` must come from sealed metadata: it decides which chunk has to prove that it is the last.
#[must_use]
pub fn chunk_range(wanted: &Range<u64>, plain_len: u64, library: &str, file: &str) -> Option<ChunkRange> {
    if wanted.is_empty() || wanted.end > plain_len {
        return None;
    }
    let chunk = CHUNK_LEN as u64;
    let (first, last) = (wanted.start / chunk, (wanted.end - 1) / chunk);
    let ends_file = (last + 1) * chunk >= plain_len;
    let start = header(library, file).len() as u64;
    let whole = sealed_len(plain_len, library, file);
    let end = if ends_file { whole } else { start + (last + 1) * SEALED_CHUNK_LEN as u64 };
    let skip = usize::try_from(wanted.start % chunk).expect("less than a chunk");
    let sealed = start + first * SEALED_CHUNK_LEN as u64..end;
    Some(ChunkRange { sealed, first, ends_file, skip, take: wanted.end - wanted.start })
}

/// Opens a part of a sealed file; `input` is exactly the bytes that `range.sealed` names.
pub fn open_range<S, E>(
    key: &Key,
    library: &str,
    file: &str,
    range: &ChunkRange,
    input: S,
) -> impl Stream<Item = Result<Bytes, ReadError<E>>> + use<S, E>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let mut opener = ChunkOpener::new(key, library, file);
    opener.nonces.next = range.first;
    let ChunkRange { ends_file, skip, take, .. } = *range;
    let state = Ranging { opening: Opening { opener, pieces: Pieces::new(input) }, ends_file, skip, take };
    stream::try_unfold(Some(state), |state| async move {
        let Some(state) = state else { return Ok(None) };
        state.next_part().await.map(Some)
    })
}

struct Ranging<S> {
    opening: Opening<S>,
    ends_file: bool,
    /// Bytes in front of the wanted ones, all in the first chunk.
    skip: usize,
    /// Wanted bytes that are still to come.
    take: u64,
}

impl<S, E> Ranging<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    async fn next_part(mut self) -> Result<(Bytes, Option<Self>), ReadError<E>> {
        let (chunk, last) = self.opening.next_chunk(self.ends_file).await?;
        let end = usize::try_from(self.take).map_or(chunk.len(), |take| chunk.len().min(self.skip + take));
        let part = chunk.slice(self.skip.min(end)..end);
        self.skip = 0;
        self.take -= part.len() as u64;
        if last != (self.take == 0) {
            return Err(ReadError::Open(OpenError));
        }
        Ok((part, (!last).then_some(self)))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{
        super::tests::{arriving, collect, key, plaintext, sealed},
        *,
    };

    async fn open_part(range: &ChunkRange, bytes: &[u8]) -> Result<Vec<u8>, ReadError<Infallible>> {
        collect(open_range(&key(), "lib1", "fil1", range, arriving(bytes, 1000))).await
    }

    #[tokio::test]
    async fn a_range_opens_from_the_chunks_it_touches() {
        let len = 2 * CHUNK_LEN + 7;
        let (plain, bytes) = (plaintext(len), sealed(len));
        let at = |index: u64| usize::try_from(index).unwrap();
        let chunk = CHUNK_LEN as u64;
        for wanted in [
            0..1,
            0..chunk,
            chunk - 1..chunk + 1,
            chunk..2 * chunk,
            5..2 * chunk + 7,
            2 * chunk + 6..2 * chunk + 7,
        ] {
            let range = chunk_range(&wanted, len as u64, "lib1", "fil1").unwrap();
            let part = &bytes[at(range.sealed.start)..at(range.sealed.end)];
            let expected = &plain[at(wanted.start)..at(wanted.end)];
            assert_eq!(open_part(&range, part).await.unwrap(), expected, "{wanted:?}");
            assert!(open_part(&range, &part[..part.len() - 1]).await.is_err());
            assert!(open_part(&range, &part[SEALED_CHUNK_LEN.min(part.len())..]).await.is_err());
            assert!(open_part(&range, &bytes).await.is_err());
        }
        let range = chunk_range(&(5..chunk + 5), len as u64, "lib1", "fil1").unwrap();
        let (start, end) = (at(range.sealed.start), at(range.sealed.end));
        assert!(open_part(&range, &bytes[start..start + SEALED_CHUNK_LEN]).await.is_err());
        assert!(open_part(&range, &bytes[start..]).await.is_err());
        assert!(open_part(&range, &bytes[start + SEALED_CHUNK_LEN..end]).await.is_err());
    }

    #[test]
    fn a_range_that_is_empty_or_leaves_the_file_is_none() {
        for wanted in [0..0, 5..5, 9..11, 10..11, 11..12] {
            assert_eq!(chunk_range(&wanted, 10, "lib1", "fil1"), None, "{wanted:?}");
        }
        assert_eq!(chunk_range(&(0..1), 0, "lib1", "fil1"), None);
    }

    #[tokio::test]
    async fn a_range_of_a_file_that_is_longer_than_said_does_not_open() {
        let bytes = sealed(2 * CHUNK_LEN);
        let range = chunk_range(&(0..1), CHUNK_LEN as u64, "lib1", "fil1").unwrap();
        let part =
            &bytes[usize::try_from(range.sealed.start).unwrap()..usize::try_from(range.sealed.end).unwrap()];
        assert!(open_part(&range, part).await.is_err());
    }
}
