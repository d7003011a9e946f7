//! What the clock and people do to what is owed.

use consent_core::Ambient;
use consent_store::Tx;
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};

use super::{locked, save};
use crate::{Escalation, Obligation, Signal, SignalId, SignalsError, row};

/// Marks what is overdue and gives each thing that somebody has to be told of, once. Looks at no more than `limit`
/// signals; call it again while it may have left some. What another transaction holds at this instant is left for the
/// next sweep.
///
/// Returned once means: told when the transaction commits. So whoever tells by mail writes the mail to an outbox in the
/// same transaction.
pub async fn escalate_due(tx: &Tx, limit: u64, ambient: &Ambient) -> Result<Vec<Escalation>, SignalsError> {
    let now = ambient.now();
    let due = row::signal::Entity::find()
        .filter(row::signal::Column::WatchAt.lte(now))
        .order_by_asc(row::signal::Column::WatchAt)
        .limit(limit)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let mut escalations = Vec::new();
    for row in due.all(tx).await? {
        let mut signal = Signal::try_from(row)?;
        escalations.extend(signal.escalate(now));
        save(tx, &signal).await?;
    }
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
