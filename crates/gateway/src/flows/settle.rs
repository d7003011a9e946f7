//! People say what they think of an app's answer: she contests it, an operator closes the case.

use consent_core::{Actor, AppId};
use consent_events::Act;
use consent_grants::{Grant, GrantError};
use consent_signals::{Signal, SignalId, SignalsError};
use consent_store::Tx;
use sea_orm::ConnectionTrait;

use super::{
    By, FlowError, SignedIn,
    record::{Happened, record},
};
use crate::platform::Platform;

/// A signal about this grant; what an app was told about another one is not found.
pub async fn signal_of_grant(
    db: &impl ConnectionTrait,
    grant: &Grant,
    id: &SignalId,
) -> Result<Signal, FlowError> {
    let signal = consent_signals::find(db, &grant.app, id).await?;
    if signal.grant.as_ref() != Some(&grant.id) {
        return Err(SignalsError::NotFound(signal.id).into());
    }
    Ok(signal)
}

/// Contests what the app reported about a signal that concerns one of her grants.
pub async fn dispute(
    platform: &Platform,
    who: &SignedIn,
    grant: &Grant,
    id: &SignalId,
    reason: &str,
) -> Result<Signal, FlowError> {
    let tx = platform.db.begin_write().await?;
    let found = signal_of_grant(&tx, grant, id).await?;
    let signal = consent_signals::dispute(&tx, &found.id, &platform.ambient).await?;
    let act = Act::Disputed { grant: grant.id.clone(), signal: signal.id.to_string() };
    let actor = who.actor();
    let by = By { actor: &actor, reason: Some(reason), txn: None };
    note(platform, &tx, act, by).await?;
    tx.commit().await?;
    Ok(signal)
}

/// Closes what an app owes because of a signal, for a reason that goes into the person's chain.
pub async fn close_case(
    platform: &Platform,
    app: &AppId,
    id: &SignalId,
    reason: &str,
) -> Result<Signal, FlowError> {
    let tx = platform.db.begin_write().await?;
    let found = consent_signals::find(&tx, app, id).await?;
    let signal = consent_signals::close(&tx, &found.id, &platform.ambient).await?;
    if let Some(grant) = signal.grant.clone() {
        let by = By { actor: &Actor::Operator, reason: Some(reason), txn: None };
        note(platform, &tx, Act::Closed { grant, signal: signal.id.to_string() }, by).await?;
    }
    tx.commit().await?;
    tracing::info!(signal.id = %signal.id, app.id = %app, "an operator closed signal {}", signal.id);
    Ok(signal)
}

async fn note(platform: &Platform, tx: &Tx, act: Act, by: By<'_>) -> Result<(), FlowError> {
    let Some(id) = act.grant().cloned() else { return Ok(()) };
    match consent_grants::find_by_id(tx, &id).await {
        // A signal is proof, and outlives what it speaks of.
        Err(GrantError::NotFound(_)) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(grant) => record(platform, tx, &grant, Happened::new(act, by)).await,
    }
}
