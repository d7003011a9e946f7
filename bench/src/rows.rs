//! What the database takes: bare rows of about the size of an event, in transactions that are on the disk when they are
//! answered. No server that keeps what it is told does better.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use std::time::Instant;

use consent_store::{Database, Pool};
use sea_orm::{ActiveValue::Set, ConnectionTrait as _, EntityTrait as _};

use crate::{error::Outcome, load::count, stage::AT_ONCE};

/// About what an event, its payload and the rows that find it come to.
const BODY: usize = 1000;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "bare_row")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub body: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A database with one table.
pub struct Rows {
    db: Database,
    next: Arc<AtomicUsize>,
}

impl Rows {
    /// In the empty database of this URL.
    pub async fn make(url: &str) -> Outcome<Self> {
        let pool = Pool { max_connections: u32::try_from(AT_ONCE)?, ..Pool::default() };
        let db = Database::connect(url, &pool).await?;
        db.execute_unprepared("CREATE TABLE bare_row (id bigint PRIMARY KEY, body text NOT NULL)").await?;
        Ok(Self { db, next: Arc::default() })
    }

    /// Rows a second, in so many transactions of so many rows, as many at once as requests are.
    pub async fn insert(&self, transactions: usize, rows: usize) -> Outcome<f64> {
        let from = self.next.load(Ordering::Relaxed);
        let end = from + transactions * rows;
        let started = Instant::now();
        let workers = (0..AT_ONCE).map(|_| tokio::spawn(work(self.db.clone(), self.next.clone(), rows, end)));
        for worker in workers.collect::<Vec<_>>() {
            worker.await??;
        }
        let took = started.elapsed();
        self.next.store(end, Ordering::Relaxed);
        Ok(count(transactions * rows) / took.as_secs_f64())
    }
}

async fn work(db: Database, next: Arc<AtomicUsize>, rows: usize, end: usize) -> Outcome<()> {
    loop {
        let from = next.fetch_add(rows, Ordering::Relaxed);
        if from >= end {
            return Ok(());
        }
        let body = "x".repeat(BODY);
        let bare = |id: usize| Ok(row::ActiveModel { id: Set(i64::try_from(id)?), body: Set(body.clone()) });
        let bare = (from..from + rows).map(bare).collect::<Outcome<Vec<_>>>()?;
        let tx = db.begin_write().await?;
        row::Entity::insert_many(bare).exec_without_returning(&tx).await?;
        tx.commit().await?;
    }
}
