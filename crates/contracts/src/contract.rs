//! What one app asks for, for one purpose, and where in its life that is.

use chrono::{DateTime, Utc};
use consent_core::{AppId, ContractId};
use consent_crypto::digest;
use serde_json::{Value, json};

use crate::{App, ContractKey, ContractsError, Document, Held, Verb};

/// One version of what an app asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Its id, the same for all versions.
    pub id: ContractId,
    /// The app that asks.
    pub app_id: AppId,
    /// 1, 2, 3 …
    pub version: i32,
    /// Where in its life this version is.
    pub status: Status,
    /// The text.
    pub document: Document,
    /// What a person sees of it, hashed ([`text_hash`]); a grant is pinned to this.
    pub text_hash: String,
    /// When this version was written.
    pub created_at: DateTime<Utc>,
}

/// Where in its life a version of a contract is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Being written; nobody can be asked yet.
    Draft,
    /// Put before people, and never changed again.
    Published {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Over, with all versions of its contract.
    Retired {
        /// Since when.
        at: DateTime<Utc>,
    },
}

/// What a new text does to a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// It takes the place of the draft.
    Replaces,
    /// It becomes the draft of the next version.
    Follows,
}

/// An app that may ask, with the contract under which it does.
#[derive(Debug, Clone)]
pub struct Client {
    /// The app, registered.
    pub app: App,
    /// The published version of the contract.
    pub contract: Contract,
    /// The versions that were published before, oldest first.
    pub earlier: Vec<Contract>,
    /// All keys of the contract, oldest first, those that are over included.
    pub keys: Vec<ContractKey>,
    /// Rises whenever the database changes anything of this.
    pub revision: i64,
}

impl Status {
    /// The word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published { .. } => "published",
            Self::Retired { .. } => "retired",
        }
    }

    /// What a new text does to a contract whose newest version has this status.
    pub fn revise(self) -> Result<Revision, ContractsError> {
        match self {
            Self::Draft => Ok(Revision::Replaces),
            Self::Published { .. } => Ok(Revision::Follows),
            from @ Self::Retired { .. } => Err(from.refuses(Verb::Revise)),
        }
    }

    /// Puts the draft before people.
    pub fn publish(self, at: DateTime<Utc>) -> Result<Self, ContractsError> {
        match self {
            Self::Draft => Ok(Self::Published { at }),
            from @ (Self::Published { .. } | Self::Retired { .. }) => Err(from.refuses(Verb::Publish)),
        }
    }

    /// Ends what was published.
    pub fn retire(self, at: DateTime<Utc>) -> Result<Self, ContractsError> {
        match self {
            Self::Published { .. } => Ok(Self::Retired { at }),
            from @ (Self::Draft | Self::Retired { .. }) => Err(from.refuses(Verb::Retire)),
        }
    }

    pub(crate) fn refuses(self, verb: Verb) -> ContractsError {
        ContractsError::Refused { verb, from: self.name() }
    }
}

impl Contract {
    /// What the app calls itself on the wire.
    #[must_use]
    pub fn client_id(&self) -> String {
        client_id(&self.app_id, &self.id)
    }
}

impl Client {
    /// The keys whose signatures are believed, oldest first.
    pub fn keys_at(&self, now: DateTime<Utc>) -> impl Iterator<Item = &ContractKey> {
        self.keys.iter().filter(move |key| key.may_sign_at(now))
    }

    /// What holds for somebody who agreed to this version; none where it was never published.
    #[must_use]
    pub fn held(&self, agreed: i32) -> Option<Held<'_>> {
        Held::of(self.earlier.iter().chain([&self.contract]), agreed)
    }

    /// The key to seal for when no request was signed.
    #[must_use]
    pub fn newest_key_at(&self, now: DateTime<Utc>) -> Option<&ContractKey> {
        self.keys_at(now).last()
    }

    /// The key of this name, if files may be sealed for it.
    #[must_use]
    pub fn sealing_key(&self, kid: &str, now: DateTime<Utc>) -> Option<&ContractKey> {
        self.keys.iter().find(|key| key.kid == kid && key.may_seal_at(now))
    }

    /// Whether people may be sent back to this address, compared letter by letter.
    #[must_use]
    pub fn has_redirect_uri(&self, uri: &str) -> bool {
        self.contract.document.redirect_uris.iter().any(|known| known == uri)
    }
}

