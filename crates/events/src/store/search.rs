//! Finding consent events.

use consent_core::{AppId, Cursor, Page, PersonId, TypedId as _};
use consent_store::{StoreError, batch};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, ExprTrait as _, FromQueryResult, IdenStatic,
    QueryFilter as _, QueryOrder as _,
    prelude::DateTimeUtc,
    sea_query::{Cond, Expr, Iden, JoinType, Order, Query, SelectStatement},
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{consent::read_facts, list::seq_of};
use crate::{
    ChainId, ConsentEvent, EventId, EventsError, Payload,
    consent::{issuer_key, scope_key, subject_key, target_key, vault_key},
    row::{consent_event, consent_stream, event, event_payload},
};

/// The most questions that [`list_current`] looks at.
const MOST_CURRENT: u64 = 10_000;

/// Which consent events: all that are given have to be the same, byte for byte.
#[derive(Clone, Default)]
pub struct Filter {
    /// Who consents.
    pub subject: String,
    /// What is agreed to.
    pub target: Option<String>,
    /// Who asks.
    pub issuer: Option<String>,
    /// The clause of the target.
    pub scope: Option<String>,
    /// The part of the log.
    pub vault_id: Option<String>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Filter([REDACTED])")
    }
}

/// The consent events of an app that fit, newest first; pages continue before the time of their last event, in
/// milliseconds since the epoch.
pub async fn search(
    db: &impl ConnectionTrait,
    app: &AppId,
    filter: &Filter,
    cursor: &Cursor,
) -> Result<Page<ConsentEvent>, EventsError> {
    use consent_event::{Column, Entity};
    let [target, subject] = [Column::TargetKey, Column::SubjectKey];
    let others = [Column::ScopeKey, Column::IssuerKey, Column::VaultKey];
    let mut fits = Searched::of(app, filter).fits(Entity, [target, subject], others);
    if let Some(millis) = seq_of(cursor)? {
        let before = DateTimeUtc::from_timestamp_millis(millis).ok_or(EventsError::Cursor)?;
        fits = fits.add(Expr::col((Entity, Column::CreatedAt)).lt(before));
    }
    let events = newest(db, select().cond_where(fits), cursor.limit + 1).await?;
    Ok(Page::cut(events, cursor, |event: &ConsentEvent| event.created_at.timestamp_millis().to_string()))
}

/// Of the consent events that fit the newest of each scope of each target, newest first.
pub async fn list_current(
    db: &impl ConnectionTrait,
    app: &AppId,
    filter: &Filter,
) -> Result<Vec<ConsentEvent>, EventsError> {
    use consent_stream::{Column, Entity};
    let [target, subject] = [Column::TargetKey, Column::SubjectKey];
    let others = [Column::ScopeKey, Column::IssuerKey, Column::VaultKey];
    let fits = Searched::of(app, filter).fits(Entity, [target, subject], others);
    let mut select = said_in(Entity);
    // All that fit are of this app: their keys say so.
    select
        .expr_as(Expr::val(app.as_str()), consent_event::Column::AppId)
        .expr_as(Expr::col((Entity, Column::EventId)), event::Column::Id)
        .cond_where(fits);
    select.order_by((Entity, Column::CreatedAt), Order::Desc).limit(MOST_CURRENT);
    let mut events = found(db, &select).await?;
    // The same question may have been put by several issuers and in several vaults.
    let mut seen = HashSet::new();
    events.retain(|event| seen.insert((event.consent.target.clone(), event.consent.scope.clone())));
    Ok(events)
}

/// A consent event of an app.
pub async fn find(db: &impl ConnectionTrait, app: &AppId, id: &EventId) -> Result<ConsentEvent, EventsError> {
    let fits = Cond::all()
        .add(Expr::col((event::Entity, event::Column::Id)).eq(id.as_str()))
        .add(Expr::col((consent_event::Entity, consent_event::Column::AppId)).eq(app.as_str()));
    newest(db, select().cond_where(fits), 1).await?.pop().ok_or(EventsError::NotFound)
}

/// The consent events of an app with these ids, in this order; [`EventsError::NotFound`] when one is missing.
pub async fn find_listed(
    db: &impl ConnectionTrait,
    app: &AppId,
    ids: &[EventId],
) -> Result<Vec<ConsentEvent>, EventsError> {
    let mut events = HashMap::new();
    for ids in batch::pieces(ids.iter().map(EventId::as_str).collect()) {
        let fits = Cond::all()
            .add(Expr::col((event::Entity, event::Column::Id)).is_in(ids))
            .add(Expr::col((consent_event::Entity, consent_event::Column::AppId)).eq(app.as_str()));
        let found = found(db, select().cond_where(fits)).await?;
        events.extend(found.into_iter().map(|event| (event.id.clone(), event)));
    }
    ids.iter().map(|id| events.remove(id).ok_or(EventsError::NotFound)).collect()
}

/// Which of these subjects of an app's log are persons of ours, by what was recorded about them before.
pub async fn persons_of<'a>(
    db: &impl ConnectionTrait,
    app: &AppId,
    subjects: &BTreeSet<&'a str>,
) -> Result<BTreeMap<&'a str, PersonId>, EventsError> {
    use consent_event::{Column, Entity};
    let mut persons = BTreeMap::new();
    for subject in subjects {
        let hers = Entity::find()
            .filter(Column::SubjectKey.eq(subject_key(app, subject)))
            .filter(Column::Chain.starts_with(PersonId::PREFIX));
        let chain = hers.order_by_desc(Column::CreatedAt).one(db).await?.map(|row| row.chain.parse());
        if let Some(Ok(ChainId::Person(person))) = chain {
            persons.insert(*subject, person);
        }
    }
    Ok(persons)
}

