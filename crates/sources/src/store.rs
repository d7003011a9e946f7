//! The rows of accounts.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{AccountId, Ambient, LibraryId, RowId};
use consent_crypto::digest::hex;
use consent_library::AccountProblem;
use consent_store::{Migration, StoreError, Tx};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, sea_query::Expr,
};
use sea_orm_migration::MigrationTrait;

use crate::{Account, NewAccount, SourceError, catalogue, row};

/// How long a reader may stay silent before another one may take over.
const LEASE: TimeDelta = TimeDelta::seconds(30);

/// This crate's tables.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Migration::new(
        "m20261122_000060_account",
        include_str!("../migrations/m20261122_000060_account.sql"),
    )]
}

/// The right to read one account, until the lease runs out.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The account.
    pub account: Account,
    /// Where to go on; from the start when absent.
    pub progress: Option<String>,
    holder: RowId,
}

/// Connects an account.
pub async fn connect(tx: &Tx, new: NewAccount, ambient: &Ambient) -> Result<Account, SourceError> {
    let source = catalogue::source(new.source_id).ok_or(SourceError::UnknownSource(new.source_id))?;
    let mine = row::account::Column::LibraryId.eq(new.library.clone());
    let before = row::account::Entity::find().filter(mine).count(tx).await?;
    let now = ambient.now();
    let model = row::account::Model {
        id: ambient.new_id(),
        library_id: new.library,
        shelf_id: new.shelf,
        entity_id: format!("{}_{}", source.service_type, new.provider_id),
        number: i64::try_from(before).unwrap_or(i64::MAX).saturating_add(1),
        source_id: new.source_id,
        kind: new.kind,
        reference: hex(&ambient.random::<16>()),
        sample: new.sample,
        credentials: new.credentials,
        progress: None,
        lease_holder: None,
        lease_until: None,
        finished_at: None,
        problem: None,
        created_at: now,
        updated_at: now,
    };
    row::account::Entity::insert(row::account::ActiveModel::from(model.clone()))
        .exec_without_returning(tx)
        .await?;
    Ok(model.try_into()?)
}

/// The accounts of a library, in the order in which they were connected.
pub async fn list_accounts(
    db: &impl ConnectionTrait,
    library: &LibraryId,
) -> Result<Vec<Account>, SourceError> {
    let mine = row::account::Entity::find().filter(row::account::Column::LibraryId.eq(library.clone()));
    let rows = mine.order_by_asc(row::account::Column::Number).all(db).await?;
    rows.into_iter().map(|row| Ok(Account::try_from(row)?)).collect()
}

/// One account of a library.
pub async fn find_account(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    id: &AccountId,
) -> Result<Account, SourceError> {
    let mine = row::account::Entity::find_by_id(id.clone())
        .filter(row::account::Column::LibraryId.eq(library.clone()));
    let row = mine.one(db).await?.ok_or_else(|| SourceError::UnknownAccount(id.to_string()))?;
    Ok(row.try_into()?)
}

/// The account of a library that has this id on the wire, if it is connected.
pub async fn find_by_entity(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    entity_id: &str,
) -> Result<Option<Account>, SourceError> {
    let mine = row::account::Entity::find()
        .filter(row::account::Column::LibraryId.eq(library.clone()))
        .filter(row::account::Column::EntityId.eq(entity_id));
    Ok(mine.one(db).await?.map(Account::try_from).transpose()?)
}

/// The account of a library that a wire names: by its id there, or by what browsers carry instead.
pub async fn find_named(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    name: &str,
) -> Result<Account, SourceError> {
    let so_named = Condition::any()
        .add(row::account::Column::EntityId.eq(name))
        .add(row::account::Column::Reference.eq(name));
    let mine = row::account::Entity::find()
        .filter(row::account::Column::LibraryId.eq(library.clone()))
        .filter(so_named);
    let row = mine.one(db).await?.ok_or_else(|| SourceError::UnknownAccount(name.to_owned()))?;
    Ok(row.try_into()?)
}

