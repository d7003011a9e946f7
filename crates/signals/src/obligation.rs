//! What an app owes: a machine of its own, which no 2xx ever moves.

use chrono::{DateTime, Utc};

use crate::{
    SignalsError,
    deadline::{Terms, calendar_months, later},
};

/// How far an app is with what it was told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obligation {
    /// It was told.
    Open,
    /// It says that it understood, and when it will be done.
    Accepted,
    /// It says that it has begun.
    InProgress,
    /// It says that it is done, with evidence where something was to be erased.
    Completed,
    /// It says that it is done except for what it lists, and on which grounds.
    Partial,
    /// It says that it will not, and on which ground.
    Refused,
    /// It says that it needs more of the time that the law allows, and why.
    Extended,
    /// A deadline went by.
    Overdue,
    /// A stronger command exists, or the command was taken back.
    Superseded,
    /// The person was told how it ended.
    Closed,
    /// She or an operator contests what the app says.
    Disputed,
}

/// What an app says in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Understood, and scheduled.
    Accepted,
    /// Begun.
    InProgress,
    /// Done.
    Completed,
    /// Done with exceptions.
    Partial,
    /// Not done.
    Refused,
    /// More time is needed.
    Extended,
}

impl Said {
    /// All that can be said.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::InProgress, Self::Completed, Self::Partial, Self::Refused, Self::Extended];

    /// The state that it leads to.
    #[must_use]
    pub fn state(self) -> Obligation {
        match self {
            Self::Accepted => Obligation::Accepted,
            Self::InProgress => Obligation::InProgress,
            Self::Completed => Obligation::Completed,
            Self::Partial => Obligation::Partial,
            Self::Refused => Obligation::Refused,
            Self::Extended => Obligation::Extended,
        }
    }

    /// The word for it in reports and rows.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.state().name()
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|said| said.name() == name)
    }
}

/// What a report changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It moved what is owed on.
    Applied,
    /// It says the same again with other evidence, and is kept beside the first.
    Amendment,
    /// It goes backward, and is kept without effect.
    Backward,
    /// It asks for more time when the law's first month was over, and is kept without effect.
    TooLate,
}

impl Standing {
    const ALL: [Self; 4] = [Self::Applied, Self::Amendment, Self::Backward, Self::TooLate];

    /// The word for it, which is also how it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Amendment => "amendment",
            Self::Backward => "backward",
            Self::TooLate => "too_late",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.name() == name)
    }
}

impl Obligation {
    pub(crate) const ALL: [Self; 11] = [
        Self::Open,
        Self::Accepted,
        Self::InProgress,
        Self::Completed,
        Self::Partial,
        Self::Refused,
        Self::Extended,
        Self::Overdue,
        Self::Superseded,
        Self::Closed,
        Self::Disputed,
    ];

    /// The word for it, which is also how it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Extended => "extended",
            Self::Overdue => "overdue",
            Self::Superseded => "superseded",
            Self::Closed => "closed",
            Self::Disputed => "disputed",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether something is still to be done.
    #[must_use]
    pub fn is_owed(self) -> bool {
        matches!(self, Self::Open | Self::Accepted | Self::InProgress | Self::Extended | Self::Overdue)
    }

    /// Where a report leads, and what it counts as. From a state in which something is owed every step is forward
    /// except back to "accepted" once it has begun; afterwards only what is more than was done before.
    #[must_use]
    pub fn report(self, said: Said) -> (Self, Standing) {
        if self == said.state() {
            return (self, Standing::Amendment);
        }
        let forward = match self {
            Self::Open | Self::Overdue | Self::Extended | Self::Accepted => true,
            Self::InProgress => said != Said::Accepted,
            Self::Refused => matches!(said, Said::Partial | Said::Completed),
            Self::Partial | Self::Disputed => said == Said::Completed,
            Self::Completed | Self::Superseded | Self::Closed => false,
        };
        if forward { (said.state(), Standing::Applied) } else { (self, Standing::Backward) }
    }

