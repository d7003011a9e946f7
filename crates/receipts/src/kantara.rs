//! The members of a Kantara consent receipt v1.1.0, and what a careful reader demands of them beyond the published
//! schema (`protocol/consent-receipt.md` §2 and §3).
//!
//! Members that nobody knows are ignored, as the schema allows them; each of ours stands under a name of its own.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    Choice, Finding, Findings,
    categories::{self, is_sensitive},
};

/// The value of `version`.
pub const VERSION: &str = "KI-CR-v1.1.0";

/// 1 January 2200: later moments are milliseconds taken for seconds.
const LATEST: u64 = 7_258_118_400;

/// A Kantara consent receipt v1.1.0, without what an issuer adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kantara {
    /// [`VERSION`].
    pub version: String,
    /// Countries whose law applies, ISO 3166-1 alpha-2 as a rule.
    pub jurisdiction: String,
    /// When the event happened that the receipt is about, Unix seconds.
    pub consent_timestamp: u64,
    /// How the person was asked.
    pub collection_method: String,
    /// The receipt's own name.
    #[serde(rename = "consentReceiptID")]
    pub consent_receipt_id: String,
    /// The controller's key; ours is the address of the issuer's key set. It proves nothing.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// Language in which the person was asked, BCP 47.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whose consent it is.
    pub pii_principal_id: String,
    /// Who answers for the data, the first collector first.
    pub pii_controllers: Vec<PiiController>,
    /// The privacy policy at that time. Read as `policyURL` too, which some write.
    #[serde(alias = "policyURL")]
    pub policy_url: String,
    /// What it is about.
    pub services: Vec<Service>,
    /// Whether anything sensitive is collected.
    pub sensitive: bool,
    /// The sensitive categories, empty when there are none.
    pub spi_cat: Vec<String>,
}

/// Who answers for the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PiiController {
    /// The controller's name.
    pub pii_controller: String,
    /// Whether it acts for somebody else.
    #[serde(
        default,
        alias = "on_behalf",
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_behalf: Option<bool>,
    /// Whom to ask for.
    pub contact: String,
    /// Members of schema.org's `PostalAddress`.
    pub address: Map<String, Value>,
    /// E-mail address.
    pub email: String,
    /// Telephone number as RFC 3966 writes it.
    pub phone: String,
    /// Web page.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub pii_controller_url: Option<String>,
}

/// A service, and what it uses data for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The service's name.
    pub service: String,
    /// What for.
    pub purposes: Vec<Purpose>,
}

/// One purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Purpose {
    /// A short reason in plain words.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Categories of the working group's list, `n - Label`.
    pub purpose_category: Vec<String>,
    /// `EXPLICIT`, or how consent was obtained.
    pub consent_type: String,
    /// Categories of data, `n - Label`.
    pub pii_category: Vec<String>,
    /// Whether it is the core of the service.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub primary_purpose: Option<bool>,
    /// When and how consent ends.
    pub termination: String,
    /// Whether others get the data.
    pub third_party_disclosure: bool,
    /// Who.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub third_party_name: Option<String>,
    /// Ours: whether the person agreed to this purpose.
    #[serde(default, deserialize_with = "ours", skip_serializing_if = "Option::is_none")]
    pub state: Option<Choice>,
    /// Ours: the object types it needs, by number; none for files that are not looked into.
    #[serde(default, deserialize_with = "ours", skip_serializing_if = "Option::is_none")]
    pub object_types: Option<Vec<i64>>,
}

/// A member that may be absent and is never `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// A member of ours; whatever else another issuer writes under its name is not our business.
fn ours<'de, D: Deserializer<'de>, T: DeserializeOwned>(value: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(value)?).ok())
}

impl Kantara {
    /// Reads the members of a receipt of any issuer, and says what a careful reader notices.
    ///
    /// Refused is what the published schema refuses, and beyond it an empty text or list where the specification wants
    /// something, another version, a time that is no time in seconds, sensitive data without its categories, and a
    /// private key.
    pub fn read(claims: &Value) -> Result<(Self, Findings), Finding> {
        let read: Result<Self, _> = serde_path_to_error::deserialize(claims);
        let read = read.map_err(|error| unread(&error))?;
        let findings = read.check();
        Ok((read, findings))
    }

