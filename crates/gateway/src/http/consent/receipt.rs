//! A receipt of an event (`protocol/signatu-consent-api.md` §7).

use actix_web::web;
use consent_crypto::SigningPurpose;
use consent_receipts::{Logged, LoggedBy};
use serde::Serialize;

use super::{Version, caller::Caller, error::ConsentError, find::event_in};
use crate::{http::api::Place, platform::Platform};

/// The answer.
#[derive(Debug, Serialize)]
pub(super) struct ReceiptJson {
    /// A compact JWS.
    receipt: String,
}

/// `GET consents/{event}/receipt`. At version 0 `jti` is the token, as the vendor has it; at version 1, which knows no
/// token, it is the event's id.
pub(super) async fn show(
    caller: Caller,
    place: Place,
    platform: web::Data<Platform>,
) -> Result<web::Json<ReceiptJson>, ConsentError> {
    let version = Version::of(place.request().path());
    let event = consent_events::find(&platform.db, &caller.0.id, &event_in(&place)?).await?;
    let consent = &event.consent;
    let logged = Logged {
        id: event.id.as_str(),
        jti: if version == Version::V0 { event.token.as_str() } else { event.id.as_str() },
        created_at: event.created_at,
        subject: &consent.subject,
        issuer: consent.issuer.as_deref(),
        target: &consent.target,
        source: consent.source.as_deref(),
        scope: &consent.scope,
        action: consent.action,
    };
    let service = format!("{}{}", platform.public_url, version.base());
    let by = LoggedBy { service: &service, jwks_url: &platform.jwks_url() };
    let receipt = logged.sign(&caller.0, by, platform.keys.signing(SigningPurpose::Receipts))?;
    Ok(web::Json(ReceiptJson { receipt }))
}
