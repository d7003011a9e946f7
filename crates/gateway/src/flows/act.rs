//! What a person does with a grant as she saw it. A page may be old: what it offered is done only if the grant is still
//! as the page showed it.

use std::slice;

use chrono::{DateTime, Utc};
use consent_core::GrantId;
use consent_grants::{Grant, GrantError, Stage};

use super::{
    By, FlowError, SignedIn,
    grant::{commit_shut, erase_in, keep_after_all_in, resume_in, revoke_in, shorten_in, stop_in},
};
use crate::platform::Platform;

/// What a person does with a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Pauses it.
    Stop,
    /// Continues it.
    Resume,
    /// Ends it for good.
    Revoke,
    /// Has its app delete what it holds, and ends it.
    Erase,
    /// Takes that back.
    KeepAfterAll,
    /// Has it end at a moment.
    Shorten(DateTime<Utc>),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// It was done; so the grant stands since then.
    Done(Grant),
    /// It had been done before, and nothing was changed: the same form came twice, or from another tab.
    Already(Grant),
    /// The grant is not as the page showed it, and nothing was changed.
    Changed(Grant),
}

/// Does something with a grant of hers if its `seq` is the one that she saw.
pub async fn act(
    platform: &Platform,
    who: &SignedIn,
    grant: &GrantId,
    seen: Option<i64>,
    deed: Deed,
) -> Result<Acted, FlowError> {
    let tx = platform.db.begin_write().await?;
    consent_grants::find_of_person(&tx, &who.sign_in.person, grant).await?;
    let held = consent_grants::hold(&tx, grant).await?;
    if seen != Some(held.seq) {
        return Ok(if deed.is_done(&held) { Acted::Already(held) } else { Acted::Changed(held) });
    }
    let actor = who.actor();
    let by = By::from(&actor);
    let done = match deed {
        Deed::Stop => stop_in(platform, &tx, grant, by).await,
        Deed::Resume => resume_in(platform, &tx, grant, who).await,
        Deed::Revoke => revoke_in(platform, &tx, grant, by).await,
        Deed::Erase => erase_in(platform, &tx, grant, by).await,
        Deed::KeepAfterAll => keep_after_all_in(platform, &tx, grant, by).await,
        Deed::Shorten(until) => shorten_in(platform, &tx, grant, until, by).await,
    };
    let done = match done {
        // Its time ran out, which raises no `seq` before somebody notes it.
        Err(FlowError::Grants(GrantError::Refused { .. })) => return Ok(Acted::Changed(held)),
        done => done?,
    };
    if deed.shuts() {
        commit_shut(platform, tx, slice::from_ref(&done)).await?;
    } else {
        tx.commit().await?;
        platform.wake_dispatcher();
    }
    Ok(Acted::Done(done))
}

impl Deed {
    /// Whether data stops flowing by it.
    fn shuts(self) -> bool {
        matches!(self, Self::Stop | Self::Revoke | Self::Erase)
    }

    /// Whether the grant is as the deed would leave it.
    fn is_done(self, grant: &Grant) -> bool {
        match self {
            Self::Stop => matches!(grant.stage, Stage::Stopped { .. }),
            Self::Resume => matches!(grant.stage, Stage::Active),
            Self::Revoke | Self::KeepAfterAll => matches!(grant.stage, Stage::Revoked { .. }),
            Self::Erase => matches!(grant.stage, Stage::Erasing { .. } | Stage::Erased { .. }),
            Self::Shorten(until) => grant.stage.is_open() && grant.expires_at == Some(until),
        }
    }
}
