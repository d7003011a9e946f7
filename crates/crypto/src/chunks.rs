//! Files at rest: chunks of 64 KiB that stream, open from the middle, and cannot be cut, swapped or moved unnoticed.
//!
//! A file is a header (version byte ‖ chunk size as u32 ‖ library id ‖ file id, each id behind its length as u32, all
//! big endian) and AES-256-GCM chunks with their 16-byte tags behind them. The key of the chunks is HKDF of the file
//! key and the SHA-256 of the header; the nonce is seven zero bytes, the chunk's number as u32 and a byte that is 1
//! for the last chunk, as in STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015). Every chunk but the last is full, and
//! the last one is empty only in an empty file, so that one plaintext has one layout.

mod range;
mod reader;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream, stream::BoxStream};

use crate::{
    Key, OpenError, ReadError, SealError, Sha256Stream,
    digest::sha256,
    framing::framed,
    pieces::{Piece, Pieces},
};

pub use self::{
    range::{ChunkRange, chunk_range, open_range},
    reader::ChunkReader,
};

/// Bytes of plaintext in every chunk but the last.
pub const CHUNK_LEN: usize = 64 * 1024;
/// Bytes that sealing adds to a chunk.
pub const TAG_LEN: usize = 16;

const VERSION: u8 = 1;
const SEALED_CHUNK_LEN: usize = CHUNK_LEN + TAG_LEN;

/// Bytes that were sealed here: only [`seal_stream`] and [`seal_all`] make one, and a blob store takes nothing else.
#[derive(Debug)]
pub struct Sealed<T>(T);

impl<T> Sealed<T> {
    /// The sealed bytes themselves.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T, E> Sealed<T>
where
    T: Stream<Item = Result<Bytes, E>> + Send + 'static,
{
    /// The same stream under a type that can be named.
    #[must_use]
    pub fn boxed(self) -> Sealed<BoxStream<'static, Result<Bytes, E>>> {
        Sealed(self.0.boxed())
    }
}

/// What went into a sealed stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Length of the plaintext in bytes.
    pub plain_len: u64,
    /// SHA-256 of the plaintext.
    pub plain_sha256: [u8; 32],
    /// Length of the header and all sealed chunks in bytes.
    pub sealed_len: u64,
}

/// Tells what went into a sealed stream, once the stream has come to its end.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<OnceLock<Summary>>);

impl Tally {
    /// Nothing until the last chunk has been sealed; still nothing if the stream failed or was dropped.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        self.0.get().copied()
    }
}

/// Seals a file while it arrives, in constant memory, and learns its length and hash on the way.
///
/// `key` must be fresh for every attempt to write. An error of `input` ends the stream.
///
/// # Panics
///
/// While it is read, after 256 TiB.
pub fn seal_stream<S, E>(
    key: &Key,
    library: &str,
    file: &str,
    input: S,
) -> (Sealed<impl Stream<Item = Result<Bytes, E>> + use<S, E>>, Tally)
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let tally = Tally::default();
    let state = Sealing {
        sealer: ChunkSealer::new(key, library, file),
        pieces: Pieces::new(input),
        hash: Sha256Stream::new(),
        plain_len: 0,
        sealed_len: sealed_len(0, library, file) - TAG_LEN as u64,
        tally: tally.clone(),
    };
    let header = stream::iter([Ok(Bytes::from(state.sealer.header()))]);
    let chunks = stream::try_unfold(Some(state), |state| async move {
        let Some(state) = state else { return Ok(None) };
        state.next_chunk().await.map(Some)
    });
    (Sealed(header.chain(chunks)), tally)
}

struct Sealing<S> {
    sealer: ChunkSealer,
    pieces: Pieces<S>,
    hash: Sha256Stream,
    plain_len: u64,
    sealed_len: u64,
    tally: Tally,
}

impl<S, E> Sealing<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    async fn next_chunk(mut self) -> Result<(Bytes, Option<Self>), E> {
        let Piece { bytes: mut chunk, last } = self.pieces.next(CHUNK_LEN).await?;
        self.hash.update(&chunk);
        self.plain_len += chunk.len() as u64;
        self.sealer.seal(&mut chunk, last).expect("pieces are cut to chunks, and end before 256 TiB");
        self.sealed_len += chunk.len() as u64;
        if !last {
            return Ok((chunk.into(), Some(self)));
        }
        let Self { hash, plain_len, sealed_len, tally, .. } = self;
        // Only this place sets it, and only once, as the state is gone afterwards.
        let _ = tally.0.set(Summary { plain_len, plain_sha256: hash.finish(), sealed_len });
        Ok((chunk.into(), None))
    }
}

