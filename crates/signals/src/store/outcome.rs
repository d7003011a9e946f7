//! Writing down what became of an attempt.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use consent_core::{Ambient, RowId};
use consent_store::{Patience, StoreError, Tx, batch};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, sea_query::OnConflict};

use super::{Claimed, HeldSignal, endpoints, save_all};
use crate::{
    Attempted, Endpoint, EndpointState, Kind, Method, Outcome, Plan, Schedule, Signal, SignalId,
    SignalsError, deadline::later, row,
};

/// What decides what happens after an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub schedule: &'a Schedule,
    /// So many attempts in vain in a row, and the endpoint is left alone.
    pub breaker_after: u32,
    /// For so long.
    pub breaker_for: Duration,
    pub ambient: &'a Ambient,
}

/// An attempt that came to its end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub claimed: Claimed,
    pub attempted: Attempted,
}

impl Ended {
    /// Whether it decides about more than its own signal: what waits for the endpoint becomes due, or is due no more.
    pub fn concerns_others(&self) -> bool {
        self.claimed.signal.kind == Kind::Verification || self.attempted.outcome == Outcome::Gone
    }

    fn row(&self) -> row::attempt::Model {
        let attempted = &self.attempted;
        row::attempt::Model {
            host: attempted.host.clone(),
            ip: attempted.ip.map(|ip| ip.to_string()),
            status: attempted.status.map(i32::from),
            duration_ms: Some(i64::try_from(attempted.took.as_millis()).unwrap_or(i64::MAX)),
            answer_sha256: attempted.answer_sha256.clone(),
            outcome: Some(attempted.outcome.name().to_owned()),
            problem: attempted.problem.clone(),
            ..self.claimed.attempt.clone()
        }
    }
}

/// Writes down what became of attempts, and what follows for signals and endpoints. With [`Patience::Skip`] those come
/// back, not written, whose signal or endpoint is held by somebody else or gone; otherwise a signal that is gone is an
/// error.
pub(crate) async fn record<'a>(
    tx: &Tx,
    ended: Vec<&'a Ended>,
    patience: Patience,
    rules: &Rules<'_>,
) -> Result<Vec<&'a Ended>, SignalsError> {
    let mut endpoints = hold_endpoints(tx, &ended, patience).await?;
    let mut signals = hold_signals(tx, &ended, patience).await?;
    let (mut left, mut attempts, mut concluded, mut activated) = (vec![], vec![], vec![], vec![]);
    // One moment for all, so that what becomes of most is the same change.
    let now = rules.ambient.now();
    for one in ended {
        let (id, endpoint) = (&one.claimed.signal.id, endpoints.get_mut(&one.claimed.endpoint.id));
        let mut held = match signals.remove(id) {
            Some(held) if patience == Patience::Wait || endpoint.is_some() => held,
            _ if patience == Patience::Skip => {
                left.push(one);
                continue;
            }
            _ => return Err(SignalsError::NotFound(id.clone())),
        };
        if conclude(tx, one, &mut held.signal, endpoint, rules, now).await? {
            activated.push(one.claimed.endpoint.id.clone());
        }
        attempts.push(one.row());
        concluded.push(held);
    }
    end_attempts(tx, attempts).await?;
    save_all(tx, &concluded).await?;
    for endpoint in activated.iter().filter_map(|id| endpoints.get(id)) {
        endpoints::activate(tx, endpoint, now).await?;
    }
    Ok(left)
}

async fn hold_endpoints(
    tx: &Tx,
    ended: &[&Ended],
    patience: Patience,
) -> Result<HashMap<RowId, Endpoint>, SignalsError> {
    use row::endpoint::{Column, Entity};
    let ids = ended.iter().map(|one| one.claimed.endpoint.id.clone()).collect();
    let rows = batch::lock::<Entity, _>(tx, Column::Id, &ids, patience).await?;
    Ok(rows
        .into_iter()
        .map(|row| Ok((row.id.clone(), row.try_into()?)))
        .collect::<Result<_, StoreError>>()?)
}

async fn hold_signals(
    tx: &Tx,
    ended: &[&Ended],
    patience: Patience,
) -> Result<HashMap<SignalId, HeldSignal>, SignalsError> {
    use row::signal::{Column, Entity};
    let ids = ended.iter().map(|one| one.claimed.signal.id.clone()).collect();
    let rows = batch::lock::<Entity, _>(tx, Column::Jti, &ids, patience).await?;
    let held = rows.into_iter().map(|row| Ok((row.jti.clone(), Signal::try_from(row)?.into())));
    Ok(held.collect::<Result<_, StoreError>>()?)
}

