//! Which data and which time range (`protocol/digime.md` §9.6). A scope stands in a contract, where it says what is
//! asked for, and in a session request, where it may only narrow that.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::taxonomy;

mod within;

/// Which data and which time range.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Scope {
    /// Mapped data, every level spelled out; none of it when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service_groups: Vec<ServiceGroup>,
    /// When the data was created; any time when empty, otherwise any one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub time_ranges: Vec<TimeRange>,
    /// Which raw files, any one of these; all when empty. Contracts that read raw files only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Criterion>,
}

/// A service group and what is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceGroup {
    /// Number of the service group.
    pub id: i64,
    /// What is wanted of it.
    #[serde(default)]
    pub service_types: Vec<ServiceType>,
}

/// A service type and what is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceType {
    /// Number of the service type.
    pub id: i64,
    /// What is wanted of it.
    #[serde(default)]
    pub service_object_types: Vec<ServiceObjectType>,
}

/// An object type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceObjectType {
    /// Number of the object type.
    pub id: i64,
}

/// A stretch of time: `from`, `to`, both, or `last`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// First moment, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// First moment after it, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    /// A number and a unit: `d` days, `m` months, `y` years, `h` hours; ends at the end of today (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
}

/// A rolling length of time such as `3m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Last {
    number: u32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Hour,
    Day,
    Month,
    Year,
}

/// Selects raw files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Criterion {
    /// First moment, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// A rolling length of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
    /// What the file says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<CriterionMetadata>,
}

/// What raw files say of themselves; an empty list asks for nothing, several lists must all match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CriterionMetadata {
    /// Written by one of these apps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub app_id: Vec<String>,
    /// Belonging to one of these accounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountRef>,
    /// Written under one of these contracts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contract_id: Vec<String>,
    /// Of one of these media types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mime_type: Vec<String>,
    /// Carrying one of these references.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<String>,
    /// Carrying one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// An account as a criterion names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountRef {
    /// Id on the wire.
    pub account_id: String,
    /// Name at the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// A scope that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not a number followed by h, d, m or y.
    #[error("last must be a number from 1 to 9999 followed by h, d, m or y, such as 3m")]
    Last,
    /// A time range that says nothing or contradicts itself.
    #[error("{path}: a time range has from, to, both with from before to, or last alone")]
    TimeRange {
        /// Where in the document.
        path: String,
    },
    /// A number that the taxonomy does not know at this place.
    #[error("{path}: {what} {id} does not exist here")]
    Unknown {
        /// Where in the document.
        path: String,
        /// The kind of thing.
        what: &'static str,
        /// The number given.
        id: i64,
    },
    /// A level without entries.
    #[error("{path}: list at least one {what}; every level must be spelled out")]
    Empty {
        /// Where in the document.
        path: String,
        /// The kind of thing that is missing.
        what: &'static str,
    },
}

/// What a scope asks for beyond the one it must stay within.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the scope goes beyond the contract: {0}")]
pub struct OutOfBounds(pub String);

impl std::str::FromStr for Last {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let split =
            text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or(ScopeError::Last)?;
        let (digits, unit) = text.split_at(split);
        let unit = match unit {
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "m" => Unit::Month,
            "y" => Unit::Year,
            _ => return Err(ScopeError::Last),
        };
        let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let number = digits.parse().ok().filter(|n| plain && *n > 0).ok_or(ScopeError::Last)?;
        Ok(Self { number, unit })
    }
}

impl TryFrom<String> for Last {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Last> for String {
    fn from(last: Last) -> Self {
        let unit = match last.unit {
            Unit::Hour => 'h',
            Unit::Day => 'd',
            Unit::Month => 'm',
            Unit::Year => 'y',
        };
        format!("{}{unit}", last.number)
    }
}

impl Last {
    /// The first moment of the range that ends today; whole UTC days, except for hours.
    #[must_use]
    pub fn start(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let today = now.date_naive();
        let midnight = |day: Option<NaiveDate>| day.map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc());
        match self.unit {
            Unit::Hour => now.checked_sub_signed(TimeDelta::hours(self.number.into())),
            Unit::Day => midnight(today.checked_sub_days(Days::new(self.number.into()))),
            Unit::Month => midnight(today.checked_sub_months(Months::new(self.number))),
            Unit::Year => midnight(today.checked_sub_months(Months::new(self.number * 12))),
        }
        .unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// A time range at one moment, in milliseconds: from inclusive, to exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolvedRange {
    /// First moment, ms since the epoch.
    pub from: i64,
    /// First moment after it, ms since the epoch.
    pub to: i64,
}

impl ResolvedRange {
    /// Whether the moment (ms) lies in the range.
    #[must_use]
    pub fn contains(&self, millis: i64) -> bool {
        (self.from..self.to).contains(&millis)
    }

