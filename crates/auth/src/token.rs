//! User access tokens: pairs of an access and a refresh token, in families.
//!
//! The first refresh of a pair makes its one successor; everybody who refreshes the same pair again gets that same
//! successor, until a minute after it was first used. A refresh token that comes back later than that was stolen, or
//! its holder was, and the whole family ends.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{ContractId, GrantId, RowId};
use consent_crypto::{Digest, Secret};

use crate::AuthError;

/// How long a replaced pair lives on when its successor is never used, and how long once it is.
pub(crate) const UNUSED_GRACE: TimeDelta = TimeDelta::hours(24);
pub(crate) const USED_GRACE: TimeDelta = TimeDelta::seconds(60);

/// How long tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Access tokens.
    pub access: TimeDelta,
    /// Refresh tokens; starts anew with every refresh.
    pub refresh: TimeDelta,
}

/// A pair of tokens as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Its row, which holds the slots.
    pub id: RowId,
    /// Digest of its family.
    pub family: Digest,
    /// The grant it acts for.
    pub grant: GrantId,
    /// The contract it was issued under.
    pub contract: ContractId,
    /// When the access token ends.
    pub access_expires_at: DateTime<Utc>,
    /// When the refresh token ends.
    pub refresh_expires_at: DateTime<Utc>,
    /// When either token was first presented.
    pub first_used_at: Option<DateTime<Utc>>,
    pub(crate) retire_at: Option<DateTime<Utc>>,
}

/// A pair at its birth, the only moment at which the secrets are at hand.
#[derive(Debug)]
pub struct IssuedPair {
    /// The pair as it is kept.
    pub pair: Pair,
    /// The access token.
    pub access: Secret,
    /// The refresh token.
    pub refresh: Secret,
}

/// What became of an attempt to refresh.
#[derive(Debug)]
pub enum Refreshed {
    /// A new pair, for which this transaction has to write the slots; `old` still opens its own.
    New {
        /// The row of the replaced pair.
        old: RowId,
        /// Its successor.
        issued: IssuedPair,
    },
    /// The pair that an earlier refresh made.
    Same(IssuedPair),
    /// A token that was replaced long ago came back: the family is to be revoked.
    Reused {
        /// The family.
        family: Digest,
    },
}

impl Pair {
    /// The pair, if its access token is good for something.
    pub fn living(self, now: DateTime<Utc>) -> Result<Self, AuthError> {
        if self.access_expires_at <= now || self.is_retired_at(now) {
            return Err(AuthError::UnknownToken);
        }
        Ok(self)
    }

    pub(crate) fn is_retired_at(&self, now: DateTime<Utc>) -> bool {
        self.retire_at.is_some_and(|at| at <= now)
    }
}
