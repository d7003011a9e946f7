//! Writing down what became of an attempt.

use std::time::Duration;

use chrono::{DateTime, Utc};
use consent_core::Ambient;
use consent_store::Tx;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{Claimed, endpoints, locked, save};
use crate::{
    Attempted, Endpoint, EndpointState, Kind, Method, Outcome, Plan, Schedule, Signal, SignalsError,
    deadline::later, row,
};

/// What decides what happens after an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub schedule: &'a Schedule,
    /// So many attempts in vain in a row, and the endpoint is left alone.
    pub breaker_after: u32,
    /// For so long.
    pub breaker_for: Duration,
}

/// Writes down what became of an attempt, and what follows for signal and endpoint.
pub(crate) async fn record(
    tx: &Tx,
    claimed: &Claimed,
    attempted: &Attempted,
    rules: &Rules<'_>,
    ambient: &Ambient,
) -> Result<(), SignalsError> {
    let now = ambient.now();
    let endpoint = endpoints::locked(tx, &claimed.endpoint.id).await?.map(Endpoint::try_from).transpose()?;
    end_attempt(tx, claimed, attempted).await?;
    let mut signal = locked(tx, &claimed.signal.id).await?;
    let moved = endpoint.as_ref().is_none_or(|endpoint| endpoint.url != claimed.endpoint.url);
    let outcome = match attempted.outcome {
        // What is no more is the address before.
        Outcome::Gone if moved => Outcome::Retry { after: None },
        outcome => outcome,
    };
    let endpoint = match endpoint {
        Some(endpoint) if !moved => Some(note(tx, endpoint, outcome, rules, now).await?),
        other => other,
    };
    let plan = Plan {
        schedule: rules.schedule,
        complete_by: signal.duty.map(|duty| duty.done_by()),
        reachable: is_reachable(&signal, endpoint.as_ref()),
    };
    let was_open = signal.delivery.is_open();
    let mine = signal.delivery.holder() == Some(&claimed.holder);
    let mut next = match outcome {
        outcome if mine => signal.delivery.clone().conclude(outcome, &plan, ambient)?,
        Outcome::Delivered => signal.delivery.clone().deliver_late(),
        _ => signal.delivery.clone(),
    };
    if mine && signal.superseded_by.is_some() {
        next = next.cancel();
    }
    signal.go(next, now);
    save(tx, &signal).await?;
    let acknowledged = was_open && !moved && outcome == Outcome::Delivered;
    match endpoint {
        Some(endpoint) if acknowledged && signal.kind == Kind::Verification => {
            endpoints::activate(tx, &endpoint, now).await
        }
        _ => Ok(()),
    }
}

fn is_reachable(signal: &Signal, endpoint: Option<&Endpoint>) -> bool {
    endpoint.is_some_and(|endpoint| match signal.kind {
        Kind::Verification => endpoint.method != Method::Poll && endpoint.state != EndpointState::Disabled,
        _ => signal.endpoint.as_ref() == Some(&endpoint.id) && endpoint.is_pushed_to(),
    })
}

async fn end_attempt(tx: &Tx, claimed: &Claimed, attempted: &Attempted) -> Result<(), SignalsError> {
    let columns = row::attempt::ActiveModel {
        host: Set(attempted.host.clone()),
        ip: Set(attempted.ip.map(|ip| ip.to_string())),
        status: Set(attempted.status.map(i32::from)),
        duration_ms: Set(Some(i64::try_from(attempted.took.as_millis()).unwrap_or(i64::MAX))),
        answer_sha256: Set(attempted.answer_sha256.clone()),
        outcome: Set(Some(attempted.outcome.name().to_owned())),
        problem: Set(attempted.problem.clone()),
        ..Default::default()
    };
    row::attempt::Entity::update_many()
        .set(columns)
        .filter(row::attempt::Column::Jti.eq(claimed.signal.id.clone()))
        .filter(row::attempt::Column::Number.eq(claimed.number))
        .filter(row::attempt::Column::Outcome.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// What an outcome says about the endpoint: that it is there, that it is no more, or that it had better be left alone
/// for a while. One that refuses a signal is there.
async fn note(
    tx: &Tx,
    mut endpoint: Endpoint,
    outcome: Outcome,
    rules: &Rules<'_>,
    now: DateTime<Utc>,
) -> Result<Endpoint, SignalsError> {
    match outcome {
        Outcome::Gone => {
            endpoints::disable(tx, &endpoint, now).await?;
            endpoint.state = endpoint.state.disable();
        }
        Outcome::Delivered | Outcome::Rejected if endpoint.failures == 0 => {}
        Outcome::Delivered | Outcome::Rejected => {
            (endpoint.failures, endpoint.open_until) = (0, None);
            save_breaker(tx, &endpoint).await?;
        }
        Outcome::Retry { .. } => {
            endpoint.failures = endpoint.failures.saturating_add(1);
            if u32::try_from(endpoint.failures).is_ok_and(|failures| failures >= rules.breaker_after) {
                endpoint.open_until = Some(later(now, rules.breaker_for));
            }
            save_breaker(tx, &endpoint).await?;
        }
    }
    Ok(endpoint)
}

async fn save_breaker(tx: &Tx, endpoint: &Endpoint) -> Result<(), SignalsError> {
    let columns = row::endpoint::ActiveModel {
        failures: Set(endpoint.failures),
        open_until: Set(endpoint.open_until),
        ..Default::default()
    };
    endpoints::update(tx, &endpoint.id, columns).await
}
