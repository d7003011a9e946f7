//! What events are committed to, as long as it is there.

use consent_store::StoreError;
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::{Broken, Commitment, Event, EventsError, Flaw, Payload, PayloadState, row::event_payload};

/// The payload of an event, checked against what the event is committed to.
pub async fn read_payload(db: &impl ConnectionTrait, event: &Event) -> Result<PayloadState, EventsError> {
    let key = (event.chain.to_string(), event.seq);
    let row = event_payload::Entity::find_by_id(key).one(db).await?;
    let kept = row.as_ref().map(salted).transpose()?;
    let state = state_of(event.commitment, kept.as_ref().map(|(salt, text)| (salt, *text)));
    Ok(state.map_err(|what| Broken { seq: event.seq, what })?)
}

/// The salt and the payload of a row.
pub(super) fn salted(row: &event_payload::Model) -> Result<([u8; 32], &str), StoreError> {
    let salt = row.salt.as_slice().try_into();
    let salt =
        salt.map_err(|_| StoreError::corrupt("event_payload", format!("{} {}", row.chain, row.seq)))?;
    Ok((salt, &row.payload))
}

/// What is left of a payload, which has to be what the event is committed to.
pub(crate) fn state_of(
    commitment: Option<Commitment>,
    kept: Option<(&[u8; 32], &str)>,
) -> Result<PayloadState, Flaw> {
    match (commitment, kept) {
        (None, None) => Ok(PayloadState::Never),
        (Some(_), None) => Ok(PayloadState::Erased),
        (Some(commitment), Some((salt, payload))) if Commitment::of(salt, payload) == commitment => {
            Payload::parse(payload).map(PayloadState::Kept).ok_or(Flaw::Payload)
        }
        (_, Some(_)) => Err(Flaw::Payload),
    }
}
