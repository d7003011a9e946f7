//! What apps have not done: for operators, who close it, and for the person, who contests an answer.

use actix_web::web;
use consent_core::AppId;
use consent_signals::{Signal, SignalId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    grants::grant_in_path,
    request::{Body, Paging, Place, invalid},
    signals::SignalJson,
    wire::{Answer, Listing},
};
use crate::{
    flows,
    http::{
        error::Refusal,
        extract::{Operator, Person},
    },
    platform::Platform,
};

/// So many characters a reason has at most.
const LONGEST_REASON: usize = 1000;

/// A signal, and which app was sent it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Case)]
pub(super) struct CaseJson {
    /// The app.
    #[schema(value_type = String)]
    app_id: AppId,
    #[serde(flatten)]
    signal: SignalJson,
}

impl From<Signal> for CaseJson {
    fn from(signal: Signal) -> Self {
        Self { app_id: signal.app.clone(), signal: signal.into() }
    }
}

/// Why, in words.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Reason)]
pub(super) struct ReasonJson {
    /// 1 to 1000 characters; kept so that it can be erased.
    reason: String,
}

impl ReasonJson {
    fn text(self) -> Result<String, Refusal> {
        let text = self.reason.trim().to_owned();
        if text.is_empty() || text.chars().count() > LONGEST_REASON || text.contains('\0') {
            return Err(invalid("reason", "must have 1 to 1000 characters"));
        }
        Ok(text)
    }
}

/// Lists what apps have not done in time, oldest first.
#[utoipa::path(
    get, path = "/api/v1/operator/overdue", tag = "signals", operation_id = "listOverdue",
    params(Paging), responses((status = 200, description = "A page of signals", body = Listing<CaseJson>)),
)]
pub(super) async fn overdue(
    _: Operator,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<CaseJson>> {
    let page = consent_signals::overdue(&platform.db, &place.cursor()?).await?;
    Ok(web::Json(page.into()))
}

/// Lists what cannot be delivered, oldest first.
#[utoipa::path(
    get, path = "/api/v1/operator/dead-letters", tag = "signals", operation_id = "listDeadLetters",
    params(Paging), responses((status = 200, description = "A page of signals", body = Listing<CaseJson>)),
)]
pub(super) async fn dead_letters(
    _: Operator,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<CaseJson>> {
    let page = consent_signals::dead_letters(&platform.db, &place.cursor()?).await?;
    Ok(web::Json(page.into()))
}

/// Closes what an app owes because of a signal.
///
/// What is overdue keeps its app from asking for new consents until the app answers or an operator closes it. The reason
/// stands in the person's chain.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/signals/{signal}/close", tag = "signals", operation_id = "closeCase",
    request_body = ReasonJson, responses((status = 200, description = "Closed", body = SignalJson)),
)]
pub(super) async fn close(
    _: Operator,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<SignalJson> {
    let (app, signal): (AppId, SignalId) = (place.id()?, place.id()?);
    consent_contracts::find_app(&platform.db, &app).await?;
    let reason = body.json::<ReasonJson>()?.text()?;
    let closed = flows::close_case(&platform, &app, &signal, &reason).await?;
    Ok(web::Json(closed.into()))
}

/// Contests what an app answered about a signal that concerns her.
#[utoipa::path(
    post, path = "/api/v1/me/grants/{grant}/signals/{signal}/dispute", tag = "consent",
    operation_id = "disputeAnswer", request_body = ReasonJson,
    responses((status = 200, description = "Contested", body = SignalJson)),
)]
pub(super) async fn dispute(
    who: Person,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<SignalJson> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let (signal, reason) = (place.id()?, body.json::<ReasonJson>()?.text()?);
    let disputed = flows::dispute(&platform, &who.0, &grant, &signal, &reason).await?;
    Ok(web::Json(disputed.into()))
}
