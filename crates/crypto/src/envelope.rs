//! Envelopes: a file as an app gets it, sealed for its contract's key (`protocol/digime.md` §8.1, form of v1.7).
//!
//! RSA-OAEP (SHA-1, no label) of a random 32-byte data key (256 bytes) ‖ IV (16 bytes) ‖ AES-256-CBC with PKCS#7
//! padding. The format has no integrity of its own: it travels over TLS, and opening it says nothing about who made
//! it. Letters to a postbox (§4.4) are the same three parts, sent apart.

use std::fmt;

use aws_lc_rs::{
    cipher::{
        AES_256, DecryptionContext, EncryptionContext, StreamingDecryptingKey, StreamingEncryptingKey,
        UnboundCipherKey,
    },
    iv::FixedLength,
    rsa::OAEP_SHA1_MGF1SHA1,
};
use bytes::Bytes;
use consent_core::Ambient;
use futures_util::{Stream, StreamExt as _, stream};
use zeroize::Zeroizing;

use crate::{Key, OpenError, RsaPrivateKey, RsaPublicKey, SealError, counted};

const WRAPPED_KEY_LEN: usize = 256;
const BLOCK_LEN: usize = 16;
const HEAD_LEN: usize = WRAPPED_KEY_LEN + BLOCK_LEN;

/// The most that goes through the cipher at once.
const STEP_LEN: usize = 1 << 20;

/// Seals for one public key while the plaintext arrives; [`seal_stream`] is the comfortable way.
pub struct EnvelopeSealer {
    head: Bytes,
    cipher: StreamingEncryptingKey,
}

impl EnvelopeSealer {
    /// Starts an envelope with a fresh data key and IV.
    pub fn new(public: &RsaPublicKey, ambient: &Ambient) -> Result<Self, SealError> {
        Self::with(public, &Key::generate(ambient), ambient.random())
    }

    pub(crate) fn with(public: &RsaPublicKey, key: &Key, iv: [u8; BLOCK_LEN]) -> Result<Self, SealError> {
        let mut head = wrap_data_key(public, key)?;
        head.extend_from_slice(&iv);
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        let cipher = StreamingEncryptingKey::less_safe_cbc_pkcs7(cipher_key(key), context)
            .map_err(|_| SealError::Failed)?;
        Ok(Self { head: head.into(), cipher })
    }

    /// What goes in front: wrapped key and IV, 272 bytes.
    #[must_use]
    pub fn head(&self) -> Bytes {
        self.head.clone()
    }

    /// Takes in the next piece of plaintext; gives the whole blocks that are complete, perhaps none.
    pub fn update(&mut self, plaintext: &[u8]) -> Result<Bytes, SealError> {
        let mut sealed = vec![0; plaintext.len() + BLOCK_LEN];
        let mut len = 0;
        for step in plaintext.chunks(STEP_LEN) {
            let written = self.cipher.update(step, &mut sealed[len..]).map_err(|_| SealError::Failed)?;
            len += written.written().len();
        }
        sealed.truncate(len);
        Ok(sealed.into())
    }

    /// The last block, with its padding.
    pub fn finish(self) -> Result<Bytes, SealError> {
        let mut sealed = [0; BLOCK_LEN];
        let (_, written) = self.cipher.finish(&mut sealed).map_err(|_| SealError::Failed)?;
        Ok(Bytes::copy_from_slice(written.written()))
    }
}

impl fmt::Debug for EnvelopeSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvelopeSealer([REDACTED])")
    }
}

/// Seals a stream for one public key, in constant memory; an error of `input` ends the stream.
///
/// # Panics
///
/// While it is read, if the cryptographic library fails to encrypt, which it has no known reason to.
pub fn seal_stream<S, E>(
    public: &RsaPublicKey,
    ambient: &Ambient,
    input: S,
) -> Result<impl Stream<Item = Result<Bytes, E>> + use<S, E>, SealError>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let sealer = EnvelopeSealer::new(public, ambient)?;
    let head = stream::iter([Ok(sealer.head())]);
    // The end of the input is an item of its own, at which the sealer gives its last block.
    let input = input.map(|piece| piece.map(Some)).chain(stream::iter([Ok(None)]));
    let blocks = input.scan(Some(sealer), |sealer, piece| std::future::ready(next_blocks(sealer, piece)));
    Ok(head.chain(blocks.filter(|blocks| std::future::ready(!blocks.as_ref().is_ok_and(Bytes::is_empty)))))
}

