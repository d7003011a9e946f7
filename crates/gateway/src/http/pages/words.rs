//! Numbers, moments and codes as people say them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use consent_contracts::LawfulBasis;
use consent_core::{Criterion, Scope, TimeRange, taxonomy};
use consent_sources::Account;

/// `22 November 2026`, in UTC.
pub(in crate::http) fn date(at: DateTime<Utc>) -> String {
    day(at.date_naive())
}

/// `22 November 2026`.
pub(in crate::http) fn day(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// The day of some milliseconds since the epoch.
pub(in crate::http) fn date_of_millis(millis: i64) -> Option<String> {
    DateTime::from_timestamp_millis(millis).map(date)
}

/// `22 November 2026, 09:27 UTC`.
pub(in crate::http) fn date_and_time(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// `just now`, `3 minutes ago`, `2 days ago`, then the date.
pub(in crate::http) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let past = now - at;
    match (past.num_minutes(), past.num_hours(), past.num_days()) {
        (..1, ..) => "just now".to_owned(),
        (minutes @ 1..60, ..) => format!("{} ago", count(minutes.unsigned_abs(), "minute")),
        (_, hours @ 1..24, _) => format!("{} ago", count(hours.unsigned_abs(), "hour")),
        (.., days @ 1..14) => format!("{} ago", count(days.unsigned_abs(), "day")),
        _ => format!("on {}", date(at)),
    }
}

/// `1 file`, `1 204 files`: what is counted takes an s.
pub(in crate::http) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

/// Digits in threes, apart by a narrow space that does not break.
pub(in crate::http) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `812 bytes`, `34 KB`, `1.2 MB`, in steps of a thousand.
pub(in crate::http) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000)];
    let Some((unit, step)) = UNITS.into_iter().find(|(_, step)| bytes >= *step) else {
        return count(bytes, "byte");
    };
    let tenths = bytes / (step / 10);
    match (tenths / 10, tenths % 10) {
        (whole @ 10.., _) | (whole, 0) => format!("{whole} {unit}"),
        (whole, tenth) => format!("{whole}.{tenth} {unit}"),
    }
}

/// The same with a capital at its beginning.
pub(in crate::http) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(chars).collect()
}

/// What objects of a type are called, in the plural: `transactions`.
pub(in crate::http) fn object_type(id: i64) -> String {
    taxonomy::object_type(id).map_or_else(|| id.to_string(), |known| known.name.to_owned())
}

/// Whose names these are, as a list for reading: `a`, `a and b`, `a, b and c`.
pub(in crate::http) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Of which time a scope is: `Of any time`, `From the last year`.
pub(in crate::http) fn period(scope: &Scope) -> String {
    if scope.time_ranges.is_empty() {
        let timed = |criterion: &Criterion| criterion.from.is_some() || criterion.last.is_some();
        let own = scope.criteria.iter().any(timed);
        return if own { "Of the times named below" } else { "Of any time" }.to_owned();
    }
    let ranges: Vec<_> = scope.time_ranges.iter().map(range).collect();
    capitalised(&ranges.join(", or "))
}

fn range(range: &TimeRange) -> String {
    let date = |seconds: i64| DateTime::from_timestamp(seconds, 0).map(date).unwrap_or_default();
    match (range.from, range.to, range.last) {
        (.., Some(last)) => rolling(&String::from(last)),
        (Some(from), Some(to), _) => format!("from {} until {}", date(from), date(to)),
        (Some(from), None, _) => format!("since {}", date(from)),
        (None, Some(to), _) => format!("from before {}", date(to)),
        (None, None, None) => "of any time".to_owned(),
    }
}

/// `1y` is `from the last year`, `3m` is `from the last 3 months`.
fn rolling(last: &str) -> String {
    let (number, unit) = last.split_at(last.len().saturating_sub(1));
    let unit = match unit {
        "h" => "hour",
        "d" => "day",
        "m" => "month",
        _ => "year",
    };
    match number.parse() {
        Ok(1) => format!("from the last {unit}"),
        Ok(number) => format!("from the last {}", count(number, unit)),
        Err(_) => format!("from the last {last}"),
    }
}

/// Which raw files a contract asks for: `PDF documents tagged invoice`.
pub(in crate::http) fn files_asked_for(scope: &Scope) -> String {
    if scope.criteria.is_empty() {
        return "files of any kind".to_owned();
    }
    let mut kinds: Vec<String> = Vec::new();
    for text in scope.criteria.iter().map(criterion) {
        if !kinds.contains(&text) {
            kinds.push(text);
        }
    }
    kinds.join("; or ")
}

