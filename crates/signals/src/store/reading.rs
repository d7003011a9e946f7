//! What pages and the API show, and what an operator or developer may do about a dead letter.

use std::time::Duration;

use chrono::{DateTime, Utc};
use consent_core::{Ambient, AppId, Cursor, GrantId, Page, PersonId};
use consent_store::{Tx, is_one_of};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::{endpoints, locked, save};
use crate::{Endpoint, Kind, Method, Report, Signal, SignalId, SignalsError, row};

/// One attempt to get a signal to its app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: i32,
    /// `push` or `poll`.
    pub road: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// The name that was called.
    pub host: Option<String>,
    /// The address that it was called at.
    pub ip: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Option<Duration>,
    /// SHA-256 of the answer's body as far as it was read, 64 hexadecimal digits.
    pub answer_sha256: Option<String>,
    /// `delivered`, `retry`, `rejected`, `gone`, `fetched`; none while it lasts, and none for ever if its process did
    /// not survive it.
    pub outcome: Option<String>,
    /// What went wrong, in a word or two.
    pub problem: Option<String>,
}

/// The signal, if this app was sent it; another app's is not found.
pub async fn find(db: &impl ConnectionTrait, app: &AppId, id: &SignalId) -> Result<Signal, SignalsError> {
    let mine = row::signal::Entity::find_by_id(id.clone()).filter(row::signal::Column::AppId.eq(app.clone()));
    one(db, mine, id).await
}

/// The signal with this id, whoever asks: for operators, and for flows that come with proof of their own.
pub async fn find_by_id(db: &impl ConnectionTrait, id: &SignalId) -> Result<Signal, SignalsError> {
    one(db, row::signal::Entity::find_by_id(id.clone()), id).await
}

/// What was sent because of one of a person's grants, oldest first.
pub async fn list_of_grant(
    db: &impl ConnectionTrait,
    person: &PersonId,
    grant: &GrantId,
    cursor: &Cursor,
) -> Result<Page<Signal>, SignalsError> {
    let mine = row::signal::Entity::find()
        .filter(row::signal::Column::PersonId.eq(person.clone()))
        .filter(row::signal::Column::GrantId.eq(grant.clone()));
    page(db, mine, cursor).await
}

/// What was sent because of a person's grants, oldest first.
pub async fn list_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    cursor: &Cursor,
) -> Result<Page<Signal>, SignalsError> {
    let mine = row::signal::Entity::find().filter(row::signal::Column::PersonId.eq(person.clone()));
    page(db, mine, cursor).await
}

/// What an app was sent, verifications included, oldest first.
pub async fn list_of_app(
    db: &impl ConnectionTrait,
    app: &AppId,
    cursor: &Cursor,
) -> Result<Page<Signal>, SignalsError> {
    let mine = row::signal::Entity::find().filter(row::signal::Column::AppId.eq(app.clone()));
    page(db, mine, cursor).await
}

/// What apps have not done in time, oldest first; for operators.
pub async fn overdue(db: &impl ConnectionTrait, cursor: &Cursor) -> Result<Page<Signal>, SignalsError> {
    let overdue =
        row::signal::Entity::find().filter(is_one_of(row::signal::Column::Obligation, &["overdue"]));
    page(db, overdue, cursor).await
}

/// What cannot be delivered, oldest first; for operators.
pub async fn dead_letters(db: &impl ConnectionTrait, cursor: &Cursor) -> Result<Page<Signal>, SignalsError> {
    let dead =
        row::signal::Entity::find().filter(is_one_of(row::signal::Column::Delivery, &["gone", "dead"]));
    page(db, dead, cursor).await
}

/// Whether an app has something overdue that should be done by now: it gets no new consents meanwhile.
pub async fn is_in_default(db: &impl ConnectionTrait, app: &AppId) -> Result<bool, SignalsError> {
    let missed = row::signal::Entity::find()
        .filter(row::signal::Column::AppId.eq(app.clone()))
        .filter(is_one_of(row::signal::Column::Obligation, &["overdue"]))
        .filter(row::signal::Column::CompleteToldAt.is_not_null());
    Ok(missed.count(db).await? > 0)
}

/// The attempts to deliver a signal, the first one first; whoever asks has found the signal before.
pub async fn attempts(db: &impl ConnectionTrait, id: &SignalId) -> Result<Vec<Attempt>, SignalsError> {
    let rows = row::attempt::Entity::find()
        .filter(row::attempt::Column::Jti.eq(id.clone()))
        .order_by_asc(row::attempt::Column::Number)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Attempt::from).collect())
}

/// What the app reported about a signal, the first report first; whoever asks has found the signal before.
pub async fn reports(db: &impl ConnectionTrait, id: &SignalId) -> Result<Vec<Report>, SignalsError> {
    let rows = row::report::Entity::find()
        .filter(row::report::Column::SetJti.eq(id.clone()))
        .order_by_asc(row::report::Column::ReceivedAt)
        .order_by_asc(row::report::Column::Jti)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Report::try_from).collect::<Result<_, _>>()?)
}

/// Sends a signal anew that waits, was refused or is dead: at once, and then by the schedule from its beginning.
/// Refused for one that was delivered or cancelled.
pub async fn replay(tx: &Tx, id: &SignalId, ambient: &Ambient) -> Result<Signal, SignalsError> {
    let now = ambient.now();
    let found = find_by_id(tx, id).await?;
    let endpoint = match &found.endpoint {
        Some(id) => endpoints::locked(tx, id).await?.map(Endpoint::try_from).transpose()?,
        None => None,
    };
    let reachable = endpoint.is_some_and(|endpoint| match found.kind {
        Kind::Verification => endpoint.method != Method::Poll,
        _ => endpoint.is_pushed_to(),
    });
    let mut signal = locked(tx, id).await?;
    signal.go(signal.delivery.clone().replay(reachable.then_some(now))?, now);
    signal.told.dead = None;
    save(tx, &signal).await?;
    Ok(signal)
}

async fn one(
    db: &impl ConnectionTrait,
    mine: Select<row::signal::Entity>,
    id: &SignalId,
) -> Result<Signal, SignalsError> {
    let row = mine.one(db).await?.ok_or_else(|| SignalsError::NotFound(id.clone()))?;
    Ok(row.try_into()?)
}

async fn page(
    db: &impl ConnectionTrait,
    mut mine: Select<row::signal::Entity>,
    cursor: &Cursor,
) -> Result<Page<Signal>, SignalsError> {
    if let Some(after) = &cursor.after {
        let after: SignalId = after.parse().map_err(|_| SignalsError::Cursor)?;
        mine = mine.filter(row::signal::Column::Jti.gt(after));
    }
    let rows = mine.order_by_asc(row::signal::Column::Jti).limit(cursor.limit + 1).all(db).await?;
    let signals = rows.into_iter().map(Signal::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(signals, cursor, |signal: &Signal| signal.id.to_string()))
}

impl From<row::attempt::Model> for Attempt {
    fn from(row: row::attempt::Model) -> Self {
        Self {
            number: row.number,
            road: row.road,
            at: row.at,
            host: row.host,
            ip: row.ip,
            status: row.status.and_then(|status| status.try_into().ok()),
            took: row.duration_ms.and_then(|ms| ms.try_into().ok()).map(Duration::from_millis),
            answer_sha256: row.answer_sha256,
            outcome: row.outcome,
            problem: row.problem,
        }
    }
}
