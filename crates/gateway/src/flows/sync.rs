//! Sources are read while an app waits. The keys come with the app's request and live in memory until the account is
//! read, the grant is shut, or this process ends; whoever polls next picks up where the rows say.

use chrono::{DateTime, Utc};
use consent_core::GrantId;
use consent_crypto::digest::{hex, sha256};
use consent_grants::Stage;
use consent_library::{AccountProblem, AccountState, LibraryError, NewFile, Shelf, ShelfKeys, WrittenFile};
use consent_sessions::{Outcome, Session, State};
use consent_sources::{Account, Credentials, Reading, SourceError, SourcePage, state_since};
use futures_util::stream;

use super::{Access, FlowError};
use crate::platform::Platform;

/// The accounts that a grant covers.
pub(super) async fn shared_accounts(platform: &Platform, access: &Access) -> Result<Vec<Account>, FlowError> {
    let mut accounts = consent_sources::list_accounts(&platform.db, &access.grant.library).await?;
    accounts.retain(|account| access.grant.choices.shelves.contains(&account.shelf));
    Ok(accounts)
}

/// Sees to it that every account which the session still waits for is being read, by this process or another. Returns
/// the accounts as they are.
pub(super) async fn keep_going(
    platform: &Platform,
    access: &Access,
    session: &Session,
) -> Result<Vec<Account>, FlowError> {
    let accounts = shared_accounts(platform, access).await?;
    let State::Running { since } = session.state else { return Ok(accounts) };
    let waiting: Vec<_> = accounts
        .iter()
        .filter(|account| {
            session.fetches(&account.entity_id) && state_since(account, since) == AccountState::Running
        })
        .collect();
    if waiting.is_empty() || session.is_overdue_at(platform.ambient.now()) {
        return Ok(accounts);
    }
    let keys = access.shelf_keys(platform).await?;
    for account in waiting {
        let Some(keys) = keys.iter().find(|keys| *keys.shelf() == account.shelf) else { continue };
        let tx = platform.db.begin_write().await?;
        let claimed = consent_sources::claim(&tx, &account.id, &platform.ambient).await?;
        tx.commit().await?;
        if let Some(reading) = claimed {
            let (platform, keys) = (platform.clone(), keys.clone());
            let leave = Leave { grant: access.grant.id.clone(), until: session.expires_at };
            tokio::spawn(async move { read_account(&platform, &leave, reading, &keys).await });
        }
    }
    Ok(accounts)
}

/// How far each account is for a running session.
pub(super) fn states(session: &Session, accounts: &[Account], now: DateTime<Utc>) -> Outcome {
    let overdue = session.is_overdue_at(now);
    let state = |account: &Account| match session.state {
        State::Running { since } if session.fetches(&account.entity_id) => {
            match state_since(account, since) {
                AccountState::Running if overdue => timed_out(),
                state => state,
            }
        }
        _ => AccountState::Completed,
    };
    accounts.iter().map(|account| (account.entity_id.clone(), state(account))).collect()
}

fn timed_out() -> AccountState {
    AccountState::Partial(AccountProblem {
        code: "SourceFetchTimeout".to_owned(),
        status_code: 408,
        message: "The source was not read to its end in the time allowed".to_owned(),
        reauth: false,
    })
}

/// Under which a source is read: while this grant is active, and while the session lasts that asked.
struct Leave {
    grant: GrantId,
    until: DateTime<Utc>,
}

impl Leave {
    async fn holds(&self, platform: &Platform, now: DateTime<Utc>) -> Result<bool, FlowError> {
        let active = consent_grants::stage_of(&platform.db, &self.grant, now).await? == Stage::Active;
        Ok(active && now < self.until)
    }
}

/// Reads an account to its end, page by page.
async fn read_account(platform: &Platform, leave: &Leave, reading: Reading, keys: &ShelfKeys) {
    let account = reading.account.id.clone();
    match read_pages(platform, leave, reading, keys).await {
        Ok(()) => tracing::debug!(account.id = %account, "read account {account}"),
        Err(FlowError::Sources(SourceError::LeaseLost)) => {
            tracing::debug!(account.id = %account, "account {account} is being read elsewhere");
        }
        Err(error) => {
            tracing::error!(account.id = %account, error = &error as &dyn std::error::Error, "reading broke off");
        }
    }
}