fn criterion(criterion: &Criterion) -> String {
    let metadata = criterion.metadata.clone().unwrap_or_default();
    let kinds: Vec<_> = metadata.mime_type.iter().map(|media_type| kind_of_file(media_type)).collect();
    let mut text = if kinds.is_empty() { "files of any kind".to_owned() } else { listed(&kinds) };
    let mut add = |words: &str, values: &[String]| {
        if !values.is_empty() {
            text = format!("{text} {words} {}", listed(values));
        }
    };
    let names = metadata
        .accounts
        .iter()
        .map(|account| account.username.clone().unwrap_or_else(|| account.account_id.clone()));
    add("tagged", &metadata.tags);
    add("with the reference", &metadata.reference);
    add("of the account", &names.collect::<Vec<_>>());
    add("written by the app", &metadata.app_id);
    add("written under the contract", &metadata.contract_id);
    let since = criterion.from.and_then(|from| DateTime::from_timestamp(from, 0)).map(date);
    let since = since.map(|since| format!("since {since}"));
    let last = criterion.last.map(|last| rolling(&String::from(last)));
    [Some(text), since, last].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What a media type is, in the plural: `PDF documents`.
pub(in crate::http) fn kind_of_file(media_type: &str) -> String {
    let known = match media_type {
        "application/pdf" => "PDF documents",
        "application/json" | "application/fhir+json" => "JSON files",
        "text/csv" => "tables (CSV)",
        "text/calendar" => "calendars",
        "text/plain" => "texts",
        "application/gpx+xml" => "GPX tracks",
        "application/zip" => "ZIP archives",
        _ => match media_type.split_once('/') {
            Some(("image", _)) => "pictures",
            Some(("video", _)) => "videos",
            Some(("audio", _)) => "recordings",
            _ => return format!("files of type {media_type}"),
        },
    };
    known.to_owned()
}

/// An account by its source, and by what it is called there if that is known.
pub(in crate::http) fn account(account: &Account, name: Option<&str>) -> String {
    let source = account.source().name;
    name.map_or_else(|| source.to_owned(), |name| format!("{source} ({name})"))
}

/// The ground of law, with its place in the GDPR.
pub(in crate::http) fn lawful_basis(basis: LawfulBasis) -> String {
    let (words, letter) = match basis {
        LawfulBasis::Consent => ("Your consent", 'a'),
        LawfulBasis::Contract => ("A contract with you", 'b'),
        LawfulBasis::LegalObligation => ("A duty by law", 'c'),
        LawfulBasis::VitalInterests => ("Somebody's life", 'd'),
        LawfulBasis::PublicTask => ("A task in the public interest", 'e'),
        LawfulBasis::LegitimateInterests => ("Legitimate interests of the app", 'f'),
    };
    format!("{words} (GDPR, article 6 (1) {letter})")
}

/// A country by its name, from its two letters of ISO 3166-1.
pub(in crate::http) fn country(code: &str) -> String {
    let found = isocountry::CountryCode::for_alpha2(code);
    found.map_or_else(|_| code.to_owned(), |country| country.name().to_owned())
}

/// What browser this is, by what it calls itself.
pub(in crate::http) fn browser(user_agent: Option<&str>) -> String {
    const BROWSERS: [(&str, &str); 7] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let Some(user_agent) = user_agent else { return "A program that gives no name".to_owned() };
    let known = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (known(&BROWSERS), known(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => user_agent.chars().take(60).collect(),
    }
}

/// How long somebody has: `24 hours`, `3 days`, `90 minutes`.
pub(in crate::http) fn span(time: std::time::Duration) -> String {
    const HOUR: u64 = 60 * 60;
    match time.as_secs() {
        seconds if seconds > 48 * HOUR && seconds.is_multiple_of(24 * HOUR) => {
            count(seconds / (24 * HOUR), "day")
        }
        seconds if seconds >= HOUR && seconds.is_multiple_of(HOUR) => count(seconds / HOUR, "hour"),
        seconds => count(seconds / 60, "minute"),
    }
}

/// When something ends by itself: `on 22 November 2026`, or, at midnight, `at the end of 21 November 2026`.
pub(in crate::http) fn end(at: DateTime<Utc>) -> String {
    if at.time() == chrono::NaiveTime::MIN {
        format!("at the end of {}", date(at - TimeDelta::milliseconds(1)))
    } else {
        format!("on {}", date(at))
    }
}

/// The longest that a yes lasts: `one hour`, `30 minutes`.
pub(in crate::http) fn lasting(time: TimeDelta) -> String {
    match (time.num_hours(), time.num_minutes()) {
        (hours @ 1.., minutes) if minutes == hours * 60 => count(hours.unsigned_abs(), "hour"),
        (_, minutes) => count(minutes.unsigned_abs(), "minute"),
    }
}

#[cfg(test)]
mod tests {
    use consent_core::CriterionMetadata;

    use super::*;

    #[test]
    fn numbers_and_sizes() {
        assert_eq!([0, 1, 2].map(|n| count(n, "file")), ["0 files", "1 file", "2 files"]);
        assert_eq!(count(1_234_567, "file"), "1\u{202f}234\u{202f}567 files");
        let sizes = [1, 999, 1000, 1049, 1100, 34_000, 9_990_000, 10_500_000, 5_000_000_000];
        let words = ["1 byte", "999 bytes", "1 KB", "1 KB", "1.1 KB", "34 KB", "9.9 MB", "10 MB", "5 GB"];
        assert_eq!(sizes.map(size), words);
    }

    #[test]
    fn how_long_and_until_when() {
        let hours = |hours| span(std::time::Duration::from_hours(hours));
        assert_eq!(
            [1, 24, 36, 48, 72, 336].map(hours),
            ["1 hour", "24 hours", "36 hours", "48 hours", "3 days", "14 days"]
        );
        assert_eq!(span(std::time::Duration::from_mins(90)), "90 minutes");
        let midnight = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        assert_eq!(end(midnight), "at the end of 31 December 2025");
        assert_eq!(end(midnight + TimeDelta::seconds(1)), "on 1 January 2026");
    }

    #[test]
    fn how_long_ago() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let before = |minutes| ago(now - TimeDelta::minutes(minutes), now);
        assert_eq!([0, 1, 59, 60].map(before), ["just now", "1 minute ago", "59 minutes ago", "1 hour ago"]);
        assert_eq!([24 * 60, 13 * 24 * 60].map(before), ["1 day ago", "13 days ago"]);
        assert_eq!(before(14 * 24 * 60), "on 1 January 2027");
        assert_eq!(ago(now + TimeDelta::seconds(5), now), "just now");
    }

    fn scope(json: serde_json::Value) -> Scope {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn of_which_time() {
        let of = |ranges| period(&scope(serde_json::json!({ "timeRanges": ranges })));
        assert_eq!(of(serde_json::json!([])), "Of any time");
        assert_eq!(of(serde_json::json!([{ "last": "1y" }])), "From the last year");
        assert_eq!(of(serde_json::json!([{ "last": "3m" }])), "From the last 3 months");
        assert_eq!(of(serde_json::json!([{ "from": 1_735_689_600 }])), "Since 1 January 2025");
        assert_eq!(
            of(serde_json::json!([{ "from": 1_735_689_600, "to": 1_767_225_600 }, { "to": 0 }])),
            "From 1 January 2025 until 1 January 2026, or from before 1 January 1970"
        );
    }

    #[test]
    fn which_files() {
        assert_eq!(files_asked_for(&Scope::default()), "files of any kind");
        let tagged = Criterion {
            metadata: Some(CriterionMetadata {
                mime_type: vec!["application/pdf".into(), "image/png".into(), "x/y".into()],
                tags: vec!["invoice".into()],
                ..CriterionMetadata::default()
            }),
            ..Criterion::default()
        };
        let scope = Scope { criteria: vec![tagged.clone(), tagged], ..Scope::default() };
        assert_eq!(files_asked_for(&scope), "PDF documents, pictures and files of type x/y tagged invoice");
    }

    #[test]
    fn which_browser() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/19.0 Mobile/15E148 Safari/604.1";
        assert_eq!(browser(Some(firefox)), "Firefox on Linux");
        assert_eq!(browser(Some(safari)), "Safari on iPhone");
        assert_eq!(browser(Some("curl/8")), "curl/8");
        assert_eq!(browser(None), "A program that gives no name");
    }

    #[test]
    fn which_country() {
        assert!(country("GB").contains("United Kingdom"), "{}", country("GB"));
        assert_eq!(country("??"), "??");
    }
}
