use chrono::TimeDelta;
use consent_core::testing::{TestClock, ambient};
use proptest::prelude::*;

use super::*;

struct Road {
    clock: TestClock,
    ambient: Ambient,
    schedule: Schedule,
}

impl Road {
    fn new(schedule: Schedule) -> Self {
        let clock = TestClock::new();
        Self { ambient: ambient(&clock, 7), clock, schedule }
    }

    fn steady() -> Self {
        Self::new(Schedule { jitter_percent: 0, ..Schedule::default() })
    }

    fn plan(&self) -> Plan<'_> {
        Plan { schedule: &self.schedule, complete_by: None, reachable: true }
    }

    fn claim(&self, delivery: Delivery) -> Delivery {
        let now = self.ambient.now();
        let lease = Lease { holder: self.ambient.new_id(), until: now + TimeDelta::minutes(1) };
        delivery.claim(lease, now).unwrap()
    }

    fn attempt(&self, delivery: Delivery, outcome: Outcome) -> Delivery {
        self.claim(delivery).conclude(outcome, &self.plan(), &self.ambient).unwrap()
    }
}

const LATER: Outcome = Outcome::Retry { after: None };
const FRESH: Delivery = Delivery::Queued { due_at: None };

#[test]
fn every_answer_means_what_the_table_says() {
    for status in [200, 202, 204, 299] {
        assert_eq!(Outcome::of(status, false, None), Outcome::Delivered, "{status}");
    }
    for status in [100, 301, 302, 307, 308, 402, 405, 408, 409, 425, 429, 500, 502, 503, 504, 599] {
        assert_eq!(Outcome::of(status, true, None), LATER, "{status}");
    }
    for status in [401, 403, 404, 413, 415, 422] {
        assert_eq!(Outcome::of(status, false, None), Outcome::Rejected, "{status}");
    }
    assert_eq!(Outcome::of(400, true, None), Outcome::Rejected);
    assert_eq!(Outcome::of(400, false, None), LATER, "a 400 that is none of RFC 8935");
    assert_eq!(Outcome::of(410, false, None), Outcome::Gone);
}

#[test]
fn the_schedule_is_kept_and_then_it_is_dead() {
    let road = Road::steady();
    let mut delivery = FRESH;
    let mut waits = vec![];
    while !delivery.is_dead() {
        delivery = road.attempt(delivery, LATER);
        if let Some(due) = delivery.due_at() {
            waits.push((due - road.ambient.now()).num_seconds());
            road.clock.advance(due - road.ambient.now());
        }
    }
    assert_eq!(waits, [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]);
    assert_eq!(delivery.tries(), Tries { failed: 10, rejected: 0 });
}

#[test]
fn a_dead_one_is_tried_once_a_day_while_there_is_time() {
    let road = Road::steady();
    let day = TimeDelta::days(1);
    let dead = Delivery::Dead { due_at: None, tries: Tries { failed: 10, rejected: 0 } };
    let in_time = Plan { complete_by: Some(road.ambient.now() + day), ..road.plan() };
    let again = road.claim(dead.clone()).conclude(LATER, &in_time, &road.ambient).unwrap();
    assert_eq!(again.due_at(), Some(road.ambient.now() + day));
    let late = Plan { complete_by: Some(road.ambient.now() + day - TimeDelta::milliseconds(1)), ..in_time };
    let over = road.claim(dead).conclude(LATER, &late, &road.ambient).unwrap();
    assert!(over.is_dead() && over.is_open() && over.due_at().is_none());
}

#[test]
fn who_asks_for_time_gets_it_and_at_most_a_day() {
    let road = Road::steady();
    let wait = |seconds| {
        let outcome = Outcome::Retry { after: Some(Duration::from_secs(seconds)) };
        (road.attempt(FRESH, outcome).due_at().unwrap() - road.ambient.now()).num_seconds()
    };
    assert_eq!(wait(2), 5, "not sooner than planned");
    assert_eq!(wait(600), 600);
    assert_eq!(wait(86_400), 86_400);
    assert_eq!(wait(u64::MAX), 86_400);
}

