//! A person's chain of events, for her to check.

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    web,
};
use bytes::Bytes;
use consent_core::{Actor, Page, PersonId};
use consent_events::{Act, ChainId, Event, EventId, SignedCheckpoint};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem,
    grants::grant_in_path,
    request::{Paging, Place, cursor, invalid, whole_number},
    wire::{Answer, Listing, Moment},
};
use crate::{
    flows::{self, FlowError, GivenReason},
    http::{error::Refusal, extract::Person},
    platform::Platform,
};

/// One link of a person's chain.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(super) struct EventJson {
    /// SHA-256 of `body`, in hex.
    #[schema(value_type = String)]
    id: EventId,
    /// Its place in the chain, from 1.
    seq: i64,
    /// The event before it; none for the first.
    #[schema(value_type = Option<String>)]
    previous: Option<EventId>,
    /// What was done: its `type`, and the ids it is about.
    #[schema(value_type = Object)]
    act: Act,
    actor: ActorJson,
    /// Why, in the words of an operator who acted for her; absent where it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    created_at: Moment,
    /// The canonical JSON (RFC 8785) that the id is the hash of; it names the event before.
    body: String,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub(super) struct ActorJson {
    /// `person`, `app`, `operator` or `clock`.
    kind: &'static str,
    /// Of the person or app.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl From<Actor> for ActorJson {
    fn from(actor: Actor) -> Self {
        Self { kind: actor.kind(), id: actor.id().map(str::to_owned) }
    }
}

impl EventJson {
    async fn of(platform: &Platform, event: Event) -> Result<Self, FlowError> {
        Ok(Self {
            reason: flows::given_reason(platform, &event).await?.and_then(|reason| match reason {
                GivenReason::Kept(reason) => Some(reason),
                GivenReason::Erased => None,
            }),
            body: event.body(),
            id: event.id,
            seq: event.seq,
            previous: event.previous,
            act: event.act,
            actor: event.actor.into(),
            created_at: event.created_at.into(),
        })
    }

    async fn page(platform: &Platform, page: Page<Event>) -> Result<Listing<Self>, FlowError> {
        let mut items = Vec::with_capacity(page.items.len());
        for event in page.items {
            items.push(Self::of(platform, event).await?);
        }
        Ok(Listing::of(items, page.next))
    }
}

/// Lists the events of her chain, oldest first.
#[utoipa::path(
    get, path = "/api/v1/me/events", tag = "consent", operation_id = "listEvents",
    params(Paging), responses((status = 200, description = "A page of the chain", body = Listing<EventJson>)),
)]
pub(super) async fn list(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<EventJson>> {
    let page = consent_events::list(&platform.db, &who.0.sign_in.person, &place.cursor()?).await?;
    Ok(web::Json(EventJson::page(&platform, page).await?))
}

/// Lists what happened to a grant of hers, the latest first.
#[utoipa::path(
    get, path = "/api/v1/me/grants/{grant}/events", tag = "consent", operation_id = "listEventsOfGrant",
    params(Paging), responses((status = 200, description = "A page of events", body = Listing<EventJson>)),
)]
pub(super) async fn of_grant(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<EventJson>> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let page =
        consent_events::newest_of_grant(&platform.db, &grant.person, &grant.id, &place.cursor()?).await?;
    Ok(web::Json(EventJson::page(&platform, page).await?))
}

/// Which of her chains.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichChain {
    /// `consent`: what was decided; `access`: what apps fetched. `consent` when absent.
    chain: Option<String>,
}

/// Downloads a chain of hers, to be verified anywhere.
///
/// `consent-access events verify` checks it without this server.
#[utoipa::path(
    get, path = "/api/v1/me/events/export", tag = "consent", operation_id = "exportEvents", params(WhichChain),
    responses((
        status = 200, description = "One JSON object a line: a header, checkpoints, events",
        content_type = "application/jsonl", body = String,
    )),
)]
pub(super) async fn export(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Result<HttpResponse, Problem> {
    let WhichChain { chain } = place.query()?;
    Ok(exported(&platform, &who.0.sign_in.person, chain.as_deref()).await?)
}

/// A chain of a person's as a file, read piece by piece while it is sent.
pub(in crate::http) async fn exported(
    platform: &Platform,
    person: &PersonId,
    which: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let (chain, name) = chain_of(person, which)?;
    let export = flows::export_chain(platform, chain).await?;
    let pieces = stream::try_unfold(export, async |mut export| {
        let piece = export.next().await.map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(piece.map(|piece| (Bytes::from(piece), export)))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/jsonl"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(Box::pin(pieces)))
}

/// A chain of a person's, and what a file of it is called.
fn chain_of(person: &PersonId, which: Option<&str>) -> Result<(ChainId, &'static str), Refusal> {
    match which {
        None | Some("" | "consent") => Ok((ChainId::from(person), "events.jsonl")),
        Some("access") => Ok((ChainId::Access(person.clone()), "accesses.jsonl")),
        Some(_) => Err(invalid("chain", "must be consent or access")),
    }
}

/// A signed end of a chain, to be kept where this server cannot reach it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Checkpoint)]
pub(super) struct CheckpointJson {
    /// How many events the chain had.
    seq: i64,
    /// The last of them.
    #[schema(value_type = String)]
    id: EventId,
    /// When it was signed.
    at: Moment,
    /// The signed token (JWS, RS256).
    checkpoint: String,
}

impl From<SignedCheckpoint> for CheckpointJson {
    fn from(signed: SignedCheckpoint) -> Self {
        let checkpoint = signed.checkpoint;
        Self { seq: checkpoint.seq, id: checkpoint.id, at: checkpoint.at.into(), checkpoint: signed.jws }
    }
}

/// Where a list of checkpoints goes on.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CheckpointsAsked {
    /// `consent`: what was decided; `access`: what apps fetched. `consent` when absent.
    chain: Option<String>,
    /// `next` of the page before; the first page without it.
    after: Option<String>,
    /// At most this many entries; 50 without it.
    #[serde(default, deserialize_with = "whole_number")]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// Lists the signed ends of a chain of hers, oldest first.
#[utoipa::path(
    get, path = "/api/v1/me/checkpoints", tag = "consent", operation_id = "listCheckpoints", params(CheckpointsAsked),
    responses((status = 200, description = "A page of checkpoints", body = Listing<CheckpointJson>)),
)]
pub(super) async fn checkpoints(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<CheckpointJson>> {
    let CheckpointsAsked { chain, after, limit } = place.query()?;
    let (chain, _) = chain_of(&who.0.sign_in.person, chain.as_deref())?;
    let page = consent_events::list_checkpoints(&platform.db, chain, &cursor(after, limit)?).await?;
    Ok(web::Json(page.into()))
}