/// Whether some contract could have this `client_id`; no database is asked for text that it could not even compare.
#[must_use]
pub fn may_be_client_id(text: &str) -> bool {
    text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What an app calls itself on the wire under one of its contracts.
#[must_use]
pub fn client_id(app: &AppId, contract: &ContractId) -> String {
    format!("{app}_{contract}")
}

/// Exactly what a person sees: the document without keys and machine addresses, and who asks.
#[must_use]
pub fn shown(app: &App, document: &Document) -> Value {
    let mut document = serde_json::to_value(document).expect("a document is text, numbers and lists");
    if let Some(members) = document.as_object_mut() {
        for unseen in ["publicKey", "redirectUris", "signalEndpoint"] {
            members.remove(unseen);
        }
    }
    let App { name, partner_id, contact, description, website, .. } = app;
    let app = json!({
        "name": name, "partnerId": partner_id, "contact": contact, "description": description, "website": website,
    });
    json!({ "app": app, "document": document })
}

/// SHA-256 (hexadecimal) over the canonical JSON (RFC 8785) of [`shown`]; a grant is pinned to it.
#[must_use]
pub fn text_hash(app: &App, document: &Document) -> String {
    let canonical = digest::canonical_json(&shown(app, document)).expect("text, numbers and lists have one");
    digest::hex(&digest::sha256(&canonical))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{AppStage, document::tests::sample};

    pub(crate) fn app() -> App {
        App {
            id: "app01hf7yat00000000000000001a".parse().unwrap(),
            name: "Tidemark".to_owned(),
            partner_id: "app01hf7yat00000000000000001a".to_owned(),
            contact: "privacy@tidemark.example".to_owned(),
            description: None,
            website: None,
            controller: None,
            stage: AppStage::Registered,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    /// Changes one value to another of its kind.
    fn changed(value: &Value) -> Value {
        match value {
            Value::Null => Value::Null,
            Value::Bool(flag) => json!(!flag),
            Value::Number(number) => json!(number.as_i64().unwrap_or_default() + 1),
            Value::String(text) => json!(format!("{text}x")),
            Value::Array(entries) => Value::Array(entries.iter().skip(1).cloned().collect()),
            Value::Object(_) => json!({}),
        }
    }

    /// Pointers to everything inside a document that is not itself an object.
    fn pointers(prefix: &str, value: &Value) -> Vec<String> {
        match value {
            Value::Object(members) => members
                .iter()
                .flat_map(|(name, member)| pointers(&format!("{prefix}/{name}"), member))
                .collect(),
            Value::Array(entries) => {
                let inner = entries
                    .iter()
                    .enumerate()
                    .flat_map(|(at, entry)| pointers(&format!("{prefix}/{at}"), entry));
                if entries.is_empty() { vec![] } else { inner.chain([prefix.to_owned()]).collect() }
            }
            _ => vec![prefix.to_owned()],
        }
    }

    #[test]
    fn changing_anything_a_person_sees_changes_the_hash() {
        let mut document = sample("read-optional");
        document.signal_endpoint = Some("https://app.example/signals".to_owned());
        document.grant_for = Some("P1Y".to_owned());
        let hash = text_hash(&app(), &document);
        let value = serde_json::to_value(&document).unwrap();
        let mut compared = 0;
        for pointer in pointers("", &value) {
            let mut other = value.clone();
            let place = other.pointer_mut(&pointer).unwrap();
            *place = match pointer.as_str() {
                "/access" => json!("write"),
                "/lawfulBasis" => json!("contract"),
                "/scope/timeRanges/0/last" => json!("2y"),
                _ => changed(place),
            };
            let other: Document =
                serde_json::from_value(other).unwrap_or_else(|error| panic!("{pointer}: {error}"));
            let unseen =
                ["/publicKey", "/redirectUris", "/signalEndpoint"].iter().any(|p| pointer.starts_with(p));
            assert_eq!(text_hash(&app(), &other) == hash, unseen, "{pointer}");
            compared += 1;
        }
        assert!(compared > 40, "{compared}");
        for change in [
            |app: &mut App| app.name.push('x'),
            |app: &mut App| app.partner_id.push('x'),
            |app: &mut App| app.contact.push('x'),
            |app: &mut App| app.description = Some("x".to_owned()),
            |app: &mut App| app.website = Some("https://tidemark.example/".to_owned()),
        ] {
            let mut other = app();
            change(&mut other);
            assert_ne!(text_hash(&other, &document), hash);
        }
    }

    #[test]
    fn a_contract_is_drafted_published_and_retired_in_this_order() {
        let at = DateTime::UNIX_EPOCH;
        let published = Status::Draft.publish(at).unwrap();
        let retired = published.retire(at).unwrap();
        assert_eq!(Status::Draft.revise().unwrap(), Revision::Replaces);
        assert_eq!(published.revise().unwrap(), Revision::Follows);
        assert!(Status::Draft.retire(at).is_err() && published.publish(at).is_err());
        assert!(retired.revise().is_err() && retired.publish(at).is_err() && retired.retire(at).is_err());
    }
}
