//! The rows of signals, endpoints, attempts and reports.
//!
//! Whoever locks an endpoint and signals locks the endpoint first.

mod claim;
mod endpoints;
mod enqueue;
mod escalate;
mod outcome;
mod overview;
mod polling;
mod reading;
mod reports;
mod settled;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use consent_store::{Migration, StoreError, Tx, batch};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, EntityTrait, Iterable as _, QueryFilter,
    QuerySelect,
};
use sea_orm_migration::MigrationTrait;

use crate::{
    Delivery, Duty, Endpoint, EndpointState, Kind, Method, Obligation, Signal, SignalId, SignalsError, Tries,
    escalation::Told, row,
};

pub(crate) use claim::{Claimed, claim, due, next_due};
pub(crate) use endpoints::Secrets;
pub use endpoints::{
    SetEndpoint, due_for_verification, endpoint_for, find_endpoint, list_endpoints, remove_endpoint,
    rotate_secret, set_endpoint,
};
pub use enqueue::{enqueue, enqueue_verification};
pub use escalate::{close, dispute, escalate, to_escalate};
pub(crate) use outcome::{Ended, Rules, record};
pub use overview::{Owing, newest_of_grant, owing_of_person, reports_on, standing_of_grants};
pub use polling::poll;
pub use reading::{
    Attempt, attempts, dead_letters, find, find_by_id, is_in_default, list_of_app, list_of_grant,
    list_of_person, overdue, replay, reports,
};
pub use reports::receive_report;
pub use settled::{Arrived, arrived, forget, note_arrived};

/// This crate's tables.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Migration::new("m20261207_000080_signal", include_str!("../migrations/m20261207_000080_signal.sql")),
        Migration::new("m20261211_000401_noted", include_str!("../migrations/m20261211_000401_noted.sql")),
        Migration::new(
            "m20261211_000580_signal_next",
            include_str!("../migrations/m20261211_000580_signal_next.sql"),
        ),
    ]
}

/// A signal for whoever is about to change it.
async fn locked(tx: &Tx, id: &SignalId) -> Result<Signal, SignalsError> {
    let row = row::signal::Entity::find_by_id(id.clone()).lock_exclusive().one(tx).await?;
    Ok(row.ok_or_else(|| SignalsError::NotFound(id.clone()))?.try_into()?)
}

/// Writes everything about a signal that can change.
async fn save(tx: &Tx, signal: &Signal) -> Result<(), SignalsError> {
    row::signal::Entity::update_many()
        .set(changing(signal))
        .filter(row::signal::Column::Jti.eq(signal.id.clone()))
        .exec(tx)
        .await?;
    Ok(())
}

/// A signal that is held, and what its row says.
struct HeldSignal {
    signal: Signal,
    row: row::signal::ActiveModel,
}

impl From<Signal> for HeldSignal {
    fn from(signal: Signal) -> Self {
        Self { row: changing(&signal), signal }
    }
}

impl HeldSignal {
    /// What its row does not say yet.
    fn changes(&self) -> row::signal::ActiveModel {
        let mut changes = changing(&self.signal);
        for column in row::signal::Column::iter() {
            if changes.get(column) == self.row.get(column) {
                changes.not_set(column);
            }
        }
        changes
    }
}

/// Writes what changed about signals: one statement for all with the same changes.
async fn save_all(tx: &Tx, signals: &[HeldSignal]) -> Result<(), SignalsError> {
    let mut alike: Vec<(row::signal::ActiveModel, Vec<SignalId>)> = Vec::new();
    for held in signals {
        let changes = held.changes();
        match alike.iter_mut().find(|(others, _)| *others == changes) {
            Some((_, ids)) => ids.push(held.signal.id.clone()),
            None => alike.push((changes, vec![held.signal.id.clone()])),
        }
    }
    for (changes, ids) in alike.into_iter().filter(|(changes, _)| changes.is_changed()) {
        for ids in batch::pieces(ids) {
            let update = row::signal::Entity::update_many().set(changes.clone());
            update.filter(row::signal::Column::Jti.is_in(ids)).exec(tx).await?;
        }
    }
    Ok(())
}

