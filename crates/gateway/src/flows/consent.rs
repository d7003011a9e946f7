//! A person looks at a request, and says yes or no.

use chrono::{DateTime, TimeDelta, Utc};
use consent_auth::{AuthError, AuthorizationRequest, Decision, NewCode, RequestKind};
use consent_contracts::{Access as ContractAccess, Client};
use consent_core::{AccountId, Actor, RequestId, ShelfId};
use consent_crypto::Secret;
use consent_events::Act;
use consent_grants::{Choices, Grant, GrantError, NewGrant};
use consent_library::{GrantKey, Library, LibraryKey, NewSlot, Opener, ShelfKind, SlotKind};
use consent_receipts::Change;
use consent_sources::Account;
use consent_store::Tx;

use super::{
    By, FlowError, SignedIn,
    grant::give_shelves,
    in_default::refuse_in_default,
    open_library,
    record::{Happened, hash_bytes, record, record_no},
};
use crate::platform::Platform;

/// No person gives a grant an end later than this from now.
const LATEST_END: TimeDelta = TimeDelta::days(36_525);

/// What a person is asked, with everything she needs to decide.
#[derive(Debug)]
pub struct Question {
    /// The request.
    pub request: AuthorizationRequest,
    /// Who asks, and what for.
    pub client: Client,
    /// The accounts of her library.
    pub accounts: Vec<Account>,
    /// The grant that the request is about, when it names one of this contract.
    pub grant: Option<Grant>,
    /// What she agreed to under this contract last, in whatever stage it is: what she chose then may be offered again.
    pub before: Option<Grant>,
}

/// What she chose.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Share these accounts.
    pub accounts: Vec<AccountId>,
    /// Share the files she put there herself.
    pub own_files: bool,
    /// Object types she leaves out; only those that the contract marks optional.
    pub left_out: Vec<i64>,
    /// Share accounts connected later, if the contract asks for them.
    pub future_accounts: bool,
    /// End earlier than the contract says.
    pub ends_at: Option<DateTime<Utc>>,
    /// The hash of the text she saw; refused when the contract says something else by now.
    pub text_hash: Option<String>,
    /// Leave the session that waits as it is, instead of starting it; a contract for one session starts it anyway.
    pub without_query: bool,
}

/// A grant that was just given, and the code for its app.
#[derive(Debug)]
pub struct Opened {
    /// The request it answers.
    pub request: AuthorizationRequest,
    /// The grant.
    pub grant: Grant,
    /// The code to send to the app.
    pub code: Secret,
}

/// The question behind a code; asking uses nothing up.
pub async fn question(platform: &Platform, who: &SignedIn, code: &Secret) -> Result<Question, FlowError> {
    let (tx, person) = (platform.db.begin_write().await?, &who.sign_in.person);
    let (request, hinted) = request_to(&tx, who, code, platform.ambient.now()).await?;
    let client = client_of(&tx, &request).await?;
    let library = consent_library::find_library(&tx, person).await?;
    let accounts = consent_sources::list_accounts(&tx, &library.id).await?;
    let before = consent_grants::latest_of_person(&tx, person, &request.contract).await?;
    tx.commit().await?;
    let grant = hinted.filter(|grant| grant.contract == request.contract);
    Ok(Question { request, client, accounts, grant, before })
}

/// Records a yes: grant, keys, session, code and event, together or not at all.
///
/// Said twice it is one yes: the second time gives one more code for the same grant, of which one can be used.
pub async fn approve(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
    answer: Answer,
) -> Result<Opened, FlowError> {
    match say_yes(platform, who, code, answer).await {
        Err(FlowError::Auth(AuthError::AlreadyDecided)) => {
            open_again(platform, who, &consent_auth::id_of_code(&platform.db, code).await?).await
        }
        said => said,
    }
}

