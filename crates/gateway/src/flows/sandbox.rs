//! Sandbox mode: sample sources, and throw-away persons who agree without a page. The consent itself is the same code as
//! everybody else's.

use consent_auth::{AuthorizationRequest, RequestKind};
use consent_contracts::Client;
use consent_core::Actor;
use consent_crypto::{KeyPurpose, Secret};
use consent_events::Act;
use consent_grants::{Grant, Stage};
use consent_library::{Library, LibraryError, LibraryKey, Opener, ShelfKind, SlotKind};
use consent_sources::{Account, Credentials, NewAccount, SourceError, catalogue, sample};
use consent_store::Tx;

use super::{
    Answer, FlowError, Opened, SignedIn,
    consent::{asks_for, client_of, grant_to},
    grant::give_shelves,
    open_library,
};
use crate::platform::Platform;

/// Which sample data to connect.
#[derive(Debug, Clone)]
pub struct SampleChoice {
    /// The data set; the first one when absent.
    pub set: Option<String>,
    /// The source; all that the contract asks for when absent.
    pub source: Option<i64>,
}

/// Answers a request for consent at once: a throw-away person with a library of sample data agrees to everything. A
/// request that names a throw-away person by an access token is answered by her.
pub async fn auto_authorize(
    platform: &Platform,
    code: &Secret,
    choice: &SampleChoice,
) -> Result<(Opened, Account), FlowError> {
    let tx = begin(platform).await?;
    let request = consent_auth::find_request(&tx, code, platform.ambient.now()).await?;
    if request.kind != RequestKind::Authorize {
        return Err(FlowError::WrongKind);
    }
    let client = client_of(&tx, &request).await?;
    let (library, key) = match &request.hint {
        Some(_) => open_hinted(platform, &tx, &request).await?,
        None => found_throwaway(platform, &tx).await?,
    };
    let mut accounts = Vec::new();
    for (set, source) in wanted(&client, choice)? {
        let (account, new) = connect(platform, &tx, &library, &key, &set, source).await?;
        if new {
            share_with_future(platform, &tx, &library, &key, &account).await?;
        }
        accounts.push(account);
    }
    let first = accounts.first().cloned().ok_or_else(|| nothing_to_connect(choice))?;
    let answer =
        Answer { accounts: accounts.iter().map(|account| account.id.clone()).collect(), ..Answer::default() };
    let opened = grant_to(platform, &tx, request, &client, &library, &key, answer).await?;
    tx.commit().await?;
    Ok((opened, first))
}

/// Answers a request for one more account at once.
pub async fn auto_onboard(
    platform: &Platform,
    code: &Secret,
    choice: &SampleChoice,
) -> Result<(AuthorizationRequest, Account), FlowError> {
    let (ambient, now) = (&platform.ambient, platform.ambient.now());
    let tx = begin(platform).await?;
    let request = consent_auth::find_request(&tx, code, now).await?;
    if request.kind != RequestKind::Onboard {
        return Err(FlowError::WrongKind);
    }
    let client = client_of(&tx, &request).await?;
    let hint = request.hint.as_ref().ok_or(FlowError::WrongKind)?;
    let (library, key) = open_hinted(platform, &tx, &request).await?;
    let (set, source) =
        wanted(&client, choice)?.into_iter().next().ok_or_else(|| nothing_to_connect(choice))?;
    let (account, new) = connect(platform, &tx, &library, &key, &set, source).await?;
    consent_auth::decide(&tx, &request.id, now).await?;
    let grant = consent_grants::share(&tx, hint, &account.shelf, ambient).await?;
    give_shelves(platform, &tx, &grant, &key).await?;
    if new {
        share_with_future(platform, &tx, &library, &key, &account).await?;
    }
    let session = consent_sessions::find_by_id(&tx, &request.session, now).await?;
    let agreed = consent_contracts::find_version(&tx, &grant.contract, grant.version).await?;
    let scope = grant.choices.narrow(&agreed.document.scope);
    consent_sessions::bind(&tx, &session.id, &grant.id, &scope.narrowed_by(&session.scope, now), now).await?;
    record_onboarded(platform, &tx, &grant).await?;
    tx.commit().await?;
    Ok((request, account))
}

/// Connects a sample source to the library of a signed-in person.
pub async fn connect_sample(
    platform: &Platform,
    who: &SignedIn,
    set: &str,
    source: i64,
) -> Result<Account, FlowError> {
    let tx = begin(platform).await?;
    let (library, key) = open_library(platform, &tx, who).await?;
    let (account, new) = connect(platform, &tx, &library, &key, set, source).await?;
    if new {
        share_with_future(platform, &tx, &library, &key, &account).await?;
    }
    tx.commit().await?;
    Ok(account)
}

async fn begin(platform: &Platform) -> Result<Tx, FlowError> {
    if !platform.config.server.sandbox {
        return Err(FlowError::SandboxOnly);
    }
    Ok(platform.db.begin_write().await?)
}

