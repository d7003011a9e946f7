//! Looks into mapped files, into as few as it takes.

use std::fmt;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use consent_core::Scope;
use consent_library::File;
use consent_sessions::{Coverage, created};
use futures_util::TryStreamExt;
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{PEEK, Seen, month};
use crate::{flows::shelves::Shelves, platform::Platform};

/// No file larger than this is looked into.
const LARGEST: i64 = 32 * 1024 * 1024;
/// For each part of a survey, so many files are looked into at most.
const READS_PER_PART: usize = 5;
/// The latest objects are looked for in so many files.
const LATEST_IN: usize = 3;

/// What a look into a mapped file leaves, of as much as the scope covers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Glance {
    /// The latest objects, the last one first.
    latest: Vec<Map<String, Value>>,
    first: Option<i64>,
    last: Option<i64>,
}

/// Looks into the mapped files of one survey, each one once.
pub(super) struct Reader<'a> {
    pub scope: &'a Scope,
    platform: &'a Platform,
    shelves: &'a Shelves,
    now: DateTime<Utc>,
    seen: Seen,
    reads_left: usize,
}

impl<'a> Reader<'a> {
    pub fn new(platform: &'a Platform, shelves: &'a Shelves, scope: &'a Scope, now: DateTime<Utc>) -> Self {
        Self { scope, platform, shelves, now, seen: Seen::new(), reads_left: 0 }
    }

    /// Allows as many reads as a survey of so many parts takes.
    pub fn allow(&mut self, parts: usize) {
        self.reads_left = parts * READS_PER_PART;
    }

    /// The latest objects of files that come newest first.
    pub async fn latest(&mut self, files: &[&File], count: usize) -> Vec<Map<String, Value>> {
        let mut all = Glance::default();
        for (at, file) in files.iter().enumerate().take(LATEST_IN) {
            // Of one month there may be several files, of as many accounts.
            let older = at > 0 && month(file) < month(files[at - 1]);
            if older && all.latest.len() >= count {
                break;
            }
            let glance = self.look(file).await;
            glance.into_iter().flat_map(|glance| glance.latest).for_each(|object| all.add(object));
        }
        all.latest.truncate(count);
        all.latest
    }

    /// When the first object came to be, of files that come oldest first.
    pub async fn first_moment<'f>(&mut self, files: impl Iterator<Item = &'f File>) -> Option<i64> {
        let mut first: Option<i64> = None;
        for file in files {
            let Some((from, _)) = self.bounds(file) else { continue };
            if first.is_some_and(|first| first <= from) {
                break;
            }
            let seen = self.look(file).await.map_or(Some(from), |glance| glance.first);
            first = first.into_iter().chain(seen).min();
        }
        first
    }

    /// When the last object came to be, of files that come newest first.
    pub async fn last_moment<'f>(&mut self, files: impl Iterator<Item = &'f File>) -> Option<i64> {
        let mut last: Option<i64> = None;
        for file in files {
            let Some((_, to)) = self.bounds(file) else { continue };
            if last.is_some_and(|last| last >= to) {
                break;
            }
            let seen = self.look(file).await.map_or(Some(to), |glance| glance.last);
            last = last.into_iter().chain(seen).max();
        }
        last
    }

    /// Between which moments the objects of a file lie that the scope covers.
    fn bounds(&self, file: &File) -> Option<(i64, i64)> {
        let month = month(file)?.range();
        let (from, to) = match Coverage::of(self.scope, &file.kind, self.now) {
            Coverage::None => return None,
            Coverage::Whole => (month.from, month.to),
            Coverage::Part(ranges) => {
                let from = ranges.iter().map(|range| range.from).min()?;
                let to = ranges.iter().map(|range| range.to).max()?;
                (from.max(month.from), to.min(month.to))
            }
        };
        Some((from, to - 1))
    }

    /// Looks into a file, unless it is too large, or too many were looked into.
    async fn look(&mut self, file: &File) -> Option<Glance> {
        if let Some(seen) = self.seen.get(&file.id) {
            return seen.clone();
        }
        if file.stored_bytes > LARGEST || self.reads_left == 0 {
            return None;
        }
        self.reads_left -= 1;
        let glance = self.content(file).await.and_then(|content| serde_json::from_slice(&content).ok());
        if glance.is_none() {
            tracing::warn!(file.id = %file.id, "file {} could not be looked into", file.id);
        }
        self.seen.insert(file.id.clone(), glance.clone());
        glance
    }

    /// The content of a file as a session would present it.
    async fn content(&self, file: &File) -> Option<Bytes> {
        let (blobs, opened) = (&self.platform.blobs, self.shelves.opened(file.clone())?);
        let presented = consent_sessions::open(blobs, opened, self.scope, self.now).await.ok()?;
        let pieces = presented.content(blobs).await.ok()?;
        let whole = pieces.try_fold(BytesMut::new(), |mut whole, piece| async move {
            whole.extend_from_slice(&piece);
            Ok(whole)
        });
        Some(whole.await.ok()?.freeze())
    }
}

impl Glance {
    fn add(&mut self, object: Map<String, Value>) {
        let at = created(&object);
        self.first = self.first.into_iter().chain(at).min();
        self.last = self.last.into_iter().chain(at).max();
        let place = self.latest.partition_point(|other| created(other) >= at);
        self.latest.insert(place, object);
        self.latest.truncate(PEEK);
    }
}

/// Keeps of a JSON array what is shown, and of the rest nothing.
impl<'de> Deserialize<'de> for Glance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Objects;

        impl<'de> Visitor<'de> for Objects {
            type Value = Glance;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of objects")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut objects: A) -> Result<Glance, A::Error> {
                let mut glance = Glance::default();
                while let Some(object) = objects.next_element()? {
                    glance.add(object);
                }
                Ok(glance)
            }
        }

        deserializer.deserialize_seq(Objects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_objects_the_latest_three_are_kept_and_the_first_and_last_moment() {
        let objects = r#"[{"id":"c","createddate":3},{"id":"none"},{"id":"e","createddate":5},{"id":"a","createddate":1},
            {"id":"d","createddate":4}]"#;
        let glance: Glance = serde_json::from_str(objects).unwrap();
        let ids: Vec<_> = glance.latest.iter().map(|object| object["id"].as_str().unwrap()).collect();
        assert_eq!((ids, glance.first, glance.last), (vec!["e", "d", "c"], Some(1), Some(5)));
        assert_eq!(serde_json::from_str::<Glance>("[]").unwrap(), Glance::default());
        assert!(serde_json::from_str::<Glance>("{}").is_err());
        assert!(serde_json::from_str::<Glance>("[1]").is_err());
    }
}
