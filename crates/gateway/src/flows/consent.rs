//! A person looks at a request, and says yes or no.

use chrono::{DateTime, Utc};
use consent_auth::{AuthError, AuthorizationRequest, NewCode, RequestKind};
use consent_contracts::{Access as ContractAccess, Client, ContractsError};
use consent_core::{AccountId, Actor, ShelfId};
use consent_crypto::{Secret, digest::hex_decode};
use consent_events::Act;
use consent_grants::{Choices, Grant, NewGrant};
use consent_library::{Library, LibraryKey, Opener, ShelfKind, SlotKind};
use consent_sources::Account;
use consent_store::Tx;

use super::{FlowError, SignedIn, grant::give_shelves, open_library};
use crate::platform::Platform;

/// What a person is asked, with everything she needs to decide.
#[derive(Debug)]
pub struct Question {
    /// The request.
    pub request: AuthorizationRequest,
    /// Who asks, and what for.
    pub client: Client,
    /// The accounts of her library.
    pub accounts: Vec<Account>,
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
    let tx = platform.db.begin_write().await?;
    let request = request_to(&tx, who, code, platform.ambient.now()).await?;
    let client = client_of(&tx, &request).await?;
    let library = consent_library::find_library(&tx, &who.sign_in.person).await?;
    let accounts = consent_sources::list_accounts(&tx, &library.id).await?;
    tx.commit().await?;
    Ok(Question { request, client, accounts })
}

/// Records a yes: grant, keys, session, code and event, together or not at all.
pub async fn approve(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
    answer: Answer,
) -> Result<Opened, FlowError> {
    let tx = platform.db.begin_write().await?;
    let request = request_to(&tx, who, code, platform.ambient.now()).await?;
    if request.kind != RequestKind::Authorize {
        return Err(FlowError::WrongKind);
    }
    let client = client_of(&tx, &request).await?;
    let (library, key) = open_library(platform, &tx, who).await?;
    let opened = grant_to(platform, &tx, request, &client, &library, &key, answer).await?;
    tx.commit().await?;
    Ok(opened)
}

/// Records a no, and closes the session that waited.
pub async fn decline(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
) -> Result<AuthorizationRequest, FlowError> {
    let now = platform.ambient.now();
    let tx = platform.db.begin_write().await?;
    let request = request_to(&tx, who, code, now).await?;
    let client = client_of(&tx, &request).await?;
    consent_auth::decide(&tx, &request.id, now).await?;
    consent_sessions::close(&tx, &request.session, now).await?;
    if request.kind == RequestKind::Authorize {
        let act = Act::Declined {
            app: request.app.clone(),
            contract: request.contract.clone(),
            version: client.contract.version,
            text_hash: hash_bytes(&client.contract.text_hash)?,
        };
        let person = &who.sign_in.person;
        consent_events::append(&tx, person, act, &Actor::Person(person.clone()), &platform.ambient).await?;
    }
    tx.commit().await?;
    Ok(request)
}

/// The open request behind a code; one that names a person by a token is nobody else's to see or answer.
async fn request_to(
    tx: &Tx,
    who: &SignedIn,
    code: &Secret,
    now: DateTime<Utc>,
) -> Result<AuthorizationRequest, FlowError> {
    let request = consent_auth::find_request(tx, code, now).await?;
    match &request.hint {
        Some(hint) if consent_grants::find_by_id(tx, hint).await?.person != who.sign_in.person => {
            Err(AuthError::UnknownRequest.into())
        }
        _ => Ok(request),
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
    check_answer(client, &answer, now)?;
    consent_auth::decide(tx, &request.id, now).await?;
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
        expires_at: [ends_at, answer.ends_at].into_iter().flatten().min(),
    };
    let grant = consent_grants::insert(tx, new, ambient).await?;
    let grant_key = consent_library::make_grant_key(tx, &grant.id, &library.id, key, ambient).await?;
    give_shelves(platform, tx, &grant, key).await?;
    let scope = grant.choices.narrow(&contract.document.scope);
    consent_sessions::bind(tx, &session.id, &grant.id, &scope.narrowed_by(&session.scope, now), now).await?;
    let code = code_for(platform, tx, &request, &grant, &grant_key).await?;
    let act = Act::Granted {
        grant: grant.id.clone(),
        app: grant.app.clone(),
        contract: grant.contract.clone(),
        version: grant.version,
        text_hash: hash_bytes(&grant.text_hash)?,
    };
    consent_events::append(tx, &grant.person, act, &Actor::Person(grant.person.clone()), ambient).await?;
    tracing::info!(grant.id = %grant.id, contract.id = %grant.contract, "a person granted {}", grant.contract);
    Ok(Opened { request, grant, code })
}

async fn code_for(
    platform: &Platform,
    tx: &Tx,
    request: &AuthorizationRequest,
    grant: &Grant,
    grant_key: &consent_library::GrantKey,
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
    let owner = consent_grants::lock(tx, &grant.id, ambient).await?;
    let (kind, holder, opener) = (SlotKind::Code, row.as_str(), Opener::Secret(&code));
    let content = grant_key.key();
    consent_library::insert_slot(
        tx,
        &owner,
        &grant.library,
        kind,
        holder,
        opener,
        Some(not_after),
        content,
        ambient,
    )
    .await?;
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
        return refuse("futureAccounts", "this contract does not ask for future accounts".to_owned());
    }
    if answer.ends_at.is_some_and(|at| at <= now) {
        return refuse("endsAt", "choose a moment in the future".to_owned());
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
    if answer.own_files {
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

/// The published contract that a request was made under.
pub(super) async fn client_of(tx: &Tx, request: &AuthorizationRequest) -> Result<Client, ContractsError> {
    consent_contracts::find_client(tx, &consent_contracts::client_id(&request.app, &request.contract)).await
}

fn hash_bytes(hex: &str) -> Result<[u8; 32], FlowError> {
    let bytes = hex_decode(hex).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| consent_store::StoreError::corrupt("contract_version", hex).into())
}

/// Whether a contract reads raw files, mapped ones, or none.
pub(super) fn reads(client: &Client) -> Result<ContractAccess, FlowError> {
    match client.contract.document.access {
        ContractAccess::Write => Err(FlowError::WrongKind),
        access @ (ContractAccess::Read | ContractAccess::ReadRaw) => Ok(access),
    }
}