/// The data set and the sources to connect from it: the one that was named, or all that the contract asks for.
fn wanted(client: &Client, choice: &SampleChoice) -> Result<Vec<(String, i64)>, FlowError> {
    let set = choice.set.clone().or_else(|| sample::sets().into_iter().next().map(|set| set.id));
    let set = set.unwrap_or_default();
    let asked = |id: &i64| catalogue::source(*id).is_some_and(|source| asks_for(client, source.service_type));
    let sources = match choice.source {
        Some(id) if catalogue::source(id).is_none() => return Err(SourceError::UnknownSource(id).into()),
        Some(id) if !asked(&id) => {
            let reason = "this contract asks for nothing of this source".to_owned();
            return Err(FlowError::Choice { field: "service", reason });
        }
        Some(id) => vec![id],
        None => sample::sources_in(&set).into_iter().filter(asked).collect(),
    };
    let available = sample::sources_in(&set);
    match sources.iter().find(|source| !available.contains(source)) {
        Some(source) => Err(SourceError::UnknownSample { set, source_id: *source }.into()),
        None => Ok(sources.into_iter().map(|source| (set.clone(), source)).collect()),
    }
}

fn nothing_to_connect(choice: &SampleChoice) -> FlowError {
    let set = choice.set.clone().unwrap_or_default();
    SourceError::UnknownSample { set, source_id: choice.source.unwrap_or_default() }.into()
}

/// Connects a source, or returns the account if it is connected already, and says whether it is new: one that is not
/// was there for the person to choose or to leave out.
async fn connect(
    platform: &Platform,
    tx: &Tx,
    library: &Library,
    key: &LibraryKey,
    set: &str,
    source: i64,
) -> Result<(Account, bool), FlowError> {
    let ambient = &platform.ambient;
    let unknown = || SourceError::UnknownSample { set: set.to_owned(), source_id: source };
    let sample = sample::sample(set, source).ok_or_else(unknown)?;
    let entity = format!("{}_{}", sample.service_type, sample.account.provider_id);
    if let Some(account) = consent_sources::find_by_entity(tx, &library.id, &entity).await? {
        return Ok((account, false));
    }
    let (shelf, keys) =
        consent_library::make_shelf(tx, &library.id, key, ShelfKind::Account, ambient).await?;
    let credentials = Credentials { username: sample.account.username, sample: set.to_owned() };
    let new = NewAccount {
        library: library.id.clone(),
        shelf: shelf.id,
        source_id: source,
        provider_id: sample.account.provider_id,
        kind: sample.account.kind,
        sample: true,
        credentials: credentials.wrap(&keys, ambient)?,
    };
    Ok((consent_sources::connect(tx, new, ambient).await?, true))
}

/// Shares a new account with every grant whose person agreed to future accounts as well.
async fn share_with_future(
    platform: &Platform,
    tx: &Tx,
    library: &Library,
    key: &LibraryKey,
    account: &Account,
) -> Result<(), FlowError> {
    for grant in consent_grants::open_of_person(tx, &library.person, platform.ambient.now()).await? {
        let client_id = consent_contracts::client_id(&grant.app, &grant.contract);
        if !grant.choices.future_accounts || grant.choices.shelves.contains(&account.shelf) {
            continue;
        }
        // A contract that was retired since, or whose app is closed, gets nothing more.
        let Ok(client) = consent_contracts::find_client(tx, &client_id).await else { continue };
        if asks_for(&client, account.source().service_type) {
            let grant = consent_grants::share(tx, &grant.id, &account.shelf, &platform.ambient).await?;
            if grant.stage == Stage::Active {
                give_shelves(platform, tx, &grant, key).await?;
            }
            record_onboarded(platform, tx, &grant).await?;
        }
    }
    Ok(())
}

async fn record_onboarded(platform: &Platform, tx: &Tx, grant: &Grant) -> Result<(), FlowError> {
    let (act, by) = (Act::onboarded(&grant.id, &grant.contract), Actor::Person(grant.person.clone()));
    consent_events::append(tx, &grant.person, act, &by, &platform.ambient).await?;
    Ok(())
}

/// A new throw-away person, whose library also opens with the server's sandbox key.
async fn found_throwaway(platform: &Platform, tx: &Tx) -> Result<(Library, LibraryKey), FlowError> {
    let ambient = &platform.ambient;
    let person = consent_people::insert_throwaway(tx, None, ambient).await?;
    let (library, key) = consent_library::found(tx, &person.id, ambient).await?;
    let owner = consent_people::lock(tx, &person.id).await?;
    let (kind, holder) = (SlotKind::Sandbox, person.id.as_str());
    let opener = Opener::Key(platform.keys.key(KeyPurpose::Sandbox));
    consent_library::insert_slot(tx, &owner, &library.id, kind, holder, opener, None, key.key(), ambient)
        .await?;
    Ok((library, key))
}

/// The library of the throw-away person whom a request names; a real person has to sign in.
async fn open_hinted(
    platform: &Platform,
    tx: &Tx,
    request: &AuthorizationRequest,
) -> Result<(Library, LibraryKey), FlowError> {
    let hint = request.hint.as_ref().ok_or(FlowError::WrongKind)?;
    let grant = consent_grants::find_by_id(tx, hint).await?;
    let library = consent_library::find_library(tx, &grant.person).await?;
    let opener = Opener::Key(platform.keys.key(KeyPurpose::Sandbox));
    let (holder, now) = (grant.person.as_str(), platform.ambient.now());
    let key = consent_library::open_slot(tx, SlotKind::Sandbox, holder, opener, now).await;
    match key {
        Ok(key) => Ok((library, key)),
        Err(LibraryError::Shut) => Err(FlowError::Locked),
        Err(error) => Err(error.into()),
    }
}