#[test]
fn a_slip_in_the_configuration_gets_three_further_tries() {
    let road = Road::steady();
    let mut delivery = FRESH;
    for _ in 0..3 {
        delivery = road.attempt(delivery, Outcome::Rejected);
        assert_eq!(delivery.name(), "rejected");
    }
    delivery = road.attempt(delivery, Outcome::Rejected);
    assert_eq!(delivery.name(), "dead");
    assert_eq!(delivery.tries().rejected, 4);
    assert_eq!(road.attempt(delivery, Outcome::Delivered), Delivery::Delivered);
}

#[test]
fn with_nobody_to_send_to_it_waits_to_be_polled() {
    let road = Road::steady();
    let nobody = Plan { reachable: false, ..road.plan() };
    for outcome in [LATER, Outcome::Rejected] {
        let delivery = road.claim(FRESH).conclude(outcome, &nobody, &road.ambient).unwrap();
        assert!(delivery.is_open() && delivery.due_at().is_none(), "{delivery:?}");
        assert_eq!(delivery.fetch(), Delivery::Fetched);
    }
}

#[test]
fn what_is_final_stays_and_a_right_is_taken_only_when_it_ran_out() {
    let road = Road::steady();
    for done in [Delivery::Delivered, Delivery::Fetched, Delivery::Cancelled] {
        assert!(!done.is_open());
        assert_eq!(done.clone().fetch(), done);
        assert_eq!(done.clone().cancel(), done);
        assert_eq!(done.clone().reject(&road.plan(), &road.ambient), done);
        assert!(done.clone().replay(None).is_err());
        assert!(done.conclude(Outcome::Delivered, &road.plan(), &road.ambient).is_err());
    }
    let held = road.claim(FRESH);
    assert_eq!(held.clone().cancel(), held, "what is being sent is left to its worker");
    let lease = |until| Lease { holder: road.ambient.new_id(), until };
    let now = road.ambient.now();
    assert!(held.clone().claim(lease(now), now).is_err());
    road.clock.advance(TimeDelta::minutes(1));
    let now = road.ambient.now();
    assert!(held.claim(lease(now), now).is_ok());
    assert!(Delivery::Gone { tries: Tries::default() }.claim(lease(now), now).is_err());
}

proptest! {
    #[test]
    fn jitter_stays_within_a_fifth(seed: u64, failed in 0_u32..9) {
        let clock = TestClock::new();
        let ambient = ambient(&clock, seed);
        let schedule = Schedule::default();
        let tries = Tries { failed: failed + 1, rejected: 0 };
        let planned = schedule.after[usize::try_from(failed).unwrap() + 1].as_millis();
        let due = schedule.next(tries, None, &ambient).unwrap() - ambient.now();
        let due = u128::try_from(due.num_milliseconds()).unwrap();
        prop_assert!(due * 10 >= planned * 8 && due * 10 <= planned * 12, "{due} of {planned}");
    }

    #[test]
    fn every_state_comes_back_from_its_row(failed in 0_u32..20, rejected in 0_u32..5) {
        let road = Road::steady();
        let tries = Tries { failed, rejected };
        let due_at = Some(road.ambient.now());
        let holder: RowId = road.ambient.new_id();
        let states = [
            Delivery::Queued { due_at },
            Delivery::Delivering { lease: Lease { holder: holder.clone(), until: road.ambient.now() }, tries },
            Delivery::Waiting { due_at, tries },
            Delivery::Rejected { due_at: None, tries },
            Delivery::Delivered,
            Delivery::Fetched,
            Delivery::Gone { tries },
            Delivery::Dead { due_at, tries },
            Delivery::Cancelled,
        ];
        for state in states {
            let read = Delivery::parse(state.name(), state.due_at(), Some(holder.clone()), state.tries());
            prop_assert_eq!(read, Some(state));
        }
    }
}
