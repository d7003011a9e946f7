//! Getting a signal to its app: a machine of its own, because receiving is not doing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use consent_core::{Ambient, RowId};

use crate::{SignalsError, deadline::later};

/// How often it was tried in vain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tries {
    /// No answer, or one that says: later.
    pub failed: u32,
    /// The app said that it does not take it.
    pub rejected: u32,
}

impl Tries {
    fn all(self) -> usize {
        usize::try_from(self.failed.saturating_add(self.rejected)).unwrap_or(usize::MAX)
    }
}

/// The right of one worker to send a signal, until it runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who has it.
    pub holder: RowId,
    /// Who is not back by then has died: the signal is sent again.
    pub until: DateTime<Utc>,
}

/// Where a signal is on its way.
///
/// `due_at` is when it is sent next; none while nobody can be sent to, and then it is only offered to who polls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Written in the transaction of its cause, not sent yet.
    Queued {
        /// When it is sent.
        due_at: Option<DateTime<Utc>>,
    },
    /// A worker is sending it.
    Delivering {
        /// By this right.
        lease: Lease,
        /// What went before.
        tries: Tries,
    },
    /// It was tried in vain and is tried again.
    Waiting {
        /// When.
        due_at: Option<DateTime<Utc>>,
        /// What went before.
        tries: Tries,
    },
    /// The app did not take it; a slip in its configuration gets three further tries.
    Rejected {
        /// When it is tried again.
        due_at: Option<DateTime<Utc>>,
        /// What went before.
        tries: Tries,
    },
    /// The app took it.
    Delivered,
    /// The app took it when it polled.
    Fetched,
    /// The app's endpoint said that it is no more (410). Begins anew when the app has shown another one.
    Gone {
        /// What went before.
        tries: Tries,
    },
    /// All tries are used up. It is offered to who polls, tried once a day until it should be done, and can be
    /// replayed.
    Dead {
        /// When it is tried again.
        due_at: Option<DateTime<Utc>>,
        /// What went before.
        tries: Tries,
    },
    /// A stronger command took its place before it was sent.
    Cancelled,
}

/// What became of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Any 2xx.
    Delivered,
    /// No answer, a redirect, 408, 429, 5xx, and all that is not named elsewhere.
    Retry {
        /// So long the receiver asked to be left alone (`Retry-After`).
        after: Option<Duration>,
    },
    /// 400 with an error of RFC 8935, 401, 403, 404, 413, 415, 422.
    Rejected,
    /// 410.
    Gone,
}

impl Outcome {
    /// The word for it in a row.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry { .. } => "retry",
            Self::Rejected => "rejected",
            Self::Gone => "gone",
        }
    }

    /// What an answer means. `set_error` says that its body is an error of RFC 8935, section 2.3; `after` is its
    /// `Retry-After`.
    #[must_use]
    pub fn of(status: u16, set_error: bool, after: Option<Duration>) -> Self {
        match status {
            200..=299 => Self::Delivered,
            410 => Self::Gone,
            400 if set_error => Self::Rejected,
            401 | 403 | 404 | 413 | 415 | 422 => Self::Rejected,
            _ => Self::Retry { after },
        }
    }
}

/// When to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// How long before the first attempt, before the second after the first, and so on.
    pub after: Vec<Duration>,
    /// Each of these is made shorter or longer by at most so many percent.
    pub jitter_percent: u8,
    /// So many further tries after the app did not take it.
    pub after_rejection: u32,
    /// The longest `Retry-After` that is honoured.
    pub longest_wait: Duration,
    /// How often a dead one is tried.
    pub dead_every: Duration,
}

impl Default for Schedule {
    /// The schedule that Standard Webhooks 1.0.0 gives as example: 0, 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h.
    fn default() -> Self {
        let hours = [2, 5, 10, 14, 20, 24].map(|hours| hours * 3600);
        let seconds = [0, 5, 5 * 60, 30 * 60].into_iter().chain(hours);
        Self {
            after: seconds.map(Duration::from_secs).collect(),
            jitter_percent: 20,
            after_rejection: 3,
            longest_wait: Duration::from_hours(24),
            dead_every: Duration::from_hours(24),
        }
    }
}

