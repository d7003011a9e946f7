//! One file of a session: what it says of itself on the wire, and its content cut to the scope.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use consent_core::{Criterion, ResolvedRange, Scope, taxonomy};
use consent_library::{Blobs, FileKind, Metadata, OpenedFile, ReadFailure, read, read_all};
use futures_util::{Stream, StreamExt, future::Either, stream};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Coverage, SessionError};

/// A file as a session presents it.
#[derive(Debug)]
pub struct Presented {
    /// What stands under `metadata` in the `x-metadata` header (`protocol/digime.md` §8.5).
    pub metadata: Value,
    /// Length of the content in bytes.
    pub length: u64,
    /// When this version was written.
    pub updated_at: DateTime<Utc>,
    content: Source,
    opened: OpenedFile,
}

#[derive(Debug)]
enum Source {
    Stored,
    Cut(Vec<u8>),
}

/// Opens a file for a session whose scope is `scope`. A mapped file that the time range cuts through is read here and
/// presented with only the objects inside; anything else is streamed later.
pub async fn open(
    blobs: &Blobs,
    opened: OpenedFile,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<Presented, SessionError> {
    let updated_at = opened.file.updated_at;
    let stored = |metadata, opened: OpenedFile| Presented {
        metadata,
        length: opened.metadata.size,
        updated_at,
        content: Source::Stored,
        opened,
    };
    if opened.file.kind == FileKind::Raw {
        if !selects(scope, &opened.metadata, now) {
            return Err(SessionError::NoFile);
        }
        return Ok(stored(raw_metadata(&opened.metadata), opened));
    }
    match Coverage::of(scope, &opened.file.kind, now) {
        Coverage::None => Err(SessionError::NoFile),
        Coverage::Whole => {
            let count = opened.metadata.object_count.unwrap_or_default();
            Ok(stored(mapped_metadata(&opened.file.kind, count), opened))
        }
        Coverage::Part(ranges) => {
            let (content, count) = cut(&read_all(blobs, &opened).await?, &ranges)?;
            Ok(Presented {
                metadata: mapped_metadata(&opened.file.kind, count),
                length: content.len() as u64,
                updated_at,
                content: Source::Cut(content),
                opened,
            })
        }
    }
}

impl Presented {
    /// The content, in pieces.
    pub async fn content(
        self,
        blobs: &Blobs,
    ) -> Result<impl Stream<Item = Result<Bytes, ReadFailure>> + Send + 'static + use<>, SessionError> {
        Ok(match self.content {
            Source::Stored => Either::Left(read(blobs, &self.opened).await?),
            Source::Cut(content) => Either::Right(stream::iter([Ok(Bytes::from(content))]).fuse()),
        })
    }
}

/// The objects created in one of the ranges, as a JSON array again, and how many they are.
fn cut(content: &[u8], ranges: &[ResolvedRange]) -> Result<(Vec<u8>, u64), SessionError> {
    let objects: Vec<Map<String, Value>> =
        serde_json::from_slice(content).map_err(|_| SessionError::Malformed)?;
    let inside = |object: &Map<String, Value>| {
        created(object).is_some_and(|created| ranges.iter().any(|range| range.contains(created)))
    };
    let kept: Vec<_> = objects.into_iter().filter(inside).collect();
    let content = serde_json::to_vec(&kept).map_err(|_| SessionError::Malformed)?;
    Ok((content, kept.len() as u64))
}

/// When a mapped object came to be, ms since the epoch.
#[must_use]
pub fn created(object: &Map<String, Value>) -> Option<i64> {
    object.get("createddate").and_then(Value::as_i64)
}

fn mapped_metadata(kind: &FileKind, count: u64) -> Value {
    let FileKind::Mapped { service_group, service_type, object_type, .. } = kind else {
        return Value::Null;
    };
    json!({
        "objectCount": count,
        "objectType": taxonomy::object_type(*object_type).map_or("", |known| known.reference),
        "serviceGroup": taxonomy::service_group(*service_group).map_or("", |known| known.reference),
        "serviceName": taxonomy::service_type(*service_type).map_or("", |known| known.reference),
        "schema": Schema::CURRENT,
        "objectVersion": taxonomy::OBJECT_VERSION,
    })
}

/// Names a format of mapped objects, as lists and metadata carry it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Schema {
    standard: &'static str,
    version: &'static str,
}

impl Schema {
    /// The one there is.
    pub const CURRENT: Self = Self { standard: "digime", version: taxonomy::OBJECT_VERSION };
}

