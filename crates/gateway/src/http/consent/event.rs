//! An event as it is answered: the members of the protocol and no others, as strict readers forbid more.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use consent_events::{ConsentEvent, ConsentType};
use serde::Serialize;

use super::Version;

/// An event (`protocol/signatu-consent-api.md` §4).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventJson {
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegate: Option<String>,
    action: Option<bool>,
    id: String,
    /// Version 0 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    created_at: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<ConsentType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vault_id: Option<String>,
}

impl EventJson {
    pub(super) fn new(event: ConsentEvent, version: Version) -> Self {
        let consent = event.consent;
        Self {
            subject: consent.subject,
            issuer: consent.issuer,
            target: consent.target,
            source: consent.source,
            scope: consent.scope,
            delegate: consent.delegate,
            action: consent.action,
            id: event.id.to_string(),
            token: (version == Version::V0).then(|| event.token.as_str().to_owned()),
            created_at: moment(event.created_at),
            kind: consent.kind,
            metadata: consent.metadata,
            refresh_at: consent.refresh_at.map(moment),
            vault_id: consent.vault_id,
        }
    }
}

/// Clients compare times as texts: always three decimals and `Z`.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
