//! One grant: how it stands, what its app was told and fetched, what happened, and the contract as it was agreed to.

use actix_web::{HttpResponse, http::StatusCode, web};
use consent_contracts::{App, Contract, Document};
use consent_core::Cursor;
use consent_grants::{Grant, Stage};
use consent_pages::{Agreed, Asking, ContractText, Frame, GrantPage, History, MessageRow, Messages, Section};
use consent_signals::{Signal, SignalId};
use serde_json::json;

use super::{Shelves, deeds, row, timeline, told};
use crate::{
    flows::{self, Accesses},
    http::{
        api::grant_in_path,
        error::Refusal,
        pages::{Known, Shown, activity, html, receipts, words},
        saas, urls,
    },
    platform::Platform,
};

/// So much of each list stands on the page of a grant.
const LATEST: u64 = 5;
/// So much stands on a page of a list.
const PAGE: u64 = 25;

/// `GET /console/grants/{grant}`.
pub(in crate::http::pages) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    let frame = her.frame(&platform, Section::Console);
    page(&platform, &her, grant, StatusCode::OK, frame).await
}

/// The page of a grant as it stands, whatever led to it.
pub(super) async fn page(
    platform: &Platform,
    her: &Known,
    grant: Grant,
    status: StatusCode,
    frame: Frame,
) -> Shown {
    // On the heap, as it would make every handler that may end with it large.
    Ok(html(status, &Box::pin(gathered(platform, her, grant, frame)).await?))
}

async fn gathered(
    platform: &Platform,
    her: &Known,
    grant: Grant,
    frame: Frame,
) -> Result<GrantPage, Refusal> {
    let (db, now) = (&platform.db, platform.ambient.now());
    let (person, path) = (&her.person.id, urls::grant(&grant.id));
    let latest = Cursor::new(None, Some(LATEST));
    let mut overviews = flows::overviews(platform, person, vec![grant.clone()]).await?;
    let overview =
        overviews.pop().ok_or_else(|| Refusal::new(404, "GrantNotFound", "there is no such grant"))?;
    let app = overview.app.name.clone();
    let messages = message_rows(platform, &overview.told, &path).await?;
    let accesses = flows::accesses(platform, person, Accesses::OfGrant(&grant.id), &latest).await?;
    let events = consent_events::newest_of_grant(db, person, &grant.id, &latest).await?;
    let receipts = consent_receipts::list_of_grant(db, person, &grant.id, &latest).await?;
    let of_grant = [("grant", grant.id.as_str())];
    Ok(GrantPage {
        frame,
        can_shorten: deeds::can_shorten(&grant, now),
        in_short: in_short(&grant, &overview.contract.document),
        all_messages: (!messages.is_empty()).then(|| format!("{path}/messages")),
        messages,
        all_accesses: accesses.next.map(|_| urls::with_query("/console/activity", &of_grant)),
        accesses: activity::rows(platform, her, accesses.items).await?,
        all_history: events.next.map(|_| format!("{path}/history")),
        history: timeline::rows(platform, &app, &events.items).await?,
        all_receipts: receipts.next.map(|_| urls::with_query("/console/receipts", &of_grant)),
        receipts: receipts::rows(platform, &receipts.items),
        grant: row(overview, &Shelves::of(platform, her).await?, now),
    })
}

fn in_short(grant: &Grant, document: &Document) -> Vec<(String, String)> {
    let recipients = &document.sharing.recipients;
    let forgets = document.right_to_be_forgotten.implemented;
    let facts = [
        ("How long", lasts(grant, document)),
        ("How long it is kept", saas::retention(&document.retention.period)),
        (
            "Who else sees it",
            if recipients.is_empty() { "Nobody else".to_owned() } else { words::listed(recipients) },
        ),
        ("When you want it deleted", forgetting(forgets).to_owned()),
    ];
    facts.map(|(word, value)| (word.to_owned(), value)).into()
}

fn forgetting(implemented: bool) -> &'static str {
    if implemented { "The app deletes it when you ask" } else { "The app does not delete it on request" }
}

fn lasts(grant: &Grant, document: &Document) -> String {
    let often = if document.ongoing { "Again and again" } else { "Once" };
    match (grant.stage, grant.expires_at) {
        (Stage::Active | Stage::Stopped { .. }, Some(end)) => {
            format!("{often}, until it ends {}", words::end(end))
        }
        (Stage::Active | Stage::Stopped { .. }, None) => format!("{often}, until you end it"),
        (_, Some(end)) => format!("{often}; it was to end {}", words::end(end)),
        (_, None) => format!("{often}; it was to last until you end it"),
    }
}

async fn message_rows(
    platform: &Platform,
    signals: &[Signal],
    path: &str,
) -> Result<Vec<MessageRow>, Refusal> {
    let ids: Vec<SignalId> = signals.iter().map(|signal| signal.id.clone()).collect();
    let reports = consent_signals::reports_on(&platform.db, &ids).await?;
    let now = platform.ambient.now();
    Ok(signals.iter().map(|signal| told::message(signal, &reports, path, now)).collect())
}

