//! Writing a signal in the transaction of its cause.

use chrono::{DateTime, Utc};
use consent_core::Ambient;
use consent_crypto::{
    SigningPurpose,
    digest::{base64url, hex, sha256},
};
use consent_store::Tx;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{endpoints, insert, save};
use crate::{
    Delivery, Duty, Endpoint, Enqueued, Issuer, Kind, Method, NewSignal, Signal, SignalId, SignalsError,
    delivery::OPEN,
    escalation::Told,
    row,
    set::{Event, SetClaims, SubjectId},
};

const OWED: [&str; 5] = ["open", "accepted", "in_progress", "extended", "overdue"];

/// Writes and signs a signal. Once the transaction is committed it is sent, and offered to who polls, until the app
/// has it.
///
/// The caller holds the grant's row, so that nobody else tells the same app something about it meanwhile. Weaker
/// commands about the same grant that are still open are ended, those not sent yet never are.
pub async fn enqueue(
    tx: &Tx,
    new: NewSignal,
    from: &Issuer<'_>,
    ambient: &Ambient,
) -> Result<Enqueued, SignalsError> {
    if new.kind == Kind::Verification {
        return Err(SignalsError::invalid("kind", "a verification goes to an endpoint, not about a grant"));
    }
    let now = ambient.now();
    let endpoint = endpoints::shared_for(tx, &new.app, Some(&new.contract)).await?;
    refuse_unless_rising(tx, &new).await?;
    let id = SignalId::generate(ambient);
    let superseded = supersede(tx, &new, &id, now).await?;
    let terms = from.deadlines.terms(new.kind);
    let duty = terms.map(|terms| Duty::new(terms, new.kind.erases(), new.action_at, now));
    let event = event_of(&new, duty.as_ref(), from.status_url(&id));
    let pushed = endpoint.as_ref().is_some_and(Endpoint::is_pushed_to);
    let outline = Outline {
        kind: new.kind,
        txn: new.txn.clone(),
        action_at: new.action_at,
        subject: SubjectId::opaque(new.subject.clone()),
        event,
        due_at: pushed.then_some(now),
    };
    let signal = Signal {
        contract: Some(new.contract),
        grant: Some(new.grant),
        person: Some(new.person),
        subject: Some(new.subject),
        seq: Some(new.seq),
        endpoint: endpoint.map(|endpoint| endpoint.id),
        duty,
        ..outline.sign(id, new.app, from, now)?
    };
    insert(tx, &signal).await?;
    Ok(enqueued(signal, superseded))
}

/// Asks an endpoint whether it is there: a new one, one that was disabled, and every active one once a week. What is
/// left of an earlier question is withdrawn.
pub async fn enqueue_verification(
    tx: &Tx,
    endpoint: &Endpoint,
    from: &Issuer<'_>,
    ambient: &Ambient,
) -> Result<Enqueued, SignalsError> {
    let now = ambient.now();
    let endpoint = endpoints::ping(tx, endpoint, now).await?;
    endpoints::withdraw_verifications(tx, &endpoint.id, now).await?;
    let outline = Outline {
        kind: Kind::Verification,
        txn: base64url(&ambient.random::<16>()),
        action_at: now,
        subject: SubjectId::opaque(endpoint.id.to_string()),
        event: Event { state: Some(base64url(&ambient.random::<16>())), ..Event::default() },
        due_at: (endpoint.method != Method::Poll).then_some(now),
    };
    let signed = outline.sign(SignalId::generate(ambient), endpoint.app, from, now)?;
    let signal = Signal { contract: endpoint.contract, endpoint: Some(endpoint.id), ..signed };
    insert(tx, &signal).await?;
    Ok(enqueued(signal, Vec::new()))
}

async fn refuse_unless_rising(tx: &Tx, new: &NewSignal) -> Result<(), SignalsError> {
    let of_grant = row::signal::Entity::find().filter(row::signal::Column::GrantId.eq(new.grant.clone()));
    let highest: Option<i64> = of_grant
        .select_only()
        .column(row::signal::Column::Seq)
        .order_by_desc(row::signal::Column::Seq)
        .into_tuple()
        .one(tx)
        .await?;
    match highest.filter(|highest| new.seq <= *highest) {
        Some(highest) => Err(SignalsError::NotRising { grant: new.grant.clone(), seq: new.seq, highest }),
        None => Ok(()),
    }
}

