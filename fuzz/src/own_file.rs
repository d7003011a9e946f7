//! A person's own files: sorted into months without a loss, or kept to the byte.

use std::collections::BTreeSet;

use bytes::Bytes;
use consent_core::Period;
use consent_sources::{OwnFile, recognise};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// The content of a file.
pub fn check(data: &[u8]) {
    let files = recognise("name.json", "application/json", 7, Bytes::copy_from_slice(data));
    if let [OwnFile { file, content }] = files.as_slice()
        && file.name.is_none()
    {
        return assert_eq!((&content[..], file.metadata.created), (data, Some(7)));
    }
    let mut left: Vec<Object> = serde_json::from_slice(data).expect("mapped files are made of objects");
    let mut names = BTreeSet::new();
    for OwnFile { file, content } in &files {
        let name = file.name.as_ref().expect("a mapped file has a name");
        assert!(names.insert(name), "two files of one name");
        let objects: Vec<Object> = serde_json::from_slice(content).expect("objects");
        assert_eq!(file.metadata.object_count, Some(objects.len() as u64));
        assert!(!objects.is_empty());
        for object in objects {
            let month = object["createddate"].as_i64().and_then(Period::of).expect("a moment");
            assert!(name.contains(&month.to_string()), "{name} has an object of {month}");
            let at = left.iter().position(|given| is_completed(given, &object));
            left.remove(at.expect("an object that was not handed in, or not like this"));
        }
    }
    assert!(left.is_empty(), "lost: {left:?}");
}

/// Whether an object is the given one with at most the two ids added that every mapped object has.
fn is_completed(given: &Object, object: &Object) -> bool {
    let added = |name: &String| ["entityid", "accountentityid"].contains(&name.as_str());
    given.iter().all(|(name, value)| object.get(name) == Some(value))
        && object.keys().all(|name| given.contains_key(name) || added(name))
}
