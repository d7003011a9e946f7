//! What lets an app itself in at the consent event API: its API key, or a token it got for it (RFC 6749 §4.4 and §6).

use consent_auth::{AppTokenOwner, AppTokens, AuthError};
use consent_contracts::{App, ContractsError, Credential};
use consent_crypto::{Secret, SecretKind};

use super::FlowError;
use crate::platform::Platform;

/// What an app asks for tokens with, besides its credentials.
#[derive(Debug)]
pub enum AppGrant {
    /// Nothing.
    ClientCredentials,
    /// The refresh token of the pair before, which ends with this.
    RefreshToken(Secret),
}

/// The app that a bearer speaks for. Suspended and closed apps are refused, and so are tokens from before the API key was
/// replaced or the app suspended.
pub async fn app_of_bearer(platform: &Platform, text: &str) -> Result<App, FlowError> {
    let credential = if let Ok(key) = Secret::parse(SecretKind::ApiKey, text) {
        of_key(platform, &key).await?
    } else if let Ok(token) = Secret::parse(SecretKind::LogToken, text) {
        of_token(platform, &token).await?
    } else {
        return Err(FlowError::UnknownCredentials);
    };
    credential.app.refuse_unless_registered()?;
    Ok(credential.app)
}

async fn of_key(platform: &Platform, key: &Secret) -> Result<Credential, FlowError> {
    known(consent_contracts::find_credential_by_key(&platform.db, key).await)
}

async fn of_token(platform: &Platform, token: &Secret) -> Result<Credential, FlowError> {
    let owner = match consent_auth::find_app_token(&platform.db, token, platform.ambient.now()).await {
        Err(AuthError::UnknownToken) => return Err(FlowError::UnknownCredentials),
        owner => owner?,
    };
    let credential = known(consent_contracts::find_credential(&platform.db, &owner.app).await)?;
    if credential.epoch == owner.epoch { Ok(credential) } else { Err(FlowError::UnknownCredentials) }
}

/// Gives an app a pair of tokens. `id` is the app's, `key` its API key.
///
/// [`AuthError::UnknownToken`] where the refresh token is not this app's, was used before, or is over.
pub async fn app_tokens(
    platform: &Platform,
    id: &str,
    key: &Secret,
    grant: &AppGrant,
) -> Result<AppTokens, FlowError> {
    let tx = platform.db.begin_write().await?;
    let Credential { app, epoch } = known(consent_contracts::find_credential_by_key(&tx, key).await)?;
    if app.id.as_str() != id {
        return Err(FlowError::UnknownCredentials);
    }
    app.refuse_unless_registered()?;
    // The epoch was read with the key: if the key is replaced meanwhile, what is made here is void.
    let owner = AppTokenOwner { app: app.id, epoch };
    let tokens = match grant {
        AppGrant::ClientCredentials => consent_auth::issue_app_tokens(&tx, &owner, &platform.ambient).await?,
        AppGrant::RefreshToken(token) => {
            consent_auth::refresh_app_tokens(&tx, token, &owner, &platform.ambient).await?
        }
    };
    tx.commit().await?;
    Ok(tokens)
}

fn known(found: Result<Credential, ContractsError>) -> Result<Credential, FlowError> {
    found.map_err(|error| match error {
        ContractsError::UnknownApp => FlowError::UnknownCredentials,
        error => error.into(),
    })
}