async fn read_pages(
    platform: &Platform,
    leave: &Leave,
    mut reading: Reading,
    keys: &ShelfKeys,
) -> Result<(), FlowError> {
    let credentials = Credentials::of(&reading.account, keys)?;
    let shelf =
        consent_library::shelf(&platform.db, &reading.account.library, &reading.account.shelf).await?;
    loop {
        let now = platform.ambient.now();
        if !leave.holds(platform, now).await? {
            let tx = platform.db.begin_write().await?;
            consent_sources::release(&tx, &reading, now).await?;
            return Ok(tx.commit().await?);
        }
        let page = match SourcePage::read(&reading.account, &credentials, reading.progress.as_deref()) {
            Ok(page) => page,
            Err(error) => return give_up(platform, &reading, &error).await,
        };
        let next = page.next.clone();
        keep_page(platform, &shelf, keys, &mut reading, page).await?;
        if next.is_none() {
            return Ok(());
        }
        tokio::time::sleep(platform.config.sandbox.sample_pace.to_std()).await;
    }
}

/// Stores what is new on a page, then notes it and how far the reading came in one transaction.
async fn keep_page(
    platform: &Platform,
    shelf: &Shelf,
    keys: &ShelfKeys,
    reading: &mut Reading,
    page: SourcePage,
) -> Result<(), FlowError> {
    let (ambient, place) = (&platform.ambient, shelf.drop_point());
    let mut written: Vec<WrittenFile> = Vec::with_capacity(page.files.len());
    for (mut file, content) in page.files {
        file.name = name_of(&reading.account, keys, &file)?;
        if !is_known(platform, shelf, keys, &file, &content).await? {
            let content = stream::iter([Ok(content)]);
            written.push(consent_library::write(&platform.blobs, &place, file, content, ambient).await?);
        }
    }
    let tx = platform.db.begin_write().await?;
    consent_library::insert_files(&tx, &written, ambient).await?;
    match page.next {
        Some(next) => consent_sources::advance(&tx, reading, next, ambient.now()).await?,
        None => consent_sources::finish(&tx, reading, ambient.now()).await?,
    }
    tx.commit().await?;
    Ok(())
}

/// The name of a file on the wire. A raw one is named after its account and place at the source, the place only as the
/// shelf's own key spells it.
fn name_of(account: &Account, keys: &ShelfKeys, file: &NewFile) -> Result<Option<String>, FlowError> {
    match (&file.name, &file.metadata.file_name) {
        (None, Some(at_source)) => {
            let opaque = keys.opaque_name(at_source).map_err(LibraryError::Damaged)?;
            Ok(Some(format!("raw_{}_{opaque}", account.number)))
        }
        (name, _) => Ok(name.clone()),
    }
}

/// Whether the library has this very content under this name already. Sources tell of everything again and again; only
/// what changed becomes a new version, so that apps fetch nothing twice.
async fn is_known(
    platform: &Platform,
    shelf: &Shelf,
    keys: &ShelfKeys,
    file: &NewFile,
    content: &[u8],
) -> Result<bool, FlowError> {
    let Some(name) = &file.name else { return Ok(false) };
    let current = consent_library::find_current(&platform.db, &shelf.library, name).await?;
    let opened = current.filter(|file| file.shelf == shelf.id).and_then(|file| file.open(shelf, keys).ok());
    Ok(opened.is_some_and(|opened| opened.metadata.digest == hex(&sha256(content))))
}

async fn give_up(platform: &Platform, reading: &Reading, error: &SourceError) -> Result<(), FlowError> {
    let problem = AccountProblem {
        code: "SourceUnavailable".to_owned(),
        status_code: 503,
        message: error.to_string(),
        reauth: false,
    };
    let tx = platform.db.begin_write().await?;
    consent_sources::fail(&tx, reading, &problem, platform.ambient.now()).await?;
    Ok(tx.commit().await?)
}
