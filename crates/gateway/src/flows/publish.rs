//! A contract is put before people. What a new version gives up holds from the commit on; going through the grants that
//! people gave before, which may be many, is left to the worker.

use consent_contracts::{Contract, Difference, Document};
use consent_core::{AppId, ContractId};
use consent_signals::SetEndpoint;
use consent_store::Tx;

use super::{FlowError, endpoints::point_signals};
use crate::platform::Platform;

/// A version that was written or published.
#[derive(Debug)]
pub struct Published {
    /// The version.
    pub contract: Contract,
    /// Where its signals go, if it is published and names a place of its own; with the secret of a new webhook.
    pub endpoint: Option<SetEndpoint>,
}

/// Writes the first version of a contract, and publishes it at once if `publish`.
pub async fn draft(
    platform: &Platform,
    app: &AppId,
    document: Document,
    publish: bool,
) -> Result<Published, FlowError> {
    let tx = platform.db.begin_write().await?;
    let policy = platform.policy();
    let contract = consent_contracts::draft(&tx, app, document, &policy, &platform.ambient).await?;
    finish(platform, tx, contract, publish).await
}

/// Writes a new text of a contract, and publishes it at once if `publish`.
pub async fn revise(
    platform: &Platform,
    app: &AppId,
    id: &ContractId,
    document: Document,
    publish: bool,
) -> Result<Published, FlowError> {
    let tx = platform.db.begin_write().await?;
    let policy = platform.policy();
    let contract = consent_contracts::revise(&tx, app, id, document, &policy, &platform.ambient).await?;
    finish(platform, tx, contract, publish).await
}

/// Publishes the draft of a contract.
pub async fn publish(platform: &Platform, app: &AppId, id: &ContractId) -> Result<Published, FlowError> {
    let tx = platform.db.begin_write().await?;
    let published = put_before_people(platform, &tx, app, id).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(published)
}

async fn finish(
    platform: &Platform,
    tx: Tx,
    contract: Contract,
    publish: bool,
) -> Result<Published, FlowError> {
    let published = if publish {
        put_before_people(platform, &tx, &contract.app_id, &contract.id).await?
    } else {
        Published { contract, endpoint: None }
    };
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(published)
}

async fn put_before_people(
    platform: &Platform,
    tx: &Tx,
    app: &AppId,
    id: &ContractId,
) -> Result<Published, FlowError> {
    let before = consent_contracts::published_versions(tx, id).await?;
    let contract = consent_contracts::publish(tx, app, id, &platform.ambient).await?;
    let narrows = before
        .last()
        .is_some_and(|before| !Difference::between(&before.document, &contract.document).narrowed.is_empty());
    if narrows {
        consent_grants::plan_narrowing(tx, id, contract.version, &platform.ambient).await?;
    }
    let endpoint = point_signals(platform, tx, &contract).await?;
    Ok(Published { contract, endpoint })
}
