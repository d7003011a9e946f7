//! Opens a database.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult,
    RuntimeErr, Statement, TransactionTrait,
};
use sqlx::{
    ConnectOptions as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{STATEMENTS, StoreError, Tx, group::Writer, readers::Readers};

/// How many connections, and how long to wait for one.
#[derive(Debug, Clone)]
pub struct Pool {
    /// At most this many connections at once.
    pub max_connections: u32,
    /// How long a request waits for a connection or for SQLite's write lock.
    pub patience: Duration,
}

impl Default for Pool {
    fn default() -> Self {
        Self { max_connections: 16, patience: Duration::from_secs(10) }
    }
}

/// An open database; cheap to clone. Reads go through it directly, writes through [`Database::begin_write`].
#[derive(Debug, Clone)]
pub struct Database {
    connection: DatabaseConnection,
    /// SQLite's one writer.
    writer: Option<Writer>,
    /// Who reads from SQLite, unless it lies in the memory of one connection.
    readers: Option<Readers>,
}

impl Database {
    /// Opens `sqlite:…` or `postgres://…`; a SQLite file that does not exist is created.
    pub async fn connect(url: &str, pool: &Pool) -> Result<Self, StoreError> {
        let Pool { max_connections, patience } = *pool;
        let in_memory = url.contains(":memory:");
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(if in_memory { 1 } else { max_connections })
            .acquire_timeout(patience)
            .sqlx_logging(false)
            .test_before_acquire(false)
            .map_sqlx_sqlite_opts(move |options| with_our_ways(options, patience));
        let connection = sea_orm::Database::connect(options).await?;
        let sqlite = connection.get_database_backend() == DbBackend::Sqlite;
        let writer = sqlite.then(|| Writer::new(connection.clone()));
        let readers = (sqlite && !in_memory).then(|| {
            let options = url
                .parse::<SqliteConnectOptions>()
                .map_err(|e| DbErr::Conn(RuntimeErr::SqlxError(e.into())))?;
            Ok::<_, DbErr>(Readers::new(with_our_ways(options, patience), max_connections, patience))
        });
        Ok(Self { connection, writer, readers: readers.transpose()? })
    }

    /// Begins a transaction that writes: on SQLite it waits its turn and takes the write lock at once.
    pub async fn begin_write(&self) -> Result<Tx, StoreError> {
        match &self.writer {
            Some(writer) => Ok(writer.begin().await?.into()),
            None => Ok(self.connection.begin().await?.into()),
        }
    }

    /// The plain connection, for the migrator.
    #[must_use]
    pub fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Answers when the database does.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.connection.ping().await?)
    }

    /// Waits for running statements and closes all connections.
    pub async fn close(self) -> Result<(), StoreError> {
        if let Some(readers) = &self.readers {
            readers.close().await?;
        }
        Ok(self.connection.close().await?)
    }
}

fn with_our_ways(options: SqliteConnectOptions, patience: Duration) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(patience)
        .disable_statement_logging()
}

#[async_trait::async_trait]
impl ConnectionTrait for Database {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        STATEMENTS.add();
        self.connection.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        STATEMENTS.add();
        self.connection.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        STATEMENTS.add();
        match &self.readers {
            Some(readers) => readers.query_one(&statement).await,
            None => self.connection.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        STATEMENTS.add();
        match &self.readers {
            Some(readers) => readers.query_all(&statement).await,
            None => self.connection.query_all_raw(statement).await,
        }
    }
}
