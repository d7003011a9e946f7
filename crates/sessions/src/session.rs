//! A session: a short window in which an app reads files (`protocol/digime.md` §9).

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{AppId, ContractId, GrantId, Scope, SessionId, ShelfId};
use consent_crypto::Digest;
use consent_library::AccountState;
use serde::{Deserialize, Serialize};

use crate::SessionError;

/// How far a session is; never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waits for the person.
    Pending,
    /// She agreed; sources are being read and the list may grow.
    Running {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// All sources were read; the list is final.
    Completed {
        /// As of when.
        at: DateTime<Utc>,
    },
    /// Some source could not be read to the end; the list is final.
    Partial {
        /// As of when.
        at: DateTime<Utc>,
    },
}

impl State {
    /// The state as the wire spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running { .. } => "running",
            Self::Completed { .. } => "completed",
            Self::Partial { .. } => "partial",
        }
    }

    /// Whether the list stays what it is.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed { .. } | Self::Partial { .. })
    }

    /// The moment as of which the session lists files: now while it runs, the moment it ended afterwards.
    #[must_use]
    pub fn as_of(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Pending | Self::Running { .. } => now,
            Self::Completed { at } | Self::Partial { at } => *at,
        }
    }

    pub(crate) fn parse(
        name: &str,
        started_at: Option<DateTime<Utc>>,
        ended_at: Option<DateTime<Utc>>,
    ) -> Option<Self> {
        match (name, started_at, ended_at) {
            ("pending", None, None) => Some(Self::Pending),
            ("running", Some(since), None) => Some(Self::Running { since }),
            ("completed", Some(_), Some(at)) => Some(Self::Completed { at }),
            ("partial", Some(_), Some(at)) => Some(Self::Partial { at }),
            _ => None,
        }
    }
}

/// How an app wants its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Whether sources are asked for what is new; otherwise the library is delivered as it is.
    pub source_fetch: bool,
    /// How long sources may take, in seconds; 0 for no limit.
    pub source_fetch_limit: u32,
    /// Ask only the sources of these accounts, by their ids on the wire; all when empty.
    pub only_accounts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { source_fetch: true, source_fetch_limit: 0, only_accounts: Vec::new() }
    }
}

/// How far each account is, by its id on the wire.
pub type Outcome = Vec<(String, AccountState)>;

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub app: AppId,
    /// Under which contract.
    pub contract: ContractId,
    /// The grant it reads for; none while it waits for the person.
    pub grant: Option<GrantId>,
    /// The family of tokens it was opened with.
    pub family: Option<Digest>,
    /// What it may read: while pending what the app asked for, afterwards with everything else taken into account.
    pub scope: Scope,
    /// How the app wants it.
    pub options: Options,
    /// How far it is.
    pub state: State,
    /// How each account ended, by its id on the wire; empty until the list is final.
    pub outcome: Outcome,
    /// The parts of the library that a final list is of; what was shared later is not on it.
    pub shelves: Vec<ShelfId>,
    /// When it ends; fixed from the start.
    pub expires_at: DateTime<Utc>,
}

/// A session about to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose it is.
    pub app: AppId,
    /// Under which contract.
    pub contract: ContractId,
    /// The grant it reads for, when that is known.
    pub grant: Option<GrantId>,
    /// The family of tokens it was opened with.
    pub family: Option<Digest>,
    /// What it may read.
    pub scope: Scope,
    /// How the app wants it.
    pub options: Options,
    /// How long it lives.
    pub lifetime: TimeDelta,
}

impl Session {
    /// The session, if its time is not over.
    pub fn living(self, now: DateTime<Utc>) -> Result<Self, SessionError> {
        if self.expires_at <= now { Err(SessionError::Unknown) } else { Ok(self) }
    }

    /// Whether the time that the app gave the sources is over.
    #[must_use]
    pub fn is_overdue_at(&self, now: DateTime<Utc>) -> bool {
        match self.state {
            State::Running { since } if self.options.source_fetch_limit > 0 => {
                now >= since + TimeDelta::seconds(self.options.source_fetch_limit.into())
            }
            _ => false,
        }
    }

    /// Whether this session asks the source of an account for what is new.
    #[must_use]
    pub fn fetches(&self, account: &str) -> bool {
        let only = &self.options.only_accounts;
        self.options.source_fetch && (only.is_empty() || only.iter().any(|id| id == account))
    }
}