async fn say_yes(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
    answer: Answer,
) -> Result<Opened, FlowError> {
    let (tx, now) = (platform.db.begin_write().await?, platform.ambient.now());
    let (request, hinted) = request_to(&tx, who, code, now).await?;
    if !asks_for_consent(&request, hinted.as_ref(), now) {
        return Err(FlowError::WrongKind);
    }
    let client = client_of(&tx, &request).await?;
    let (library, key) = open_library(platform, &tx, who).await?;
    let opened = grant_to(platform, &tx, request, &client, &library, &key, answer).await?;
    tx.commit().await?;
    Ok(opened)
}

/// One more code for what she said yes to a moment ago, while nobody has used the one that her browser was sent away with.
/// That one stays good, as nobody knows which of the two answers the browser follows; the first that is used ends the
/// others.
pub async fn open_again(platform: &Platform, who: &SignedIn, id: &RequestId) -> Result<Opened, FlowError> {
    let (tx, now) = (platform.db.begin_write().await?, platform.ambient.now());
    let (request, decision) = consent_auth::find_answered(&tx, id, &who.sign_in.person, now).await?;
    let Decision::Yes { grant, .. } = decision else { return Err(AuthError::AlreadyDecided.into()) };
    let (library, key) = open_library(platform, &tx, who).await?;
    let locked = consent_grants::lock_alone(&tx, &grant, &platform.ambient).await;
    let (grant, _) = locked.map_err(|error| match error {
        GrantError::Refused { .. } => FlowError::Auth(AuthError::AlreadyDecided),
        error => error.into(),
    })?;
    if !consent_auth::has_unused_code(&tx, &grant.id, &request.session, now).await? {
        return Err(AuthError::AlreadyDecided.into());
    }
    let grant_key = consent_library::grant_key_of_owner(&tx, &grant.id, &library.id, &key).await?;
    let code = code_for(platform, &tx, &request, &grant, &grant_key).await?;
    tx.commit().await?;
    Ok(Opened { request, grant, code })
}

/// Records a no, and closes the session that waited. Said twice it is one no.
pub async fn decline(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
) -> Result<AuthorizationRequest, FlowError> {
    match say_no(platform, who, code).await {
        Err(FlowError::Auth(AuthError::AlreadyDecided)) => {
            let (person, now) = (&who.sign_in.person, platform.ambient.now());
            let id = consent_auth::id_of_code(&platform.db, code).await?;
            match consent_auth::find_answered(&platform.db, &id, person, now).await? {
                (request, Decision::No { .. }) => Ok(request),
                (_, Decision::Yes { .. }) => Err(AuthError::AlreadyDecided.into()),
            }
        }
        said => said,
    }
}

async fn say_no(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
) -> Result<AuthorizationRequest, FlowError> {
    let now = platform.ambient.now();
    let tx = platform.db.begin_write().await?;
    let (request, hinted) = request_to(&tx, who, code, now).await?;
    let client = client_of(&tx, &request).await?;
    let decision = Decision::No { person: who.sign_in.person.clone() };
    consent_auth::decide(&tx, &request.id, &decision, now).await?;
    consent_sessions::close(&tx, &request.session, now).await?;
    if asks_for_consent(&request, hinted.as_ref(), now) {
        record_no(platform, &tx, &who.sign_in.person, &client).await?;
    }
    tx.commit().await?;
    Ok(request)
}

/// The open request behind a code, and the grant that it names; one that names a person by a token is nobody else's to
/// see or answer.
pub(super) async fn request_to(
    tx: &Tx,
    who: &SignedIn,
    code: &Secret,
    now: DateTime<Utc>,
) -> Result<(AuthorizationRequest, Option<Grant>), FlowError> {
    let request = consent_auth::find_request(tx, code, now).await?;
    let Some(hint) = &request.hint else { return Ok((request, None)) };
    let grant = consent_grants::find_by_id(tx, hint).await?;
    if grant.person == who.sign_in.person {
        Ok((request, Some(grant)))
    } else {
        Err(AuthError::UnknownRequest.into())
    }
}

