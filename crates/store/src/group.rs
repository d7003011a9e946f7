//! SQLite's one writer: transactions that wait for each other become durable together, with one flush.
//!
//! Each is a savepoint inside a transaction that they share. Whoever is done lets those go first who wait already, and
//! then commits for all of them. Nobody is told that it is done before that commit.

use std::sync::Arc;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

/// Hands out turns to write, in the order in which they were asked for.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    connection: DatabaseConnection,
    group: Arc<Mutex<Option<Group>>>,
}

/// Transactions that are committed together.
#[derive(Debug)]
struct Group {
    shared: DatabaseTransaction,
    /// Whether somebody began and neither finished nor gave up in order.
    unfinished: bool,
    finished: Vec<oneshot::Sender<Result<(), DbErr>>>,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    writer: Writer,
    group: OwnedMutexGuard<Option<Group>>,
}

impl Writer {
    pub(crate) fn new(connection: DatabaseConnection) -> Self {
        Self { connection, group: Arc::default() }
    }

    pub(crate) async fn begin(&self) -> Result<Turn, DbErr> {
        let mut turn = self.turn().await;
        turn.undo_unfinished().await;
        match &mut *turn.group {
            Some(group) => {
                group.shared.execute_unprepared("SAVEPOINT flow").await?;
                group.unfinished = true;
            }
            // The first needs no savepoint: what it leaves behind is all there is.
            none => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                };
                let shared = self.connection.begin_with_options(options).await?;
                *none = Some(Group { shared, unfinished: true, finished: Vec::new() });
            }
        }
        Ok(turn)
    }

    async fn turn(&self) -> Turn {
        Turn { group: self.group.clone().lock_owned().await, writer: self.clone() }
    }
}

impl Turn {
    /// The transaction that everybody in the group writes through.
    pub(crate) fn shared(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.group.as_ref().map(|group| &group.shared).ok_or_else(cut_off)
    }

    /// Makes what was written in this turn durable. It goes on when nobody waits for it any more: others may count on it.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        tokio::spawn(self.finish()).await.unwrap_or_else(|_| Err(cut_off()))
    }

    async fn finish(mut self) -> Result<(), DbErr> {
        let (tell, mut told) = oneshot::channel();
        if let Some(group) = &mut *self.group {
            if !group.finished.is_empty() {
                group.shared.execute_unprepared("RELEASE flow").await?;
            }
            group.unfinished = false;
            group.finished.push(tell);
        }
        let writer = self.writer.clone();
        drop(self);
        let mut turn = tokio::select! {
            biased;
            done = &mut told => return done.unwrap_or_else(|_| Err(cut_off())),
            turn = writer.turn() => turn,
        };
        if let Ok(done) = told.try_recv() {
            return done;
        }
        turn.undo_unfinished().await;
        match turn.group.take() {
            Some(group) => group.commit().await,
            None => told.await.unwrap_or_else(|_| Err(cut_off())),
        }
    }

    /// Takes back what the one before began and did not finish. Its savepoint stays, and does no harm. Where there is
    /// none, SQLite has dropped the whole transaction, as some failures make it do: then nobody in it is done.
    async fn undo_unfinished(&mut self) {
        let Some(group) = self.group.as_mut().filter(|group| group.unfinished) else { return };
        match group.shared.execute_unprepared("ROLLBACK TO flow").await {
            Ok(_) => group.unfinished = false,
            Err(error) => {
                let group = self.group.take();
                tell(group.map(|group| group.finished).unwrap_or_default(), &Err(error));
            }
        }
    }
}

impl Drop for Turn {
    /// Whoever finished before comes back for the rest; if nobody did, nothing is kept.
    fn drop(&mut self) {
        if self.group.as_ref().is_some_and(|group| group.finished.is_empty()) {
            *self.group = None;
        }
    }
}

impl Group {
    async fn commit(self) -> Result<(), DbErr> {
        let done = self.shared.commit().await;
        tell(self.finished, &done);
        done
    }
}

fn tell(finished: Vec<oneshot::Sender<Result<(), DbErr>>>, done: &Result<(), DbErr>) {
    for waiting in finished {
        // Whoever commits is among them and does not listen.
        let _ = waiting.send(done.clone());
    }
}

