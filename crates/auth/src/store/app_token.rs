//! The rows of apps' own tokens.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::Ambient;
use consent_crypto::{Secret, SecretKind};
use consent_store::Tx;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};

use crate::{
    AuthError,
    app_token::{APP_REFRESH_FOR, APP_TOKEN_FOR, AppTokenOwner, AppTokens, stored_kind},
    row::app_token::{ActiveModel, Column, Entity, Model},
};

/// Makes a pair of tokens for an app.
pub async fn issue_app_tokens(
    tx: &Tx,
    owner: &AppTokenOwner,
    ambient: &Ambient,
) -> Result<AppTokens, AuthError> {
    let access = Secret::generate(SecretKind::LogToken, ambient);
    let refresh = Secret::generate(SecretKind::LogRefreshToken, ambient);
    let now = ambient.now();
    let rows = [(&access, APP_TOKEN_FOR), (&refresh, APP_REFRESH_FOR)];
    let rows = rows.map(|(token, lives)| row_of(token, owner, now, lives));
    Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(AppTokens { access, refresh, expires_at: now + APP_TOKEN_FOR })
}

/// Whose access token this is: [`AuthError::UnknownToken`] where it is nobody's or its time is over. Whether it is void by
/// now is for the caller to see, who knows the app's epoch.
pub async fn find_app_token(
    db: &impl ConnectionTrait,
    access: &Secret,
    now: DateTime<Utc>,
) -> Result<AppTokenOwner, AuthError> {
    let row = Entity::find().filter(living(access, SecretKind::LogToken, now)).one(db).await?;
    Ok(row.ok_or(AuthError::UnknownToken)?.into())
}

/// Uses a refresh token of this owner up and gives the next pair. Of those who use it at once one gets a pair. A token of
/// another app, or of an earlier epoch, is unknown and stays what it is.
pub async fn refresh_app_tokens(
    tx: &Tx,
    refresh: &Secret,
    owner: &AppTokenOwner,
    ambient: &Ambient,
) -> Result<AppTokens, AuthError> {
    let mine = living(refresh, SecretKind::LogRefreshToken, ambient.now())
        .add(Column::AppId.eq(owner.app.clone()))
        .add(Column::Epoch.eq(owner.epoch));
    let used = Entity::delete_many().filter(mine).exec(tx).await?;
    if used.rows_affected == 0 {
        return Err(AuthError::UnknownToken);
    }
    issue_app_tokens(tx, owner, ambient).await
}

/// Forgets tokens whose time is over.
pub async fn sweep_app_tokens(tx: &Tx, now: DateTime<Utc>) -> Result<u64, AuthError> {
    let swept = Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(tx).await?;
    Ok(swept.rows_affected)
}

fn living(token: &Secret, kind: SecretKind, now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(Column::Digest.eq(token.digest().as_bytes().to_vec()))
        .add(Column::Kind.eq(stored_kind(kind)))
        .add(Column::ExpiresAt.gt(now))
}

fn row_of(token: &Secret, owner: &AppTokenOwner, now: DateTime<Utc>, lives: TimeDelta) -> ActiveModel {
    ActiveModel {
        digest: Set(token.digest().as_bytes().to_vec()),
        kind: Set(stored_kind(token.kind()).to_owned()),
        app_id: Set(owner.app.clone()),
        epoch: Set(owner.epoch),
        expires_at: Set(now + lives),
    }
}

impl From<Model> for AppTokenOwner {
    fn from(row: Model) -> Self {
        Self { app: row.app_id, epoch: row.epoch }
    }
}
