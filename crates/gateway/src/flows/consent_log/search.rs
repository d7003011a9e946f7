//! Looking through an app's log (`protocol/signatu-consent-api.md` §6).

use std::collections::HashSet;

use consent_contracts::App;
use consent_core::Cursor;
use consent_events::{ConsentEvent, Filter};

use super::super::FlowError;
use crate::platform::Platform;

/// So many events are read at once.
const PAGE: u64 = 1000;
/// So often, where what is asked for has no index.
const PAGES: usize = 10;

/// What is searched for.
#[derive(Debug)]
pub struct ConsentSearch {
    /// What has to be the same, byte for byte.
    pub filter: Filter,
    /// The page where it happened. It has no index: events that fit otherwise are looked through.
    pub source: Option<String>,
    /// Only the newest of each scope of each target.
    pub current: bool,
    /// Where to go on, and how many at most; for all but `current`.
    pub cursor: Cursor,
}

/// What was found, newest first.
#[derive(Debug)]
pub struct Found {
    /// The events.
    pub events: Vec<ConsentEvent>,
    /// Where to go on; absent when there is nothing more.
    pub next: Option<String>,
}

/// Searches the log of an app.
pub async fn search_consents(
    platform: &Platform,
    app: &App,
    search: &ConsentSearch,
) -> Result<Found, FlowError> {
    if search.source.is_some() {
        return look_through(platform, app, search).await;
    }
    if search.current {
        let events = consent_events::list_current(&platform.db, &app.id, &search.filter).await?;
        return Ok(Found { events, next: None });
    }
    let page = consent_events::search(&platform.db, &app.id, &search.filter, &search.cursor).await?;
    Ok(Found { events: page.items, next: page.next })
}

async fn look_through(platform: &Platform, app: &App, search: &ConsentSearch) -> Result<Found, FlowError> {
    let enough = usize::try_from(search.cursor.limit).unwrap_or(usize::MAX);
    let mut cursor = Cursor { limit: PAGE, ..search.cursor.clone() };
    let mut events: Vec<ConsentEvent> = Vec::new();
    for _ in 0..PAGES {
        let page = consent_events::search(&platform.db, &app.id, &search.filter, &cursor).await?;
        cursor.after = page.next;
        events.extend(page.items.into_iter().filter(|event| event.consent.source == search.source));
        if cursor.after.is_none() || (!search.current && events.len() > enough) {
            break;
        }
    }
    if search.current {
        return current(events, cursor.after.is_none());
    }
    if events.len() > enough {
        events.truncate(enough);
        cursor.after = events.last().map(|event| event.created_at.timestamp_millis().to_string());
    }
    Ok(Found { events, next: cursor.after })
}

/// The first of each question, if all were looked at.
fn current(mut events: Vec<ConsentEvent>, all: bool) -> Result<Found, FlowError> {
    if !all {
        let reason = "fits too few of too many events; leave it out, or name target and scope";
        return Err(FlowError::Posted { field: "source".to_owned(), reason: reason.to_owned() });
    }
    let mut seen = HashSet::new();
    events.retain(|event| seen.insert((event.consent.target.clone(), event.consent.scope.clone())));
    Ok(Found { events, next: None })
}
