//! The catalogue: what can be connected. Its ids differ from those of service types (`protocol/digime.md` §12); the
//! numbers of banks, Garmin and DVLA are our choice.

use consent_core::taxonomy;

/// A connectable source.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Number on the wire.
    pub id: i64,
    /// Number of its service type.
    pub service_type: i64,
    /// Name for people.
    pub name: &'static str,
}

/// All sources, in ascending order of id.
pub static SOURCES: &[Source] = &[
    Source { id: 1, service_type: 1, name: "Facebook" },
    Source { id: 3, service_type: 4, name: "Instagram" },
    Source { id: 16, service_type: 19, name: "Spotify" },
    Source { id: 17, service_type: 17, name: "Banks" },
    Source { id: 18, service_type: 21, name: "Garmin" },
    Source { id: 25, service_type: 25, name: "DVLA" },
    Source { id: 255, service_type: 22, name: "Cerner" },
];

/// The source with this number.
#[must_use]
pub fn source(id: i64) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.id == id)
}

impl Source {
    /// The service type it is of.
    #[must_use]
    pub fn service(&self) -> &'static taxonomy::ServiceType {
        taxonomy::service_type(self.service_type).expect("the catalogue names known service types")
    }

    /// The service group it belongs to first.
    #[must_use]
    pub fn group(&self) -> &'static taxonomy::ServiceGroup {
        taxonomy::service_group(self.service().groups[0]).expect("service types name known groups")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_of_a_known_service_type() {
        assert!(SOURCES.is_sorted_by_key(|source| source.id));
        assert!(SOURCES.iter().all(|source| !source.service().reference.is_empty() && source.group().id > 0));
    }
}
