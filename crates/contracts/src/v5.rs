//! A contract in the form that digi.me's SDKs read (`protocol/digime.md` §11.2): their V5 certificate content.

use serde_json::{Map, Value, json};

use crate::{Access, App, Contract, Document};

/// Version of the form.
pub const V5_SCHEMA_VERSION: &str = "5.0.0";

/// The contract as V5 JSON; `x509` in `crypto` wraps it into a certificate.
#[must_use]
pub fn v5_json(app: &App, contract: &Contract) -> Value {
    let document = &contract.document;
    let mut root = json!({
        "name": document.name,
        "color": "#1b4965",
        "schemaVersion": V5_SCHEMA_VERSION,
        "revision": contract.version.to_string(),
        "resources": resources(app, document),
        "policies": {},
        "metadata": { "oAuth": { "deliveryMode": {
            "type": "redirect",
            "redirectUri": document.redirect_uris.first().map_or("", String::as_str),
        } } },
        "application": {
            "name": app.name,
            "partnerId": app.partner_id,
            "status": 1,
            "environment": 1,
            "revision": 1,
            "schemaVersion": V5_SCHEMA_VERSION,
            "resources": resources(app, document),
        },
        "partner": {
            "id": app.partner_id,
            "name": app.name,
            "visibility": "public",
            "environment": 1,
            "revision": 1,
            "schemaVersion": V5_SCHEMA_VERSION,
            "resources": resources(app, document),
        },
    });
    match document.access {
        Access::Read | Access::ReadRaw => root["dataRequest"] = data_request(app, document),
        Access::Write => root["dataPush"] = data_push(document),
    }
    root
}

/// What `permission-access/contract` calls the contract's access: `r` or `w`.
#[must_use]
pub fn access_type(access: Access) -> &'static str {
    match access {
        Access::Read | Access::ReadRaw => "r",
        Access::Write => "w",
    }
}

/// Links; those that do not exist are left out, never null.
fn resources(app: &App, document: &Document) -> Value {
    let links = [
        ("privacyPolicy", Some(&document.policy_url)),
        ("termsAndConditions", document.terms_url.as_ref()),
        ("terms", document.terms_url.as_ref()),
        ("homePage", app.website.as_ref()),
        ("logo", document.logo_url.as_ref()),
    ];
    let present = links.into_iter().filter_map(|(name, link)| Some((name.to_owned(), json!(link?))));
    Value::Object(present.collect::<Map<_, _>>())
}

fn data_request(app: &App, document: &Document) -> Value {
    let mut request = json!({
        "purpose": purpose(document),
        "disclaimer": promises(document),
        "dataImporter": { "name": app.name, "resources": resources(app, document) },
        "consentPolicy": { "description": consent_policy(document), "shareType": frequency(document) },
        "dataRetention": {
            "dataRetained": !document.retention.period.parse().is_ok_and(|p: crate::CalendarDuration| p.is_zero()),
            "description": document.retention.text,
        },
        "dataTransportPolicy": {
            "leavesDevice": true,
            "description": "Every file is encrypted for this app before it leaves, and only this app can open it.",
        },
        "externalSharePolicy": {
            "sharedExternally": document.sharing.third_parties,
            "description": document.sharing.text,
        },
        "gdpr": {
            "canRequestRightToBeForgotten": document.right_to_be_forgotten.implemented,
            "description": document.right_to_be_forgotten.text,
        },
        "serviceGroups": document.scope.service_groups,
        "timeRanges": document.scope.time_ranges,
    });
    if document.scope.time_ranges.is_empty() {
        request["timeRanges"] = json!([{ "type": "all" }]);
    }
    if document.access == Access::ReadRaw && !document.scope.criteria.is_empty() {
        request["criteria"] = json!(document.scope.criteria);
    }
    request
}

fn data_push(document: &Document) -> Value {
    json!({
        "type": "push",
        "purpose": purpose(document),
        "frequency": frequency(document),
        "content": document.will,
        // The SDKs spell it so.
        "disclamer": promises(document),
        "callbackUrl": document.redirect_uris.first().map_or("", String::as_str),
        "consentPolicy": consent_policy(document),
    })
}

fn purpose(document: &Document) -> String {
    format!("{}\n\n{}", document.purpose.summary, document.purpose.details)
}

fn promises(document: &Document) -> String {
    let lines = |intro: &str, lines: &[String]| format!("{intro}\n- {}", lines.join("\n- "));
    format!("{}\n\n{}", lines("We will:", &document.will), lines("We will not:", &document.will_not))
}

fn consent_policy(document: &Document) -> String {
    let lasts = document.grant_for.as_ref().map_or_else(
        || "Your consent lasts until you end it.".to_owned(),
        |grant_for| format!("Your consent lasts for {grant_for} (ISO 8601), or until you end it."),
    );
    if document.ongoing { lasts } else { "Your consent is for one time.".to_owned() }
}

fn frequency(document: &Document) -> &'static str {
    if document.ongoing { "ongoing" } else { "one-off" }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{Status, contract::tests::app, document::tests::sample, text_hash};

    fn v5(name: &str) -> Value {
        let document = sample(name);
        let contract = Contract {
            id: "con01hf7yat00000000000000001a".parse().unwrap(),
            app_id: app().id,
            version: 2,
            status: Status::Published { at: DateTime::UNIX_EPOCH },
            text_hash: text_hash(&app(), &document),
            document,
            created_at: DateTime::UNIX_EPOCH,
        };
        v5_json(&app(), &contract)
    }

    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(entries) => entries.iter().any(has_null),
            Value::Object(members) => members.values().any(has_null),
            _ => false,
        }
    }

    #[test]
    fn a_reading_contract_asks_and_a_writing_one_pushes() {
        let read = v5("read");
        assert_eq!((read["schemaVersion"].as_str(), read["revision"].as_str()), (Some("5.0.0"), Some("2")));
        assert!(read["dataRequest"].is_object() && read.get("dataPush").is_none());
        assert_eq!(read["dataRequest"]["timeRanges"], json!([{ "type": "all" }]));
        assert_eq!(v5("read-optional")["dataRequest"]["timeRanges"], json!([{ "last": "1y" }]));
        let write = v5("write");
        assert!(write["dataPush"].is_object() && write.get("dataRequest").is_none());
        assert_eq!((access_type(Access::ReadRaw), access_type(Access::Write)), ("r", "w"));
    }

    #[test]
    fn what_does_not_exist_is_left_out_and_never_null() {
        for name in ["read", "write", "read-raw", "read-optional"] {
            assert!(!has_null(&v5(name)), "{name}");
        }
    }
}