    fn encloses(&self, other: &Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    fn overlap(&self, other: &Self) -> Option<Self> {
        let both = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (both.from < both.to).then_some(both)
    }
}

impl TimeRange {
    /// The range at this moment.
    #[must_use]
    pub fn resolve(&self, now: DateTime<Utc>) -> ResolvedRange {
        if let Some(last) = self.last {
            return ResolvedRange { from: last.start(now).timestamp_millis(), to: end_of_day(now) };
        }
        let millis = |seconds: i64| seconds.saturating_mul(1000);
        ResolvedRange { from: self.from.map_or(i64::MIN, millis), to: self.to.map_or(i64::MAX, millis) }
    }

    fn is_valid(&self) -> bool {
        match (self.from, self.to, self.last) {
            (None, None, Some(_)) | (Some(_), None, None) | (None, Some(_), None) => true,
            (Some(from), Some(to), None) => from < to,
            _ => false,
        }
    }
}

fn end_of_day(now: DateTime<Utc>) -> i64 {
    let tomorrow = now.date_naive().succ_opt().unwrap_or(NaiveDate::MAX);
    tomorrow.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()
}

/// The calendar month a mapped file holds objects of; `D201701` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    year: i32,
    month: u32,
}

impl Period {
    /// The month of a moment given in ms since the epoch.
    #[must_use]
    pub fn of(millis: i64) -> Option<Self> {
        let at = DateTime::from_timestamp_millis(millis)?;
        (1000..=9999).contains(&at.year()).then(|| Self { year: at.year(), month: at.month() })
    }

    /// The range that holds every moment of the month.
    #[must_use]
    pub fn range(&self) -> ResolvedRange {
        let start = |year, month| {
            NaiveDate::from_ymd_opt(year, month, 1)
                .map_or(i64::MAX, |day| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
        };
        let (year, month) = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        ResolvedRange { from: start(self.year, self.month), to: start(year, month) }
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "D{:04}{:02}", self.year, self.month)
    }
}

impl std::str::FromStr for Period {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let wrong = || ScopeError::TimeRange { path: "period".to_owned() };
        let digits = text.strip_prefix('D').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_digit()));
        let number: u32 = digits.and_then(|d| d.parse().ok()).ok_or_else(wrong)?;
        let (year, month) = (i32::try_from(number / 100).map_err(|_| wrong())?, number % 100);
        if year < 1000 || !(1..=12).contains(&month) {
            return Err(wrong());
        }
        Ok(Self { year, month })
    }
}

impl Scope {
    /// Refuses numbers that the taxonomy does not know, levels left out, and time ranges that make no sense.
    pub fn validate(&self) -> Result<(), ScopeError> {
        for (g, group) in self.service_groups.iter().enumerate() {
            group.validate(&format!("scope.serviceGroups[{g}]"))?;
        }
        for (t, range) in self.time_ranges.iter().enumerate() {
            if !range.is_valid() {
                return Err(ScopeError::TimeRange { path: format!("scope.timeRanges[{t}]") });
            }
        }
        match self.criteria.iter().position(|c| c.from.is_some() && c.last.is_some()) {
            Some(at) => Err(ScopeError::TimeRange { path: format!("scope.criteria[{at}]") }),
            None => Ok(()),
        }
    }

    /// Every (service group, service type, object type) in the scope.
    pub fn mapped(&self) -> impl Iterator<Item = (i64, i64, i64)> {
        self.service_groups.iter().flat_map(|group| {
            group.service_types.iter().flat_map(move |kind| {
                kind.service_object_types.iter().map(move |object| (group.id, kind.id, object.id))
            })
        })
    }

    /// Whether mapped data of this kind is in the scope, whenever it was created.
    #[must_use]
    pub fn covers(&self, group: i64, service: i64, object: i64) -> bool {
        self.mapped().any(|entry| entry == (group, service, object))
    }

