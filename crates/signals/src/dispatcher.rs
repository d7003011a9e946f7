//! Sends what is due, again and again, and lets nobody wait for anybody else's endpoint.

use std::{
    error::Error,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use consent_core::Ambient;
use consent_crypto::Keystore;
use consent_store::{Database, Patience};
use secrecy::ExposeSecret as _;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time,
};

use crate::{
    Attempted, Method, Outcome, Schedule, SignalsError, envelope, set,
    store::{self, Claimed, Ended, Rules},
    transport::{Message, Transport},
};

/// Another process may have written something: nobody wakes this one for it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looking costs the same for one place as for many, and what is claimed together is written together: it is waited until
/// three quarters of them are free, but no longer than this.
const ROOM_WITHIN: Duration = Duration::from_millis(50);

/// How much is done at once, and when an endpoint is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// At most so many attempts at once to one endpoint; one after an attempt in vain. Replicas that claim at the same
    /// instant may each take so many.
    pub per_endpoint: u32,
    /// At most so many connections at once in this process. Twice as many attempts may be going on: outcomes wait to be
    /// written down.
    pub in_flight: usize,
    /// How long a worker has the right to send a signal; longer than an attempt can take.
    pub lease: Duration,
    /// After so many attempts in vain in a row an endpoint is left alone …
    pub breaker_after: u32,
    /// … for so long.
    pub breaker_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_endpoint: 4,
            in_flight: 512,
            lease: Duration::from_mins(1),
            breaker_after: 5,
            breaker_for: Duration::from_mins(1),
        }
    }
}

/// Wakes whoever waits for something to be done; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Says that there may be something; to be called after the commit of what enqueued it.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody wakes it; at once if somebody did while nobody waited.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

/// Sends what is due. Dropping it ends attempts in the middle; their signals are sent again when their leases end.
#[derive(Debug)]
pub struct Dispatcher {
    shared: Arc<Shared>,
    attempts: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Shared {
    db: Database,
    keystore: Arc<Keystore>,
    transport: Transport,
    schedule: Schedule,
    limits: Limits,
    ambient: Ambient,
    wake: Wake,
    arrivals: Wake,
    going: watch::Sender<Going>,
    ended: Mutex<Vec<Ended>>,
    /// Whoever has it writes down all that has ended.
    turn: tokio::sync::Mutex<()>,
}

/// What a dispatcher works with.
#[derive(Debug, Clone)]
pub struct Equipment {
    /// Where signals are.
    pub db: Database,
    /// Opens the secrets of endpoints.
    pub keystore: Arc<Keystore>,
    /// Sends.
    pub transport: Transport,
    /// When to try again.
    pub schedule: Schedule,
    /// How much at once.
    pub limits: Limits,
}

impl Dispatcher {
    /// A dispatcher that does nothing yet.
    #[must_use]
    pub fn new(with: Equipment, ambient: Ambient) -> Self {
        let shared = Shared {
            db: with.db,
            keystore: with.keystore,
            transport: with.transport,
            schedule: with.schedule,
            limits: with.limits,
            ambient,
            wake: Wake::default(),
            arrivals: Wake::default(),
            going: watch::Sender::default(),
            ended: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        };
        Self { shared: Arc::new(shared), attempts: Mutex::default() }
    }

    /// What wakes it.
    #[must_use]
    pub fn waker(&self) -> Wake {
        self.shared.wake.clone()
    }

    /// What it wakes when an app has taken a signal.
    #[must_use]
    pub fn arrivals(&self) -> Wake {
        self.shared.arrivals.clone()
    }

    /// Claims what is due at `now` and begins to send it; says how much that is, and waits for none of it.
    ///
    /// When the outcome of an attempt is written down, the dispatcher is woken and claims again: the next signal of the
    /// same grant, or of the same endpoint, may be due.
    pub async fn deliver_due(&self, now: DateTime<Utc>) -> Result<usize, SignalsError> {
        let shared = &self.shared;
        let room = shared.going.borrow().room(shared.limits.in_flight);
        if room == 0 {
            return Ok(0);
        }
        let due = store::due(&shared.db, room, &shared.limits, now).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let tx = shared.db.begin_write().await?;
        let claimed = store::claim(&tx, due, &shared.limits, now, &shared.ambient).await?;
        tx.commit().await?;
        let mut attempts = lock(&self.attempts);
        while attempts.try_join_next().is_some() {}
        let count = claimed.len();
        for claimed in claimed {
            let place = Place::take(shared.clone());
            attempts.spawn(place.attempt(claimed));
        }
        Ok(count)
    }

    /// Waits until at most `left` attempts are going on.
    pub async fn settle(&self, left: usize) {
        self.wait_until(|going| going.attempts <= left).await;
    }

    async fn wait_until(&self, enough: impl Fn(&Going) -> bool) {
        // The sender lives as long as this dispatcher.
        let _ = self.shared.going.subscribe().wait_for(enough).await;
    }

    /// Delivers until `shutdown` comes, then lets attempts come to their end; whoever has no time for that drops it.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let most = self.shared.limits.in_flight;
            let has_room = self.wait_until(|going| going.room(most) >= most - most / 4);
            let _ = time::timeout(ROOM_WITHIN, has_room).await;
            let now = self.shared.ambient.now();
            let pause = match self.deliver_due(now).await {
                Ok(_) => self.pause(now).await,
                Err(error) => {
                    let error = &error as &dyn Error;
                    tracing::error!(error, "signals could not be claimed; it is tried again");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = self.shared.wake.woken() => {}
                () = time::sleep(pause) => {}
            }
        }
        self.settle(0).await;
    }

