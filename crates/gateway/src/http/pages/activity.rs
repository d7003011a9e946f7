//! What apps fetched from her library: each file, and how much over time.

use std::collections::{BTreeMap, HashMap, HashSet};

use actix_web::{http::StatusCode, web};
use chrono::{Days, NaiveDate};
use consent_core::{AppId, Cursor, FileId, GrantId};
use consent_events::{Access, AccessCount, Act, Event};
use consent_grants::{Filter, Grant};
use consent_pages::{AccessRow, Activity, Chart, Section};

use super::{Known, Shown, html, library, words};
use crate::{
    flows::{self, Accesses, MyFile, Parties},
    http::{api::exported, error::Refusal, urls},
    platform::Platform,
};

/// So many accesses stand on one page.
const PAGE: u64 = 25;
/// So many days are drawn.
const DAYS: u32 = 30;

/// `GET /console/activity`: accesses, the latest first; all of them, those of an app, or those by a grant.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    let wanted = Wanted::of(&platform, &her).await?;
    let after = her.place.query_value("after");
    let later = after.is_some();
    let cursor = Cursor::new(after, Some(PAGE));
    let page = flows::accesses(&platform, &her.person.id, wanted.accesses(), &cursor).await?;
    let apps = apps(&platform, &her).await?;
    let here = |after: &str| {
        let app = wanted.app.as_ref().map(AppId::as_str).unwrap_or_default();
        let grant = wanted.grant.as_ref().map(|grant| grant.id.as_str()).unwrap_or_default();
        urls::with_query("/console/activity", &[("app", app), ("grant", grant), ("after", after)])
    };
    let page = Activity {
        frame: her.frame(&platform, Section::Activity),
        chart: chart(&platform, &her, &wanted, &apps).await?,
        about: about(&wanted, &apps),
        accesses: rows(&platform, &her, page.items).await?,
        next: page.next.map(|after| here(&after)),
        first: later.then(|| here("")),
        apps: apps
            .into_iter()
            .map(|(id, name)| {
                let chosen = wanted.app.as_ref() == Some(&id);
                (id.to_string(), name, chosen)
            })
            .collect(),
    };
    Ok(html(StatusCode::OK, &page))
}

/// `GET /console/activity/export`: a chain of hers, to be verified anywhere.
pub(super) async fn export(platform: web::Data<Platform>, her: Known) -> Shown {
    Ok(exported(&platform, &her.person.id, her.place.query_value("chain").as_deref()).await?)
}

/// Whose accesses are looked for.
struct Wanted {
    app: Option<AppId>,
    grant: Option<Grant>,
}

impl Wanted {
    async fn of(platform: &Platform, her: &Known) -> Result<Self, Refusal> {
        let app = her.place.id_in_query()?;
        Ok(Self { app, grant: her.grant_in_query(platform).await? })
    }

    fn accesses(&self) -> Accesses<'_> {
        match (&self.grant, &self.app) {
            (Some(grant), _) => Accesses::OfGrant(&grant.id),
            (None, Some(app)) => Accesses::OfApp(app),
            (None, None) => Accesses::All,
        }
    }
}

/// The apps that she ever agreed to share with, by name.
async fn apps(platform: &Platform, her: &Known) -> Result<Vec<(AppId, String)>, Refusal> {
    let agreed = consent_grants::agreements_of_person(&platform.db, &her.person.id).await?;
    let ids: HashSet<AppId> = agreed.into_iter().map(|agreement| agreement.app_id).collect();
    let ids: Vec<AppId> = ids.into_iter().collect();
    let apps = consent_contracts::find_apps(&platform.db, &ids).await?;
    let mut named: Vec<_> = apps.into_iter().map(|app| (app.id, app.name)).collect();
    named.sort_by(|(one, name), (other, of_other)| (name, one).cmp(&(of_other, other)));
    Ok(named)
}

fn about(wanted: &Wanted, apps: &[(AppId, String)]) -> Option<(String, String)> {
    let grant = wanted.grant.as_ref()?;
    let name = apps.iter().find(|(id, _)| *id == grant.app).map(|(_, name)| name.clone());
    Some((name.unwrap_or_default(), urls::grant(&grant.id)))
}

