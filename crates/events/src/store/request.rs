//! Requests to record that their sender may repeat: each records once (the header `Idempotency-Key`).

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{Ambient, AppId};
use consent_store::{StoreError, Tx};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use crate::{
    EventId, EventsError,
    row::consent_request::{ActiveModel, Column, Entity},
};

/// How long a request is remembered.
const MEMORY: TimeDelta = TimeDelta::hours(24);

/// A request that may come again: digests only, as what it says is personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeatable {
    /// SHA-256 of the key that its sender gave it.
    pub key: [u8; 32],
    /// SHA-256 of what it asks for, by which a repetition is told from another request.
    pub body: [u8; 32],
}

/// Claims a request for this transaction, or says what it recorded when it came before.
///
/// Waits for whoever claimed it and has not ended. The same key on something else is [`EventsError::KeyReused`].
pub async fn claim_request(
    tx: &Tx,
    app: &AppId,
    request: &Repeatable,
    ambient: &Ambient,
) -> Result<Option<Vec<EventId>>, EventsError> {
    let (mine, now) = (of(app, request), ambient.now());
    Entity::delete_many().filter(mine.clone().add(Column::CreatedAt.lte(now - MEMORY))).exec(tx).await?;
    let new = ActiveModel {
        app_id: Set(app.clone()),
        key_digest: Set(request.key.to_vec()),
        body_digest: Set(request.body.to_vec()),
        events: Set(String::new()),
        created_at: Set(now),
    };
    let nothing = OnConflict::columns([Column::AppId, Column::KeyDigest]).do_nothing().to_owned();
    if Entity::insert(new).on_conflict(nothing).exec_without_returning(tx).await? == 1 {
        return Ok(None);
    }
    let row = Entity::find().filter(mine).one(tx).await?.ok_or(EventsError::KeyReused)?;
    if row.body_digest != request.body {
        return Err(EventsError::KeyReused);
    }
    let ids = row.events.split_terminator(' ').map(str::parse).collect::<Result<_, _>>();
    Ok(Some(ids.map_err(|_| StoreError::corrupt("consent_request", app))?))
}

/// Notes what a claimed request recorded, in its order.
pub async fn note_request(
    tx: &Tx,
    app: &AppId,
    request: &Repeatable,
    recorded: impl IntoIterator<Item = &EventId>,
) -> Result<(), EventsError> {
    let ids: Vec<_> = recorded.into_iter().map(EventId::as_str).collect();
    Entity::update_many()
        .col_expr(Column::Events, Expr::value(ids.join(" ")))
        .filter(of(app, request))
        .exec(tx)
        .await?;
    Ok(())
}

/// Forgets requests after a day; they may come again then and record again.
pub async fn sweep_requests(tx: &Tx, now: DateTime<Utc>) -> Result<u64, EventsError> {
    let swept = Entity::delete_many().filter(Column::CreatedAt.lte(now - MEMORY)).exec(tx).await?;
    Ok(swept.rows_affected)
}

fn of(app: &AppId, request: &Repeatable) -> Condition {
    Condition::all().add(Column::AppId.eq(app.clone())).add(Column::KeyDigest.eq(request.key.to_vec()))
}
