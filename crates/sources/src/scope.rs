//! Which sources an app wants to be shown, in the words of care providers (`protocol/digime.md` §§12, 13.1).

use std::str::FromStr;

use serde::Deserialize;

use crate::catalogue::Source;

macro_rules! words {
    ($($(#[$doc:meta])* $kind:ident { $($name:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        pub enum $kind {$(
            #[doc = concat!("`", $word, "`")]
            #[serde(rename = $word)]
            $name,
        )+}
    )+};
}

words! {
    /// What a care provider has of a patient.
    DataType {
        MedicationInformation = "medication-information",
        LaboratoryResults = "laboratory-results",
        Appointments = "appointments",
        PatientSummaryHospitalData = "patient-summary-hospital-data",
        GpData = "gp-data",
        MentalHealthPatientSummary = "mental-health-patient-summary",
        Documents = "documents",
        MeasurementsVitalSigns = "measurements-vital-signs",
        AllergyIntolerances = "allergy-intolerances",
        Images = "images",
        MedicationRelatedIntolerances = "medication-related-intolerances",
        ReferralToQuestionnaire = "referral-to-questionnaire",
        QuestionnaireResponse = "questionnaire-response",
        LongtermHealthcarePatientSummary = "longterm-healthcare-patient-summary",
        PatientCorrectionsRequest = "patient-corrections-request",
        Vaccinations = "vaccinations",
        IntegralBirthCareProcess = "integral-birth-care-process",
    }
    /// What a care provider is.
    OrganizationType {
        GeneralPractitioner = "general-practitioner",
        HealthCenter = "health-center",
        Hospital = "hospital",
        PrivateTreatmentCenter = "private-treatment-center",
        SpecialistCentre = "specialist-centre",
        RadiotherapyCenter = "radiotherapy-center",
        DialysisCenter = "dialysis-center",
        ObstetricsAndMaternityCare = "obstetrics-and-maternity-care",
        MentalHealthCare = "mental-health-care",
        YouthHealthCare = "youth-health-care",
        PsychologyAndPsychotherapy = "psychology-and-psychotherapy",
        NursingAndCareHomesAndHomeCare = "nursing-and-care-homes-and-home-care",
        DisabilityCare = "disability-care",
        MentallyDisabledCare = "mentally-disabled-care",
        DaycareCenters = "daycare-centers",
        RehabilitationCenter = "rehabilitation-center",
        Pharmacy = "pharmacy",
        AudiologicalCenter = "audiological-center",
        MedicalAids = "medical-aids",
        Physiotherapy = "physiotherapy",
        ProtectedAndSupportedLiving = "protected-and-supported-living",
        Dentist = "dentist",
        Ambulance = "ambulance",
        HealthInsurers = "health-insurers",
    }
}

/// Which sources an app wants to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourcesScope {
    /// Those that have any of this; all when empty.
    #[serde(default)]
    pub data_type: Vec<DataType>,
    /// Those of this kind; all when absent.
    pub organization_type: Option<OrganizationType>,
}

/// Text that names no choice of sources.
#[derive(Debug, thiserror::Error)]
#[error("must be JSON with dataType, a list, and organizationType, of the words that are known")]
pub struct SourcesScopeError(#[source] serde_json::Error);

impl FromStr for SourcesScope {
    type Err = SourcesScopeError;

    fn from_str(json: &str) -> Result<Self, SourcesScopeError> {
        serde_json::from_str(json).map_err(SourcesScopeError)
    }
}

impl SourcesScope {
    /// Whether this is one of the sources to be shown.
    #[must_use]
    pub fn selects(&self, source: &Source) -> bool {
        let has =
            self.data_type.is_empty() || self.data_type.iter().any(|kind| source.data_types.contains(kind));
        has && self.organization_type.is_none_or(|kind| source.organization == Some(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::SOURCES;

    fn selected(json: &str) -> Vec<&'static str> {
        let scope: SourcesScope = json.parse().unwrap();
        SOURCES.iter().filter(|source| scope.selects(source)).map(|source| source.name).collect()
    }

    #[test]
    fn care_providers_are_chosen_by_what_they_have_and_are() {
        assert_eq!(
            selected(r#"{"dataType":["vaccinations","gp-data"],"organizationType":"hospital"}"#),
            ["Cerner"]
        );
        assert_eq!(selected(r#"{"organizationType":"hospital"}"#), ["Cerner"]);
        assert!(selected(r#"{"organizationType":"dentist"}"#).is_empty());
        assert!(selected(r#"{"dataType":["gp-data"]}"#).is_empty());
        assert_eq!(selected("{}").len(), SOURCES.len());
    }

    #[test]
    fn only_known_words_are_understood() {
        for json in [
            "",
            "[]",
            "null",
            r#"{"dataType":"vaccinations"}"#,
            r#"{"dataType":["Vaccinations"]}"#,
            r#"{"dataType":["shoes"]}"#,
            r#"{"organizationType":["hospital"]}"#,
            r#"{"organizationtype":"hospital"}"#,
        ] {
            assert!(json.parse::<SourcesScope>().is_err(), "{json}");
        }
    }
}
