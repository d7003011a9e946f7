//! A person's chain of events, for her to check.

use actix_web::web;
use consent_core::{Actor, Page};
use consent_events::{Act, Event, EventId, EventsError, PayloadState};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    request::{Paging, Place},
    wire::{Answer, Listing, Moment},
};
use crate::{http::extract::Person, platform::Platform};

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
    async fn of(platform: &Platform, event: Event) -> Result<Self, EventsError> {
        Ok(Self {
            reason: reason(platform, &event).await?,
            body: event.body(),
            id: event.id,
            seq: event.seq,
            previous: event.previous,
            act: event.act,
            actor: event.actor.into(),
            created_at: event.created_at.into(),
        })
    }
}

/// Only operators give one, so that a page asks for few.
async fn reason(platform: &Platform, event: &Event) -> Result<Option<String>, EventsError> {
    if event.actor != Actor::Operator || event.commitment.is_none() {
        return Ok(None);
    }
    match consent_events::read_payload(&platform.db, event).await? {
        PayloadState::Kept(payload) => Ok(payload.reason().map(str::to_owned)),
        PayloadState::Never | PayloadState::Erased => Ok(None),
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
    let mut items = Vec::with_capacity(page.items.len());
    for event in page.items {
        items.push(EventJson::of(&platform, event).await?);
    }
    Ok(web::Json(Page { items, next: page.next }.into()))
}
