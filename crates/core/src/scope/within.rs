//! Whether one scope stays within another at every moment, not only now: a contract's new text against the one before.
//!
//! Where that hangs on the calendar, as with 30 days and one month, the answer is no.

use super::{Criterion, CriterionMetadata, Last, ResolvedRange, Scope, TimeRange, Unit, is_part, merged};

const DAY: u32 = 24;

impl Last {
    /// Whether it never reaches further back than `other`.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        match (self.months(), other.months()) {
            (Some(mine), Some(others)) => mine <= others,
            _ if self.unit == other.unit => self.number <= other.number,
            _ => self.hours().1 <= other.hours().0,
        }
    }

    fn months(self) -> Option<u32> {
        match self.unit {
            Unit::Month => Some(self.number),
            Unit::Year => Some(self.number * 12),
            Unit::Hour | Unit::Day => None,
        }
    }

    /// How far before the midnight that today began with it reaches back: at least, and at most.
    fn hours(self) -> (u32, u32) {
        match self.unit {
            Unit::Hour => (self.number.saturating_sub(DAY), self.number),
            Unit::Day => (self.number * DAY, self.number * DAY),
            Unit::Month | Unit::Year => {
                let months = self.months().unwrap_or_default();
                let (years, months) = (months / 12, months % 12);
                (DAY * (years * 365 + months * 28), DAY * (years * 366 + months * 31))
            }
        }
    }
}

impl TimeRange {
    /// From and to, where it is no rolling one.
    fn fixed(&self) -> Option<ResolvedRange> {
        let millis = |seconds: i64| seconds.saturating_mul(1000);
        self.last.is_none().then(|| ResolvedRange {
            from: self.from.map_or(i64::MIN, millis),
            to: self.to.map_or(i64::MAX, millis),
        })
    }
}

impl Scope {
    /// Whether at every moment each of its time ranges lies within those of `other`.
    #[must_use]
    pub fn times_within(&self, other: &Self) -> bool {
        if other.time_ranges.is_empty() || self.time_ranges == other.time_ranges {
            return true;
        }
        let fixed = merged(other.time_ranges.iter().filter_map(TimeRange::fixed).collect());
        let rolling = |last: Last| {
            other.time_ranges.iter().filter_map(|range| range.last).any(|other| last.is_within(other))
        };
        let within = |range: &TimeRange| match (range.last, range.fixed()) {
            (Some(last), _) => rolling(last),
            (None, Some(range)) => fixed.iter().any(|whole| whole.encloses(&range)),
            (None, None) => false,
        };
        !self.time_ranges.is_empty() && self.time_ranges.iter().all(within)
    }

    /// Whether at every moment each raw file that its criteria select is selected by those of `other`.
    #[must_use]
    pub fn files_within(&self, other: &Self) -> bool {
        let within = |one: &Criterion| other.criteria.iter().any(|other| one.selects_within(other));
        other.criteria.is_empty() || (!self.criteria.is_empty() && self.criteria.iter().all(within))
    }
}

impl Criterion {
    fn selects_within(&self, other: &Self) -> bool {
        let begins = match (self.from, self.last, other.from, other.last) {
            (.., None, None) => true,
            (Some(mine), None, Some(others), None) => mine >= others,
            (None, Some(mine), None, Some(others)) => mine.is_within(others),
            _ => false,
        };
        let metadata = |criterion: &Self| criterion.metadata.clone().unwrap_or_default();
        begins && metadata(self).selects_within(&metadata(other))
    }
}

impl CriterionMetadata {
    fn selects_within(&self, other: &Self) -> bool {
        let Self { app_id, accounts, contract_id, mime_type, reference, tags } = self;
        asks_within(app_id, &other.app_id)
            && asks_within(accounts, &other.accounts)
            && asks_within(contract_id, &other.contract_id)
            && asks_within(mime_type, &other.mime_type)
            && asks_within(reference, &other.reference)
            && asks_within(tags, &other.tags)
    }
}

