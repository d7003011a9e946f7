//! A person renews what a source asks for, because an app found that it cannot read the account any more.

use chrono::{DateTime, Utc};
use consent_auth::{AuthError, AuthorizationRequest, Decision, HandleKind, RequestKind};
use consent_crypto::Secret;
use consent_grants::Grant;
use consent_library::LibraryError;
use consent_sources::{Account, Credentials, SourceError};
use sea_orm::ConnectionTrait;

use super::{
    FlowError, SignedIn,
    connect::begin,
    consent::{request_to, start_session},
    grant::ended,
    open_library,
    shelves::Shelves,
    sync,
};
use crate::platform::Platform;

/// The account that a handle names, to be shown before it is renewed, and its name at the source if she can open it.
pub async fn account_named(
    platform: &Platform,
    who: &SignedIn,
    request: &AuthorizationRequest,
    account_ref: &Secret,
) -> Result<(Account, Option<String>), FlowError> {
    let hint = request.hint.as_ref().ok_or(FlowError::WrongKind)?;
    let grant = consent_grants::find_of_person(&platform.db, &who.sign_in.person, hint).await?;
    let account = referred(&platform.db, request, &grant, account_ref, platform.ambient.now()).await?;
    let name = Shelves::of(platform, who).await?.name_of(&account);
    Ok((account, name))
}

/// Renews the account that a handle names, starts the session of the request, and starts to read the account.
pub async fn renew_account(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
    account_ref: &Secret,
) -> Result<AuthorizationRequest, FlowError> {
    let (tx, ambient, now) = (begin(platform).await?, &platform.ambient, platform.ambient.now());
    let (request, hinted) = request_to(&tx, who, code, now).await?;
    let (RequestKind::Onboard, Some(grant)) = (request.kind, hinted) else {
        return Err(FlowError::WrongKind);
    };
    let (library, key) = open_library(platform, &tx, who).await?;
    consent_grants::lock(&tx, &grant.id, ambient).await.map_err(ended)?;
    let account = referred(&tx, &request, &grant, account_ref, now).await?;
    let shelf = consent_library::shelf(&tx, &library.id, &account.shelf).await?;
    let keys = shelf.open(&key).map_err(LibraryError::Damaged)?;
    // A sample asks for nothing new.
    let credentials = Credentials::of(&account, &keys)?.wrap(&keys, ambient)?;
    consent_sources::renew(&tx, &account.id, credentials, now).await?;
    let decision = Decision::Yes { person: grant.person.clone(), grant: grant.id.clone() };
    consent_auth::decide(&tx, &request.id, &decision, now).await?;
    start_session(platform, &tx, &request, &grant).await?;
    let claimed = sync::claim(platform, &tx, &account, &key).await?;
    tx.commit().await?;
    sync::start_for(platform, who, claimed);
    Ok(request)
}

/// The account that a handle of the request's contract names, if the grant covers it.
async fn referred(
    db: &impl ConnectionTrait,
    request: &AuthorizationRequest,
    grant: &Grant,
    account_ref: &Secret,
    now: DateTime<Utc>,
) -> Result<Account, FlowError> {
    let (contract, kind) = (&request.contract, HandleKind::Account);
    let name = consent_auth::find_handle(db, account_ref, contract, kind, now).await?;
    match consent_sources::find_named(db, &grant.library, &name).await {
        Ok(account) if grant.choices.shelves.contains(&account.shelf) => Ok(account),
        Ok(_) | Err(SourceError::UnknownAccount(_)) => Err(AuthError::UnknownHandle.into()),
        Err(error) => Err(error.into()),
    }
}
