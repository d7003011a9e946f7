//! Consent events that apps record, and what they mean for grants: a no to a contract ends the grant under it.

mod search;
mod withdraw;

use consent_contracts::App;
use consent_core::Actor;
use consent_crypto::digest::sha256;
use consent_events::{Consent, ConsentEvent, EventsError, Repeatable};
use consent_store::Tx;

pub use self::search::{ConsentSearch, Found, search_consents};
use self::withdraw::Plan;
use super::{By, FlowError, grant::commit_shut, record::follow_revocation};
use crate::{in_flight::Flight, platform::Platform};

/// Consent events as an app posts them.
#[derive(Debug)]
pub struct Posted {
    /// The events; their texts are checked here.
    pub events: Vec<Consent>,
    /// Whether they came as a list, so that what is wrong is named with its place.
    pub is_list: bool,
}

impl Posted {
    /// A refusal that names the field, as in `[3].subject`.
    fn refused(&self, at: usize, field: &str, reason: impl Into<String>) -> FlowError {
        let field = if self.is_list { format!("[{at}].{field}") } else { field.to_owned() };
        FlowError::Posted { field, reason: reason.into() }
    }

    fn check(&self) -> Result<(), FlowError> {
        for (at, event) in self.events.iter().enumerate() {
            match event.check() {
                Err(EventsError::Invalid { field, reason }) => return Err(self.refused(at, field, reason)),
                checked => checked?,
            }
        }
        Ok(())
    }
}

/// Records what an app posts, all or nothing, in one transaction, with whatever a no does to a grant.
///
/// A repeatable request that was answered before gets the same events again and records nothing.
pub async fn record_consents(
    platform: &Platform,
    app: &App,
    posted: Posted,
    request: Option<&Repeatable>,
) -> Result<Vec<ConsentEvent>, FlowError> {
    posted.check()?;
    let _flight = begin(platform, app, request)?;
    let tx = platform.db.begin_write().await?;
    if let Some(request) = request
        && let Some(ids) = consent_events::claim_request(&tx, &app.id, request, &platform.ambient).await?
    {
        return Ok(consent_events::find_listed(&tx, &app.id, &ids).await?);
    }
    let plan = Plan::of(platform, &tx, app, posted).await?;
    let ended = plan.ended.iter().map(|(grant, _)| grant.clone()).collect::<Vec<_>>();
    // On the heap: whatever follows from the end of a grant is large.
    let events = Box::pin(carry_out(platform, &tx, app, plan)).await?;
    if let Some(request) = request {
        let ids = events.iter().map(|event| &event.id);
        consent_events::note_request(&tx, &app.id, request, ids).await?;
    }
    commit_shut(platform, tx, &ended).await?;
    Ok(events)
}

/// Keeps a repetition that overtakes its first from waiting for it.
fn begin<'a>(
    platform: &'a Platform,
    app: &App,
    request: Option<&Repeatable>,
) -> Result<Option<Flight<'a>>, FlowError> {
    let Some(request) = request else { return Ok(None) };
    let name = sha256(&[app.id.as_str().as_bytes(), &request.key].concat());
    Ok(Some(platform.in_flight.begin(name).ok_or(FlowError::InFlight)?))
}

/// Appends what was planned, each link once, and what follows from the links that end grants.
async fn carry_out(
    platform: &Platform,
    tx: &Tx,
    app: &App,
    mut plan: Plan,
) -> Result<Vec<ConsentEvent>, FlowError> {
    let (by, said_no) = (Actor::App(app.id.clone()), plan.take_said_no());
    let appended = consent_events::append_all(tx, plan.links, &platform.ambient).await?;
    Plan::check_again(platform, tx, app, &said_no).await?;
    for (grant, link) in &plan.ended {
        follow_revocation(platform, tx, grant, &appended[*link].event, By::from(&by)).await?;
    }
    Ok(appended.into_iter().filter_map(|appended| appended.consent).collect())
}
