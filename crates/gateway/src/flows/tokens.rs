//! Codes become tokens, and tokens their successors.

use consent_auth::{AuthError, ClaimedCode, IssuedPair, Refreshed};
use consent_core::{GrantId, OpenOwner, PersonId, RowId, SignInId};
use consent_crypto::{Digest, Family, Secret};
use consent_grants::{Grant, GrantError};
use consent_library::{GrantKey, NewSlot, Opener, SlotKind};
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
    let locked = consent_grants::lock_alone(&tx, &grant, &platform.ambient).await;
    let (grant, owner) = locked.map_err(ended_grant)?;
    let family = Family::generate(&platform.ambient);
    match consent_auth::claim_code(&tx, code, contract, verifier, &family.digest(), now).await? {
        ClaimedCode::Lost => Err(AuthError::UsedCode.into()),
        ClaimedCode::Replayed { family } => {
            revoke_family(platform, &tx, &family).await?;
            tx.commit().await?;
            Err(AuthError::UsedCode.into())
        }
        ClaimedCode::Won { id, session } => {
            let (holder, opener) = (id.as_str(), Opener::Secret(code));
            let key = consent_library::take_slot(&tx, SlotKind::Code, holder, opener, now).await?;
            consent_auth::start_family(&tx, &family, &grant.id, contract, &platform.ambient).await?;
            let lifetimes = platform.lifetimes();
            let issued =
                consent_auth::issue_pair(&tx, &family, &grant.id, contract, lifetimes, &platform.ambient)
                    .await?;
            put_slots(platform, &tx, &owner, &grant, &issued, &key).await?;
            let others = consent_auth::withdraw_codes(&tx, &grant.id, &session).await?;
            let others: Vec<_> = others.iter().map(RowId::as_str).collect();
            consent_library::remove_slots(&tx, &[SlotKind::Code], &others).await?;
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
        error @ (GrantError::NotShorter { .. } | GrantError::Cursor | GrantError::Store(_)) => error.into(),
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
    let locked = match consent_auth::grant_of_refresh(&tx, presented, &contract.id).await? {
        Some(grant) => Some(consent_grants::lock(&tx, &grant, &platform.ambient).await?),
        None => None,
    };
    let (now, lifetimes) = (platform.ambient.now(), platform.lifetimes());
    let refreshed = consent_auth::refresh(&tx, presented, &contract.id, lifetimes, &platform.ambient).await?;
    let issued = match refreshed {
        Refreshed::New { old, issued } => {
            let (grant, owner) = locked.as_ref().ok_or(AuthError::UnknownToken)?;
            // The slots of the old pair stay until its grace is over.
            let (holder, opener) = (old.as_str(), Opener::Secret(presented));
            let key = consent_library::open_slot(&tx, SlotKind::Refresh, holder, opener, now).await?;
            put_slots(platform, &tx, owner, grant, &issued, &key).await?;
            issued
        }
        Refreshed::Same(issued) => issued,
        Refreshed::Reused { family } => {
            revoke_family(platform, &tx, &family).await?;
            tx.commit().await?;
            return Err(AuthError::UnknownToken.into());
        }
    };
    let (grant, _) = locked.ok_or(AuthError::UnknownToken)?;
    tx.commit().await?;
    Ok(Tokens { grant: grant.id, person: grant.person, issued })
}

async fn put_slots(
    platform: &Platform,
    tx: &Tx,
    owner: &OpenOwner,
    grant: &Grant,
    issued: &IssuedPair,
    key: &GrantKey,
) -> Result<(), FlowError> {
    let slots = [
        (SlotKind::Access, &issued.access, issued.pair.access_expires_at),
        (SlotKind::Refresh, &issued.refresh, issued.pair.refresh_expires_at),
    ]
    .map(|(kind, secret, not_after)| NewSlot {
        kind,
        holder: issued.pair.id.as_str(),
        opener: Opener::Secret(secret),
        not_after: Some(not_after),
    });
    let ambient = &platform.ambient;
    Ok(consent_library::insert_slots(tx, owner, &grant.library, key.key(), &slots, ambient).await?)
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
    let holders: Vec<_> = pairs.iter().map(RowId::as_str).collect();
    Ok(consent_library::remove_slots(tx, &[SlotKind::Access, SlotKind::Refresh], &holders).await?)
}

/// Forgets pairs whose grace or time is over, slots whose time is over, and nonces and sessions long past.
pub async fn sweep(platform: &Platform) -> Result<(), FlowError> {
    let now = platform.ambient.now();
    let tx = platform.db.begin_write().await?;
    let pairs = consent_auth::retired_pairs(&tx, 500, now).await?;
    remove_slots(&tx, &pairs).await?;
    consent_auth::sweep_nonces(&tx, now).await?;
    consent_auth::sweep_app_tokens(&tx, now).await?;
    consent_events::sweep_requests(&tx, now).await?;
    consent_sessions::sweep(&tx, now - platform.session_for()).await?;
    let ended = consent_people::sweep(&tx, &platform.ambient).await?;
    let holders: Vec<_> = ended.iter().map(SignInId::as_str).collect();
    consent_library::remove_slots(&tx, &[SlotKind::SignIn], &holders).await?;
    consent_library::sweep_slots(&tx, now).await?;
    tx.commit().await?;
    Ok(())
}
