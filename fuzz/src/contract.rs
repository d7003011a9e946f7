//! Contract documents: one that can be put before people survives being stored, reads the same to everybody,
//! and sends nobody where it does not say.

use chrono::{DateTime, Utc};
use consent_contracts::{App, AppStage, Contract, Document, Policy, Status, shown, text_hash, v5_json};
use consent_crypto::{RsaPublicKey, x509};
use serde_json::Value;
use url::Url;

use crate::keys::APP;

const STRICT: Policy = Policy { sandbox: false };
const SANDBOX: Policy = Policy { sandbox: true };

/// A document as JSON.
pub fn check(data: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Document>(data) else { return };
    let stored = serde_json::to_value(&document).expect("a document is JSON");
    assert_eq!(serde_json::from_value::<Document>(stored).expect("it was stored"), document);
    let text = serde_json::to_string(&document).expect("a document is JSON");
    let again: Document = serde_json::from_str(&text).expect("it was written");
    assert_eq!(again, document);
    let _ = document.grant_ends_at(DateTime::<Utc>::MAX_UTC);
    let strict = document.validate(&STRICT).ok();
    let Ok(key) = document.validate(&SANDBOX) else {
        return assert_eq!(strict, None, "a sandbox is not stricter");
    };
    assert!(strict.is_none_or(|strict| strict == key));
    assert_eq!(RsaPublicKey::parse_pem(&again.public_key), Ok(key));
    assert!(!has_null(&serde_json::to_value(&document).expect("JSON")), "a database cannot keep it");
    published(&document, &again);
    bounded(&document);
    document.redirect_uris.iter().for_each(|uri| plain(uri));
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(entries) => entries.iter().any(has_null),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_null(value)),
        _ => false,
    }
}

fn app() -> App {
    App {
        id: "app01ktzzzzzzzzzzzzzzzzzzzzzz".parse().expect("an id"),
        name: "Tidemark".to_owned(),
        partner_id: "tidemark".to_owned(),
        contact: "privacy@app.example".to_owned(),
        description: None,
        website: Some("https://app.example".to_owned()),
        controller: None,
        stage: AppStage::Registered,
        created_at: DateTime::UNIX_EPOCH,
    }
}

/// The hash is of what is seen; what the SDKs read can be made of every contract.
fn published(document: &Document, again: &Document) {
    let app = app();
    let hash = text_hash(&app, document);
    assert_eq!(hash, text_hash(&app, again));
    let unseen =
        Document { public_key: String::new(), redirect_uris: vec![], signal_endpoint: None, ..again.clone() };
    assert_eq!(hash, text_hash(&app, &unseen));
    let renamed = Document { name: format!("{} ", document.name), ..again.clone() };
    assert_ne!(hash, text_hash(&app, &renamed));
    assert!(shown(&app, document)["document"]["name"].is_string());
    let contract = Contract {
        id: "con01ktzzzzzzzzzzzzzzzzzzzzzz".parse().expect("an id"),
        app_id: app.id.clone(),
        version: 1,
        status: Status::Published { at: DateTime::UNIX_EPOCH },
        document: document.clone(),
        text_hash: hash,
        created_at: DateTime::UNIX_EPOCH,
    };
    let json = v5_json(&app, &contract).to_string();
    let (from, until) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
    x509::contract_certificate(&APP, &json, contract.id.as_str(), from, until).expect("it can be certified");
}

/// What cannot be left out is part of what is asked for, and a grant ends after it began.
fn bounded(document: &Document) {
    let now = DateTime::from_timestamp(1_780_315_200, 0).expect("a moment");
    assert_eq!(document.required_scope().refuse_beyond(&document.scope, now), Ok(()));
    for from in [DateTime::<Utc>::MIN_UTC, now, DateTime::<Utc>::MAX_UTC] {
        assert!(
            document.grant_ends_at(from).is_none_or(|end| end > from || from == DateTime::<Utc>::MAX_UTC)
        );
    }
}

/// A browser goes where the letters say.
fn plain(uri: &str) {
    let url = Url::parse(uri).expect("an address");
    assert_eq!(Some(url.scheme()), uri.split_once(':').map(|(scheme, _)| scheme));
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{uri}");
    let Some(rest) =
        uri.strip_prefix(&format!("{}://", url.scheme())).filter(|_| url.scheme().starts_with("http"))
    else {
        return;
    };
    let host = url.host_str().expect("a web address has a host");
    let said = rest.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase();
    // Numbers are written in many ways, all of them addresses.
    let named =
        said.rsplit('.').next().is_some_and(|label| label.starts_with(|c: char| c.is_ascii_alphabetic()));
    assert!(
        !named || said == host || said.strip_prefix(host).is_some_and(|port| port.starts_with(':')),
        "{uri}"
    );
    assert!(url.scheme() == "https" || ["127.0.0.1", "[::1]", "localhost"].contains(&host), "{uri}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_goes_to_its_end_for_what_apps_hand_in() {
        for seed in ["read", "read-raw", "read-optional", "write", "short", "short-raw"] {
            let path = format!("{}/seeds/contract/{seed}", env!("CARGO_MANIFEST_DIR"));
            let document: Document = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            assert!(document.validate(&SANDBOX).is_ok(), "{seed}");
        }
    }
}
