//! Signals: where an app wants them, what it was sent, and what it answers.

use std::time::Duration;

use actix_web::web;
use consent_core::{AppId, ContractId, GrantId};
use consent_signals::{
    Attempt, Duty, Endpoint, NewEndpoint, Policy, PollAnswer, PollRequest, Signal, SignalId, SignalsError,
    Target, WebhookSecret,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;

use super::{
    grants::grant_in_path,
    request::{Body, InPath, Paging, Place, invalid},
    wire::{Answer, Listing, Moment},
};
use crate::{
    flows,
    http::{
        error::Refusal,
        extract::{ForApp, Person},
    },
    platform::Platform,
};

/// How long an answer to who polls may be waited for.
const POLL_FOR: Duration = Duration::from_secs(20);
/// And how often it is looked whether there is one.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// How long the secret before a new one signs beside it.
const SECRET_OVERLAP: Duration = Duration::from_hours(24);

impl InPath for SignalId {
    const SEGMENT: &str = "signal";

    fn unknown() -> Refusal {
        Refusal::new(404, "SignalNotFound", "there is no such signal")
    }
}

/// Where an app wants its signals.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignalEndpoint)]
pub(super) struct EndpointJson {
    /// `webhook` (Standard Webhooks), `set` (RFC 8935) or `poll` (RFC 8936).
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// `unverified` until it has acknowledged a verification, then `active`; `disabled` when it said that it is gone.
    state: &'static str,
    /// Since when.
    since: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_at: Option<Moment>,
    /// What its envelopes are signed with, `whsec_…`; shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl EndpointJson {
    pub(super) fn new(endpoint: &Endpoint, secret: Option<&WebhookSecret>) -> Self {
        Self {
            method: endpoint.method.name(),
            url: endpoint.url.clone(),
            state: endpoint.state.name(),
            since: endpoint.since.into(),
            verified_at: endpoint.verified_at.map(Moment::from),
            secret: secret.map(WebhookSecret::expose),
        }
    }
}

/// Where an app wants its signals from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSignalEndpoint)]
pub(super) struct NewEndpointJson {
    /// `webhook`, `set` or `poll`; `webhook` when absent.
    method: Option<String>,
    /// Where to; not with `poll`.
    url: Option<String>,
    /// The value of the header `Authorization`; with `set` alone.
    authorization: Option<String>,
}

impl NewEndpointJson {
    fn target(self) -> Result<Target, Refusal> {
        let method = self.method.as_deref().unwrap_or("webhook");
        if self.authorization.is_some() && method != "set" {
            return Err(invalid("authorization", "goes with the method set alone"));
        }
        match (method, self.url) {
            ("webhook", Some(url)) => Ok(Target::Webhook { url }),
            ("set", Some(url)) => {
                Ok(Target::Set { url, authorization: self.authorization.map(SecretString::from) })
            }
            ("webhook" | "set", None) => Err(invalid("url", "is missing: say where signals go")),
            ("poll", None) => Ok(Target::Poll),
            ("poll", Some(_)) => Err(invalid("url", "who polls has none; leave it out")),
            _ => Err(invalid("method", "must be webhook, set or poll")),
        }
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

/// Says where an app's signals go.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/signal-endpoint", tag = "signals", operation_id = "showSignalEndpoint",
    responses((status = 200, description = "The endpoint", body = EndpointJson)),
)]
pub(super) async fn show_endpoint(caller: ForApp, platform: web::Data<Platform>) -> Answer<EndpointJson> {
    let endpoint = consent_signals::find_endpoint(&platform.db, &caller.app.id, None).await?;
    Ok(web::Json(EndpointJson::new(&endpoint, None)))
}

/// Sets where an app's signals go.
///
/// A new address is sent a verification, and nothing else until it has acknowledged that.
#[utoipa::path(
    put, path = "/api/v1/apps/{app}/signal-endpoint", tag = "signals", operation_id = "setSignalEndpoint",
    request_body = NewEndpointJson,
    responses((status = 200, description = "Set; a new webhook's secret is shown this once", body = EndpointJson)),
)]
pub(super) async fn set_endpoint(
    caller: ForApp,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<EndpointJson> {
    let target = body.json::<NewEndpointJson>()?.target()?;
    let new = NewEndpoint { app: caller.app.id, contract: None, target };
    let policy = Policy { sandbox: platform.config.server.sandbox };
    let tx = platform.db.begin_write().await?;
    let set = consent_signals::set_endpoint(&tx, new, policy, &platform.keys, &platform.ambient).await?;
    flows::ask_endpoint(&platform, &tx, &set.endpoint).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(web::Json(EndpointJson::new(&set.endpoint, set.secret.as_ref())))
}

/// Asks an endpoint once more whether it is there.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/signal-endpoint/ping", tag = "signals", operation_id = "pingSignalEndpoint",
    responses((status = 200, description = "A verification is on its way", body = EndpointJson)),
)]
pub(super) async fn ping(caller: ForApp, platform: web::Data<Platform>) -> Answer<EndpointJson> {
    ask_again(&platform, &caller.app.id, None).await
}

