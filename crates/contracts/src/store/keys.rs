//! Keys of contracts.

use chrono::{DateTime, Utc};
use consent_core::{Ambient, AppId, ContractId};
use consent_crypto::RsaPublicKey;
use consent_store::{StoreError, Tx};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr,
};

use super::{
    apps::registered,
    reading::{locked, owned},
};
use crate::{ContractKey, ContractsError, Document, Invalid, MAX_USABLE_KEYS, Retire, row};

/// All keys of the contract, oldest first, those that are over included.
pub async fn list_keys(
    db: &impl ConnectionTrait,
    app: &AppId,
    id: &ContractId,
) -> Result<Vec<ContractKey>, ContractsError> {
    owned(app, id).one(db).await?.ok_or(ContractsError::UnknownContract)?;
    keys_of(db, id).await
}

/// Registers another key. With `retire_others_at` all others are used no longer than until then.
pub async fn add_key(
    tx: &Tx,
    app: &AppId,
    id: &ContractId,
    public_pem: &str,
    retire_others_at: Option<DateTime<Utc>>,
    ambient: &Ambient,
) -> Result<ContractKey, ContractsError> {
    let app = registered(tx, app).await?;
    locked(tx, &app.id, id).await?;
    let public = parse_key(public_pem)?;
    let known = keys_of(tx, id).await?;
    if known.iter().any(|key| key.kid == public.thumbprint()) {
        return Err(ContractsError::KeyTaken);
    }
    let now = ambient.now();
    let mut usable = 0;
    for key in known.into_iter().filter(|key| key.may_sign_at(now)) {
        let key = match retire_others_at {
            Some(at) => update_key(tx, id, key.retire_by(at, now)).await?,
            None => key,
        };
        usable += usize::from(key.may_sign_at(now));
    }
    if usable >= MAX_USABLE_KEYS {
        let reason = format!("{MAX_USABLE_KEYS} keys are in use already; retire one first");
        return Err(ContractsError::Invalid(vec![Invalid::new("publicKey", reason)]));
    }
    insert_key(tx, id, public, ambient).await
}

/// Ends a key. The last usable one can be ended at once only as compromised. Also open to an app that is suspended.
pub async fn retire_key(
    tx: &Tx,
    app: &AppId,
    id: &ContractId,
    kid: &str,
    how: Retire,
    ambient: &Ambient,
) -> Result<ContractKey, ContractsError> {
    locked(tx, app, id).await?;
    let now = ambient.now();
    let (mine, others): (Vec<_>, Vec<_>) = keys_of(tx, id).await?.into_iter().partition(|key| key.kid == kid);
    let key = mine.into_iter().next().ok_or(ContractsError::KeyUnknown)?;
    let ended = key.clone().retire(how, now);
    let leaves_none = !ended.may_sign_at(now) && !others.iter().any(|other| other.may_sign_at(now));
    if key.may_sign_at(now) && leaves_none && how != Retire::Compromised {
        return Err(ContractsError::LastKey);
    }
    update_key(tx, id, ended).await
}

fn parse_key(pem: &str) -> Result<RsaPublicKey, ContractsError> {
    RsaPublicKey::parse_pem(pem)
        .map_err(|error| ContractsError::Invalid(vec![Invalid::new("publicKey", error.to_string())]))
}

pub(super) async fn keys_of(
    db: &impl ConnectionTrait,
    id: &ContractId,
) -> Result<Vec<ContractKey>, ContractsError> {
    let rows = row::key::Entity::find()
        .filter(row::key::Column::ContractId.eq(id.clone()))
        .order_by_asc(row::key::Column::CreatedAt)
        .order_by_asc(row::key::Column::Kid)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(ContractKey::try_from).collect::<Result<_, _>>()?)
}

pub(super) async fn insert_key(
    tx: &Tx,
    id: &ContractId,
    public: RsaPublicKey,
    ambient: &Ambient,
) -> Result<ContractKey, ContractsError> {
    let kid = public.thumbprint();
    let key = ContractKey { kid, public, created_at: ambient.now(), retire_at: None, compromised_at: None };
    let row = row::key::ActiveModel {
        contract_id: Set(id.clone()),
        kid: Set(key.kid.clone()),
        public_pem: Set(key.public.to_spki_pem()),
        created_at: Set(key.created_at),
        retire_at: Set(None),
        compromised_at: Set(None),
    };
    row::key::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(key)
}

async fn update_key(tx: &Tx, id: &ContractId, key: ContractKey) -> Result<ContractKey, ContractsError> {
    row::key::Entity::update_many()
        .col_expr(row::key::Column::RetireAt, Expr::value(key.retire_at))
        .col_expr(row::key::Column::CompromisedAt, Expr::value(key.compromised_at))
        .filter(row::key::Column::ContractId.eq(id.clone()))
        .filter(row::key::Column::Kid.eq(key.kid.clone()))
        .exec(tx)
        .await?;
    Ok(key)
}

/// The key of a published document joins the others; one that was registered before stays as it is, even if over.
pub(super) async fn join_key(
    tx: &Tx,
    id: &ContractId,
    document: &Document,
    ambient: &Ambient,
) -> Result<(), ContractsError> {
    let public = parse_key(&document.public_key)?;
    let known = keys_of(tx, id).await?;
    if known.iter().all(|key| key.kid != public.thumbprint()) {
        insert_key(tx, id, public, ambient).await?;
    }
    Ok(())
}

/// The key of a draft gives way to the one of the text that replaces it; a compromised one stays on record.
pub(super) async fn swap_first_key(
    tx: &Tx,
    id: &ContractId,
    old: &Document,
    new: RsaPublicKey,
    ambient: &Ambient,
) -> Result<(), ContractsError> {
    let (old, kid) = (parse_key(&old.public_key)?.thumbprint(), new.thumbprint());
    if old == kid {
        return Ok(());
    }
    row::key::Entity::delete_many()
        .filter(row::key::Column::ContractId.eq(id.clone()))
        .filter(row::key::Column::Kid.eq(old))
        .filter(row::key::Column::CompromisedAt.is_null())
        .exec(tx)
        .await?;
    if keys_of(tx, id).await?.iter().all(|key| key.kid != kid) {
        insert_key(tx, id, new, ambient).await?;
    }
    Ok(())
}

impl TryFrom<row::key::Model> for ContractKey {
    type Error = StoreError;

    fn try_from(row: row::key::Model) -> Result<Self, StoreError> {
        let public = RsaPublicKey::parse_pem(&row.public_pem)
            .map_err(|_| StoreError::corrupt("contract_key", format!("{} {}", row.contract_id, row.kid)))?;
        Ok(Self {
            kid: row.kid,
            public,
            created_at: row.created_at,
            retire_at: row.retire_at,
            compromised_at: row.compromised_at,
        })
    }
}
