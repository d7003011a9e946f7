//! An app asks: for a consent, for one more account, for a person's confirmation.

use std::sync::Arc;

use consent_auth::{AuthError, AuthorizationRequest, FamilyHint, HandleKind, NewRequest, RequestKind};
use consent_contracts::{Access as ContractAccess, Client, find_app};
use consent_core::{GrantId, Scope};
use consent_crypto::{CodeChallenge, Secret};
use consent_sessions::{NewSession, Options, Session};
use consent_store::Tx;

use super::{Access, FlowError, in_default::refuse_in_default};
use crate::platform::Platform;

/// An app whose signed request was verified, nonce not yet spent.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The app and the contract it speaks under.
    pub client: Arc<Client>,
    /// The contract key that signed.
    pub kid: String,
    /// Good once.
    pub nonce: String,
}

/// What an app wants of a session (`protocol/digime.md` §6.2).
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// A narrower scope.
    pub scope: Scope,
    /// How the sources are read.
    pub options: Options,
}

/// A request for a person's consent.
#[derive(Debug)]
pub struct AuthorizeRequest {
    /// Where the browser goes afterwards.
    pub redirect_uri: String,
    /// Echoed as it is.
    pub state: Option<String>,
    /// PKCE.
    pub challenge: CodeChallenge,
    /// A token of the same partner for the same person, dead or alive.
    pub access_token: Option<Secret>,
    /// What the session shall be.
    pub asked: Asked,
}

/// A request to send a person to the browser once more.
#[derive(Debug)]
pub struct ReferenceRequest {
    /// Where the browser goes afterwards.
    pub redirect_uri: String,
    /// Echoed as it is.
    pub state: Option<String>,
    /// What the session shall be.
    pub asked: Asked,
}

/// A request that waits for the person.
#[derive(Debug)]
pub struct Waiting {
    /// Goes into the browser's URL.
    pub code: Secret,
    /// The session that waits with it.
    pub session: Session,
    /// And its key.
    pub session_key: Secret,
}

impl Caller {
    /// Spends the nonce, in the transaction of what it came with.
    pub(super) async fn spend(&self, platform: &Platform, tx: &Tx) -> Result<(), FlowError> {
        let contract = &self.client.contract.id;
        Ok(consent_auth::spend_nonce(tx, contract, &self.nonce, platform.ambient.now()).await?)
    }

    /// Begins to keep a request of this caller, whose nonce it uses up.
    async fn begin(&self, platform: &Platform, redirect_uri: &str, asked: &Asked) -> Result<Tx, FlowError> {
        self.check_redirect(redirect_uri)?;
        self.check_scope(platform, &asked.scope)?;
        let tx = platform.db.begin_write().await?;
        self.spend(platform, &tx).await?;
        Ok(tx)
    }

    fn check_redirect(&self, uri: &str) -> Result<(), FlowError> {
        if self.client.has_redirect_uri(uri) { Ok(()) } else { Err(FlowError::RedirectUri(uri.to_owned())) }
    }

    /// Refuses a session that asks for more than the contract gives.
    pub(super) fn check_scope(&self, platform: &Platform, asked: &Scope) -> Result<(), FlowError> {
        let document = &self.client.contract.document;
        if document.access == ContractAccess::Write {
            return Ok(());
        }
        Ok(asked.refuse_beyond(&document.scope, platform.ambient.now())?)
    }

    fn new_session(&self, platform: &Platform, asked: Asked) -> NewSession {
        NewSession {
            app: self.client.app.id.clone(),
            contract: self.client.contract.id.clone(),
            grant: None,
            family: None,
            scope: asked.scope,
            options: asked.options,
            lifetime: platform.session_for(),
        }
    }
}

/// Keeps a request for consent, with the session that waits for it.
pub async fn authorize(
    platform: &Platform,
    caller: &Caller,
    request: AuthorizeRequest,
) -> Result<Waiting, FlowError> {
    let tx = caller.begin(platform, &request.redirect_uri, &request.asked).await?;
    refuse_in_default(&tx, &caller.client.app).await?;
    let hint = match &request.access_token {
        Some(token) => Some(same_partner(&tx, &caller.client, token).await?.grant),
        None => None,
    };
    let (kind, challenge) = (RequestKind::Authorize, Some(request.challenge));
    let waiting = wait(
        platform,
        &tx,
        caller,
        kind,
        request.redirect_uri,
        request.state,
        challenge,
        hint,
        request.asked,
    )
    .await?;
    tx.commit().await?;
    Ok(waiting)
}