impl Schedule {
    /// When the attempt after these tries is due; none when they are used up.
    fn next(&self, tries: Tries, asked: Option<Duration>, ambient: &Ambient) -> Option<DateTime<Utc>> {
        let planned = self.jittered(*self.after.get(tries.all())?, ambient);
        let asked = asked.unwrap_or_default().min(self.longest_wait);
        Some(later(ambient.now(), planned.max(asked)))
    }

    fn jittered(&self, planned: Duration, ambient: &Ambient) -> Duration {
        // In thousandths, from 1000 - 10 * percent to 1000 + 10 * percent.
        let spread = u32::from(self.jitter_percent.min(100)) * 10;
        let drawn = u32::from(u16::from_be_bytes(ambient.random())) % (2 * spread + 1);
        planned * (1000 - spread + drawn) / 1000
    }
}

/// What decides when a signal is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// When to try again.
    pub schedule: &'a Schedule,
    /// When the app should be done: until then a dead signal is tried.
    pub complete_by: Option<DateTime<Utc>>,
    /// Whether there is anybody to send to; else it waits to be polled.
    pub reachable: bool,
}

impl Delivery {
    /// Takes the right to send it; a right that has run out is taken from its holder.
    pub fn claim(self, lease: Lease, now: DateTime<Utc>) -> Result<Self, SignalsError> {
        let tries = self.tries();
        match self {
            Self::Queued { .. } | Self::Waiting { .. } | Self::Rejected { .. } | Self::Dead { .. } => {
                Ok(Self::Delivering { lease, tries })
            }
            Self::Delivering { lease: old, .. } if old.until <= now => Ok(Self::Delivering { lease, tries }),
            from => Err(from.refuses("send")),
        }
    }

    /// Notes what became of an attempt.
    pub fn conclude(
        self,
        outcome: Outcome,
        plan: &Plan<'_>,
        ambient: &Ambient,
    ) -> Result<Self, SignalsError> {
        let Self::Delivering { tries, .. } = self else { return Err(self.refuses("conclude")) };
        let next = match outcome {
            Outcome::Delivered => Self::Delivered,
            Outcome::Gone => Self::Gone { tries: Tries { rejected: tries.rejected + 1, ..tries } },
            Outcome::Rejected => Self::after_rejection(tries, plan, ambient),
            Outcome::Retry { after } => {
                let tries = Tries { failed: tries.failed + 1, ..tries };
                match plan.schedule.next(tries, after, ambient) {
                    Some(at) => Self::Waiting { due_at: Some(at), tries },
                    None => Self::dead(tries, plan, ambient),
                }
            }
        };
        Ok(if plan.reachable { next } else { next.park() })
    }

    /// Notes that the app, polling, said that it does not take it (RFC 8936 `setErrs`).
    #[must_use]
    pub fn reject(self, plan: &Plan<'_>, ambient: &Ambient) -> Self {
        if !self.is_open() {
            return self;
        }
        let rejected = Self::after_rejection(self.tries(), plan, ambient);
        if plan.reachable { rejected } else { rejected.park() }
    }

    /// Notes that the app took it when it polled. What is already final stays as it is.
    #[must_use]
    pub fn fetch(self) -> Self {
        if self.is_open() { Self::Fetched } else { self }
    }

    /// Withdraws what was not sent yet, or not successfully. What is being sent is left to its worker.
    #[must_use]
    pub fn cancel(self) -> Self {
        match self {
            Self::Queued { .. }
            | Self::Waiting { .. }
            | Self::Rejected { .. }
            | Self::Gone { .. }
            | Self::Dead { .. } => Self::Cancelled,
            other @ (Self::Delivering { .. } | Self::Delivered | Self::Fetched | Self::Cancelled) => other,
        }
    }

    /// Withdraws one whose worker came back without success, or not at all.
    pub(crate) fn cancel_returned(self) -> Self {
        match self {
            Self::Delivering { .. } => Self::Cancelled,
            other => other.cancel(),
        }
    }

    /// Begins anew at `due_at`, because an operator or the app's developer wants it.
    pub fn replay(self, due_at: Option<DateTime<Utc>>) -> Result<Self, SignalsError> {
        match self {
            Self::Queued { .. }
            | Self::Waiting { .. }
            | Self::Rejected { .. }
            | Self::Gone { .. }
            | Self::Dead { .. } => Ok(Self::Queued { due_at }),
            from => Err(from.refuses("replay")),
        }
    }

