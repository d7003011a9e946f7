//! Where apps want their signals. Whatever is new there has to answer a verification before anything else is sent to it.

use std::time::Duration;

use consent_contracts::Contract;
use consent_core::{AppId, ContractId};
use consent_signals::{
    Endpoint, EndpointState, NewEndpoint, Policy, SetEndpoint, SignalsError, Target, WebhookSecret,
};
use consent_store::Tx;

use super::FlowError;
use crate::platform::Platform;

/// So many are asked in one round of the worker.
const AT_ONCE: u64 = 100;
/// How long the secret before a new one signs beside it.
const SECRET_OVERLAP: Duration = Duration::from_hours(24);

/// Sets where all signals of an app go whose contracts name no place of their own.
pub async fn set_endpoint(platform: &Platform, app: AppId, target: Target) -> Result<SetEndpoint, FlowError> {
    let tx = platform.db.begin_write().await?;
    let set = set(platform, &tx, NewEndpoint { app, contract: None, target }).await?;
    ask(platform, &tx, &set.endpoint).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(set)
}

/// Asks an endpoint, of the app or of a contract of its own, once more whether it is there.
pub async fn ping_endpoint(
    platform: &Platform,
    app: &AppId,
    contract: Option<&ContractId>,
) -> Result<Endpoint, FlowError> {
    let tx = platform.db.begin_write().await?;
    let endpoint = consent_signals::find_endpoint(&tx, app, contract).await?;
    ask(platform, &tx, &endpoint).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(endpoint)
}

/// Makes a new secret for a webhook, of the app or of a contract of its own; the one before signs beside it for a day.
pub async fn rotate_signal_secret(
    platform: &Platform,
    app: &AppId,
    contract: Option<&ContractId>,
) -> Result<(Endpoint, WebhookSecret), FlowError> {
    let (keys, ambient) = (&platform.keys, &platform.ambient);
    let tx = platform.db.begin_write().await?;
    let endpoint = consent_signals::find_endpoint(&tx, app, contract).await?;
    let secret = consent_signals::rotate_secret(&tx, &endpoint, SECRET_OVERLAP, keys, ambient).await?;
    tx.commit().await?;
    Ok((endpoint, secret))
}

/// Asks endpoints whether they are there that were not asked for a week, or never answered.
pub async fn verify_endpoints(platform: &Platform) -> Result<(), FlowError> {
    let now = platform.ambient.now();
    for endpoint in consent_signals::due_for_verification(&platform.db, now, AT_ONCE).await? {
        let tx = platform.db.begin_write().await?;
        ask(platform, &tx, &endpoint).await?;
        tx.commit().await?;
        platform.wake_dispatcher();
    }
    Ok(())
}

/// Sets where the signals under a contract go as its text says; without a word of it they go where all of the app's do.
/// The dispatcher is to be woken after the commit.
pub(super) async fn point_signals(
    platform: &Platform,
    tx: &Tx,
    contract: &Contract,
) -> Result<Option<SetEndpoint>, FlowError> {
    let (app, id) = (&contract.app_id, &contract.id);
    let Some(url) = contract.document.signal_endpoint.clone() else {
        return match consent_signals::find_endpoint(tx, app, Some(id)).await {
            Ok(endpoint) => {
                consent_signals::remove_endpoint(tx, &endpoint, &platform.ambient).await?;
                Ok(None)
            }
            Err(SignalsError::NoEndpoint) => Ok(None),
            Err(error) => Err(error.into()),
        };
    };
    let target = Target::Webhook { url };
    let new = NewEndpoint { app: app.clone(), contract: Some(id.clone()), target };
    let set = set(platform, tx, new).await.map_err(|error| match error {
        SignalsError::Invalid { reason, .. } => {
            SignalsError::Invalid { field: "signalEndpoint".to_owned(), reason }
        }
        error => error,
    })?;
    if set.endpoint.state != EndpointState::Active {
        ask(platform, tx, &set.endpoint).await?;
    }
    Ok(Some(set))
}

async fn set(platform: &Platform, tx: &Tx, new: NewEndpoint) -> Result<SetEndpoint, SignalsError> {
    let policy = Policy { sandbox: platform.config.server.sandbox };
    consent_signals::set_endpoint(tx, new, policy, &platform.keys, &platform.ambient).await
}

/// Asks an endpoint whether it is there: the dispatcher, to be woken after the commit, sends it a verification.
async fn ask(platform: &Platform, tx: &Tx, endpoint: &Endpoint) -> Result<(), FlowError> {
    let status_base = platform.status_base(&endpoint.app);
    let issuer = platform.signal_issuer(&status_base);
    consent_signals::enqueue_verification(tx, endpoint, &issuer, &platform.ambient).await?;
    Ok(())
}