/// Replaces what the source asks for, wrapped under the shelf's connect key; what went wrong with the old is over.
pub async fn renew(
    tx: &Tx,
    account: &AccountId,
    credentials: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<(), SourceError> {
    let columns = row::account::ActiveModel {
        credentials: Set(credentials),
        problem: Set(None),
        updated_at: Set(now),
        ..Default::default()
    };
    row::account::Entity::update_many()
        .set(columns)
        .filter(row::account::Column::Id.eq(account.clone()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Takes the right to read an account, unless somebody has it.
pub async fn claim(tx: &Tx, account: &AccountId, ambient: &Ambient) -> Result<Option<Reading>, SourceError> {
    let (holder, now): (RowId, _) = (ambient.new_id(), ambient.now());
    let free = Condition::any()
        .add(row::account::Column::LeaseUntil.is_null())
        .add(row::account::Column::LeaseUntil.lte(now));
    let taken = row::account::Entity::update_many()
        .col_expr(row::account::Column::LeaseHolder, Expr::value(holder.to_string()))
        .col_expr(row::account::Column::LeaseUntil, Expr::value(now + LEASE))
        .filter(row::account::Column::Id.eq(account.clone()))
        .filter(free)
        .exec(tx)
        .await?;
    if taken.rows_affected == 0 {
        return Ok(None);
    }
    let row = row::account::Entity::find_by_id(account.clone()).one(tx).await?;
    let row = row.ok_or_else(|| SourceError::UnknownAccount(account.to_string()))?;
    let progress = row.progress.clone();
    Ok(Some(Reading { account: row.try_into()?, progress, holder }))
}

/// Notes in the same transaction as a page's files how far the reading came, and prolongs the lease.
pub async fn advance(
    tx: &Tx,
    reading: &mut Reading,
    next: String,
    now: DateTime<Utc>,
) -> Result<(), SourceError> {
    let columns = row::account::ActiveModel {
        progress: Set(Some(next.clone())),
        lease_until: Set(Some(now + LEASE)),
        updated_at: Set(now),
        ..Default::default()
    };
    update(tx, reading, columns).await?;
    reading.progress = Some(next);
    Ok(())
}

/// Notes that the account was read to its end; the next reading starts afresh.
pub async fn finish(tx: &Tx, reading: &Reading, now: DateTime<Utc>) -> Result<(), SourceError> {
    end(tx, reading, Some(now), None, now).await
}

/// Notes that the account could not be read to its end.
pub async fn fail(
    tx: &Tx,
    reading: &Reading,
    problem: &AccountProblem,
    now: DateTime<Utc>,
) -> Result<(), SourceError> {
    end(tx, reading, Some(now), Some(problem), now).await
}

/// Gives the right to read back without having come to an end.
pub async fn release(tx: &Tx, reading: &Reading, now: DateTime<Utc>) -> Result<(), SourceError> {
    let columns = row::account::ActiveModel { lease_until: Set(Some(now)), ..Default::default() };
    update(tx, reading, columns).await
}

async fn end(
    tx: &Tx,
    reading: &Reading,
    finished_at: Option<DateTime<Utc>>,
    problem: Option<&AccountProblem>,
    now: DateTime<Utc>,
) -> Result<(), SourceError> {
    let columns = row::account::ActiveModel {
        progress: Set(None),
        lease_holder: Set(None),
        lease_until: Set(None),
        finished_at: Set(finished_at),
        problem: Set(problem.map(problem_json)),
        updated_at: Set(now),
        ..Default::default()
    };
    update(tx, reading, columns).await
}

async fn update(tx: &Tx, reading: &Reading, columns: row::account::ActiveModel) -> Result<(), SourceError> {
    let mine = row::account::Entity::update_many()
        .set(columns)
        .filter(row::account::Column::Id.eq(reading.account.id.clone()))
        .filter(row::account::Column::LeaseHolder.eq(reading.holder.to_string()));
    match mine.exec(tx).await?.rows_affected {
        0 => Err(SourceError::LeaseLost),
        _ => Ok(()),
    }
}

fn problem_json(problem: &AccountProblem) -> serde_json::Value {
    serde_json::to_value(problem).expect("a problem is plain text and a number")
}

impl TryFrom<row::account::Model> for Account {
    type Error = StoreError;

    fn try_from(row: row::account::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("account", &row.id);
        catalogue::source(row.source_id).ok_or_else(corrupt)?;
        Ok(Self {
            problem: row.problem.clone().map(serde_json::from_value).transpose().map_err(|_| corrupt())?,
            id: row.id,
            library: row.library_id,
            shelf: row.shelf_id,
            entity_id: row.entity_id,
            number: row.number,
            source_id: row.source_id,
            kind: row.kind,
            reference: row.reference,
            sample: row.sample,
            finished_at: row.finished_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            credentials: row.credentials,
            leased_until: row.lease_until,
        })
    }
}
