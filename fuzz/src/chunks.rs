//! Files at rest: a sealed file opens to what was sealed or not at all, however it arrives and wherever one
//! begins.

use std::{convert::Infallible, ops::Range, sync::LazyLock};

use bytes::Bytes;
use consent_crypto::{
    Key, OpenError,
    chunks::{
        CHUNK_LEN, TAG_LEN, chunk_range, open_all, open_range, open_stream, seal_all, seal_stream, sealed_len,
    },
    digest::sha256,
};
use futures_util::{FutureExt, Stream, StreamExt, stream};

use crate::input::Input;

const LIBRARY: &str = "lib1";
const FILE: &str = "fil1";

static PLAIN: LazyLock<Vec<u8>> = LazyLock::new(|| (0..=250).cycle().take(4 * CHUNK_LEN).collect());

/// A length, a range, changes to the sealed file, and the pieces in which it arrives.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let plain = plaintext(&mut input);
    let start = input.below(plain.len() + 1);
    let wanted = start as u64..(start + input.below(plain.len() - start + 1)) as u64;
    let sealed = seal_all(&key(), LIBRARY, FILE, &plain).into_inner();
    assert_eq!(sealed.len() as u64, sealed_len(plain.len() as u64, LIBRARY, FILE));
    seals_alike(&plain, &sealed, input);
    let mut changed = sealed.clone();
    for _ in 0..input.byte() % 4 {
        change(&mut changed, &mut input);
    }
    opens(&plain, &sealed, &changed, input);
    opens_in_part(&plain, &sealed, &changed, &wanted, input);
}

fn key() -> Key {
    Key::from_slice(&[5; 32]).expect("32 bytes")
}

/// Up to a little more than three chunks, often right at the border of one.
fn plaintext(input: &mut Input<'_>) -> Vec<u8> {
    let len = match input.byte() % 4 {
        0 => input.below(64),
        1 => input.below(4) * CHUNK_LEN,
        2 => (input.below(4) * CHUNK_LEN + input.below(64)).saturating_sub(32),
        _ => input.below(3 * CHUNK_LEN),
    };
    PLAIN[..len].to_vec()
}

fn change(sealed: &mut Vec<u8>, input: &mut Input<'_>) {
    let (what, at) = (input.byte(), input.below(sealed.len() + 1));
    let chunk = CHUNK_LEN + TAG_LEN;
    let header = place(sealed_len(0, LIBRARY, FILE)) - TAG_LEN;
    match what % 8 {
        0 if at < sealed.len() => sealed[at] ^= input.byte(),
        1 => sealed.truncate(at),
        2 => sealed.insert(at, input.byte()),
        3 => drop(sealed.drain(at..(at + input.below(chunk + 1)).min(sealed.len()))),
        4 => drop(sealed.drain(header.min(at)..at)),
        // Whole chunks, twice or elsewhere.
        5 | 6 if sealed.len() > header + chunk => {
            let from = header + (at % ((sealed.len() - header) / chunk)) * chunk;
            let copy = sealed[from..from + chunk].to_vec();
            let to = header + input.below((sealed.len() - header) / chunk + 1) * chunk;
            let end = if what % 8 == 5 { to } else { (to + chunk).min(sealed.len()) };
            sealed.splice(to..end, copy);
        }
        7 => *sealed = input.rest().to_vec(),
        _ => {}
    }
}

fn seals_alike(plain: &[u8], sealed: &[u8], mut input: Input<'_>) {
    let (stream, tally) = seal_stream(&key(), LIBRARY, FILE, arriving(&input.pieces(plain)));
    assert_eq!(tally.summary(), None);
    let (all, end) = collect(stream.into_inner());
    assert!(end.is_ok() && all == sealed, "a stream is sealed as the whole is");
    let summary = tally.summary().expect("it came to its end");
    assert_eq!((summary.plain_len, summary.plain_sha256), (plain.len() as u64, sha256(plain)));
    assert_eq!(summary.sealed_len, sealed.len() as u64);
}

fn opens(plain: &[u8], sealed: &[u8], changed: &[u8], mut input: Input<'_>) {
    let whole = open_all(&key(), LIBRARY, FILE, changed);
    match &whole {
        Ok(opened) => assert!(opened == plain && changed == sealed, "other bytes opened"),
        Err(OpenError) => assert!(changed != sealed, "it did not open"),
    }
    let (opened, end) = collect(open_stream(&key(), LIBRARY, FILE, arriving(&input.pieces(changed))));
    assert!(plain.starts_with(&opened), "a chunk came out that is none");
    assert_eq!(end.is_ok(), whole.is_ok());
    assert!(whole.is_err() || opened == plain);
    let (library, file) = input.one_of(&[("lib2", FILE), (LIBRARY, "fil2"), ("lib1f", "il1")]);
    assert!(open_all(&key(), library, file, changed).is_err(), "it opened elsewhere");
}

fn opens_in_part(plain: &[u8], sealed: &[u8], changed: &[u8], wanted: &Range<u64>, mut input: Input<'_>) {
    let Some(range) = chunk_range(wanted, plain.len() as u64, LIBRARY, FILE) else {
        return assert!(wanted.is_empty());
    };
    let part = |bytes: &[u8]| {
        let end = place(range.sealed.end).min(bytes.len());
        bytes[place(range.sealed.start).min(end)..end].to_vec()
    };
    assert!(range.sealed.end <= sealed.len() as u64);
    let (expected, arrived) = (part(sealed), part(changed));
    let (opened, end) = collect(open_range(&key(), LIBRARY, FILE, &range, arriving(&input.pieces(&arrived))));
    let wanted = &plain[place(wanted.start)..place(wanted.end)];
    assert!(wanted.starts_with(&opened), "a part came out that is none");
    assert_eq!(end.is_ok(), expected == arrived);
    assert!(end.is_err() || opened == wanted);
}

fn place(at: u64) -> usize {
    usize::try_from(at).expect("a few chunks")
}

fn arriving(pieces: &[&[u8]]) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

/// What came out before the end or an error.
fn collect<E>(stream: impl Stream<Item = Result<Bytes, E>>) -> (Vec<u8>, Result<(), E>) {
    let mut all = Vec::new();
    for item in stream.collect::<Vec<_>>().now_or_never().expect("nothing to wait for") {
        match item {
            Ok(bytes) => all.extend_from_slice(&bytes),
            Err(error) => return (all, Err(error)),
        }
    }
    (all, Ok(()))
}
