//! That a signal arrived is a link of the person's chain, once for each signal.

use std::collections::HashMap;

use consent_core::Actor;
use consent_events::{Act, NewEvent};
use consent_signals::Arrived;
use consent_store::Patience;

use super::FlowError;
use crate::platform::Platform;

/// So many are found, and noted, at once.
const AT_ONCE: u64 = 256;

/// Notes in their persons' chains which signals arrived since: together, and afterwards one by one those about grants that
/// somebody is changing just now.
pub async fn note_arrivals(platform: &Platform) -> Result<(), FlowError> {
    loop {
        let arrived = consent_signals::arrived(&platform.db, AT_ONCE).await?;
        if arrived.is_empty() {
            return Ok(());
        }
        for alone in note(platform, arrived, Patience::Skip).await? {
            note(platform, vec![alone], Patience::Wait).await?;
        }
    }
}

/// Returns what it did not note: what is about grants that are held by somebody else, or gone.
async fn note(
    platform: &Platform,
    arrived: Vec<Arrived>,
    patience: Patience,
) -> Result<Vec<Arrived>, FlowError> {
    let tx = platform.db.begin_write().await?;
    let ids = arrived.iter().map(|arrived| arrived.grant.clone()).collect();
    let held = consent_grants::hold_all(&tx, &ids, patience).await?;
    let person_of: HashMap<_, _> = held.into_iter().map(|grant| (grant.id, grant.person)).collect();
    let is_mine = |arrived: &Arrived| patience == Patience::Wait || person_of.contains_key(&arrived.grant);
    let (mine, left): (Vec<_>, Vec<_>) = arrived.into_iter().partition(is_mine);
    let ids = mine.iter().map(|arrived| arrived.signal.clone()).collect();
    let new = consent_signals::note_arrived(&tx, ids, &platform.ambient).await?;
    // Of a grant that is gone nobody is left whose chain could tell.
    let events = mine.into_iter().filter(|arrived| new.contains(&arrived.signal)).filter_map(|arrived| {
        let person = person_of.get(&arrived.grant)?;
        let delivered = Act::Delivered { grant: arrived.grant, signal: arrived.signal.to_string() };
        Some(NewEvent::new(person, delivered, &Actor::App(arrived.app)))
    });
    consent_events::append_all(&tx, events.collect(), &platform.ambient).await?;
    tx.commit().await?;
    Ok(left)
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
