//! Scopes: narrowing gives what both sides allow and never more, and no moment is too far away to be counted.

use chrono::{DateTime, Utc};
use consent_core::{
    AccountRef, Criterion, CriterionMetadata, Last, Period, Scope, ServiceGroup, ServiceObjectType,
    ServiceType, TimeRange,
};

use crate::input::Input;

/// The first byte says how the rest is meant: as JSON on two lines, or as choices.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    match input.byte() % 4 {
        0 => {
            let (Some(contract), Some(request)) = (json(input.line()), json(input.line())) else { return };
            laws(&contract, &request, &request, input);
        }
        1 => text(&String::from_utf8_lossy(input.rest())),
        2 => month(input.i64()),
        _ => {
            let [contract, one, other] = [(); 3].map(|()| scope(&mut input));
            laws(&contract, &one, &other, input);
        }
    }
}

fn json(line: &[u8]) -> Option<Scope> {
    serde_json::from_slice(line).ok()
}

fn text(text: &str) {
    if let Ok(last) = text.parse::<Last>() {
        assert_eq!(String::from(last).trim_start_matches('0'), text.trim_start_matches('0'));
        for now in [DateTime::<Utc>::MIN_UTC, DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC] {
            assert!(last.start(now) <= now.max(DateTime::UNIX_EPOCH));
        }
    }
    if let Ok(period) = text.parse::<Period>() {
        assert_eq!(period.to_string(), text);
        assert_eq!(Period::of(period.range().from), Some(period));
        assert_eq!(Period::of(period.range().to - 1), Some(period));
    }
}

fn month(millis: i64) {
    let Some(period) = Period::of(millis) else { return };
    assert!(period.range().contains(millis));
    text(&period.to_string());
}

/// What narrowing promises, for scopes that a contract and two requests could have.
fn laws(contract: &Scope, one: &Scope, other: &Scope, mut input: Input<'_>) {
    for scope in [contract, one, other] {
        let text = serde_json::to_string(scope).expect("a scope is JSON");
        assert_eq!(json(text.as_bytes()).as_ref(), Some(scope));
    }
    if [contract, one, other].into_iter().any(|scope| scope.validate().is_err()) {
        return;
    }
    let now = now(&mut input);
    let later = now.checked_add_signed(chrono::TimeDelta::hours(30)).unwrap_or(now);
    let narrow = contract.narrowed_by(one, now);
    let twice = narrow.narrowed_by(one, now);
    let [one_first, other_first] =
        [narrow.narrowed_by(other, now), contract.narrowed_by(other, now).narrowed_by(one, now)];
    assert_eq!(narrow.ranges_at(now), narrow.ranges_at(later), "a session means the same on its last poll");
    // What a request leaves out is the contract's to say.
    let names_all =
        !one.service_groups.is_empty() && !one.time_ranges.is_empty() && contract.criteria.is_empty();
    let within = names_all && one.refuse_beyond(contract, now).is_ok();
    for item in Item::samples(&[contract, one, other], now, &mut input) {
        let [given, asked, both] = [contract, one, &narrow].map(|scope| item.is_in(scope, now));
        let asked_for = item.is_left_by(one, now);
        assert_eq!(both, given && asked_for, "{item:?} in {contract:?} narrowed by {one:?}");
        assert!(!within || !asked || both, "{item:?}: let pass, and cut off");
        assert_eq!(item.is_in(&twice, now), both, "{item:?}: narrowed twice by {one:?}");
        assert_eq!(item.is_in(&one_first, now), item.is_in(&other_first, now), "{item:?}: in either order");
    }
}

/// Something that a library could hold.
#[derive(Debug)]
struct Item {
    kind: (i64, i64, i64),
    /// Whole seconds, as a narrowed scope has.
    created: i64,
    app: String,
    tag: String,
}

impl Item {
    fn samples(scopes: &[&Scope], now: DateTime<Utc>, input: &mut Input<'_>) -> Vec<Self> {
        let mut moments = vec![0, now.timestamp(), input.i64() / 1000];
        for range in scopes.iter().filter_map(|scope| scope.ranges_at(now)).flatten() {
            moments.extend([range.from.div_euclid(1000), range.to.div_euclid(1000)]);
        }
        moments.extend(scopes.iter().flat_map(|scope| &scope.criteria).filter_map(|c| c.start(now)));
        let near = moments.iter().flat_map(|at| [-1, 0, 1].map(|by| at.saturating_add(by)));
        // What the database can hold: milliseconds that a calendar knows.
        let near = near.filter(|at| DateTime::from_timestamp(*at, 0).is_some());
        let near: Vec<_> = near.collect();
        near.into_iter()
            .map(|created| Self {
                kind: kind(input),
                created,
                app: name(input).to_owned(),
                tag: name(input).to_owned(),
            })
            .collect()
    }

