//! What stands in mails: plain sentences, ids, and nobody's name but the app's.

use chrono::{DateTime, Utc};
use consent_contracts::App;
use consent_notices::Audience;
use consent_signals::{Escalation, Kind, Moment, Signal};

use crate::platform::Platform;

/// What a mail is made of.
pub(super) struct Words<'a> {
    pub platform: &'a Platform,
    pub app: &'a App,
    pub signal: &'a Signal,
    pub escalation: &'a Escalation,
}

impl Words<'_> {
    /// One line; ids only, so that nothing in it was chosen by anybody.
    pub fn subject(&self) -> String {
        let what = match self.escalation.moment {
            Moment::DeliveryDead => "A command could not be delivered",
            Moment::AckMissed => "A command was not acknowledged in time",
            Moment::CompleteMissed => "A command was not obeyed in time",
            Moment::BackstopNear => "The time that the law gives an app is over in five days",
        };
        match &self.escalation.grant {
            Some(grant) => format!("{what}: consent {grant}"),
            None => format!("{what}: app {}", self.app.id),
        }
    }

    /// The text for whoever is told.
    pub fn body(&self, audience: Audience) -> String {
        match (audience, self.escalation.moment) {
            (Audience::App, _) => self.to_the_app(),
            (Audience::Operator, Moment::BackstopNear) => {
                format!("{}\n{}\n{}", self.what_happened(), self.reference(), self.for_the_person())
            }
            (Audience::Operator, _) => format!(
                "{}\nUntil it has reported, the app is in default.\n\n{}",
                self.what_happened(),
                self.reference()
            ),
        }
    }

    fn to_the_app(&self) -> String {
        format!(
            "To whoever answers for privacy at {name}:\n\n{happened}\n\
             What to do now: fetch the command, obey it, and report what you did.\n\
             Fetch:   POST {base}/poll\nReport:  POST {base}/{signal}/reports\n\n{reference}",
            name = self.app.name,
            happened = self.what_happened(),
            base = self.platform.status_base(&self.app.id),
            signal = self.signal.id,
            reference = self.reference(),
        )
    }

    fn what_happened(&self) -> String {
        let (app, command, at) = (&self.app.name, command(self.signal.kind), moment(self.escalation.at));
        let told = format!("{app} was told on {} {command}.", moment(self.signal.action_at));
        let then = match self.escalation.moment {
            Moment::DeliveryDead => {
                format!("That could not be delivered to its endpoint; attempts ended on {at}.")
            }
            Moment::AckMissed => format!("It had to say by {at} that it understood, and has not."),
            Moment::CompleteMissed => format!("It had to be done by {at}, and no report says that it is."),
            Moment::BackstopNear => {
                format!("By law it has to be done by {at}, and no report says that it is.")
            }
        };
        format!("{told} {then}\n")
    }

    fn reference(&self) -> String {
        let grant = self.escalation.grant.as_ref().map(|grant| format!("Consent  {grant}\n"));
        format!(
            "{}Signal   {}\nApp      {}\nPlatform {}\n",
            grant.unwrap_or_default(),
            self.signal.id,
            self.app.id,
            self.platform.public_url
        )
    }

    /// GDPR, article 12(4): that nothing was done, why, and where to turn.
    fn for_the_person(&self) -> String {
        format!(
            "Prepared for the person (GDPR, article 12(4)); see to it that she has it before that day:\n\n\
             You asked on {asked} that {app} deletes {what}. Until today it has not told us that it did, and it has \
             given no reason. Since that day it got nothing more of it from us; it was told to delete it, and was \
             reminded. The law gives it until {until}. You may ask it yourself ({contact}), complain to the data \
             protection authority where you live or work, or where the app is, and go to court.\n",
            asked = moment(self.signal.action_at),
            app = self.app.name,
            what = match self.signal.kind {
                Kind::ScopeNarrowed => "what your consent does not cover any more",
                _ => "what it holds of you",
            },
            until = moment(self.escalation.at),
            contact = self.app.contact,
        )
    }
}

fn command(kind: Kind) -> &'static str {
    match kind {
        Kind::SharingStopped => "to stop fetching",
        Kind::SharingResumed => "that it may fetch again",
        Kind::ConsentRevoked => "that a consent was revoked: to stop fetching and using what rests on it",
        Kind::ConsentExpired => "that a consent expired: to stop fetching and using what rests on it",
        Kind::ErasureRequested => "to delete what it holds under a consent",
        Kind::ScopeNarrowed => "to delete what a consent does not cover any more",
        Kind::ErasureCancelled => "that it need not delete what it holds",
        Kind::Verification => "to acknowledge that its endpoint is there",
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}
