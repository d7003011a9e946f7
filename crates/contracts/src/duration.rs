//! Lengths of time as ISO 8601 writes them: `P1Y`, `P18M`, `P2W`, `P30D`, `PT12H`.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, Months, TimeDelta, Utc};

/// A length of time in calendar units, at most a hundred years or so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalendarDuration {
    months: u32,
    days: u32,
    seconds: u32,
}

/// Text that is no length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not in the form of ISO 8601.
    #[error("must be an ISO 8601 duration of whole numbers, such as P1Y, P6M, P30D or PT12H")]
    Form,
    /// Longer than a hundred years.
    #[error("must not be longer than P100Y")]
    TooLong,
}

const MAX_MONTHS: u32 = 100 * 12;
const MAX_DAYS: u32 = 100 * 366;
const MAX_SECONDS: u32 = 366 * 24 * 60 * 60;

impl CalendarDuration {
    /// Whether it is no time at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.months == 0 && self.days == 0 && self.seconds == 0
    }

    /// The moment this long after `at`; a month that is too short ends on its last day.
    #[must_use]
    pub fn after(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.checked_add_months(Months::new(self.months))
            .and_then(|at| at.checked_add_days(Days::new(self.days.into())))
            .and_then(|at| at.checked_add_signed(TimeDelta::seconds(self.seconds.into())))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Whether it is never longer than `other`, wherever in the calendar both begin.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let part_by_part =
            self.months <= other.months && self.days <= other.days && self.seconds <= other.seconds;
        part_by_part || self.lasts().1 <= other.lasts().0
    }

    /// Seconds that it lasts: at least, and at most.
    fn lasts(&self) -> (u64, u64) {
        const DAY: u64 = 24 * 60 * 60;
        let (years, months) = (u64::from(self.months / 12), u64::from(self.months % 12));
        let rest = u64::from(self.days) * DAY + u64::from(self.seconds);
        ((years * 365 + months * 28) * DAY + rest, (years * 366 + months * 31) * DAY + rest)
    }
}

/// Whether the one is never longer than the other, where nothing at all has no end.
pub(crate) fn lasts_within(one: Option<CalendarDuration>, other: Option<CalendarDuration>) -> bool {
    match (one, other) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(one), Some(other)) => one.is_within(&other),
    }
}

/// In words: `1 year`, `6 months`, `2 weeks and 12 hours`, `no time`.
impl fmt::Display for CalendarDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weeks = if self.days.is_multiple_of(7) { self.days / 7 } else { 0 };
        let parts = [
            (self.months / 12, "year"),
            (self.months % 12, "month"),
            (weeks, "week"),
            (self.days - weeks * 7, "day"),
            (self.seconds / 3600, "hour"),
            (self.seconds / 60 % 60, "minute"),
            (self.seconds % 60, "second"),
        ];
        let parts: Vec<_> = parts.into_iter().filter(|(number, _)| *number > 0).map(counted).collect();
        match parts.as_slice() {
            [] => f.write_str("no time"),
            [one] => f.write_str(one),
            [first @ .., last] => write!(f, "{} and {last}", first.join(", ")),
        }
    }
}

fn counted((number, unit): (u32, &str)) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

impl FromStr for CalendarDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let rest = text.strip_prefix('P').ok_or(DurationError::Form)?;
        let (date, time) = match rest.split_once('T') {
            Some((_, "")) => return Err(DurationError::Form),
            Some((date, time)) => (date, time),
            None if rest.is_empty() => return Err(DurationError::Form),
            None => (rest, ""),
        };
        let [years, months, weeks, days] = amounts(date, ['Y', 'M', 'W', 'D'])?;
        let [hours, minutes, seconds] = amounts(time, ['H', 'M', 'S'])?;
        let sum = |parts: &[(u32, u32)], max| {
            let total = parts.iter().map(|(n, unit)| u64::from(*n) * u64::from(*unit)).sum::<u64>();
            u32::try_from(total).ok().filter(|total| *total <= max).ok_or(DurationError::TooLong)
        };
        Ok(Self {
            months: sum(&[(years, 12), (months, 1)], MAX_MONTHS)?,
            days: sum(&[(weeks, 7), (days, 1)], MAX_DAYS)?,
            seconds: sum(&[(hours, 3600), (minutes, 60), (seconds, 1)], MAX_SECONDS)?,
        })
    }
}

