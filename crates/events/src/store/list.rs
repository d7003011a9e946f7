//! Reading chains.

use consent_core::{Cursor, GrantId, Page};
use consent_store::StoreError;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    ChainId, Event, EventId, EventsError, Head,
    row::{access_entry, event, event_chain},
};

/// The events of a chain, oldest first; pages continue after the `seq` of their last event.
pub async fn list(
    db: &impl ConnectionTrait,
    chain: impl Into<ChainId>,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    let rows = stored(db, &chain.into(), seq_of(cursor)?.unwrap_or(0), cursor.limit + 1).await?;
    let events = rows.into_iter().map(Event::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(events, cursor, |event: &Event| event.seq.to_string()))
}

/// The events of a chain that are about one grant, oldest first, in pages like [`list`]; accesses are not among them.
pub async fn list_of_grant(
    db: &impl ConnectionTrait,
    chain: impl Into<ChainId>,
    grant: &GrantId,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    use event::Column;
    let of_chain = event::Entity::find().filter(Column::Chain.eq(chain.into().to_string()));
    let of_grant = of_chain.filter(Column::GrantId.eq(grant.clone()));
    let after = of_grant.filter(Column::Seq.gt(seq_of(cursor)?.unwrap_or(0))).order_by_asc(Column::Seq);
    let rows = after.limit(cursor.limit + 1).all(db).await?.into_iter().map(Stored::from);
    let events = rows.map(Event::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(events, cursor, |event: &Event| event.seq.to_string()))
}

/// The events of a chain that are about one grant, newest first; pages continue before the `seq` of their last event.
pub async fn newest_of_grant(
    db: &impl ConnectionTrait,
    chain: impl Into<ChainId>,
    grant: &GrantId,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    use event::Column;
    let of_chain = event::Entity::find().filter(Column::Chain.eq(chain.into().to_string()));
    let of_grant = of_chain.filter(Column::GrantId.eq(grant.clone()));
    let before = of_grant.filter(Column::Seq.lt(seq_of(cursor)?.unwrap_or(i64::MAX)));
    let rows = before.order_by_desc(Column::Seq).limit(cursor.limit + 1).all(db).await?.into_iter();
    let events = rows.map(Stored::from).map(Event::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(events, cursor, |event: &Event| event.seq.to_string()))
}

/// The end of a chain; none before the first event.
pub async fn head(db: &impl ConnectionTrait, chain: impl Into<ChainId>) -> Result<Option<Head>, EventsError> {
    let chain = chain.into();
    let row = event_chain::Entity::find_by_id(chain.to_string()).one(db).await?;
    let Some((seq, id)) = row.and_then(|row| Some((row.seq, row.head?))) else { return Ok(None) };
    let id = id.parse().map_err(|_| StoreError::corrupt("event_chain", &chain))?;
    Ok(Some(Head { chain, seq, id }))
}

/// The number that a cursor continues at.
pub(super) fn seq_of(cursor: &Cursor) -> Result<Option<i64>, EventsError> {
    let number = cursor.after.as_deref().map(str::parse);
    number.transpose().map_err(|_| EventsError::Cursor)
}

/// An event as it is stored.
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) body: String,
}

/// The rows of a chain behind `after`, oldest first.
pub(super) async fn stored(
    db: &impl ConnectionTrait,
    chain: &ChainId,
    after: i64,
    limit: u64,
) -> Result<Vec<Stored>, EventsError> {
    let name = chain.to_string();
    if let ChainId::Access(_) = chain {
        use access_entry::Column;
        let rows = access_entry::Entity::find().filter(Column::Chain.eq(name)).filter(Column::Seq.gt(after));
        let rows = rows.order_by_asc(Column::Seq).limit(limit).all(db).await?;
        Ok(rows.into_iter().map(Stored::from).collect())
    } else {
        use event::Column;
        let rows = event::Entity::find().filter(Column::Chain.eq(name)).filter(Column::Seq.gt(after));
        let rows = rows.order_by_asc(Column::Seq).limit(limit).all(db).await?;
        Ok(rows.into_iter().map(Stored::from).collect())
    }
}

impl From<event::Model> for Stored {
    fn from(row: event::Model) -> Self {
        Self { seq: row.seq, id: row.id, body: row.body }
    }
}

impl From<access_entry::Model> for Stored {
    fn from(row: access_entry::Model) -> Self {
        Self { seq: row.seq, id: row.id, body: row.body }
    }
}

impl Stored {
    pub(super) fn id(&self) -> Result<EventId, StoreError> {
        self.id.parse().map_err(|_| StoreError::corrupt("event", &self.id))
    }
}

/// Reads the body; the columns beside it are only there to be searched.
impl TryFrom<Stored> for Event {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Self::parse(row.id()?, &row.body).map_err(|_| StoreError::corrupt("event", row.id))
    }
}
