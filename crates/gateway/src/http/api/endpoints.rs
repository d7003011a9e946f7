//! Where signals go: all of an app's, and those under a contract whose document names a place of its own
//! (`signalEndpoint`, which takes effect when a version is published).

use actix_web::web;
use consent_core::ContractId;
use consent_signals::{Endpoint, Target, WebhookSecret};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    request::{Body, Place, invalid},
    wire::{Answer, Moment},
};
use crate::{
    flows,
    http::{error::Refusal, extract::ForApp},
    platform::Platform,
};

/// Where an app wants its signals.
#[derive(Serialize, ToSchema)]
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
#[derive(Deserialize, ToSchema)]
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

/// Says where an app's signals go.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/signal-endpoint", tag = "signals", operation_id = "showSignalEndpoint",
    responses((status = 200, description = "The endpoint", body = EndpointJson)),
)]
pub(super) async fn show(caller: ForApp, platform: web::Data<Platform>) -> Answer<EndpointJson> {
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
pub(super) async fn set(caller: ForApp, body: Body, platform: web::Data<Platform>) -> Answer<EndpointJson> {
    let target = body.json::<NewEndpointJson>()?.target()?;
    let set = flows::set_endpoint(&platform, caller.app.id, target).await?;
    Ok(web::Json(EndpointJson::new(&set.endpoint, set.secret.as_ref())))
}

/// Asks an endpoint once more whether it is there.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/signal-endpoint/ping", tag = "signals", operation_id = "pingSignalEndpoint",
    responses((status = 200, description = "A verification is on its way", body = EndpointJson)),
)]
pub(super) async fn ping(caller: ForApp, platform: web::Data<Platform>) -> Answer<EndpointJson> {
    let endpoint = flows::ping_endpoint(&platform, &caller.app.id, None).await?;
    Ok(web::Json(EndpointJson::new(&endpoint, None)))
}

/// Makes a new secret for a webhook; the one before signs beside it for a day.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/signal-endpoint/secret", tag = "signals",
    operation_id = "rotateSignalSecret",
    responses((status = 200, description = "The new secret, shown this once", body = EndpointJson)),
)]
pub(super) async fn rotate_secret(caller: ForApp, platform: web::Data<Platform>) -> Answer<EndpointJson> {
    let (endpoint, secret) = flows::rotate_signal_secret(&platform, &caller.app.id, None).await?;
    Ok(web::Json(EndpointJson::new(&endpoint, Some(&secret))))
}

/// Says where the signals under a contract go.
///
/// Until it has answered a verification they go where all of the app's do.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/contracts/{contract}/signal-endpoint", tag = "signals",
    operation_id = "showSignalEndpointOfContract",
    responses((status = 200, description = "The endpoint", body = EndpointJson)),
)]
pub(super) async fn show_of_contract(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<EndpointJson> {
    let contract: ContractId = place.id()?;
    let endpoint = consent_signals::find_endpoint(&platform.db, &caller.app.id, Some(&contract)).await?;
    Ok(web::Json(EndpointJson::new(&endpoint, None)))
}

/// Asks the endpoint of a contract once more whether it is there.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/contracts/{contract}/signal-endpoint/ping", tag = "signals",
    operation_id = "pingSignalEndpointOfContract",
    responses((status = 200, description = "A verification is on its way", body = EndpointJson)),
)]
pub(super) async fn ping_of_contract(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<EndpointJson> {
    let contract: ContractId = place.id()?;
    let endpoint = flows::ping_endpoint(&platform, &caller.app.id, Some(&contract)).await?;
    Ok(web::Json(EndpointJson::new(&endpoint, None)))
}

/// Makes a new secret for the webhook of a contract; the one before signs beside it for a day.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/contracts/{contract}/signal-endpoint/secret", tag = "signals",
    operation_id = "rotateSignalSecretOfContract",
    responses((status = 200, description = "The new secret, shown this once", body = EndpointJson)),
)]
pub(super) async fn rotate_secret_of_contract(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<EndpointJson> {
    let contract: ContractId = place.id()?;
    let (endpoint, secret) = flows::rotate_signal_secret(&platform, &caller.app.id, Some(&contract)).await?;
    Ok(web::Json(EndpointJson::new(&endpoint, Some(&secret))))
}
