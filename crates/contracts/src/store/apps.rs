//! Apps.

use consent_core::{Ambient, AppId, Cursor, Page};
use consent_crypto::{Secret, SecretKind};
use consent_store::{StoreError, Tx};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use super::{after, credential};
use crate::{App, AppStage, ContractsError, Controller, NewApp, Policy, Verb, row};

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

/// These apps, in no order; those that do not exist are left out. For whoever has found grants that were given to them.
pub async fn find_apps(db: &impl ConnectionTrait, ids: &[AppId]) -> Result<Vec<App>, ContractsError> {
    let named = row::app::Entity::find().filter(row::app::Column::Id.is_in(ids.iter().cloned()));
    Ok(named.all(db).await?.into_iter().map(App::try_from).collect::<Result<_, _>>()?)
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

/// The app, which stays registered until the transaction ends.
pub(super) async fn registered(tx: &Tx, id: &AppId) -> Result<App, ContractsError> {
    let row = row::app::Entity::find_by_id(id.clone()).lock_shared().one(tx).await?;
    let app: App = row.ok_or(ContractsError::UnknownApp)?.try_into()?;
    app.refuse_unless_registered()?;
    Ok(app)
}

fn refuse_closed(app: App) -> Result<App, ContractsError> {
    match app.stage {
        AppStage::Registered | AppStage::Suspended { .. } => Ok(app),
        stage @ AppStage::Closed { .. } => Err(ContractsError::AppClosed { id: app.id, stage }),
    }
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