    /// The time ranges at this moment; `None` when the scope has none, so that any time is fine.
    #[must_use]
    pub fn ranges_at(&self, now: DateTime<Utc>) -> Option<Vec<ResolvedRange>> {
        let ranges: Vec<_> = self.time_ranges.iter().map(|range| range.resolve(now)).collect();
        (!ranges.is_empty()).then(|| merged(ranges))
    }

    /// Refuses a request (`self`) that asks for more than `contract` gives.
    pub fn refuse_beyond(&self, contract: &Self, now: DateTime<Utc>) -> Result<(), OutOfBounds> {
        if let Some((g, s, o)) = self.mapped().find(|(g, s, o)| !contract.covers(*g, *s, *o)) {
            return Err(OutOfBounds(format!("service group {g}, service type {s}, object type {o}")));
        }
        if !contract.criteria.is_empty() {
            let within =
                |asked: &Criterion| contract.criteria.iter().any(|given| asked.is_within(given, now));
            if let Some(at) = self.criteria.iter().position(|asked| !within(asked)) {
                return Err(OutOfBounds(format!("criteria[{at}]")));
            }
        }
        let (Some(asked), Some(given)) = (self.ranges_at(now), contract.ranges_at(now)) else {
            return Ok(());
        };
        match asked.iter().find(|range| !given.iter().any(|whole| whole.encloses(range))) {
            Some(range) => Err(OutOfBounds(format!("time range {} to {}", range.from, range.to))),
            None => Ok(()),
        }
    }

    /// What both this scope and the session's own `request` allow; a part that the request leaves out is not
    /// narrowed. The time ranges become absolute, so that a session means the same on its last poll as on its first.
    #[must_use]
    pub fn narrowed_by(&self, request: &Self, now: DateTime<Utc>) -> Self {
        let service_groups = if request.service_groups.is_empty() {
            self.service_groups.clone()
        } else {
            self.keeping(|g, s, o| request.covers(g, s, o)).service_groups
        };
        let ranges = match (self.ranges_at(now), request.ranges_at(now)) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(given), Some(asked)) => {
                Some(given.iter().flat_map(|g| asked.iter().filter_map(|a| g.overlap(a))).collect())
            }
        };
        let time_ranges = match ranges {
            None => Vec::new(),
            // Nothing in common is not the same as no limit.
            Some(ranges) if ranges.is_empty() => vec![TimeRange { from: Some(0), to: Some(0), last: None }],
            Some(ranges) => ranges.iter().map(absolute).collect(),
        };
        let criteria = match (self.criteria.as_slice(), request.criteria.as_slice()) {
            (one, []) | ([], one) => one.to_vec(),
            (given, asked) => {
                let both = given.iter().flat_map(|given| asked.iter().filter_map(|a| given.overlap(a, now)));
                let both: Vec<_> = both.collect();
                if both.is_empty() { vec![Criterion::nothing()] } else { both }
            }
        };
        Self { service_groups, time_ranges, criteria }
    }

    /// The scope with only those kinds of mapped data that `keep` wants.
    #[must_use]
    pub fn keeping(&self, keep: impl Fn(i64, i64, i64) -> bool) -> Self {
        let mut scope = self.clone();
        for group in &mut scope.service_groups {
            for kind in &mut group.service_types {
                kind.service_object_types.retain(|object| keep(group.id, kind.id, object.id));
            }
            group.service_types.retain(|kind| !kind.service_object_types.is_empty());
        }
        scope.service_groups.retain(|group| !group.service_types.is_empty());
        scope
    }
}

impl Criterion {
    /// The first moment that counts, Unix seconds.
    #[must_use]
    pub fn start(&self, now: DateTime<Utc>) -> Option<i64> {
        self.from.or_else(|| self.last.map(|last| last.start(now).timestamp()))
    }

    /// Selects no file at all.
    fn nothing() -> Self {
        Self { from: Some(i64::MAX), ..Self::default() }
    }

    /// Whether it names nothing beyond `given`; what it leaves out is `given`'s to say.
    fn is_within(&self, given: &Self, now: DateTime<Utc>) -> bool {
        let early = self.start(now).zip(given.start(now)).is_some_and(|(asked, given)| asked < given);
        let Some((asked, given)) = self.metadata.as_ref().zip(given.metadata.as_ref()) else { return !early };
        !early
            && is_part(&asked.app_id, &given.app_id)
            && is_part(&asked.accounts, &given.accounts)
            && is_part(&asked.contract_id, &given.contract_id)
            && is_part(&asked.mime_type, &given.mime_type)
            && is_part(&asked.reference, &given.reference)
            && is_part(&asked.tags, &given.tags)
    }

