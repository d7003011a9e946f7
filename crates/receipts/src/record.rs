//! The private object `ts27560`: a receipt of ISO/IEC TS 27560:2023 with the record it is about, in the names and levels
//! of the DPV community report (`protocol/consent-receipt.md` §5). Mandatory fields are those that are not `Option`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ConsentState, ReceiptId};

/// The profile that a receipt conforms to.
pub(crate) const RECEIPT_SCHEMA: &str = "https://w3id.org/dpv/schema/dpv-27560#receipt";
/// The profile that a record conforms to.
pub(crate) const RECORD_SCHEMA: &str = "https://w3id.org/dpv/schema/dpv-27560#record";

/// A receipt of TS 27560.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ts27560 {
    /// The profile of this object.
    pub schema_version: String,
    /// The receipt's name.
    pub receipt_id: ReceiptId,
    /// When it was made (`dct:created`), RFC 3339.
    pub created: String,
    /// The record it is about (`dpv:hasRecordOfActivity`).
    pub record: Record,
}

/// A consent record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What it is.
    pub header: Header,
    /// What is done with data, one entry for each purpose.
    pub pii_processing: Vec<Processing>,
    /// Who takes part.
    pub parties: Vec<Party>,
    /// What happened: the one event of this receipt; those before it stand in the receipts it follows.
    pub events: Vec<RecordEvent>,
}

/// What a record is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The profile of the record.
    pub schema_version: String,
    /// The grant; the event when there is none.
    pub record_id: String,
    /// Whose consent it is.
    pub pii_principal_id: String,
}

/// What is done with data for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processing {
    /// Where the notice stands; its hash is the contract's `textHash`.
    pub privacy_notice: String,
    /// In which language.
    pub language: String,
    /// What for.
    pub purpose: String,
    /// On what ground of law, as DPV calls it.
    pub lawful_basis: String,
    /// Which data.
    pub pii_information: Vec<PiiInformation>,
    /// Who answers for it, by `party_id`.
    pub pii_controllers: Vec<String>,
    /// How the person was asked.
    pub collection_method: String,
    /// Where the data lies.
    pub storage_locations: Vec<String>,
    /// How long it is kept, ISO 8601.
    pub retention_period: String,
    /// The service it belongs to.
    pub service: String,
    /// Country whose law applies.
    pub jurisdiction: String,
    /// Who else gets it, by `party_id`.
    pub recipient_third_parties: Vec<String>,
    /// Where the person ends it.
    pub withdrawal_method: String,
    /// What else she may ask for, in the contract's words; with the main purpose only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privacy_rights: Vec<String>,
}

/// A kind of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PiiInformation {
    /// What it is.
    pub pii_type: String,
    /// The number of the object type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pii_attribute_id: Option<String>,
    /// Whether the person may leave it out.
    pub pii_optional: bool,
    /// Categories that are sensitive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive_pii_category: Vec<String>,
    /// Categories of GDPR, article 9.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub special_pii_category: Vec<String>,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// How the rest of the record names them.
    pub party_id: String,
    /// Their name.
    pub party_name: String,
    /// Members of schema.org's `PostalAddress`.
    pub party_address: Map<String, Value>,
    /// Whom to ask for.
    pub party_contact: String,
    /// `DataController`, `ThirdParty`, `DataSource` or `DataRecipient`, as DPV calls them.
    pub party_type: String,
    /// What they do here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_role: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_email: Option<String>,
    /// Web page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_url: Option<String>,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_phone: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordEvent {
    /// When: UTC, ISO 8601.
    pub event_time: String,
    /// How long from then on consent lasts: ISO 8601, or `until withdrawn`.
    pub validity_duration: String,
    /// Who did it.
    pub entity_id: String,
    /// The kind of consent, as DPV calls it.
    pub event_type: String,
    /// The state after it.
    pub event_state: ConsentState,
}
