//! What lets an app in, counted: tokens that were made from an API key end with it.

use consent_core::AppId;
use consent_crypto::Secret;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};

use crate::{App, ContractsError, row};

/// An app, and how often what let it in was made void before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The app, in whatever stage.
    pub app: App,
    /// Rises when the API key is replaced, and when the app is suspended or closed. What was handed out under an earlier
    /// number is void.
    pub epoch: i64,
}

/// The app with this id and its epoch.
pub async fn find_credential(db: &impl ConnectionTrait, id: &AppId) -> Result<Credential, ContractsError> {
    let row = row::app::Entity::find_by_id(id.clone()).one(db).await?;
    row.ok_or(ContractsError::UnknownApp)?.try_into()
}

/// The app that holds this API key, and its epoch.
pub async fn find_credential_by_key(
    db: &impl ConnectionTrait,
    key: &Secret,
) -> Result<Credential, ContractsError> {
    let digest = key.digest().as_bytes().to_vec();
    let row = row::app::Entity::find().filter(row::app::Column::ApiKeyDigest.eq(digest)).one(db).await?;
    row.ok_or(ContractsError::UnknownApp)?.try_into()
}

/// The epoch after an act that makes void what was handed out, or one that does not.
pub(super) fn risen(void: bool) -> SimpleExpr {
    Expr::col(row::app::Column::CredentialEpoch).add(i64::from(void))
}

impl TryFrom<row::app::Model> for Credential {
    type Error = ContractsError;

    fn try_from(row: row::app::Model) -> Result<Self, ContractsError> {
        let epoch = row.credential_epoch;
        Ok(Self { app: row.try_into()?, epoch })
    }
}
