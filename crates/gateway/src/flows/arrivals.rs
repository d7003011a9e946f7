//! That a signal arrived is a link of the person's chain, once for each signal.

use consent_core::Actor;
use consent_events::Act;
use consent_grants::GrantError;
use consent_signals::Arrived;
use futures_util::future::try_join_all;

use super::FlowError;
use crate::platform::Platform;

/// So many are found at once …
const AT_ONCE: u64 = 256;
/// … and so many noted beside each other, so that they share a flush.
const BESIDE: usize = 16;

/// Notes in their persons' chains which signals arrived since, each in a transaction of its own: who dies in between
/// leaves the rest to the next.
pub async fn note_arrivals(platform: &Platform) -> Result<(), FlowError> {
    loop {
        let arrived = consent_signals::arrived(&platform.db, AT_ONCE).await?;
        if arrived.is_empty() {
            return Ok(());
        }
        for some in arrived.chunks(BESIDE) {
            try_join_all(some.iter().map(|arrived| note(platform, arrived))).await?;
        }
    }
}

async fn note(platform: &Platform, arrived: &Arrived) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    let held = consent_grants::hold(&tx, &arrived.grant).await;
    // Another replica, or this one a moment ago, was faster.
    if !consent_signals::note_arrived(&tx, &arrived.signal, &platform.ambient).await? {
        return Ok(());
    }
    match held {
        // Nobody is left whose chain could tell of it.
        Err(GrantError::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
        Ok(grant) => {
            let delivered =
                Act::Delivered { grant: arrived.grant.clone(), signal: arrived.signal.to_string() };
            let by = Actor::App(arrived.app.clone());
            consent_events::append(&tx, &grant.person, delivered, &by, &platform.ambient).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Forgets signals that are done with, when they have been kept as long as they are to be.
pub async fn forget_signals(platform: &Platform) -> Result<(), FlowError> {
    let before = platform.ambient.now() - platform.config.signals.keep_for.to_delta();
    loop {
        let tx = platform.db.begin_write().await?;
        let forgotten = consent_signals::forget(&tx, before, AT_ONCE).await?;
        tx.commit().await?;
        if forgotten < AT_ONCE {
            return Ok(());
        }
    }
}