/// Keeps a request to add or reauthorise an account under a living grant.
pub async fn reference(
    platform: &Platform,
    access: &Access,
    request: ReferenceRequest,
) -> Result<Waiting, FlowError> {
    let caller = &access.caller;
    let tx = caller.begin(platform, &request.redirect_uri, &request.asked).await?;
    let (kind, hint) = (RequestKind::Onboard, Some(access.grant.id.clone()));
    let waiting =
        wait(platform, &tx, caller, kind, request.redirect_uri, request.state, None, hint, request.asked)
            .await?;
    tx.commit().await?;
    Ok(waiting)
}

/// Keeps a request for a person's confirmation, after which the app gets new tokens. The token that names her may be
/// dead.
pub async fn reauthorize(
    platform: &Platform,
    caller: &Caller,
    request: AuthorizeRequest,
) -> Result<Waiting, FlowError> {
    let token = request.access_token.as_ref().ok_or(AuthError::UnknownToken)?;
    let tx = caller.begin(platform, &request.redirect_uri, &request.asked).await?;
    let family = consent_auth::family_of(&tx, token).await?.ok_or(AuthError::UnknownToken)?;
    if family.contract != caller.client.contract.id {
        return Err(AuthError::UnknownToken.into());
    }
    let (kind, challenge, hint) = (RequestKind::Reauthorize, Some(request.challenge), Some(family.grant));
    let waiting = wait(
        platform,
        &tx,
        caller,
        kind,
        request.redirect_uri,
        request.state,
        challenge,
        hint,
        request.asked,
    )
    .await?;
    tx.commit().await?;
    Ok(waiting)
}

#[expect(clippy::too_many_arguments, reason = "the three requests differ in each of these")]
async fn wait(
    platform: &Platform,
    tx: &Tx,
    caller: &Caller,
    kind: RequestKind,
    redirect_uri: String,
    state: Option<String>,
    challenge: Option<CodeChallenge>,
    hint: Option<GrantId>,
    asked: Asked,
) -> Result<Waiting, FlowError> {
    let new_session = caller.new_session(platform, asked);
    let (session, session_key) = consent_sessions::open_session(tx, new_session, &platform.ambient).await?;
    let request = NewRequest {
        kind,
        app: session.app.clone(),
        contract: session.contract.clone(),
        kid: caller.kid.clone(),
        redirect_uri,
        state,
        challenge,
        hint,
        session: session.id.clone(),
    };
    let (_, code) = consent_auth::open_request(tx, request, &platform.ambient).await?;
    Ok(Waiting { code, session, session_key })
}

/// Whose token this is or was, if it was issued to the same partner.
async fn same_partner(tx: &Tx, client: &Client, token: &Secret) -> Result<FamilyHint, FlowError> {
    let family = consent_auth::family_of(tx, token).await?.ok_or(AuthError::UnknownToken)?;
    if family.contract == client.contract.id {
        return Ok(family);
    }
    let grant = consent_grants::find(tx, &family.contract, &family.grant).await?;
    let partner = find_app(tx, &grant.app).await?.partner_id;
    if partner == client.app.partner_id { Ok(family) } else { Err(AuthError::UnknownToken.into()) }
}

/// Keeps a short public name for an account or a store of this contract.
pub async fn name(
    platform: &Platform,
    caller: &Caller,
    kind: HandleKind,
    target: &str,
) -> Result<Secret, FlowError> {
    let tx = platform.db.begin_write().await?;
    caller.spend(platform, &tx).await?;
    let contract = &caller.client.contract.id;
    let handle = consent_auth::make_handle(&tx, contract, kind, target, &platform.ambient).await?;
    tx.commit().await?;
    Ok(handle)
}

/// Keeps with an open request the store of the app that a handle names.
pub async fn keep_storage(platform: &Platform, code: &Secret, storage_ref: &Secret) -> Result<(), FlowError> {
    let (tx, now) = (platform.db.begin_write().await?, platform.ambient.now());
    let request = consent_auth::find_request(&tx, code, now).await?;
    let (contract, kind) = (&request.contract, HandleKind::Cloud);
    let storage = consent_auth::find_handle(&tx, storage_ref, contract, kind, now).await?;
    consent_auth::keep_storage(&tx, &request.id, &storage).await?;
    tx.commit().await?;
    Ok(())
}

/// The open request behind a code that a browser carries.
pub async fn find_request(platform: &Platform, code: &Secret) -> Result<AuthorizationRequest, FlowError> {
    let tx = platform.db.begin_write().await?;
    let request = consent_auth::find_request(&tx, code, platform.ambient.now()).await?;
    tx.commit().await?;
    Ok(request)
}
