//! An app reads: sessions, lists, accounts.

use chrono::{DateTime, Utc};
use consent_auth::{AuthError, Pair};
use consent_contracts::{Access as ContractAccess, Held};
use consent_core::{Scope, ShelfId};
use consent_crypto::Secret;
use consent_grants::{Grant, GrantError, Stage, Verb};
use consent_library::{
    AccountState, File, FileKind, GrantKey, LibraryError, Listed, OpenedFile, Opener, Reached, ShelfKeys,
    SlotKind,
};
use consent_sessions::{Coverage, FileList, NewSession, Session, SessionError, State};
use consent_sources::{Account, Credentials};

use super::{Asked, FlowError, Standing, authorize::Caller, change::held_of, sync};
use crate::platform::Platform;

/// Proof that an app may act for a grant now: its request was signed, its token lives, the grant is active.
#[derive(Debug, Clone)]
pub struct Access {
    /// The app.
    pub caller: Caller,
    /// The pair its token belongs to.
    pub pair: Pair,
    /// The grant.
    pub grant: Grant,
    token: Secret,
    session: Option<Session>,
    files: Option<Vec<Listed>>,
    file: Option<Reached>,
}

/// A session that was just opened.
#[derive(Debug)]
pub struct Triggered {
    /// The session.
    pub session: Session,
    /// Its key.
    pub key: Secret,
}

impl Access {
    /// Checks what was presented against the grant it is for.
    pub async fn check(platform: &Platform, caller: Caller, standing: Standing) -> Result<Self, FlowError> {
        let (now, Standing { token, pair, grant, session, files, file }) = (platform.ambient.now(), standing);
        let (Some(token), Some(pair), Some(grant)) = (token, pair, grant) else {
            return Err(AuthError::UnknownToken.into());
        };
        let pair = pair.living(now)?;
        match grant.stage_at(now) {
            Stage::Active => {}
            Stage::Stopped { .. } => return Err(FlowError::Stopped),
            from => return Err(GrantError::Refused { verb: Verb::Use, from }.into()),
        }
        if let Some(at) = held_of(&caller.client, &grant)?.grant_ends_at(grant.created_at)
            && at <= now
        {
            let from = Stage::Expired { at };
            return Err(GrantError::Refused { verb: Verb::Use, from }.into());
        }
        if pair.first_used_at.is_none() {
            let tx = platform.db.begin_write().await?;
            consent_auth::note_use(&tx, &pair.id, now).await?;
            tx.commit().await?;
        }
        Ok(Self { caller, pair, grant, token, session, files, file })
    }

    /// The file that was asked for, of this kind and on a shelf that the session reads, with the keys that the presented
    /// token leads to.
    pub(super) fn open_file(
        &self,
        session: &Session,
        raw: bool,
        now: DateTime<Utc>,
    ) -> Result<OpenedFile, FlowError> {
        let reached = self.file.clone().filter(|reached| {
            let file = reached.file();
            raw == (file.kind == FileKind::Raw) && self.shelves_of(session).contains(&file.shelf)
        });
        let reached = reached.ok_or(SessionError::NoFile)?;
        reached.open(Opener::Secret(&self.token), now).map_err(unopened)
    }

    /// All shelf keys that the grant holds, read and connect of one shelf together.
    pub(super) async fn shelf_keys(&self, platform: &Platform) -> Result<Vec<ShelfKeys>, FlowError> {
        let (holder, opener) = (self.pair.id.as_str(), Opener::Secret(&self.token));
        let now = platform.ambient.now();
        let opened = consent_library::open_slot(&platform.db, SlotKind::Access, holder, opener, now).await;
        let grant_key: GrantKey = opened.map_err(unopened)?;
        let mut all: Vec<ShelfKeys> = Vec::new();
        for granted in consent_library::granted(&platform.db, &self.grant.id).await? {
            let keys = granted.open(&grant_key).map_err(LibraryError::Damaged)?;
            match all.last_mut().filter(|last| last.shelf() == keys.shelf()) {
                Some(last) => *last = last.clone().and(keys),
                None => all.push(keys),
            }
        }
        Ok(all)
    }

    /// What holds: the version she agreed to, less what the contract has given up since.
    fn held(&self) -> Result<Held<'_>, FlowError> {
        held_of(&self.caller.client, &self.grant)
    }

    /// What the grant gives: what holds, without what she left out.
    fn scope(&self, now: DateTime<Utc>) -> Result<Scope, FlowError> {
        let held = self.held()?;
        Ok(held.narrow(&self.grant.choices.narrow(&held.agreed().document.scope), now))
    }

    /// A scope without what does not hold any more.
    pub(super) fn today(&self, scope: &Scope, now: DateTime<Utc>) -> Result<Scope, FlowError> {
        Ok(self.held()?.narrow(scope, now))
    }

    /// Whether the grant reads raw files, mapped ones, or none. One whose contract wants something else since reads
    /// nothing, until its person has said yes to that.
    pub(super) fn reads(&self) -> Result<ContractAccess, FlowError> {
        match self.held()?.access() {
            Some(access @ (ContractAccess::Read | ContractAccess::ReadRaw)) => Ok(access),
            Some(ContractAccess::Write) | None => Err(FlowError::WrongKind),
        }
    }

    /// The session whose key was presented, if it is this grant's.
    pub(super) fn session(&self, now: DateTime<Utc>) -> Result<Session, FlowError> {
        let session = self.session.clone().ok_or(SessionError::Unknown)?.living(now)?;
        let mine = session.grant.as_ref().is_none_or(|grant| *grant == self.grant.id)
            && session.family.as_ref().is_none_or(|family| *family == self.pair.family);
        if mine { Ok(session) } else { Err(SessionError::Unknown.into()) }
    }

    /// The shelves that a session reads: all of its grant, and once its list is final none that joined later.
    pub(super) fn shelves_of(&self, session: &Session) -> Vec<ShelfId> {
        let mut shelves = self.grant.choices.shelves.clone();
        if session.state.is_final() {
            shelves.retain(|shelf| session.shelves.contains(shelf));
        }
        shelves
    }
}

