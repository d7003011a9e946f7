//! What apps fetched from a person's library. Everything that reads her ledger does it here: first the ledger writes what
//! was fetched until now, so that she sees it.

use chrono::NaiveDate;
use consent_core::{AppId, Cursor, GrantId, Page, PersonId};
use consent_events::{AccessCount, ChainId, Event, Export};

use super::FlowError;
use crate::platform::Platform;

/// Which accesses are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Accesses<'a> {
    /// Every one.
    All,
    /// Those of an app, by all its grants.
    OfApp(&'a AppId),
    /// Those by one grant, which is hers.
    OfGrant(&'a GrantId),
}

/// Accesses to a person's library, the latest first.
pub async fn accesses(
    platform: &Platform,
    person: &PersonId,
    which: Accesses<'_>,
    cursor: &Cursor,
) -> Result<Page<Event>, FlowError> {
    let db = &platform.db;
    platform.ledger.settle().await;
    Ok(match which {
        Accesses::All => consent_events::list_accesses(db, person, cursor).await?,
        Accesses::OfApp(app) => consent_events::list_accesses_of_app(db, person, app, cursor).await?,
        Accesses::OfGrant(grant) => consent_events::list_accesses_of_grant(db, person, grant, cursor).await?,
    })
}

/// The last access by each of these grants of a person, as far as there is one.
pub async fn last_accesses(
    platform: &Platform,
    person: &PersonId,
    grants: &[GrantId],
) -> Result<Vec<Event>, FlowError> {
    platform.ledger.settle().await;
    Ok(consent_events::last_accesses(&platform.db, person, grants).await?)
}

/// How many files each app fetched on each day from `first` to `last` (UTC), the latest day first.
pub async fn count_accesses(
    platform: &Platform,
    person: &PersonId,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<AccessCount>, FlowError> {
    platform.ledger.settle().await;
    Ok(consent_events::count_accesses(&platform.db, person, first, last).await?)
}

/// Begins to read a chain out, with everything that belongs to it until now.
pub async fn export_chain(platform: &Platform, chain: ChainId) -> Result<Export, FlowError> {
    platform.ledger.settle().await;
    Ok(Export::begin(&platform.db, chain).await?)
}
