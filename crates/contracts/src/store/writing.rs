//! A contract is written, put before people and ended.

use consent_core::{Ambient, AppId, ContractId};
use consent_store::Tx;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{
    apps::registered,
    keys::{insert_key, join_key, swap_first_key},
    reading::{find, find_version, locked},
};
use crate::{
    App, Contract, ContractsError, Document, Policy, Revision, Status, Verb, client_id, row, text_hash,
};

/// Writes the first version of a new contract; its public key becomes the first key.
pub async fn draft(
    tx: &Tx,
    app: &AppId,
    document: Document,
    policy: &Policy,
    ambient: &Ambient,
) -> Result<Contract, ContractsError> {
    let app = registered(tx, app).await?;
    let key = document.validate(policy)?;
    let id: ContractId = ambient.new_id();
    let row = row::contract::ActiveModel {
        id: Set(id.clone()),
        app_id: Set(app.id.clone()),
        client_id: Set(client_id(&app.id, &id)),
        newest_version: Set(1),
        published_version: Set(None),
        retired_at: Set(None),
        created_at: Set(ambient.now()),
        revision: Set(1),
    };
    row::contract::Entity::insert(row).exec_without_returning(tx).await?;
    let contract = written(&app, id, 1, document, ambient);
    insert_version(tx, &contract).await?;
    insert_key(tx, &contract.id, key, ambient).await?;
    Ok(contract)
}

/// Writes a new text: it replaces the draft, or becomes the draft of the next version.
///
/// As long as nothing was published, a changed public key replaces the one of the draft; afterwards it joins the
/// others when this version is published.
pub async fn revise(
    tx: &Tx,
    app: &AppId,
    id: &ContractId,
    document: Document,
    policy: &Policy,
    ambient: &Ambient,
) -> Result<Contract, ContractsError> {
    let app = registered(tx, app).await?;
    let row = locked(tx, &app.id, id).await?;
    let key = document.validate(policy)?;
    let newest = find(tx, &app.id, id).await?;
    match newest.status.revise()? {
        Revision::Replaces => {
            let contract = written(&app, newest.id, newest.version, document, ambient);
            replace_draft(tx, &contract).await?;
            if row.published_version.is_none() {
                swap_first_key(tx, id, &newest.document, key, ambient).await?;
            }
            Ok(contract)
        }
        Revision::Follows => {
            let contract = written(&app, newest.id, newest.version + 1, document, ambient);
            insert_version(tx, &contract).await?;
            row::contract::Entity::update_many()
                .col_expr(row::contract::Column::NewestVersion, Expr::value(contract.version))
                .filter(row::contract::Column::Id.eq(id.clone()))
                .exec(tx)
                .await?;
            Ok(contract)
        }
    }
}

/// Puts the draft before people; from now on it never changes.
pub async fn publish(
    tx: &Tx,
    app: &AppId,
    id: &ContractId,
    ambient: &Ambient,
) -> Result<Contract, ContractsError> {
    let app = registered(tx, app).await?;
    locked(tx, &app.id, id).await?;
    let mut contract = find(tx, &app.id, id).await?;
    let now = ambient.now();
    let status = contract.status.publish(now)?;
    let published = row::version::Entity::update_many()
        .col_expr(row::version::Column::PublishedAt, Expr::value(now))
        .filter(row::version::Column::ContractId.eq(id.clone()))
        .filter(row::version::Column::Version.eq(contract.version))
        .filter(row::version::Column::PublishedAt.is_null())
        .exec(tx)
        .await?;
    let current = row::contract::Entity::update_many()
        .col_expr(row::contract::Column::PublishedVersion, Expr::value(contract.version))
        .filter(row::contract::Column::Id.eq(id.clone()))
        .filter(row::contract::Column::RetiredAt.is_null())
        .exec(tx)
        .await?;
    if published.rows_affected == 0 || current.rows_affected == 0 {
        return Err(contract.status.refuses(Verb::Publish));
    }
    join_key(tx, id, &contract.document, ambient).await?;
    contract.status = status;
    Ok(contract)
}

/// Ends the contract with all its versions; a draft that was waiting is discarded.
pub async fn retire(
    tx: &Tx,
    app: &AppId,
    id: &ContractId,
    ambient: &Ambient,
) -> Result<Contract, ContractsError> {
    let row = locked(tx, app, id).await?;
    let Some(version) = row.published_version else {
        return Err(Status::Draft.refuses(Verb::Retire));
    };
    let mut contract = find_version(tx, id, version).await?;
    let now = ambient.now();
    let status = contract.status.retire(now)?;
    let retired = row::contract::Entity::update_many()
        .col_expr(row::contract::Column::RetiredAt, Expr::value(now))
        .col_expr(row::contract::Column::NewestVersion, Expr::value(version))
        .filter(row::contract::Column::Id.eq(id.clone()))
        .filter(row::contract::Column::RetiredAt.is_null())
        .exec(tx)
        .await?;
    if retired.rows_affected == 0 {
        return Err(contract.status.refuses(Verb::Retire));
    }
    row::version::Entity::delete_many()
        .filter(row::version::Column::ContractId.eq(id.clone()))
        .filter(row::version::Column::PublishedAt.is_null())
        .exec(tx)
        .await?;
    contract.status = status;
    Ok(contract)
}

fn written(app: &App, id: ContractId, version: i32, document: Document, ambient: &Ambient) -> Contract {
    Contract {
        id,
        app_id: app.id.clone(),
        version,
        status: Status::Draft,
        text_hash: text_hash(app, &document),
        document,
        created_at: ambient.now(),
    }
}

fn stored(document: &Document) -> serde_json::Value {
    serde_json::to_value(document).expect("a document is text, numbers and lists")
}

async fn insert_version(tx: &Tx, contract: &Contract) -> Result<(), ContractsError> {
    let row = row::version::ActiveModel {
        contract_id: Set(contract.id.clone()),
        version: Set(contract.version),
        document: Set(stored(&contract.document)),
        text_hash: Set(contract.text_hash.clone()),
        published_at: Set(None),
        created_at: Set(contract.created_at),
    };
    row::version::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

async fn replace_draft(tx: &Tx, contract: &Contract) -> Result<(), ContractsError> {
    let replaced = row::version::Entity::update_many()
        .col_expr(row::version::Column::Document, Expr::value(stored(&contract.document)))
        .col_expr(row::version::Column::TextHash, Expr::value(contract.text_hash.clone()))
        .col_expr(row::version::Column::CreatedAt, Expr::value(contract.created_at))
        .filter(row::version::Column::ContractId.eq(contract.id.clone()))
        .filter(row::version::Column::Version.eq(contract.version))
        .filter(row::version::Column::PublishedAt.is_null())
        .exec(tx)
        .await?;
    if replaced.rows_affected == 0 { Err(contract.status.refuses(Verb::Revise)) } else { Ok(()) }
}