/// Opens a sealed file while it arrives, in constant memory; every chunk that comes out is authentic.
///
/// A file that was cut, continued, reordered, or sealed for another library, id or key ends with
/// [`ReadError::Open`]; only a stream that ends without error was the whole file.
pub fn open_stream<S, E>(
    key: &Key,
    library: &str,
    file: &str,
    input: S,
) -> impl Stream<Item = Result<Bytes, ReadError<E>>> + use<S, E>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let opener = ChunkOpener::new(key, library, file);
    let header = header(library, file);
    let state = Opening { opener, pieces: Pieces::new(input) };
    let opened = stream::once(async move { state.past_header(&header).await }).map(|state| {
        state.map(|state| {
            stream::try_unfold(Some(state), |state| async move {
                let Some(mut state) = state else { return Ok(None) };
                let (chunk, last) = state.next_chunk(true).await?;
                Ok(Some((chunk, (!last).then_some(state))))
            })
        })
    });
    opened.try_flatten()
}

struct Opening<S> {
    opener: ChunkOpener,
    pieces: Pieces<S>,
}

impl<S, E> Opening<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    async fn past_header(mut self, expected: &[u8]) -> Result<Self, ReadError<E>> {
        let found = self.pieces.next(expected.len()).await.map_err(ReadError::Source)?;
        if found.bytes == expected { Ok(self) } else { Err(ReadError::Open(OpenError)) }
    }

    /// The next chunk, and whether the input ends behind it, which has to be where the file ends if `ends_file`.
    async fn next_chunk(&mut self, ends_file: bool) -> Result<(Bytes, bool), ReadError<E>> {
        let Piece { bytes: mut chunk, last } =
            self.pieces.next(SEALED_CHUNK_LEN).await.map_err(ReadError::Source)?;
        self.opener.open(&mut chunk, last && ends_file).map_err(ReadError::Open)?;
        Ok((chunk.into(), last))
    }
}

/// Seals a file that is at hand as a whole, in the form of [`seal_stream`].
///
/// # Panics
///
/// Beyond 256 TiB.
#[must_use]
pub fn seal_all(key: &Key, library: &str, file: &str, plaintext: &[u8]) -> Sealed<Vec<u8>> {
    let mut sealer = ChunkSealer::new(key, library, file);
    let mut sealed = sealer.header();
    let count = plaintext.len().div_ceil(CHUNK_LEN).max(1);
    for number in 0..count {
        let rest = &plaintext[number * CHUNK_LEN..];
        let mut chunk = rest[..rest.len().min(CHUNK_LEN)].to_vec();
        sealer.seal(&mut chunk, number + 1 == count).expect("cut to chunks, and below 256 TiB");
        sealed.append(&mut chunk);
    }
    Sealed(sealed)
}

/// Opens a sealed file that is at hand as a whole.
pub fn open_all(key: &Key, library: &str, file: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let mut opener = ChunkOpener::new(key, library, file);
    let mut rest = sealed.strip_prefix(&header(library, file)[..]).ok_or(OpenError)?;
    let mut plaintext = Vec::with_capacity(rest.len());
    loop {
        let (chunk, behind) = rest.split_at(rest.len().min(SEALED_CHUNK_LEN));
        let mut chunk = chunk.to_vec();
        opener.open(&mut chunk, behind.is_empty())?;
        plaintext.append(&mut chunk);
        if behind.is_empty() {
            return Ok(plaintext);
        }
        rest = behind;
    }
}

/// How long a file of `plain_len` bytes is once it is sealed.
#[must_use]
pub fn sealed_len(plain_len: u64, library: &str, file: &str) -> u64 {
    let chunks = plain_len.div_ceil(CHUNK_LEN as u64).max(1);
    header(library, file).len() as u64 + plain_len + chunks * TAG_LEN as u64
}

/// Seals a file chunk by chunk; [`seal_stream`] is the comfortable way.
pub struct ChunkSealer {
    key: LessSafeKey,
    nonces: Nonces,
    header: Vec<u8>,
}

impl ChunkSealer {
    /// Starts a file; `key` must never have sealed another one with the same ids.
    #[must_use]
    pub fn new(key: &Key, library: &str, file: &str) -> Self {
        let header = header(library, file);
        Self { key: chunk_key(key, &header), nonces: Nonces::new(), header }
    }

