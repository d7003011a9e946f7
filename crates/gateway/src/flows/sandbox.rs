//! Sandbox mode: throw-away persons who agree without a page. The consent itself is the same code as everybody else's.

use consent_auth::{AuthorizationRequest, RequestKind};
use consent_crypto::{KeyPurpose, Secret};
use consent_library::{Library, LibraryError, LibraryKey, NewSlot, Opener, SlotKind};
use consent_sources::Account;
use consent_store::Tx;

use super::{
    Answer, FlowError, Opened, SampleChoice,
    connect::{begin, connect, nothing_to_connect, onboard_to, share_with_future, wanted},
    consent::{client_of, grant_to},
};
use crate::platform::Platform;

/// Answers a request for consent at once: a throw-away person with a library of sample data agrees to everything. A
/// request that names a throw-away person by an access token is answered by her. Unless `query`, the session of the
/// request is not started.
pub async fn auto_authorize(
    platform: &Platform,
    code: &Secret,
    choice: &SampleChoice,
    query: bool,
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
    let answer = Answer {
        accounts: accounts.iter().map(|account| account.id.clone()).collect(),
        without_query: !query,
        ..Answer::default()
    };
    let opened = grant_to(platform, &tx, request, &client, &library, &key, answer).await?;
    tx.commit().await?;
    Ok((opened, first))
}

/// Answers a request for one more account at once.
pub async fn auto_onboard(
    platform: &Platform,
    code: &Secret,
    choice: &SampleChoice,
    query: bool,
) -> Result<(AuthorizationRequest, Account), FlowError> {
    let tx = begin(platform).await?;
    let request = consent_auth::find_request(&tx, code, platform.ambient.now()).await?;
    if request.kind != RequestKind::Onboard {
        return Err(FlowError::WrongKind);
    }
    let (library, key) = open_hinted(platform, &tx, &request).await?;
    let account = onboard_to(platform, &tx, &request, &library, &key, choice, query).await?;
    tx.commit().await?;
    Ok((request, account))
}

/// A new throw-away person, whose library also opens with the server's sandbox key.
async fn found_throwaway(platform: &Platform, tx: &Tx) -> Result<(Library, LibraryKey), FlowError> {
    let ambient = &platform.ambient;
    let person = consent_people::insert_throwaway(tx, None, ambient).await?;
    let (library, key) = consent_library::found(tx, &person.id, ambient).await?;
    let owner = consent_people::lock(tx, &person.id).await?;
    let (kind, holder) = (SlotKind::Sandbox, person.id.as_str());
    let opener = Opener::Key(platform.keys.key(KeyPurpose::Sandbox));
    let slot = NewSlot { kind, holder, opener, not_after: None };
    consent_library::insert_slots(tx, &owner, &library.id, key.key(), &[slot], ambient).await?;
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
