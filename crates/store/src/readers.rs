//! SQLite's reading connections.
//!
//! The library's own pool asks each connection that comes back whether it is well. On SQLite, where every connection
//! has a thread of its own, that costs as much as a small select does.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{DbErr, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, Connection, Executor, Sqlite,
    query::Query,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use tokio::{sync::Semaphore, time::timeout};

/// Connections that read; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Readers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Semaphore,
    patience: Duration,
}

impl Readers {
    /// At most `many`, opened as they are needed; who finds none free waits for as long as `patience`.
    pub(crate) fn new(options: SqliteConnectOptions, many: u32, patience: Duration) -> Self {
        let options = options.pragma("query_only", "on");
        let permits = Semaphore::new(many as usize);
        Self(Arc::new(Shared { options, idle: Mutex::default(), permits, patience }))
    }

    pub(crate) async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let found = self.read(async |connection| connection.fetch_optional(query(statement)).await).await?;
        Ok(found.map(QueryResult::from))
    }

    pub(crate) async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let found = self.read(async |connection| connection.fetch_all(query(statement)).await).await?;
        Ok(found.into_iter().map(QueryResult::from).collect())
    }

    /// Closes those that nobody uses, for good: no others are opened.
    pub(crate) async fn close(&self) -> Result<(), DbErr> {
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for connection in idle {
            connection.close().await.map_err(failed)?;
        }
        Ok(())
    }

    /// Lends a connection. One that is given up half-way, or that fails other than by what the database says, does not
    /// come back.
    async fn read<T>(
        &self,
        reading: impl AsyncFnOnce(&mut SqliteConnection) -> sqlx::Result<T>,
    ) -> Result<T, DbErr> {
        let Shared { options, idle, permits, patience } = &*self.0;
        let waited = timeout(*patience, permits.acquire()).await;
        let _permit = waited
            .map_err(|_| failed(sqlx::Error::PoolTimedOut))?
            .map_err(|_| failed(sqlx::Error::PoolClosed))?;
        let free = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match free {
            Some(connection) => connection,
            None => SqliteConnection::connect_with(options).await.map_err(failed)?,
        };
        let read = reading(&mut connection).await;
        if matches!(read, Ok(_) | Err(sqlx::Error::Database(_))) {
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        read.map_err(failed)
    }
}

fn query(statement: &Statement) -> Query<'_, Sqlite, SqlxValues> {
    let values = statement.values.clone().unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