fn raw_metadata(metadata: &Metadata) -> Value {
    let accounts: Vec<_> = metadata.account.iter().map(|id| json!({ "accountid": id })).collect();
    let mut json = json!({ "mimetype": metadata.mimetype, "accounts": accounts });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            json[name] = value;
        }
    };
    set("created", metadata.created.map(|millis| json!(millis.div_euclid(1000))));
    set("appid", metadata.app.as_ref().map(|id| json!(id)));
    set("contractid", metadata.contract.as_ref().map(|id| json!(id)));
    set("tags", (!metadata.tags.is_empty()).then(|| json!(metadata.tags)));
    set("reference", (!metadata.reference.is_empty()).then(|| json!(metadata.reference)));
    json
}

/// Whether a scope selects a raw file: one of the criteria and one of the time ranges; none of either is no limit.
#[must_use]
pub fn selects(scope: &Scope, file: &Metadata, now: DateTime<Utc>) -> bool {
    let by_time = scope.ranges_at(now).is_none_or(|ranges| {
        file.created.is_some_and(|created| ranges.iter().any(|range| range.contains(created)))
    });
    let by_criteria = || scope.criteria.iter().any(|criterion| matches(criterion, file, now));
    by_time && (scope.criteria.is_empty() || by_criteria())
}

fn matches(criterion: &Criterion, file: &Metadata, now: DateTime<Utc>) -> bool {
    let from = criterion.start(now).map(|seconds| seconds.saturating_mul(1000));
    if from.is_some_and(|from| file.created.is_none_or(|created| created < from)) {
        return false;
    }
    let Some(wanted) = &criterion.metadata else { return true };
    let one = |wanted: &[String], is: Option<&String>| {
        wanted.is_empty() || is.is_some_and(|is| wanted.contains(is))
    };
    let any =
        |wanted: &[String], are: &[String]| wanted.is_empty() || are.iter().any(|is| wanted.contains(is));
    let accounts: Vec<String> = wanted.accounts.iter().map(|account| account.account_id.clone()).collect();
    one(&wanted.app_id, file.app.as_ref())
        && one(&accounts, file.account.as_ref())
        && one(&wanted.contract_id, file.contract.as_ref())
        && one(&wanted.mime_type, Some(&file.mimetype))
        && any(&wanted.reference, &file.reference)
        && any(&wanted.tags, &file.tags)
}

#[cfg(test)]
mod tests {
    use consent_core::TimeRange;

    use super::*;

    #[test]
    fn a_cut_file_keeps_only_what_lies_inside() {
        let content = br#"[{"id":"a","createddate":5},{"id":"b","createddate":10},{"id":"c"}]"#;
        let (kept, count) = cut(content, &[ResolvedRange { from: 6, to: 11 }]).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        assert_eq!((count, kept), (1, json!([{ "id": "b", "createddate": 10 }])));
        assert!(matches!(cut(b"{}", &[]), Err(SessionError::Malformed)));
    }

    #[test]
    fn criteria_select_raw_files_by_what_they_say_of_themselves() {
        let file = Metadata { mimetype: "text/csv".into(), tags: vec!["bank".into()], ..Metadata::default() };
        let by = |metadata| Criterion { metadata: Some(metadata), ..Criterion::default() };
        let tags =
            |tag: &str| consent_core::CriterionMetadata { tags: vec![tag.into()], ..Default::default() };
        let selects = |criteria: Vec<Criterion>, file: &Metadata| {
            super::selects(&Scope { criteria, ..Scope::default() }, file, DateTime::UNIX_EPOCH)
        };
        assert!(selects(vec![], &file));
        assert!(selects(vec![by(tags("letter")), by(tags("bank"))], &file));
        assert!(!selects(vec![by(tags("letter"))], &file));
        let recent = Criterion { from: Some(0), ..Criterion::default() };
        assert!(!selects(vec![recent], &file), "a file without a date is outside every time range");
    }

    #[test]
    fn time_ranges_select_raw_files_by_when_they_came_to_be() {
        let range = |from, to| TimeRange { from: Some(from), to: Some(to), last: None };
        let scope = Scope { time_ranges: vec![range(0, 5), range(10, 20)], ..Scope::default() };
        let made = |created| Metadata { created, ..Metadata::default() };
        let selected = |created| selects(&scope, &made(created), DateTime::UNIX_EPOCH);
        assert!(selected(Some(4_999)) && !selected(Some(5_000)) && selected(Some(10_000)) && !selected(None));
    }
}