/// Ends weaker commands about the same grant, and what the new one takes back.
async fn supersede(
    tx: &Tx,
    new: &NewSignal,
    by: &SignalId,
    now: DateTime<Utc>,
) -> Result<Vec<SignalId>, SignalsError> {
    let open = Condition::any()
        .add(row::signal::Column::Delivery.is_in(OPEN))
        .add(row::signal::Column::Obligation.is_in(OWED));
    let earlier = row::signal::Entity::find()
        .filter(row::signal::Column::GrantId.eq(new.grant.clone()))
        .filter(open)
        .order_by_asc(row::signal::Column::Seq)
        .lock_exclusive();
    let mut superseded = Vec::new();
    for row in earlier.all(tx).await? {
        let mut signal = Signal::try_from(row)?;
        if new.kind.supersedes(signal.kind) {
            signal.go(signal.delivery.clone().cancel(), now);
            signal.superseded_by = Some(by.clone());
            signal.release(now);
        } else if new.kind.takes_back() == Some(signal.kind) {
            signal.release(now);
        } else {
            continue;
        }
        save(tx, &signal).await?;
        superseded.push(signal.id);
    }
    Ok(superseded)
}

fn event_of(new: &NewSignal, duty: Option<&Duty>, status_url: String) -> Event {
    Event {
        consent_id: Some(new.grant.clone()),
        contract_id: Some(new.contract.clone()),
        receipt_id: new.receipt.clone(),
        scopes: new.scopes.clone(),
        seq: Some(new.seq),
        initiating_entity: Some(new.by),
        reason_user: new.reason.clone(),
        legal_basis: new.kind.legal_basis().iter().map(|&basis| basis.to_owned()).collect(),
        ack_by: duty.map(|duty| duty.ack_by),
        complete_by: duty.map(|duty| duty.complete_by),
        status_url: duty.map(|_| status_url),
        state: None,
    }
}

/// What every signal has, whether about a grant or about an endpoint.
struct Outline {
    kind: Kind,
    txn: String,
    action_at: DateTime<Utc>,
    subject: SubjectId,
    event: Event,
    due_at: Option<DateTime<Utc>>,
}

impl Outline {
    fn sign(
        self,
        id: SignalId,
        app: consent_core::AppId,
        from: &Issuer<'_>,
        now: DateTime<Utc>,
    ) -> Result<Signal, SignalsError> {
        let claims = SetClaims {
            iss: from.issuer.to_owned(),
            aud: app.clone(),
            iat: now.timestamp(),
            jti: id.clone(),
            toe: self.action_at.timestamp(),
            txn: self.txn.clone(),
            sub_id: self.subject,
            events: [(self.kind.event_type(from.issuer), self.event)].into(),
        };
        let key = from.keystore.signing(SigningPurpose::Signals);
        let jws = claims.sign(key).map_err(SignalsError::Sign)?;
        Ok(Signal {
            jws_sha256: hex(&sha256(jws.as_bytes())),
            jws,
            kid: key.kid.clone(),
            id,
            app,
            contract: None,
            grant: None,
            person: None,
            subject: None,
            kind: self.kind,
            seq: None,
            txn: self.txn,
            action_at: self.action_at,
            issued_at: now,
            delivery: Delivery::Queued { due_at: self.due_at },
            delivery_since: now,
            attempts: 0,
            endpoint: None,
            duty: None,
            superseded_by: None,
            told: Told::default(),
        })
    }
}

fn enqueued(signal: Signal, superseded: Vec<SignalId>) -> Enqueued {
    Enqueued {
        id: signal.id,
        kind: signal.kind,
        jws_sha256: signal.jws_sha256,
        kid: signal.kid,
        ack_by: signal.duty.map(|duty| duty.ack_by),
        complete_by: signal.duty.map(|duty| duty.complete_by),
        backstop_at: signal.duty.and_then(|duty| duty.backstop_at),
        superseded,
    }
}
