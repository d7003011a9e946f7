//! A person confirms what she shares already, so that its app begins anew: the same grant and key, new tokens.

use consent_auth::{AuthError, Decision, RequestKind};
use consent_crypto::Secret;
use consent_events::Act;

use super::{
    By, FlowError, Opened, SignedIn,
    consent::{client_of, code_for, open_again, request_to, start_session},
    grant::{end_access, ended},
    open_library,
    record::{Happened, record},
};
use crate::platform::Platform;

/// Answers a request to confirm a grant that has not ended; a stopped one stays stopped. What the app held until now,
/// codes, tokens and sessions, ends in the same transaction. Unless `query`, the session of the request is not started.
///
/// Said twice it is one answer, as with [`super::approve`].
pub async fn confirm(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
    query: bool,
) -> Result<Opened, FlowError> {
    match say_so(platform, who, code, query).await {
        Err(FlowError::Auth(AuthError::AlreadyDecided)) => {
            open_again(platform, who, &consent_auth::id_of_code(&platform.db, code).await?).await
        }
        said => said,
    }
}

async fn say_so(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
    query: bool,
) -> Result<Opened, FlowError> {
    let (tx, now) = (platform.db.begin_write().await?, platform.ambient.now());
    let (request, hinted) = request_to(&tx, who, code, now).await?;
    let (RequestKind::Reauthorize, Some(grant)) = (request.kind, hinted) else {
        return Err(FlowError::WrongKind);
    };
    client_of(&tx, &request).await?;
    let (library, key) = open_library(platform, &tx, who).await?;
    let locked = consent_grants::lock_alone(&tx, &grant.id, &platform.ambient).await;
    let (grant, _) = locked.map_err(ended)?;
    let decision = Decision::Yes { person: grant.person.clone(), grant: grant.id.clone() };
    consent_auth::decide(&tx, &request.id, &decision, now).await?;
    end_access(platform, &tx, &grant).await?;
    if query {
        start_session(platform, &tx, &request, &grant).await?;
    }
    let grant_key = consent_library::grant_key_of_owner(&tx, &grant.id, &library.id, &key).await?;
    let code = code_for(platform, &tx, &request, &grant, &grant_key).await?;
    let act = Act::reauthorized(&grant.id, &grant.contract);
    record(platform, &tx, &grant, Happened::new(act, By::from(&who.actor()))).await?;
    tx.commit().await?;
    Ok(Opened { request, grant, code })
}
