//! Time and chance, passed in as a value so that a test can hold both still.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};

use crate::TypedId;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The current moment.
    fn now(&self) -> DateTime<Utc>;
}

/// Fills bytes with randomness fit for keys.
pub trait Entropy: Send + Sync {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        std::time::SystemTime::now().into()
    }
}

impl Entropy for System {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's random source")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system has a working random source");
    }
}

/// The clock and the random source of this process; cheap to clone.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Ambient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ambient")
    }
}

impl Ambient {
    /// The machine's own clock and random source.
    #[must_use]
    pub fn system() -> Self {
        Self { clock: Arc::new(System), entropy: Arc::new(System) }
    }

    /// A clock and a random source of the caller's making.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The current moment, cut to the millisecond that every database can store.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(3)
    }

    /// Fills `bytes` with randomness fit for keys.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.entropy.fill(bytes);
    }

    /// `N` random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A new id of the wanted kind; ids made later sort later, to the millisecond.
    #[must_use]
    pub fn new_id<I: TypedId>(&self) -> I {
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or_default();
        I::from_parts(millis, u128::from_be_bytes(self.random()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GrantId;

    #[test]
    fn ids_are_distinct_and_moments_have_no_microseconds() {
        let ambient = Ambient::system();
        assert_ne!(ambient.new_id::<GrantId>(), ambient.new_id::<GrantId>());
        assert_eq!(ambient.now().timestamp_subsec_nanos() % 1_000_000, 0);
    }
}
