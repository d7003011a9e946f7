//! Promise 3, under load: when the console has answered a stop or a revocation, no request that starts afterwards gets
//! data, on any replica, and downloads that run are cut.
//!
//! Time is the machine's here: a race is run, not told.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use consent_client::{AccessToken, SessionKey};
use futures_util::future::join_all;
use harness::{MockApp, Person, TestPlatform, Yes, stories};
use tokio::sync::watch;

use crate::downloads::{LARGE, Story};

/// So many read at once.
const READERS: usize = 16;
/// So often the race is run.
const ROUNDS: usize = 10;
/// So many answers each reader gets before the decision, and so many after it, at least.
const BEFORE: usize = 2;
const AFTER: usize = 3;

/// Somebody who shares with an app that speaks to one or more replicas.
struct Stage<'p> {
    ada: Person<'p>,
    apps: Vec<MockApp>,
}

impl<'p> Stage<'p> {
    async fn set(platform: &'p TestPlatform, replicas: &[&TestPlatform]) -> Self {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        Self { ada, apps: replicas.iter().map(|replica| app.at(replica)).collect() }
    }

    /// One race: everybody reads, she decides, and everybody goes on for a while.
    async fn race(&self, yes: &Yes, verb: &str) -> Race {
        let (session, list) = self.apps[0].reads(&yes.shared).await.unwrap();
        let reader = |number: usize| Reader {
            app: &self.apps[number % self.apps.len()],
            lists: (number / self.apps.len()).is_multiple_of(2),
            access: &yes.shared.tokens.access.value,
            session: &session.key,
            name: &list.files[0].name,
        };
        let readers: Vec<_> = (0..READERS).map(reader).collect();
        let race = Race::default();
        let read = join_all(readers.iter().map(|reader| reader.runs(&race)));
        let decide = async {
            race.wait_for(READERS * BEFORE).await;
            let _ = self.ada.acts(&yes.grant, verb).await.ok();
            race.decided.send_replace(Some(Instant::now()));
        };
        tokio::join!(read, decide);
        race
    }
}

/// What happened in a race.
#[derive(Default)]
struct Race {
    /// When the console had answered.
    decided: watch::Sender<Option<Instant>>,
    /// Whenever somebody has got an answer.
    answered: watch::Sender<usize>,
    /// When requests were sent that data came of.
    served: Mutex<Vec<Instant>>,
    /// And what others were answered that were sent later than the console's answer came.
    refused: Mutex<Vec<String>>,
}

impl Race {
    async fn wait_for(&self, answers: usize) {
        let _ = self.answered.subscribe().wait_for(|count| *count >= answers).await;
    }

    /// Sees that there was a race, and that it was won.
    #[track_caller]
    fn was_won(&self, refusal: &str) {
        let decided = self.decided.borrow().expect("she has decided");
        let (served, refused) = (self.served.lock().unwrap(), self.refused.lock().unwrap());
        assert!(served.len() >= READERS * BEFORE, "only {} were served", served.len());
        let late: Vec<_> = served.iter().filter_map(|sent| sent.checked_duration_since(decided)).collect();
        assert!(late.is_empty(), "data for requests sent so long after the answer: {late:?}");
        assert!(refused.len() >= READERS * AFTER, "only {} were refused", refused.len());
        assert!(refused.iter().all(|answer| answer == refusal), "{refused:?}");
    }
}

/// Reads again and again, through a connection of its own.
struct Reader<'s> {
    app: &'s MockApp,
    lists: bool,
    access: &'s AccessToken,
    session: &'s SessionKey,
    name: &'s str,
}

impl Reader<'_> {
    async fn runs(&self, race: &Race) {
        let mut after = 0;
        while after < AFTER {
            // Taken before anything is sent, so whoever is late by this is late.
            let sent = Instant::now();
            let is_late = race.decided.borrow().is_some_and(|decided| sent > decided);
            let outcome = self.asks().await;
            after += usize::from(is_late);
            if outcome == "ok" {
                race.served.lock().unwrap().push(sent);
            } else if is_late {
                race.refused.lock().unwrap().push(outcome);
            }
            race.answered.send_modify(|count| *count += 1);
        }
    }

    /// What comes of a request, with everything that belongs to its answer.
    async fn asks(&self) -> String {
        if self.lists {
            return MockApp::outcome(&self.app.client.list(self.access, self.session).await);
        }
        MockApp::outcome(&self.app.client.fetch(self.access, self.session, self.name).await)
    }
}

stories! {
    with |config| config.server.workers = 4;
    async fn nobody_who_asks_after_a_revocation_gets_data(platform: TestPlatform) {
        let stage = Stage::set(&platform, &[&platform]).await;
        for _ in 0..ROUNDS {
            let yes = stage.ada.approves(&stage.apps[0]).await;
            stage.race(&yes, "revoke").await.was_won("401 InvalidToken");
        }
    }

    async fn nobody_who_asks_after_a_stop_gets_data(platform: TestPlatform) {
        let stage = Stage::set(&platform, &[&platform]).await;
        let yes = stage.ada.approves(&stage.apps[0]).await;
        for _ in 0..ROUNDS {
            stage.race(&yes, "stop").await.was_won("403 GrantStopped");
            stage.ada.resumes(&yes).await;
        }
    }

    async fn nobody_who_asks_at_another_replica_after_a_revocation_gets_data(platform: TestPlatform) {
        let there = platform.replica().await;
        let stage = Stage::set(&platform, &[&platform, &there]).await;
        for _ in 0..ROUNDS {
            let yes = stage.ada.approves(&stage.apps[0]).await;
            stage.race(&yes, "revoke").await.was_won("401 InvalidToken");
        }
    }

    async fn nobody_who_asks_at_another_replica_after_a_stop_gets_data(platform: TestPlatform) {
        let there = platform.replica().await;
        let stage = Stage::set(&platform, &[&platform, &there]).await;
        let yes = stage.ada.approves(&stage.apps[0]).await;
        for _ in 0..ROUNDS {
            stage.race(&yes, "stop").await.was_won("403 GrantStopped");
            stage.ada.resumes(&yes).await;
        }
    }

    async fn while_others_read_running_downloads_are_cut(platform: TestPlatform) {
        let there = platform.replica().await;
        let story = Story::begin(&platform, LARGE).await;
        let downloads = [story.downloads(&platform).await, story.downloads(&there).await];
        let over = AtomicBool::new(false);
        let crowd = story.reads_on([&platform, &there], &over);
        let cut = async {
            story.decides("revoke").await;
            let answered = Instant::now();
            let second = Duration::from_secs(1);
            join_all(downloads.map(|download| download.breaks_off_within(second, answered))).await;
            over.store(true, Ordering::SeqCst);
        };
        tokio::join!(crowd, cut);
    }
}