/// `GET /console/grants/{grant}/messages`: everything that the app was told, the latest first.
pub(in crate::http::pages) async fn messages(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    let cursor = Cursor::new(her.place.query_value("after"), Some(PAGE));
    let page = consent_signals::newest_of_grant(&platform.db, &her.person.id, &grant.id, &cursor).await?;
    let path = urls::grant(&grant.id);
    let page = Messages {
        frame: her.frame(&platform, Section::Console),
        app: consent_contracts::find_app(&platform.db, &grant.app).await?.name,
        messages: message_rows(&platform, &page.items, &path).await?,
        next: page.next.map(|after| format!("{path}/messages?after={after}")),
        back: path,
    };
    Ok(html(StatusCode::OK, &page))
}

/// `GET /console/grants/{grant}/messages/{signal}/proof`: the signed message with the signed reports about it.
pub(in crate::http::pages) async fn proof(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    let signal = flows::signal_of_grant(&platform.db, &grant, &her.place.id()?).await?;
    let reports = consent_signals::reports(&platform.db, &signal.id).await?;
    let reports =
        reports.iter().map(|report| json!({ "report": report.jws, "receivedAt": report.received_at }));
    let proof = json!({
        "signal": signal.jws,
        "reports": reports.collect::<Vec<_>>(),
        "keys": platform.jwks_url(),
    });
    let text = serde_json::to_string_pretty(&proof).unwrap_or_default();
    Ok(receipts::download("application/json", &format!("proof-{}.json", signal.id), text))
}

/// `GET /console/grants/{grant}/history`: everything that happened, the latest first.
pub(in crate::http::pages) async fn history(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    let cursor = Cursor::new(her.place.query_value("after"), Some(PAGE));
    let page = consent_events::newest_of_grant(&platform.db, &her.person.id, &grant.id, &cursor).await?;
    let (app, path) =
        (consent_contracts::find_app(&platform.db, &grant.app).await?.name, urls::grant(&grant.id));
    let page = History {
        frame: her.frame(&platform, Section::Console),
        events: timeline::rows(&platform, &app, &page.items).await?,
        app,
        next: page.next.map(|after| format!("{path}/history?after={after}")),
        back: path,
    };
    Ok(html(StatusCode::OK, &page))
}

/// `GET /console/grants/{grant}/contract`: the contract as she agreed to it.
pub(in crate::http::pages) async fn agreed(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    let app = consent_contracts::find_app(&platform.db, &grant.app).await?;
    let contract = consent_contracts::find_version(&platform.db, &grant.contract, grant.version).await?;
    let shelves = Shelves::of(&platform, &her).await?;
    let frame = her.frame(&platform, Section::Console);
    Ok(as_agreed(frame, &grant, app, &contract, shelves.shared(&grant)))
}

fn as_agreed(
    frame: Frame,
    grant: &Grant,
    app: App,
    contract: &Contract,
    shared: Vec<String>,
) -> HttpResponse {
    let document = &contract.document;
    let page = Agreed {
        frame,
        back: urls::grant(&grant.id),
        agreed_on: words::date_and_time(grant.created_at),
        contract: ContractText { text_hash: grant.text_hash.clone(), ..saas::contract_text(&app, contract) },
        asking: Asking {
            app: app.name,
            contract: document.name.clone(),
            returns_to: document.redirect_uris.first().map(|uri| urls::origin(uri)).unwrap_or_default(),
        },
        parts: parts(grant, document),
        shared,
        future_accounts: grant.choices.future_accounts,
        duration: lasts(grant, document),
    };
    html(StatusCode::OK, &page)
}

/// What it may read, part by part: kind of data, from which sources, and whether she left it out.
fn parts(grant: &Grant, document: &Document) -> Vec<String> {
    let mut parts: Vec<(i64, Vec<String>)> = Vec::new();
    for (_, service, object) in document.scope.mapped() {
        let source = saas::source_name(service).map(str::to_owned);
        match parts.iter_mut().find(|(known, _)| *known == object) {
            Some((_, sources)) => sources.extend(source.filter(|source| !sources.contains(source))),
            None => parts.push((object, source.into_iter().collect())),
        }
    }
    let named = parts.iter().map(|(object, sources)| {
        let name = words::object_type(*object);
        let name = if sources.is_empty() { name } else { format!("{name}, from {}", words::listed(sources)) };
        let left_out = grant.choices.left_out.contains(object);
        if left_out { format!("{name} (left out by you)") } else { name }
    });
    let raw = document.access == consent_contracts::Access::ReadRaw;
    named.chain(raw.then(|| words::files_asked_for(&document.scope))).collect()
}
