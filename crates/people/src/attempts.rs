//! Slows down whoever guesses passwords, without locking their owner out.
//!
//! Failures are counted for an e-mail address together with the network address they came from, and more leniently for
//! the e-mail address overall. A network address from which she has signed in before is not bound by the overall
//! count, so that strangers who keep failing cannot shut her out. Sign-ups are counted for a network address alone.

use std::{net::IpAddr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::Ambient;
use consent_crypto::digest::sha256;
use consent_store::Tx;
use sea_orm::ConnectionTrait;

use crate::{PeopleError, store};

/// Says whether an attempt would be admitted now; counts nothing.
pub async fn check(
    db: &impl ConnectionTrait,
    email: &str,
    address: IpAddr,
    now: DateTime<Utc>,
) -> Result<(), PeopleError> {
    let keys = Keys::new(email, address);
    let overall = store::tally(db, &keys.overall()).await?;
    let pair = store::tally(db, &keys.pair).await?;
    refuse_too_soon(overall, pair, now)
}

/// Admits one attempt and counts it as failed until [`record`] says otherwise.
///
/// Commit this before the password is looked at: then guesses that run side by side are counted like others. A refused
/// attempt is not counted.
pub async fn admit(tx: &Tx, email: &str, address: IpAddr, ambient: &Ambient) -> Result<(), PeopleError> {
    let now = ambient.now();
    let keys = Keys::new(email, address);
    let overall = store::locked_tally(tx, &keys.overall(), now).await?;
    let pair = store::locked_tally(tx, &keys.pair, now).await?;
    refuse_too_soon(Some(overall), Some(pair), now)?;
    store::put_tally(tx, &keys.overall(), overall.failed(now)).await?;
    store::put_tally(tx, &keys.pair, pair.failed(now)).await
}

/// Records how an attempt ended: success clears what was counted for this pair of addresses, failure adds to it.
///
/// After [`admit`] only a success is left to record.
pub async fn record(
    tx: &Tx,
    email: &str,
    address: IpAddr,
    success: bool,
    ambient: &Ambient,
) -> Result<(), PeopleError> {
    let now = ambient.now();
    let keys = Keys::new(email, address);
    let overall = store::locked_tally(tx, &keys.overall(), now).await?;
    let pair = store::locked_tally(tx, &keys.pair, now).await?;
    let (overall, pair) = if success {
        (overall.one_less(), Tally::succeeded(now))
    } else {
        (overall.failed(now), pair.failed(now))
    };
    store::put_tally(tx, &keys.overall(), overall).await?;
    store::put_tally(tx, &keys.pair, pair).await
}

/// Admits one sign-up from a network address and counts it, whatever comes of it; so many a day are free.
///
/// Commit this before the password is derived. A refused attempt is not counted.
pub async fn admit_sign_up(
    tx: &Tx,
    address: IpAddr,
    free: u32,
    ambient: &Ambient,
) -> Result<(), PeopleError> {
    let (now, key) = (ambient.now(), Key::sign_up(address));
    let tally = store::locked_tally(tx, &key, now).await?;
    if let Some(retry_after) = tally.wait(&Limit { free: free.into(), longest: PAIR.longest }, now) {
        return Err(PeopleError::TooSoon { retry_after });
    }
    store::put_tally(tx, &key, tally.failed(now)).await
}

fn refuse_too_soon(
    overall: Option<Tally>,
    pair: Option<Tally>,
    now: DateTime<Utc>,
) -> Result<(), PeopleError> {
    let known = pair.is_some_and(|pair| pair.known);
    let overall = overall.filter(|_| !known).and_then(|overall| overall.wait(&OVERALL, now));
    let pair = pair.and_then(|pair| pair.wait(&PAIR, now));
    match overall.max(pair) {
        Some(retry_after) => Err(PeopleError::TooSoon { retry_after }),
        None => Ok(()),
    }
}

/// Under which failures are counted.
pub(crate) struct Key {
    pub(crate) email: [u8; 32],
    /// Empty for all addresses together.
    pub(crate) address: Vec<u8>,
}

impl Key {
    /// The sign-ups from one network address. No e-mail address has this digest: theirs are taken in lower case.
    fn sign_up(address: IpAddr) -> Self {
        let email = sha256(b"SIGN-UP");
        let address = sha256(&[&email[..], &network(address)].concat());
        Self { email, address: address.to_vec() }
    }
}

struct Keys {
    pair: Key,
}

impl Keys {
    fn new(email: &str, address: IpAddr) -> Self {
        let email = email_digest(email);
        // The e-mail address goes in too, so that one person's places cannot be matched with another's.
        let address = sha256(&[&email[..], &network(address)].concat());
        Self { pair: Key { email, address: address.to_vec() } }
    }

    fn overall(&self) -> Key {
        Key { email: self.pair.email, address: Vec::new() }
    }
}

pub(crate) fn email_digest(email: &str) -> [u8; 32] {
    sha256(email.trim().to_lowercase().as_bytes())
}

/// An IPv4 address, or the /64 that one subscriber of IPv6 has to herself.
fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets()[..8].to_vec(),
    }
}

