//! The ledger of accesses: who fetched which file of a person's.

use chrono::{DateTime, NaiveDate, Utc};
use consent_core::{Actor, AppId, Cursor, GrantId, Page, PersonId};
use consent_store::{StoreError, Tx, batch};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel as _, QueryFilter,
    QueryOrder, QuerySelect, Select, sea_query::UnionType,
};

use super::{
    heads::{Draft, Heads},
    list::{Stored, seq_of},
};
use crate::{
    AccessCount, Act, ChainId, Event, EventsError, NewAccess,
    row::{
        access_entry::{Column, Entity, Model},
        access_spool,
    },
};

/// Appends the accesses of a file to the ledgers of their persons, in the given order, unless they are there already. The
/// moment beside each is when it happened. Forgets the names of files that are `deleted`.
pub(crate) async fn write(
    tx: &Tx,
    file: String,
    new: Vec<(NewAccess, DateTime<Utc>)>,
    deleted: &[String],
) -> Result<(), EventsError> {
    if !deleted.is_empty() {
        let gone = access_spool::Column::Name.is_in(deleted);
        access_spool::Entity::delete_many().filter(gone).exec(tx).await?;
    }
    if access_spool::Entity::find_by_id(file.as_str()).one(tx).await?.is_some() {
        return Ok(());
    }
    let name = access_spool::Model { name: file }.into_active_model();
    access_spool::Entity::insert(name).exec_without_returning(tx).await?;
    let chains = new.iter().map(|(new, _)| ledger_of(&new.person).to_string());
    let mut heads = Heads::lock(tx, chains.collect()).await?;
    let rows = new.into_iter().map(|(new, at)| link(&mut heads, new, at)).collect::<Result<_, _>>()?;
    batch::insert::<Entity>(tx, rows).await?;
    heads.keep(tx).await
}

fn link(heads: &mut Heads, new: NewAccess, at: DateTime<Utc>) -> Result<Model, EventsError> {
    let (app_id, grant_id) = (new.app.clone(), new.access.grant.clone());
    let (event, body) = heads.link(Draft {
        chain: ChainId::Access(new.person),
        act: Act::Accessed(new.access),
        actor: Actor::App(new.app),
        commitment: None,
        at,
    })?;
    Ok(Model {
        chain: event.chain.to_string(),
        seq: event.seq,
        id: event.id.into(),
        app_id,
        grant_id,
        day: event.created_at.date_naive().to_string(),
        body,
    })
}

/// What apps fetched from a person's library, newest first; pages continue before the `seq` of their last entry.
pub async fn list_accesses(
    db: &impl ConnectionTrait,
    person: &PersonId,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    newest(db, entries_of(person), cursor).await
}

/// What was fetched by one grant of a person, newest first, in pages like [`list_accesses`].
pub async fn list_accesses_of_grant(
    db: &impl ConnectionTrait,
    person: &PersonId,
    grant: &GrantId,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    newest(db, entries_of(person).filter(Column::GrantId.eq(grant.clone())), cursor).await
}

/// What one app fetched from a person's library, newest first, in pages like [`list_accesses`].
///
/// Goes through the ledger from its end: an app that fetched little among others that fetched much is found slowly.
pub async fn list_accesses_of_app(
    db: &impl ConnectionTrait,
    person: &PersonId,
    app: &AppId,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    newest(db, entries_of(person).filter(Column::AppId.eq(app.clone())), cursor).await
}

/// The last access by each of these grants of a person, in no order; grants that nothing was fetched by are left out.
pub async fn last_accesses(
    db: &impl ConnectionTrait,
    person: &PersonId,
    grants: &[GrantId],
) -> Result<Vec<Event>, EventsError> {
    let last = |grant: &GrantId| {
        let entries = entries_of(person).filter(Column::GrantId.eq(grant.clone()));
        QuerySelect::query(&mut entries.select_only().column_as(Column::Seq.max(), "last")).take()
    };
    // Each of them is one look into an index; grouped they would be all entries.
    let Some(each) = grants.iter().map(last).reduce(|mut all, next| all.union(UnionType::All, next).take())
    else {
        return Ok(Vec::new());
    };
    let last = db.query_all(&each).await?.into_iter().map(|row| row.try_get::<Option<i64>>("", "last"));
    let last = last.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
    let rows = entries_of(person).filter(Column::Seq.is_in(last)).all(db).await?.into_iter();
    Ok(rows.map(Stored::from).map(Event::try_from).collect::<Result<_, _>>()?)
}

/// How many files each app fetched from a person's library on each day (UTC) from `first` to `last`, both included;
/// days and apps without any are not listed. Newest day first.
pub async fn count_accesses(
    db: &impl ConnectionTrait,
    person: &PersonId,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<AccessCount>, EventsError> {
    let days = entries_of(person).filter(Column::Day.between(first.to_string(), last.to_string()));
    let counted = days
        .select_only()
        .columns([Column::Day, Column::AppId])
        .column_as(Column::Seq.count(), "files")
        .group_by(Column::Day)
        .group_by(Column::AppId)
        .order_by_desc(Column::Day)
        .order_by_asc(Column::AppId);
    let rows = counted.into_model::<Counted>().all(db).await?;
    Ok(rows.into_iter().map(AccessCount::try_from).collect::<Result<_, _>>()?)
}

#[derive(FromQueryResult)]
struct Counted {
    day: String,
    app_id: AppId,
    files: i64,
}

impl TryFrom<Counted> for AccessCount {
    type Error = StoreError;

    fn try_from(row: Counted) -> Result<Self, StoreError> {
        let day = row.day.parse().map_err(|_| StoreError::corrupt("access_entry", &row.day))?;
        Ok(Self { day, app: row.app_id, files: row.files })
    }
}

fn ledger_of(person: &PersonId) -> ChainId {
    ChainId::Access(person.clone())
}

fn entries_of(person: &PersonId) -> Select<Entity> {
    Entity::find().filter(Column::Chain.eq(ledger_of(person).to_string()))
}

async fn newest(
    db: &impl ConnectionTrait,
    entries: Select<Entity>,
    cursor: &Cursor,
) -> Result<Page<Event>, EventsError> {
    let before = seq_of(cursor)?.unwrap_or(i64::MAX);
    let entries = entries.filter(Column::Seq.lt(before)).order_by_desc(Column::Seq);
    let rows = entries.limit(cursor.limit + 1).all(db).await?.into_iter().map(Stored::from);
    let entries = rows.map(Event::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(entries, cursor, |entry: &Event| entry.seq.to_string()))
}
