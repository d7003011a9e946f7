//! Later versions of contracts: which grants they narrow, and what people say to the rest.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{Ambient, ContractId, GrantId};
use consent_store::Tx;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
    sea_query::{Expr, LockBehavior, LockType, OnConflict},
};

use super::{json, locked};
use crate::{Agreed, Grant, GrantError, LaterVersions, Narrowed, Narrowing, row};

/// Has every older grant of a contract gone through, because this version gave something up.
pub async fn plan_narrowing(
    tx: &Tx,
    contract: &ContractId,
    version: i32,
    ambient: &Ambient,
) -> Result<(), GrantError> {
    let planned = row::narrowing::ActiveModel {
        contract_id: Set(contract.clone()),
        version: Set(version),
        after_grant: Set(None),
        lease_holder: Set(None),
        lease_until: Set(None),
        created_at: Set(ambient.now()),
    };
    row::narrowing::Entity::insert(planned).exec_without_returning(tx).await?;
    Ok(())
}

/// Whether some version waits for its older grants to be gone through; asked outside of a transaction, so that nothing
/// is written where nothing is to be done.
pub async fn is_narrowing_due(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<bool, GrantError> {
    let free = row::narrowing::Entity::find().filter(free_at(now));
    Ok(free.limit(1).one(db).await?.is_some())
}

/// Takes one that nobody goes through; of one contract the oldest version first. Whoever does not come back leaves it to
/// others when the lease ends.
pub async fn claim_narrowing(
    tx: &Tx,
    lease: TimeDelta,
    ambient: &Ambient,
) -> Result<Option<Narrowing>, GrantError> {
    let now = ambient.now();
    let free = row::narrowing::Entity::find()
        .filter(free_at(now))
        .filter(Expr::cust(
            "NOT EXISTS (SELECT 1 FROM contract_narrowing AS n WHERE n.contract_id = contract_narrowing.contract_id \
             AND n.version < contract_narrowing.version)",
        ))
        .order_by_asc(row::narrowing::Column::CreatedAt)
        .limit(1)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let Some(row) = free.one(tx).await? else { return Ok(None) };
    let holder = ambient.new_id();
    let narrowing =
        Narrowing { contract: row.contract_id, version: row.version, after: row.after_grant, holder };
    let claimed = row::narrowing::Entity::update_many()
        .col_expr(row::narrowing::Column::LeaseHolder, Expr::value(narrowing.holder.clone()))
        .col_expr(row::narrowing::Column::LeaseUntil, Expr::value(now + lease))
        .filter(row::narrowing::Column::ContractId.eq(narrowing.contract.clone()))
        .filter(row::narrowing::Column::Version.eq(narrowing.version));
    claimed.exec(tx).await?;
    Ok(Some(narrowing))
}

/// The next grants to go through: those that have not ended, are older, and were not noted.
pub async fn to_narrow(
    db: &impl ConnectionTrait,
    narrowing: &Narrowing,
    limit: u64,
) -> Result<Vec<GrantId>, GrantError> {
    let sql = "SELECT g.id AS id FROM consent_grant AS g LEFT JOIN grant_change AS c ON c.grant_id = g.id \
         WHERE g.contract_id = $1 AND g.stage IN ('active', 'stopped') AND g.id > $2 \
         AND g.version < $3 AND COALESCE(c.noted_version, g.version) < $3 ORDER BY g.id LIMIT $4";
    let after = narrowing.after.as_ref().map_or("", GrantId::as_str);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [narrowing.contract.as_str().into(), after.into(), narrowing.version.into(), limit.into()];
    let select = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = db.query_all_raw(select).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}

/// Notes that all grants up to `after` were gone through, and lets whoever comes next go on from there.
pub async fn advance_narrowing(tx: &Tx, narrowing: &Narrowing, after: &GrantId) -> Result<(), GrantError> {
    let advanced = row::narrowing::ActiveModel {
        after_grant: Set(Some(after.clone())),
        lease_holder: Set(None),
        lease_until: Set(None),
        ..Default::default()
    };
    row::narrowing::Entity::update_many().set(advanced).filter(mine(narrowing)).exec(tx).await?;
    Ok(())
}

/// Notes that all grants were gone through.
pub async fn finish_narrowing(tx: &Tx, narrowing: &Narrowing) -> Result<(), GrantError> {
    row::narrowing::Entity::delete_many().filter(mine(narrowing)).exec(tx).await?;
    Ok(())
}

/// The grant for whoever changes what it covers, and what became of later versions until now; nobody else changes
/// either before the transaction ends.
pub async fn lock_for_change(tx: &Tx, id: &GrantId) -> Result<(Grant, LaterVersions), GrantError> {
    let grant = Grant::try_from(locked(tx, id).await?)?;
    Ok((grant, later_versions(tx, id).await?))
}

/// What became of later versions of a grant's contract.
pub async fn later_versions(db: &impl ConnectionTrait, id: &GrantId) -> Result<LaterVersions, GrantError> {
    let row = row::change::Entity::find_by_id(id.clone()).one(db).await?;
    Ok(row.map_or_else(LaterVersions::default, |row| LaterVersions {
        noted: row.noted_version,
        declined: row.declined_version.zip(row.declined_at),
    }))
}

/// Notes that a version gave nothing up that this grant still had.
pub async fn note_version(tx: &Tx, id: &GrantId, version: i32) -> Result<(), GrantError> {
    let noted = row::change::ActiveModel {
        grant_id: Set(id.clone()),
        noted_version: Set(Some(version)),
        ..Default::default()
    };
    let known = OnConflict::column(row::change::Column::GrantId)
        .update_column(row::change::Column::NotedVersion)
        .to_owned();
    row::change::Entity::insert(noted).on_conflict(known).exec_without_returning(tx).await?;
    Ok(())
}

/// Notes what a version took from a grant that is locked for it.
pub async fn narrow(tx: &Tx, grant: Grant, narrowed: Narrowed) -> Result<Grant, GrantError> {
    let mut grant = grant;
    grant.seq += 1;
    grant.epoch += i64::from(narrowed.cuts_data);
    grant.choices.shelves.retain(|shelf| !narrowed.shelves.contains(shelf));
    grant.expires_at = [grant.expires_at, narrowed.ends_at].into_iter().flatten().min();
    row::grant::Entity::update_many()
        .col_expr(row::grant::Column::Choices, Expr::value(json(&grant.choices)))
        .col_expr(row::grant::Column::Seq, Expr::value(grant.seq))
        .col_expr(row::grant::Column::Epoch, Expr::value(grant.epoch))
        .col_expr(row::grant::Column::ExpiresAt, Expr::value(grant.expires_at))
        .filter(row::grant::Column::Id.eq(grant.id.clone()))
        .exec(tx)
        .await?;
    note_version(tx, &grant.id, narrowed.version).await?;
    Ok(grant)
}

/// Pins a grant that is locked for it to what its person agreed to anew.
pub async fn agree(tx: &Tx, grant: Grant, agreed: Agreed) -> Result<Grant, GrantError> {
    let Agreed { version, text_hash, choices, expires_at } = agreed;
    let grant = Grant { version, text_hash, choices, expires_at, seq: grant.seq + 1, ..grant };
    row::grant::Entity::update_many()
        .col_expr(row::grant::Column::Version, Expr::value(grant.version))
        .col_expr(row::grant::Column::TextHash, Expr::value(grant.text_hash.clone()))
        .col_expr(row::grant::Column::Choices, Expr::value(json(&grant.choices)))
        .col_expr(row::grant::Column::Seq, Expr::value(grant.seq))
        .col_expr(row::grant::Column::ExpiresAt, Expr::value(grant.expires_at))
        .filter(row::grant::Column::Id.eq(grant.id.clone()))
        .exec(tx)
        .await?;
    Ok(grant)
}

/// Remembers that she said no to a version, so that she is not asked again before the next one.
pub async fn note_no(tx: &Tx, id: &GrantId, version: i32, ambient: &Ambient) -> Result<(), GrantError> {
    let declined = row::change::ActiveModel {
        grant_id: Set(id.clone()),
        declined_version: Set(Some(version)),
        declined_at: Set(Some(ambient.now())),
        ..Default::default()
    };
    let known = OnConflict::column(row::change::Column::GrantId)
        .update_columns([row::change::Column::DeclinedVersion, row::change::Column::DeclinedAt])
        .to_owned();
    row::change::Entity::insert(declined).on_conflict(known).exec_without_returning(tx).await?;
    Ok(())
}

fn free_at(now: DateTime<Utc>) -> sea_orm::Condition {
    sea_orm::Condition::any()
        .add(row::narrowing::Column::LeaseUntil.is_null())
        .add(row::narrowing::Column::LeaseUntil.lte(now))
}

fn mine(narrowing: &Narrowing) -> sea_orm::Condition {
    sea_orm::Condition::all()
        .add(row::narrowing::Column::ContractId.eq(narrowing.contract.clone()))
        .add(row::narrowing::Column::Version.eq(narrowing.version))
        .add(row::narrowing::Column::LeaseHolder.eq(narrowing.holder.clone()))
}
