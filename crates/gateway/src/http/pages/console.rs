//! What a person agreed to: all of it, and the way to each of it.

mod deeds;
mod emergency;
mod grant;
mod timeline;
mod told;

use std::collections::HashMap;

use actix_web::{http::StatusCode, web};
use chrono::{DateTime, Utc};
use consent_contracts::{Access, Document};
use consent_core::{Cursor, ShelfId};
use consent_grants::{Grant, Stage};
use consent_library::ShelfKind;
use consent_pages::{Console, GrantRow, Section, State, Summary};

pub(super) use deeds::{
    cancel_erasure, cancel_erasure_page, erase, erase_page, resume, resume_page, revoke, revoke_page,
    shorten, shorten_page, stop, stop_page,
};
pub(super) use emergency::{revoke_everything, revoke_everything_page};
pub(super) use grant::{agreed, history, messages, proof, show};

use super::{Known, Shown, html, words};
use crate::{
    flows::{self, GrantStanding, Overview, Search},
    http::{api::Place, error::Refusal, urls},
    platform::Platform,
};

/// So many grants stand on one page.
const PAGE: u64 = 20;
/// Nobody looks for more letters than this.
const LONGEST_SEARCH: usize = 200;
/// The states that can be looked for, by what the query and what people call them.
const STATES: [(&str, &str); 7] = [
    ("", "All"),
    ("active", "Active"),
    ("stopped", "Stopped"),
    ("waiting", "Waiting for an answer"),
    ("ended", "Ended"),
    ("erasing", "Erasing"),
    ("erased", "Erased"),
];

/// `GET /console`: grants of hers, the latest first, with a search.
pub(super) async fn list(platform: web::Data<Platform>, her: Known) -> Shown {
    let (words, state) = looked_for(&her.place);
    let after = her.place.query_value("after");
    let search = Search { words: words.clone(), state: GrantStanding::parse(&state) };
    let later = after.is_some();
    let cursor = Cursor::new(after, Some(PAGE));
    let page = flows::search(&platform, &her.person.id, &search, &cursor).await?;
    let is_new = page.items.is_empty() && !later && search == Search::default();
    let shelves = Shelves::of(&platform, &her).await?;
    let now = platform.ambient.now();
    let overviews = flows::overviews(&platform, &her.person.id, page.items).await?;
    let here =
        |after: &str| urls::with_query("/console", &[("q", &words), ("state", &state), ("after", after)]);
    let page = Console {
        frame: her.frame(&platform, Section::Console),
        summary: if is_new { None } else { Some(summary(&platform, &her).await?) },
        states: STATES.map(|(value, name)| (value.to_owned(), name.to_owned(), value == state)).into(),
        grants: overviews.into_iter().map(|overview| row(overview, &shelves, now)).collect(),
        next: page.next.map(|after| here(&after)),
        first: later.then(|| here("")),
        words,
    };
    Ok(html(StatusCode::OK, &page))
}

/// The words and the state that she looks for.
fn looked_for(place: &Place) -> (String, String) {
    let words = place.query_value("q").unwrap_or_default();
    let state = place.query_value("state").unwrap_or_default();
    let words = words.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_SEARCH).collect();
    (words, if STATES.iter().any(|(known, _)| *known == state) { state } else { String::new() })
}

async fn summary(platform: &Platform, her: &Known) -> Result<Summary, Refusal> {
    let flows::Summary { tally, waiting, overdue } = flows::summary(platform, &her.person.id).await?;
    let (waiting, overdue) = (waiting as u64, overdue as u64);
    Ok(Summary { active: tally.active, stopped: tally.stopped, waiting, overdue })
}

/// A grant as lists and its own page begin with it.
fn row(overview: Overview, shelves: &Shelves, now: DateTime<Utc>) -> GrantRow {
    let Overview { grant, app, contract, last_access, told, change_waits } = overview;
    let document = contract.document;
    let (state, note) = state(&grant, now);
    GrantRow {
        app: app.name,
        state,
        note,
        agreed_on: words::date_and_time(grant.created_at),
        shared: shelves.shared(&grant),
        left_out: left_out(&grant, &document),
        future_accounts: grant.choices.future_accounts,
        last_access: match last_access {
            Some(event) => words::capitalised(&words::ago(event.created_at, now)),
            None if document.access == Access::Write => "It only writes into your library".to_owned(),
            None => "Never".to_owned(),
        },
        told: told.iter().map(|signal| told::told(signal, now)).collect(),
        change: change_waits.then(|| format!("{}/change", urls::grant(&grant.id))),
        id: grant.id.to_string(),
        summary: document.purpose.summary,
        contract: document.name,
    }
}

fn state(grant: &Grant, now: DateTime<Utc>) -> (State, String) {
    match grant.stage_at(now) {
        Stage::Active => (
            State::Active,
            match grant.expires_at {
                Some(end) => format!("Ends by itself {}", words::end(end)),
                None => "Lasts until you end it".to_owned(),
            },
        ),
        Stage::Stopped { at } if grant.resume_asked_at.is_some() => {
            let since = words::date(at);
            (
                State::Stopped,
                format!("Stopped since {since}; an operator asked that it goes on when you sign in next"),
            )
        }
        Stage::Stopped { at } => (State::Stopped, format!("Stopped since {}", words::date(at))),
        Stage::Expired { at } => (State::Expired, format!("Ended by itself {}", words::end(at))),
        Stage::Revoked { at } => (State::Revoked, format!("Revoked on {}", words::date(at))),
        Stage::Erasing { at } => {
            (State::Erasing, format!("The app was told on {} to delete what it holds", words::date(at)))
        }
        Stage::Erased { at } => {
            (State::Erased, format!("The app reported on {} that it has deleted it", words::date(at)))
        }
    }
}

fn left_out(grant: &Grant, document: &Document) -> Vec<String> {
    let left_out = document.optional.iter().filter(|object| grant.choices.left_out.contains(object));
    left_out.map(|id| words::object_type(*id)).collect()
}

/// What the shelves of a library hold, in words.
pub(in crate::http) struct Shelves(HashMap<ShelfId, String>);

impl Shelves {
    /// The shelves of her library.
    pub async fn of(platform: &Platform, her: &Known) -> Result<Self, Refusal> {
        let library = consent_library::find_library(&platform.db, &her.person.id).await?;
        let shelves = consent_library::shelves(&platform.db, &library.id).await?;
        let own = shelves.into_iter().filter(|shelf| shelf.kind == ShelfKind::Own);
        let own = own.map(|shelf| (shelf.id, "Files you uploaded".to_owned()));
        let accounts = flows::named_accounts(platform, &her.who).await?;
        let accounts = accounts.into_iter().map(|(account, name)| {
            let text = words::account(&account, name.as_deref());
            (account.shelf, text)
        });
        Ok(Self(own.chain(accounts).collect()))
    }

    /// What a grant shares, line by line.
    pub fn shared(&self, grant: &Grant) -> Vec<String> {
        grant.choices.shelves.iter().filter_map(|shelf| self.0.get(shelf).cloned()).collect()
    }
}
