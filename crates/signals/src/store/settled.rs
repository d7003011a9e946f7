//! What is left to do about signals that came to their end: to tell that they arrived, and one day to forget them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use consent_core::{Ambient, AppId, GrantId};
use consent_store::{Tx, batch, is_one_of};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement, sea_query::Expr,
};

use crate::{SignalId, SignalsError, delivery::ARRIVED, obligation::OWED, row};

/// A signal that arrived, which nobody has been told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The signal.
    pub signal: SignalId,
    /// The app that has it.
    pub app: AppId,
    /// About which grant.
    pub grant: GrantId,
}

/// At most `limit` signals about grants that arrived, pushed or fetched, and were not noted; the oldest first.
pub async fn arrived(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<Arrived>, SignalsError> {
    use row::signal::Column;
    let rows: Vec<(SignalId, AppId, GrantId)> = row::signal::Entity::find()
        .select_only()
        .columns([Column::Jti, Column::AppId, Column::GrantId])
        .filter(Column::NotedAt.is_null())
        .filter(Column::GrantId.is_not_null())
        .filter(is_one_of(Column::Delivery, &ARRIVED))
        .order_by_asc(Column::Jti)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(signal, app, grant)| Arrived { signal, app, grant }).collect())
}

/// Notes in the transaction that tells of it which of these signals arrived, and returns those that nobody noted before.
/// The caller holds the grants that they are about.
pub async fn note_arrived(
    tx: &Tx,
    ids: Vec<SignalId>,
    ambient: &Ambient,
) -> Result<HashSet<SignalId>, SignalsError> {
    use row::signal::{Column, Entity};
    let mut noted = HashSet::new();
    for ids in batch::pieces(ids) {
        let new = Condition::all()
            .add(Column::Jti.is_in(ids))
            .add(Column::NotedAt.is_null())
            .add(is_one_of(Column::Delivery, &ARRIVED));
        let found = Entity::find().select_only().column(Column::Jti).filter(new.clone());
        noted.extend(found.into_tuple::<SignalId>().all(tx).await?);
        let at = Expr::value(ambient.now());
        Entity::update_many().col_expr(Column::NotedAt, at).filter(new).exec(tx).await?;
    }
    Ok(noted)
}

/// Forgets signals that came to their end before `before`, with their attempts; at most `limit`, and returns how many.
///
/// What is still owed for is kept, as is what was reported about, which is proof, and the latest signal of each grant,
/// which says what the next one has to be above.
pub async fn forget(tx: &Tx, before: DateTime<Utc>, limit: u64) -> Result<u64, SignalsError> {
    let owed = OWED.map(|state| format!("'{state}'")).join(", ");
    let sql = format!(
        "SELECT s.jti AS jti FROM signal AS s WHERE s.delivery IN ('delivered', 'fetched', 'cancelled') \
         AND s.delivery_since < $1 AND (s.obligation IS NULL \
            OR (s.obligation NOT IN ({owed}) AND s.obligation_since < $1)) \
         AND (s.grant_id IS NULL OR s.delivery = 'cancelled' OR s.noted_at IS NOT NULL) \
         AND (s.grant_id IS NULL OR EXISTS ( \
            SELECT 1 FROM signal AS l WHERE l.grant_id = s.grant_id AND l.seq > s.seq)) \
         AND NOT EXISTS (SELECT 1 FROM signal_report AS r WHERE r.set_jti = s.jti) \
         ORDER BY s.delivery_since LIMIT $2{}",
        // Another replica that is faster has them.
        if tx.get_database_backend() == DbBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" },
    );
    let values = [before.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let select = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let rows = tx.query_all_raw(select).await?;
    let ids = rows.iter().map(|row| row.try_get("", "jti")).collect::<Result<Vec<SignalId>, _>>()?;
    let attempts = row::attempt::Entity::delete_many().filter(row::attempt::Column::Jti.is_in(ids.clone()));
    attempts.exec(tx).await?;
    let signals = row::signal::Entity::delete_many().filter(row::signal::Column::Jti.is_in(ids));
    Ok(signals.exec(tx).await?.rows_affected)
}
