//! What apps say they did about a signal.

use actix_web::web;
use consent_signals::Report;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    grants::grant_in_path,
    request::{Body, Place},
    wire::{Answer, Listing, Moment},
};
use crate::{
    flows,
    http::extract::{ForApp, Person},
    platform::Platform,
};

/// What the platform says to a report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReportTaken)]
pub(super) struct TakenJson {
    /// How far the app is with what it owes, since this report.
    state: &'static str,
    /// What the report did: `applied`, `amendment`, `backward` or `too_late`.
    standing: &'static str,
    /// The platform's signed word that the report came (JWS, RS256).
    receipt: String,
}

/// What an app said about a signal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Report)]
pub(super) struct ReportJson {
    id: String,
    /// `accepted`, `in_progress`, `completed`, `partial`, `refused` or `extended`.
    state: &'static str,
    /// `applied`, `amendment`, `backward` or `too_late`.
    standing: &'static str,
    received_at: Moment,
    /// The report itself, signed by the app.
    report: String,
}

impl From<Report> for ReportJson {
    fn from(report: Report) -> Self {
        Self {
            id: report.jti,
            state: report.said.name(),
            standing: report.standing.name(),
            received_at: report.received_at.into(),
            report: report.jws,
        }
    }
}

/// Takes in what an app says it did about a signal.
///
/// The body is a signed token (JWS of type `signal-report+jwt`, PS512 or RS256, by a key of the contract).
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/signals/{signal}/reports", tag = "signals", operation_id = "reportOnSignal",
    request_body(content = String, content_type = "application/jwt"),
    responses((status = 200, description = "Taken in", body = TakenJson)),
)]
pub(super) async fn take(
    caller: ForApp,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<TakenJson> {
    let (about, text) = (place.id()?, body.text()?);
    let taken = flows::take_report(&platform, &caller.app, &about, text.trim()).await?;
    Ok(web::Json(TakenJson {
        state: taken.report.obligation.name(),
        standing: taken.report.standing.name(),
        receipt: taken.receipt,
    }))
}

/// Lists what the app said about a signal that concerns her, each report whole.
#[utoipa::path(
    get, path = "/api/v1/me/grants/{grant}/signals/{signal}/reports", tag = "consent",
    operation_id = "listReportsOnSignal",
    responses((status = 200, description = "All reports", body = Listing<ReportJson>)),
)]
pub(super) async fn list(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<ReportJson>> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let signal = flows::signal_of_grant(&platform.db, &grant, &place.id()?).await?;
    let reports = consent_signals::reports(&platform.db, &signal.id).await?;
    Ok(web::Json(Listing::whole(reports.into_iter().map(ReportJson::from).collect())))
}
