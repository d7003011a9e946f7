//! Signals: what an app was told, and whether it arrived.

use actix_web::web;
use consent_core::{ContractId, GrantId};
use consent_signals::{Attempt, Duty, Signal, SignalId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    grants::grant_in_path,
    request::{InPath, Paging, Place},
    wire::{Answer, Listing, Moment},
};
use crate::{
    http::{
        error::Refusal,
        extract::{ForApp, Person},
    },
    platform::Platform,
};

impl InPath for SignalId {
    const SEGMENT: &str = "signal";

    fn unknown() -> Refusal {
        Refusal::new(404, "SignalNotFound", "there is no such signal")
    }
}

/// Something that an app was told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Signal)]
pub(super) struct SignalJson {
    /// Its name: `jti` of the token, `webhook-id` of its envelope.
    #[schema(value_type = String)]
    id: SignalId,
    /// `sharing-stopped`, `sharing-resumed`, `consent-revoked`, `consent-expired`, `erasure-requested`,
    /// `erasure-cancelled`, `scope-narrowed` or `verification`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    grant_id: Option<GrantId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    contract_id: Option<ContractId>,
    /// Its place among the changes of the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    /// When the person did what it tells of.
    action_at: Moment,
    /// `queued`, `delivering`, `waiting`, `delivered`, `fetched`, `rejected`, `gone`, `dead` or `cancelled`.
    delivery: &'static str,
    delivery_since: Moment,
    attempts: i32,
    /// What the app owes because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    obligation: Option<DutyJson>,
    /// The signed token (RFC 8417), the same on all roads.
    set: String,
}

/// What an app owes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Obligation)]
pub(super) struct DutyJson {
    /// `open`, `accepted`, `in_progress`, `completed`, `partial`, `refused`, `extended`, `overdue`, `superseded`, `closed`
    /// or `disputed`.
    state: &'static str,
    since: Moment,
    ack_by: Moment,
    complete_by: Moment,
    /// When the law's month is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    backstop_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_until: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_at: Option<Moment>,
}

impl From<Duty> for DutyJson {
    fn from(duty: Duty) -> Self {
        Self {
            state: duty.state.name(),
            since: duty.since.into(),
            ack_by: duty.ack_by.into(),
            complete_by: duty.complete_by.into(),
            backstop_at: duty.backstop_at.map(Moment::from),
            extended_until: duty.extended_until.map(Moment::from),
            expected_at: duty.expected_at.map(Moment::from),
        }
    }
}

impl From<Signal> for SignalJson {
    fn from(signal: Signal) -> Self {
        Self {
            id: signal.id,
            kind: signal.kind.name(),
            grant_id: signal.grant,
            contract_id: signal.contract,
            seq: signal.seq,
            action_at: signal.action_at.into(),
            delivery: signal.delivery.name(),
            delivery_since: signal.delivery_since.into(),
            attempts: signal.attempts,
            obligation: signal.duty.map(DutyJson::from),
            set: signal.jws,
        }
    }
}

/// An attempt to deliver a signal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Attempt)]
pub(super) struct AttemptJson {
    number: i32,
    /// `push` or `poll`.
    road: String,
    at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// `delivered`, `retry`, `rejected`, `gone` or `fetched`; none while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl From<Attempt> for AttemptJson {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            road: attempt.road,
            at: attempt.at.into(),
            host: attempt.host,
            ip: attempt.ip,
            status: attempt.status,
            duration_ms: attempt.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            outcome: attempt.outcome,
            problem: attempt.problem,
        }
    }
}

/// Lists what an app was told, oldest first.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/signals", tag = "signals", operation_id = "listSignals",
    params(Paging), responses((status = 200, description = "A page of signals", body = Listing<SignalJson>)),
)]
pub(super) async fn list(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<SignalJson>> {
    let page = consent_signals::list_of_app(&platform.db, &caller.app.id, &place.cursor()?).await?;
    Ok(web::Json(page.into()))
}

/// Lists the attempts to deliver a signal, the first one first.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/signals/{signal}/attempts", tag = "signals", operation_id = "listAttempts",
    responses((status = 200, description = "All attempts", body = Listing<AttemptJson>)),
)]
pub(super) async fn attempts(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<AttemptJson>> {
    let signal = consent_signals::find(&platform.db, &caller.app.id, &place.id()?).await?;
    let attempts = consent_signals::attempts(&platform.db, &signal.id).await?;
    Ok(web::Json(Listing::whole(attempts.into_iter().map(AttemptJson::from).collect())))
}

/// Sends a signal anew that did not arrive.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/signals/{signal}/replay", tag = "signals", operation_id = "replaySignal",
    responses((status = 200, description = "It is on its way", body = SignalJson)),
)]
pub(super) async fn replay(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<SignalJson> {
    let tx = platform.db.begin_write().await?;
    let signal = consent_signals::find(&tx, &caller.app.id, &place.id()?).await?;
    let signal = consent_signals::replay(&tx, &signal.id, &platform.ambient).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(web::Json(signal.into()))
}

/// Lists what an app was told about a grant of hers, oldest first.
#[utoipa::path(
    get, path = "/api/v1/me/grants/{grant}/signals", tag = "consent", operation_id = "listSignalsOfGrant",
    params(Paging), responses((status = 200, description = "A page of signals", body = Listing<SignalJson>)),
)]
pub(super) async fn of_grant(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<SignalJson>> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let cursor = place.cursor()?;
    let page = consent_signals::list_of_grant(&platform.db, &grant.person, &grant.id, &cursor).await?;
    Ok(web::Json(page.into()))
}
