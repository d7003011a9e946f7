//! What a person agreed to: the first form of the console.

use std::collections::HashMap;

use actix_web::{http::StatusCode, web};
use chrono::{DateTime, TimeDelta, Utc};
use consent_contracts::Document;
use consent_core::{Cursor, ShelfId};
use consent_grants::{Grant, Stage};
use consent_library::ShelfKind;
use consent_pages::{Choice, Console, GrantRow, Section, State};

use super::{Known, Posted, Shown, html, see_other, words};
use crate::{
    flows::{self, By},
    http::{api::grant_in_path, error::Refusal},
    platform::Platform,
};

/// So many grants stand on one page.
const PAGE: u64 = 20;

/// `GET /console`: every grant of hers, the latest first.
pub(super) async fn list(platform: web::Data<Platform>, her: Known) -> Shown {
    let after = her.place.query_value("after");
    let later = after.is_some();
    let cursor = Cursor::new(after, Some(PAGE));
    let page = consent_grants::newest_first_of_person(&platform.db, &her.person.id, &cursor).await?;
    let shelves = Shelves::of(&platform, &her).await?;
    let mut grants = Vec::with_capacity(page.items.len());
    for grant in page.items {
        grants.push(row(&platform, &shelves, grant).await?);
    }
    let next = page.next.map(|after| format!("/console?after={after}"));
    let frame = her.frame(&platform, Section::Console);
    Ok(html(StatusCode::OK, &Console { frame, grants, next, later }))
}

async fn row(platform: &Platform, shelves: &Shelves, grant: Grant) -> Result<GrantRow, Refusal> {
    let app = consent_contracts::find_app(&platform.db, &grant.app).await?;
    let contract = consent_contracts::find_version(&platform.db, &grant.contract, grant.version).await?;
    let (now, document) = (platform.ambient.now(), contract.document);
    let (state, note) = state(&grant, now);
    let newest = Cursor::new(None, Some(1));
    let receipts = consent_receipts::list_of_grant(&platform.db, &grant.person, &grant.id, &newest).await?;
    Ok(GrantRow {
        receipt: receipts.items.first().map(|receipt| format!("/console/receipts/{}", receipt.id)),
        app: app.name,
        state,
        note,
        agreed_on: words::date_and_time(grant.created_at),
        shared: shelves.shared(&grant),
        left_out: left_out(&grant, &document),
        future_accounts: grant.choices.future_accounts,
        id: grant.id.to_string(),
        summary: document.purpose.summary,
        contract: document.name,
    })
}

fn state(grant: &Grant, now: DateTime<Utc>) -> (State, String) {
    match grant.stage_at(now) {
        Stage::Active => (
            State::Active,
            match grant.expires_at {
                Some(end) => format!("Ends by itself on {}", words::date(end)),
                None => "Lasts until you end it".to_owned(),
            },
        ),
        Stage::Stopped { at } => (State::Stopped, format!("Stopped since {}", words::date(at))),
        Stage::Expired { at } => (State::Expired, format!("Ended by itself on {}", words::date(at))),
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
            let source = account.source().name;
            let text = name.map_or_else(|| source.to_owned(), |name| format!("{source} ({name})"));
            (account.shelf, text)
        });
        Ok(Self(own.chain(accounts).collect()))
    }

    /// What a grant shares, line by line.
    pub fn shared(&self, grant: &Grant) -> Vec<String> {
        grant.choices.shelves.iter().filter_map(|shelf| self.0.get(shelf).cloned()).collect()
    }
}

/// `POST /console/grants/{id}/stop`.
pub(super) async fn stop(platform: web::Data<Platform>, Posted { by, .. }: Posted<Known>) -> Shown {
    let grant = grant_in_path(&platform, &by.who, &by.place).await?;
    flows::stop(&platform, &grant.id, By::from(&by.who.actor())).await?;
    Ok(see_other("/console?said=stopped"))
}

/// `POST /console/grants/{id}/resume`.
pub(super) async fn resume(platform: web::Data<Platform>, Posted { by, .. }: Posted<Known>) -> Shown {
    let grant = grant_in_path(&platform, &by.who, &by.place).await?;
    flows::resume(&platform, &grant.id, &by.who).await?;
    Ok(see_other("/console?said=resumed"))
}

/// `GET /console/grants/{id}/revoke`: asks once more.
pub(super) async fn revoke_page(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    let app = consent_contracts::find_app(&platform.db, &grant.app).await?.name;
    let page = Choice {
        frame: her.frame(&platform, Section::Console),
        title: format!("Revoke what you share with {app}?"),
        consequences: vec![
            format!("From this moment on {app} gets nothing from your library, for good."),
            "What it has already is not deleted by this; the contract says how long it may keep it."
                .to_owned(),
            format!("To share again, start from {app}: you will be asked anew."),
            "If you only want a pause, stop it instead: you can resume that at any time.".to_owned(),
        ],
        action: format!("/console/grants/{}/revoke", grant.id),
        verb: "Revoke".to_owned(),
        back: "/console".to_owned(),
    };
    Ok(html(StatusCode::OK, &page))
}

/// `POST /console/grants/{id}/revoke`.
pub(super) async fn revoke(platform: web::Data<Platform>, Posted { by, .. }: Posted<Known>) -> Shown {
    let grant = grant_in_path(&platform, &by.who, &by.place).await?;
    flows::revoke(&platform, &grant.id, By::from(&by.who.actor())).await?;
    Ok(see_other("/console?said=revoked"))
}

/// `GET /console/grants/{id}/erase`: asks once more.
pub(super) async fn erase_page(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    let app = consent_contracts::find_app(&platform.db, &grant.app).await?.name;
    let now = platform.ambient.now();
    let terms = platform.config.signals.deadlines().erase;
    let complete_by = TimeDelta::from_std(terms.complete_within).map_or(now, |within| now + within);
    let mut consequences = vec![
        format!("{app} is told to delete what it got from you, and to tell whoever it gave it to."),
        format!(
            "It has until {} to report what it deleted, and what the law makes it keep.",
            words::date(complete_by)
        ),
        "Its answer is signed, and becomes a receipt that you can keep and anybody can check.".to_owned(),
        "Until it has answered you can take this back. What is deleted by then stays deleted.".to_owned(),
    ];
    if grant.stage_at(now).is_open() {
        consequences
            .insert(0, format!("From this moment on {app} gets nothing from your library, for good."));
    }
    let page = Choice {
        frame: her.frame(&platform, Section::Console),
        title: format!("Have {app} delete what it holds?"),
        consequences,
        action: format!("/console/grants/{}/erase", grant.id),
        verb: "Erase".to_owned(),
        back: "/console".to_owned(),
    };
    Ok(html(StatusCode::OK, &page))
}

/// `POST /console/grants/{id}/erase`.
pub(super) async fn erase(platform: web::Data<Platform>, Posted { by, .. }: Posted<Known>) -> Shown {
    let grant = grant_in_path(&platform, &by.who, &by.place).await?;
    flows::erase(&platform, &grant.id, By::from(&by.who.actor())).await?;
    Ok(see_other("/console?said=erasing"))
}

/// `POST /console/grants/{id}/cancel-erasure`.
pub(super) async fn cancel_erasure(platform: web::Data<Platform>, Posted { by, .. }: Posted<Known>) -> Shown {
    let grant = grant_in_path(&platform, &by.who, &by.place).await?;
    flows::keep_after_all(&platform, &grant.id, By::from(&by.who.actor())).await?;
    Ok(see_other("/console?said=kept"))
}