/// Whether a request is for a yes to the contract. One to confirm a grant is, once that grant has ended.
fn asks_for_consent(request: &AuthorizationRequest, hinted: Option<&Grant>, now: DateTime<Utc>) -> bool {
    match request.kind {
        RequestKind::Authorize => true,
        RequestKind::Reauthorize => hinted.is_some_and(|grant| !grant.stage_at(now).is_open()),
        RequestKind::Onboard => false,
    }
}

/// The heart of every yes, with or without a page.
pub(super) async fn grant_to(
    platform: &Platform,
    tx: &Tx,
    request: AuthorizationRequest,
    client: &Client,
    library: &Library,
    key: &LibraryKey,
    answer: Answer,
) -> Result<Opened, FlowError> {
    let (ambient, now, contract) = (&platform.ambient, platform.ambient.now(), &client.contract);
    refuse_in_default(tx, &client.app).await?;
    check_answer(client, &answer, now)?;
    let session = consent_sessions::find_by_id(tx, &request.session, now).await?;
    let ends_at = match (contract.document.ongoing, contract.document.grant_ends_at(now)) {
        (false, _) => Some(session.expires_at),
        (true, ends_at) => ends_at,
    };
    let new = NewGrant {
        person: library.person.clone(),
        library: library.id.clone(),
        app: request.app.clone(),
        contract: contract.id.clone(),
        version: contract.version,
        text_hash: contract.text_hash.clone(),
        choices: Choices {
            shelves: chosen_shelves(tx, client, library, &answer).await?,
            left_out: answer.left_out.clone(),
            future_accounts: answer.future_accounts,
        },
        storage: request.storage.clone(),
        expires_at: [ends_at, answer.ends_at].into_iter().flatten().min(),
    };
    let grant = consent_grants::insert(tx, new, ambient).await?;
    let decision = Decision::Yes { person: grant.person.clone(), grant: grant.id.clone() };
    consent_auth::decide(tx, &request.id, &decision, now).await?;
    let grant_key = consent_library::make_grant_key(tx, &grant.id, &library.id, key, ambient).await?;
    give_shelves(platform, tx, &grant, key).await?;
    if !answer.without_query || !contract.document.ongoing {
        start_session(platform, tx, &request, &grant).await?;
    }
    let code = code_for(platform, tx, &request, &grant, &grant_key).await?;
    let act = Act::Granted {
        grant: grant.id.clone(),
        app: grant.app.clone(),
        contract: grant.contract.clone(),
        version: grant.version,
        text_hash: hash_bytes(&grant.text_hash)?,
    };
    let by = Actor::Person(grant.person.clone());
    let happened = Happened::new(act, By::from(&by)).receipt(Change::Given).asked_by(client);
    record(platform, tx, &grant, happened).await?;
    Ok(Opened { request, grant, code })
}

/// Lets the session that waits with a request run for a grant, for as much as the person agreed to.
pub(super) async fn start_session(
    platform: &Platform,
    tx: &Tx,
    request: &AuthorizationRequest,
    grant: &Grant,
) -> Result<(), FlowError> {
    let now = platform.ambient.now();
    let session = consent_sessions::find_by_id(tx, &request.session, now).await?;
    let agreed = consent_contracts::find_version(tx, &grant.contract, grant.version).await?;
    let scope = grant.choices.narrow(&agreed.document.scope).narrowed_by(&session.scope, now);
    Ok(consent_sessions::bind(tx, &session.id, &grant.id, &scope, now).await?)
}

