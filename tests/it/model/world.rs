//! Acts at random, each done to the platform and written into the book.

mod apps;
mod grants;
mod people;

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::Poll,
};

use chrono::{DateTime, TimeDelta, Utc};
use consent_contracts::{Client, Document, NewApp};
use consent_core::{
    Entropy as _,
    testing::{SeededEntropy, TestClock},
};
use consent_crypto::digest::hex;
use consent_gateway::{flows::FlowError, platform::Platform, worker};
use harness::{MockApp, TestPlatform, rows};

use super::{
    book::{self, Book},
    check::{self, Checker},
};

/// The sources that persons connect.
const SOURCES: [i64; 3] = [3, 16, 18];

/// Two persons, two apps, whoever else the sandbox invents, and the book of what they did.
pub struct World {
    platform: Platform,
    clock: TestClock,
    chance: SeededEntropy,
    clients: Vec<Arc<Client>>,
    book: Book,
    checker: Checker,
    name: String,
    attempts: u32,
}

/// How an act ended.
enum Ended<T> {
    Done(T),
    Refused(FlowError),
    /// It was cut off at the very end: it happened, and nobody heard.
    Unheard,
}

/// What was answered; nothing where nobody heard it.
type Heard<T> = Option<T>;

impl<T> Ended<T> {
    /// Whether it happened; a refusal must have been expected.
    #[track_caller]
    fn happened(self, expected: bool) -> Option<Heard<T>> {
        match self {
            Self::Done(done) if expected => Some(Some(done)),
            Self::Unheard if expected => Some(None),
            Self::Refused(_) if !expected => None,
            Self::Done(_) => panic!("it was not refused"),
            Self::Unheard => panic!("it left something behind, though it was to be refused"),
            Self::Refused(error) => panic!("it was refused: {error:?}"),
        }
    }
}

impl World {
    pub async fn new(platform: &TestPlatform, seed: u64) -> Self {
        let mut clients = Vec::new();
        for (keys, future) in [("app-1", false), ("app-2", true)] {
            clients.push(Arc::new(client(&platform.inner, keys, future).await));
        }
        Self {
            platform: platform.inner.clone(),
            clock: platform.clock.clone(),
            chance: SeededEntropy::new(seed),
            clients,
            book: Book::default(),
            checker: Checker::default(),
            name: hex(&platform.inner.ambient.random::<4>()),
            attempts: 0,
        }
    }

    /// Does something, and compares.
    pub async fn act(&mut self) {
        match self.below(100) {
            // At first there is nobody and nothing.
            _ if self.book.people.is_empty() => self.sign_up().await,
            _ if self.book.pairs.is_empty() && !self.book.codes.is_empty() => self.exchange().await,
            _ if self.book.pairs.is_empty() => self.approve().await,
            0..4 => self.sign_up().await,
            4..8 => self.sign_in().await,
            8..10 => self.sign_out().await,
            10..13 => self.change_password().await,
            13..15 => self.recover().await,
            15..17 => self.new_recovery_code().await,
            17..24 => self.connect().await,
            24..32 => self.approve().await,
            32..37 => self.auto_authorize().await,
            37..46 => self.exchange().await,
            46..60 => self.refresh().await,
            60..68 => self.read().await,
            68..71 => self.onboard().await,
            71..75 => self.stop().await,
            75..80 => self.resume().await,
            80..82 => self.revoke().await,
            82..94 => self.wait(),
            _ => self.sweep().await,
        }
        self.checker.check(&self.platform, &self.book).await;
    }

    /// What is too slow to be done after each act.
    pub async fn close(self) {
        check::check_contents(&self.platform, &self.book).await;
        check::check_crosswise(&self.platform, &self.book).await;
    }

    fn now(&self) -> DateTime<Utc> {
        self.platform.ambient.now()
    }
}

// Chance.
impl World {
    fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.chance.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % end as u64).expect("below a usize")
    }

    fn percent(&self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of these, if there is any.
    fn one_of(&self, from: &[usize]) -> Option<usize> {
        if from.is_empty() { None } else { Some(from[self.below(from.len())]) }
    }

    fn log(&self, what: &str) {
        println!("{} {what}", self.now().format("%d %H:%M:%S"));
    }
}

