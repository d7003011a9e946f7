//! What happens when an app does not answer: each moment is told once.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{AppId, ContractId, GrantId, PersonId};

use crate::{Kind, Obligation, Signal, SignalId};

/// So long before the law's time is over the operator is warned.
const WARNING: TimeDelta = TimeDelta::days(5);

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It cannot be delivered: the app's privacy contact is written to, the console shows "not confirmed".
    DeliveryDead,
    /// The app did not say in time that it understood: the same.
    AckMissed,
    /// It is not done in time: the app gets no new consents, the operator has a case.
    CompleteMissed,
    /// The law's time is over in five days: the operator is warned, a text for the person prepared (GDPR 12(4)).
    BackstopNear,
}

/// Something that somebody has to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// What went wrong.
    pub moment: Moment,
    /// With which signal.
    pub signal: SignalId,
    /// What the app was told.
    pub kind: Kind,
    /// Which app.
    pub app: AppId,
    /// Under which contract.
    pub contract: Option<ContractId>,
    /// About which grant.
    pub grant: Option<GrantId>,
    /// Whose.
    pub person: Option<PersonId>,
    /// The deadline that went by or is near; of a delivery, since when it is dead.
    pub at: DateTime<Utc>,
    /// How far the app is with what it owes.
    pub obligation: Option<Obligation>,
}

/// When each moment was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub dead: Option<DateTime<Utc>>,
    pub ack: Option<DateTime<Utc>>,
    pub complete: Option<DateTime<Utc>>,
    pub backstop: Option<DateTime<Utc>>,
}

impl Signal {
    /// When the clock has to look at it next.
    pub(crate) fn watch_at(&self) -> Option<DateTime<Utc>> {
        let missed = self.duty.filter(|duty| duty.state.is_owed() && duty.state != Obligation::Overdue);
        let untold = self.moments().into_iter().map(|(_, at)| at);
        untold.chain(missed.map(|duty| duty.done_by())).min()
    }

    /// Notes at `now` which deadlines went by, and says what was not told yet.
    pub(crate) fn escalate(&mut self, now: DateTime<Utc>) -> Vec<Escalation> {
        let due: Vec<_> = self.moments().into_iter().filter(|(_, at)| *at <= now).collect();
        for (moment, _) in &due {
            match moment {
                Moment::DeliveryDead => self.told.dead = Some(now),
                Moment::AckMissed => self.told.ack = Some(now),
                Moment::CompleteMissed => self.told.complete = Some(now),
                Moment::BackstopNear => self.told.backstop = Some(now),
            }
        }
        if let Some(duty) = &mut self.duty {
            let missed = duty.done_by() <= now || (duty.state == Obligation::Open && duty.ack_by <= now);
            if missed {
                duty.enter(duty.state.miss(), now);
            }
        }
        due.into_iter().map(|(moment, at)| self.escalation(moment, at)).collect()
    }

    /// The moments that lie ahead or were not told yet.
    fn moments(&self) -> Vec<(Moment, DateTime<Utc>)> {
        let mut moments = Vec::new();
        if self.delivery.is_dead() && self.told.dead.is_none() {
            moments.push((Moment::DeliveryDead, self.delivery_since));
        }
        let Some(duty) = self.duty.filter(|duty| duty.state.is_owed()) else { return moments };
        if duty.state == Obligation::Open && self.told.ack.is_none() {
            moments.push((Moment::AckMissed, duty.ack_by));
        }
        if self.told.complete.is_none() {
            moments.push((Moment::CompleteMissed, duty.done_by()));
        }
        if let Some(end) = duty.law_ends_at().filter(|_| self.told.backstop.is_none()) {
            moments.push((Moment::BackstopNear, end - WARNING));
        }
        moments
    }

    fn escalation(&self, moment: Moment, at: DateTime<Utc>) -> Escalation {
        // A warning comes before what it warns of.
        let at = if moment == Moment::BackstopNear { at + WARNING } else { at };
        Escalation {
            moment,
            signal: self.id.clone(),
            kind: self.kind,
            app: self.app.clone(),
            contract: self.contract.clone(),
            grant: self.grant.clone(),
            person: self.person.clone(),
            at,
            obligation: self.duty.map(|duty| duty.state),
        }
    }
}
