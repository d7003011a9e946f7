//! Moments and lengths of time as receipts write them.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// RFC 3339 with milliseconds and `Z`.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The moment, if it is written as [`moment`] writes it.
pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (moment(at) == text).then_some(at)
}

/// `1 June 2026, 12:00:00.000 UTC`; what cannot be read stays as it is.
pub(crate) fn in_words(text: &str) -> String {
    parse(text).map_or_else(|| text.to_owned(), |at| at.format("%-d %B %Y, %H:%M:%S%.3f UTC").to_string())
}

/// ISO 8601: whole days, hours, minutes and seconds; nothing is `PT0S`.
pub(crate) fn duration(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let parts = [(rest / 3600, 'H'), (rest / 60 % 60, 'M'), (rest % 60, 'S')];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let time = parts.map(|(number, unit)| format!("{number}{unit}")).collect::<Vec<_>>().concat();
    match (days, time.as_str()) {
        (0, "") => "PT0S".to_owned(),
        (days, "") => format!("P{days}D"),
        (0, time) => format!("PT{time}"),
        (days, time) => format!("P{days}DT{time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_one_spelling() {
        let at = DateTime::from_timestamp_millis(1_795_348_800_120).unwrap();
        assert_eq!(moment(at), "2026-11-22T12:00:00.120Z");
        assert_eq!(parse("2026-11-22T12:00:00.120Z"), Some(at));
        for wrong in ["2026-11-22T12:00:00Z", "2026-11-22T12:00:00.120+00:00", "yesterday", ""] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(in_words("2026-11-02T12:00:00.120Z"), "2 November 2026, 12:00:00.120 UTC");
    }

    #[test]
    fn a_length_of_time_is_written_as_iso_8601_does() {
        for (seconds, text) in [
            (-5, "PT0S"),
            (0, "PT0S"),
            (61, "PT1M1S"),
            (86_400, "P1D"),
            (90_000, "P1DT1H"),
            (31_536_000, "P365D"),
        ] {
            assert_eq!(duration(TimeDelta::seconds(seconds)), text);
        }
    }
}
