//! Codes become tokens, and tokens their successors.

use consent_auth::{AuthError, ClaimedCode, IssuedPair, Refreshed};
use consent_core::{GrantId, OpenOwner, PersonId, RowId};
use consent_crypto::{Digest, Family, Secret};
use consent_grants::{Grant, GrantError};
use consent_library::{GrantKey, Opener, SlotKind};
use consent_store::Tx;

use super::{FlowError, authorize::Caller};
use crate::platform::Platform;

/// What an app gets for a code or a refresh token.
#[derive(Debug)]
pub struct Tokens {
    /// The pair.
    pub issued: IssuedPair,
    /// The grant it acts for.
    pub grant: GrantId,
    /// Whose it is.
    pub person: PersonId,
}

/// Exchanges a code. Of many at once one wins; a replay later revokes what the code gave.
pub async fn exchange(
    platform: &Platform,
    caller: &Caller,
    code: &Secret,
    verifier: &str,
) -> Result<Tokens, FlowError> {
    let (now, contract) = (platform.ambient.now(), &caller.client.contract.id);
    let tx = platform.db.begin_write().await?;
    caller.spend(platform, &tx).await?;
    let grant = consent_auth::grant_of_code(&tx, code, contract).await?;
    let owner = consent_grants::lock_alone(&tx, &grant, &platform.ambient).await.map_err(ended_grant)?;
    let family = Family::generate(&platform.ambient);
    match consent_auth::claim_code(&tx, code, contract, verifier, &family.digest(), now).await? {
        ClaimedCode::Lost => Err(AuthError::UsedCode.into()),
        ClaimedCode::Replayed { family } => {
            revoke_family(platform, &tx, &family).await?;
            tx.commit().await?;
            Err(AuthError::UsedCode.into())
        }
        ClaimedCode::Won { id, grant, session } => {
            let grant = consent_grants::find(&tx, contract, &grant).await?;
            let (holder, opener) = (id.as_str(), Opener::Secret(code));
            let key = consent_library::open_slot(&tx, SlotKind::Code, holder, opener, now).await?;
            consent_auth::start_family(&tx, &family, &grant.id, contract, &platform.ambient).await?;
            let lifetimes = platform.lifetimes();
            let issued =
                consent_auth::issue_pair(&tx, &family, &grant.id, contract, lifetimes, &platform.ambient)
                    .await?;
            put_slots(platform, &tx, &owner, &grant, &issued, &key).await?;
            consent_library::remove_slot(&tx, SlotKind::Code, id.as_str()).await?;
            for other in consent_auth::withdraw_codes(&tx, &grant.id, &session).await? {
                consent_library::remove_slot(&tx, SlotKind::Code, other.as_str()).await?;
            }
            consent_sessions::adopt(&tx, &session, &family.digest()).await?;
            tx.commit().await?;
            Ok(Tokens { issued, grant: grant.id, person: grant.person })
        }
    }
}

/// A code of a grant that has ended is no code any more.
fn ended_grant(error: GrantError) -> FlowError {
    match error {
        GrantError::Refused { .. } | GrantError::NotFound(_) => AuthError::UnknownCode.into(),
        error @ (GrantError::Cursor | GrantError::Store(_)) => error.into(),
    }
}