    fn is_in(&self, scope: &Scope, now: DateTime<Utc>) -> bool {
        let (group, service, object) = self.kind;
        scope.covers(group, service, object) && self.is_in_time(scope, now) && self.is_selected(scope, now)
    }

    /// Whether a request does not cut it off.
    fn is_left_by(&self, request: &Scope, now: DateTime<Utc>) -> bool {
        let (group, service, object) = self.kind;
        let mapped = request.service_groups.is_empty() || request.covers(group, service, object);
        mapped && self.is_in_time(request, now) && self.is_selected(request, now)
    }

    fn is_in_time(&self, scope: &Scope, now: DateTime<Utc>) -> bool {
        let millis = self.created * 1000;
        scope.ranges_at(now).is_none_or(|ranges| ranges.iter().any(|range| range.contains(millis)))
    }

    fn is_selected(&self, scope: &Scope, now: DateTime<Utc>) -> bool {
        let selects = |criterion: &Criterion| {
            let has = |list: &[String], name: &String| list.is_empty() || list.contains(name);
            criterion.start(now).is_none_or(|start| start <= self.created)
                && criterion.metadata.as_ref().is_none_or(|m| {
                    has(&m.app_id, &self.app)
                        && has(&m.tags, &self.tag)
                        && [&m.contract_id, &m.mime_type, &m.reference].into_iter().all(Vec::is_empty)
                        && m.accounts.is_empty()
                })
        };
        scope.criteria.is_empty() || scope.criteria.iter().any(selects)
    }
}

fn now(input: &mut Input<'_>) -> DateTime<Utc> {
    let millis = match input.byte() % 4 {
        0 => 1_780_315_200_000,
        1 => 1_780_315_200_000 + input.i64() % 100_000_000_000,
        2 => {
            return input.one_of(&[DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, DateTime::UNIX_EPOCH]);
        }
        _ => input.i64(),
    };
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::UNIX_EPOCH)
}

fn some<T>(input: &mut Input<'_>, make: impl Fn(&mut Input<'_>) -> T) -> Vec<T> {
    (0..input.byte() % 4).map(|_| make(input)).collect()
}

fn scope(input: &mut Input<'_>) -> Scope {
    Scope {
        service_groups: some(input, group),
        time_ranges: some(input, range),
        criteria: if input.byte() % 2 == 1 { some(input, criterion) } else { vec![] },
    }
}

const KINDS: [(i64, i64, i64); 8] =
    [(1, 1, 1), (1, 1, 2), (1, 4, 1), (5, 19, 406), (5, 19, 403), (4, 21, 303), (4, 21, 300), (3, 17, 201)];

fn kind(input: &mut Input<'_>) -> (i64, i64, i64) {
    input.one_of(&KINDS)
}

fn group(input: &mut Input<'_>) -> ServiceGroup {
    let (id, _, _) = kind(input);
    let service_types = some(input, |input| {
        let (_, id, _) = kind(input);
        ServiceType { id, service_object_types: some(input, |input| ServiceObjectType { id: kind(input).2 }) }
    });
    ServiceGroup { id, service_types }
}

fn moment(input: &mut Input<'_>) -> i64 {
    match input.byte() % 3 {
        0 => input.i64(),
        1 => 1_780_315_200 + input.i64() % 100_000_000,
        _ => input.one_of(&[
            i64::MIN,
            i64::MAX,
            0,
            1,
            -1,
            i64::MAX / 1000,
            i64::MIN / 1000,
            i64::MAX / 1000 + 1,
        ]),
    }
}

fn last(input: &mut Input<'_>) -> Last {
    let number = 1 + input.below(9999);
    let unit = input.one_of(&['h', 'd', 'm', 'y']);
    format!("{number}{unit}").parse().expect("1 to 9999 and a unit")
}

fn range(input: &mut Input<'_>) -> TimeRange {
    match input.byte() % 4 {
        0 => TimeRange { last: Some(last(input)), ..TimeRange::default() },
        1 => TimeRange { from: Some(moment(input)), ..TimeRange::default() },
        2 => TimeRange { to: Some(moment(input)), ..TimeRange::default() },
        _ => TimeRange { from: Some(moment(input)), to: Some(moment(input)), last: None },
    }
}

fn criterion(input: &mut Input<'_>) -> Criterion {
    let metadata = CriterionMetadata {
        app_id: some(input, |input| name(input).to_owned()),
        tags: some(input, |input| name(input).to_owned()),
        accounts: match input.byte() {
            0 => vec![AccountRef { account_id: name(input).to_owned(), username: None }],
            _ => vec![],
        },
        ..CriterionMetadata::default()
    };
    Criterion {
        from: (input.byte() % 3 == 1).then(|| moment(input)),
        last: (input.byte() % 3 == 1).then(|| last(input)),
        metadata: (input.byte() % 2 == 1).then_some(metadata),
    }
}

fn name(input: &mut Input<'_>) -> &'static str {
    input.one_of(&["a", "b", "c"])
}