/// How many files were fetched on each of the last days; by one grant that is not counted.
async fn chart(
    platform: &Platform,
    her: &Known,
    wanted: &Wanted,
    apps: &[(AppId, String)],
) -> Result<Option<Chart>, Refusal> {
    if wanted.grant.is_some() {
        return Ok(None);
    }
    let last = platform.ambient.now().date_naive();
    let first = last.checked_sub_days(Days::new(u64::from(DAYS) - 1)).unwrap_or(last);
    let counts = flows::count_accesses(platform, &her.person.id, first, last).await?;
    let counts: Vec<_> =
        counts.into_iter().filter(|count| wanted.app.as_ref().is_none_or(|app| *app == count.app)).collect();
    Ok(drawn(first, &counts, apps))
}

fn drawn(first: NaiveDate, counts: &[AccessCount], apps: &[(AppId, String)]) -> Option<Chart> {
    let mut days: BTreeMap<NaiveDate, u64> =
        first.iter_days().take(DAYS as usize).map(|day| (day, 0)).collect();
    for count in counts {
        *days.entry(count.day).or_default() += count.files.unsigned_abs();
    }
    let (busiest, most) = days.iter().map(|(day, files)| (*day, *files)).max_by_key(|(_, files)| *files)?;
    if most == 0 {
        return None;
    }
    let all: u64 = days.values().sum();
    let with_any = days.values().filter(|files| **files > 0).count() as u64;
    let name = |app: &AppId| {
        apps.iter().find(|(id, _)| id == app).map_or_else(|| app.to_string(), |(_, name)| name.clone())
    };
    let rows = counts
        .iter()
        .map(|count| [words::day(count.day), name(&count.app), words::grouped(count.files.unsigned_abs())]);
    Some(Chart {
        caption: format!("Files fetched on each of the last {DAYS} days"),
        said: format!(
            "{} on {}; most on {}, {}.",
            words::count(all, "file"),
            words::count(with_any, "day"),
            words::day(busiest),
            words::count(most, "file")
        ),
        counts: days.values().copied().collect(),
        ends: (words::day(first), days.keys().next_back().copied().map(words::day).unwrap_or_default()),
        most: words::count(most, "file"),
        rows: rows.collect(),
    })
}

/// Accesses of her ledger in words, in the same order; files, grants and names are each asked for once.
pub(super) async fn rows(
    platform: &Platform,
    her: &Known,
    events: Vec<Event>,
) -> Result<Vec<AccessRow>, Refusal> {
    let accesses = || events.iter().filter_map(|event| Some((event, access(event)?)));
    let files: HashSet<FileId> = accesses().map(|(_, access)| access.file.clone()).collect();
    let files: Vec<FileId> = files.into_iter().collect();
    let files = flows::my_files_named(platform, &her.who, &files).await?;
    let files: HashMap<_, _> = files.into_iter().map(|file| (file.file.id.clone(), file)).collect();
    let grants: HashSet<GrantId> = accesses().map(|(_, access)| access.grant.clone()).collect();
    let filter = Filter { among: Some(grants.into_iter().collect()), ..Filter::default() };
    let (now, all) = (platform.ambient.now(), Cursor::new(None, Some(200)));
    let grants =
        consent_grants::search_of_person(&platform.db, &her.person.id, &filter, now, &all).await?.items;
    let apps = grants.iter().map(|grant| grant.app.clone()).collect();
    let versions = accesses().map(|(_, access)| (access.contract.clone(), access.version)).collect();
    let parties = Parties::find(platform, apps, versions).await?;
    accesses()
        .map(|(event, access)| {
            let grant = grants.iter().find(|grant| grant.id == access.grant);
            let app = grant.and_then(|grant| parties.app(&grant.app).ok());
            let contract = parties.contract(&access.contract, access.version)?;
            let file = files.get(&access.file);
            Ok(AccessRow {
                what: what(access, file),
                path: file.map(|file| format!("/library/files/{}", file.file.id)),
                app: app.map(|app| app.name.clone()).unwrap_or_default(),
                contract: contract.document.name.clone(),
                grant: urls::grant(&access.grant),
                when: words::date_and_time(event.created_at),
                size: words::size(access.bytes),
            })
        })
        .collect()
}

fn access(event: &Event) -> Option<&Access> {
    match &event.act {
        Act::Accessed(access) => Some(access),
        _ => None,
    }
}

/// What was fetched; what is not in her library any more is known by its kind alone.
fn what(access: &Access, file: Option<&MyFile>) -> String {
    if let Some(MyFile { file, metadata, .. }) = file {
        return library::title(&file.kind, metadata.as_ref());
    }
    let kind = access.object_type.map_or_else(|| "a file".to_owned(), words::object_type);
    format!("{} (not in your library any more)", words::capitalised(&kind))
}
