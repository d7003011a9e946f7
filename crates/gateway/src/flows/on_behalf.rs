//! What an operator does for a person, who learns why.

use std::fmt;

use consent_core::{Actor, GrantId};
use consent_events::{Act, Event, PayloadState};
use consent_grants::Grant;
use serde::Deserialize;

use super::{
    By, FlowError, SignedIn,
    grant::go_on,
    open_library,
    record::{Happened, record},
};
use crate::platform::Platform;

/// The longest reason, in characters.
const LONGEST: usize = 500;

/// Why an operator acts for a person: 1 to 500 characters on one line. She reads it; nobody else does.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Reason(String);

/// Text that gives no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 500 characters on one line: say why you act for this person, who will read it")]
pub struct NoReason;

impl TryFrom<String> for Reason {
    type Error = NoReason;

    fn try_from(text: String) -> Result<Self, NoReason> {
        let reason = text.trim();
        let fits = (1..=LONGEST).contains(&reason.chars().count()) && !reason.chars().any(char::is_control);
        if fits { Ok(Self(reason.to_owned())) } else { Err(NoReason) }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It speaks of a person.
        f.write_str("Reason([REDACTED])")
    }
}

impl Reason {
    /// The operator, for this reason.
    #[must_use]
    pub fn by_operator(&self) -> By<'_> {
        because(&self.0)
    }
}

/// What is left of the reason that an operator gave.
#[derive(Clone, PartialEq, Eq)]
pub enum GivenReason {
    /// In the operator's words.
    Kept(String),
    /// It was erased; that there was one stays in the chain.
    Erased,
}

/// Why an operator acted, if an event of a person's chain is such an act: for that person alone.
///
/// Operators act seldom, so that looking each up costs a list of events little.
pub async fn given_reason(platform: &Platform, event: &Event) -> Result<Option<GivenReason>, FlowError> {
    if event.actor != Actor::Operator || event.commitment.is_none() {
        return Ok(None);
    }
    Ok(match consent_events::read_payload(&platform.db, event).await? {
        PayloadState::Kept(payload) => payload.reason().map(|reason| GivenReason::Kept(reason.to_owned())),
        PayloadState::Erased => Some(GivenReason::Erased),
        PayloadState::Never => None,
    })
}

fn because(reason: &str) -> By<'_> {
    By { actor: &Actor::Operator, reason: Some(reason), txn: None }
}

/// Has a stopped grant continue when its owner signs in next: only she can open her shelves again. Until then she can have
/// it stay stopped.
pub async fn ask_to_resume(
    platform: &Platform,
    grant: &GrantId,
    reason: &Reason,
) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let grant = consent_grants::ask_to_resume(&tx, grant, &reason.0, &platform.ambient).await?;
    let asked = Act::resume_asked(&grant.id, &grant.contract);
    record(platform, &tx, &grant, Happened::new(asked, reason.by_operator())).await?;
    tx.commit().await?;
    Ok(grant)
}

/// Continues what an operator asked to continue, now that its owner is there; each by itself. What fails waits for her next
/// sign-in, and keeps nobody from this one.
pub(super) async fn resume_what_waits(platform: &Platform, who: &SignedIn) {
    if let Err(error) = Box::pin(try_to_resume(platform, who)).await {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "grants that wait for their owner could not be found; they wait on");
    }
}

async fn try_to_resume(platform: &Platform, who: &SignedIn) -> Result<(), FlowError> {
    for id in consent_grants::to_resume(&platform.db, &who.sign_in.person).await? {
        if let Err(error) = resume_if_it_waits(platform, &id, who).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(grant.id = %id, error, "grant {id} could not be resumed; it waits on");
        }
    }
    Ok(())
}

async fn resume_if_it_waits(platform: &Platform, id: &GrantId, who: &SignedIn) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    let (_, key) = open_library(platform, &tx, who).await?;
    let Some((grant, reason)) = consent_grants::resume_as_asked(&tx, id, &platform.ambient).await? else {
        return Ok(());
    };
    go_on(platform, &tx, &grant, &key, because(&reason)).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        let reason = |text: &str| Reason::try_from(text.to_owned());
        assert_eq!(reason("  she rang us ").unwrap(), reason("she rang us").unwrap());
        assert!(reason(&"é".repeat(500)).is_ok());
        for text in ["", "  ", "a\nb", "a\u{7f}b", &"é".repeat(501)] {
            assert_eq!(reason(text), Err(NoReason), "{text:?}");
        }
        assert_eq!(format!("{:?}", reason("she is ill").unwrap()), "Reason([REDACTED])");
    }
}
