//! Recording events.

use actix_web::{HttpResponse, web};
use consent_crypto::digest::sha256;
use consent_events::Repeatable;

use super::{Version, body, caller::Caller, error::ConsentError, event::EventJson};
use crate::{
    flows::{self, Posted},
    http::{
        api::{Body, Place, invalid},
        error::Refusal,
    },
    platform::Platform,
};

/// What a client calls a request that it may repeat.
const KEY: &str = "idempotency-key";

/// `POST consents`: one event, or a list, all or none of it. Answers with what was stored, in the same form.
pub(super) async fn record(
    caller: Caller,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Result<HttpResponse, ConsentError> {
    let version = Version::of(place.request().path());
    let (repeatable, body) = repeatable(&place, body)?;
    let vault = vault_in(&place)?;
    let posted: Posted = body::read(body, version, vault.as_deref())?;
    let is_list = posted.is_list;
    let events = flows::record_consents(&platform, &caller.0, posted, repeatable.as_ref()).await?;
    let mut events = events.into_iter().map(|event| EventJson::new(event, version));
    Ok(match (is_list, events.next()) {
        (false, Some(event)) => HttpResponse::Ok().json(event),
        (_, first) => HttpResponse::Ok().json(first.into_iter().chain(events).collect::<Vec<_>>()),
    })
}

/// The vault that the path names.
pub(super) fn vault_in(place: &Place) -> Result<Option<String>, Refusal> {
    let Some(segment) = place.request().match_info().get("vault") else { return Ok(None) };
    let text = percent_encoding::percent_decode_str(segment).decode_utf8();
    Ok(Some(text.map_err(|_| invalid("vaultId", "is not text (UTF-8)"))?.into_owned()))
}

/// The request by its key (draft-ietf-httpapi-idempotency-key-header), where it has one, and by what it asks for.
fn repeatable(place: &Place, body: Body) -> Result<(Option<Repeatable>, Body), Refusal> {
    let Some(key) = place.request().headers().get(KEY) else { return Ok((None, body)) };
    let key = key.as_bytes();
    if !(1..=255).contains(&key.len()) || !key.iter().all(u8::is_ascii_graphic) {
        return Err(invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters"));
    }
    let asks = [place.request().path(), "\n", &place.media_type(), "\n"].concat();
    let digest = sha256(&[asks.as_bytes(), body.bytes()].concat());
    Ok((Some(Repeatable { key: sha256(key), body: digest }), body))
}
