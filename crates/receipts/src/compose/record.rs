//! The same facts as ISO/IEC TS 27560 has them.

use chrono::{DateTime, Utc};
use consent_contracts::{Access as Rights, Document, LawfulBasis};
use consent_core::Actor;

use super::{NOT_PROVIDED, Part, address, controller, legal_name, purposes::name_of, unknown_address};
use crate::{
    Access, Facts, ReceiptId,
    categories::{is_sensitive, is_special},
    moment::{duration, moment},
    record::{
        Header, Party, PiiInformation, Processing, RECEIPT_SCHEMA, RECORD_SCHEMA, Record, RecordEvent,
        Ts27560,
    },
};

/// How the platform is called in the record.
const PLATFORM: &str = "platform";

pub(super) fn ts27560(
    facts: &Facts<'_>,
    access: &Access,
    id: &ReceiptId,
    parts: &[Part],
    made: DateTime<Utc>,
) -> Ts27560 {
    let record = Record {
        header: Header {
            schema_version: RECORD_SCHEMA.to_owned(),
            record_id: access.record_id().to_owned(),
            pii_principal_id: facts.pseudonym.to_owned(),
        },
        pii_processing: parts.iter().map(|part| processing(facts, part)).collect(),
        parties: parties(facts),
        events: vec![event(facts, access)],
    };
    let schema_version = RECEIPT_SCHEMA.to_owned();
    Ts27560 { schema_version, receipt_id: id.clone(), created: moment(made), record }
}

fn processing(facts: &Facts<'_>, part: &Part) -> Processing {
    let document = &facts.contract.document;
    let disclosed = part.is_disclosed(document);
    let recipients = (1..=document.sharing.recipients.len()).map(third_party).filter(|_| disclosed);
    Processing {
        privacy_notice: document.policy_url.clone(),
        language: facts.language.to_owned(),
        purpose: part.text.clone(),
        lawful_basis: lawful_basis(document.lawful_basis).to_owned(),
        pii_information: information(part),
        pii_controllers: vec![facts.app.id.to_string()],
        collection_method: facts.collection_method.to_owned(),
        // Contracts do not say where an app keeps what it gets.
        storage_locations: vec![NOT_PROVIDED.to_owned()],
        retention_period: document.retention.period.clone(),
        service: document.name.clone(),
        jurisdiction: document.jurisdiction.clone(),
        recipient_third_parties: recipients.collect(),
        withdrawal_method: format!("{}/console", facts.issuer.url),
        privacy_rights: if part.is_main { rights(document) } else { vec![] },
    }
}

fn information(part: &Part) -> Vec<PiiInformation> {
    if part.objects.is_empty() {
        let pii_type = part.otherwise.to_owned();
        let sensitive = Some(pii_type.clone()).filter(|category| is_sensitive(category));
        return vec![PiiInformation {
            pii_type,
            pii_attribute_id: None,
            pii_optional: false,
            sensitive_pii_category: sensitive.into_iter().collect(),
            special_pii_category: vec![],
        }];
    }
    let object = |(object, categories): (&i64, &std::collections::BTreeSet<&'static str>)| {
        let that = |wanted: fn(&str) -> bool| {
            categories
                .iter()
                .filter(|category| wanted(category))
                .map(|category| (*category).to_owned())
                .collect()
        };
        PiiInformation {
            pii_type: name_of(*object),
            pii_attribute_id: Some(object.to_string()),
            pii_optional: !part.is_main,
            sensitive_pii_category: that(is_sensitive),
            special_pii_category: that(is_special),
        }
    };
    part.objects.iter().map(object).collect()
}

fn rights(document: &Document) -> Vec<String> {
    let forgotten = &document.right_to_be_forgotten;
    let may = if forgotten.implemented {
        "The app deletes on request"
    } else {
        "The app does not delete on request"
    };
    vec!["Stop, resume or end sharing at any time".to_owned(), format!("{may}: {}", forgotten.text)]
}

fn lawful_basis(basis: LawfulBasis) -> &'static str {
    match basis {
        LawfulBasis::Consent => "Consent",
        LawfulBasis::Contract => "Contract",
        LawfulBasis::LegalObligation => "LegalObligation",
        LawfulBasis::VitalInterests => "VitalInterest",
        LawfulBasis::PublicTask => "PublicInterest",
        LawfulBasis::LegitimateInterests => "LegitimateInterest",
    }
}

/// The app, the platform, and who else the contract names.
fn parties(facts: &Facts<'_>) -> Vec<Party> {
    let named = facts.contract.document.sharing.recipients.iter().enumerate();
    let others = named.map(|(at, name)| party(&third_party(at + 1), name, "ThirdParty"));
    [app(facts), platform(facts)].into_iter().chain(others).collect()
}

fn app(facts: &Facts<'_>) -> Party {
    let as_kantara = controller(facts.app);
    Party {
        party_address: address(facts.app),
        party_contact: as_kantara.contact,
        party_role: Some("asks for the data and answers for it".to_owned()),
        party_email: Some(as_kantara.email),
        party_url: as_kantara.pii_controller_url,
        party_phone: Some(as_kantara.phone),
        ..party(facts.app.id.as_str(), legal_name(facts.app), "DataController")
    }
}

fn platform(facts: &Facts<'_>) -> Party {
    let kind = match facts.contract.document.access {
        Rights::Read | Rights::ReadRaw => "DataSource",
        Rights::Write => "DataRecipient",
    };
    Party {
        party_contact: facts.issuer.url.clone(),
        party_role: Some("keeps the person's library for her, and issues this receipt".to_owned()),
        party_url: Some(facts.issuer.url.clone()),
        ..party(PLATFORM, &facts.issuer.name, kind)
    }
}

/// Somebody of whom nothing more is known.
fn party(id: &str, name: &str, kind: &str) -> Party {
    Party {
        party_id: id.to_owned(),
        party_name: name.to_owned(),
        party_address: unknown_address(),
        party_contact: NOT_PROVIDED.to_owned(),
        party_type: kind.to_owned(),
        party_role: None,
        party_email: None,
        party_url: None,
        party_phone: None,
    }
}

fn third_party(number: usize) -> String {
    format!("tp{number}")
}

fn event(facts: &Facts<'_>, access: &Access) -> RecordEvent {
    let ends_at = facts.grant.and_then(|grant| grant.expires_at);
    let validity_duration = match ends_at {
        _ if !access.state.is_open() => "PT0S".to_owned(),
        Some(at) => duration(at - facts.event.at),
        None => "until withdrawn".to_owned(),
    };
    let entity_id = match &facts.event.actor {
        Actor::Person(_) => facts.pseudonym.to_owned(),
        Actor::App(app) => app.to_string(),
        Actor::Operator => PLATFORM.to_owned(),
        Actor::Clock => "the passing of time".to_owned(),
    };
    RecordEvent {
        event_time: access.event.at.clone(),
        validity_duration,
        entity_id,
        event_type: "ExplicitlyExpressedConsent".to_owned(),
        event_state: access.event.state,
    }
}
