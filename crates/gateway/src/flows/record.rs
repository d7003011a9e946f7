//! What a change of a grant leaves behind, in the transaction that makes it: a link of the person's chain that is also
//! a consent event of the app, a receipt, and a signal to the app.

use std::collections::BTreeMap;

use consent_contracts::{App, Client, Contract};
use consent_core::{Actor, PersonId};
use consent_crypto::{SigningPurpose, digest::hex_decode};
use consent_events::{Act, Consent, Event, NewConsentEvent, NewEvent, Payload};
use consent_grants::{Grant, Stage};
use consent_receipts::{Change, EventFacts, Facts, Receipt};
use consent_signals::NewSignal;
use consent_store::{StoreError, Tx};

use super::{By, FlowError};
use crate::platform::Platform;

/// What people are asked in.
const LANGUAGE: &str = "en";

/// What happened to a grant.
pub(super) struct Happened<'a> {
    act: Act,
    by: By<'a>,
    /// What its receipt says; none where the consent stays as it is.
    change: Option<Change>,
    /// What the app is told.
    signal: Option<consent_signals::Kind>,
    /// Who asks, and for what, where it was read before.
    asks: Option<&'a Client>,
}

impl<'a> Happened<'a> {
    /// Something that only the chain speaks of.
    pub(super) fn new(act: Act, by: By<'a>) -> Self {
        Self { act, by, change: None, signal: None, asks: None }
    }

    /// With a receipt about it.
    pub(super) fn receipt(self, change: Change) -> Self {
        Self { change: Some(change), ..self }
    }

    /// About a contract that was read before, in the version of the grant.
    pub(super) fn asked_by(self, client: &'a Client) -> Self {
        Self { asks: Some(client), ..self }
    }

    /// With a signal to the app.
    pub(super) fn signal(self, kind: consent_signals::Kind) -> Self {
        Self { signal: Some(kind), ..self }
    }
}

/// Writes down what happened to a grant, as it stands after it.
///
/// Holds the person's chain until the transaction ends; therefore it comes last.
pub(super) async fn record(
    platform: &Platform,
    tx: &Tx,
    grant: &Grant,
    happened: Happened<'_>,
) -> Result<(), FlowError> {
    // On the heap, as it would make every flow that ends with it large.
    Box::pin(leave_behind(platform, tx, grant, happened)).await?;
    let (id, stage) = (&grant.id, grant.stage);
    tracing::info!(grant.id = %id, contract.id = %grant.contract, "grant {id} is {stage}");
    Ok(())
}

async fn leave_behind(
    platform: &Platform,
    tx: &Tx,
    grant: &Grant,
    happened: Happened<'_>,
) -> Result<(), FlowError> {
    let Happened { act, by, change, signal, asks } = happened;
    let mut new = NewEvent::new(&grant.person, act, by.actor);
    if let Some(reason) = by.reason {
        new = new.with_payload(Payload::because(reason));
    }
    if change.is_none() && signal.is_none() {
        consent_events::append_one(tx, new, &platform.ambient).await?;
        return Ok(());
    }
    let about = match asks {
        Some(Client { app, contract, .. }) => {
            About::new(platform, &grant.person, app.clone(), contract.clone(), Some(grant))
        }
        None => About::grant(platform, tx, grant).await?,
    };
    let event = about.link(platform, tx, new, change.as_ref()).await?;
    about.follow(platform, tx, &event, Consequences { by, change, signal }).await
}

/// Writes down what follows from the end of a grant that its app recorded: the link is appended already, and is the app's
/// consent event as well. A receipt, and a signal like any other.
pub(super) async fn follow_revocation(
    platform: &Platform,
    tx: &Tx,
    grant: &Grant,
    event: &Event,
    by: By<'_>,
) -> Result<(), FlowError> {
    let about = About::grant(platform, tx, grant).await?;
    let kind = consent_signals::Kind::ConsentRevoked;
    let consequences = Consequences { by, change: Some(Change::Revoked), signal: Some(kind) };
    Box::pin(about.follow(platform, tx, event, consequences)).await?;
    let (id, stage) = (&grant.id, grant.stage);
    tracing::info!(grant.id = %id, contract.id = %grant.contract, "grant {id} is {stage}, by its app");
    Ok(())
}

/// Who an app's log says asks for consent to its contracts.
pub(super) fn issuer_of(app: &App) -> &str {
    app.website.as_deref().unwrap_or(&app.name)
}

/// What there is besides the link about a change.
struct Consequences<'a> {
    by: By<'a>,
    change: Option<Change>,
    signal: Option<consent_signals::Kind>,
}

/// Writes down that a person said no: no grant came of it.
pub(super) async fn record_no(
    platform: &Platform,
    tx: &Tx,
    person: &PersonId,
    client: &Client,
) -> Result<(), FlowError> {
    let (app, contract) = (client.app.clone(), client.contract.clone());
    let act = Act::Declined {
        app: app.id.clone(),
        contract: contract.id.clone(),
        version: contract.version,
        text_hash: hash_bytes(&contract.text_hash)?,
    };
    let new = NewEvent::new(person, act, &Actor::Person(person.clone()));
    let about = About::new(platform, person, app, contract, None);
    Box::pin(async {
        let event = about.link(platform, tx, new, Some(&Change::Declined)).await?;
        about.prove(platform, tx, &event, Change::Declined).await
    })
    .await?;
    Ok(())
}

