//! Stop, resume, shorten, revoke, erase, expire.

use std::slice;

use chrono::{DateTime, Utc};
use consent_core::{Actor, GrantId, Owner};
use consent_events::Act;
use consent_grants::{Grant, GrantError};
use consent_library::{LibraryKey, ShelfKind, Usage};
use consent_receipts::{Alteration, Change};
use consent_signals::Kind;
use consent_store::Tx;
use tokio::task::spawn_blocking;

use super::{
    FlowError, SignedIn, open_library,
    record::{Happened, record},
};
use crate::{journal::Shut, platform::Platform};

/// Who changes a grant, and why.
#[derive(Clone, Copy)]
pub struct By<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// Why, in the words of an operator who acts for a person; kept so that it can be erased.
    pub reason: Option<&'a str>,
    /// What it shares with changes that came of the same action.
    pub txn: Option<&'a str>,
}

impl<'a> From<&'a Actor> for By<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self { actor, reason: None, txn: None }
    }
}

/// Pauses a grant: no request that starts after the commit gets data. Tokens survive and open nothing. One that is paused
/// and waits for its owner to continue does not wait any more; its app was told already.
pub async fn stop(platform: &Platform, grant: &GrantId, by: By<'_>) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = stop_in(platform, &tx, grant, by).await?;
    commit_shut(platform, tx, slice::from_ref(&grant)).await?;
    Ok(grant)
}

/// The same inside a transaction, to be ended with [`commit_shut`].
pub(super) async fn stop_in(
    platform: &Platform,
    tx: &Tx,
    grant: &GrantId,
    by: By<'_>,
) -> Result<Grant, FlowError> {
    if let Some(grant) = consent_grants::stay_stopped(tx, grant, &platform.ambient).await? {
        record(platform, tx, &grant, Happened::new(Act::stopped(&grant.id, &grant.contract), by)).await?;
        return Ok(grant);
    }
    let grant = consent_grants::stop(tx, grant, &platform.ambient).await?;
    consent_library::take_back(tx, &grant.id).await?;
    let happened = Happened::new(Act::stopped(&grant.id, &grant.contract), by);
    record(platform, tx, &grant, happened.receipt(Change::Stopped).signal(Kind::SharingStopped)).await?;
    Ok(grant)
}

/// Continues a stopped grant, which needs the owner: only she can give the shelves again.
pub async fn resume(platform: &Platform, grant: &GrantId, who: &SignedIn) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = resume_in(platform, &tx, grant, who).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(grant)
}

/// The same inside a transaction.
pub(super) async fn resume_in(
    platform: &Platform,
    tx: &Tx,
    grant: &GrantId,
    who: &SignedIn,
) -> Result<Grant, FlowError> {
    let (_, key) = open_library(platform, tx, who).await?;
    let grant = consent_grants::resume(tx, grant, &platform.ambient).await?;
    go_on(platform, tx, &grant, &key, By::from(&who.actor())).await?;
    Ok(grant)
}

/// Gives the shelves of a resumed grant again, and tells its app.
pub(super) async fn go_on(
    platform: &Platform,
    tx: &Tx,
    grant: &Grant,
    key: &LibraryKey,
    by: By<'_>,
) -> Result<(), FlowError> {
    give_shelves(platform, tx, grant, key).await?;
    let happened = Happened::new(Act::resumed(&grant.id, &grant.contract), by);
    record(platform, tx, grant, happened.receipt(Change::Resumed).signal(Kind::SharingResumed)).await
}

/// Ends a grant for good: no request that starts after the commit gets data.
pub async fn revoke(platform: &Platform, grant: &GrantId, by: By<'_>) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = revoke_in(platform, &tx, grant, by).await?;
    commit_shut(platform, tx, slice::from_ref(&grant)).await?;
    Ok(grant)
}

/// The same inside a transaction, to be ended with [`commit_shut`].
pub(super) async fn revoke_in(
    platform: &Platform,
    tx: &Tx,
    grant: &GrantId,
    by: By<'_>,
) -> Result<Grant, FlowError> {
    let grant = consent_grants::revoke(tx, grant, &platform.ambient).await?;
    shut(platform, tx, &grant).await?;
    let happened = Happened::new(Act::revoked(&grant.id, &grant.contract), by);
    record(platform, tx, &grant, happened.receipt(Change::Revoked).signal(Kind::ConsentRevoked)).await?;
    Ok(grant)
}

/// Has the app of a grant delete what it holds, and ends the grant if it has not ended.
pub async fn erase(platform: &Platform, grant: &GrantId, by: By<'_>) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = erase_in(platform, &tx, grant, by).await?;
    commit_shut(platform, tx, slice::from_ref(&grant)).await?;
    Ok(grant)
}

