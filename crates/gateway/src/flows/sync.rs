//! Sources are read while an app waits, or in their owner's presence. The keys come with the app's request, or with hers,
//! and live in memory until the account is read, the grant is shut or she is gone, or this process ends; whoever comes
//! next picks up where the rows say.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{AccountId, GrantId, PersonId, SignInId};
use consent_crypto::digest::{hex, sha256};
use consent_grants::{Grant, Stage};
use consent_library::{
    AccountProblem, AccountState, LibraryError, LibraryKey, NewFile, Shelf, ShelfKeys, WrittenFile,
};
use consent_sessions::{Outcome, Session, State};
use consent_sources::{Account, Credentials, Reading, SourceError, SourcePage, state_since};
use consent_store::Tx;
use futures_util::stream;

use super::{Access, FlowError, SignedIn, open_library};
use crate::platform::Platform;

/// So long after an owner asked for it a source is read in her name.
const PRESENT_FOR: TimeDelta = TimeDelta::minutes(5);

/// The accounts that a grant covers.
pub async fn shared_accounts(platform: &Platform, grant: &Grant) -> Result<Vec<Account>, FlowError> {
    let mut accounts = consent_sources::list_accounts(&platform.db, &grant.library).await?;
    accounts.retain(|account| grant.choices.shelves.contains(&account.shelf));
    Ok(accounts)
}

/// Sees to it that every account which the session still waits for is being read, by this process or another. Returns
/// the accounts as they are.
pub(super) async fn keep_going(
    platform: &Platform,
    access: &Access,
    session: &Session,
) -> Result<Vec<Account>, FlowError> {
    let accounts = shared_accounts(platform, &access.grant).await?;
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
            let by = Reader::App(access.grant.id.clone());
            let leave = Leave { by, until: session.expires_at };
            start(platform, leave, Claimed { reading, keys: keys.clone() });
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

/// An account that nobody else reads now, and the keys of its shelf.
#[derive(Debug)]
pub(super) struct Claimed {
    /// The right to read it.
    pub reading: Reading,
    keys: ShelfKeys,
}

/// Takes the right to read an account in its owner's presence; none when somebody is reading it.
pub(super) async fn claim(
    platform: &Platform,
    tx: &Tx,
    account: &Account,
    key: &LibraryKey,
) -> Result<Option<Claimed>, FlowError> {
    let shelf = consent_library::shelf(tx, &account.library, &account.shelf).await?;
    let keys = shelf.open(key).map_err(LibraryError::Damaged)?;
    let reading = consent_sources::claim(tx, &account.id, &platform.ambient).await?;
    Ok(reading.map(|reading| Claimed { reading, keys }))
}

/// Starts to read in its owner's presence what was claimed and committed.
pub(super) fn start_for(platform: &Platform, who: &SignedIn, claimed: Option<Claimed>) {
    let Some(claimed) = claimed else { return };
    let by = Reader::Owner { person: who.sign_in.person.clone(), sign_in: who.sign_in.id.clone() };
    start(platform, Leave { by, until: platform.ambient.now() + PRESENT_FOR }, claimed);
}

/// Reads an account of hers now, in the background; none when somebody is reading it already.
pub async fn read_now(platform: &Platform, who: &SignedIn, account: &AccountId) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    let (library, key) = open_library(platform, &tx, who).await?;
    let account = consent_sources::find_account(&tx, &library.id, account).await?;
    let claimed = claim(platform, &tx, &account, &key).await?;
    tx.commit().await?;
    start_for(platform, who, claimed);
    Ok(())
}

fn start(platform: &Platform, leave: Leave, Claimed { reading, keys }: Claimed) {
    let platform = platform.clone();
    tokio::spawn(async move { read_account(&platform, &leave, reading, &keys).await });
}

/// Under which a source is read.
struct Leave {
    by: Reader,
    until: DateTime<Utc>,
}

/// Who lets a source be read.
enum Reader {
    /// An app, while this grant is active; until the session ends that asked.
    App(GrantId),
    /// The owner, while she is signed in; for a while after she asked.
    Owner {
        /// She.
        person: PersonId,
        /// What she asked with.
        sign_in: SignInId,
    },
}

impl Leave {
    async fn holds(&self, platform: &Platform, now: DateTime<Utc>) -> Result<bool, FlowError> {
        let db = &platform.db;
        let holds = match &self.by {
            Reader::App(grant) => consent_grants::stage_of(db, grant, now).await? == Stage::Active,
            Reader::Owner { person, sign_in } => {
                consent_people::is_signed_in(db, person, sign_in, now).await?
            }
        };
        Ok(holds && now < self.until)
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
    let (ambient, place) = (&platform.ambient, shelf.drop_point()?);
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
