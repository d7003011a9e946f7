//! Limits of one thread: each operation by itself, straight from the cipher library, as often as fits into a
//! moment.

use std::{
    fs::{File, OpenOptions},
    hint::black_box,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, UnparsedPublicKey, X25519},
    cipher::{AES_256, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey},
    iv::FixedLength,
    rand::SystemRandom,
    rsa::{KeySize, OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PrivateDecryptingKey},
    signature::{KeyPair as _, ParsedPublicKey, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA512, RsaKeyPair},
};
use consent_core::Ambient;
use consent_crypto::{Argon2Params, Key, PasswordHasher};

use crate::{
    error::{Failure, Outcome, failure},
    load::count,
};

/// Bytes that are ciphered at once, as in files at rest.
pub const PIECE: usize = 64 * 1024;
/// About the size of a signed request.
const MESSAGE: &[u8; 400] = &[b'm'; 400];

/// What the operations are done with.
pub struct Raw {
    pair: RsaKeyPair,
    public: ParsedPublicKey,
    signature: Vec<u8>,
    oaep: OaepPublicEncryptingKey,
    gcm: LessSafeKey,
    mine: agreement::PrivateKey,
    theirs: Vec<u8>,
    /// So long each operation is repeated.
    moment: Duration,
}

impl Raw {
    /// Makes keys; every measurement will take about `moment`.
    pub fn new(moment: Duration) -> Outcome<Self> {
        let lost = |_| failure("the cipher library fails");
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(lost)?;
        let public = ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA512, pair.public_key().as_ref())
            .map_err(|_| failure("the cipher library refuses its own key"))?;
        let oaep = PrivateDecryptingKey::generate(KeySize::Rsa2048)
            .and_then(|key| OaepPublicEncryptingKey::new(key.public_key()))
            .map_err(lost)?;
        let gcm = UnboundKey::new(&AES_256_GCM, &[7; 32]).map(LessSafeKey::new).map_err(lost)?;
        let theirs = agreement::PrivateKey::generate(&X25519).map_err(lost)?;
        let theirs = theirs.compute_public_key().map_err(lost)?.as_ref().to_vec();
        let mine = agreement::PrivateKey::generate(&X25519).map_err(lost)?;
        let signature = sign(&pair)?;
        Ok(Self { pair, public, signature, oaep, gcm, mine, theirs, moment })
    }

    /// Seconds for one PS512 signature, RSA with 2048 bits.
    pub fn sign(&self) -> Outcome<f64> {
        self.each(|| sign(&self.pair).map(drop))
    }

    /// Seconds for checking one.
    pub fn verify(&self) -> Outcome<f64> {
        self.each(|| self.public.verify_sig(MESSAGE, &self.signature).map_err(broken))
    }

    /// Seconds for one encryption with RSA-OAEP (SHA-1) of a key of 32 bytes.
    pub fn oaep(&self) -> Outcome<f64> {
        let mut sealed = [0; 256];
        self.each(|| {
            let written = self.oaep.encrypt(&OAEP_SHA1_MGF1SHA1, &[7; 32], &mut sealed, None);
            black_box(written.map_err(broken)?);
            Ok(())
        })
    }

    /// Seconds for one X25519 agreement.
    pub fn x25519(&self) -> Outcome<f64> {
        let theirs = UnparsedPublicKey::new(&X25519, &self.theirs);
        self.each(|| {
            agreement::agree(&self.mine, theirs, failure("no agreement"), |secret| {
                black_box(secret);
                Ok(())
            })
        })
    }

    /// Seconds for AES-256-CBC over `length` bytes with a fresh key, [`PIECE`] at a time.
    pub fn cbc(&self, length: usize) -> Outcome<f64> {
        let (plain, mut sealed) = (vec![7; length.min(PIECE)], vec![0; PIECE + 16]);
        self.each(|| {
            let key = UnboundCipherKey::new(&AES_256, &[7; 32]).map_err(broken)?;
            let context = EncryptionContext::Iv128(FixedLength::from([7; 16]));
            let mut cipher = StreamingEncryptingKey::less_safe_cbc_pkcs7(key, context).map_err(broken)?;
            let mut left = length;
            while left > 0 {
                let piece = &plain[..left.min(PIECE)];
                cipher.update(piece, &mut sealed).map_err(broken)?;
                left -= piece.len();
            }
            cipher.finish(&mut sealed).map(drop).map_err(broken)
        })
    }

    /// Seconds for opening `length` bytes, at most [`PIECE`], of AES-256-GCM.
    pub fn gcm_open(&self, length: usize) -> Outcome<f64> {
        let mut sealed = vec![7; length];
        let tag = self.gcm.seal_in_place_separate_tag(nonce(), Aad::empty(), &mut sealed).map_err(broken)?;
        let mut plain = vec![0; length];
        self.each(|| {
            let opened =
                self.gcm.open_separate_gather(nonce(), Aad::empty(), &sealed, tag.as_ref(), &mut plain);
            opened.map_err(broken)
        })
    }

    /// Seconds for sealing as many.
    pub fn gcm_seal(&self, length: usize) -> Outcome<f64> {
        let mut bytes = vec![7; length];
        self.each(|| {
            let tag = self.gcm.seal_in_place_separate_tag(nonce(), Aad::empty(), &mut bytes);
            tag.map(|tag| drop(black_box(tag))).map_err(broken)
        })
    }

    /// Seconds for one Argon2id run with the server's default parameters.
    pub async fn argon2(&self) -> Outcome<f64> {
        let params = Argon2Params::default();
        let hasher = PasswordHasher::new(Key::generate(&Ambient::system()), params, 1);
        let (started, mut best) = (Instant::now(), f64::INFINITY);
        for run in 0.. {
            let begun = Instant::now();
            hasher.derive(hasher.place()?, "correct horse battery", &[7; 16], params).await?;
            best = best.min(begun.elapsed().as_secs_f64());
            if run >= 2 && started.elapsed() > self.moment {
                break;
            }
        }
        Ok(best)
    }

    /// Seconds for appending 4 KiB to a file in `folder` and waiting until the disk has them.
    pub fn fsync(&self, folder: &Path) -> Outcome<f64> {
        let path = folder.join("fsync");
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        let each = self.each(|| {
            file.write_all(&[7; 4096])?;
            Ok(file.sync_data()?)
        });
        std::fs::remove_file(path)?;
        each
    }

    /// Seconds for writing `length` bytes to a file in `folder` and waiting until the disk has them.
    pub fn disk(folder: &Path, length: usize) -> Outcome<f64> {
        let path = folder.join("disk");
        let (piece, started) = (vec![7; PIECE], Instant::now());
        let mut file = File::create(&path)?;
        for _ in 0..length / PIECE {
            file.write_all(&piece)?;
        }
        file.sync_all()?;
        let took = started.elapsed().as_secs_f64();
        std::fs::remove_file(path)?;
        Ok(took)
    }

    /// The best of five fifths of the moment: a limit is what is possible.
    fn each(&self, mut work: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
        work()?;
        let mut seconds = Vec::new();
        for _ in 0..5 {
            let (started, mut times) = (Instant::now(), 0);
            while times == 0 || started.elapsed() < self.moment / 5 {
                work()?;
                times += 1;
            }
            seconds.push(started.elapsed().as_secs_f64() / count(times));
        }
        Ok(seconds.into_iter().fold(f64::INFINITY, f64::min))
    }
}

/// The one in the middle.
pub fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

fn sign(pair: &RsaKeyPair) -> Outcome<Vec<u8>> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PSS_SHA512, &SystemRandom::new(), MESSAGE, &mut signature).map_err(broken)?;
    Ok(signature)
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([7; 12])
}

fn broken(error: aws_lc_rs::error::Unspecified) -> Failure {
    failure(format!("the cipher library fails: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_can_be_measured() {
        let raw = Raw::new(Duration::from_millis(1)).unwrap();
        for seconds in
            [raw.sign(), raw.verify(), raw.oaep(), raw.x25519(), raw.cbc(100_000), raw.gcm_open(10_240)]
        {
            assert!(seconds.unwrap() > 0.0);
        }
        assert!(raw.gcm_seal(PIECE).unwrap() > 0.0);
        assert!(raw.fsync(&std::env::temp_dir()).unwrap() > 0.0);
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