struct Limit {
    free: i64,
    longest: Duration,
}

const PAIR: Limit = Limit { free: 5, longest: Duration::from_mins(15) };
const OVERALL: Limit = Limit { free: 50, longest: Duration::from_secs(30) };

/// How long failures count.
pub(crate) const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(1);

/// How long a place stays known.
pub(crate) const KNOWN_FOR: TimeDelta = TimeDelta::days(90);

/// What is remembered about attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) failures: i64,
    /// Whether an attempt has succeeded.
    pub(crate) known: bool,
    /// When the last one was made.
    pub(crate) at: DateTime<Utc>,
}

impl Tally {
    fn failures_at(&self, now: DateTime<Utc>) -> i64 {
        if now - self.at >= FORGOTTEN_AFTER { 0 } else { self.failures }
    }

    /// What is left of the wait: a second after as many failures as are free, then twice as long for each.
    fn wait(&self, limit: &Limit, now: DateTime<Utc>) -> Option<Duration> {
        let beyond = u32::try_from(self.failures_at(now) - limit.free).ok()?;
        let wait = Duration::from_secs(1 << beyond.min(20)).min(limit.longest);
        let left = self.at + TimeDelta::from_std(wait).ok()? - now;
        let left = u64::try_from(left.num_milliseconds()).ok().filter(|left| *left > 0)?;
        Some(Duration::from_secs(left.div_ceil(1000)))
    }

    fn failed(self, now: DateTime<Utc>) -> Self {
        Self { failures: self.failures_at(now) + 1, at: now, ..self }
    }

    fn succeeded(now: DateTime<Utc>) -> Self {
        Self { failures: 0, known: true, at: now }
    }

    fn one_less(self) -> Self {
        Self { failures: (self.failures - 1).max(0), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(failures: i64) -> Tally {
        Tally { failures, known: false, at: DateTime::UNIX_EPOCH }
    }

    fn waits(failures: i64, limit: &Limit) -> Option<u64> {
        after(failures).wait(limit, DateTime::UNIX_EPOCH).map(|wait| wait.as_secs())
    }

    #[test]
    fn the_wait_doubles_from_a_second_to_a_quarter_of_an_hour() {
        let waits: Vec<_> = [0, 4, 5, 6, 7, 14, 15, 1_000_000].map(|failures| waits(failures, &PAIR)).into();
        let expected = [None, None, Some(1), Some(2), Some(4), Some(512), Some(900), Some(900)];
        assert_eq!(waits, expected);
    }

    #[test]
    fn overall_more_is_free_and_the_wait_is_short() {
        assert_eq!(
            [49, 50, 54, 99].map(|failures| waits(failures, &OVERALL)),
            [None, Some(1), Some(16), Some(30)]
        );
    }

    #[test]
    fn the_wait_runs_out_and_a_day_later_nothing_counts() {
        let at = |millis| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(millis);
        assert_eq!(after(7).wait(&PAIR, at(3_001)), Some(Duration::from_secs(1)));
        assert_eq!(after(7).wait(&PAIR, at(4_000)), None);
        assert_eq!(after(7).failed(at(4_000)).failures, 8);
        assert_eq!(after(7).failed(at(86_400_000)).failures, 1);
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }

    #[test]
    fn sign_ups_of_one_address_are_counted_apart_from_every_sign_in() {
        let address = "192.0.2.1".parse().unwrap();
        let sign_up = Key::sign_up(address);
        assert_ne!(sign_up.address, Key::sign_up("192.0.2.2".parse().unwrap()).address);
        assert!(["sign-up", "SIGN-UP", " Sign-Up "].iter().all(|email| email_digest(email) != sign_up.email));
    }

    #[test]
    fn a_known_place_is_not_bound_by_what_strangers_do() {
        let hot = after(90);
        let known = Tally { known: true, ..after(0) };
        assert!(refuse_too_soon(Some(hot), None, hot.at).is_err());
        assert!(refuse_too_soon(Some(hot), Some(after(1)), hot.at).is_err());
        assert!(refuse_too_soon(Some(hot), Some(known), hot.at).is_ok());
        assert!(refuse_too_soon(Some(hot), Some(Tally { failures: 5, ..known }), hot.at).is_err());
    }
}