fn next_blocks<E>(
    sealer: &mut Option<EnvelopeSealer>,
    piece: Result<Option<Bytes>, E>,
) -> Option<Result<Bytes, E>> {
    const REASON: &str = "AES-CBC takes any bytes";
    match piece {
        Ok(Some(piece)) => Some(Ok(sealer.as_mut()?.update(&piece).expect(REASON))),
        Ok(None) => Some(Ok(sealer.take()?.finish().expect(REASON))),
        Err(error) => {
            // Without a sealer the stream ends behind this error, and never looks complete.
            sealer.take()?;
            Some(Err(error))
        }
    }
}

/// How long `plain_len` bytes are once they are sealed.
#[must_use]
pub fn sealed_len(plain_len: u64) -> u64 {
    let block = BLOCK_LEN as u64;
    HEAD_LEN as u64 + (plain_len / block + 1) * block
}

/// Seals bytes that are at hand as a whole.
pub fn seal(public: &RsaPublicKey, ambient: &Ambient, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut sealer = EnvelopeSealer::new(public, ambient)?;
    Ok([sealer.head(), sealer.update(plaintext)?, sealer.finish()?].concat())
}

/// Opens an envelope; whatever is wrong with it, the error is the same.
pub fn open(private: &RsaPrivateKey, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (wrapped_key, rest) = envelope.split_at_checked(WRAPPED_KEY_LEN).ok_or(OpenError)?;
    let (iv, sealed) = rest.split_first_chunk().ok_or(OpenError)?;
    open_part(private, wrapped_key, iv, sealed)
}

/// Opens one part of a letter, whose wrapped key, IV and ciphertexts arrive apart (`protocol/digime.md` §4.4).
pub fn open_part(
    private: &RsaPrivateKey,
    wrapped_key: &[u8],
    iv: &[u8; BLOCK_LEN],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let key = unwrap_data_key(private, wrapped_key)?;
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let mut cipher = StreamingDecryptingKey::cbc_pkcs7(cipher_key(&key), context).map_err(|_| OpenError)?;
    let mut plaintext = Zeroizing::new(vec![0; sealed.len() + 2 * BLOCK_LEN]);
    let mut len = 0;
    for step in sealed.chunks(STEP_LEN) {
        len += cipher.update(step, &mut plaintext[len..]).map_err(|_| OpenError)?.written().len();
    }
    len += cipher.finish(&mut plaintext[len..]).map_err(|_| OpenError)?.written().len();
    plaintext.truncate(len);
    Ok(plaintext)
}

fn wrap_data_key(public: &RsaPublicKey, key: &Key) -> Result<Vec<u8>, SealError> {
    counted::RSA_SEALED.add();
    let mut wrapped = vec![0; WRAPPED_KEY_LEN];
    let written = public.oaep().encrypt(&OAEP_SHA1_MGF1SHA1, key.expose(), &mut wrapped, None);
    written.map_err(|_| SealError::Failed)?;
    Ok(wrapped)
}

fn unwrap_data_key(private: &RsaPrivateKey, wrapped: &[u8]) -> Result<Key, OpenError> {
    Key::from_slice(&unwrap_bytes(private, wrapped)?)
}

pub(crate) fn unwrap_bytes(private: &RsaPrivateKey, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let mut bytes = Zeroizing::new(vec![0; WRAPPED_KEY_LEN]);
    let opened = private.oaep().decrypt(&OAEP_SHA1_MGF1SHA1, wrapped, &mut bytes, None);
    let len = opened.map_err(|_| OpenError)?.len();
    bytes.truncate(len);
    Ok(bytes)
}