/// Asks an endpoint, of the app or of a contract, whether it is there.
pub(super) async fn ask_again(
    platform: &Platform,
    app: &AppId,
    contract: Option<&ContractId>,
) -> Answer<EndpointJson> {
    let tx = platform.db.begin_write().await?;
    let endpoint = consent_signals::find_endpoint(&tx, app, contract).await?;
    flows::ask_endpoint(platform, &tx, &endpoint).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(web::Json(EndpointJson::new(&endpoint, None)))
}

/// Makes a new secret for a webhook; the one before signs beside it for a day.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/signal-endpoint/secret", tag = "signals",
    operation_id = "rotateSignalSecret",
    responses((status = 200, description = "The new secret, shown this once", body = EndpointJson)),
)]
pub(super) async fn rotate_secret(caller: ForApp, platform: web::Data<Platform>) -> Answer<EndpointJson> {
    new_secret(&platform, &caller.app.id, None).await
}

/// Makes a new secret for a webhook, of the app or of a contract.
pub(super) async fn new_secret(
    platform: &Platform,
    app: &AppId,
    contract: Option<&ContractId>,
) -> Answer<EndpointJson> {
    let (keys, ambient) = (&platform.keys, &platform.ambient);
    let tx = platform.db.begin_write().await?;
    let endpoint = consent_signals::find_endpoint(&tx, app, contract).await?;
    let secret = consent_signals::rotate_secret(&tx, &endpoint, SECRET_OVERLAP, keys, ambient).await?;
    tx.commit().await?;
    Ok(web::Json(EndpointJson::new(&endpoint, Some(&secret))))
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

/// Hands out signals to an app that polls (RFC 8936), and takes its acknowledgements.
///
/// With `returnImmediately` false the answer waits for up to 20 seconds until there is something.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/signals/poll", tag = "signals", operation_id = "pollSignals",
    request_body = Object,
    responses((status = 200, description = "`sets` by their names, and `moreAvailable`", body = Object)),
)]
pub(super) async fn poll(caller: ForApp, body: Body, platform: web::Data<Platform>) -> Answer<PollAnswer> {
    let mut request: PollRequest = body.json_if_any()?;
    let until = Instant::now() + POLL_FOR;
    let schedule = platform.config.signals.schedule();
    loop {
        let tx = platform.db.begin_write().await?;
        let answer =
            consent_signals::poll(&tx, &caller.app.id, &request, &schedule, &platform.ambient).await?;
        tx.commit().await?;
        if !request.ack.is_empty() {
            platform.dispatcher.arrivals().wake();
        }
        let waits = answer.sets.is_empty() && request.wanted() > 0 && !request.return_immediately;
        if !waits || Instant::now() >= until {
            return Ok(web::Json(answer));
        }
        // What was acknowledged is.
        request = PollRequest { max_events: request.max_events, ..PollRequest::default() };
        sleep(POLL_EVERY).await;
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
pub(super) async fn report(
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

/// Lists what the app said about a signal that concerns her, each report whole.
#[utoipa::path(
    get, path = "/api/v1/me/grants/{grant}/signals/{signal}/reports", tag = "consent",
    operation_id = "listReportsOnSignal",
    responses((status = 200, description = "All reports", body = Listing<ReportJson>)),
)]
pub(super) async fn reports(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<ReportJson>> {
    let grant = grant_in_path(&platform, &who.0, &place).await?;
    let signal = consent_signals::find(&platform.db, &grant.app, &place.id()?).await?;
    if signal.grant.as_ref() != Some(&grant.id) {
        return Err(SignalsError::NotFound(signal.id).into());
    }
    let reports = consent_signals::reports(&platform.db, &signal.id).await?;
    Ok(web::Json(Listing::whole(reports.into_iter().map(ReportJson::from).collect())))
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

impl From<consent_signals::Report> for ReportJson {
    fn from(report: consent_signals::Report) -> Self {
        Self {
            id: report.jti,
            state: report.said.name(),
            standing: report.standing.name(),
            received_at: report.received_at.into(),
            report: report.jws,
        }
    }
}
