//! Where chains are kept.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{Actor, Ambient, Cursor, GrantId, Page, PersonId};
use consent_store::{StoreError, Tx};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Select, sea_query::OnConflict,
};

use crate::{Act, Event, EventId, EventsError, Head, row};

/// Appends what was done to the person's chain.
///
/// Holds the chain until the transaction ends, so that appends by others wait; therefore do it late.
pub async fn append(
    tx: &Tx,
    person: &PersonId,
    act: Act,
    by: &Actor,
    ambient: &Ambient,
) -> Result<Event, EventsError> {
    let mut chain = locked_chain(tx, person).await?;
    let previous = chain.head.as_deref().map(|id| parse_id(id, person)).transpose()?;
    let at = later_than(chain.at, ambient.now());
    let event = Event::link(person.clone(), chain.seq + 1, previous, (act, by.clone()), at);
    row::event::Entity::insert(row::event::Model::from(&event).into_active_model())
        .exec_without_returning(tx)
        .await?;
    chain.seq = event.seq;
    chain.head = Some(event.id.to_string());
    chain.at = Some(at);
    chain.into_active_model().reset_all().update(tx).await?;
    Ok(event)
}

/// The person's events, oldest first; pages continue after the `seq` of their last event.
pub async fn list(
    db: &impl ConnectionTrait,
    person: &PersonId,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    page(db, events_of(person), cursor).await
}

/// The events about one of the person's grants, oldest first, in pages like [`list`].
pub async fn list_of_grant(
    db: &impl ConnectionTrait,
    person: &PersonId,
    grant: &GrantId,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    page(db, events_of(person).filter(row::event::Column::GrantId.eq(grant.clone())), cursor).await
}

/// The end of the person's chain; none before the first event.
pub async fn head(db: &impl ConnectionTrait, person: &PersonId) -> Result<Option<Head>, EventsError> {
    let chain = row::event_chain::Entity::find_by_id(person.clone()).one(db).await?;
    let Some((seq, id)) = chain.and_then(|chain| Some((chain.seq, chain.head?))) else { return Ok(None) };
    Ok(Some(Head { person: person.clone(), seq, id: parse_id(&id, person)? }))
}

fn events_of(person: &PersonId) -> Select<row::event::Entity> {
    row::event::Entity::find().filter(row::event::Column::PersonId.eq(person.clone()))
}

async fn page(
    db: &impl ConnectionTrait,
    events: Select<row::event::Entity>,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    let after = cursor.after.as_deref().map_or(Ok(0), str::parse::<i64>).map_err(|_| EventsError::Cursor)?;
    let after = events.filter(row::event::Column::Seq.gt(after)).order_by_asc(row::event::Column::Seq);
    let rows = after.limit(cursor.limit + 1).all(db).await?;
    let events = rows.into_iter().map(Event::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(events, cursor, |event: &Event| event.seq.to_string()))
}

/// The chain, locked; the row is made when missing, and of two who make it at once one waits for the other.
async fn locked_chain(tx: &Tx, person: &PersonId) -> Result<row::event_chain::Model, EventsError> {
    let locked = || row::event_chain::Entity::find_by_id(person.clone()).lock_exclusive().one(tx);
    if let Some(chain) = locked().await? {
        return Ok(chain);
    }
    let empty = row::event_chain::Model { person_id: person.clone(), seq: 0, head: None, at: None };
    row::event_chain::Entity::insert(empty.into_active_model())
        .on_conflict(OnConflict::column(row::event_chain::Column::PersonId).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    locked().await?.ok_or_else(|| StoreError::corrupt("event_chain", person).into())
}

/// Now, or a millisecond after the event before, whichever is later.
fn later_than(before: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    before.map_or(now, |before| now.max(before + TimeDelta::milliseconds(1)))
}

fn parse_id(id: &str, person: &PersonId) -> Result<EventId, StoreError> {
    id.parse().map_err(|_| StoreError::corrupt("event_chain", person))
}

impl From<&Event> for row::event::Model {
    fn from(event: &Event) -> Self {
        Self {
            person_id: event.person.clone(),
            seq: event.seq,
            id: event.id.to_string(),
            previous: event.previous.as_ref().map(EventId::to_string),
            act_type: event.act.kind().to_owned(),
            grant_id: event.act.grant().cloned(),
            contract_id: Some(event.act.contract().clone()),
            body: event.body(),
            created_at: event.created_at,
        }
    }
}

/// Reads the body; the columns beside it are only there to be searched.
impl TryFrom<row::event::Model> for Event {
    type Error = StoreError;

    fn try_from(row: row::event::Model) -> Result<Self, StoreError> {
        let event = row.id.parse().and_then(|id| Event::parse(id, &row.body));
        event.map_err(|_| StoreError::corrupt("event", row.id))
    }
}

#[cfg(test)]
mod tests;
