//! Stop, resume, revoke, expire.

use consent_core::{Actor, GrantId, Owner};
use consent_events::Act;
use consent_grants::{Grant, GrantError};
use consent_library::{LibraryKey, ShelfKind, Usage};
use consent_store::Tx;
use tokio::task::spawn_blocking;

use super::{FlowError, SignedIn, open_library};
use crate::{journal::Shut, platform::Platform};

/// Pauses a grant: no request that starts after the commit gets data. Tokens survive and open nothing.
pub async fn stop(platform: &Platform, grant: &Grant, by: &Actor) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = consent_grants::stop(&tx, &grant.id, &platform.ambient).await?;
    consent_library::take_back(&tx, &grant.id).await?;
    record(platform, &tx, &grant, Act::stopped(&grant.id, &grant.contract), by).await?;
    commit_shut(platform, tx, &grant).await?;
    Ok(grant)
}

/// Continues a stopped grant, which needs the owner: only she can give the shelves again.
pub async fn resume(platform: &Platform, grant: &Grant, who: &SignedIn) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let (_, key) = open_library(platform, &tx, who).await?;
    let grant = consent_grants::resume(&tx, &grant.id, &platform.ambient).await?;
    give_shelves(platform, &tx, &grant, &key).await?;
    let by = Actor::Person(grant.person.clone());
    record(platform, &tx, &grant, Act::resumed(&grant.id, &grant.contract), &by).await?;
    tx.commit().await?;
    Ok(grant)
}

/// Ends a grant for good: no request that starts after the commit gets data.
pub async fn revoke(platform: &Platform, grant: &Grant, by: &Actor) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = consent_grants::revoke(&tx, &grant.id, &platform.ambient).await?;
    shut(platform, &tx, &grant).await?;
    record(platform, &tx, &grant, Act::revoked(&grant.id, &grant.contract), by).await?;
    commit_shut(platform, tx, &grant).await?;
    Ok(grant)
}

/// Notes which grants' time ran out; they gave nothing since that moment already. Returns how many it noted.
pub async fn expire_due(platform: &Platform) -> Result<usize, FlowError> {
    let mut noted = 0;
    for id in &consent_grants::due(&platform.db, platform.ambient.now(), 100).await? {
        match expire(platform, id).await {
            Ok(()) => noted += 1,
            // Another replica, or the person, was faster.
            Err(FlowError::Grants(GrantError::Refused { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(noted)
}

async fn expire(platform: &Platform, id: &GrantId) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = consent_grants::expire(&tx, id, &platform.ambient).await?;
    shut(platform, &tx, &grant).await?;
    record(platform, &tx, &grant, Act::expired(&grant.id, &grant.contract), &Actor::Clock).await?;
    commit_shut(platform, tx, &grant).await
}

/// Makes it durable that a grant was shut, first where no copy of the database comes from, and tells running downloads.
/// What the journal holds and the database does not was told to nobody, and shuts nothing that is open.
async fn commit_shut(platform: &Platform, tx: Tx, grant: &Grant) -> Result<(), FlowError> {
    let shut = Shut::of(grant, platform.ambient.now());
    platform.journal.note(&[shut]).await.map_err(FlowError::Journal)?;
    tx.commit().await?;
    platform.announce_shut();
    Ok(())
}

/// Forgets what was shut longer ago than any copy of the database is kept.
pub async fn forget_journal(platform: &Platform) -> Result<(), FlowError> {
    let (journal, now) = (platform.journal.clone(), platform.ambient.now());
    let before = now - platform.config.journal.keep_for.to_delta();
    let forgotten = spawn_blocking(move || journal.forget_before(before)).await;
    forgotten.unwrap_or_else(|error| Err(error.into())).map_err(FlowError::Journal)
}

/// Gives an active grant the keys of all shelves it was promised.
pub(super) async fn give_shelves(
    platform: &Platform,
    tx: &Tx,
    grant: &Grant,
    key: &LibraryKey,
) -> Result<(), FlowError> {
    let (_, owner) = consent_grants::lock(tx, &grant.id, &platform.ambient).await?;
    let grant_key = consent_library::grant_key_of_owner(tx, &grant.id, &grant.library, key).await?;
    for id in &grant.choices.shelves {
        let shelf = consent_library::shelf(tx, &grant.library, id).await?;
        let keys = shelf.open(key).map_err(consent_library::LibraryError::Damaged)?;
        consent_library::give(tx, &owner, &grant_key, &keys, Usage::Read, &platform.ambient).await?;
        if shelf.kind == ShelfKind::Account {
            consent_library::give(tx, &owner, &grant_key, &keys, Usage::Connect, &platform.ambient).await?;
        }
    }
    Ok(())
}

/// Everything that an ended grant held: shelves and key, and what its app held.
async fn shut(platform: &Platform, tx: &Tx, grant: &Grant) -> Result<(), FlowError> {
    consent_library::take_back(tx, &grant.id).await?;
    consent_library::drop_grant_key(tx, &grant.id).await?;
    end_access(platform, tx, grant).await
}

/// Everything that the app of a grant holds: codes, tokens, their slots, sessions.
pub(super) async fn end_access(platform: &Platform, tx: &Tx, grant: &Grant) -> Result<(), FlowError> {
    let now = platform.ambient.now();
    consent_library::remove_slots_of(tx, &Owner::Grant(grant.id.clone())).await?;
    consent_auth::close_codes_of(tx, &grant.id).await?;
    consent_auth::close_families_of(tx, &grant.id, now).await?;
    consent_sessions::close_of_grant(tx, &grant.id, now).await?;
    Ok(())
}

/// Whoever wants to go on with a grant that has ended needs a new consent.
pub(super) fn ended(error: GrantError) -> FlowError {
    match error {
        GrantError::Refused { .. } => FlowError::Ended,
        error => error.into(),
    }
}

/// Appends to the person's chain what was done with her grant.
pub(super) async fn record(
    platform: &Platform,
    tx: &Tx,
    grant: &Grant,
    act: Act,
    by: &Actor,
) -> Result<(), FlowError> {
    consent_events::append(tx, &grant.person, act, by, &platform.ambient).await?;
    tracing::info!(grant.id = %grant.id, contract.id = %grant.contract, "grant {} is {}", grant.id, grant.stage);
    Ok(())
}