fn cipher_key(key: &Key) -> UnboundCipherKey {
    UnboundCipherKey::new(&AES_256, key.expose()).expect("32 bytes are an AES-256 key")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use consent_core::testing::{TestClock, ambient};
    use futures_util::TryStreamExt as _;
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{app, other_app};

    fn chance() -> Ambient {
        ambient(&TestClock::new(), 1)
    }

    fn collect<E>(stream: impl Stream<Item = Result<Bytes, E>>) -> Result<Vec<u8>, E> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let all = stream.try_fold(vec![], |all, part| async move { Ok([&all[..], &part].concat()) });
        runtime.block_on(all)
    }

    #[test]
    fn an_envelope_is_as_long_as_announced_and_opens_with_its_key() {
        for len in [0, 1, 15, 16, 17, 1000, STEP_LEN, STEP_LEN + 1] {
            let plain = vec![7; len];
            let envelope = seal(app().public(), &chance(), &plain).unwrap();
            assert_eq!(envelope.len() as u64, sealed_len(len as u64));
            assert!(envelope.len() >= 288 && envelope.len().is_multiple_of(16));
            assert_eq!(*open(&app(), &envelope).unwrap(), plain);
            assert_eq!(open(&other_app(), &envelope), Err(OpenError));
        }
    }

    #[test]
    fn streaming_gives_the_same_envelope() {
        let plain = vec![7; 100_003];
        let whole = seal(app().public(), &chance(), &plain).unwrap();
        for step in [1000, 65_536, 200_000] {
            let input = stream::iter(
                plain.chunks(step).map(|part| Ok::<_, Infallible>(Bytes::copy_from_slice(part))),
            );
            let envelope = collect(seal_stream(app().public(), &chance(), input).unwrap()).unwrap();
            assert_eq!(envelope.len(), whole.len());
            // The wrapped key is random; all that follows is not, as chance repeats here.
            assert_eq!(envelope[WRAPPED_KEY_LEN..], whole[WRAPPED_KEY_LEN..]);
            assert_eq!(*open(&app(), &envelope).unwrap(), plain);
        }
    }

    #[test]
    fn an_input_that_fails_leaves_no_envelope_that_looks_complete() {
        let input =
            stream::iter([Ok(Bytes::from_static(&[1; 40])), Err("cut"), Ok(Bytes::from_static(b"x"))]);
        let sealing = seal_stream(app().public(), &chance(), input).unwrap();
        let items: Vec<_> =
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(sealing.collect());
        assert_eq!(items.len(), 3);
        assert_eq!(items[2], Err("cut"));
    }

    #[test]
    fn whatever_is_wrong_the_error_is_the_same() {
        let envelope = seal(app().public(), &chance(), b"sixteen bytes ok").unwrap();
        for cut in [0, 1, 255, 256, 271, 272, 287, 289, envelope.len() - 1] {
            assert_eq!(open(&app(), &envelope[..cut]), Err(OpenError), "{cut}");
        }
        let mut wrong_key = envelope.clone();
        wrong_key[10] ^= 1;
        assert_eq!(open(&app(), &wrong_key), Err(OpenError));
        // Turns the whole block of padding, sixteen times 16, into sixteen times 17.
        let mut wrong_padding = envelope;
        wrong_padding[272..288].iter_mut().for_each(|byte| *byte ^= 1);
        assert_eq!(open(&app(), &wrong_padding), Err(OpenError));
    }

    #[test]
    fn a_letter_opens_part_by_part() {
        let envelope = seal(app().public(), &chance(), b"a letter").unwrap();
        let iv: [u8; 16] = envelope[256..272].try_into().unwrap();
        assert_eq!(&open_part(&app(), &envelope[..256], &iv, &envelope[272..]).unwrap()[..], b"a letter");
        assert_eq!(open_part(&app(), &envelope[..255], &iv, &envelope[272..]), Err(OpenError));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_was_sealed_comes_back(plain in prop::collection::vec(any::<u8>(), 0..5000), seed: u64) {
            let envelope = seal(app().public(), &ambient(&TestClock::new(), seed), &plain).unwrap();
            prop_assert_eq!(&*open(&app(), &envelope).unwrap(), &plain);
        }
    }
}
