//! A library is connected to sources: by its owner's own wish, or because an app asks for one more account.

use consent_auth::{AuthorizationRequest, Decision, RequestKind};
use consent_contracts::Client;
use consent_core::Actor;
use consent_crypto::Secret;
use consent_events::Act;
use consent_grants::{Grant, Stage};
use consent_library::{Library, LibraryKey, ShelfKind};
use consent_receipts::{Alteration, Change};
use consent_sources::{Account, Credentials, NewAccount, SourceError, catalogue, sample};
use consent_store::Tx;

use super::{
    By, FlowError, SignedIn,
    change::held_of,
    consent::{asks_for, client_of, request_to, start_session},
    grant::{ended, give_shelves},
    open_library,
    record::{Happened, record},
    sync,
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

/// Connects a sample source to the library of a signed-in person, and starts to read it.
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
    let claimed = sync::claim(platform, &tx, &account, &key).await?;
    tx.commit().await?;
    let account = claimed.as_ref().map_or(account, |claimed| claimed.reading.account.clone());
    sync::start_for(platform, who, claimed);
    Ok(account)
}

/// Answers a request for one more account: connects it, and shares it with the grant that the request names. Unless
/// `query`, the session of the request is not started.
pub async fn onboard(
    platform: &Platform,
    who: &SignedIn,
    code: &Secret,
    choice: &SampleChoice,
    query: bool,
) -> Result<(AuthorizationRequest, Account), FlowError> {
    let tx = begin(platform).await?;
    let (request, _) = request_to(&tx, who, code, platform.ambient.now()).await?;
    if request.kind != RequestKind::Onboard {
        return Err(FlowError::WrongKind);
    }
    let (library, key) = open_library(platform, &tx, who).await?;
    let account = onboard_to(platform, &tx, &request, &library, &key, choice, query).await?;
    let claimed = if query { sync::claim(platform, &tx, &account, &key).await? } else { None };
    tx.commit().await?;
    sync::start_for(platform, who, claimed);
    Ok((request, account))
}

/// The heart of every answer to a request for one more account, with or without a page.
pub(super) async fn onboard_to(
    platform: &Platform,
    tx: &Tx,
    request: &AuthorizationRequest,
    library: &Library,
    key: &LibraryKey,
    choice: &SampleChoice,
    query: bool,
) -> Result<Account, FlowError> {
    let (ambient, hint) = (&platform.ambient, request.hint.as_ref().ok_or(FlowError::WrongKind)?);
    let client = client_of(tx, request).await?;
    let agreed = consent_grants::find_by_id(tx, hint).await?;
    let held = held_of(&client, &agreed)?;
    // Not what only a version has a use for that she has not agreed to.
    let holds = |id: i64| catalogue::source(id).is_some_and(|source| held.asks_for(source.service_type));
    let wanted = wanted(&client, choice)?.into_iter().find(|(_, source)| holds(*source));
    let (set, source) = wanted.ok_or_else(|| nothing_to_connect(choice))?;
    let (account, new) = connect(platform, tx, library, key, &set, source).await?;
    let (grant, added) = consent_grants::share(tx, hint, &account.shelf, ambient).await.map_err(ended)?;
    let decision = Decision::Yes { person: grant.person.clone(), grant: grant.id.clone() };
    consent_auth::decide(tx, &request.id, &decision, ambient.now()).await?;
    give_shelves(platform, tx, &grant, key).await?;
    if added {
        record_onboarded(platform, tx, &grant).await?;
    }
    if new {
        share_with_future(platform, tx, library, key, &account).await?;
    }
    if query {
        start_session(platform, tx, request, &grant).await?;
    }
    Ok(account)
}

/// Begins something that sandbox mode alone can do.
pub(super) async fn begin(platform: &Platform) -> Result<Tx, FlowError> {
    if !platform.config.server.sandbox {
        return Err(FlowError::SandboxOnly);
    }
    Ok(platform.db.begin_write().await?)
}

/// The data set and the sources to connect from it: the one that was named, or all that the contract asks for.
pub(super) fn wanted(client: &Client, choice: &SampleChoice) -> Result<Vec<(String, i64)>, FlowError> {
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

pub(super) fn nothing_to_connect(choice: &SampleChoice) -> FlowError {
    let set = choice.set.clone().unwrap_or_default();
    SourceError::UnknownSample { set, source_id: choice.source.unwrap_or_default() }.into()
}

/// Connects a source, or returns the account if it is connected already, and says whether it is new: one that is not
/// was there for the person to choose or to leave out.
pub(super) async fn connect(
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
    let entity = sample::entity(set, source).ok_or_else(unknown)?;
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
pub(super) async fn share_with_future(
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
        let held = held_of(&client, &grant)?;
        if held.covers_future_accounts() && held.asks_for(account.source().service_type) {
            let (grant, _) = consent_grants::share(tx, &grant.id, &account.shelf, &platform.ambient).await?;
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
    let happened = Happened::new(act, By::from(&by)).receipt(Change::Changed(vec![Alteration::Widened]));
    record(platform, tx, grant, happened).await
}