    /// The word for it, which is also how it is stored.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Delivering { .. } => "delivering",
            Self::Waiting { .. } => "waiting",
            Self::Rejected { .. } => "rejected",
            Self::Delivered => "delivered",
            Self::Fetched => "fetched",
            Self::Gone { .. } => "gone",
            Self::Dead { .. } => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the app may still get it: sent, or offered when it polls.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::Delivered | Self::Fetched | Self::Cancelled)
    }

    /// Whether an operator has to look after it.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self, Self::Dead { .. } | Self::Gone { .. })
    }

    /// When it is sent next, or sent again if its worker does not come back.
    #[must_use]
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Queued { due_at }
            | Self::Waiting { due_at, .. }
            | Self::Rejected { due_at, .. }
            | Self::Dead { due_at, .. } => *due_at,
            Self::Delivering { lease, .. } => Some(lease.until),
            Self::Delivered | Self::Fetched | Self::Gone { .. } | Self::Cancelled => None,
        }
    }

    /// How often it was tried in vain.
    #[must_use]
    pub fn tries(&self) -> Tries {
        match self {
            Self::Delivering { tries, .. }
            | Self::Waiting { tries, .. }
            | Self::Rejected { tries, .. }
            | Self::Gone { tries }
            | Self::Dead { tries, .. } => *tries,
            Self::Queued { .. } | Self::Delivered | Self::Fetched | Self::Cancelled => Tries::default(),
        }
    }

    /// Who is sending it.
    #[must_use]
    pub fn holder(&self) -> Option<&RowId> {
        match self {
            Self::Delivering { lease, .. } => Some(&lease.holder),
            _ => None,
        }
    }

    /// Notes that a worker whose right had run out did get it there.
    pub(crate) fn deliver_late(self) -> Self {
        if self.is_open() { Self::Delivered } else { self }
    }

    /// From what a row holds.
    pub(crate) fn parse(
        name: &str,
        due_at: Option<DateTime<Utc>>,
        holder: Option<RowId>,
        tries: Tries,
    ) -> Option<Self> {
        Some(match name {
            "queued" => Self::Queued { due_at },
            "delivering" => Self::Delivering { lease: Lease { holder: holder?, until: due_at? }, tries },
            "waiting" => Self::Waiting { due_at, tries },
            "rejected" => Self::Rejected { due_at, tries },
            "delivered" => Self::Delivered,
            "fetched" => Self::Fetched,
            "gone" => Self::Gone { tries },
            "dead" => Self::Dead { due_at, tries },
            "cancelled" => Self::Cancelled,
            _ => return None,
        })
    }

    fn after_rejection(tries: Tries, plan: &Plan<'_>, ambient: &Ambient) -> Self {
        let tries = Tries { rejected: tries.rejected + 1, ..tries };
        let more = tries.rejected <= plan.schedule.after_rejection;
        match plan.schedule.next(tries, None, ambient).filter(|_| more) {
            Some(at) => Self::Rejected { due_at: Some(at), tries },
            None => Self::dead(tries, plan, ambient),
        }
    }

    fn dead(tries: Tries, plan: &Plan<'_>, ambient: &Ambient) -> Self {
        let again = later(ambient.now(), plan.schedule.dead_every);
        let in_time = plan.complete_by.is_some_and(|end| again <= end);
        Self::Dead { due_at: in_time.then_some(again), tries }
    }

    /// The same with nobody to send to.
    fn park(self) -> Self {
        match self {
            Self::Queued { .. } => Self::Queued { due_at: None },
            Self::Waiting { tries, .. } => Self::Waiting { due_at: None, tries },
            Self::Rejected { tries, .. } => Self::Rejected { due_at: None, tries },
            Self::Dead { tries, .. } => Self::Dead { due_at: None, tries },
            other => other,
        }
    }

    fn refuses(&self, verb: &'static str) -> SignalsError {
        SignalsError::Refused { verb, from: self.name() }
    }
}

/// The states in which later signals of the same consent wait for this one.
pub(crate) const ON_THE_WAY: [&str; 4] = ["queued", "delivering", "waiting", "rejected"];
/// The states of one that the app has.
pub(crate) const ARRIVED: [&str; 2] = ["delivered", "fetched"];
/// The states in which a poll still offers it.
pub(crate) const OPEN: [&str; 6] = ["queued", "delivering", "waiting", "rejected", "gone", "dead"];

#[cfg(test)]
mod tests;
