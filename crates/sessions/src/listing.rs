//! The file list: what a session may read, and how far it is (`protocol/digime.md` §§9.1–9.3).

use chrono::{DateTime, Utc};
use consent_core::{ResolvedRange, Scope};
use consent_library::{FileKind, Listed, OpenedFile};

use crate::{Outcome, State, selects};

/// What a session may read now, and how far it is.
#[derive(Debug, Clone)]
pub struct FileList {
    /// How far the session is.
    pub state: State,
    /// How far each account is.
    pub accounts: Outcome,
    /// The files in scope, by name.
    pub files: Vec<Listed>,
}

/// How much of a file a scope covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// Nothing.
    None,
    /// All of it.
    Whole,
    /// The objects created in these ranges.
    Part(Vec<ResolvedRange>),
}

impl Coverage {
    /// How much of a mapped file `scope` covers at this moment. Objects without a creation date are outside every
    /// scope that has a time range. Raw files are judged by what they say of themselves, in `fetch`.
    #[must_use]
    pub fn of(scope: &Scope, kind: &FileKind, now: DateTime<Utc>) -> Self {
        let FileKind::Mapped { service_group, service_type, object_type, period } = *kind else {
            return Self::None;
        };
        if !scope.covers(service_group, service_type, object_type) {
            return Self::None;
        }
        let Some(ranges) = scope.ranges_at(now) else { return Self::Whole };
        let Some(month) = period.map(|period| period.range()) else { return Self::None };
        let touching: Vec<_> =
            ranges.into_iter().filter(|range| range.from < month.to && month.from < range.to).collect();
        match touching.as_slice() {
            [] => Self::None,
            [range] if range.from <= month.from && month.to <= range.to => Self::Whole,
            _ => Self::Part(touching),
        }
    }
}

/// The raw files that the scope selects by what they say of themselves.
#[must_use]
pub fn selected(scope: &Scope, files: Vec<OpenedFile>, now: DateTime<Utc>) -> Vec<OpenedFile> {
    files.into_iter().filter(|opened| selects(scope, &opened.metadata, now)).collect()
}

#[cfg(test)]
mod tests {
    use consent_core::{ServiceGroup, ServiceObjectType, ServiceType, TimeRange};

    use super::*;

    fn plays(period: &str) -> FileKind {
        let period = Some(period.parse().unwrap());
        FileKind::Mapped { service_group: 5, service_type: 19, object_type: 406, period }
    }

    fn scope(time_ranges: Vec<TimeRange>) -> Scope {
        let service_object_types = vec![ServiceObjectType { id: 406 }];
        let service_types = vec![ServiceType { id: 19, service_object_types }];
        Scope { service_groups: vec![ServiceGroup { id: 5, service_types }], time_ranges, criteria: vec![] }
    }

    #[test]
    fn a_month_is_covered_whole_in_part_or_not_at_all() {
        let now = DateTime::UNIX_EPOCH;
        let range = |from, to| TimeRange { from: Some(from), to: Some(to), last: None };
        // 15 January to 1 March 2026.
        let some = scope(vec![range(1_768_435_200, 1_772_323_200)]);
        assert_eq!(Coverage::of(&some, &plays("D202512"), now), Coverage::None);
        assert!(matches!(Coverage::of(&some, &plays("D202601"), now), Coverage::Part(_)));
        assert_eq!(Coverage::of(&some, &plays("D202602"), now), Coverage::Whole);
        assert_eq!(Coverage::of(&some, &plays("D202603"), now), Coverage::None);
        assert_eq!(Coverage::of(&scope(vec![]), &plays("D202603"), now), Coverage::Whole);
    }

    #[test]
    fn what_has_no_date_is_outside_every_time_range() {
        let undated = FileKind::Mapped { service_group: 5, service_type: 19, object_type: 406, period: None };
        let any_time = TimeRange { from: Some(0), to: None, last: None };
        assert_eq!(Coverage::of(&scope(vec![any_time]), &undated, DateTime::UNIX_EPOCH), Coverage::None);
        assert_eq!(Coverage::of(&scope(vec![]), &undated, DateTime::UNIX_EPOCH), Coverage::Whole);
    }
}
