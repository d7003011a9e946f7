//! Where the signals under one contract go, if its document names a place of its own: `signalEndpoint`, which takes effect
//! when a version is published.

use actix_web::web;
use consent_core::ContractId;

use super::{
    request::Place,
    signals::{EndpointJson, ask_again, new_secret},
    wire::Answer,
};
use crate::{http::extract::ForApp, platform::Platform};

/// Says where the signals under a contract go.
///
/// Until it has answered a verification they go where all of the app's do.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/contracts/{contract}/signal-endpoint", tag = "signals",
    operation_id = "showSignalEndpointOfContract",
    responses((status = 200, description = "The endpoint", body = EndpointJson)),
)]
pub(super) async fn show(
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
pub(super) async fn ping(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<EndpointJson> {
    let contract: ContractId = place.id()?;
    ask_again(&platform, &caller.app.id, Some(&contract)).await
}

/// Makes a new secret for the webhook of a contract; the one before signs beside it for a day.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/contracts/{contract}/signal-endpoint/secret", tag = "signals",
    operation_id = "rotateSignalSecretOfContract",
    responses((status = 200, description = "The new secret, shown this once", body = EndpointJson)),
)]
pub(super) async fn rotate_secret(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<EndpointJson> {
    let contract: ContractId = place.id()?;
    new_secret(&platform, &caller.app.id, Some(&contract)).await
}
