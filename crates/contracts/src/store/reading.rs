//! Contracts and their versions are looked up.

use consent_core::{AppId, ContractId, Cursor, Page};
use consent_store::{StoreError, Tx};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, SelectTwo,
    sea_query::{Expr, ExprTrait},
};

use super::{after, keys::keys_of};
use crate::{App, Client, Contract, ContractsError, Status, may_be_client_id, row};

/// The newest version of the contract, if it belongs to this app; another app's contract is not found.
pub async fn find(
    db: &impl ConnectionTrait,
    app: &AppId,
    id: &ContractId,
) -> Result<Contract, ContractsError> {
    let mine = newest_of(app).filter(row::contract::Column::Id.eq(id.clone()));
    contract(mine.one(db).await?.ok_or(ContractsError::UnknownContract)?)
}

/// A version of the contract, as a grant that is pinned to it needs it.
pub async fn find_version(
    db: &impl ConnectionTrait,
    id: &ContractId,
    version: i32,
) -> Result<Contract, ContractsError> {
    let found =
        row::version::Entity::find_by_id((id.clone(), version)).find_also_related(row::contract::Entity);
    contract(found.one(db).await?.ok_or(ContractsError::UnknownContract)?)
}

/// These versions of contracts, in no order; those that do not exist are left out. For whoever has found grants that are
/// pinned to them.
pub async fn find_versions(
    db: &impl ConnectionTrait,
    wanted: &[(ContractId, i32)],
) -> Result<Vec<Contract>, ContractsError> {
    use row::version::Column::{ContractId, Version};
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let found = row::version::Entity::find()
        .find_also_related(row::contract::Entity)
        .filter(ContractId.is_in(wanted.iter().map(|(id, _)| id.clone())))
        .filter(Version.is_in(wanted.iter().map(|(_, version)| *version)));
    let rows = found.all(db).await?.into_iter();
    let named = |row: &row::version::Model| {
        wanted.iter().any(|(id, version)| *id == row.contract_id && *version == row.version)
    };
    rows.filter(|(version, _)| named(version)).map(contract).collect()
}

/// The newest published version of each of these contracts; of those that were never published there is none.
pub async fn newest_versions(
    db: &impl ConnectionTrait,
    ids: &[ContractId],
) -> Result<Vec<(ContractId, i32)>, ContractsError> {
    use row::version::Column::{ContractId, PublishedAt, Version};
    let newest = row::version::Entity::find()
        .select_only()
        .column(ContractId)
        .column_as(Version.max(), "newest")
        .filter(ContractId.is_in(ids.iter().cloned()))
        .filter(PublishedAt.is_not_null())
        .group_by(ContractId);
    Ok(newest.into_tuple().all(db).await?)
}

/// The newest version of each of the app's contracts, oldest contract first.
pub async fn list(
    db: &impl ConnectionTrait,
    app: &AppId,
    cursor: &Cursor,
) -> Result<Page<Contract>, ContractsError> {
    let mut query = newest_of(app).order_by_asc(row::contract::Column::Id).limit(cursor.limit + 1);
    if let Some(after) = after::<ContractId>(cursor)? {
        query = query.filter(row::contract::Column::Id.gt(after));
    }
    let contracts = query.all(db).await?.into_iter().map(contract).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(contracts, cursor, |contract| contract.id.to_string()))
}

/// The client of this `client_id`, compared as a whole: one that may ask people now.
pub async fn find_client(db: &impl ConnectionTrait, client_id: &str) -> Result<Client, ContractsError> {
    if !may_be_client_id(client_id) {
        return Err(ContractsError::UnknownClient);
    }
    let found = row::contract::Entity::find()
        .filter(row::contract::Column::ClientId.eq(client_id))
        .find_also_related(row::app::Entity)
        .find_also_related(row::version::Entity)
        .one(db)
        .await?;
    let Some((row, Some(app), version)) = found else {
        return Err(ContractsError::UnknownClient);
    };
    let app = App::try_from(app)?;
    app.refuse_unless_registered()?;
    let (id, revision) = (row.id.clone(), row.revision);
    let Some(version) = version else {
        return Err(ContractsError::NotPublished { id, status: Status::Draft });
    };
    let contract = contract((version, Some(row)))?;
    match contract.status {
        Status::Published { .. } => {}
        status @ (Status::Draft | Status::Retired { .. }) => {
            return Err(ContractsError::NotPublished { id, status });
        }
    }
    let keys = keys_of(db, &id).await?;
    let earlier = match contract.version {
        1 => Vec::new(),
        version => published_before(db, &id, version).await?,
    };
    Ok(Client { app, contract, earlier, keys, revision })
}

/// Every version that was ever published, oldest first.
pub async fn published_versions(
    db: &impl ConnectionTrait,
    id: &ContractId,
) -> Result<Vec<Contract>, ContractsError> {
    published_before(db, id, i32::MAX).await
}

async fn published_before(
    db: &impl ConnectionTrait,
    id: &ContractId,
    version: i32,
) -> Result<Vec<Contract>, ContractsError> {
    let rows = row::version::Entity::find()
        .find_also_related(row::contract::Entity)
        .filter(row::version::Column::ContractId.eq(id.clone()))
        .filter(row::version::Column::Version.lt(version))
        .filter(row::version::Column::PublishedAt.is_not_null())
        .order_by_asc(row::version::Column::Version)
        .all(db)
        .await?;
    rows.into_iter().map(contract).collect()
}

/// Holds the published version of a contract as it is until the transaction ends: whoever says yes to it says yes to
/// what is in force when her yes is.
pub async fn lock_published(tx: &Tx, id: &ContractId) -> Result<(), ContractsError> {
    let row = row::contract::Entity::find_by_id(id.clone()).lock_shared().one(tx).await?;
    row.map(drop).ok_or(ContractsError::UnknownContract)
}

pub(super) fn owned(app: &AppId, id: &ContractId) -> Select<row::contract::Entity> {
    row::contract::Entity::find_by_id(id.clone()).filter(row::contract::Column::AppId.eq(app.clone()))
}

/// The contract's row, which nobody else changes until the transaction ends.
pub(super) async fn locked(
    tx: &Tx,
    app: &AppId,
    id: &ContractId,
) -> Result<row::contract::Model, ContractsError> {
    owned(app, id).lock_exclusive().one(tx).await?.ok_or(ContractsError::UnknownContract)
}

fn newest_of(app: &AppId) -> SelectTwo<row::version::Entity, row::contract::Entity> {
    let newest = (row::contract::Entity, row::contract::Column::NewestVersion);
    row::version::Entity::find()
        .find_also_related(row::contract::Entity)
        .filter(row::contract::Column::AppId.eq(app.clone()))
        .filter(ExprTrait::equals(Expr::col((row::version::Entity, row::version::Column::Version)), newest))
}

fn contract(
    (version, contract): (row::version::Model, Option<row::contract::Model>),
) -> Result<Contract, ContractsError> {
    let corrupt =
        || StoreError::corrupt("contract_version", format!("{} {}", version.contract_id, version.version));
    let contract = contract.ok_or_else(corrupt)?;
    let status = match (version.published_at, contract.retired_at) {
        (None, None) => Status::Draft,
        (Some(at), None) => Status::Published { at },
        (Some(_), Some(at)) => Status::Retired { at },
        (None, Some(_)) => return Err(corrupt().into()),
    };
    let document = serde_json::from_value(version.document.clone()).map_err(|_| corrupt())?;
    Ok(Contract {
        id: contract.id,
        app_id: contract.app_id,
        version: version.version,
        status,
        document,
        text_hash: version.text_hash,
        created_at: version.created_at,
    })
}
