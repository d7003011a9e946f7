//! The life of a grant: active ⇄ stopped, then expired or revoked, and perhaps erased.

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
    /// Ended, and the app was told to delete what it holds.
    Erasing {
        /// When.
        at: DateTime<Utc>,
    },
    /// Ended, and the app has reported that it deleted what it held.
    Erased {
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
    /// End it before its time.
    Shorten,
    /// Have the app delete what it holds.
    Erase,
    /// Take the wish to have it deleted back.
    KeepAfterAll,
    /// Note that the app has deleted it.
    NoteErased,
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Use => "use",
            Self::Stop => "stop",
            Self::Resume => "resume",
            Self::Revoke => "revoke",
            Self::Expire => "expire",
            Self::Shorten => "shorten",
            Self::Erase => "erase",
            Self::KeepAfterAll => "cancel the erasure of",
            Self::NoteErased => "note the erasure of",
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
            Self::Erasing { .. } => "erasing",
            Self::Erased { .. } => "erased",
        }
    }

    /// Since when; absent while active.
    #[must_use]
    pub fn since(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Active => None,
            Self::Stopped { at }
            | Self::Expired { at }
            | Self::Revoked { at }
            | Self::Erasing { at }
            | Self::Erased { at } => Some(*at),
        }
    }

    /// Whether the grant may still be used one day.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Active | Self::Stopped { .. })
    }

    pub(crate) fn parse(name: &str, at: DateTime<Utc>) -> Option<Self> {
        let all = [
            Self::Active,
            Self::Stopped { at },
            Self::Expired { at },
            Self::Revoked { at },
            Self::Erasing { at },
            Self::Erased { at },
        ];
        all.into_iter().find(|stage| stage.name() == name)
    }

    /// Pauses an active grant.
    pub fn stop(self, at: DateTime<Utc>) -> Result<Self, GrantError> {
        match self {
            Self::Active => Ok(Self::Stopped { at }),
            from => Err(GrantError::Refused { verb: Verb::Stop, from }),
        }
    }

    /// Continues a stopped grant.
    pub fn resume(self) -> Result<Self, GrantError> {
        match self {
            Self::Stopped { .. } => Ok(Self::Active),
            from => Err(GrantError::Refused { verb: Verb::Resume, from }),
        }
    }

    /// Ends the grant for good; a stopped grant may still be revoked.
    pub fn revoke(self, at: DateTime<Utc>) -> Result<Self, GrantError> {
        self.end(Self::Revoked { at }, Verb::Revoke)
    }

    /// Notes that the grant's time ran out.
    pub fn expire(self, at: DateTime<Utc>) -> Result<Self, GrantError> {
        self.end(Self::Expired { at }, Verb::Expire)
    }

    /// Ends the grant if it has not ended, and has the app delete what it holds.
    pub fn erase(self, at: DateTime<Utc>) -> Result<Self, GrantError> {
        match self {
            Self::Active | Self::Stopped { .. } | Self::Expired { .. } | Self::Revoked { .. } => {
                Ok(Self::Erasing { at })
            }
            from @ (Self::Erasing { .. } | Self::Erased { .. }) => {
                Err(GrantError::Refused { verb: Verb::Erase, from })
            }
        }
    }

    /// Takes the wish to have it deleted back; the grant stays ended.
    pub fn keep_after_all(self, at: DateTime<Utc>) -> Result<Self, GrantError> {
        match self {
            Self::Erasing { .. } => Ok(Self::Revoked { at }),
            from => Err(GrantError::Refused { verb: Verb::KeepAfterAll, from }),
        }
    }

    /// Notes that the app has deleted what it held.
    pub fn note_erased(self, at: DateTime<Utc>) -> Result<Self, GrantError> {
        match self {
            Self::Erasing { .. } => Ok(Self::Erased { at }),
            from => Err(GrantError::Refused { verb: Verb::NoteErased, from }),
        }
    }

    fn end(self, to: Self, verb: Verb) -> Result<Self, GrantError> {
        if self.is_open() { Ok(to) } else { Err(GrantError::Refused { verb, from: self }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stays_over() {
        let now = DateTime::UNIX_EPOCH;
        let [erasing, erased] = [Stage::Erasing { at: now }, Stage::Erased { at: now }];
        for over in [Stage::Expired { at: now }, Stage::Revoked { at: now }, erasing, erased] {
            assert!(!over.is_open());
            assert!(over.stop(now).is_err() && over.resume().is_err());
            assert!(over.revoke(now).is_err() && over.expire(now).is_err());
            assert_eq!(Stage::parse(over.name(), now), Some(over));
        }
    }

    #[test]
    fn what_an_app_holds_can_be_erased_whenever_and_once() {
        let now = DateTime::UNIX_EPOCH;
        let erasing = Stage::Erasing { at: now };
        let before = [
            Stage::Active,
            Stage::Stopped { at: now },
            Stage::Expired { at: now },
            Stage::Revoked { at: now },
        ];
        for stage in before {
            assert_eq!(stage.erase(now).unwrap(), erasing);
            assert!(stage.note_erased(now).is_err() && stage.keep_after_all(now).is_err());
        }
        assert_eq!(erasing.keep_after_all(now).unwrap(), Stage::Revoked { at: now });
        let erased = erasing.note_erased(now).unwrap();
        assert!(erasing.erase(now).is_err() && erased.erase(now).is_err());
        assert!(erased.keep_after_all(now).is_err() && erased.note_erased(now).is_err());
    }

    #[test]
    fn only_a_stopped_grant_resumes() {
        let stopped = Stage::Active.stop(DateTime::UNIX_EPOCH).unwrap();
        assert!(stopped.stop(DateTime::UNIX_EPOCH).is_err());
        assert_eq!(stopped.resume().unwrap(), Stage::Active);
        assert_eq!(Stage::Active.resume().unwrap_err().to_string(), "cannot resume a grant that is active");
    }
}
