//! What a person shares at a glance, and the way to end all of it.

use actix_web::web;
use consent_core::PersonId;
use consent_grants::Grant;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    grants::{GrantJson, Shelves},
    request::{Body, Place, cursor, invalid, whole_number},
    signals::SignalJson,
    wire::{Answer, Listing, Moment},
};
use crate::{
    flows::{self, GrantStanding, Overview, Search},
    http::{error::Refusal, extract::Person},
    platform::Platform,
};

/// A grant with what a list says about it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GrantOverview)]
pub(super) struct OverviewJson {
    #[serde(flatten)]
    grant: GrantJson,
    /// What the app is called.
    app_name: String,
    /// What the contract is called.
    contract_name: String,
    /// Why the app asked.
    purpose: String,
    /// When the app fetched last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_access_at: Option<Moment>,
    /// What the app was told last, and what it still has to do, the latest first.
    told: Vec<SignalJson>,
    /// Whether its contract asks for more by now, and waits for her answer (`…/change`).
    change_waits: bool,
}

impl OverviewJson {
    fn new(overview: Overview, shelves: &Shelves, platform: &Platform) -> Self {
        let Overview { grant, app, contract, last_access, told, change_waits } = overview;
        Self {
            grant: shelves.shown(grant, platform.ambient.now()),
            app_name: app.name,
            contract_name: contract.document.name,
            purpose: contract.document.purpose.summary,
            last_access_at: last_access.map(|event| event.created_at.into()),
            told: told.into_iter().map(SignalJson::from).collect(),
            change_waits,
        }
    }
}

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchAsked {
    /// Words of which each stands in the name of app or contract, or in the purpose; in any case.
    q: Option<String>,
    /// `active`, `stopped`, `waiting` (for the app's answer), `ended`, `erasing` or `erased`.
    state: Option<String>,
    /// `next` of the page before; the first page without it.
    after: Option<String>,
    /// At most this many entries; 50 without it.
    #[serde(default, deserialize_with = "whole_number")]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// Searches what she agreed to, the latest first, with what each app was told and when it fetched last.
#[utoipa::path(
    get, path = "/api/v1/me/overview", tag = "consent", operation_id = "searchGrants", params(SearchAsked),
    responses((status = 200, description = "A page of grants", body = Listing<OverviewJson>)),
)]
pub(super) async fn list(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<OverviewJson>> {
    let SearchAsked { q, state, after, limit } = place.query()?;
    let wrong = || invalid("state", "must be active, stopped, waiting, ended, erasing or erased");
    let state = state.map(|state| GrantStanding::parse(&state).ok_or_else(wrong)).transpose()?;
    let search = Search { words: q.unwrap_or_default(), state };
    let person = &who.0.sign_in.person;
    let page = flows::search(&platform, person, &search, &cursor(after, limit)?).await?;
    let shelves = Shelves::of(&platform, &who.0.sign_in.person).await?;
    let overviews = flows::overviews(&platform, person, page.items).await?.into_iter();
    let items = overviews.map(|overview| OverviewJson::new(overview, &shelves, &platform)).collect();
    Ok(web::Json(Listing::of(items, page.next)))
}

/// How her grants stand in all.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Summary)]
pub(super) struct SummaryJson {
    /// How many are active.
    active: u64,
    /// How many are stopped.
    stopped: u64,
    /// How many wait for an app's answer …
    waiting: usize,
    /// … and how many of those for longer than the app had.
    overdue: usize,
}

/// Counts how her grants stand.
#[utoipa::path(
    get, path = "/api/v1/me/summary", tag = "consent", operation_id = "summary",
    responses((status = 200, description = "The counts", body = SummaryJson)),
)]
pub(super) async fn summary(who: Person, platform: web::Data<Platform>) -> Answer<SummaryJson> {
    let flows::Summary { tally, waiting, overdue } = flows::summary(&platform, &who.0.sign_in.person).await?;
    Ok(web::Json(SummaryJson { active: tally.active, stopped: tally.stopped, waiting, overdue }))
}

/// That everything is to end.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RevokeEverything)]
pub(super) struct RevokeEverythingJson {
    /// Hers, once more.
    #[schema(format = Password)]
    password: String,
    /// Whether each app, also one whose contract has ended, is to delete what it holds.
    #[serde(default)]
    erase: bool,
}

/// What ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevokedEverything)]
pub(super) struct RevokedEverythingJson {
    /// The grants that were changed, oldest first.
    grants: Vec<GrantJson>,
}

impl RevokedEverythingJson {
    pub(super) async fn new(
        platform: &Platform,
        person: &PersonId,
        ended: Vec<Grant>,
    ) -> Result<Self, Refusal> {
        let (now, shelves) = (platform.ambient.now(), Shelves::of(platform, person).await?);
        Ok(Self { grants: ended.into_iter().map(|grant| shelves.shown(grant, now)).collect() })
    }
}

/// Ends everything that she shares, all of it or nothing.
///
/// No request that starts after the answer gets data of hers.
#[utoipa::path(
    post, path = "/api/v1/me/revoke-everything", tag = "consent", operation_id = "revokeEverything",
    request_body = RevokeEverythingJson,
    responses((status = 200, description = "Nothing is shared any more", body = RevokedEverythingJson)),
)]
pub(super) async fn revoke_everything(
    who: Person,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<RevokedEverythingJson> {
    let RevokeEverythingJson { password, erase } = body.json()?;
    let ended = flows::revoke_everything(&platform, &who.0, &password, erase, place.address()).await?;
    Ok(web::Json(RevokedEverythingJson::new(&platform, &who.0.sign_in.person, ended).await?))
}
