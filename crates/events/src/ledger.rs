//! Records accesses without making them wait for each other: whatever is queued becomes durable together.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use consent_core::Ambient;
use consent_store::{Database, Tx};
use tokio::sync::{mpsc, oneshot};

use crate::{EventsError, NewAccess, store::write_accesses};

/// How many accesses may wait; whoever comes then waits for a place.
const QUEUE: usize = 4096;
/// The most accesses of one transaction.
const BATCH: usize = 512;

/// Writes accesses to the ledgers of their persons; cheap to clone.
///
/// One task of this process takes whatever is queued and writes it in one transaction. It ends when all clones are
/// dropped and the queue is empty. Other processes may write to the same ledgers.
#[derive(Debug, Clone)]
pub struct Ledger {
    queue: mpsc::Sender<(Entry, Tell)>,
    ambient: Ambient,
}

type Entry = (NewAccess, DateTime<Utc>);
type Tell = oneshot::Sender<Result<(), Arc<EventsError>>>;

impl Ledger {
    /// Starts the task that writes; needs a running tokio runtime.
    #[must_use]
    pub fn start(db: Database, ambient: Ambient) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE);
        tokio::spawn(write_all(db, queued));
        Self { queue, ambient }
    }

    /// Records an access; returns when it is durable. It is recorded also when nobody waits for that any more.
    ///
    /// When the batch that it was part of could not be written, everybody in it gets the same error, and nothing of it
    /// was written.
    pub async fn record(&self, new: NewAccess) -> Result<(), EventsError> {
        let (tell, told) = oneshot::channel();
        let entry = (new, self.ambient.now());
        self.queue.send((entry, tell)).await.map_err(|_| EventsError::Closed)?;
        told.await.map_err(|_| EventsError::Closed)?.map_err(EventsError::Unrecorded)
    }
}

async fn write_all(db: Database, mut queued: mpsc::Receiver<(Entry, Tell)>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queued.recv_many(&mut batch, BATCH).await > 0 {
        let tx = db.begin_write().await;
        // What came while this waited for its turn at the database goes along.
        while batch.len() < BATCH
            && let Ok(more) = queued.try_recv()
        {
            batch.push(more);
        }
        let (entries, tells): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let done = match tx {
            Ok(tx) => write(tx, entries).await.map_err(Arc::new),
            Err(error) => Err(Arc::new(error.into())),
        };
        for tell in tells {
            // Whoever no longer waits need not be told.
            let _ = tell.send(done.clone());
        }
    }
}

async fn write(tx: Tx, entries: Vec<Entry>) -> Result<(), EventsError> {
    write_accesses(&tx, entries).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests;