/// Replaces a pair of tokens by its one successor.
pub async fn refresh(platform: &Platform, caller: &Caller, presented: &Secret) -> Result<Tokens, FlowError> {
    let contract = &caller.client.contract;
    if !contract.document.ongoing {
        return Err(FlowError::OneOff);
    }
    let tx = platform.db.begin_write().await?;
    caller.spend(platform, &tx).await?;
    let owner = match consent_auth::grant_of_refresh(&tx, presented, &contract.id).await? {
        Some(grant) => Some(consent_grants::lock(&tx, &grant, &platform.ambient).await?),
        None => None,
    };
    let lifetimes = platform.lifetimes();
    let issued =
        match consent_auth::refresh(&tx, presented, &contract.id, lifetimes, &platform.ambient).await? {
            Refreshed::Same(issued) => issued,
            Refreshed::New { old, issued } => {
                let owner = owner.ok_or(AuthError::UnknownToken)?;
                move_slots(platform, &tx, caller, &owner, presented, &old, &issued).await?;
                issued
            }
            Refreshed::Reused { family } => {
                revoke_family(platform, &tx, &family).await?;
                tx.commit().await?;
                return Err(AuthError::UnknownToken.into());
            }
        };
    let grant = consent_grants::find(&tx, &contract.id, &issued.pair.grant).await?;
    tx.commit().await?;
    Ok(Tokens { grant: grant.id, person: grant.person, issued })
}

/// Writes the slots of a successor; those of the old pair stay until its grace is over.
async fn move_slots(
    platform: &Platform,
    tx: &Tx,
    caller: &Caller,
    owner: &OpenOwner,
    presented: &Secret,
    old: &RowId,
    issued: &IssuedPair,
) -> Result<(), FlowError> {
    let grant = consent_grants::find(tx, &caller.client.contract.id, &issued.pair.grant).await?;
    let (opener, now) = (Opener::Secret(presented), platform.ambient.now());
    let key = consent_library::open_slot(tx, SlotKind::Refresh, old.as_str(), opener, now).await?;
    put_slots(platform, tx, owner, &grant, issued, &key).await
}

async fn put_slots(
    platform: &Platform,
    tx: &Tx,
    owner: &OpenOwner,
    grant: &Grant,
    issued: &IssuedPair,
    key: &GrantKey,
) -> Result<(), FlowError> {
    let (pair, ambient) = (&issued.pair, &platform.ambient);
    for (kind, secret, not_after) in [
        (SlotKind::Access, &issued.access, pair.access_expires_at),
        (SlotKind::Refresh, &issued.refresh, pair.refresh_expires_at),
    ] {
        let (library, holder, opener) = (&grant.library, pair.id.as_str(), Opener::Secret(secret));
        consent_library::insert_slot(
            tx,
            owner,
            library,
            kind,
            holder,
            opener,
            Some(not_after),
            key.key(),
            ambient,
        )
        .await?;
    }
    Ok(())
}

/// Ends a family of tokens with its slots and sessions.
async fn revoke_family(platform: &Platform, tx: &Tx, family: &Digest) -> Result<(), FlowError> {
    let now = platform.ambient.now();
    let pairs = consent_auth::revoke_family(tx, family, now).await?;
    remove_slots(tx, &pairs).await?;
    consent_sessions::close_of_family(tx, family, now).await?;
    tracing::warn!("revoked a family of tokens: a code or refresh token was used again");
    Ok(())
}

async fn remove_slots(tx: &Tx, pairs: &[RowId]) -> Result<(), FlowError> {
    for pair in pairs {
        consent_library::remove_slot(tx, SlotKind::Access, pair.as_str()).await?;
        consent_library::remove_slot(tx, SlotKind::Refresh, pair.as_str()).await?;
    }
    Ok(())
}

/// Forgets pairs whose grace or time is over, slots whose time is over, and nonces and sessions long past.
pub async fn sweep(platform: &Platform) -> Result<(), FlowError> {
    let now = platform.ambient.now();
    let tx = platform.db.begin_write().await?;
    let pairs = consent_auth::retired_pairs(&tx, 500, now).await?;
    remove_slots(&tx, &pairs).await?;
    consent_auth::sweep_nonces(&tx, now).await?;
    consent_sessions::sweep(&tx, now - platform.session_for()).await?;
    for ended in consent_people::sweep(&tx, &platform.ambient).await? {
        consent_library::remove_slot(&tx, SlotKind::SignIn, ended.as_str()).await?;
    }
    consent_library::sweep_slots(&tx, now).await?;
    tx.commit().await?;
    Ok(())
}