    /// What goes in front of the first chunk.
    #[must_use]
    pub fn header(&self) -> Vec<u8> {
        self.header.clone()
    }

    /// Seals the next chunk in place, which makes it 16 bytes longer.
    pub fn seal(&mut self, chunk: &mut Vec<u8>, last: bool) -> Result<(), SealError> {
        let nonce = self.nonces.next(chunk.len(), last)?;
        self.key.seal_in_place_append_tag(nonce, Aad::empty(), chunk).map_err(|_| SealError::Failed)
    }
}

impl fmt::Debug for ChunkSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkSealer(chunk {}, [REDACTED])", self.nonces.next)
    }
}

/// Opens a file chunk by chunk; [`open_stream`] is the comfortable way.
pub struct ChunkOpener {
    key: LessSafeKey,
    nonces: Nonces,
}

impl ChunkOpener {
    /// Starts behind the header, which the caller compares with [`ChunkSealer::header`].
    #[must_use]
    pub fn new(key: &Key, library: &str, file: &str) -> Self {
        Self { key: chunk_key(key, &header(library, file)), nonces: Nonces::new() }
    }

    /// Opens the next chunk in place, which makes it 16 bytes shorter.
    ///
    /// After an error the chunk holds nothing of use and nothing that follows opens.
    pub fn open(&mut self, chunk: &mut Vec<u8>, last: bool) -> Result<(), OpenError> {
        let plain_len = chunk.len().checked_sub(TAG_LEN).ok_or(OpenError)?;
        let nonce = self.nonces.next(plain_len, last).map_err(|_| OpenError)?;
        self.key.open_in_place(nonce, Aad::empty(), chunk).map_err(|_| OpenError)?;
        chunk.truncate(plain_len);
        Ok(())
    }

    /// Opens the next chunk into the beginning of `plain`, and says how many bytes it gave.
    ///
    /// After an error `plain` holds nothing of use and nothing that follows opens.
    pub fn open_into(&mut self, sealed: &[u8], plain: &mut [u8], last: bool) -> Result<usize, OpenError> {
        let plain_len = sealed.len().checked_sub(TAG_LEN).ok_or(OpenError)?;
        let nonce = self.nonces.next(plain_len, last).map_err(|_| OpenError)?;
        let (sealed, tag) = sealed.split_at(plain_len);
        let plain = plain.get_mut(..plain_len).ok_or(OpenError)?;
        self.key.open_separate_gather(nonce, Aad::empty(), sealed, tag, plain).map_err(|_| OpenError)?;
        Ok(plain_len)
    }
}

impl fmt::Debug for ChunkOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkOpener(chunk {}, [REDACTED])", self.nonces.next)
    }
}

/// Numbers the chunks of one file, and knows how long each may be.
struct Nonces {
    next: u64,
    ended: bool,
}

impl Nonces {
    fn new() -> Self {
        Self { next: 0, ended: false }
    }