fn cut_off() -> DbErr {
    DbErr::Custom("the transaction was cut off".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use sea_orm::ConnectionTrait;
    use tokio::task::JoinHandle;

    use crate::{Database, Pool, StoreError, Tx};

    async fn opened(dir: &tempfile::TempDir) -> Database {
        let url = format!("sqlite://{}", dir.path().join("t.db").display());
        Database::connect(&url, &Pool { patience: Duration::from_millis(200), ..Pool::default() })
            .await
            .unwrap()
    }

    async fn with_table(dir: &tempfile::TempDir) -> Database {
        let db = opened(dir).await;
        let tx = db.begin_write().await.unwrap();
        tx.execute_unprepared("CREATE TABLE t (n integer NOT NULL UNIQUE)").await.unwrap();
        tx.commit().await.unwrap();
        db
    }

    async fn insert(tx: &Tx, n: u32) -> bool {
        tx.execute_unprepared(&format!("INSERT INTO t VALUES ({n})")).await.is_ok()
    }

    async fn kept(db: &Database) -> Vec<i64> {
        let select = sea_orm::Statement::from_string(db.get_database_backend(), "SELECT n FROM t ORDER BY n");
        let rows = db.query_all_raw(select).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// One that has written 1 and commits, and one that waited for it and writes in the same transaction.
    async fn one_behind_the_other(db: &Database) -> (JoinHandle<Result<(), StoreError>>, Tx) {
        let first = db.begin_write().await.unwrap();
        assert!(insert(&first, 1).await);
        let waits = tokio::spawn({
            let db = db.clone();
            async move { db.begin_write().await.unwrap() }
        });
        tokio::task::yield_now().await;
        (tokio::spawn(first.commit()), waits.await.unwrap())
    }

    #[tokio::test]
    async fn of_many_at_once_each_is_kept_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let db = Arc::new(with_table(&dir).await);
        let writing = (0..60).map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                let tx = db.begin_write().await.unwrap();
                assert!(insert(&tx, n).await && insert(&tx, n + 1000).await);
                tokio::task::yield_now().await;
                match n % 3 {
                    0 => tx.commit().await.unwrap(),
                    // The same number again: refused in the middle of a transaction.
                    1 => assert!(!insert(&tx, n).await),
                    _ => drop(tx),
                }
            })
        });
        for one in writing.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        let mut expected: Vec<i64> = (0..60).step_by(3).flat_map(|n| [n, n + 1000]).collect();
        expected.sort_unstable();
        assert_eq!(kept(&opened(&dir).await).await, expected, "as another process sees it");
    }

    #[tokio::test]
    async fn nobody_is_told_before_the_commit_and_those_who_wait_share_it() {
        let dir = tempfile::tempdir().unwrap();
        let (db, other) = (with_table(&dir).await, opened(&dir).await);
        let (first, second) = one_behind_the_other(&db).await;
        assert!(insert(&second, 2).await);
        assert!(!first.is_finished(), "the second one writes in the same transaction");
        assert_eq!(kept(&other).await, [0_i64; 0]);
        second.commit().await.unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(kept(&other).await, [1, 2]);
    }

    #[tokio::test]
    async fn whoever_gives_up_takes_nobody_along() {
        let dir = tempfile::tempdir().unwrap();
        let db = with_table(&dir).await;
        let (first, second) = one_behind_the_other(&db).await;
        assert!(insert(&second, 2).await);
        drop(second);
        first.await.unwrap().unwrap();
        assert_eq!(kept(&opened(&dir).await).await, [1]);
    }

    #[tokio::test]
    async fn whoever_gives_up_alone_leaves_the_database_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let (db, other) = (with_table(&dir).await, opened(&dir).await);
        let given_up = db.begin_write().await.unwrap();
        assert!(insert(&given_up, 1).await);
        assert!(other.begin_write().await.is_err(), "the write lock is held");
        drop(given_up);
        let tx = other.begin_write().await.unwrap();
        assert!(insert(&tx, 1).await);
        tx.commit().await.unwrap();
        assert_eq!(kept(&db).await, [1]);
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_dropped_is_done_for_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let db = with_table(&dir).await;
        let (first, second) = one_behind_the_other(&db).await;
        // What a full disk does to a transaction.
        second.execute_unprepared("ROLLBACK").await.unwrap();
        drop(second);
        assert!(first.await.unwrap().is_err());
        let third = db.begin_write().await.unwrap();
        assert!(insert(&third, 3).await);
        third.commit().await.unwrap();
        assert_eq!(kept(&opened(&dir).await).await, [3]);
    }
}
