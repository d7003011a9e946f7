//! The rows of sessions.

use chrono::{DateTime, Utc};
use consent_core::{Ambient, GrantId, Scope, SessionId, ShelfId};
use consent_crypto::{Digest, Secret, SecretKind};
use consent_library::AccountState;
use consent_store::{Migration, StoreError, Tx, joined_columns};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryResult,
    UpdateMany, sea_query::Expr,
};
use sea_orm_migration::MigrationTrait;

use crate::{NewSession, Outcome, Session, SessionError, State, row};

/// This crate's tables.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Migration::new(
            "m20261122_000070_session",
            include_str!("../migrations/m20261122_000070_session.sql"),
        ),
        Migration::new(
            "m20261206_000071_listed_shelves",
            include_str!("../migrations/m20261206_000071_listed_shelves.sql"),
        ),
    ]
}

/// Opens a session; it runs at once when its grant is known, otherwise it waits for the person.
pub async fn open_session(
    tx: &Tx,
    new: NewSession,
    ambient: &Ambient,
) -> Result<(Session, Secret), SessionError> {
    let (key, now) = (Secret::generate(SecretKind::Session, ambient), ambient.now());
    let state = if new.grant.is_some() { State::Running { since: now } } else { State::Pending };
    let session = Session {
        id: ambient.new_id(),
        app: new.app,
        contract: new.contract,
        grant: new.grant,
        family: new.family,
        scope: new.scope,
        options: new.options,
        state,
        outcome: Vec::new(),
        shelves: Vec::new(),
        expires_at: now + new.lifetime,
    };
    let model = row::session::ActiveModel {
        id: Set(session.id.clone()),
        digest: Set(key.digest().as_bytes().to_vec()),
        app_id: Set(session.app.clone()),
        contract_id: Set(session.contract.clone()),
        grant_id: Set(session.grant.clone()),
        family: Set(session.family.as_ref().map(|family| family.as_bytes().to_vec())),
        scope: Set(scope_json(&session.scope)),
        options: Set(serde_json::to_value(&session.options).expect("options are plain")),
        state: Set(session.state.name().to_owned()),
        outcome: Set(None),
        shelves: Set(None),
        started_at: Set(session.grant.is_some().then_some(now)),
        ended_at: Set(None),
        expires_at: Set(session.expires_at),
        created_at: Set(now),
    };
    row::session::Entity::insert(model).exec_without_returning(tx).await?;
    Ok((session, key))
}

/// The columns of a session for a select that joins `session`; [`joined_session`] reads them.
#[must_use]
pub fn session_columns() -> String {
    joined_columns::<row::session::Entity>("session_")
}

/// The session in a row of such a select, living or not.
pub fn joined_session(row: &QueryResult) -> Result<Option<Session>, SessionError> {
    let model = row::session::Model::from_query_result_optional(row, "session_")?;
    Ok(model.map(Session::try_from).transpose()?)
}

/// The living session with this id.
pub async fn find_by_id(
    db: &impl ConnectionTrait,
    id: &SessionId,
    now: DateTime<Utc>,
) -> Result<Session, SessionError> {
    let row = row::session::Entity::find_by_id(id.clone()).one(db).await?;
    Session::try_from(row.ok_or(SessionError::Unknown)?)?.living(now)
}

