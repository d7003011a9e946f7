//! The life of a grant: active ⇄ stopped, then expired or revoked.

use chrono::{DateTime, Utc};

use crate::GrantError;

/// Where in its life a grant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Data flows.
    Active,
    /// The person paused it; she can resume.
    Stopped {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Its time ran out.
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
    /// Ended for good.
    Revoked {
        /// When.
        at: DateTime<Utc>,
    },
}

/// What somebody wants to do with a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Use it.
    Use,
    /// Pause it.
    Stop,
    /// Continue it.
    Resume,
    /// End it for good.
    Revoke,
    /// Note that its time ran out.
    Expire,
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Use => "use",
            Self::Stop => "stop",
            Self::Resume => "resume",
            Self::Revoke => "revoke",
            Self::Expire => "expire",
        })
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Stage {
    /// The stage as JSON, events and columns spell it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stopped { .. } => "stopped",
            Self::Expired { .. } => "expired",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// Since when; absent while active.
    #[must_use]
    pub fn since(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Active => None,
            Self::Stopped { at } | Self::Expired { at } | Self::Revoked { at } => Some(*at),
        }
    }

    /// Whether the grant may still be used one day.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Active | Self::Stopped { .. })
    }

    pub(crate) fn parse(name: &str, at: DateTime<Utc>) -> Option<Self> {
        [Self::Active, Self::Stopped { at }, Self::Expired { at }, Self::Revoked { at }]
            .into_iter()
            .find(|stage| stage.name() == name)
    }

    /// Pauses an active grant.
    pub fn stop(self, at: DateTime<Utc>) -> Result<Self, GrantError> {
        match self {
            Self::Active => Ok(Self::Stopped { at }),
            from @ (Self::Stopped { .. } | Self::Expired { .. } | Self::Revoked { .. }) => {
                Err(GrantError::Refused { verb: Verb::Stop, from })
            }
        }
    }

    /// Continues a stopped grant.
    pub fn resume(self) -> Result<Self, GrantError> {
        match self {
            Self::Stopped { .. } => Ok(Self::Active),
            from @ (Self::Active | Self::Expired { .. } | Self::Revoked { .. }) => {
                Err(GrantError::Refused { verb: Verb::Resume, from })
            }
        }
    }

    /// Ends the grant for good; a stopped grant may still be revoked.
    pub fn revoke(self, at: DateTime<Utc>) -> Result<Self, GrantError> {
        match self {
            Self::Active | Self::Stopped { .. } => Ok(Self::Revoked { at }),
            from @ (Self::Expired { .. } | Self::Revoked { .. }) => {
                Err(GrantError::Refused { verb: Verb::Revoke, from })
            }
        }
    }

    /// Notes that the grant's time ran out.
    pub fn expire(self, at: DateTime<Utc>) -> Result<Self, GrantError> {
        match self {
            Self::Active | Self::Stopped { .. } => Ok(Self::Expired { at }),
            from @ (Self::Expired { .. } | Self::Revoked { .. }) => {
                Err(GrantError::Refused { verb: Verb::Expire, from })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stays_over() {
        let now = DateTime::UNIX_EPOCH;
        for over in [Stage::Expired { at: now }, Stage::Revoked { at: now }] {
            assert!(!over.is_open());
            assert!(over.stop(now).is_err() && over.resume().is_err());
            assert!(over.revoke(now).is_err() && over.expire(now).is_err());
        }
    }

    #[test]
    fn only_a_stopped_grant_resumes() {
        let stopped = Stage::Active.stop(DateTime::UNIX_EPOCH).unwrap();
        assert!(stopped.stop(DateTime::UNIX_EPOCH).is_err());
        assert_eq!(stopped.resume().unwrap(), Stage::Active);
        assert_eq!(Stage::Active.resume().unwrap_err().to_string(), "cannot resume a grant that is active");
    }
}