fn changing(signal: &Signal) -> row::signal::ActiveModel {
    let (duty, tries, told) = (signal.duty, signal.delivery.tries(), signal.told);
    row::signal::ActiveModel {
        endpoint_id: Set(signal.endpoint.clone()),
        delivery: Set(signal.delivery.name().to_owned()),
        delivery_since: Set(signal.delivery_since),
        due_at: Set(signal.delivery.due_at()),
        lease_holder: Set(signal.delivery.holder().cloned()),
        failed: Set(i32::try_from(tries.failed).unwrap_or(i32::MAX)),
        rejected: Set(i32::try_from(tries.rejected).unwrap_or(i32::MAX)),
        attempts: Set(signal.attempts),
        superseded_by: Set(signal.superseded_by.clone()),
        obligation: Set(duty.map(|duty| duty.state.name().to_owned())),
        obligation_since: Set(duty.map(|duty| duty.since)),
        ack_by: Set(duty.map(|duty| duty.ack_by)),
        complete_by: Set(duty.map(|duty| duty.complete_by)),
        backstop_at: Set(duty.and_then(|duty| duty.backstop_at)),
        extended_until: Set(duty.and_then(|duty| duty.extended_until)),
        expected_at: Set(duty.and_then(|duty| duty.expected_at)),
        watch_at: Set(signal.watch_at()),
        dead_told_at: Set(told.dead),
        ack_told_at: Set(told.ack),
        complete_told_at: Set(told.complete),
        backstop_told_at: Set(told.backstop),
        ..Default::default()
    }
}

async fn insert(tx: &Tx, signal: &Signal) -> Result<(), SignalsError> {
    let model = row::signal::ActiveModel {
        jti: Set(signal.id.clone()),
        app_id: Set(signal.app.clone()),
        contract_id: Set(signal.contract.clone()),
        grant_id: Set(signal.grant.clone()),
        person_id: Set(signal.person.clone()),
        subject: Set(signal.subject.clone()),
        kind: Set(signal.kind.name().to_owned()),
        seq: Set(signal.seq),
        txn: Set(signal.txn.clone()),
        jws: Set(signal.jws.clone()),
        jws_sha256: Set(signal.jws_sha256.clone()),
        kid: Set(signal.kid.clone()),
        action_at: Set(signal.action_at),
        issued_at: Set(signal.issued_at),
        ..changing(signal)
    };
    row::signal::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(())
}

impl Signal {
    /// Goes on its way to `next`; `delivery_since` is when it came to the state, not how often.
    fn go(&mut self, next: Delivery, now: DateTime<Utc>) {
        if self.delivery.name() != next.name() {
            self.delivery_since = now;
        }
        self.delivery = next;
    }

    /// Ends what it asked for, if something is still owed.
    fn release(&mut self, now: DateTime<Utc>) {
        if let Some(duty) = &mut self.duty {
            duty.enter(duty.state.supersede(), now);
        }
    }
}

impl TryFrom<row::signal::Model> for Signal {
    type Error = StoreError;

    fn try_from(row: row::signal::Model) -> Result<Self, StoreError> {
        let id = row.jti.clone();
        read_signal(row).ok_or_else(|| StoreError::corrupt("signal", id))
    }
}

fn read_signal(row: row::signal::Model) -> Option<Signal> {
    let tries = Tries { failed: row.failed.try_into().ok()?, rejected: row.rejected.try_into().ok()? };
    let duty = match row.obligation {
        None => None,
        Some(state) => Some(Duty {
            state: Obligation::parse(&state)?,
            since: row.obligation_since?,
            ack_by: row.ack_by?,
            complete_by: row.complete_by?,
            backstop_at: row.backstop_at,
            extended_until: row.extended_until,
            expected_at: row.expected_at,
        }),
    };
    Some(Signal {
        delivery: Delivery::parse(&row.delivery, row.due_at, row.lease_holder, tries)?,
        kind: Kind::parse(&row.kind)?,
        duty,
        id: row.jti,
        app: row.app_id,
        contract: row.contract_id,
        grant: row.grant_id,
        person: row.person_id,
        subject: row.subject,
        seq: row.seq,
        txn: row.txn,
        jws: row.jws,
        jws_sha256: row.jws_sha256,
        kid: row.kid,
        action_at: row.action_at,
        issued_at: row.issued_at,
        delivery_since: row.delivery_since,
        attempts: row.attempts,
        endpoint: row.endpoint_id,
        superseded_by: row.superseded_by,
        told: Told {
            dead: row.dead_told_at,
            ack: row.ack_told_at,
            complete: row.complete_told_at,
            backstop: row.backstop_told_at,
        },
    })
}

impl TryFrom<row::endpoint::Model> for Endpoint {
    type Error = StoreError;

    fn try_from(row: row::endpoint::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("signal_endpoint", &row.id);
        Ok(Self {
            method: Method::parse(&row.method).ok_or_else(corrupt)?,
            state: EndpointState::parse(&row.state).ok_or_else(corrupt)?,
            id: row.id,
            app: row.app_id,
            contract: row.contract_id,
            url: row.url,
            since: row.since,
            verified_at: row.verified_at,
            previous_until: row.previous_until,
            failures: row.failures,
            open_until: row.open_until,
        })
    }
}