    fn next(&mut self, plain_len: usize, last: bool) -> Result<Nonce, SealError> {
        let number = u32::try_from(self.next).map_err(|_| SealError::TooLong)?;
        let fits = match (plain_len, last) {
            (CHUNK_LEN, _) => true,
            (0, true) => number == 0,
            (1..CHUNK_LEN, true) => true,
            _ => false,
        };
        if self.ended || !fits {
            return Err(SealError::Misplaced);
        }
        self.next += 1;
        self.ended = last;
        let mut nonce = [0; 12];
        nonce[7..11].copy_from_slice(&number.to_be_bytes());
        nonce[11] = u8::from(last);
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

fn header(library: &str, file: &str) -> Vec<u8> {
    let size = u32::try_from(CHUNK_LEN).expect("64 KiB").to_be_bytes();
    [&[VERSION], &size[..], &framed(&[library.as_bytes(), file.as_bytes()])].concat()
}

fn chunk_key(file_key: &Key, header: &[u8]) -> LessSafeKey {
    cipher(&file_key.derive("chunks", &[&sha256(header)]))
}

pub(crate) fn cipher(key: &Key) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose()).expect("32 bytes are an AES-256 key"))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    const LENGTHS: [usize; 8] =
        [0, 1, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 2 * CHUNK_LEN, 2 * CHUNK_LEN + 7, 3 * CHUNK_LEN];

    pub(super) fn key() -> Key {
        Key::from_slice(&[5; 32]).unwrap()
    }

    pub(super) fn plaintext(len: usize) -> Vec<u8> {
        (0..=250).cycle().take(len).collect()
    }

    pub(super) fn sealed(len: usize) -> Vec<u8> {
        seal_all(&key(), "lib1", "fil1", &plaintext(len)).into_inner()
    }

    pub(super) fn arriving(
        bytes: &[u8],
        step: usize,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
        stream::iter(bytes.chunks(step).map(Bytes::copy_from_slice).map(Ok).collect::<Vec<_>>())
    }

    pub(super) async fn collect<E>(stream: impl Stream<Item = Result<Bytes, E>>) -> Result<Vec<u8>, E> {
        stream.try_fold(vec![], |all, part| async move { Ok([&all[..], &part].concat()) }).await
    }

    async fn open_arriving(bytes: &[u8], step: usize) -> Result<Vec<u8>, ReadError<Infallible>> {
        collect(open_stream(&key(), "lib1", "fil1", arriving(bytes, step))).await
    }

    #[tokio::test]
    async fn a_file_comes_back_however_its_bytes_arrive() {
        for len in LENGTHS {
            for step in [17, CHUNK_LEN, 5 * CHUNK_LEN] {
                let plain = plaintext(len);
                let (stream, tally) = seal_stream(&key(), "lib1", "fil1", arriving(&plain, step));
                assert_eq!(tally.summary(), None);
                let bytes = collect(stream.into_inner()).await.unwrap();
                assert_eq!(bytes, sealed(len));
                let summary = tally.summary().unwrap();
                assert_eq!(summary.plain_len, len as u64);
                assert_eq!(summary.plain_sha256, sha256(&plain));
                assert_eq!(summary.sealed_len, bytes.len() as u64);
                assert_eq!(sealed_len(len as u64, "lib1", "fil1"), bytes.len() as u64);
                assert_eq!(open_arriving(&bytes, step).await.unwrap(), plain);
                assert_eq!(open_all(&key(), "lib1", "fil1", &bytes).unwrap(), plain);
            }
        }
    }

    #[test]
    fn the_layout_is_what_the_module_says() {
        let bytes = seal_all(&key(), "lib1", "f", b"abc").into_inner();
        let header = b"\x01\0\x01\0\0\0\0\0\x04lib1\0\0\0\x01f";
        assert_eq!(bytes.strip_prefix(header).unwrap().len(), 3 + TAG_LEN);
        let chunk_key = key().derive("chunks", &[&sha256(header)]);
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, chunk_key.expose()).unwrap());
        let nonce = Nonce::assume_unique_for_key([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let mut chunk = bytes[header.len()..].to_vec();
        assert_eq!(cipher.open_in_place(nonce, Aad::empty(), &mut chunk).unwrap(), b"abc");
    }

    #[tokio::test]
    async fn a_file_that_was_cut_does_not_open() {
        let bytes = sealed(3 * CHUNK_LEN);
        let start = bytes.len() - 3 * SEALED_CHUNK_LEN;
        let boundaries = (0..3).map(|chunks| start + chunks * SEALED_CHUNK_LEN);
        for cut in boundaries.flat_map(|at| [at - 1, at, at + 1, at + TAG_LEN]).chain([0, bytes.len() - 1]) {
            assert_eq!(open_arriving(&bytes[..cut], 1 << 20).await, Err(ReadError::Open(OpenError)), "{cut}");
            assert_eq!(open_all(&key(), "lib1", "fil1", &bytes[..cut]), Err(OpenError));
        }
    }

    #[tokio::test]
    async fn a_file_that_was_continued_or_reordered_does_not_open() {
        let bytes = sealed(3 * CHUNK_LEN);
        let (header, chunks) = bytes.split_at(bytes.len() - 3 * SEALED_CHUNK_LEN);
        let chunks: Vec<_> = chunks.chunks(SEALED_CHUNK_LEN).collect();
        let (a, b, c) = (chunks[0], chunks[1], chunks[2]);
        for wrong in [
            vec![header, a, b, c, b"x"],
            vec![header, a, b, c, c],
            vec![header, a, b, c, header],
            vec![header, b, a, c],
            vec![header, a, c],
            vec![header, a, a, b, c],
            vec![header, header, a, b, c],
            vec![a, b, c],
        ] {
            let wrong = wrong.concat();
            assert!(open_arriving(&wrong, 1 << 20).await.is_err());
            assert!(open_all(&key(), "lib1", "fil1", &wrong).is_err());
        }
    }

    #[tokio::test]
    async fn a_file_opens_with_its_key_under_its_ids_only() {
        let bytes = sealed(10);
        let other = Key::from_slice(&[6; 32]).unwrap();
        for (key, library, file) in [
            (&other, "lib1", "fil1"),
            (&key(), "lib2", "fil1"),
            (&key(), "lib1", "fil2"),
            (&key(), "lib1f", "il1"),
        ] {
            assert_eq!(open_all(key, library, file, &bytes), Err(OpenError));
            let opened = open_stream(key, library, file, arriving(&bytes, 100));
            assert_eq!(collect(opened).await, Err(ReadError::Open(OpenError)));
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let bytes = sealed(10);
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 0x80;
            assert_eq!(open_all(&key(), "lib1", "fil1", &changed), Err(OpenError), "byte {place}");
        }
    }

    #[tokio::test]
    async fn nothing_of_a_damaged_chunk_comes_out() {
        let mut bytes = sealed(2 * CHUNK_LEN);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let opened = open_stream(&key(), "lib1", "fil1", arriving(&bytes, 1000));
        let items: Vec<_> = opened.collect().await;
        assert_eq!(items, [Ok(plaintext(CHUNK_LEN).into()), Err(ReadError::Open(OpenError))]);
    }

    #[tokio::test]
    async fn an_input_that_fails_ends_the_stream_and_leaves_no_summary() {
        let input =
            || stream::iter([Ok(Bytes::from(plaintext(CHUNK_LEN + 1))), Err("cut"), Ok(Bytes::new())]);
        let (sealing, tally) = seal_stream(&key(), "lib1", "fil1", input());
        let items: Vec<_> = sealing.into_inner().collect().await;
        assert_eq!((items.len(), items[2].clone()), (3, Err("cut")));
        assert_eq!(tally.summary(), None);

        let header = ChunkSealer::new(&key(), "lib1", "fil1").header();
        let input = stream::iter([Ok(header.into()), Err("cut")]);
        let items: Vec<_> = open_stream(&key(), "lib1", "fil1", input).collect().await;
        assert_eq!(items, [Err(ReadError::Source("cut"))]);
    }

    #[test]
    fn chunks_of_the_wrong_length_or_after_the_last_are_refused() {
        let mut sealer = ChunkSealer::new(&key(), "lib1", "fil1");
        for len in [0, 1, CHUNK_LEN - 1, CHUNK_LEN + 1] {
            assert_eq!(sealer.seal(&mut plaintext(len), false), Err(SealError::Misplaced));
        }
        sealer.seal(&mut plaintext(CHUNK_LEN), false).unwrap();
        assert_eq!(sealer.seal(&mut vec![], true), Err(SealError::Misplaced));
        sealer.seal(&mut plaintext(1), true).unwrap();
        assert_eq!(sealer.seal(&mut plaintext(1), true), Err(SealError::Misplaced));
    }

    #[test]
    fn the_counter_never_wraps() {
        let mut sealer = ChunkSealer::new(&key(), "lib1", "fil1");
        sealer.nonces.next = u64::from(u32::MAX);
        sealer.seal(&mut plaintext(CHUNK_LEN), false).unwrap();
        assert_eq!(sealer.seal(&mut plaintext(1), true), Err(SealError::TooLong));
    }

    #[test]
    fn streams_may_move_between_threads() {
        fn assert_send<T: Send>(_: T) {}
        let (stream, tally) = seal_stream(&key(), "lib1", "fil1", arriving(b"", 1));
        assert_send(open_stream(&key(), "lib1", "fil1", stream.boxed().into_inner()));
        assert_send(tally);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn any_bytes_in_any_pieces_come_back(parts in prop::collection::vec(0..100_000_usize, 0..6), step in 1..200_000_usize) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let plain = plaintext(parts.iter().sum());
            let mut rest = &plain[..];
            let input = stream::iter(parts.iter().map(|len| {
                let (part, behind) = rest.split_at(*len);
                rest = behind;
                Ok::<_, Infallible>(Bytes::copy_from_slice(part))
            }).collect::<Vec<_>>());
            let (sealing, _) = seal_stream(&key(), "lib1", "fil1", input);
            let bytes = runtime.block_on(collect(sealing.into_inner())).unwrap();
            prop_assert_eq!(runtime.block_on(open_arriving(&bytes, step)).unwrap(), plain);
        }
    }
}
