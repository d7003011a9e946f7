//! What an operator does to a person's grants in her place, with a reason that she reads in her chain of events.

use actix_web::web;
use chrono::{DateTime, Utc};
use consent_core::PersonId;
use consent_grants::Grant;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    grants::{GrantJson, Shelves, answer},
    overview::RevokedEverythingJson,
    request::{Body, Paging, Place},
    wire::{Answer, Created, Listing, later},
};
use crate::{
    flows::{self, Reason},
    http::{error::Refusal, extract::Operator},
    platform::Platform,
};

/// Why an operator acts for a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Because)]
pub(super) struct BecauseJson {
    /// One line that she will read; it is kept where it can be erased.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    reason: Reason,
}

/// Why an operator has a grant end sooner, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShortenBecause)]
pub(super) struct ShortenBecauseJson {
    /// One line that she will read; it is kept where it can be erased.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    reason: Reason,
    /// When it ends by itself from now on: to come, and sooner than it would end otherwise.
    #[schema(value_type = String, format = DateTime)]
    until: DateTime<Utc>,
}

/// Lists what a person agreed to, oldest first.
#[utoipa::path(
    get, path = "/api/v1/people/{person}/grants", tag = "operator", operation_id = "listGrantsOfPerson",
    params(Paging), responses((status = 200, description = "A page of grants", body = Listing<GrantJson>)),
)]
pub(super) async fn list(
    _: Operator,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<GrantJson>> {
    let person = person_in_path(&platform, &place).await?;
    let page = consent_grants::list_of_person(&platform.db, &person, &place.cursor()?).await?;
    let (shelves, now) = (Shelves::of(&platform, &person).await?, platform.ambient.now());
    Ok(web::Json(page.map(|grant| shelves.shown(grant, now)).into()))
}

/// Pauses a grant for a person.
///
/// Ends a resume that waits for her as well.
#[utoipa::path(
    post, path = "/api/v1/people/{person}/grants/{grant}/stop", tag = "operator", operation_id = "stopFor",
    request_body = BecauseJson, responses((status = 200, description = "Stopped", body = GrantJson)),
)]
pub(super) async fn stop(
    _: Operator,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<GrantJson> {
    let (grant, reason) = asked(&platform, &place, body).await?;
    answer(&platform, flows::stop(&platform, &grant.id, reason.by_operator()).await?).await
}

/// Has a stopped grant go on when its owner signs in next.
///
/// Only she can open her shelves again. Until then she can have it stay stopped.
#[utoipa::path(
    post, path = "/api/v1/people/{person}/grants/{grant}/resume", tag = "operator", operation_id = "resumeFor",
    request_body = BecauseJson,
    responses((status = 202, description = "It goes on at her next sign-in", body = GrantJson)),
)]
pub(super) async fn resume(
    _: Operator,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Created<GrantJson> {
    let (grant, reason) = asked(&platform, &place, body).await?;
    let waiting = flows::ask_to_resume(&platform, &grant.id, &reason).await?;
    Ok(later(answer(&platform, waiting).await?))
}

/// Ends a grant for good, for a person.
#[utoipa::path(
    post, path = "/api/v1/people/{person}/grants/{grant}/revoke", tag = "operator", operation_id = "revokeFor",
    request_body = BecauseJson, responses((status = 200, description = "Revoked", body = GrantJson)),
)]
pub(super) async fn revoke(
    _: Operator,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<GrantJson> {
    let (grant, reason) = asked(&platform, &place, body).await?;
    answer(&platform, flows::revoke(&platform, &grant.id, reason.by_operator()).await?).await
}

/// Has the app of a grant delete what it holds, for a person.
#[utoipa::path(
    post, path = "/api/v1/people/{person}/grants/{grant}/erase", tag = "operator", operation_id = "eraseFor",
    request_body = BecauseJson, responses((status = 200, description = "The app is told", body = GrantJson)),
)]
pub(super) async fn erase(
    _: Operator,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<GrantJson> {
    let (grant, reason) = asked(&platform, &place, body).await?;
    answer(&platform, flows::erase(&platform, &grant.id, reason.by_operator()).await?).await
}

/// Takes an erasure back, for a person, that the app has not reported as done.
#[utoipa::path(
    post, path = "/api/v1/people/{person}/grants/{grant}/cancel-erasure", tag = "operator",
    operation_id = "cancelErasureFor", request_body = BecauseJson,
    responses((status = 200, description = "Revoked", body = GrantJson)),
)]
pub(super) async fn cancel_erasure(
    _: Operator,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<GrantJson> {
    let (grant, reason) = asked(&platform, &place, body).await?;
    answer(&platform, flows::keep_after_all(&platform, &grant.id, reason.by_operator()).await?).await
}

/// Has a grant end sooner, for a person.
#[utoipa::path(
    post, path = "/api/v1/people/{person}/grants/{grant}/shorten", tag = "operator", operation_id = "shortenFor",
    request_body = ShortenBecauseJson,
    responses((status = 200, description = "It ends sooner", body = GrantJson)),
)]
pub(super) async fn shorten(
    _: Operator,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<GrantJson> {
    let grant = grant_in_path(&platform, &place).await?;
    let ShortenBecauseJson { reason, until } = body.json()?;
    answer(&platform, flows::shorten(&platform, &grant.id, until, reason.by_operator()).await?).await
}

/// Why an operator ends everything that a person shares.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EverythingBecause)]
pub(super) struct EverythingBecauseJson {
    /// One line that she will read; it is kept where it can be erased.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    reason: Reason,
    /// Whether the apps are to delete what they hold as well.
    #[serde(default)]
    erase: bool,
}

/// Ends everything that a person shares, for her, all of it or nothing.
#[utoipa::path(
    post, path = "/api/v1/people/{person}/revoke-everything", tag = "operator",
    operation_id = "revokeEverythingFor", request_body = EverythingBecauseJson,
    responses((status = 200, description = "Nothing is shared any more", body = RevokedEverythingJson)),
)]
pub(super) async fn revoke_everything(
    _: Operator,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<RevokedEverythingJson> {
    let person = person_in_path(&platform, &place).await?;
    let EverythingBecauseJson { reason, erase } = body.json()?;
    let ended = flows::end_everything(&platform, &person, erase, reason.by_operator()).await?;
    Ok(web::Json(RevokedEverythingJson::new(&platform, &person, ended).await?))
}

/// Which grant it is about, and why; for what needs no more to be said.
async fn asked(platform: &Platform, place: &Place, body: Body) -> Result<(Grant, Reason), Refusal> {
    let grant = grant_in_path(platform, place).await?;
    let BecauseJson { reason } = body.json()?;
    Ok((grant, reason))
}

/// The grant that the path names, if it is this person's.
async fn grant_in_path(platform: &Platform, place: &Place) -> Result<Grant, Refusal> {
    let person = person_in_path(platform, place).await?;
    Ok(consent_grants::find_of_person(&platform.db, &person, &place.id()?).await?)
}

async fn person_in_path(platform: &Platform, place: &Place) -> Result<PersonId, Refusal> {
    Ok(consent_people::find(&platform.db, &place.id()?).await?.id)
}