    /// What both select; nothing when they have a list in which they share no entry.
    fn overlap(&self, other: &Self, now: DateTime<Utc>) -> Option<Self> {
        let metadata = match (&self.metadata, &other.metadata) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (Some(one), Some(other)) => Some(CriterionMetadata {
                app_id: shared(&one.app_id, &other.app_id)?,
                accounts: shared(&one.accounts, &other.accounts)?,
                contract_id: shared(&one.contract_id, &other.contract_id)?,
                mime_type: shared(&one.mime_type, &other.mime_type)?,
                reference: shared(&one.reference, &other.reference)?,
                tags: shared(&one.tags, &other.tags)?,
            }),
        };
        Some(Self { from: self.start(now).max(other.start(now)), last: None, metadata })
    }
}

/// Whether a list asks for nothing beyond another one; an empty list is no limit.
fn is_part<T: PartialEq>(asked: &[T], given: &[T]) -> bool {
    given.is_empty() || asked.iter().all(|entry| given.contains(entry))
}

/// What two lists share; an empty list is no limit, so nothing in common is not a list.
fn shared<T: PartialEq + Clone>(one: &[T], other: &[T]) -> Option<Vec<T>> {
    match (one, other) {
        (all, []) | ([], all) => Some(all.to_vec()),
        (one, other) => {
            let both: Vec<T> = one.iter().filter(|entry| other.contains(entry)).cloned().collect();
            (!both.is_empty()).then_some(both)
        }
    }
}

impl ServiceGroup {
    fn validate(&self, path: &str) -> Result<(), ScopeError> {
        let unknown = |path: &str, what, id| ScopeError::Unknown { path: path.to_owned(), what, id };
        let empty = |path: &str, what| ScopeError::Empty { path: path.to_owned(), what };
        taxonomy::service_group(self.id).ok_or_else(|| unknown(path, "service group", self.id))?;
        if self.service_types.is_empty() {
            return Err(empty(path, "service type"));
        }
        for (s, kind) in self.service_types.iter().enumerate() {
            let path = format!("{path}.serviceTypes[{s}]");
            taxonomy::service_type(kind.id)
                .filter(|known| known.groups.contains(&self.id))
                .ok_or_else(|| unknown(&path, "service type", kind.id))?;
            if kind.service_object_types.is_empty() {
                return Err(empty(&path, "object type"));
            }
            for (o, object) in kind.service_object_types.iter().enumerate() {
                taxonomy::object_type(object.id).filter(|known| known.groups.contains(&self.id)).ok_or_else(
                    || unknown(&format!("{path}.serviceObjectTypes[{o}]"), "object type", object.id),
                )?;
            }
        }
        Ok(())
    }
}

/// Seconds are what the wire has; a range is cut to whole ones so that it only ever shrinks.
fn absolute(range: &ResolvedRange) -> TimeRange {
    let seconds = |millis: i64| millis.div_euclid(1000);
    TimeRange {
        from: (range.from != i64::MIN).then(|| seconds(range.from.saturating_add(999))),
        to: (range.to != i64::MAX).then(|| seconds(range.to)),
        last: None,
    }
}

