//! Envelopes: what was sealed for a key opens with it, and what was not never opens for a stranger.

use consent_crypto::{EnvelopeSealer, OpenError, envelope};

use crate::{
    input::Input,
    keys::{APP, OTHER, ambient},
};

const WRAPPED_KEY_LEN: usize = 256;
const BLOCK_LEN: usize = 16;
const HEAD_LEN: usize = WRAPPED_KEY_LEN + BLOCK_LEN;

/// The first byte says how the rest is meant: as an envelope, or as a length, pieces and changes to one.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    match input.byte() % 4 {
        0 => assert_eq!(envelope::open(&APP, input.rest()).map(|_| ()), Err(OpenError), "nobody sealed this"),
        _ => made(input),
    }
}

fn made(mut input: Input<'_>) {
    let plain: Vec<u8> = (0..=250).cycle().take(input.below(3000)).collect();
    let mut sealer = EnvelopeSealer::new(APP.public(), &ambient()).expect("it seals");
    let mut sealed = sealer.head().to_vec();
    assert_eq!(sealed.len(), HEAD_LEN);
    for piece in input.pieces(&plain) {
        sealed.extend_from_slice(&sealer.update(piece).expect("any bytes"));
    }
    sealed.extend_from_slice(&sealer.finish().expect("any bytes"));
    assert_eq!(sealed.len() as u64, envelope::sealed_len(plain.len() as u64));
    let mut changed = sealed.clone();
    for _ in 0..input.byte() % 4 {
        let at = input.below(changed.len() + 1);
        match input.byte() % 4 {
            0 if at < changed.len() => changed[at] ^= input.byte(),
            1 => changed.truncate(at),
            2 => changed.insert(at, input.byte()),
            3 => changed.extend_from_slice(input.rest()),
            _ => {}
        }
    }
    opens(&plain, &sealed, &changed);
}

fn opens(plain: &[u8], sealed: &[u8], changed: &[u8]) {
    let Ok(opened) = envelope::open(&APP, changed) else {
        return assert!(changed != sealed, "it did not open");
    };
    assert_eq!(changed[..WRAPPED_KEY_LEN], sealed[..WRAPPED_KEY_LEN], "a data key came out of nothing");
    let content = changed.len() - HEAD_LEN;
    assert!(content > 0 && content.is_multiple_of(BLOCK_LEN), "part of a block was let pass");
    // Whole blocks, without a padding of one block or less.
    assert!((content - BLOCK_LEN..content).contains(&opened.len()));
    if changed == sealed {
        assert_eq!(*opened, plain);
        assert!(envelope::open(&OTHER, changed).is_err(), "it opened for a stranger");
    }
}
