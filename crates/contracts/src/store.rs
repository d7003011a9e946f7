//! Apps, contracts and keys in the database.

mod credential;

use chrono::{DateTime, Utc};
use consent_core::{Ambient, AppId, ContractId, Cursor, Page};
use consent_crypto::{RsaPublicKey, Secret, SecretKind};
use consent_store::{StoreError, Tx};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, SelectTwo,
    sea_query::{Expr, ExprTrait},
};

pub use self::credential::{Credential, find_credential, find_credential_by_key};
use crate::{
    App, AppStage, Client, Contract, ContractKey, ContractsError, Controller, Document, Invalid,
    MAX_USABLE_KEYS, NewApp, Policy, Retire, Revision, Status, Verb, client_id, may_be_client_id, row,
    text_hash,
};

/// Registers an app; the secret is its API key and can be read only now.
pub async fn register_app(
    tx: &Tx,
    new: NewApp,
    policy: &Policy,
    ambient: &Ambient,
) -> Result<(App, Secret), ContractsError> {
    new.validate(policy)?;
    let id: AppId = ambient.new_id();
    let key = Secret::generate(SecretKind::ApiKey, ambient);
    let app = App {
        partner_id: new.partner_id.unwrap_or_else(|| id.to_string()),
        id,
        name: new.name,
        contact: new.contact,
        description: new.description,
        website: new.website,
        controller: new.controller,
        stage: AppStage::Registered,
        created_at: ambient.now(),
    };
    let row = row::app::ActiveModel {
        id: Set(app.id.clone()),
        name: Set(app.name.clone()),
        partner_id: Set(app.partner_id.clone()),
        contact: Set(app.contact.clone()),
        description: Set(app.description.clone()),
        website: Set(app.website.clone()),
        stage: Set(app.stage.name().to_owned()),
        stage_at: Set(app.stage.since()),
        api_key_digest: Set(key.digest().as_bytes().to_vec()),
        created_at: Set(app.created_at),
        controller: Set(app.controller.as_ref().map(controller_json)),
        credential_epoch: Set(0),
    };
    row::app::Entity::insert(row).exec_without_returning(tx).await?;
    Ok((app, key))
}

/// The app.
pub async fn find_app(db: &impl ConnectionTrait, id: &AppId) -> Result<App, ContractsError> {
    let row = row::app::Entity::find_by_id(id.clone()).one(db).await?;
    Ok(row.ok_or(ContractsError::UnknownApp)?.try_into()?)
}

/// The app that holds this API key. A suspended app is found, so that it can look on and shut its own keys; a closed
/// one is refused.
pub async fn find_app_by_key(db: &impl ConnectionTrait, key: &Secret) -> Result<App, ContractsError> {
    let digest = key.digest().as_bytes().to_vec();
    let row = row::app::Entity::find().filter(row::app::Column::ApiKeyDigest.eq(digest)).one(db).await?;
    let app: App = row.ok_or(ContractsError::UnknownApp)?.try_into()?;
    refuse_closed(app)
}

/// All apps, oldest first.
pub async fn list_apps(db: &impl ConnectionTrait, cursor: &Cursor) -> Result<Page<App>, ContractsError> {
    let mut query = row::app::Entity::find().order_by_asc(row::app::Column::Id).limit(cursor.limit + 1);
    if let Some(after) = after::<AppId>(cursor)? {
        query = query.filter(row::app::Column::Id.gt(after));
    }
    let apps = query.all(db).await?.into_iter().map(App::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(apps, cursor, |app| app.id.to_string()))
}

/// Gives the app a new API key; the old one is void at once.
pub async fn rotate_api_key(tx: &Tx, id: &AppId, ambient: &Ambient) -> Result<Secret, ContractsError> {
    let app = refuse_closed(find_app(tx, id).await?)?;
    let key = Secret::generate(SecretKind::ApiKey, ambient);
    row::app::Entity::update_many()
        .col_expr(row::app::Column::ApiKeyDigest, Expr::value(key.digest().as_bytes().to_vec()))
        .col_expr(row::app::Column::CredentialEpoch, credential::risen(true))
        .filter(row::app::Column::Id.eq(app.id))
        .exec(tx)
        .await?;
    Ok(key)
}

/// Shuts the app for a while: nobody is its client until it is reinstated.
pub async fn suspend_app(tx: &Tx, id: &AppId, ambient: &Ambient) -> Result<App, ContractsError> {
    let app = find_app(tx, id).await?;
    let stage = app.stage.suspend(ambient.now())?;
    update_stage(tx, app, stage, Verb::Suspend).await
}

/// Opens the suspended app again.
pub async fn reinstate_app(tx: &Tx, id: &AppId) -> Result<App, ContractsError> {
    let app = find_app(tx, id).await?;
    let stage = app.stage.reinstate()?;
    update_stage(tx, app, stage, Verb::Reinstate).await
}

/// Shuts the app for good; its API key opens nothing any more.
pub async fn close_app(tx: &Tx, id: &AppId, ambient: &Ambient) -> Result<App, ContractsError> {
    let app = find_app(tx, id).await?;
    let stage = app.stage.close(ambient.now())?;
    update_stage(tx, app, stage, Verb::Close).await
}

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

