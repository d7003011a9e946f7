//! Appending to chains.

use std::collections::BTreeSet;

use consent_core::{Actor, Ambient, AppId};
use consent_store::{Tx, batch};

use super::{
    consent::{Consents, Facts},
    heads::{Draft, Heads},
};
use crate::{
    Act, ChainId, ConsentEvent, Event, EventsError, NewConsentEvent, Payload,
    payload::Committed,
    row::{event, event_payload},
};

/// An event to be appended.
#[derive(Debug)]
pub struct NewEvent {
    /// None: that of the consent's subject.
    chain: Option<ChainId>,
    act: Act,
    actor: Actor,
    payload: Option<Payload>,
    consent: Option<(AppId, NewConsentEvent)>,
}

impl NewEvent {
    /// What was done, and by whom.
    #[must_use]
    pub fn new(chain: impl Into<ChainId>, act: Act, by: &Actor) -> Self {
        Self { chain: Some(chain.into()), act, actor: by.clone(), payload: None, consent: None }
    }

    /// The same with a payload that the event is committed to, such as an operator's reason.
    #[must_use]
    pub fn with_payload(self, payload: Payload) -> Self {
        Self { payload: Some(payload), ..self }
    }

    /// The same event also as a consent event in the log of an app. It stays in its chain, whoever the subject is.
    #[must_use]
    pub fn with_consent(self, app: &AppId, consent: NewConsentEvent) -> Self {
        Self { consent: Some((app.clone(), consent)), ..self }
    }

    /// What an app says, in the chain of its subject.
    #[must_use]
    pub fn recorded(app: &AppId, new: NewConsentEvent, by: &Actor) -> Self {
        let act = Act::ConsentRecorded { app: app.clone(), grant: new.grant.clone() };
        let chain = new.person.as_ref().map(ChainId::from);
        Self { chain, act, actor: by.clone(), payload: None, consent: Some((app.clone(), new)) }
    }

    pub(super) fn chain(&self) -> Option<&ChainId> {
        self.chain.as_ref()
    }

    pub(super) fn consent(&self) -> Option<&(AppId, NewConsentEvent)> {
        self.consent.as_ref()
    }
}

/// An event that was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The link of the chain.
    pub event: Event,
    /// What it is in the log of an app, where it was recorded there.
    pub consent: Option<ConsentEvent>,
}

/// Appends what was done to a chain.
///
/// Holds the chain until the transaction ends, so that appends by others wait; therefore do it late.
pub async fn append(
    tx: &Tx,
    chain: impl Into<ChainId>,
    act: Act,
    by: &Actor,
    ambient: &Ambient,
) -> Result<Event, EventsError> {
    append_one(tx, NewEvent::new(chain, act, by), ambient).await.map(|appended| appended.event)
}

/// Appends one event with whatever belongs to it, like [`append`].
pub async fn append_one(tx: &Tx, new: NewEvent, ambient: &Ambient) -> Result<Appended, EventsError> {
    let appended = append_all(tx, vec![new], ambient).await?.pop();
    Ok(appended.expect("of one event appended, one comes back"))
}

/// Appends many events in the given order, each to its own chain, with few statements; like [`append`].
pub async fn append_all(
    tx: &Tx,
    new: Vec<NewEvent>,
    ambient: &Ambient,
) -> Result<Vec<Appended>, EventsError> {
    let mut consents = Consents::lock(tx, &new, ambient).await?;
    let chains = new.iter().map(|new| Ok(consents.chain_of(new)?.to_string()));
    let mut heads = Heads::lock(tx, chains.collect::<Result<BTreeSet<_>, EventsError>>()?).await?;
    let mut rows = Rows::default();
    let mut appended = Vec::with_capacity(new.len());
    for new in new {
        appended.push(rows.append(new, &mut heads, &mut consents, ambient)?);
    }
    batch::insert::<event::Entity>(tx, rows.events).await?;
    batch::insert::<event_payload::Entity>(tx, rows.payloads).await?;
    heads.keep(tx).await?;
    consents.keep(tx).await?;
    Ok(appended)
}

#[derive(Default)]
struct Rows {
    events: Vec<event::Model>,
    payloads: Vec<event_payload::Model>,
}

impl Rows {
    fn append(
        &mut self,
        new: NewEvent,
        heads: &mut Heads,
        consents: &mut Consents,
        ambient: &Ambient,
    ) -> Result<Appended, EventsError> {
        let chain = consents.chain_of(&new)?;
        let facts = new.consent.map(|(app, new)| Facts::of(app, new.consent, ambient));
        let payload = match &facts {
            Some(facts) => Some(new.payload.unwrap_or_default().with_consent(facts.to_json())),
            None => new.payload,
        };
        let committed = payload.map(|payload| payload.commit(ambient));
        let at = consents.earliest(facts.as_ref(), ambient.now());
        let commitment = committed.as_ref().map(|committed| committed.commitment);
        let (event, body) = heads.link(Draft { chain, act: new.act, actor: new.actor, commitment, at })?;
        self.events.push(row_of(&event, body));
        self.payloads.extend(committed.map(|committed| payload_of(&event, committed)));
        let consent = facts.map(|facts| consents.record(facts, &event));
        Ok(Appended { event, consent })
    }
}

fn row_of(event: &Event, body: String) -> event::Model {
    event::Model {
        chain: event.chain.to_string(),
        seq: event.seq,
        id: event.id.to_string(),
        previous: event.previous.as_ref().map(ToString::to_string),
        act_type: event.act.kind().to_owned(),
        grant_id: event.act.grant().cloned(),
        contract_id: event.act.contract().cloned(),
        body,
        created_at: event.created_at,
    }
}

fn payload_of(event: &Event, committed: Committed) -> event_payload::Model {
    event_payload::Model {
        chain: event.chain.to_string(),
        seq: event.seq,
        salt: committed.salt.to_vec(),
        payload: committed.payload,
    }
}
