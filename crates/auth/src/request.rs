//! An authorization request: what an app sends a person to the browser with. Its code is the preauthorization or the
//! reference code of `protocol/digime.md` §3.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{AppId, ContractId, GrantId, PersonId, RequestId, SessionId};
use consent_crypto::CodeChallenge;

/// How long a request may lie untouched.
pub const IDLE: TimeDelta = TimeDelta::minutes(10);
/// How long a request is good in all.
pub(crate) const ABSOLUTE: TimeDelta = TimeDelta::hours(1);

/// What the person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// To agree to a contract.
    Authorize,
    /// To connect another account under a contract she agreed to.
    Onboard,
    /// To confirm, so that the app gets new tokens.
    Reauthorize,
}

impl RequestKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Onboard => "onboard",
            Self::Reauthorize => "reauthorize",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Authorize, Self::Onboard, Self::Reauthorize].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A yes.
    Yes {
        /// Whose.
        person: PersonId,
        /// The grant that the request now stands for.
        grant: GrantId,
    },
    /// A no.
    No {
        /// Whose.
        person: PersonId,
    },
}

impl Decision {
    /// Who decided.
    #[must_use]
    pub fn person(&self) -> &PersonId {
        match self {
            Self::Yes { person, .. } | Self::No { person } => person,
        }
    }

    /// The grant that the request now stands for, after a yes.
    #[must_use]
    pub fn grant(&self) -> Option<&GrantId> {
        match self {
            Self::Yes { grant, .. } => Some(grant),
            Self::No { .. } => None,
        }
    }
}

/// An authorization request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Its id.
    pub id: RequestId,
    /// What the person is asked.
    pub kind: RequestKind,
    /// Who asks.
    pub app: AppId,
    /// Under which contract.
    pub contract: ContractId,
    /// The contract key that signed the request.
    pub kid: String,
    /// Where the browser goes afterwards; registered with the contract.
    pub redirect_uri: String,
    /// The app's own text, echoed as it is.
    pub state: Option<String>,
    /// PKCE; absent when only an account is added.
    pub challenge: Option<CodeChallenge>,
    /// The grant behind the access token that came with the request, dead or alive: names a person, opens nothing.
    pub hint: Option<GrantId>,
    /// The session that is waiting for the answer.
    pub session: SessionId,
    /// The store of the app that it is for, by its id.
    pub storage: Option<String>,
    /// What was decided, and by whom.
    pub decision: Option<Decision>,
    /// When it was answered.
    pub decided_at: Option<DateTime<Utc>>,
    pub(crate) touched_at: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A request about to be kept.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// What the person is asked.
    pub kind: RequestKind,
    /// Who asks.
    pub app: AppId,
    /// Under which contract.
    pub contract: ContractId,
    /// The contract key that signed the request.
    pub kid: String,
    /// Where the browser goes afterwards.
    pub redirect_uri: String,
    /// The app's own text.
    pub state: Option<String>,
    /// PKCE.
    pub challenge: Option<CodeChallenge>,
    /// The grant behind the access token that came with the request.
    pub hint: Option<GrantId>,
    /// The session that is waiting for the answer.
    pub session: SessionId,
}

impl AuthorizationRequest {
    pub(crate) fn is_expired_at(&self, now: DateTime<Utc>) -> bool {
        now >= self.touched_at + IDLE || now >= self.created_at + ABSOLUTE
    }
}
