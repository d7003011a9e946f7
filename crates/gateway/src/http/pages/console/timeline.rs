//! What happened to a grant, in words: from the links of its person's chain.

use consent_core::Actor;
use consent_events::{Act, Change, Event};
use consent_pages::EventRow;

use crate::{
    flows::{self, GivenReason},
    http::{error::Refusal, pages::words},
    platform::Platform,
};

/// Each of these events in a sentence; where an operator acted, with the reason as far as it is kept.
pub(super) async fn rows(platform: &Platform, app: &str, events: &[Event]) -> Result<Vec<EventRow>, Refusal> {
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        rows.push(EventRow {
            said: sentence(event, app),
            when: words::date_and_time(event.created_at),
            reason: flows::given_reason(platform, event).await?.map(|reason| match reason {
                GivenReason::Kept(reason) => reason,
                GivenReason::Erased => "it was erased".to_owned(),
            }),
        });
    }
    Ok(rows)
}

fn sentence(event: &Event, app: &str) -> String {
    let (who, for_you) = match &event.actor {
        Actor::Person(_) => ("You", ""),
        Actor::App(_) => (app, ""),
        Actor::Operator => ("An operator of this server", ", for you"),
        Actor::Clock => ("The passing of time", ""),
    };
    match &event.act {
        Act::Granted { .. } => format!("{who} said yes to {app}."),
        Act::Declined { .. } => format!("{who} said no to {app}."),
        Act::Stopped { .. } => format!("{who} stopped it{for_you}."),
        Act::Resumed { .. } => format!("{who} resumed it{for_you}."),
        Act::ResumeAsked { .. } => {
            format!("{who} asked{for_you} that it goes on. It does when you sign in with your password.")
        }
        Act::Revoked { .. } => format!("{who} ended it for good{for_you}."),
        Act::Expired { .. } => "It ended by itself, because its time ran out.".to_owned(),
        Act::Onboarded { .. } => format!("{who} added an account{for_you}."),
        Act::Reauthorized { .. } => format!("{who} confirmed it, and {app} began anew."),
        Act::Erasing { .. } => format!("{who} asked {app} to delete what it holds{for_you}."),
        Act::Erased { .. } => format!("{app} reported that it has deleted what it held."),
        Act::Changed { what: Change::EndShortened, .. } => format!("{who} let it end earlier{for_you}."),
        Act::Changed { what: Change::ScopeNarrowed, to, .. } => {
            format!("It covers less from now on, by version {to} of the contract.")
        }
        Act::Changed { what: Change::ScopeWidened, to, .. } => {
            format!("{who} agreed to more, by version {to} of the contract.")
        }
        Act::ErasureCancelled { .. } => {
            format!("{who} took back that {app} is to delete what it holds{for_you}.")
        }
        Act::Signalled { .. } => format!("A message to {app} was signed and put on its way."),
        Act::Delivered { .. } => format!("{app} received the message."),
        Act::Undelivered { .. } => format!("The message did not reach {app}, and was laid aside."),
        Act::Reported { state, .. } => format!("{app} reported: {}.", state.replace('_', " ")),
        Act::Disputed { .. } => format!("{who} contested what {app} reported."),
        Act::Closed { .. } => format!("{who} closed what {app} had to answer."),
        Act::Overdue { .. } => format!("{app} let the time pass in which it had to answer."),
        Act::ConsentRecorded { .. } => format!("{app} recorded a consent event of its own."),
        Act::Accessed(_) => format!("{app} fetched a file."),
    }
}