/// A code for the app that made a request, and the slot that it opens.
pub(super) async fn code_for(
    platform: &Platform,
    tx: &Tx,
    request: &AuthorizationRequest,
    grant: &Grant,
    grant_key: &GrantKey,
) -> Result<Secret, FlowError> {
    let ambient = &platform.ambient;
    let new = NewCode {
        app: grant.app.clone(),
        contract: grant.contract.clone(),
        grant: grant.id.clone(),
        session: request.session.clone(),
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone().ok_or(FlowError::WrongKind)?,
    };
    let (row, code, not_after) = consent_auth::issue_code(tx, new, ambient).await?;
    let (_, owner) = consent_grants::lock(tx, &grant.id, ambient).await?;
    let (opener, not_after) = (Opener::Secret(&code), Some(not_after));
    let slot = NewSlot { kind: SlotKind::Code, holder: row.as_str(), opener, not_after };
    consent_library::insert_slots(tx, &owner, &grant.library, grant_key.key(), &[slot], ambient).await?;
    Ok(code)
}

fn check_answer(client: &Client, answer: &Answer, now: DateTime<Utc>) -> Result<(), FlowError> {
    let document = &client.contract.document;
    let refuse = |field, reason: String| Err(FlowError::Choice { field, reason });
    if answer.text_hash.as_ref().is_some_and(|seen| *seen != client.contract.text_hash) {
        return refuse("textHash", "the contract has changed since you read it; read it again".to_owned());
    }
    if let Some(kept) = answer.left_out.iter().find(|object| !document.optional.contains(object)) {
        return refuse("leftOut", format!("object type {kept} is not optional in this contract"));
    }
    if answer.future_accounts && !document.future_accounts {
        return refuse(
            "futureAccounts",
            "this contract does not ask for accounts connected later".to_owned(),
        );
    }
    if answer.ends_at.is_some_and(|at| at <= now) {
        return refuse("endsAt", "choose a day in the future".to_owned());
    }
    let ends_at = [answer.ends_at, document.grant_ends_at(now)].into_iter().flatten().min();
    if answer.ends_at.is_some() && ends_at.is_some_and(|at| at > now + LATEST_END) {
        return refuse("endsAt", "choose a day within a hundred years, or leave it out".to_owned());
    }
    Ok(())
}

/// The parts of the library that she chose, as far as the contract asks for what stands there: a grant is given no key
/// that it has no use for.
async fn chosen_shelves(
    tx: &Tx,
    client: &Client,
    library: &Library,
    answer: &Answer,
) -> Result<Vec<ShelfId>, FlowError> {
    let mut chosen = Vec::new();
    for id in &answer.accounts {
        let account = consent_sources::find_account(tx, &library.id, id).await?;
        if asks_for(client, account.source().service_type) && !chosen.contains(&account.shelf) {
            chosen.push(account.shelf);
        }
    }
    if answer.own_files && client.contract.document.access != ContractAccess::Write {
        let own = consent_library::shelves(tx, &library.id).await?;
        chosen.extend(own.into_iter().filter(|shelf| shelf.kind == ShelfKind::Own).map(|shelf| shelf.id));
    }
    Ok(chosen)
}

/// Whether a contract has any use for an account of this service type.
pub(super) fn asks_for(client: &Client, service_type: i64) -> bool {
    let document = &client.contract.document;
    match document.access {
        ContractAccess::Read => document.scope.mapped().any(|(_, asked, _)| asked == service_type),
        ContractAccess::ReadRaw => true,
        ContractAccess::Write => false,
    }
}

/// The published contract that a request was made under, which stays as it is until the transaction ends. To an address
/// that it has given up since, nobody is sent.
pub(super) async fn client_of(tx: &Tx, request: &AuthorizationRequest) -> Result<Client, FlowError> {
    consent_contracts::lock_published(tx, &request.contract).await?;
    let id = consent_contracts::client_id(&request.app, &request.contract);
    let client = consent_contracts::find_client(tx, &id).await?;
    let uri = &request.redirect_uri;
    if client.has_redirect_uri(uri) { Ok(client) } else { Err(FlowError::RedirectUri(uri.clone())) }
}