/// The number in front of each unit; units come in their order, at most once each, and nothing else comes.
fn amounts<const N: usize>(text: &str, units: [char; N]) -> Result<[u32; N], DurationError> {
    let mut amounts = [0; N];
    let mut rest = text;
    for (amount, unit) in amounts.iter_mut().zip(units) {
        let Some((digits, behind)) = rest.split_once(unit) else { continue };
        let plain = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        *amount = digits.parse().ok().filter(|_| plain).ok_or(DurationError::Form)?;
        rest = behind;
    }
    if rest.is_empty() { Ok(amounts) } else { Err(DurationError::Form) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> String {
        let leap_day = DateTime::from_timestamp(1_709_208_000, 0).unwrap(); // 2024-02-29, noon
        text.parse::<CalendarDuration>().unwrap().after(leap_day).format("%F %R").to_string()
    }

    #[test]
    fn people_read_words() {
        let words = |text: &str| text.parse::<CalendarDuration>().unwrap().to_string();
        assert_eq!(words("P1Y"), "1 year");
        assert_eq!(words("P18M"), "1 year and 6 months");
        assert_eq!(words("P2W"), "2 weeks");
        assert_eq!(words("P30D"), "30 days");
        assert_eq!(words("P1Y2M3DT4H5M6S"), "1 year, 2 months, 3 days, 4 hours, 5 minutes and 6 seconds");
        assert_eq!(words("P0D"), "no time");
    }

    #[test]
    fn a_duration_ends_where_a_calendar_says() {
        assert_eq!(after("P1Y"), "2025-02-28 12:00");
        assert_eq!(after("P1M"), "2024-03-29 12:00");
        assert_eq!(after("P2W"), "2024-03-14 12:00");
        assert_eq!(after("P1Y2M3DT4H5M6S"), "2025-05-02 16:05");
        assert_eq!(after("PT90M"), "2024-02-29 13:30");
    }

    #[test]
    fn what_is_within_is_never_longer() {
        let all = [
            "P0D", "PT12H", "P1D", "PT24H", "P28D", "P30D", "P31D", "P1M", "P2M", "P365D", "P366D", "P1Y",
            "P12M", "P13M",
        ];
        let parsed = all.map(|text| text.parse::<CalendarDuration>().unwrap());
        let days = (0..1500).map(|day| DateTime::from_timestamp(1_709_208_000 + day * 86_400, 0).unwrap());
        let days: Vec<_> = days.collect();
        for (one, other) in parsed.iter().flat_map(|one| parsed.iter().map(move |other| (one, other))) {
            if one.is_within(other) {
                assert!(days.iter().all(|day| one.after(*day) <= other.after(*day)), "{one} {other}");
            }
        }
        let within = |one: &str, other: &str| {
            one.parse::<CalendarDuration>().unwrap().is_within(&other.parse().unwrap())
        };
        assert!(within("P12M", "P1Y") && within("P1Y", "P12M") && within("PT24H", "P1D"));
        assert!(within("P28D", "P1M") && !within("P30D", "P1M") && !within("P1M", "P30D"));
        assert!(
            lasts_within(None, None)
                && !lasts_within(None, Some(parsed[0]))
                && lasts_within(Some(parsed[0]), None)
        );
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for wrong in [
            "", "P", "PT", "P1", "1Y", "P1YT", "P-1Y", "P1.5Y", "p1y", "P1D1Y", "P1Y1Y", "P 1Y", "P1H",
            "P+1D",
        ] {
            assert_eq!(wrong.parse::<CalendarDuration>(), Err(DurationError::Form), "{wrong}");
        }
        for long in ["P101Y", "P999999999D", "PT999999999H"] {
            assert_eq!(long.parse::<CalendarDuration>(), Err(DurationError::TooLong), "{long}");
        }
        assert!("P0D".parse::<CalendarDuration>().unwrap().is_zero());
    }
}