// Being cut off.
impl World {
    /// Does something, which one time in three is cut off at some await point, as a crash would. What then has left
    /// nothing behind is done again, to its end.
    async fn attempt<T, F>(&self, act: impl Fn() -> F) -> Ended<T>
    where
        F: Future<Output = Result<T, FlowError>>,
    {
        if self.percent(35) {
            let before = self.fingerprint().await;
            let (polls, between) = (self.below(70), self.percent(50));
            if let Some(ended) = cut_off(act(), polls, between).await {
                return ended.map_or_else(Ended::Refused, Ended::Done);
            }
            rows::settled(&self.platform.db).await;
            if self.fingerprint().await != before {
                self.log("  … cut off after it was committed");
                return Ended::Unheard;
            }
            self.log("  … cut off, and done again");
        }
        act().await.map_or_else(Ended::Refused, Ended::Done)
    }

    /// Everything that is kept, except what is counted whether or not an act comes to its end.
    async fn fingerprint(&self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        self.platform.ledger.settle().await;
        for table in rows::tables(&self.platform.db).await {
            if !matches!(table.as_str(), "nonce" | "sign_in_attempt" | "authorization_request") {
                all.push(rows::rows(&self.platform.db, &table).await);
            }
        }
        all
    }
}

/// Polls a future so many times and drops it, between two of its steps or while one is under way.
async fn cut_off<F: Future>(future: F, polls: usize, between: bool) -> Option<F::Output> {
    let (mut future, mut left) = (Box::pin(future), polls);
    poll_fn(move |context| {
        if between && left == 0 {
            return Poll::Ready(None);
        }
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                left -= 1;
                Poll::Pending
            }
        }
    })
    .await
}

// Time.
impl World {
    fn wait(&self) {
        let (minute, day) = (60, 24 * 60 * 60);
        let short = [5, 11, 61, 61, 9 * minute, 11 * minute, 61 * minute];
        let long = [day + 1, day + 1, 2 * day, 2 * day, 8 * day, 15 * day, 91 * day, 181 * day];
        let seconds =
            if self.percent(20) { long[self.below(long.len())] } else { short[self.below(short.len())] };
        self.clock.advance(TimeDelta::seconds(seconds));
        self.log(&format!("after {seconds} s"));
    }

    async fn sweep(&mut self) {
        self.log("sweep");
        let platform = &self.platform;
        // It is many transactions, so that whatever was cut off is only done by the next one.
        if self.percent(50) {
            let _ = cut_off(worker::sweep(platform), self.below(70), self.percent(50)).await;
            rows::settled(&self.platform.db).await;
        }
        worker::sweep(&self.platform).await.unwrap();
        self.book.sweep(self.now());
    }
}

async fn client(platform: &Platform, keys: &str, future: bool) -> Client {
    let mut document = MockApp::document("read-raw", keys, |document| {
        document["ongoing"] = true.into();
        document["scope"] = serde_json::json!({ "criteria": [] });
        document["futureAccounts"] = future.into();
        document["grantFor"] = if future { "P7D".into() } else { serde_json::Value::Null };
    });
    document.as_object_mut().unwrap().retain(|name, value| name != "publish" && !value.is_null());
    let document: Document = serde_json::from_value(document).unwrap();
    let (tx, ambient, policy) =
        (platform.db.begin_write().await.unwrap(), &platform.ambient, platform.policy());
    let new =
        NewApp { name: keys.to_owned(), contact: "privacy@app.example".to_owned(), ..NewApp::default() };
    let (app, _) = consent_contracts::register_app(&tx, new, &policy, ambient).await.unwrap();
    let contract = consent_contracts::draft(&tx, &app.id, document, &policy, ambient).await.unwrap();
    consent_contracts::publish(&tx, &app.id, &contract.id, ambient).await.unwrap();
    tx.commit().await.unwrap();
    consent_contracts::find_client(&platform.db, &contract.client_id()).await.unwrap()
}

fn sorted<T: Ord + Clone>(all: &[T]) -> Vec<T> {
    let mut all = all.to_vec();
    all.sort();
    all
}
