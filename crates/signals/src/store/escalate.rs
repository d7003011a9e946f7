//! What the clock and people do to what is owed.

use chrono::{DateTime, Utc};
use consent_core::{Ambient, GrantId};
use consent_store::Tx;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{locked, save};
use crate::{Escalation, Obligation, Signal, SignalId, SignalsError, row};

/// At most `limit` signals that the clock has to look at, and the grants that they are about; each is a case for
/// [`escalate`].
pub async fn to_escalate(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<(SignalId, Option<GrantId>)>, SignalsError> {
    let due = row::signal::Entity::find()
        .select_only()
        .columns([row::signal::Column::Jti, row::signal::Column::GrantId])
        .filter(row::signal::Column::WatchAt.lte(now))
        .order_by_asc(row::signal::Column::WatchAt)
        .limit(limit);
    Ok(due.into_tuple().all(db).await?)
}

/// Marks what is overdue about a signal and gives each thing that somebody has to be told of, once.
///
/// Returned once means: told when the transaction commits. So whoever tells by mail writes the mail to an outbox in the
/// same transaction.
pub async fn escalate(tx: &Tx, id: &SignalId, ambient: &Ambient) -> Result<Vec<Escalation>, SignalsError> {
    let mut signal = locked(tx, id).await?;
    let escalations = signal.escalate(ambient.now());
    save(tx, &signal).await?;
    Ok(escalations)
}

/// Notes that the person was told how it ended, or that an operator has settled what is overdue.
pub async fn close(tx: &Tx, id: &SignalId, ambient: &Ambient) -> Result<Signal, SignalsError> {
    enter(tx, id, Obligation::close, "close", ambient).await
}

/// Notes that the person or an operator contests what the app says.
pub async fn dispute(tx: &Tx, id: &SignalId, ambient: &Ambient) -> Result<Signal, SignalsError> {
    enter(tx, id, Obligation::dispute, "dispute", ambient).await
}

async fn enter(
    tx: &Tx,
    id: &SignalId,
    to: impl FnOnce(Obligation) -> Result<Obligation, SignalsError>,
    verb: &'static str,
    ambient: &Ambient,
) -> Result<Signal, SignalsError> {
    let mut signal = locked(tx, id).await?;
    let from = signal.kind.name();
    let duty = signal.duty.as_mut().ok_or(SignalsError::Refused { verb, from })?;
    duty.enter(to(duty.state)?, ambient.now());
    save(tx, &signal).await?;
    Ok(signal)
}
