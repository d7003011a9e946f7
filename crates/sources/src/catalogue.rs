//! The catalogue: what can be connected. Its ids differ from those of service types (`protocol/digime.md` §12); the
//! numbers of banks, Garmin and DVLA are our choice.

use consent_core::taxonomy;

use crate::{DataType, OrganizationType};

/// A connectable source.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Number on the wire.
    pub id: i64,
    /// Number of its service type.
    pub service_type: i64,
    /// Name for people.
    pub name: &'static str,
    /// The kind of organisation behind it, of care providers.
    pub organization: Option<OrganizationType>,
    /// What it has, in the words in which care providers say so.
    pub data_types: &'static [DataType],
}

/// What Cerner has of a patient: prescriptions, measurements, diagnoses, vaccinations, allergies, letters, appointments.
const CERNER: &[DataType] = &[
    DataType::MedicationInformation,
    DataType::Appointments,
    DataType::PatientSummaryHospitalData,
    DataType::Documents,
    DataType::MeasurementsVitalSigns,
    DataType::AllergyIntolerances,
    DataType::Vaccinations,
];

/// All sources, in ascending order of id.
pub static SOURCES: &[Source] = &[
    plain(1, 1, "Facebook"),
    plain(3, 4, "Instagram"),
    plain(16, 19, "Spotify"),
    plain(17, 17, "Banks"),
    plain(18, 21, "Garmin"),
    plain(25, 25, "DVLA"),
    Source { organization: Some(OrganizationType::Hospital), data_types: CERNER, ..plain(255, 22, "Cerner") },
];

const fn plain(id: i64, service_type: i64, name: &'static str) -> Source {
    Source { id, service_type, name, organization: None, data_types: &[] }
}

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
