//! An authorization code: single use, bound to client, redirect and PKCE challenge (RFC 6749 §4.1.2, RFC 7636).

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{AppId, ContractId, GrantId, RowId, SessionId};
use consent_crypto::{CodeChallenge, Digest};

/// How long a code waits to be exchanged.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// A second exchange this soon after the first is a race, later it is a replay.
const RACE: TimeDelta = TimeDelta::seconds(10);

/// A code about to be issued.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// For whom.
    pub app: AppId,
    /// Under which contract.
    pub contract: ContractId,
    /// Of which grant.
    pub grant: GrantId,
    /// The session that the authorization request opened.
    pub session: SessionId,
    /// Where it is sent.
    pub redirect_uri: String,
    /// PKCE.
    pub challenge: CodeChallenge,
}

/// What became of an attempt to exchange a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimedCode {
    /// It is this transaction's to exchange, and nobody else's ever again.
    Won {
        /// Its row, which holds the slot.
        id: RowId,
        /// The session that the authorization request opened.
        session: SessionId,
    },
    /// It was exchanged a moment ago; this attempt changes nothing.
    Lost,
    /// It was exchanged before and comes back: what it gave is to be revoked.
    Replayed {
        /// The family of tokens it gave.
        family: Digest,
    },
}

/// What a used code answers, by when it was used.
pub(crate) fn again(used_at: DateTime<Utc>, family: Option<Digest>, now: DateTime<Utc>) -> ClaimedCode {
    match family {
        Some(family) if now >= used_at + RACE => ClaimedCode::Replayed { family },
        _ => ClaimedCode::Lost,
    }
}
