//! Notices, and when they are sent again.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{AppId, GrantId, NoticeId};

/// How long after each attempt in vain the next one comes: about three days in all.
const AGAIN_AFTER: [TimeDelta; 8] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(6),
    TimeDelta::hours(12),
    TimeDelta::hours(24),
    TimeDelta::hours(24),
];

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whoever answers for privacy at the app.
    App,
    /// Whoever runs the platform.
    Operator,
}

impl Audience {
    /// The word for it, which is also how it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Operator => "operator",
        }
    }

    /// From that word.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::App, Self::Operator].into_iter().find(|audience| audience.name() == name)
    }
}

/// Something that somebody has to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// Who is told.
    pub audience: Audience,
    /// The app it is about.
    pub app: AppId,
    /// The grant it is about.
    pub grant: Option<GrantId>,
    /// The `jti` of the signal it is about.
    pub signal: String,
    /// What happened, in a word of whoever writes it: `ack-missed`.
    pub moment: &'static str,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// A notice as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// Who is told.
    pub audience: Audience,
    /// The app it is about.
    pub app: AppId,
    /// The grant it is about.
    pub grant: Option<GrantId>,
    /// The `jti` of the signal it is about.
    pub signal: String,
    /// What happened.
    pub moment: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// How far it is.
    pub state: State,
    /// When it was sent or given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why the last attempt was in vain.
    pub problem: Option<String>,
}

/// How far a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is to be sent.
    Waiting {
        /// How often it was tried in vain.
        failed: u32,
    },
    /// A worker is sending it.
    Sending {
        /// How often it was tried in vain.
        failed: u32,
    },
    /// The mail server has it.
    Sent,
    /// Nobody takes it; the operator may read it in the list.
    GivenUp,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The mail server took it.
    Taken,
    /// It did not work this time.
    Failed,
    /// The mail server will never take it.
    Refused,
}

impl State {
    /// The word for it, which is also how it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Sending { .. } => "sending",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }

    /// From what a row holds.
    pub(crate) fn parse(name: &str, failed: u32) -> Option<Self> {
        let all = [Self::Waiting { failed }, Self::Sending { failed }, Self::Sent, Self::GivenUp];
        all.into_iter().find(|state| state.name() == name)
    }

    /// How often it was tried in vain.
    #[must_use]
    pub fn failed(self) -> u32 {
        match self {
            Self::Waiting { failed } | Self::Sending { failed } => failed,
            Self::Sent | Self::GivenUp => 0,
        }
    }

    /// Where an attempt leads.
    #[must_use]
    pub fn after(self, attempt: Attempt) -> Self {
        let failed = self.failed() + 1;
        match (self, attempt) {
            (over @ (Self::Sent | Self::GivenUp), _) => over,
            (_, Attempt::Taken) => Self::Sent,
            (_, Attempt::Failed) if again_after(failed).is_some() => Self::Waiting { failed },
            (_, Attempt::Failed | Attempt::Refused) => Self::GivenUp,
        }
    }

    /// When it is tried next.
    #[must_use]
    pub fn due_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Waiting { failed: 0 } => Some(now),
            Self::Waiting { failed } => again_after(failed).map(|after| now + after),
            Self::Sending { .. } | Self::Sent | Self::GivenUp => None,
        }
    }
}

fn again_after(failed: u32) -> Option<TimeDelta> {
    let place = usize::try_from(failed).ok()?.checked_sub(1)?;
    AGAIN_AFTER.get(place).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_until_the_schedule_is_used_up() {
        let (mut state, mut now) = (State::Waiting { failed: 0 }, DateTime::UNIX_EPOCH);
        let began = now;
        let mut tries = 0;
        while let Some(due) = state.due_at(now) {
            assert!(due >= now);
            now = due;
            tries += 1;
            state = state.after(Attempt::Failed);
        }
        assert_eq!((state, tries), (State::GivenUp, AGAIN_AFTER.len() + 1));
        assert_eq!((now - began).num_hours(), 68);
    }

    #[test]
    fn what_is_over_stays_over() {
        for over in [State::Sent, State::GivenUp] {
            for attempt in [Attempt::Taken, Attempt::Failed, Attempt::Refused] {
                assert_eq!(over.after(attempt), over);
            }
        }
    }

    #[test]
    fn every_word_is_read_as_it_is_written() {
        for state in [State::Waiting { failed: 2 }, State::Sending { failed: 2 }, State::Sent, State::GivenUp]
        {
            assert_eq!(State::parse(state.name(), 2), Some(state));
        }
        assert_eq!((State::parse("lost", 0), Audience::parse("her")), (None, None));
    }
}