    /// Until something becomes due, and no longer than somebody else's signal may wait.
    async fn pause(&self, now: DateTime<Utc>) -> Duration {
        let due = store::next_due(&self.shared.db, now).await.ok().flatten();
        let wait = due.and_then(|due| (due - now).to_std().ok());
        wait.map_or(LOOK_EVERY, |wait| wait.min(LOOK_EVERY))
    }
}

/// How many attempts go on.
#[derive(Debug, Clone, Copy, Default)]
struct Going {
    /// All of which the outcome is not written down.
    attempts: usize,
    /// Those that may have a connection.
    sending: usize,
}

impl Going {
    /// For so many more there is room, where `most` may have a connection.
    fn room(self, most: usize) -> usize {
        most.saturating_sub(self.sending).min((2 * most).saturating_sub(self.attempts))
    }
}

/// A place among the attempts that go on at once; given back even by one that panics.
struct Place {
    shared: Arc<Shared>,
    sending: bool,
}

impl Place {
    fn take(shared: Arc<Shared>) -> Self {
        shared
            .going
            .send_modify(|going| (going.attempts, going.sending) = (going.attempts + 1, going.sending + 1));
        Self { shared, sending: true }
    }

    fn has_sent(&mut self) {
        if mem::take(&mut self.sending) {
            self.shared.going.send_modify(|going| going.sending -= 1);
        }
    }

    async fn attempt(mut self, claimed: Claimed) {
        let shared = self.shared.clone();
        if let Some(attempted) = shared.send(&claimed).await {
            self.has_sent();
            shared.end(Ended { claimed, attempted }).await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.has_sent();
        self.shared.going.send_modify(|going| going.attempts -= 1);
        self.shared.wake.wake();
    }
}

impl Shared {
    /// Sends a signal; nothing comes of one whose message cannot be made.
    async fn send(&self, claimed: &Claimed) -> Option<Attempted> {
        let now = self.ambient.now();
        let message = self.message(claimed, now).map_err(|error| lost(claimed, &error)).ok()?;
        let attempted = self.transport.send(message, now).await;
        tracing::info!(
            signal.id = %claimed.signal.id,
            app.id = %claimed.signal.app,
            outcome = attempted.outcome.name(),
            status = attempted.status,
            duration_ms = u64::try_from(attempted.took.as_millis()).unwrap_or(u64::MAX),
            "attempt {} to deliver signal {}: {}",
            claimed.attempt.number, claimed.signal.id, attempted.outcome.name(),
        );
        Some(attempted)
    }

    /// Writes down what became of an attempt, with all others that ended meanwhile.
    async fn end(&self, ended: Ended) {
        lock(&self.ended).push(ended);
        let _turn = self.turn.lock().await;
        let ended = mem::take(&mut *lock(&self.ended));
        self.conclude(&ended).await;
    }

    /// Writes down what became of attempts: all together, and one by one those that something stands in the way of.
    async fn conclude(&self, ended: &[Ended]) {
        let (mut alone, together): (Vec<_>, Vec<_>) = ended.iter().partition(|one| one.concerns_others());
        if !together.is_empty() {
            let left = self.record(together.clone(), Patience::Skip).await;
            alone.extend(left.unwrap_or(together));
        }
        for one in alone {
            if let Err(error) = self.record(vec![one], Patience::Wait).await {
                lost(&one.claimed, &error);
            }
        }
        if ended.iter().any(|one| one.attempted.outcome == Outcome::Delivered) {
            self.arrivals.wake();
        }
    }

    async fn record<'a>(
        &self,
        ended: Vec<&'a Ended>,
        patience: Patience,
    ) -> Result<Vec<&'a Ended>, SignalsError> {
        let rules = Rules {
            schedule: &self.schedule,
            breaker_after: self.limits.breaker_after,
            breaker_for: self.limits.breaker_for,
            ambient: &self.ambient,
        };
        let tx = self.db.begin_write().await?;
        let left = store::record(&tx, ended, patience, &rules).await?;
        tx.commit().await?;
        Ok(left)
    }

    fn message(&self, claimed: &Claimed, now: DateTime<Utc>) -> Result<Message, SignalsError> {
        let signal = &claimed.signal;
        let url = claimed.endpoint.url.clone().unwrap_or_default();
        if claimed.endpoint.method != Method::Set {
            let body = envelope::body(signal).map_err(|_| unreadable(claimed))?;
            let secrets = claimed.secrets.webhook(&self.keystore, now)?;
            let headers = envelope::headers(&secrets, &signal.id, now.timestamp(), &body);
            return Ok(Message { url, headers, body });
        }
        let mut headers =
            vec![("content-type", set::MEDIA_TYPE.to_owned()), ("accept", "application/json".to_owned())];
        if let Some(value) = claimed.secrets.authorization(&self.keystore)? {
            headers.push(("authorization", value.expose_secret().to_owned()));
        }
        Ok(Message { url, headers, body: signal.jws.clone() })
    }
}

fn lost(claimed: &Claimed, error: &SignalsError) {
    let error = error as &dyn Error;
    tracing::error!(signal.id = %claimed.signal.id, error, "an attempt to deliver a signal was lost; it is repeated");
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unreadable(claimed: &Claimed) -> SignalsError {
    consent_store::StoreError::corrupt("signal", &claimed.signal.id).into()
}

#[cfg(test)]
mod tests;