/// The newest of an app's consent events with this token.
pub async fn find_by_token(
    db: &impl ConnectionTrait,
    app: &AppId,
    token: &str,
) -> Result<ConsentEvent, EventsError> {
    use consent_event::{Column, Entity};
    let fits = Cond::all()
        .add(Expr::col((Entity, Column::AppId)).eq(app.as_str()))
        .add(Expr::col((Entity, Column::Token)).eq(token));
    newest(db, select().cond_where(fits), 1).await?.pop().ok_or(EventsError::NotFound)
}

/// What apps recorded in a person's chain, newest first; pages continue before the `seq` of their last event.
pub async fn list_consents_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    cursor: &Cursor,
) -> Result<Page<ConsentEvent>, EventsError> {
    use consent_event::{Column, Entity};
    let before = seq_of(cursor)?.map(|seq| Expr::col((Entity, Column::Seq)).lt(seq));
    let fits = Cond::all().add(Expr::col((Entity, Column::Chain)).eq(person.as_str())).add_option(before);
    let mut select = select();
    select.cond_where(fits).order_by((Entity, Column::Seq), Order::Desc);
    let events = found(db, select.limit(cursor.limit + 1)).await?;
    Ok(Page::cut(events, cursor, |event: &ConsentEvent| event.seq.to_string()))
}

/// A filter as the columns know it.
struct Searched {
    subject: Vec<u8>,
    target: Option<Vec<u8>>,
    scope: Option<Vec<u8>>,
    issuer: Option<Vec<u8>>,
    vault: Option<Vec<u8>>,
}

impl Searched {
    fn of(app: &AppId, filter: &Filter) -> Self {
        Self {
            subject: subject_key(app, &filter.subject),
            target: filter.target.as_ref().map(|target| target_key(app, &filter.subject, target)),
            scope: filter.scope.as_deref().map(scope_key),
            issuer: filter.issuer.as_deref().map(|issuer| issuer_key(Some(issuer))),
            vault: filter.vault_id.as_deref().map(|vault| vault_key(Some(vault))),
        }
    }

    /// What a row of a table has to fulfil: a target's key holds its subject's, so that one of the two suffices.
    fn fits<E: Iden + Copy, C: Iden>(self, table: E, [target, subject]: [C; 2], others: [C; 3]) -> Cond {
        let is = |column: C, key: Vec<u8>| Expr::col((table, column)).eq(key);
        let first = match self.target {
            Some(key) => is(target, key),
            None => is(subject, self.subject),
        };
        let others = others.into_iter().zip([self.scope, self.issuer, self.vault]);
        others.fold(Cond::all().add(first), |fits, (column, key)| {
            fits.add_option(key.map(|key| is(column, key)))
        })
    }
}

/// A row of the log with the link and the payload that belong to it.
#[derive(FromQueryResult)]
struct Found {
    id: String,
    chain: String,
    seq: i64,
    app_id: AppId,
    created_at: DateTimeUtc,
    payload: String,
}

fn select() -> SelectStatement {
    use consent_event::{Column, Entity};
    let mut select = said_in(Entity);
    select.column((Entity, Column::AppId)).column((event::Entity, event::Column::Id));
    join_at(&mut select, Entity, event::Entity);
    select
}

/// Where the rows of a table stand, when that was, and the payload there.
fn said_in(table: impl IdenStatic) -> SelectStatement {
    use event::Column;
    let mut select = Query::select();
    select
        .columns([Column::Chain, Column::Seq, Column::CreatedAt].map(|column| (table, column)))
        .column((event_payload::Entity, event_payload::Column::Payload))
        .from(table);
    join_at(&mut select, table, event_payload::Entity);
    select
}

/// Adds the row of another table at the same place of the same chain; both columns are called alike in all tables.
fn join_at(select: &mut SelectStatement, of: impl IdenStatic, table: impl IdenStatic) {
    use event::Column;
    let same = |column: Column| Expr::col((of, column)).equals((table, column));
    select.join(JoinType::InnerJoin, table, Cond::all().add(same(Column::Chain)).add(same(Column::Seq)));
}

async fn newest(
    db: &impl ConnectionTrait,
    select: &mut SelectStatement,
    limit: u64,
) -> Result<Vec<ConsentEvent>, EventsError> {
    let created_at = (consent_event::Entity, consent_event::Column::CreatedAt);
    found(db, select.order_by(created_at, Order::Desc).limit(limit)).await
}

async fn found(
    db: &impl ConnectionTrait,
    select: &SelectStatement,
) -> Result<Vec<ConsentEvent>, EventsError> {
    let statement = db.get_database_backend().build(select);
    let rows = Found::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(ConsentEvent::try_from).collect::<Result<_, _>>()?)
}

impl TryFrom<Found> for ConsentEvent {
    type Error = StoreError;

    fn try_from(row: Found) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("event_payload", &row.id);
        let payload = Payload::parse(&row.payload).ok_or_else(corrupt)?;
        let (consent, token) = payload.consent().cloned().and_then(read_facts).ok_or_else(corrupt)?;
        Ok(Self {
            id: row.id.parse().map_err(|_| corrupt())?,
            chain: row.chain.parse::<ChainId>().map_err(|_| corrupt())?,
            seq: row.seq,
            app: row.app_id.clone(),
            consent,
            token,
            created_at: row.created_at,
        })
    }
}
