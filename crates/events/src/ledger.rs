//! Records accesses without making anybody wait: each is a line in a file at once, and in its person's chain a moment later,
//! together with others.

mod spool;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use consent_core::Ambient;
use consent_store::Database;
use tokio::{
    sync::{Notify, mpsc, watch},
    time::sleep,
};

use self::spool::{Entry, Part, Spool};
use crate::{EventsError, NewAccess, store::write_accesses};

/// So long accesses are gathered before they are written to the database.
const GATHER_FOR: Duration = Duration::from_millis(100);
/// So long it waits before it tries again to write what could not be written.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Writes accesses to the ledgers of their persons; cheap to clone.
///
/// What was recorded lies in a file of the folder, out of the reach of a process that is killed, until it is in the
/// database. Other processes may write to the same ledgers, and into the same folder.
#[derive(Debug, Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
    /// Tells the task that there is something, and by its end that nobody is left who could record more.
    wake: mpsc::Sender<()>,
}

#[derive(Debug)]
struct Shared {
    spool: Mutex<Spool>,
    ambient: Ambient,
    hurry: Notify,
    progress: watch::Sender<Progress>,
}

/// How far the task is.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Accesses that are in the database.
    written: u64,
    /// How often the database failed.
    failures: u64,
}

impl Ledger {
    /// Opens a ledger with its files in `dir`, which is made when missing, for this account alone. What a process left there
    /// that was killed is written first; what belongs to one that lives is left alone. Needs a running tokio runtime.
    pub fn open(db: Database, dir: &Path, ambient: Ambient) -> io::Result<Self> {
        let (wake, woken) = mpsc::channel(1);
        let spool = Spool::open(dir)?;
        if spool.waiting() > 0 {
            let _ = wake.try_send(());
        }
        let progress = watch::Sender::default();
        let shared = Arc::new(Shared { spool: Mutex::new(spool), ambient, hurry: Notify::new(), progress });
        tokio::spawn(write_on(db, shared.clone(), woken));
        Ok(Self { shared, wake })
    }

    /// Records an access. When this returns, it is on its way to the ledger even if the process is killed now; a power cut
    /// may lose what was recorded in the last tenth of a second.
    pub fn record(&self, new: NewAccess) -> Result<(), EventsError> {
        let entry = Entry { at: self.shared.ambient.now(), new };
        self.shared.spool().append(entry, &self.shared.ambient).map_err(EventsError::Unrecorded)?;
        // Where there is no room it was woken already.
        let _ = self.wake.try_send(());
        Ok(())
    }

    /// Waits until everything that was recorded through this ledger is in the database, or the database fails.
    pub async fn settle(&self) {
        let mut progress = self.shared.progress.subscribe();
        let (recorded, before) = (self.shared.spool().recorded(), progress.borrow().failures);
        if progress.borrow().written >= recorded {
            return;
        }
        self.shared.hurry.notify_one();
        let _ = progress.wait_for(|now| now.written >= recorded || now.failures > before).await;
    }
}

impl Shared {
    fn spool(&self) -> MutexGuard<'_, Spool> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes whatever is recorded, until nobody is left who could record more. What is recorded while it writes is gathered
/// anew: every commit makes all readers of the database look at it afresh.
async fn write_on(db: Database, shared: Arc<Shared>, mut woken: mpsc::Receiver<()>) {
    let mut done = Vec::new();
    while woken.recv().await.is_some() {
        tokio::select! {
            () = sleep(GATHER_FOR) => {}
            () = shared.hurry.notified() => {}
        }
        let parts = shared.spool().take();
        for part in parts {
            while let Err(error) = write(&db, &part, &mut done).await {
                complain(&error, "accesses could not be written to their ledgers; it is tried again");
                shared.progress.send_modify(|progress| progress.failures += 1);
                sleep(TRY_AGAIN_AFTER).await;
            }
            let count = part.entries.len();
            shared.spool().forget(count);
            match part.delete() {
                Ok(name) => done.push(name),
                Err(error) => complain(&error, "a file of accesses that are written could not be deleted"),
            }
            shared.progress.send_modify(|progress| progress.written += count as u64);
        }
    }
}

fn complain(error: &(dyn std::error::Error + 'static), what: &str) {
    tracing::error!(error, "{what}");
}

/// Writes a part unless it is written already, and forgets the names of files that are deleted.
async fn write(db: &Database, part: &Part, done: &mut Vec<String>) -> Result<(), EventsError> {
    let tx = db.begin_write().await?;
    write_accesses(&tx, part.name(), part.entries.iter().cloned().map(Entry::into_parts).collect(), done)
        .await?;
    tx.commit().await?;
    done.clear();
    Ok(())
}