    /// What a careful reader notices.
    #[must_use]
    pub fn check(&self) -> Findings {
        let mut found = Findings::default();
        self.check_header(&mut found);
        found.demand(
            !self.pii_controllers.is_empty(),
            "piiControllers",
            "must name who answers for the data",
        );
        for (at, controller) in self.pii_controllers.iter().enumerate() {
            controller.check(&format!("piiControllers[{at}]"), &mut found);
        }
        found.demand(!self.services.is_empty(), "services", "must name what the consent is about");
        for (at, service) in self.services.iter().enumerate() {
            service.check(&format!("services[{at}]"), &mut found);
        }
        self.check_sensitivity(&mut found);
        found
    }

    fn check_header(&self, found: &mut Findings) {
        found.demand(self.version == VERSION, "version", format!("must be {VERSION}"));
        let moment = "must be Unix seconds; this is after the year 2200, as milliseconds would be";
        found.demand(self.consent_timestamp < LATEST, "consentTimestamp", moment);
        for (field, text) in [
            ("jurisdiction", &self.jurisdiction),
            ("collectionMethod", &self.collection_method),
            ("consentReceiptID", &self.consent_receipt_id),
            ("piiPrincipalId", &self.pii_principal_id),
            ("policyUrl", &self.policy_url),
        ] {
            found.demand_text(text, field);
        }
        if let Some(key) = &self.public_key {
            let private = "holds a private key; whoever has it can sign receipts";
            found.demand(!key.contains("PRIVATE KEY"), "publicKey", private);
            let inside = "holds a key; a key inside a receipt proves nothing, the issuer's published keys do";
            found.advise(key.starts_with("https://") || key.starts_with("http://"), "publicKey", inside);
        }
    }

    fn check_sensitivity(&self, found: &mut Findings) {
        let reason = "must name the sensitive categories, because sensitive is true";
        found.demand(!self.sensitive || !self.spi_cat.is_empty(), "spiCat", reason);
        let reason = "names categories, although sensitive is false";
        found.advise(self.sensitive || self.spi_cat.is_empty(), "spiCat", reason);
    }

    /// All purposes of all services.
    pub fn purposes(&self) -> impl Iterator<Item = &Purpose> {
        self.services.iter().flat_map(|service| &service.purposes)
    }
}

impl PiiController {
    fn check(&self, at: &str, found: &mut Findings) {
        for (field, text) in [
            ("piiController", &self.pii_controller),
            ("contact", &self.contact),
            ("email", &self.email),
            ("phone", &self.phone),
        ] {
            found.demand_text(text, format!("{at}.{field}"));
        }
        found.advise(!self.address.is_empty(), format!("{at}.address"), "is empty");
        let form = format!("{:?} is no telephone number as RFC 3966 writes it (tel:+…)", self.phone);
        found.advise(self.phone.starts_with("tel:+"), format!("{at}.phone"), form);
    }
}

impl Service {
    fn check(&self, at: &str, found: &mut Findings) {
        found.demand_text(&self.service, format!("{at}.service"));
        found.demand(!self.purposes.is_empty(), format!("{at}.purposes"), "must not be empty");
        for (number, purpose) in self.purposes.iter().enumerate() {
            purpose.check(&format!("{at}.purposes[{number}]"), found);
        }
    }
}

impl Purpose {
    fn check(&self, at: &str, found: &mut Findings) {
        found.demand_text(&self.consent_type, format!("{at}.consentType"));
        found.demand_text(&self.termination, format!("{at}.termination"));
        found.advise(!self.purpose_category.is_empty(), format!("{at}.purposeCategory"), "is empty");
        found.advise(!self.pii_category.is_empty(), format!("{at}.piiCategory"), "is empty");
        let name = format!("{at}.thirdPartyName");
        match (self.third_party_disclosure, self.third_party_name.as_deref()) {
            (true, None) => found.demand(false, name, "must say who gets the data, because others do"),
            (true, Some(who)) => found.demand_text(who, name),
            (false, Some(_)) => found.advise(false, name, "names somebody, although nobody gets the data"),
            (false, None) => {}
        }
    }

    /// The categories of its data that are sensitive.
    pub(crate) fn sensitive_categories(&self) -> impl Iterator<Item = &String> {
        self.pii_category.iter().filter(|category| is_sensitive(category))
    }

    /// Whether it is about files that may hold anything.
    #[must_use]
    pub fn is_uncategorised(&self) -> bool {
        self.pii_category.iter().any(|category| category == categories::UNCATEGORISED)
    }
}

/// Why the members could not be read, with the place.
pub(crate) fn unread(error: &serde_path_to_error::Error<serde_json::Error>) -> Finding {
    let path = error.path().to_string();
    let field = if path == "." { String::new() } else { path };
    Finding { field, reason: error.inner().to_string() }
}

#[cfg(test)]
mod tests;
