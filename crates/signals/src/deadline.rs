//! How long an app has, and when the law's month is over.

use std::time::Duration;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc, Weekday};

use crate::Kind;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// How long an app has for one kind of command, from the person's action on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Until it has said that it understood.
    pub ack_within: Duration,
    /// Until it is done.
    pub complete_within: Duration,
}

/// How long apps have; the platform's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For a stop, and for what an erasure's end asks.
    pub stop: Terms,
    /// For a revocation and an expiry.
    pub revoke: Terms,
    /// For an erasure and a narrowing, which erases as well.
    pub erase: Terms,
}

impl Default for Deadlines {
    /// 24 h and 24 h, 24 h and 72 h, 72 h and 14 days.
    fn default() -> Self {
        let terms = |ack, complete| Terms {
            ack_within: Duration::from_secs(ack),
            complete_within: Duration::from_secs(complete),
        };
        Self { stop: terms(DAY, DAY), revoke: terms(DAY, 3 * DAY), erase: terms(3 * DAY, 14 * DAY) }
    }
}

impl Deadlines {
    /// What an app has for this kind; none where it owes nothing.
    #[must_use]
    pub fn terms(&self, kind: Kind) -> Option<Terms> {
        match kind {
            Kind::SharingStopped | Kind::ErasureCancelled => Some(self.stop),
            Kind::ConsentRevoked | Kind::ConsentExpired => Some(self.revoke),
            Kind::ErasureRequested | Kind::ScopeNarrowed => Some(self.erase),
            Kind::SharingResumed | Kind::Verification => None,
        }
    }
}

/// The last millisecond of a period of calendar months, as Regulation (EEC, Euratom) No 1182/71 counts them: the day
/// with the same number, or the last one of a month that has none, and the next working day where that is a Saturday
/// or a Sunday (Article 3, paragraphs 2 (c) and 4).
///
/// Days are counted in UTC. Public holidays are not known here, so a period that ends on one ends a day too early:
/// nobody is late because of it, somebody may be reminded early.
#[must_use]
pub fn calendar_months(from: DateTime<Utc>, months: u32) -> DateTime<Utc> {
    let day = from.date_naive().checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX);
    let end = working_day(day).and_hms_milli_opt(23, 59, 59, 999);
    end.map_or(DateTime::<Utc>::MAX_UTC, |end| end.and_utc())
}

/// The day itself, or the Monday behind its weekend.
fn working_day(day: NaiveDate) -> NaiveDate {
    let wait = match day.weekday() {
        Weekday::Sat => 2,
        Weekday::Sun => 1,
        _ => 0,
    };
    day.checked_add_days(Days::new(wait)).unwrap_or(day)
}

/// A moment and so much later, at most the end of time.
pub(crate) fn later(at: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month_from(day: &str) -> String {
        months_from(day, 1)
    }

    fn months_from(day: &str, months: u32) -> String {
        let from = format!("{day}T08:30:00Z").parse().unwrap();
        calendar_months(from, months).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }

    #[test]
    fn a_month_ends_with_the_day_of_the_same_number() {
        assert_eq!(month_from("2026-06-01"), "2026-07-01T23:59:59.999Z");
        assert_eq!(month_from("2026-12-15"), "2027-01-15T23:59:59.999Z");
    }

    #[test]
    fn a_month_from_31_january_ends_with_february() {
        // 28 February 2029 is a Wednesday, 29 February 2028 a Tuesday.
        assert_eq!(month_from("2029-01-31"), "2029-02-28T23:59:59.999Z");
        assert_eq!(month_from("2028-01-31"), "2028-02-29T23:59:59.999Z");
        assert_eq!(month_from("2026-08-31"), "2026-09-30T23:59:59.999Z");
    }

    #[test]
    fn what_ends_on_a_weekend_ends_on_the_next_working_day() {
        // 28 February 2026 is a Saturday, 28 February 2027 a Sunday.
        assert_eq!(month_from("2026-01-31"), "2026-03-02T23:59:59.999Z");
        assert_eq!(month_from("2027-01-31"), "2027-03-01T23:59:59.999Z");
        assert_eq!(months_from("2026-01-30", 3), "2026-04-30T23:59:59.999Z");
    }

    #[test]
    fn time_does_not_run_over() {
        assert_eq!(later(DateTime::<Utc>::MAX_UTC, Duration::MAX), DateTime::<Utc>::MAX_UTC);
        assert!(calendar_months(DateTime::<Utc>::MAX_UTC, 3) <= DateTime::<Utc>::MAX_UTC);
    }
}
