//! The consent event log: what apps record, each event also a link of a chain.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use consent_core::{Actor, Ambient, AppId};
use consent_store::{StoreError, Tx, batch};
use sea_orm::sea_query::OnConflict;
use serde::{Deserialize, Serialize};

use super::{
    append::{NewEvent, append_all},
    heads::no_earlier_than,
    streams::{self, Mark},
};
use crate::{
    ChainId, Consent, ConsentEvent, Event, EventsError, NewConsentEvent, Token,
    consent::{Key, Keys, subject_key},
    row::{consent_event, consent_subject},
};

/// Records consent events in an app's log, all or none, in the given order. An event whose subject is a person of ours
/// goes into her own chain, others into the chain of their subject.
///
/// Locks the subjects before the chains: whoever also appends in the same transaction records first.
pub async fn record(
    tx: &Tx,
    app: &AppId,
    events: Vec<NewConsentEvent>,
    by: &Actor,
    ambient: &Ambient,
) -> Result<Vec<ConsentEvent>, EventsError> {
    let new = events.into_iter().map(|event| NewEvent::recorded(app, event, by)).collect();
    let appended = append_all(tx, new, ambient).await?;
    Ok(appended.into_iter().filter_map(|appended| appended.consent).collect())
}

/// What of a consent event is its payload.
#[derive(Serialize, Deserialize)]
struct Said<C> {
    #[serde(flatten)]
    consent: C,
    token: Token,
}

/// The consent and the token that the payload of a consent event holds.
pub(super) fn read_facts(json: serde_json::Value) -> Option<(Consent, Token)> {
    let said: Said<Consent> = serde_json::from_value(json).ok()?;
    Some((said.consent, said.token))
}

/// A consent event that is about to be linked.
pub(super) struct Facts {
    app: AppId,
    consent: Consent,
    token: Token,
    keys: Keys,
}

impl Facts {
    pub(super) fn of(app: AppId, consent: Consent, ambient: &Ambient) -> Self {
        Self { token: Token::generate(ambient), keys: Keys::of(&app, &consent), app, consent }
    }

    pub(super) fn to_json(&self) -> serde_json::Value {
        let said = Said { consent: &self.consent, token: self.token.clone() };
        serde_json::to_value(said).expect("texts and times are JSON")
    }
}

/// The subjects of the consent events of one transaction, which nobody else records about until it ends.
#[derive(Default)]
pub(super) struct Consents {
    subjects: BTreeMap<Key, consent_subject::Model>,
    rows: Vec<consent_event::Model>,
    marks: Vec<Mark>,
}

impl Consents {
    /// Checks all consent events among `new` and locks their subjects.
    pub(super) async fn lock(tx: &Tx, new: &[NewEvent], ambient: &Ambient) -> Result<Self, EventsError> {
        let mut wanted = BTreeMap::new();
        for (app, new) in new.iter().filter_map(NewEvent::consent) {
            new.consent.check()?;
            let subject = new.consent.subject.as_str();
            wanted.insert(subject_key(app, subject), (app, subject));
        }
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let keys: BTreeSet<Key> = wanted.keys().cloned().collect();
        let make = |key: &Key| {
            let (app, subject) = wanted[key];
            let salt = ambient.random();
            let digest = ChainId::digest_of_subject(&salt, subject);
            let chain = ChainId::Subject { app: app.clone(), digest }.to_string();
            consent_subject::Model { subject_key: key.clone(), chain, salt: salt.to_vec(), at: None }
        };
        let column = consent_subject::Column::SubjectKey;
        let rows = batch::lock_or_make::<consent_subject::Entity, _>(tx, column, &keys, make).await?;
        let subjects = rows.into_iter().map(|row| (row.subject_key.clone(), row)).collect();
        Ok(Self { subjects, ..Self::default() })
    }

    /// The chain that an event goes into.
    pub(super) fn chain_of(&self, new: &NewEvent) -> Result<ChainId, EventsError> {
        if let Some(chain) = new.chain() {
            return Ok(chain.clone());
        }
        let subject = new.consent().and_then(|(app, new)| {
            let key = subject_key(app, &new.consent.subject);
            self.subjects.get(&key)
        });
        let chain = subject.and_then(|subject| subject.chain.parse().ok());
        chain.ok_or_else(|| StoreError::corrupt("consent_subject", "of a consent event").into())
    }

    /// When an event happens: later than all others of its subject.
    pub(super) fn earliest(&self, facts: Option<&Facts>, now: DateTime<Utc>) -> DateTime<Utc> {
        let subject = facts.and_then(|facts| self.subjects.get(&facts.keys.subject));
        no_earlier_than(subject.and_then(|subject| subject.at), 1, now)
    }

    /// Notes the consent event that a link was made of.
    pub(super) fn record(&mut self, facts: Facts, event: &Event) -> ConsentEvent {
        if let Some(subject) = self.subjects.get_mut(&facts.keys.subject) {
            subject.at = Some(event.created_at);
        }
        self.rows.push(row_of(&facts, event));
        self.marks.push(Mark::of(&facts.app, &facts.consent, facts.keys, event));
        ConsentEvent {
            id: event.id.clone(),
            chain: event.chain.clone(),
            seq: event.seq,
            app: facts.app,
            consent: facts.consent,
            token: facts.token,
            created_at: event.created_at,
        }
    }

    /// Writes what was noted.
    pub(super) async fn keep(self, tx: &Tx) -> Result<(), EventsError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        batch::insert::<consent_event::Entity>(tx, self.rows).await?;
        let newest = OnConflict::column(consent_subject::Column::SubjectKey)
            .update_column(consent_subject::Column::At)
            .to_owned();
        let subjects = self.subjects.into_values().collect();
        batch::upsert::<consent_subject::Entity>(tx, subjects, &newest).await?;
        streams::note(tx, self.marks).await
    }
}

fn row_of(facts: &Facts, event: &Event) -> consent_event::Model {
    let keys = facts.keys.clone();
    consent_event::Model {
        chain: event.chain.to_string(),
        seq: event.seq,
        app_id: facts.app.clone(),
        subject_key: keys.subject,
        target_key: keys.target,
        scope_key: keys.scope,
        issuer_key: keys.issuer,
        vault_key: keys.vault,
        stream_key: keys.stream,
        token: facts.token.as_str().to_owned(),
        action: facts.consent.action,
        created_at: event.created_at,
    }
}
