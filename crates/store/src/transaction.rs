//! A transaction that writes.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::{STATEMENTS, StoreError, group::Turn};

/// A transaction that writes; dropped without [`Tx::commit`], it never happened.
#[derive(Debug)]
pub struct Tx(Place);

#[derive(Debug)]
enum Place {
    /// PostgreSQL: a connection of its own.
    Alone(DatabaseTransaction),
    /// SQLite: a turn at the one writer.
    Turn(Turn),
}

impl From<DatabaseTransaction> for Tx {
    fn from(transaction: DatabaseTransaction) -> Self {
        Self(Place::Alone(transaction))
    }
}

impl From<Turn> for Tx {
    fn from(turn: Turn) -> Self {
        Self(Place::Turn(turn))
    }
}

impl Tx {
    /// Makes everything done through it durable, all at once.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.0 {
            Place::Alone(transaction) => Ok(transaction.commit().await?),
            Place::Turn(turn) => Ok(turn.commit().await?),
        }
    }

    fn inner(&self) -> Result<&DatabaseTransaction, DbErr> {
        match &self.0 {
            Place::Alone(transaction) => Ok(transaction),
            Place::Turn(turn) => turn.shared(),
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        match &self.0 {
            Place::Alone(transaction) => transaction.get_database_backend(),
            Place::Turn(_) => DbBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        STATEMENTS.add();
        self.inner()?.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        STATEMENTS.add();
        self.inner()?.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        STATEMENTS.add();
        self.inner()?.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        STATEMENTS.add();
        self.inner()?.query_all_raw(statement).await
    }
}
