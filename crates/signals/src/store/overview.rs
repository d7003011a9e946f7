//! What a person sees of many signals at once.

use std::collections::BTreeMap;

use consent_core::{Cursor, GrantId, Page, PersonId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};

use crate::{
    Obligation, Report, Signal, SignalId, SignalsError,
    row::{report, signal},
};

/// A grant whose app still has something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    /// The grant.
    pub grant: GrantId,
    /// Whether a deadline went by.
    pub overdue: bool,
}

/// The grants of a person whose apps still have something to do, latest first.
pub async fn owing_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
) -> Result<Vec<Owing>, SignalsError> {
    let owed = of_person(person).filter(is_owed()).filter(signal::Column::GrantId.is_not_null());
    let owed = owed.select_only().columns([signal::Column::GrantId, signal::Column::Obligation]).distinct();
    let rows = owed.into_tuple::<(GrantId, String)>().all(db).await?;
    let mut grants = BTreeMap::new();
    for (grant, obligation) in rows {
        *grants.entry(grant).or_default() |= obligation == Obligation::Overdue.name();
    }
    Ok(grants.into_iter().rev().map(|(grant, overdue)| Owing { grant, overdue }).collect())
}

/// Of each of these grants of a person what its app was told last, and what it still has to do; the latest first.
pub async fn standing_of_grants(
    db: &impl ConnectionTrait,
    person: &PersonId,
    grants: &[GrantId],
) -> Result<Vec<Signal>, SignalsError> {
    let theirs = of_person(person).filter(signal::Column::GrantId.is_in(grants.iter().cloned()));
    let last = theirs
        .clone()
        .select_only()
        .column(signal::Column::GrantId)
        .column_as(signal::Column::Seq.max(), "last")
        .group_by(signal::Column::GrantId);
    let last = last.into_tuple::<(GrantId, i64)>().all(db).await?;
    let is_last = last.into_iter().fold(Condition::any(), |any, (grant, seq)| {
        any.add(signal::Column::GrantId.eq(grant).and(signal::Column::Seq.eq(seq)))
    });
    let standing = theirs.filter(is_last.add(is_owed())).order_by_desc(signal::Column::Seq);
    Ok(standing.all(db).await?.into_iter().map(Signal::try_from).collect::<Result<_, _>>()?)
}

/// What was sent because of one of a person's grants, the latest first; pages continue before the `seq` of their last
/// signal.
pub async fn newest_of_grant(
    db: &impl ConnectionTrait,
    person: &PersonId,
    grant: &GrantId,
    cursor: &Cursor,
) -> Result<Page<Signal>, SignalsError> {
    let before = cursor.after.as_deref().map(str::parse::<i64>).transpose();
    let before = before.map_err(|_| SignalsError::Cursor)?.unwrap_or(i64::MAX);
    let mine = of_person(person)
        .filter(signal::Column::GrantId.eq(grant.clone()))
        .filter(signal::Column::Seq.lt(before))
        .order_by_desc(signal::Column::Seq);
    let rows = mine.limit(cursor.limit + 1).all(db).await?;
    let signals = rows.into_iter().map(Signal::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(signals, cursor, |signal: &Signal| signal.seq.unwrap_or_default().to_string()))
}

/// What apps reported about these signals, the first report of each first; whoever asks has found the signals before.
pub async fn reports_on(
    db: &impl ConnectionTrait,
    signals: &[SignalId],
) -> Result<Vec<Report>, SignalsError> {
    let rows = report::Entity::find()
        .filter(report::Column::SetJti.is_in(signals.iter().cloned()))
        .order_by_asc(report::Column::ReceivedAt)
        .order_by_asc(report::Column::Jti)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Report::try_from).collect::<Result<_, _>>()?)
}

fn of_person(person: &PersonId) -> Select<signal::Entity> {
    signal::Entity::find().filter(signal::Column::PersonId.eq(person.clone()))
}

fn is_owed() -> Condition {
    let owed = Obligation::ALL.into_iter().filter(|state| state.is_owed()).map(Obligation::name);
    Condition::all().add(signal::Column::Obligation.is_in(owed))
}
