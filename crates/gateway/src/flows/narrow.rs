//! What a new version of a contract gave up is noted with every grant that is older: in the chain, as a receipt, and as a
//! signal to the app, which has to delete what lies outside now. Nothing of it is read since the version was published.

use chrono::TimeDelta;
use consent_contracts::{Change as Line, Contract, Field, Held};
use consent_core::{Actor, GrantId, ShelfId};
use consent_events::Act;
use consent_grants::{Grant, LaterVersions, Narrowed, Narrowing};
use consent_receipts::{Alteration, Change};
use consent_signals::Kind;
use consent_store::Tx;

use super::{
    By, FlowError,
    change::held_by,
    record::{Happened, record},
};
use crate::platform::Platform;

/// So long one process has the right to go through some grants.
const LEASE: TimeDelta = TimeDelta::minutes(2);

/// Goes through at most `limit` grants that are older than a version which gave something up, each in a transaction of
/// its own. Returns whether there may be more. Whoever is killed on the way leaves the rest to who comes next; a grant
/// that was gone through is passed over.
pub async fn narrow_grants(platform: &Platform, limit: u64) -> Result<bool, FlowError> {
    if !consent_grants::is_narrowing_due(&platform.db, platform.ambient.now()).await? {
        return Ok(false);
    }
    let tx = platform.db.begin_write().await?;
    let claimed = consent_grants::claim_narrowing(&tx, LEASE, &platform.ambient).await?;
    tx.commit().await?;
    let Some(narrowing) = claimed else { return Ok(false) };
    let published = consent_contracts::published_versions(&platform.db, &narrowing.contract).await?;
    let grants = consent_grants::to_narrow(&platform.db, &narrowing, limit).await?;
    let mut failed = false;
    for grant in &grants {
        if let Err(error) = Box::pin(narrow_one(platform, &published, narrowing.version, grant)).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, grant.id = %grant, "grant {grant} could not be narrowed; it is tried again");
            failed = true;
        }
    }
    // What failed is tried again when the lease is over; the others are not looked at again.
    if failed { Ok(false) } else { went_through(platform, &narrowing, &grants, limit).await }
}

async fn went_through(
    platform: &Platform,
    narrowing: &Narrowing,
    grants: &[GrantId],
    limit: u64,
) -> Result<bool, FlowError> {
    let tx = platform.db.begin_write().await?;
    match grants.last() {
        Some(last) if grants.len() as u64 >= limit => {
            consent_grants::advance_narrowing(&tx, narrowing, last).await?;
        }
        _ => consent_grants::finish_narrowing(&tx, narrowing).await?,
    }
    tx.commit().await?;
    Ok(true)
}

async fn narrow_one(
    platform: &Platform,
    published: &[Contract],
    version: i32,
    id: &GrantId,
) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    let (grant, later) = consent_grants::lock_for_change(&tx, id).await?;
    if !grant.stage_at(platform.ambient.now()).is_open() || grant.version >= version {
        return Ok(());
    }
    let held = held_by(published, &grant)?.until(version);
    note_narrowing(platform, &tx, grant, later, &held).await?;
    tx.commit().await?;
    platform.announce_shut();
    platform.wake_dispatcher();
    Ok(())
}

/// Notes with a grant, which is locked for it, what has been given up until the last version of `held`, and tells the app.
pub(super) async fn note_narrowing(
    platform: &Platform,
    tx: &Tx,
    grant: Grant,
    later: LaterVersions,
    held: &Held<'_>,
) -> Result<Grant, FlowError> {
    let (from, to) = (later.noted.unwrap_or(grant.version).max(grant.version), held.current().version);
    if from >= to {
        return Ok(grant);
    }
    let (taken, ended) = (held.narrowed_since(from), grant.expires_at);
    let narrowed = Narrowed {
        version: to,
        shelves: shelves_left_over(tx, &grant, held).await?,
        ends_at: held.grant_ends_at(grant.created_at),
        cuts_data: taken.iter().any(Line::leaves_data_outside),
    };
    let ends_sooner = narrowed.ends_at.is_some_and(|at| ended.is_none_or(|ended| at < ended));
    let covers_less = taken.iter().any(|line| line.field != Field::GrantFor);
    if !covers_less && !ends_sooner {
        consent_grants::note_version(tx, &grant.id, to).await?;
        return Ok(grant);
    }
    let signal = narrowed.cuts_data.then_some(Kind::ScopeNarrowed);
    consent_library::take_back_shelves(tx, &grant.id, &narrowed.shelves).await?;
    let grant = consent_grants::narrow(tx, grant, narrowed).await?;
    let what = if covers_less {
        consent_events::Change::ScopeNarrowed
    } else {
        consent_events::Change::EndShortened
    };
    let act = Act::Changed { grant: grant.id.clone(), contract: grant.contract.clone(), what, from, to };
    let ways = [(covers_less, Alteration::Narrowed), (ends_sooner, Alteration::Shortened)];
    let ways = ways.into_iter().filter_map(|(holds, way)| holds.then_some(way)).collect();
    let by = Actor::App(grant.app.clone());
    let happened = Happened::new(act, By::from(&by)).receipt(Change::Changed(ways));
    let happened = signal.into_iter().fold(happened, Happened::signal);
    record(platform, tx, &grant, happened).await?;
    Ok(grant)
}

/// The shelves of a grant that nothing is left of.
async fn shelves_left_over(tx: &Tx, grant: &Grant, held: &Held<'_>) -> Result<Vec<ShelfId>, FlowError> {
    let accounts = consent_sources::list_accounts(tx, &grant.library).await?;
    let is_left_over = |shelf: &&ShelfId| match accounts.iter().find(|account| account.shelf == **shelf) {
        Some(account) => !held.asks_for(account.source().service_type),
        // What she put there herself.
        None => held.access().is_none(),
    };
    Ok(grant.choices.shelves.iter().filter(is_left_over).cloned().collect())
}
