//! What apps fetched from a person's library, for her.

use actix_web::web;
use chrono::{Days, NaiveDate};
use consent_core::{AppId, ContractId, FileId, GrantId, Page, SessionId};
use consent_events::{AccessCount, Act, Event, EventId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    grants::grant_in_path,
    request::{InPath as _, Paging, Place, cursor, invalid, whole_number},
    wire::{Answer, Listing, Moment},
};
use crate::{
    flows::{self, Accesses},
    http::{error::Refusal, extract::Person},
    platform::Platform,
};

/// So many days are counted when nobody says which.
const DAYS: u64 = 30;
/// More days than this are not counted at once.
const MOST_DAYS: i64 = 366;

/// One fetch of one file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Access)]
pub(super) struct AccessJson {
    /// The link of her ledger.
    #[schema(value_type = String)]
    id: EventId,
    /// Its place in the ledger, from 1.
    seq: i64,
    at: Moment,
    #[schema(value_type = String)]
    app_id: AppId,
    #[schema(value_type = String)]
    contract_id: ContractId,
    /// Of the contract.
    version: i32,
    #[schema(value_type = String)]
    grant_id: GrantId,
    /// The session; doors without sessions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    session_id: Option<SessionId>,
    #[schema(value_type = String)]
    file_id: FileId,
    /// Number of the object type; none for a raw file.
    #[serde(skip_serializing_if = "Option::is_none")]
    object_type: Option<i64>,
    /// How long the file is, before sealing.
    bytes: u64,
}

impl AccessJson {
    /// An entry of a ledger; none for a link of another kind.
    fn of(event: Event) -> Option<Self> {
        let app_id = event.actor.id()?.parse().ok()?;
        let Act::Accessed(access) = event.act else { return None };
        Some(Self {
            id: event.id,
            seq: event.seq,
            at: event.created_at.into(),
            app_id,
            contract_id: access.contract,
            version: access.version,
            grant_id: access.grant,
            session_id: access.session,
            file_id: access.file,
            object_type: access.object_type,
            bytes: access.bytes,
        })
    }

    fn page(page: Page<Event>) -> Listing<Self> {
        Listing::of(page.items.into_iter().filter_map(Self::of).collect(), page.next)
    }
}

/// Which accesses.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ActivityAsked {
    /// Those of this app alone.
    app: Option<String>,
    /// `next` of the page before; the first page without it.
    after: Option<String>,
    /// At most this many entries; 50 without it.
    #[serde(default, deserialize_with = "whole_number")]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// Lists every file that an app fetched from her library, the latest first.
#[utoipa::path(
    get, path = "/api/v1/me/activity", tag = "consent", operation_id = "listActivity", params(ActivityAsked),
    responses((status = 200, description = "A page of accesses", body = Listing<AccessJson>)),
)]
pub(super) async fn list(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<AccessJson>> {
    let ActivityAsked { app, after, limit } = place.query()?;
    let cursor = cursor(after, limit)?;
    let app = app.map(|app| app.parse::<AppId>().map_err(|_| AppId::unknown())).transpose()?;
    let which = app.as_ref().map_or(Accesses::All, Accesses::OfApp);
    let page = flows::accesses(&platform, &who.0.sign_in.person, which, &cursor).await?;
    Ok(web::Json(AccessJson::page(page)))
}

/// Lists what was fetched by one grant of hers, the latest first.
#[utoipa::path(
    get, path = "/api/v1/me/grants/{grant}/accesses", tag = "consent", operation_id = "listAccessesOfGrant",
    params(Paging), responses((status = 200, description = "A page of accesses", body = Listing<AccessJson>)),
)]
pub(super) async fn of_grant(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<AccessJson>> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let which = Accesses::OfGrant(&grant.id);
    let page = flows::accesses(&platform, &grant.person, which, &place.cursor()?).await?;
    Ok(web::Json(AccessJson::page(page)))
}

/// How many files an app fetched on a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccessCount)]
pub(super) struct CountJson {
    /// In UTC.
    #[schema(value_type = String, format = Date)]
    day: NaiveDate,
    #[schema(value_type = String)]
    app_id: AppId,
    files: i64,
}

impl From<AccessCount> for CountJson {
    fn from(count: AccessCount) -> Self {
        Self { day: count.day, app_id: count.app, files: count.files }
    }
}

/// Which days.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DaysAsked {
    /// The first day (`YYYY-MM-DD`, UTC); 29 days before the last one without it.
    from: Option<String>,
    /// The last day; today without it.
    to: Option<String>,
}

/// Counts the files that each app fetched on each day, the latest day first.
///
/// Days and apps without any are left out. At most 366 days at once.
#[utoipa::path(
    get, path = "/api/v1/me/activity/counts", tag = "consent", operation_id = "countActivity", params(DaysAsked),
    responses((status = 200, description = "All counts", body = Listing<CountJson>)),
)]
pub(super) async fn counts(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<CountJson>> {
    let DaysAsked { from, to } = place.query()?;
    let last = day("to", to)?.unwrap_or_else(|| platform.ambient.now().date_naive());
    let first = day("from", from)?.or_else(|| last.checked_sub_days(Days::new(DAYS - 1))).unwrap_or(last);
    if (last - first).num_days() >= MOST_DAYS || first > last {
        return Err(invalid("from", "must be at most 365 days before to, and not after it").into());
    }
    let counts = flows::count_accesses(&platform, &who.0.sign_in.person, first, last).await?;
    Ok(web::Json(Listing::whole(counts.into_iter().map(CountJson::from).collect())))
}

fn day(field: &'static str, text: Option<String>) -> Result<Option<NaiveDate>, Refusal> {
    let wrong = |_| invalid(field, "must be a day, as year-month-day");
    text.map(|text| text.parse().map_err(wrong)).transpose()
}