fn merged(mut ranges: Vec<ResolvedRange>) -> Vec<ResolvedRange> {
    ranges.sort_by_key(|range| range.from);
    let mut merged: Vec<ResolvedRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.from <= last.to => last.to = last.to.max(range.to),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_315_200, 0).unwrap()
    }

    fn scope(entries: &[(i64, i64, i64)], ranges: Vec<TimeRange>) -> Scope {
        let service_groups = entries
            .iter()
            .map(|&(group, service, object)| ServiceGroup {
                id: group,
                service_types: vec![ServiceType {
                    id: service,
                    service_object_types: vec![ServiceObjectType { id: object }],
                }],
            })
            .collect();
        Scope { service_groups, time_ranges: ranges, criteria: vec![] }
    }

    fn last(text: &str) -> TimeRange {
        TimeRange { last: Some(text.parse().unwrap()), ..TimeRange::default() }
    }

    #[test]
    fn rolling_ranges_start_at_midnight_utc_and_end_with_today() {
        let range = last("3m").resolve(now());
        assert_eq!(range.from, 1_772_323_200_000); // 2026-03-01
        assert_eq!(range.to, 1_780_358_400_000); // 2026-06-02
        for wrong in ["", "m", "3", "0d", "3w", "-3d", "33333d", "3é"] {
            assert!(wrong.parse::<Last>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_may_narrow_a_contract_and_not_widen_it() {
        let contract = scope(&[(5, 19, 406), (4, 21, 303)], vec![last("1y")]);
        assert!(scope(&[(5, 19, 406)], vec![last("3m")]).refuse_beyond(&contract, now()).is_ok());
        assert!(Scope::default().refuse_beyond(&contract, now()).is_ok());
        assert!(scope(&[(5, 19, 407)], vec![]).refuse_beyond(&contract, now()).is_err());
        assert!(scope(&[], vec![last("2y")]).refuse_beyond(&contract, now()).is_err());
        let narrowed = contract.narrowed_by(&scope(&[(5, 19, 406)], vec![last("3m")]), now());
        assert!(narrowed.covers(5, 19, 406) && !narrowed.covers(4, 21, 303));
        assert_eq!(narrowed.ranges_at(now()).unwrap()[0].from, 1_772_323_200_000);
    }

    fn raw(last: Option<&str>, mime_type: &[&str], tags: &[&str]) -> Scope {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let metadata =
            CriterionMetadata { mime_type: owned(mime_type), tags: owned(tags), ..Default::default() };
        let last = last.map(|last| last.parse().unwrap());
        Scope { criteria: vec![Criterion { from: None, last, metadata: Some(metadata) }], ..Scope::default() }
    }

    #[test]
    fn criteria_are_narrowed_list_by_list() {
        let contract = raw(Some("2y"), &["application/pdf", "text/csv"], &[]);
        let asked = raw(None, &["text/csv"], &["diary"]);
        assert!(asked.refuse_beyond(&contract, now()).is_ok());
        let mut both = asked.clone();
        both.criteria[0].from = Some(1_717_200_000); // 2024-06-01
        assert_eq!(contract.narrowed_by(&asked, now()), both);
        assert_eq!(asked.narrowed_by(&contract, now()), both);
        assert_eq!(contract.narrowed_by(&Scope::default(), now()), contract);
    }

    #[test]
    fn criteria_beyond_the_contract_are_refused_and_select_nothing() {
        let contract = raw(Some("1y"), &["text/csv"], &[]);
        let image = raw(None, &["image/jpeg"], &[]);
        let refused = image.refuse_beyond(&contract, now()).unwrap_err();
        assert_eq!(refused.to_string(), "the scope goes beyond the contract: criteria[0]");
        assert!(raw(Some("2y"), &[], &[]).refuse_beyond(&contract, now()).is_err());
        let nothing = contract.narrowed_by(&image, now());
        assert_eq!(nothing.criteria, [Criterion::nothing()]);
        assert_eq!(nothing.narrowed_by(&contract, now()).criteria[0].from, Some(i64::MAX));
    }

    #[test]
    fn ranges_with_nothing_in_common_leave_nothing() {
        let old = TimeRange { from: Some(0), to: Some(10), last: None };
        let narrowed = scope(&[(5, 19, 406)], vec![last("1y")]).narrowed_by(&scope(&[], vec![old]), now());
        let ranges = narrowed.ranges_at(now()).unwrap();
        assert!(ranges.iter().all(|range| range.from >= range.to));
    }

    #[test]
    fn unknown_numbers_and_missing_levels_are_named() {
        let wrong = scope(&[(5, 4, 1)], vec![]).validate().unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "scope.serviceGroups[0].serviceTypes[0]: service type 4 does not exist here"
        );
        let empty =
            Scope { service_groups: vec![ServiceGroup { id: 1, service_types: vec![] }], ..Scope::default() };
        assert!(matches!(empty.validate(), Err(ScopeError::Empty { .. })));
        let both = TimeRange { from: Some(1), to: None, last: Some("1d".parse().unwrap()) };
        assert!(scope(&[], vec![both]).validate().is_err());
    }

    #[test]
    fn periods_are_months() {
        let period: Period = "D202512".parse().unwrap();
        assert_eq!(period.to_string(), "D202512");
        assert!(period.range().contains(1_767_225_599_999) && !period.range().contains(1_767_225_600_000));
        assert_eq!(Period::of(1_767_225_599_999), Some(period));
        assert!("D202513".parse::<Period>().is_err() && "202512".parse::<Period>().is_err());
    }
}