/// What an event is about.
struct About<'a> {
    person: &'a PersonId,
    /// The name under which the app knows her.
    pseudonym: String,
    app: App,
    contract: Contract,
    grant: Option<&'a Grant>,
}

impl<'a> About<'a> {
    fn new(
        platform: &Platform,
        person: &'a PersonId,
        app: App,
        contract: Contract,
        grant: Option<&'a Grant>,
    ) -> Self {
        let pseudonym = platform.pseudonym(&app.partner_id, person);
        Self { person, pseudonym, app, contract, grant }
    }

    /// What a grant is, with its app and the version of the contract that it is pinned to.
    async fn grant(platform: &Platform, tx: &Tx, grant: &'a Grant) -> Result<Self, FlowError> {
        let app = consent_contracts::find_app(tx, &grant.app).await?;
        let contract = consent_contracts::find_version(tx, &grant.contract, grant.version).await?;
        Ok(Self::new(platform, &grant.person, app, contract, Some(grant)))
    }

    /// Appends the event, which is one of the app's consent events as well where there is a change to speak of.
    async fn link(
        &self,
        platform: &Platform,
        tx: &Tx,
        mut new: NewEvent,
        change: Option<&Change>,
    ) -> Result<Event, FlowError> {
        if let Some(change) = change {
            new = new.with_consent(&self.app.id, self.consent_event(platform, change));
        }
        Ok(consent_events::append_one(tx, new, &platform.ambient).await?.event)
    }

    /// Issues the receipt about an event.
    async fn prove(
        &self,
        platform: &Platform,
        tx: &Tx,
        event: &Event,
        change: Change,
    ) -> Result<Receipt, FlowError> {
        let facts = Facts {
            issuer: &platform.receipt_issuer(),
            person: self.person,
            pseudonym: &self.pseudonym,
            app: &self.app,
            contract: &self.contract,
            grant: self.grant,
            change,
            event: EventFacts {
                id: event.id.to_string(),
                previous: event.previous.as_ref().map(ToString::to_string),
                seq: event.seq,
                at: event.created_at,
                actor: event.actor.clone(),
            },
            collection_method: consent_receipts::CONSENT_PAGE,
            language: LANGUAGE,
        };
        let key = platform.keys.signing(SigningPurpose::Receipts);
        Ok(consent_receipts::issue(tx, &facts, key, &platform.ambient).await?)
    }

    /// The receipt about an event of a grant, and the signal to its app.
    async fn follow(
        self,
        platform: &Platform,
        tx: &Tx,
        event: &Event,
        Consequences { by, change, signal }: Consequences<'_>,
    ) -> Result<(), FlowError> {
        let receipt = match change {
            Some(change) => Some(self.prove(platform, tx, event, change).await?),
            None => None,
        };
        let (Some(kind), Some(grant)) = (signal, self.grant) else { return Ok(()) };
        let signal = NewSignal {
            app: grant.app.clone(),
            contract: grant.contract.clone(),
            grant: grant.id.clone(),
            person: grant.person.clone(),
            subject: self.pseudonym,
            kind,
            seq: grant.seq,
            txn: by.txn.unwrap_or(event.id.as_str()).to_owned(),
            action_at: event.created_at,
            by: by.actor.into(),
            reason: BTreeMap::new(),
            receipt: receipt.map(|receipt| receipt.id.to_string()),
            scopes: vec![grant.contract.to_string()],
        };
        tell(platform, tx, grant, signal, by.actor).await
    }

    /// The change as the app's own log of consents has it: who, to which policy, under which contract, yes or no.
    fn consent_event(&self, platform: &Platform, change: &Change) -> NewConsentEvent {
        let target = &self.contract.document.policy_url;
        let mut consent = Consent::new(&self.pseudonym, target, Some(is_yes(change, self.grant)));
        consent.issuer = Some(issuer_of(&self.app).to_owned());
        consent.scope = self.contract.id.to_string();
        consent.source = Some(platform.public_url.clone());
        let grant = self.grant.map(|grant| grant.id.clone());
        NewConsentEvent { consent, person: Some(self.person.clone()), grant }
    }
}

/// Whether data flows after a change.
fn is_yes(change: &Change, grant: Option<&Grant>) -> bool {
    match change {
        Change::Given | Change::Resumed => true,
        Change::Changed(_) => grant.is_some_and(|grant| grant.stage == Stage::Active),
        Change::Declined
        | Change::Stopped
        | Change::Expired
        | Change::Revoked
        | Change::ErasureAsked
        | Change::ErasureCancelled
        | Change::ErasureAnswered(_) => false,
    }
}

/// Queues a signal, and notes in the chain what was signed.
async fn tell(
    platform: &Platform,
    tx: &Tx,
    grant: &Grant,
    signal: NewSignal,
    by: &Actor,
) -> Result<(), FlowError> {
    let status_base = platform.status_base(&grant.app);
    let issuer = platform.signal_issuer(&status_base);
    let queued = consent_signals::enqueue(tx, signal, &issuer, &platform.ambient).await?;
    let act = Act::Signalled {
        grant: grant.id.clone(),
        signal: queued.id.to_string(),
        set_hash: hash_bytes(&queued.jws_sha256)?,
        kid: queued.kid,
    };
    consent_events::append(tx, &grant.person, act, by, &platform.ambient).await?;
    Ok(())
}

/// The 32 bytes that 64 hexadecimal digits spell.
pub(super) fn hash_bytes(hex: &str) -> Result<[u8; 32], FlowError> {
    let bytes = hex_decode(hex).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| StoreError::corrupt("a hash", hex).into())
}
