//! The emergency brake: everything that a person shares ends at once.

use std::net::IpAddr;

use consent_core::PersonId;
use consent_crypto::digest::hex;
use consent_grants::Grant;
use consent_store::Tx;

use super::{
    By, FlowError, SignedIn,
    grant::{commit_shut, erase_in, revoke_in},
    people::prove_again,
};
use crate::platform::Platform;

/// Ends every grant of hers that has not ended, all of them or none; asks for her password. With `erase` the app of each
/// grant, also of one that has ended, is told to delete what it holds. Returns what was changed, oldest first.
///
/// When this returns nothing of hers is shared any more. One value of `txn` is shared by all signals.
pub async fn revoke_everything(
    platform: &Platform,
    who: &SignedIn,
    password: &str,
    erase: bool,
    address: IpAddr,
) -> Result<Vec<Grant>, FlowError> {
    prove_again(platform, who, password, address).await?;
    end_everything(platform, &who.sign_in.person, erase, By::from(&who.actor())).await
}

/// The same in a person's place, for whoever may act for her.
pub async fn end_everything(
    platform: &Platform,
    person: &PersonId,
    erase: bool,
    by: By<'_>,
) -> Result<Vec<Grant>, FlowError> {
    let txn = hex(&platform.ambient.random::<16>());
    let by = By { txn: Some(&txn), ..by };
    let tx = platform.db.begin_write().await?;
    let mut ended = Vec::new();
    // Whoever appends to her chain holds it until the end: what she agrees to meanwhile is in the next round, or waits.
    loop {
        let round = end_all(platform, &tx, person, erase, by).await?;
        if round.is_empty() {
            break;
        }
        ended.extend(round);
    }
    commit_shut(platform, tx, &ended).await?;
    tracing::info!(grants = ended.len(), erase, "everything that a person shares is revoked");
    Ok(ended)
}

/// Ends what has not ended. All grants are held before the first is changed, as everybody else holds a grant before her
/// chain.
async fn end_all(
    platform: &Platform,
    tx: &Tx,
    person: &PersonId,
    erase: bool,
    by: By<'_>,
) -> Result<Vec<Grant>, FlowError> {
    let held = consent_grants::hold_of_person(tx, person, !erase, &platform.ambient).await?;
    let mut ended = Vec::with_capacity(held.len());
    for grant in held {
        ended.push(if erase {
            erase_in(platform, tx, &grant.id, by).await?
        } else {
            revoke_in(platform, tx, &grant.id, by).await?
        });
    }
    Ok(ended)
}