/// Lets a waiting session run for the grant that the person gave, with the scope that came of it.
pub async fn bind(
    tx: &Tx,
    id: &SessionId,
    grant: &GrantId,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<(), SessionError> {
    row::session::Entity::update_many()
        .col_expr(row::session::Column::GrantId, Expr::value(grant.clone()))
        .col_expr(row::session::Column::Scope, Expr::value(scope_json(scope)))
        .col_expr(row::session::Column::State, Expr::value("running"))
        .col_expr(row::session::Column::StartedAt, Expr::value(now))
        .filter(row::session::Column::Id.eq(id.clone()))
        .filter(row::session::Column::State.eq(State::Pending.name()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Ties a session to the family of tokens that came of its authorization request.
pub async fn adopt(tx: &Tx, id: &SessionId, family: &Digest) -> Result<(), SessionError> {
    row::session::Entity::update_many()
        .col_expr(row::session::Column::Family, Expr::value(family.as_bytes().to_vec()))
        .filter(row::session::Column::Id.eq(id.clone()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Makes the list of a running session final, with how each account ended and the parts of the library it is of; of two
/// who do so the first one counts.
pub async fn end(
    tx: &Tx,
    id: &SessionId,
    outcome: &Outcome,
    shelves: &[ShelfId],
    now: DateTime<Utc>,
) -> Result<(), SessionError> {
    let whole = outcome.iter().all(|(_, state)| *state == AccountState::Completed);
    let state = if whole { State::Completed { at: now } } else { State::Partial { at: now } };
    let outcome = serde_json::to_value(outcome).expect("an outcome is plain text and numbers");
    row::session::Entity::update_many()
        .col_expr(row::session::Column::State, Expr::value(state.name()))
        .col_expr(row::session::Column::Outcome, Expr::value(outcome))
        .col_expr(row::session::Column::Shelves, Expr::value(serde_json::json!(shelves)))
        .col_expr(row::session::Column::EndedAt, Expr::value(now))
        .filter(row::session::Column::Id.eq(id.clone()))
        .filter(row::session::Column::EndedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// Closes one session.
pub async fn close(tx: &Tx, id: &SessionId, now: DateTime<Utc>) -> Result<(), SessionError> {
    let one = row::session::Entity::update_many().filter(row::session::Column::Id.eq(id.clone()));
    close_where(tx, one, now).await
}

/// Closes all sessions of a grant.
pub async fn close_of_grant(tx: &Tx, grant: &GrantId, now: DateTime<Utc>) -> Result<(), SessionError> {
    let all = row::session::Entity::update_many().filter(row::session::Column::GrantId.eq(grant.clone()));
    close_where(tx, all, now).await
}

/// Closes all sessions that were opened with a family of tokens.
pub async fn close_of_family(tx: &Tx, family: &Digest, now: DateTime<Utc>) -> Result<(), SessionError> {
    let all = row::session::Entity::update_many()
        .filter(row::session::Column::Family.eq(family.as_bytes().to_vec()));
    close_where(tx, all, now).await
}

async fn close_where(
    tx: &Tx,
    which: UpdateMany<row::session::Entity>,
    now: DateTime<Utc>,
) -> Result<(), SessionError> {
    which
        .col_expr(row::session::Column::ExpiresAt, Expr::value(now))
        .filter(row::session::Column::ExpiresAt.gt(now))
        .exec(tx)
        .await?;
    Ok(())
}

/// Forgets sessions that ended before a moment.
pub async fn sweep(tx: &Tx, before: DateTime<Utc>) -> Result<u64, SessionError> {
    let old = row::session::Column::ExpiresAt.lt(before);
    Ok(row::session::Entity::delete_many().filter(old).exec(tx).await?.rows_affected)
}

fn scope_json(scope: &Scope) -> serde_json::Value {
    serde_json::to_value(scope).expect("a scope is plain text and numbers")
}

impl TryFrom<row::session::Model> for Session {
    type Error = StoreError;

    fn try_from(row: row::session::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("session", &row.id);
        Ok(Self {
            scope: serde_json::from_value(row.scope).map_err(|_| corrupt())?,
            options: serde_json::from_value(row.options).map_err(|_| corrupt())?,
            outcome: match row.outcome {
                Some(outcome) => serde_json::from_value(outcome).map_err(|_| corrupt())?,
                None => Vec::new(),
            },
            shelves: match row.shelves {
                Some(shelves) => serde_json::from_value(shelves).map_err(|_| corrupt())?,
                None => Vec::new(),
            },
            state: State::parse(&row.state, row.started_at, row.ended_at).ok_or_else(corrupt)?,
            family: row.family.as_deref().map(Digest::from_slice).transpose().map_err(|_| corrupt())?,
            id: row.id,
            app: row.app_id,
            contract: row.contract_id,
            grant: row.grant_id,
            expires_at: row.expires_at,
        })
    }
}
