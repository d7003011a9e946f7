//! The rows of notices.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{Ambient, Cursor, NoticeId, Page, RowId};
use consent_store::{Migration, StoreError, Tx};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};
use sea_orm_migration::MigrationTrait;

use crate::{
    Attempt, Audience, NewNotice, Notice, NoticeError, State,
    row::notice::{ActiveModel, Column, Entity, Model},
};

/// So long a worker has the right to send a notice; longer than an attempt can take.
const LEASE: TimeDelta = TimeDelta::minutes(2);

/// This crate's table.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Migration::new("m20261211_000402_notice", include_str!("../migrations/m20261211_000402_notice.sql"))]
}

/// Writes a notice, which is sent after the transaction that it belongs to.
pub async fn write(tx: &Tx, new: NewNotice, ambient: &Ambient) -> Result<NoticeId, NoticeError> {
    let (id, now): (NoticeId, _) = (ambient.new_id(), ambient.now());
    let model = ActiveModel {
        id: Set(id.clone()),
        audience: Set(new.audience.name().to_owned()),
        app_id: Set(new.app),
        grant_id: Set(new.grant),
        signal: Set(new.signal),
        moment: Set(new.moment.to_owned()),
        subject: Set(new.subject),
        body: Set(new.body),
        created_at: Set(now),
        state: Set(State::Waiting { failed: 0 }.name().to_owned()),
        due_at: Set(Some(now)),
        failed: Set(0),
        ..Default::default()
    };
    Entity::insert(model).exec_without_returning(tx).await?;
    Ok(id)
}

/// Whether there is anything to claim; asked outside of a transaction, so that an idle worker writes nothing.
pub async fn is_any_due(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<bool, NoticeError> {
    Ok(Entity::find().filter(Column::DueAt.lte(now)).limit(1).count(db).await? > 0)
}

/// A notice that this worker has the right to send.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The notice.
    pub notice: Notice,
    holder: RowId,
}

/// Takes at most `limit` notices that are due, the oldest first. Whoever does not come back leaves them due again when the
/// lease of two minutes ends.
pub async fn claim(tx: &Tx, limit: u64, ambient: &Ambient) -> Result<Vec<Claimed>, NoticeError> {
    let now = ambient.now();
    let due = Entity::find()
        .filter(Column::DueAt.lte(now))
        .order_by_asc(Column::Id)
        .limit(limit)
        // Another replica that is faster has them.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let mut claimed = Vec::new();
    for row in due.all(tx).await? {
        let mut notice = Notice::try_from(row)?;
        notice.state = State::Sending { failed: notice.state.failed() };
        let holder: RowId = ambient.new_id();
        let columns = ActiveModel {
            state: Set(notice.state.name().to_owned()),
            due_at: Set(Some(now + LEASE)),
            lease_holder: Set(Some(holder.clone())),
            ..Default::default()
        };
        Entity::update_many().set(columns).filter(Column::Id.eq(notice.id.clone())).exec(tx).await?;
        claimed.push(Claimed { notice, holder });
    }
    Ok(claimed)
}

/// Notes what became of an attempt, unless its lease has run out and another worker has the notice. `problem` says why it
/// was in vain.
pub async fn conclude(
    tx: &Tx,
    claimed: &Claimed,
    attempt: Attempt,
    problem: Option<&str>,
    ambient: &Ambient,
) -> Result<(), NoticeError> {
    let (now, state) = (ambient.now(), claimed.notice.state.after(attempt));
    let over = matches!(state, State::Sent | State::GivenUp);
    let columns = ActiveModel {
        state: Set(state.name().to_owned()),
        due_at: Set(state.due_at(now)),
        lease_holder: Set(None),
        failed: Set(i32::try_from(state.failed()).unwrap_or(i32::MAX)),
        ended_at: Set(over.then_some(now)),
        problem: Set(problem.map(str::to_owned)),
        ..Default::default()
    };
    Entity::update_many()
        .set(columns)
        .filter(Column::Id.eq(claimed.notice.id.clone()))
        .filter(Column::LeaseHolder.eq(claimed.holder.clone()))
        .exec(tx)
        .await?;
    Ok(())
}

/// All notices, oldest first; for operators.
pub async fn list(db: &impl ConnectionTrait, cursor: &Cursor) -> Result<Page<Notice>, NoticeError> {
    let mut all = Entity::find();
    if let Some(after) = &cursor.after {
        let after: NoticeId = after.parse().map_err(|_| NoticeError::Cursor)?;
        all = all.filter(Column::Id.gt(after));
    }
    let rows = all.order_by_asc(Column::Id).limit(cursor.limit + 1).all(db).await?;
    let notices = rows.into_iter().map(Notice::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(notices, cursor, |notice: &Notice| notice.id.to_string()))
}

impl TryFrom<Model> for Notice {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("notice", &row.id);
        let failed = row.failed.try_into().map_err(|_| corrupt())?;
        Ok(Self {
            audience: Audience::parse(&row.audience).ok_or_else(corrupt)?,
            state: State::parse(&row.state, failed).ok_or_else(corrupt)?,
            id: row.id,
            app: row.app_id,
            grant: row.grant_id,
            signal: row.signal,
            moment: row.moment,
            subject: row.subject,
            body: row.body,
            created_at: row.created_at,
            ended_at: row.ended_at,
            problem: row.problem,
        })
    }
}