    /// Ends it because a stronger command exists or it was taken back; what the app has answered stays.
    #[must_use]
    pub fn supersede(self) -> Self {
        if self.is_owed() { Self::Superseded } else { self }
    }

    /// Notes that a deadline went by.
    #[must_use]
    pub fn miss(self) -> Self {
        if self.is_owed() { Self::Overdue } else { self }
    }

    /// Notes that the person was told how it ended; of what is overdue, that an operator has settled it.
    pub fn close(self) -> Result<Self, SignalsError> {
        match self {
            Self::Completed | Self::Partial | Self::Refused | Self::Disputed | Self::Overdue => {
                Ok(Self::Closed)
            }
            from => Err(SignalsError::Refused { verb: "close", from: from.name() }),
        }
    }

    /// Contests what the app says.
    pub fn dispute(self) -> Result<Self, SignalsError> {
        match self {
            Self::Partial | Self::Refused => Ok(Self::Disputed),
            from => Err(SignalsError::Refused { verb: "dispute", from: from.name() }),
        }
    }
}

/// What an app owes because of one signal, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// How far it is.
    pub state: Obligation,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when it has to say that it understood.
    pub ack_by: DateTime<Utc>,
    /// Until when the contract wants it done.
    pub complete_by: DateTime<Utc>,
    /// When the law's first month is over; only where something is to be erased, as all else counts at once.
    pub backstop_at: Option<DateTime<Utc>>,
    /// Until when the app has extended it, by at most two further months.
    pub extended_until: Option<DateTime<Utc>>,
    /// When the app says it will be done.
    pub expected_at: Option<DateTime<Utc>>,
}

impl Duty {
    /// What is owed from `action_at` on.
    pub(crate) fn new(terms: Terms, erases: bool, action_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self {
            state: Obligation::Open,
            since: now,
            ack_by: later(action_at, terms.ack_within),
            complete_by: later(action_at, terms.complete_within),
            backstop_at: erases.then(|| calendar_months(action_at, 1)),
            extended_until: None,
            expected_at: None,
        }
    }

    /// Until when it has to be done, extension included.
    #[must_use]
    pub fn done_by(&self) -> DateTime<Utc> {
        self.extended_until.map_or(self.complete_by, |until| until.max(self.complete_by))
    }

    /// When the law's time is over, extension included.
    #[must_use]
    pub fn law_ends_at(&self) -> Option<DateTime<Utc>> {
        let backstop = self.backstop_at?;
        Some(self.extended_until.map_or(backstop, |until| until.max(backstop)))
    }

    /// Takes in a report; `expected_at` is when the app says it will be done.
    pub(crate) fn report(
        &mut self,
        said: Said,
        expected_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Standing {
        if said == Said::Extended && self.backstop_at.is_none_or(|end| end < now) {
            return Standing::TooLate;
        }
        let (state, standing) = self.state.report(said);
        match standing {
            Standing::Applied => self.enter(state, now),
            Standing::Amendment => {}
            Standing::Backward | Standing::TooLate => return standing,
        }
        self.expected_at = expected_at.or(self.expected_at);
        if said == Said::Extended {
            self.extended_until = expected_at;
        }
        standing
    }

    /// Goes to another state, if it is another.
    pub(crate) fn enter(&mut self, state: Obligation, now: DateTime<Utc>) {
        if self.state != state {
            self.state = state;
            self.since = now;
        }
    }
}

/// The states in which something is still to be done, as they are stored.
pub(crate) const OWED: [&str; 5] = ["open", "accepted", "in_progress", "extended", "overdue"];

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{Deadlines, Kind};

    #[test]
    fn what_is_owed_is_called_so_in_every_query() {
        let owed = |name: &&str| Obligation::parse(name).is_some_and(Obligation::is_owed);
        assert!(OWED.iter().all(owed));
        for name in ["completed", "partial", "refused", "superseded", "closed", "disputed"] {
            assert!(!owed(&name), "{name}");
        }
    }

