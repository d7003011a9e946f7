//! What becomes of signals that are not answered.

use consent_core::{Actor, GrantId};
use consent_events::Act;
use consent_grants::{Grant, GrantError};
use consent_signals::{Escalation, Moment, SignalId};
use consent_store::Tx;

use super::{
    By, FlowError,
    notices::write_notices,
    record::{Happened, record},
};
use crate::platform::Platform;

/// So many are looked at in one transaction.
const AT_ONCE: u64 = 100;

/// Notes which apps let a deadline pass, once each: in the person's chain, and for whoever reads the log.
pub async fn escalate(platform: &Platform) -> Result<(), FlowError> {
    let now = platform.ambient.now();
    loop {
        let due = consent_signals::to_escalate(&platform.db, now, AT_ONCE).await?;
        if due.is_empty() {
            return Ok(());
        }
        for (signal, grant) in &due {
            // On the heap, as it would make every sweep large.
            Box::pin(escalate_one(platform, signal, grant.as_ref())).await?;
        }
    }
}

async fn escalate_one(
    platform: &Platform,
    signal: &SignalId,
    grant: Option<&GrantId>,
) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = match grant {
        Some(id) => found(consent_grants::hold(&tx, id).await)?,
        None => None,
    };
    for escalation in &consent_signals::escalate(&tx, signal, &platform.ambient).await? {
        write_notices(platform, &tx, escalation).await?;
        note(platform, &tx, grant.as_ref(), escalation).await?;
    }
    tx.commit().await?;
    platform.notices.wake();
    Ok(())
}

fn found(grant: Result<Grant, GrantError>) -> Result<Option<Grant>, GrantError> {
    match grant {
        Err(GrantError::NotFound(_)) => Ok(None),
        found => found.map(Some),
    }
}

async fn note(
    platform: &Platform,
    tx: &Tx,
    grant: Option<&Grant>,
    escalation: &Escalation,
) -> Result<(), FlowError> {
    let (signal, app, kind) = (&escalation.signal, &escalation.app, escalation.kind.name());
    let what = match escalation.moment {
        Moment::DeliveryDead => "cannot be delivered",
        Moment::AckMissed => "was not acknowledged in time",
        Moment::CompleteMissed => "was not obeyed in time",
        Moment::BackstopNear => "has to be obeyed by law within days",
    };
    tracing::warn!(signal.id = %signal, app.id = %app, "signal {signal} ({kind}) {what}");
    let Some(grant) = grant else { return Ok(()) };
    let (grant_id, signal) = (grant.id.clone(), signal.to_string());
    let act = match escalation.moment {
        Moment::DeliveryDead => Act::Undelivered { grant: grant_id, signal },
        Moment::AckMissed | Moment::CompleteMissed => Act::Overdue { grant: grant_id, signal },
        Moment::BackstopNear => return Ok(()),
    };
    record(platform, tx, grant, Happened::new(act, By::from(&Actor::Clock))).await
}
