//! Nonces of requests that only read. They are remembered by this process alone, and an identical repeat within seconds
//! is fine, because older SDKs send the same request again when a connection breaks (`protocol/digime.md` §15.11).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::ContractId;

/// How long a nonce is remembered; longer than a request's timestamp is accepted.
const MEMORY: TimeDelta = TimeDelta::minutes(11);
/// How long an identical request may be repeated.
const REPEATS: TimeDelta = TimeDelta::seconds(30);
/// Beyond this many the oldest half is dropped; a signed request is needed for each.
const CAPACITY: usize = 200_000;

/// Nonces seen by this process.
#[derive(Debug, Default)]
pub struct ReadNonces(Mutex<HashMap<[u8; 32], Seen>>);

#[derive(Debug, Clone, Copy)]
struct Seen {
    request: [u8; 32],
    at: DateTime<Utc>,
}

impl ReadNonces {
    /// Whether a request with this nonce may pass: the first one, or an identical repeat of a reading one.
    /// `request` is the digest of everything that makes it identical.
    pub fn admit(
        &self,
        contract: &ContractId,
        nonce: &str,
        request: [u8; 32],
        reads: bool,
        now: DateTime<Utc>,
    ) -> bool {
        let key = consent_crypto::digest::sha256(format!("{contract} {nonce}").as_bytes());
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = seen.get(&key).filter(|seen| now < seen.at + MEMORY) {
            return reads && before.request == request && now < before.at + REPEATS;
        }
        if seen.len() >= CAPACITY {
            forget(&mut seen, now);
        }
        seen.insert(key, Seen { request, at: now });
        true
    }
}

fn forget(seen: &mut HashMap<[u8; 32], Seen>, now: DateTime<Utc>) {
    seen.retain(|_, entry| now < entry.at + MEMORY);
    if seen.len() >= CAPACITY {
        let mut times: Vec<_> = seen.values().map(|entry| entry.at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        seen.retain(|_, entry| entry.at > median);
    }
}

#[cfg(test)]
mod tests {
    use consent_core::{Ambient, ContractId};

    use super::*;

    #[test]
    fn a_nonce_is_good_once_except_for_an_identical_repeat_within_seconds() {
        let (nonces, contract): (_, ContractId) = (ReadNonces::default(), Ambient::system().new_id());
        let (now, later) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + REPEATS);
        assert!(nonces.admit(&contract, "a", [1; 32], true, now));
        assert!(nonces.admit(&contract, "a", [1; 32], true, now), "the same request again");
        assert!(!nonces.admit(&contract, "a", [2; 32], true, now), "another request");
        assert!(!nonces.admit(&contract, "a", [1; 32], true, later), "too late");
        assert!(nonces.admit(&contract, "b", [3; 32], false, now));
        assert!(!nonces.admit(&contract, "b", [3; 32], false, now), "a request that changes something");
        assert!(nonces.admit(&contract, "a", [9; 32], true, now + MEMORY), "forgotten");
    }

    #[test]
    fn a_flood_of_nonces_has_room_for_so_many_and_pushes_out_the_older_half() {
        let (nonces, contract): (_, ContractId) = (ReadNonces::default(), Ambient::system().new_id());
        let held = || nonces.0.lock().unwrap().len();
        let at = |second: usize| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(second.try_into().unwrap());
        for number in 0..CAPACITY {
            assert!(nonces.admit(&contract, &number.to_string(), [1; 32], false, at(number)));
        }
        assert_eq!(held(), CAPACITY);
        assert!(nonces.admit(&contract, "one more", [1; 32], false, at(CAPACITY)));
        assert_eq!(held(), CAPACITY / 2);
        let newest = (CAPACITY - 1).to_string();
        assert!(!nonces.admit(&contract, &newest, [1; 32], false, at(CAPACITY)), "the younger half is known");
    }
}
