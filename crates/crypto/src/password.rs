//! Passwords: one Argon2id run gives both what recognizes a password and the key that it opens a library with.

use std::{fmt, sync::Arc};

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};
use zeroize::Zeroizing;

use crate::{Digest, Key, PasswordError};

/// How many may wait for their turn; whoever comes then is refused.
const MAX_WAITING: usize = 64;

/// What one run of Argon2id costs; kept with each password, because old ones keep theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argon2Params {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes that could run in parallel.
    pub lanes: u32,
}

impl Default for Argon2Params {
    /// 64 MiB, three passes, one lane.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, iterations: 3, lanes: 1 }
    }
}

/// What a password gives.
#[derive(Debug, Clone)]
pub struct PasswordKeys {
    /// Kept, and compared with that of a password typed later.
    pub verifier: Digest,
    /// Never kept: wraps the library key.
    pub slot_key: Key,
}

/// Turns passwords into keys: off the async threads, a few at a time.
#[derive(Clone)]
pub struct PasswordHasher {
    pepper: Key,
    params: Argon2Params,
    /// One permit for each that runs or waits.
    admitted: Arc<Semaphore>,
    /// One permit for each that runs.
    running: Arc<Semaphore>,
}

/// The right to wait for one run.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

impl PasswordHasher {
    /// A hasher that runs at most `concurrency` (at least 1) at once, each in `params.memory_kib` of memory.
    ///
    /// The pepper is Argon2's own secret input (RFC 9106 §3.1, "K").
    #[must_use]
    pub fn new(pepper: Key, params: Argon2Params, concurrency: usize) -> Self {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS - MAX_WAITING);
        Self {
            pepper,
            params,
            admitted: Arc::new(Semaphore::new(concurrency + MAX_WAITING)),
            running: Arc::new(Semaphore::new(concurrency)),
        }
    }

    /// What a new password is hashed with.
    #[must_use]
    pub fn params(&self) -> Argon2Params {
        self.params
    }

    /// A place in the queue, or [`PasswordError::Busy`]: taken before anything is counted against whoever asks.
    pub fn place(&self) -> Result<Place, PasswordError> {
        self.admitted.clone().try_acquire_owned().map(Place).map_err(|_| PasswordError::Busy)
    }

    /// The keys of a password; `salt` and `params` are those that its row keeps, or for a new one a random salt and
    /// [`PasswordHasher::params`].
    ///
    /// For an unknown person call it too, with any salt, so that the answer takes as long. A run that has begun
    /// counts against the concurrency until it is done, even if nobody waits for it any more.
    pub async fn derive(
        &self,
        place: Place,
        password: &str,
        salt: &[u8; 16],
        params: Argon2Params,
    ) -> Result<PasswordKeys, PasswordError> {
        let running = self.running.clone().acquire_owned().await.map_err(|_| PasswordError::Failed)?;
        let (pepper, password, salt) = (self.pepper.clone(), Zeroizing::new(password.to_owned()), *salt);
        let run = move || {
            let _held = (place, running);
            argon2id(&pepper, &password, &salt, params)
        };
        let root = spawn_blocking(run).await.map_err(|_| PasswordError::Failed)??;
        let verifier = root.derive("password verifier", &[]);
        let verifier = Digest::from_slice(verifier.expose()).map_err(|_| PasswordError::Failed)?;
        Ok(PasswordKeys { verifier, slot_key: root.derive("password slot", &[]) })
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher").field("params", &self.params).finish_non_exhaustive()
    }
}

fn argon2id(
    pepper: &Key,
    password: &str,
    salt: &[u8; 16],
    params: Argon2Params,
) -> Result<Key, PasswordError> {
    let Argon2Params { memory_kib, iterations, lanes } = params;
    let params =
        Params::new(memory_kib, iterations, lanes, Some(32)).map_err(|_| PasswordError::Parameters)?;
    run(pepper.expose(), params, password.as_bytes(), salt)
}

pub(crate) fn run(secret: &[u8], params: Params, password: &[u8], salt: &[u8]) -> Result<Key, PasswordError> {
    let argon2 = Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params)
        .map_err(|_| PasswordError::Parameters)?;
    let mut output = Zeroizing::new([0; 32]);
    argon2.hash_password_into(password, salt, &mut output[..]).map_err(|_| PasswordError::Failed)?;
    Key::from_slice(&output[..]).map_err(|_| PasswordError::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Argon2Params = Argon2Params { memory_kib: 64, iterations: 1, lanes: 1 };

    fn hasher(pepper: u8, concurrency: usize) -> PasswordHasher {
        PasswordHasher::new(Key::from_slice(&[pepper; 32]).unwrap(), CHEAP, concurrency)
    }

    async fn derive(
        hasher: &PasswordHasher,
        password: &str,
        salt: &[u8; 16],
        params: Argon2Params,
    ) -> Result<PasswordKeys, PasswordError> {
        hasher.derive(hasher.place()?, password, salt, params).await
    }

    #[tokio::test]
    async fn the_same_password_gives_the_same_keys_and_any_other_input_does_not() {
        let keys = derive(&hasher(1, 2), "correct horse", &[1; 16], CHEAP).await.unwrap();
        let again = derive(&hasher(1, 2), "correct horse", &[1; 16], CHEAP).await.unwrap();
        assert_eq!(keys.verifier, again.verifier);
        assert_eq!(keys.slot_key.expose(), again.slot_key.expose());
        assert_ne!(keys.verifier.as_bytes(), keys.slot_key.expose());
        let dearer = Argon2Params { iterations: 2, ..CHEAP };
        for other in [
            derive(&hasher(1, 2), "Correct horse", &[1; 16], CHEAP).await.unwrap(),
            derive(&hasher(1, 2), "correct horse", &[2; 16], CHEAP).await.unwrap(),
            derive(&hasher(1, 2), "correct horse", &[1; 16], dearer).await.unwrap(),
            derive(&hasher(2, 2), "correct horse", &[1; 16], CHEAP).await.unwrap(),
        ] {
            assert_ne!(other.verifier, keys.verifier);
            assert_ne!(other.slot_key.expose(), keys.slot_key.expose());
        }
    }

    #[tokio::test]
    async fn whoever_comes_after_the_sixty_fourth_in_the_queue_is_refused() {
        let hasher = hasher(1, 1);
        let running = hasher.running.clone().acquire_owned().await.unwrap();
        let queue: Vec<_> = (0..=MAX_WAITING)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { derive(&hasher, "p", &[0; 16], CHEAP).await })
            })
            .collect();
        while hasher.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(derive(&hasher, "p", &[0; 16], CHEAP).await.unwrap_err(), PasswordError::Busy);
        drop(running);
        for waiting in queue {
            assert!(waiting.await.unwrap().is_ok());
        }
        assert!(derive(&hasher, "p", &[0; 16], CHEAP).await.is_ok());
    }

    #[tokio::test]
    async fn parameters_out_of_range_are_said_to_be() {
        let none = Argon2Params { memory_kib: 0, ..CHEAP };
        assert_eq!(derive(&hasher(1, 1), "p", &[0; 16], none).await.unwrap_err(), PasswordError::Parameters);
    }

    #[test]
    fn parameters_are_stored_by_name() {
        let text = serde_json::to_string(&Argon2Params::default()).unwrap();
        assert_eq!(text, r#"{"memory_kib":65536,"iterations":3,"lanes":1}"#);
    }
}
