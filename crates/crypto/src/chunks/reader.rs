//! Opening a file at rest where reading blocks.

use std::{
    fmt,
    io::{self, Read},
};

use bytes::Bytes;

use super::{ChunkOpener, SEALED_CHUNK_LEN, TAG_LEN, header};
use crate::{Key, OpenError, ReadError};

/// Opens a sealed file while it is read, several chunks at a time and without copying them about; every byte that
/// comes out is authentic. What [`super::open_stream`] is where reading does not block.
pub struct ChunkReader<R> {
    input: R,
    opener: ChunkOpener,
    /// Until it was passed.
    header: Option<Vec<u8>>,
    /// What was read and not opened: a byte of the next chunk at most, between calls.
    sealed: Vec<u8>,
    expected: usize,
}

impl<R: Read> ChunkReader<R> {
    /// Starts in front of the header; `expected` says how long the sealed file is, so that room for as much is made.
    pub fn new(key: &Key, library: &str, file: &str, input: R, expected: u64) -> Self {
        let opener = ChunkOpener::new(key, library, file);
        let expected = usize::try_from(expected).unwrap_or(usize::MAX);
        Self { input, opener, header: Some(header(library, file)), sealed: Vec::new(), expected }
    }

    /// The plaintext of the next chunks, at most so many and at least one, and the reader of what follows; none where
    /// the file ends. Blocks.
    pub fn read(mut self, chunks: usize) -> Result<(Bytes, Option<Self>), ReadError<io::Error>> {
        if let Some(header) = self.header.take() {
            self.past(&header)?;
        }
        // One byte of what follows tells whether anything does.
        let wanted = chunks.max(1) * SEALED_CHUNK_LEN + 1;
        let missing = wanted - self.sealed.len();
        self.sealed.reserve(missing.min(self.expected));
        (&mut self.input).take(missing as u64).read_to_end(&mut self.sealed).map_err(ReadError::Source)?;
        let ends = self.sealed.len() < wanted;
        let length = if ends { self.sealed.len() } else { wanted - 1 };
        let plain = self.open(length, ends).map_err(ReadError::Open)?;
        self.sealed.drain(..length);
        Ok((plain, (!ends).then_some(self)))
    }

    fn past(&mut self, header: &[u8]) -> Result<(), ReadError<io::Error>> {
        let mut found = Vec::with_capacity(header.len());
        (&mut self.input).take(header.len() as u64).read_to_end(&mut found).map_err(ReadError::Source)?;
        if found == header { Ok(()) } else { Err(ReadError::Open(OpenError)) }
    }

    fn open(&mut self, length: usize, ends: bool) -> Result<Bytes, OpenError> {
        let count = length.div_ceil(SEALED_CHUNK_LEN);
        let mut plain = vec![0; length.checked_sub(count * TAG_LEN).ok_or(OpenError)?];
        let mut filled = 0;
        for (number, chunk) in self.sealed[..length].chunks(SEALED_CHUNK_LEN).enumerate() {
            filled += self.opener.open_into(chunk, &mut plain[filled..], ends && number + 1 == count)?;
        }
        if count == 0 { Err(OpenError) } else { Ok(plain.into()) }
    }
}

impl<R> fmt::Debug for ChunkReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkReader({:?})", self.opener)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            CHUNK_LEN,
            tests::{key, plaintext, sealed},
        },
        *,
    };

    fn read(bytes: &[u8], chunks: usize) -> Result<Vec<u8>, ReadError<io::Error>> {
        let mut reader = Some(ChunkReader::new(&key(), "lib1", "fil1", bytes, 1));
        let mut plain = vec![];
        while let Some(before) = reader {
            let (piece, behind) = before.read(chunks)?;
            plain.extend_from_slice(&piece);
            reader = behind;
        }
        Ok(plain)
    }

    #[test]
    fn a_file_comes_back_however_many_chunks_are_read_at_once() {
        for len in [0, 1, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 3 * CHUNK_LEN, 3 * CHUNK_LEN + 7] {
            for chunks in [0, 1, 2, 3, 9] {
                assert_eq!(read(&sealed(len), chunks).unwrap(), plaintext(len), "{len} by {chunks}");
            }
        }
    }

    #[test]
    fn a_file_that_was_cut_or_continued_does_not_open() {
        let bytes = sealed(3 * CHUNK_LEN);
        let header = bytes.len() - 3 * SEALED_CHUNK_LEN;
        for len in [0, 1, header, header + 1, header + SEALED_CHUNK_LEN, bytes.len() - 1] {
            for chunks in [1, 2, 9] {
                let cut = read(&bytes[..len], chunks);
                assert!(matches!(cut, Err(ReadError::Open(OpenError))), "{len} by {chunks}");
                assert!(read(&[&bytes[..], &[0]].concat(), chunks).is_err());
            }
        }
    }

    #[test]
    fn nothing_of_a_damaged_chunk_comes_out() {
        let mut bytes = sealed(2 * CHUNK_LEN);
        let damaged = bytes.len() - 1;
        bytes[damaged] ^= 1;
        let reader = ChunkReader::new(&key(), "lib1", "fil1", &bytes[..], 1 << 40);
        let (piece, behind) = reader.read(1).unwrap();
        assert_eq!(piece.len(), CHUNK_LEN);
        assert!(matches!(behind.unwrap().read(1), Err(ReadError::Open(OpenError))));
    }

    proptest! {
        #[test]
        fn reading_anything_at_all_never_panics(bytes: Vec<u8>, len in 0..70_000_usize, at: prop::sample::Index) {
            let _ = read(&bytes, 2);
            let mut bytes = sealed(len);
            let at = at.index(bytes.len());
            bytes[at] ^= 1;
            prop_assert!(read(&bytes, 2).is_err());
        }
    }
}