/// These apps, in no order; those that do not exist are left out. For whoever has found grants that were given to them.
pub async fn find_apps(db: &impl ConnectionTrait, ids: &[AppId]) -> Result<Vec<App>, ContractsError> {
    let named = row::app::Entity::find().filter(row::app::Column::Id.is_in(ids.iter().cloned()));
    Ok(named.all(db).await?.into_iter().map(App::try_from).collect::<Result<_, _>>()?)
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

fn refuse_closed(app: App) -> Result<App, ContractsError> {
    match app.stage {
        AppStage::Registered | AppStage::Suspended { .. } => Ok(app),
        stage @ AppStage::Closed { .. } => Err(ContractsError::AppClosed { id: app.id, stage }),
    }
}

/// The app, which stays registered until the transaction ends.
async fn registered(tx: &Tx, id: &AppId) -> Result<App, ContractsError> {
    let row = row::app::Entity::find_by_id(id.clone()).lock_shared().one(tx).await?;
    let app: App = row.ok_or(ContractsError::UnknownApp)?.try_into()?;
    app.refuse_unless_registered()?;
    Ok(app)
}

async fn update_stage(tx: &Tx, mut app: App, stage: AppStage, verb: Verb) -> Result<App, ContractsError> {
    let updated = row::app::Entity::update_many()
        .col_expr(row::app::Column::Stage, Expr::value(stage.name()))
        .col_expr(row::app::Column::StageAt, Expr::value(stage.since()))
        .col_expr(row::app::Column::CredentialEpoch, credential::risen(stage != AppStage::Registered))
        .filter(row::app::Column::Id.eq(app.id.clone()))
        .filter(row::app::Column::Stage.eq(app.stage.name()))
        .exec(tx)
        .await?;
    if updated.rows_affected == 0 {
        return Err(app.stage.refuses(verb));
    }
    app.stage = stage;
    Ok(app)
}

fn owned(app: &AppId, id: &ContractId) -> Select<row::contract::Entity> {
    row::contract::Entity::find_by_id(id.clone()).filter(row::contract::Column::AppId.eq(app.clone()))
}

/// The contract's row, which nobody else changes until the transaction ends.
async fn locked(tx: &Tx, app: &AppId, id: &ContractId) -> Result<row::contract::Model, ContractsError> {
    owned(app, id).lock_exclusive().one(tx).await?.ok_or(ContractsError::UnknownContract)
}

fn newest_of(app: &AppId) -> SelectTwo<row::version::Entity, row::contract::Entity> {
    let newest = (row::contract::Entity, row::contract::Column::NewestVersion);
    row::version::Entity::find()
        .find_also_related(row::contract::Entity)
        .filter(row::contract::Column::AppId.eq(app.clone()))
        .filter(ExprTrait::equals(Expr::col((row::version::Entity, row::version::Column::Version)), newest))
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

fn parse_key(pem: &str) -> Result<RsaPublicKey, ContractsError> {
    RsaPublicKey::parse_pem(pem)
        .map_err(|error| ContractsError::Invalid(vec![Invalid::new("publicKey", error.to_string())]))
}

async fn keys_of(db: &impl ConnectionTrait, id: &ContractId) -> Result<Vec<ContractKey>, ContractsError> {
    let rows = row::key::Entity::find()
        .filter(row::key::Column::ContractId.eq(id.clone()))
        .order_by_asc(row::key::Column::CreatedAt)
        .order_by_asc(row::key::Column::Kid)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(ContractKey::try_from).collect::<Result<_, _>>()?)
}

async fn insert_key(
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
async fn join_key(
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
async fn swap_first_key(
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

/// Where a list continues; text that is no id could not have come from us.
fn after<I: std::str::FromStr>(cursor: &Cursor) -> Result<Option<I>, ContractsError> {
    let parse = |text: &String| {
        let wrong = |_| {
            ContractsError::Invalid(vec![Invalid::new("after", "must be what the page before gave as next")])
        };
        text.parse().map_err(wrong)
    };
    cursor.after.as_ref().map(parse).transpose()
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

fn controller_json(controller: &Controller) -> serde_json::Value {
    serde_json::to_value(controller).expect("a controller is plain text")
}

impl TryFrom<row::app::Model> for App {
    type Error = StoreError;

    fn try_from(row: row::app::Model) -> Result<Self, StoreError> {
        let stage = match (row.stage.as_str(), row.stage_at) {
            ("registered", None) => AppStage::Registered,
            ("suspended", Some(at)) => AppStage::Suspended { at },
            ("closed", Some(at)) => AppStage::Closed { at },
            _ => return Err(StoreError::corrupt("app", row.id)),
        };
        let controller = row.controller.map(serde_json::from_value).transpose();
        Ok(Self {
            controller: controller.map_err(|_| StoreError::corrupt("app", &row.id))?,
            id: row.id,
            name: row.name,
            partner_id: row.partner_id,
            contact: row.contact,
            description: row.description,
            website: row.website,
            stage,
            created_at: row.created_at,
        })
    }
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

#[cfg(test)]
mod tests;
