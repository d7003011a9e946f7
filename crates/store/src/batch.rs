//! Many rows with few statements.

use std::collections::BTreeSet;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    Value,
    sea_query::{LockBehavior, LockType, OnConflict},
};

use crate::Tx;

/// The most rows of one statement: with 60 columns below the 32 766 parameters that SQLite takes.
const MOST: usize = 512;

/// What becomes of rows that another transaction holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// They are waited for.
    Wait,
    /// They are left out. Who holds many rows and never waits for one is in nobody's way.
    Skip,
}

/// `items` cut into pieces whose lengths are powers of two.
///
/// Statements are prepared once for each length and kept; with all lengths there were room for nothing else.
pub fn pieces<T>(mut items: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let len = items.len().min(MOST).checked_ilog2().map(|log| 1_usize << log)?;
        let rest = items.split_off(len);
        Some(std::mem::replace(&mut items, rest))
    })
}

/// Inserts all rows, in their order.
pub async fn insert<E>(
    db: &impl ConnectionTrait,
    rows: Vec<impl IntoActiveModel<E::ActiveModel>>,
) -> Result<(), DbErr>
where
    E: EntityTrait,
{
    for rows in pieces(rows) {
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        E::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Inserts all rows, in their order, and does `on_conflict` where one is there already.
pub async fn upsert<E>(
    db: &impl ConnectionTrait,
    rows: Vec<impl IntoActiveModel<E::ActiveModel>>,
    on_conflict: &OnConflict,
) -> Result<(), DbErr>
where
    E: EntityTrait,
{
    for rows in pieces(rows) {
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        let insert = E::insert_many(rows).on_conflict(on_conflict.clone());
        insert.exec_without_returning(db).await?;
    }
    Ok(())
}

/// The rows with these keys in the unique `column`, locked; those that are missing are made by `make`.
///
/// Rows are made and then locked in the order of their keys, so that of two who want the same ones one waits for the
/// other, and never both.
pub async fn lock_or_make<E, K>(
    tx: &Tx,
    column: E::Column,
    keys: &BTreeSet<K>,
    make: impl Fn(&K) -> E::Model,
) -> Result<Vec<E::Model>, DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    K: Clone + Ord + Into<Value>,
{
    // One alone can be locked first: there is no order to keep.
    if keys.len() < 2 {
        let rows = lock::<E, K>(tx, column, keys, Patience::Wait).await?;
        if rows.len() == keys.len() {
            return Ok(rows);
        }
    }
    let nothing = OnConflict::column(column).do_nothing().to_owned();
    upsert::<E>(tx, keys.iter().map(make).collect(), &nothing).await?;
    lock::<E, K>(tx, column, keys, Patience::Wait).await
}

/// The rows with these keys in the unique `column` that are there, locked in the order of their keys.
pub async fn lock<E, K>(
    tx: &Tx,
    column: E::Column,
    keys: &BTreeSet<K>,
    patience: Patience,
) -> Result<Vec<E::Model>, DbErr>
where
    E: EntityTrait,
    K: Clone + Ord + Into<Value>,
{
    let mut rows = Vec::with_capacity(keys.len());
    for keys in pieces(keys.iter().cloned().collect()) {
        let found = E::find().filter(column.is_in(keys)).order_by_asc(column);
        let found = match patience {
            Patience::Wait => found.lock_exclusive(),
            Patience::Skip => found.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked),
        };
        rows.extend(found.all(tx).await?);
    }
    Ok(rows)
}
