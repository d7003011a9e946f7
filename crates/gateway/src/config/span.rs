//! Durations with units.

use std::{fmt, str::FromStr, time::Duration};

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer};

use super::text::{self, Malformed};

const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", MILLIS_PER_DAY)];
const MILLIS_PER_DAY: u64 = 86_400_000;
const MAX_DAYS: u64 = 36_500;

/// How long something lasts, as people write it: `150ms`, `10s`, `5m`, `1h`, `14d`; at most 36500 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// For timers.
    #[must_use]
    pub fn to_std(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// For calculating with moments.
    #[must_use]
    pub fn to_delta(self) -> TimeDelta {
        TimeDelta::milliseconds(i64::try_from(self.0).unwrap_or(i64::MAX))
    }
}

impl FromStr for Span {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let millis = text::counted(text, &UNITS).ok_or_else(|| {
            Malformed(format!("{text:?} is no duration: a whole number and ms, s, m, h or d, as \"10m\""))
        })?;
        if millis > MAX_DAYS * MILLIS_PER_DAY {
            return Err(Malformed(format!("{text:?} is longer than {MAX_DAYS}d")));
        }
        Ok(Self(millis))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::spelled(self.0, &UNITS))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parsed(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in [("0ms", 0), ("10s", 10), ("90m", 5_400), ("2h", 7_200), ("180d", 15_552_000)]
        {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_std(), Duration::from_secs(seconds), "{text}");
            assert_eq!(span.to_delta(), TimeDelta::seconds(i64::try_from(seconds).unwrap()), "{text}");
            assert_eq!(span.to_string(), text);
        }
        assert_eq!("150ms".parse::<Span>().unwrap().to_std(), Duration::from_millis(150));
        assert_eq!("120m".parse::<Span>().unwrap().to_string(), "2h");
    }

    #[test]
    fn a_duration_without_unit_or_number_or_end_is_refused() {
        let huge = format!("{}d", u64::MAX);
        for text in ["", "10", "m", "-1s", "+1s", "1.5h", "10 m", "10M", "1h30m", "36501d", &huge] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        let message = "10".parse::<Span>().unwrap_err().to_string();
        assert_eq!(message, "\"10\" is no duration: a whole number and ms, s, m, h or d, as \"10m\"");
    }
}
