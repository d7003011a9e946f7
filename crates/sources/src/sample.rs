//! The sample data sets of sandbox mode, compiled in from `fixtures/samples`.

use bytes::Bytes;
use consent_core::Period;
use include_dir::{Dir, include_dir};
use serde::Deserialize;

use crate::catalogue;

static SAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../fixtures/samples");

/// A data set: one invented person's life.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Set {
    /// Its id, as `sampleDataSet` names it.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people, a sentence.
    pub description: String,
}

/// What one source has in a data set.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The account.
    pub account: SampleAccount,
    /// Number of the service type.
    pub service_type: i64,
    /// Its files, in the order in which the source tells of them.
    pub files: Vec<SampleFile>,
}

/// The account of a sample.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SampleAccount {
    /// The id at the source.
    pub provider_id: String,
    /// USER, BANK and so on (`protocol/digime.md` §11.4).
    #[serde(rename = "type")]
    pub kind: String,
    /// The name at the source.
    pub username: String,
}

/// A file of a sample.
#[derive(Debug, Clone)]
pub enum SampleFile {
    /// A JSON array of objects of one type.
    Mapped {
        /// Number of the object type.
        object_type: i64,
        /// The month of its objects.
        period: Option<Period>,
        /// The array.
        content: Bytes,
    },
    /// Any bytes.
    Raw {
        /// Name at the source.
        name: String,
        /// Media type.
        mimetype: String,
        /// When it came to be, ms since the epoch.
        created: i64,
        /// Labels.
        tags: Vec<String>,
        /// References.
        reference: Vec<String>,
        /// The bytes.
        content: Bytes,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Manifest {
    source_id: i64,
    service_type_id: i64,
    account: SampleAccount,
    mapped: Vec<MappedEntry>,
    raw: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MappedEntry {
    path: String,
    object_type: i64,
    period: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    path: String,
    mimetype: String,
    created: chrono::DateTime<chrono::Utc>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    reference: Vec<String>,
}

/// All data sets.
#[must_use]
pub fn sets() -> Vec<Set> {
    let manifests = SAMPLES.dirs().filter_map(|dir| dir.get_file(dir.path().join("set.json")));
    manifests.filter_map(|file| serde_json::from_slice(file.contents()).ok()).collect()
}

/// The sources that have something in a data set.
#[must_use]
pub fn sources_in(set: &str) -> Vec<i64> {
    catalogue::SOURCES.iter().map(|source| source.id).filter(|id| folder(set, *id).is_some()).collect()
}

/// What a source has in a data set.
#[must_use]
pub fn sample(set: &str, source: i64) -> Option<Sample> {
    let folder = folder(set, source)?;
    let manifest = manifest(folder)?;
    let content = |path: &str| {
        let file = folder.get_file(folder.path().join(path));
        file.map(|file| Bytes::from_static(file.contents()))
    };
    let mapped = manifest.mapped.iter().map(|entry| {
        let period = entry.period.as_deref().map(str::parse).transpose().ok()?;
        Some(SampleFile::Mapped { object_type: entry.object_type, period, content: content(&entry.path)? })
    });
    let raw = manifest.raw.iter().map(|entry| {
        Some(SampleFile::Raw {
            name: entry.path.clone(),
            mimetype: entry.mimetype.clone(),
            created: entry.created.timestamp_millis(),
            tags: entry.tags.clone(),
            reference: entry.reference.clone(),
            content: content(&entry.path)?,
        })
    });
    let files = mapped.chain(raw).collect::<Option<_>>()?;
    Some(Sample { service_type: manifest.service_type_id, files, account: manifest.account })
}

/// The id on the wire of the account that a data set has at a source.
#[must_use]
pub fn entity(set: &str, source: i64) -> Option<String> {
    let manifest = manifest(folder(set, source)?)?;
    Some(format!("{}_{}", manifest.service_type_id, manifest.account.provider_id))
}

fn folder(set: &str, source: i64) -> Option<&'static Dir<'static>> {
    let set = SAMPLES.dirs().find(|dir| dir.path().as_os_str() == set)?;
    set.dirs().find(|dir| {
        let name = dir.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.split_once('-').is_some_and(|(id, _)| id == source.to_string())
    })
}

fn manifest(folder: &Dir<'_>) -> Option<Manifest> {
    let manifest: Manifest =
        serde_json::from_slice(folder.get_file(folder.path().join("source.json"))?.contents()).ok()?;
    catalogue::source(manifest.source_id)?;
    Some(manifest)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use consent_core::taxonomy;
    use serde_json::{Map, Value};

    use super::*;

    fn all() -> Vec<(i64, Sample)> {
        sources_in("ada").into_iter().map(|id| (id, sample("ada", id).unwrap())).collect()
    }

    #[test]
    fn the_sample_set_is_a_year_of_one_persons_life_in_six_service_groups() {
        assert_eq!(sets().len(), 1);
        let (mut months, mut groups, mut mapped, mut types) =
            (HashSet::new(), HashSet::new(), 0, HashSet::new());
        for (id, sample) in all() {
            groups.insert(catalogue::source(id).unwrap().group().id);
            for file in sample.files {
                match file {
                    SampleFile::Mapped { period, .. } => {
                        mapped += 1;
                        months.extend(period.map(|period| period.to_string()));
                    }
                    SampleFile::Raw { mimetype, .. } => {
                        types.insert(mimetype);
                    }
                }
            }
        }
        assert!(mapped >= 80 && months.len() >= 12 && groups.len() == 6, "{mapped} {months:?} {groups:?}");
        for mimetype in ["image/jpeg", "application/pdf", "text/calendar", "application/gpx+xml", "text/csv"]
        {
            assert!(types.contains(mimetype), "{mimetype}");
        }
    }

    #[test]
    fn every_mapped_file_is_what_its_manifest_says() {
        for (id, sample) in all() {
            let source = catalogue::source(id).unwrap();
            assert_eq!(sample.service_type, source.service_type);
            let account = format!("{}_{}", sample.service_type, sample.account.provider_id);
            for file in sample.files {
                let SampleFile::Mapped { object_type, period, content } = file else { continue };
                let known = taxonomy::object_type(object_type).unwrap();
                assert!(known.groups.contains(&source.group().id));
                let objects: Vec<Map<String, Value>> = serde_json::from_slice(&content).unwrap();
                for object in objects {
                    assert_eq!(object["accountentityid"], account);
                    let created = object.get("createddate").and_then(Value::as_i64);
                    assert_eq!(created.and_then(Period::of), period);
                }
            }
        }
    }
}