    fn erasure() -> (Duty, DateTime<Utc>) {
        let at: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let terms = Deadlines::default().terms(Kind::ErasureRequested).unwrap();
        (Duty::new(terms, true, at, at), at)
    }

    #[test]
    fn the_usual_way_leads_from_open_to_closed() {
        let mut state = Obligation::Open;
        for said in [Said::Accepted, Said::InProgress, Said::Completed] {
            let (next, standing) = state.report(said);
            assert_eq!((next, standing), (said.state(), Standing::Applied));
            state = next;
        }
        assert_eq!(state.close().unwrap(), Obligation::Closed);
    }

    #[test]
    fn reports_are_weighed_state_by_state() {
        use Obligation as O;
        use Said::{Accepted, Completed, Extended, InProgress, Partial, Refused};
        let forward: [(O, &[Said]); 11] = [
            (O::Open, &Said::ALL),
            (O::Overdue, &Said::ALL),
            (O::Extended, &[Accepted, InProgress, Completed, Partial, Refused]),
            (O::Accepted, &[InProgress, Completed, Partial, Refused, Extended]),
            (O::InProgress, &[Completed, Partial, Refused, Extended]),
            (O::Refused, &[Partial, Completed]),
            (O::Partial, &[Completed]),
            (O::Disputed, &[Completed]),
            (O::Completed, &[]),
            (O::Superseded, &[]),
            (O::Closed, &[]),
        ];
        assert_eq!(forward.len(), O::ALL.len());
        for (state, moves) in forward {
            for said in Said::ALL {
                let expected = if moves.contains(&said) {
                    (said.state(), Standing::Applied)
                } else if said.state() == state {
                    (state, Standing::Amendment)
                } else {
                    (state, Standing::Backward)
                };
                assert_eq!(state.report(said), expected, "{state:?} {said:?}");
            }
        }
    }

    #[test]
    fn what_was_answered_is_neither_superseded_nor_overdue() {
        for state in Obligation::ALL {
            let owed = state.is_owed();
            assert_eq!(state.supersede() == Obligation::Superseded, owed || state == Obligation::Superseded);
            assert_eq!(state.miss() == Obligation::Overdue, owed);
            assert_eq!(Obligation::parse(state.name()), Some(state));
        }
        assert_eq!(Obligation::Overdue.close().unwrap(), Obligation::Closed);
        assert!(Obligation::Open.close().is_err() && Obligation::Closed.close().is_err());
        assert_eq!(Obligation::Refused.dispute().unwrap().close().unwrap(), Obligation::Closed);
        assert!(Obligation::Completed.dispute().is_err());
    }

    #[test]
    fn an_extension_counts_when_it_is_announced_in_the_first_month() {
        let (mut duty, at) = erasure();
        let until = calendar_months(at, 3);
        assert_eq!(duty.complete_by, at + TimeDelta::days(14));
        let in_time = duty.backstop_at.unwrap();
        assert_eq!(duty.report(Said::Extended, Some(until), in_time), Standing::Applied);
        assert_eq!((duty.done_by(), duty.law_ends_at()), (until, Some(until)));
        assert_eq!(duty.report(Said::Completed, None, in_time), Standing::Applied);
        assert_eq!(duty.expected_at, Some(until));

        let (mut late, _) = erasure();
        let after = in_time + TimeDelta::milliseconds(1);
        assert_eq!(late.report(Said::Extended, Some(until), after), Standing::TooLate);
        assert_eq!((late.state, late.extended_until), (Obligation::Open, None));
    }

    #[test]
    fn what_goes_backward_changes_nothing() {
        let (mut duty, at) = erasure();
        duty.report(Said::Completed, None, at);
        let before = duty;
        assert_eq!(duty.report(Said::Accepted, Some(at), at), Standing::Backward);
        assert_eq!(duty, before);
    }
}