/// The same inside a transaction, to be ended with [`commit_shut`].
pub(super) async fn erase_in(
    platform: &Platform,
    tx: &Tx,
    grant: &GrantId,
    by: By<'_>,
) -> Result<Grant, FlowError> {
    let grant = consent_grants::erase(tx, grant, &platform.ambient).await?;
    shut(platform, tx, &grant).await?;
    let happened = Happened::new(Act::erasing(&grant.id, &grant.contract), by);
    let happened = happened.receipt(Change::ErasureAsked).signal(Kind::ErasureRequested);
    record(platform, tx, &grant, happened).await?;
    Ok(grant)
}

/// Takes the wish to have it deleted back. The grant stays ended; what the app deleted already is gone.
pub async fn keep_after_all(platform: &Platform, grant: &GrantId, by: By<'_>) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = keep_after_all_in(platform, &tx, grant, by).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(grant)
}

/// The same inside a transaction.
pub(super) async fn keep_after_all_in(
    platform: &Platform,
    tx: &Tx,
    grant: &GrantId,
    by: By<'_>,
) -> Result<Grant, FlowError> {
    let grant = consent_grants::keep_after_all(tx, grant, &platform.ambient).await?;
    let happened = Happened::new(Act::erasure_cancelled(&grant.id, &grant.contract), by);
    let happened = happened.receipt(Change::ErasureCancelled).signal(Kind::ErasureCancelled);
    record(platform, tx, &grant, happened).await?;
    Ok(grant)
}

/// Has a grant end sooner than it would by itself.
pub async fn shorten(
    platform: &Platform,
    grant: &GrantId,
    until: DateTime<Utc>,
    by: By<'_>,
) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = shorten_in(platform, &tx, grant, until, by).await?;
    tx.commit().await?;
    Ok(grant)
}

/// The same inside a transaction.
pub(super) async fn shorten_in(
    platform: &Platform,
    tx: &Tx,
    grant: &GrantId,
    until: DateTime<Utc>,
    by: By<'_>,
) -> Result<Grant, FlowError> {
    let grant = consent_grants::shorten(tx, grant, until, &platform.ambient).await?;
    let act = Act::Changed {
        grant: grant.id.clone(),
        contract: grant.contract.clone(),
        what: consent_events::Change::EndShortened,
        from: grant.version,
        to: grant.version,
    };
    let happened = Happened::new(act, by).receipt(Change::Changed(vec![Alteration::Shortened]));
    record(platform, tx, &grant, happened).await?;
    Ok(grant)
}

/// Notes which grants' time ran out; they gave nothing since that moment already. Returns how many it noted. One that
/// cannot be noted keeps no other waiting: it is an error when nothing else is left.
pub async fn expire_due(platform: &Platform) -> Result<usize, FlowError> {
    let (mut noted, mut failed) = (0, None);
    for id in &consent_grants::due(&platform.db, platform.ambient.now(), 100).await? {
        match expire(platform, id).await {
            Ok(()) => noted += 1,
            // Another replica, or the person, was faster.
            Err(FlowError::Grants(GrantError::Refused { .. })) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) if noted == 0 => Err(error),
        _ => Ok(noted),
    }
}

async fn expire(platform: &Platform, id: &GrantId) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = consent_grants::expire(&tx, id, &platform.ambient).await?;
    shut(platform, &tx, &grant).await?;
    let happened = Happened::new(Act::expired(&grant.id, &grant.contract), By::from(&Actor::Clock));
    record(platform, &tx, &grant, happened.receipt(Change::Expired).signal(Kind::ConsentExpired)).await?;
    commit_shut(platform, tx, slice::from_ref(&grant)).await
}

/// Makes it durable that grants were shut, first where no copy of the database comes from, and tells running downloads.
/// What the journal holds and the database does not was told to nobody, and shuts nothing that is open.
pub(super) async fn commit_shut(platform: &Platform, tx: Tx, grants: &[Grant]) -> Result<(), FlowError> {
    if grants.is_empty() {
        return Ok(tx.commit().await?);
    }
    let now = platform.ambient.now();
    let shut: Vec<_> = grants.iter().map(|grant| Shut::of(grant, now)).collect();
    platform.journal.note(&shut).await.map_err(FlowError::Journal)?;
    tx.commit().await?;
    platform.announce_shut();
    platform.wake_dispatcher();
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
pub(super) async fn shut(platform: &Platform, tx: &Tx, grant: &Grant) -> Result<(), FlowError> {
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
