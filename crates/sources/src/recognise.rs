//! A person's own files: a JSON array whose objects match a mapped type becomes mapped files, one for each month;
//! anything else stays as it is.

use std::collections::BTreeMap;

use bytes::Bytes;
use consent_core::Period;
use consent_library::{FileKind, Metadata, NewFile, current_name};
use serde_json::{Map, Value};

use crate::sync::count;

/// The number that file names carry for files which came from no account.
pub const OWN_ACCOUNT: i64 = 0;

/// A file ready to be written.
#[derive(Debug, Clone)]
pub struct OwnFile {
    /// What it is.
    pub file: NewFile,
    /// Its bytes.
    pub content: Bytes,
}

/// What the objects of a mapped type cannot do without; the first type that fits counts.
struct Shape {
    service_group: i64,
    service_type: i64,
    object_type: i64,
    members: &'static [&'static str],
}

macro_rules! shapes {
    ($(($group:literal, $service:literal, $object:literal, $members:expr);)+) => {
        static SHAPES: &[Shape] = &[$(Shape {
            service_group: $group, service_type: $service, object_type: $object, members: &$members,
        }),+];
    };
}

shapes! {
    (3, 17, 201, ["amount", "currency"]);
    (4, 21, 303, ["deepduration", "lightduration"]);
    (4, 21, 300, ["activitytype", "duration"]);
    (4, 21, 301, ["steps", "floorsclimbed"]);
    (5, 19, 406, ["playeddate", "track"]);
    (6, 25, 500, ["registration", "testresult"]);
    (6, 25, 501, ["registration", "make"]);
    (1, 1, 7, ["text", "referenceentityid"]);
    (1, 1, 2, ["text", "postentityid"]);
    (1, 4, 1, ["imageurl"]);
}

/// Turns a file into mapped files if its content matches a mapped type, otherwise into one raw file.
#[must_use]
pub fn recognise(name: &str, mimetype: &str, created: i64, content: Bytes) -> Vec<OwnFile> {
    mapped(&content).unwrap_or_else(|| vec![raw(name, mimetype, created, content)])
}

/// A file that stays as it is.
#[must_use]
pub fn raw(name: &str, mimetype: &str, created: i64, content: Bytes) -> OwnFile {
    let metadata = Metadata {
        mimetype: mimetype.to_owned(),
        created: Some(created),
        file_name: Some(name.to_owned()),
        ..Metadata::default()
    };
    OwnFile { file: NewFile { kind: FileKind::Raw, name: None, metadata }, content }
}

fn mapped(content: &[u8]) -> Option<Vec<OwnFile>> {
    let objects: Vec<Map<String, Value>> = serde_json::from_slice(content).ok()?;
    let shape =
        SHAPES.iter().find(|shape| !objects.is_empty() && objects.iter().all(|object| shape.fits(object)))?;
    let mut months: BTreeMap<Period, Vec<Map<String, Value>>> = BTreeMap::new();
    for object in objects {
        let period = Period::of(object.get("createddate")?.as_i64()?)?;
        months.entry(period).or_default().push(shape.complete(object));
    }
    months.into_iter().map(|(period, objects)| shape.file(period, &objects)).collect()
}

impl Shape {
    fn fits(&self, object: &Map<String, Value>) -> bool {
        object.get("id").is_some_and(Value::is_string)
            && object.get("createddate").is_some_and(Value::is_i64)
            && self.members.iter().all(|member| object.contains_key(*member))
    }

    fn account(&self) -> String {
        format!("{}_own", self.service_type)
    }

    /// Adds the ids that every mapped object carries.
    fn complete(&self, mut object: Map<String, Value>) -> Map<String, Value> {
        let account = self.account();
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
        let entity = format!("{account}_{id}");
        object.entry("entityid").or_insert_with(|| entity.into());
        object.entry("accountentityid").or_insert_with(|| account.into());
        object
    }

    fn file(&self, period: Period, objects: &[Map<String, Value>]) -> Option<OwnFile> {
        let kind = FileKind::Mapped {
            service_group: self.service_group,
            service_type: self.service_type,
            object_type: self.object_type,
            period: Some(period),
        };
        let content = serde_json::to_vec(objects).ok()?;
        let metadata = Metadata {
            mimetype: "application/json".to_owned(),
            object_count: count(&content),
            account: Some(self.account()),
            ..Metadata::default()
        };
        let file = NewFile { name: current_name(&kind, OWN_ACCOUNT), kind, metadata };
        Some(OwnFile { file, content: content.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_become_one_mapped_file_a_month() {
        let json = include_bytes!("../../../fixtures/samples/own/transactions.json");
        let files = recognise("transactions.json", "application/json", 0, Bytes::from_static(json));
        let total: u64 = files.iter().filter_map(|own| own.file.metadata.object_count).sum();
        assert_eq!(total, 12);
        assert!(files[0].file.name.as_ref().unwrap().starts_with("18_3_17_0_201_D2026"));
        assert!(String::from_utf8_lossy(&files[0].content).contains("\"entityid\":\"17_own_"));
    }

    #[test]
    fn anything_else_stays_raw_to_the_byte() {
        for json in [
            &b"[]"[..],
            b"{}",
            b"[{\"id\":\"a\"}]",
            b"[1]",
            b"%PDF",
            b"[{\"id\":\"a\",\"amount\":1,\"currency\":\"EUR\"}]",
        ] {
            let files = recognise("x", "text/plain", 7, Bytes::from_static(json));
            assert_eq!(files.len(), 1);
            assert_eq!((&files[0].file.kind, &files[0].content[..]), (&FileKind::Raw, json));
        }
    }
}
