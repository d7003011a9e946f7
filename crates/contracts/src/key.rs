//! The keys of a contract: several at a time, so that an app can change them without a gap.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use consent_crypto::RsaPublicKey;

/// At most this many keys of one contract are usable at once.
pub const MAX_USABLE_KEYS: usize = 10;

/// A session lives this long, and what it delivers is sealed for the key that opened it.
const SEALS_AFTER_RETIREMENT: TimeDelta = TimeDelta::hours(1);

/// Nobody plans further ahead, and a database cannot store every moment that JSON can write.
const FURTHEST_RETIREMENT: TimeDelta = TimeDelta::days(36_525);

/// A public key of a contract.
#[derive(Debug, Clone)]
pub struct ContractKey {
    /// Its name: the RFC 7638 thumbprint.
    pub kid: String,
    /// The key.
    pub public: RsaPublicKey,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// From when on it is no longer used.
    pub retire_at: Option<DateTime<Utc>>,
    /// Since when it is known that somebody else may have the private half.
    pub compromised_at: Option<DateTime<Utc>>,
}

/// How a key ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retire {
    /// From this moment on; at once when it lies in the past, in a hundred years at the latest.
    At(DateTime<Utc>),
    /// At once and for good, because somebody else may have the private half.
    Compromised,
}

impl ContractKey {
    /// Whether a request signed with it is believed.
    #[must_use]
    pub fn may_sign_at(&self, now: DateTime<Utc>) -> bool {
        self.compromised_at.is_none() && self.retire_at.is_none_or(|end| now < end)
    }

    /// Whether files may be sealed for it: an hour longer than it may sign, so that a session that began before ends
    /// well; never when compromised.
    #[must_use]
    pub fn may_seal_at(&self, now: DateTime<Utc>) -> bool {
        let over = |end: DateTime<Utc>| now.signed_duration_since(end) >= SEALS_AFTER_RETIREMENT;
        self.compromised_at.is_none() && !self.retire_at.is_some_and(over)
    }

    /// Ends the key. What is over stays over: a retired key is not brought back by a later moment.
    #[must_use]
    pub fn retire(mut self, how: Retire, now: DateTime<Utc>) -> Self {
        match how {
            Retire::At(at) if self.may_sign_at(now) => {
                self.retire_at = Some(at.clamp(now, now + FURTHEST_RETIREMENT).trunc_subsecs(3));
            }
            Retire::At(_) => {}
            Retire::Compromised => self.compromised_at = self.compromised_at.or(Some(now)),
        }
        self
    }

    /// The key, used no longer than until `at`.
    pub(crate) fn retire_by(self, at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let at = self.retire_at.map_or(at, |earlier| earlier.min(at));
        self.retire(Retire::At(at), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ContractKey {
        let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/app-1.public.pem");
        let public = RsaPublicKey::parse_pem(&std::fs::read_to_string(pem).unwrap()).unwrap();
        let kid = public.thumbprint();
        ContractKey { kid, public, created_at: at(0), retire_at: None, compromised_at: None }
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn a_retired_key_signs_no_more_and_seals_for_the_rest_of_a_session() {
        let key = key().retire(Retire::At(at(10)), at(1));
        assert!(key.may_sign_at(at(9)) && !key.may_sign_at(at(10)));
        assert!(key.may_seal_at(at(69)) && !key.may_seal_at(at(70)));
    }

    #[test]
    fn a_compromised_key_is_dead_at_once() {
        let key = key().retire(Retire::At(at(10)), at(1)).retire(Retire::Compromised, at(2));
        assert!(!key.may_sign_at(at(2)) && !key.may_seal_at(at(2)));
        let again = key.retire(Retire::Compromised, at(5));
        assert_eq!(again.compromised_at, Some(at(2)));
    }

    #[test]
    fn a_retirement_can_be_moved_until_it_has_happened() {
        let planned = key().retire(Retire::At(at(10)), at(1));
        assert_eq!(planned.clone().retire(Retire::At(at(20)), at(5)).retire_at, Some(at(20)));
        assert_eq!(planned.clone().retire(Retire::At(at(20)), at(15)).retire_at, Some(at(10)));
        assert_eq!(planned.clone().retire(Retire::At(at(2)), at(5)).retire_at, Some(at(5)));
        assert_eq!(planned.retire_by(at(20), at(5)).retire_at, Some(at(10)));
    }
}