/// What it means to an app that something of a library stays closed to it.
fn unopened(error: LibraryError) -> FlowError {
    match error {
        LibraryError::Shut => AuthError::UnknownToken.into(),
        LibraryError::NotSharing => SessionError::NoFile.into(),
        error => error.into(),
    }
}

/// Opens a session for a grant and starts to ask its sources.
pub async fn trigger(platform: &Platform, access: &Access, asked: Asked) -> Result<Triggered, FlowError> {
    let (caller, now) = (&access.caller, platform.ambient.now());
    let contract = &caller.client.contract;
    access.reads()?;
    if !access.held()?.is_ongoing() {
        return Err(FlowError::OneOff);
    }
    caller.check_scope(platform, &asked.scope)?;
    let new = NewSession {
        app: contract.app_id.clone(),
        contract: contract.id.clone(),
        grant: Some(access.grant.id.clone()),
        family: Some(access.pair.family),
        scope: access.scope(now)?.narrowed_by(&asked.scope, now),
        options: asked.options,
        lifetime: platform.session_for(),
    };
    let tx = platform.db.begin_write().await?;
    caller.spend(platform, &tx).await?;
    let (session, key) = consent_sessions::open_session(&tx, new, &platform.ambient).await?;
    tx.commit().await?;
    sync::keep_going(platform, access, &session).await?;
    Ok(Triggered { session, key })
}

/// What the session may read now, and how far it is.
pub async fn file_list(platform: &Platform, access: &Access) -> Result<FileList, FlowError> {
    let now = platform.ambient.now();
    let mut session = access.session(now)?;
    let accounts = match session.state {
        State::Pending => {
            return Ok(FileList { state: State::Pending, accounts: Vec::new(), files: Vec::new() });
        }
        State::Completed { .. } | State::Partial { .. } => session.outcome.clone(),
        State::Running { .. } => {
            let accounts = sync::keep_going(platform, access, &session).await?;
            let states = sync::states(&session, &accounts, now);
            if states.iter().all(|(_, state)| *state != AccountState::Running) {
                let tx = platform.db.begin_write().await?;
                let shelves = &access.grant.choices.shelves;
                consent_sessions::end(&tx, &session.id, &states, shelves, now).await?;
                tx.commit().await?;
                session = consent_sessions::find_by_id(&platform.db, &session.id, now).await?;
            }
            states
        }
    };
    let files = reachable(platform, access, &session, now).await?;
    Ok(FileList { state: session.state, accounts, files })
}

/// The files of a session as of now, or as of the moment at which its list became final.
async fn reachable(
    platform: &Platform,
    access: &Access,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<Vec<Listed>, FlowError> {
    let (library, at) = (&access.grant.library, session.state.as_of(now));
    let shelves = access.shelves_of(session);
    let (scope, raw) = (access.today(&session.scope, now)?, access.reads()? == ContractAccess::ReadRaw);
    if raw && !(scope.criteria.is_empty() && scope.time_ranges.is_empty()) {
        let files = consent_library::files_as_of(&platform.db, library, &shelves, at).await?;
        return matching_raw(platform, access, &scope, files).await;
    }
    let mut files = match &access.files {
        Some(files) => files.clone(),
        None => consent_library::listed_as_of(&platform.db, library, &shelves, at).await?,
    };
    files.retain(|file| match file.kind {
        FileKind::Raw => raw,
        FileKind::Mapped { .. } => !raw && Coverage::of(&scope, &file.kind, now) != Coverage::None,
    });
    Ok(files)
}

/// Raw files are chosen by what they say of themselves, which their shelf's key opens.
async fn matching_raw(
    platform: &Platform,
    access: &Access,
    scope: &Scope,
    files: Vec<File>,
) -> Result<Vec<Listed>, FlowError> {
    let keys = access.shelf_keys(platform).await?;
    let shelves = consent_library::shelves(&platform.db, &access.grant.library).await?;
    let now = platform.ambient.now();
    let matching = files.into_iter().filter(|file| file.kind == FileKind::Raw).filter_map(|file| {
        let keys = keys.iter().find(|keys| *keys.shelf() == file.shelf)?;
        let shelf = shelves.iter().find(|shelf| shelf.id == file.shelf)?;
        let opened = file.open(shelf, keys).ok()?;
        consent_sessions::selects(scope, &opened.metadata, now).then(|| opened.file.into())
    });
    Ok(matching.collect())
}

/// The accounts that a grant covers, with the name at the source of each.
pub async fn accounts(
    platform: &Platform,
    access: &Access,
) -> Result<Vec<(Account, Option<String>)>, FlowError> {
    let keys = access.shelf_keys(platform).await?;
    let accounts = sync::shared_accounts(platform, &access.grant).await?;
    let named = accounts.into_iter().map(|account| {
        let keys = keys.iter().find(|keys| *keys.shelf() == account.shelf);
        let name = keys
            .and_then(|keys| Credentials::of(&account, keys).ok())
            .map(|credentials| credentials.username);
        (account, name)
    });
    Ok(named.collect())
}