/// Brings signal and endpoint to where an attempt leaves them; the endpoint's row is written. Whether it is the answer to
/// a verification.
async fn conclude(
    tx: &Tx,
    Ended { claimed, attempted }: &Ended,
    signal: &mut Signal,
    mut endpoint: Option<&mut Endpoint>,
    rules: &Rules<'_>,
    now: DateTime<Utc>,
) -> Result<bool, SignalsError> {
    let moved = endpoint.as_ref().is_none_or(|endpoint| endpoint.url != claimed.endpoint.url);
    let outcome = match attempted.outcome {
        // What is no more is the address before.
        Outcome::Gone if moved => Outcome::Retry { after: None },
        outcome => outcome,
    };
    if let Some(endpoint) = endpoint.as_deref_mut().filter(|_| !moved) {
        note(tx, endpoint, outcome, rules, now).await?;
    }
    let plan = Plan {
        schedule: rules.schedule,
        complete_by: signal.duty.map(|duty| duty.done_by()),
        reachable: is_reachable(signal, endpoint.as_deref()),
    };
    let was_open = signal.delivery.is_open();
    let mine = signal.delivery.holder() == claimed.signal.delivery.holder();
    let mut next = match outcome {
        outcome if mine => signal.delivery.clone().conclude(outcome, &plan, rules.ambient)?,
        Outcome::Delivered => signal.delivery.clone().deliver_late(),
        _ => signal.delivery.clone(),
    };
    if mine && signal.superseded_by.is_some() {
        next = next.cancel();
    }
    signal.go(next, now);
    Ok(signal.kind == Kind::Verification && was_open && !moved && outcome == Outcome::Delivered)
}

fn is_reachable(signal: &Signal, endpoint: Option<&Endpoint>) -> bool {
    endpoint.is_some_and(|endpoint| match signal.kind {
        Kind::Verification => endpoint.method != Method::Poll && endpoint.state != EndpointState::Disabled,
        _ => signal.endpoint.as_ref() == Some(&endpoint.id) && endpoint.is_pushed_to(),
    })
}

/// Gives attempts their outcomes, which are final.
async fn end_attempts(tx: &Tx, attempts: Vec<row::attempt::Model>) -> Result<(), SignalsError> {
    use row::attempt::{Column, Entity};
    let answer = [
        Column::Host,
        Column::Ip,
        Column::Status,
        Column::DurationMs,
        Column::AnswerSha256,
        Column::Outcome,
        Column::Problem,
    ];
    let once = OnConflict::columns([Column::Jti, Column::Number])
        .update_columns(answer)
        .action_and_where(Column::Outcome.is_null())
        .to_owned();
    Ok(batch::upsert::<Entity>(tx, attempts, &once).await?)
}

/// What an outcome says about the endpoint: that it is there, that it is no more, or that it had better be left alone
/// for a while. One that refuses a signal is there.
async fn note(
    tx: &Tx,
    endpoint: &mut Endpoint,
    outcome: Outcome,
    rules: &Rules<'_>,
    now: DateTime<Utc>,
) -> Result<(), SignalsError> {
    match outcome {
        Outcome::Gone => {
            endpoints::disable(tx, endpoint, now).await?;
            endpoint.state = endpoint.state.disable();
        }
        Outcome::Delivered | Outcome::Rejected if endpoint.failures == 0 => {}
        Outcome::Delivered | Outcome::Rejected => {
            (endpoint.failures, endpoint.open_until) = (0, None);
            save_breaker(tx, endpoint).await?;
        }
        Outcome::Retry { .. } => {
            endpoint.failures = endpoint.failures.saturating_add(1);
            if u32::try_from(endpoint.failures).is_ok_and(|failures| failures >= rules.breaker_after) {
                endpoint.open_until = Some(later(now, rules.breaker_for));
            }
            save_breaker(tx, endpoint).await?;
        }
    }
    Ok(())
}

async fn save_breaker(tx: &Tx, endpoint: &Endpoint) -> Result<(), SignalsError> {
    let columns = row::endpoint::ActiveModel {
        failures: Set(endpoint.failures),
        open_until: Set(endpoint.open_until),
        ..Default::default()
    };
    endpoints::update(tx, &endpoint.id, columns).await
}