/// Whether whoever fits the one list fits the other; an empty list fits everybody.
fn asks_within<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    other.is_empty() || (!one.is_empty() && is_part(one, other))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use serde_json::{Value, json};

    use super::*;

    fn last(text: &str) -> Last {
        text.parse().unwrap()
    }

    fn times(ranges: &Value) -> Scope {
        serde_json::from_value(json!({ "timeRanges": ranges })).unwrap()
    }

    fn files(criteria: &Value) -> Scope {
        serde_json::from_value(json!({ "criteria": criteria })).unwrap()
    }

    /// Moments of four years, leap day and ends of months among them.
    fn moments() -> impl Iterator<Item = DateTime<Utc>> {
        let first: DateTime<Utc> = "2027-12-28T00:30:00Z".parse().unwrap();
        (0..1461).map(move |day| first + TimeDelta::hours(day * 23))
    }

    #[test]
    fn what_is_within_is_so_at_every_moment() {
        let all = [
            "1h", "24h", "25h", "49h", "1d", "2d", "28d", "30d", "31d", "365d", "366d", "1m", "2m", "12m",
            "1y",
        ];
        for (one, other) in all.iter().flat_map(|one| all.map(|other| (last(one), last(other)))) {
            let never_further = moments().all(|now| one.start(now) >= other.start(now));
            if one.is_within(other) {
                assert!(never_further, "{one:?} {other:?}");
            }
            if one.unit == other.unit {
                assert_eq!(one.is_within(other), never_further, "{one:?} {other:?}");
            }
        }
        assert!(last("12m").is_within(last("1y")) && last("1y").is_within(last("12m")));
        assert!(last("24h").is_within(last("1d")) && last("1d").is_within(last("48h")));
        assert!(last("28d").is_within(last("1m")) && !last("30d").is_within(last("1m")));
        assert!(last("366d").is_within(last("13m")) && !last("1m").is_within(last("30d")));
    }

    #[test]
    fn no_range_is_any_time() {
        let (any, some) = (times(&json!([])), times(&json!([{ "last": "1y" }])));
        assert!(some.times_within(&any) && !any.times_within(&some));
        assert!(any.times_within(&any) && some.times_within(&some));
    }

    #[test]
    fn ranges_are_looked_at_together() {
        let two = times(&json!([{ "from": 0, "to": 100 }, { "from": 100, "to": 200 }]));
        let whole = times(&json!([{ "from": 0, "to": 200 }]));
        assert!(two.times_within(&whole) && whole.times_within(&two));
        let open = times(&json!([{ "from": 50 }]));
        assert!(!two.times_within(&open) && !open.times_within(&two));
        assert!(times(&json!([{ "from": 60, "to": 70 }])).times_within(&open));
        let rolling = times(&json!([{ "last": "3m" }, { "from": 0, "to": 100 }]));
        assert!(times(&json!([{ "last": "60d" }])).times_within(&rolling));
        assert!(!times(&json!([{ "last": "4m" }])).times_within(&rolling));
        assert!(!times(&json!([{ "last": "1d" }])).times_within(&open), "that hangs on when it is asked");
    }

    #[test]
    fn criteria_select_less_with_more_said() {
        let all = files(&json!([]));
        let pdf = files(&json!([{ "metadata": { "mimeType": ["application/pdf"] } }]));
        let either = files(&json!([{ "metadata": { "mimeType": ["application/pdf", "image/jpeg"] } }]));
        let tagged =
            files(&json!([{ "last": "1y", "metadata": { "mimeType": ["application/pdf"], "tags": ["x"] } }]));
        let order = [&all, &either, &pdf, &tagged];
        for (place, one) in order.iter().enumerate() {
            for (other, wider) in order.iter().enumerate() {
                assert_eq!(one.files_within(wider), place >= other, "{place} {other}");
            }
        }
        let years = |last: &str| files(&json!([{ "last": last }]));
        assert!(years("1y").files_within(&years("2y")) && !years("2y").files_within(&years("1y")));
        assert!(!files(&json!([{ "from": 5 }])).files_within(&years("2y")));
    }
}
