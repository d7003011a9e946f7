//! Which signals are news.

use std::collections::BTreeMap;

use super::Signal;

/// How far the signals about each consent have come. What does not rise is acknowledged and passed over: it is a
/// repeat, or was overtaken by something later.
///
/// To be kept with the consents, in the transaction that stores a signal; [`Order::of`] takes it from there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order(BTreeMap<String, i64>);

impl Order {
    /// The order so far: consents and the highest `seq` seen of each.
    #[must_use]
    pub fn of(seen: impl IntoIterator<Item = (String, i64)>) -> Self {
        Self(seen.into_iter().collect())
    }

    /// Whether a signal is news, which it is once. One that is about no consent, as a verification, always is.
    pub fn takes(&mut self, signal: &Signal) -> bool {
        let (Some(consent), Some(seq)) = (&signal.consent_id, signal.seq) else { return true };
        if self.highest(consent).is_some_and(|highest| seq <= highest) {
            return false;
        }
        self.0.insert(consent.clone(), seq);
        true
    }

    /// The highest `seq` seen of a consent.
    #[must_use]
    pub fn highest(&self, consent_id: &str) -> Option<i64> {
        self.0.get(consent_id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Kind, testing::signal};

    #[test]
    fn what_does_not_rise_is_no_news() {
        let at = |consent: &str, seq: i64| Signal {
            consent_id: Some(consent.to_owned()),
            seq: Some(seq),
            ..signal()
        };
        let mut order = Order::default();
        assert!(order.takes(&at("gra1", 4)));
        assert!(!order.takes(&at("gra1", 4)), "a repeat");
        assert!(!order.takes(&at("gra1", 3)), "a resume that comes after the revocation");
        assert!(order.takes(&at("gra1", 9)) && order.takes(&at("gra2", 1)), "gaps are fine, consents apart");
        assert_eq!((order.highest("gra1"), order.highest("gra3")), (Some(9), None));
        let mut kept = Order::of([("gra1".to_owned(), 9)]);
        assert!(!kept.takes(&at("gra1", 9)), "after a restart, too");
        let verification = Signal { kind: Kind::Verification, consent_id: None, seq: None, ..signal() };
        assert!(kept.takes(&verification) && kept.takes(&verification));
    }
}
