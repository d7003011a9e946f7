//! The program is killed in the middle of everything, and started again: what was acknowledged is there, and nothing is
//! there by halves. And it ends in peace when it is asked to.

mod actor;
mod aftermath;
mod dispatch;

use std::time::{Duration, Instant};

use consent_client::reqwest;
use consent_core::{Ambient, Entropy as _, testing::SeededEntropy};
use futures_util::future::join_all;
use harness::{Engine, MockApp, Place, Process, TestPlatform};

use crate::downloads::{LARGE, Story};
use actor::{Actor, Registered};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gateway-under-test");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_on_sqlite() {
    kill_again_and_again(&Place::new(Engine::Sqlite).await.expect("SQLite is built in")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_on_postgres() {
    match Place::new(Engine::Postgres).await {
        Some(place) => kill_again_and_again(&place).await,
        None => println!("skipped: no PostgreSQL installation was found"),
    }
}

/// Kills as often as `CONSENT_TEST_KILLS` says, 6 times otherwise, at moments that `CONSENT_TEST_SEED` decides.
async fn kill_again_and_again(place: &Place) {
    let seed = number("CONSENT_TEST_SEED").unwrap_or_else(|| Ambient::system().random::<1>()[0].into());
    println!("CONSENT_TEST_SEED={seed}");
    let chance = SeededEntropy::new(seed);
    let mut process = start(place);
    let operator = std::fs::read_to_string(place.path().join("operator.token")).unwrap();
    let app = Registered::register(&process, operator.trim()).await;
    let mut actors: Vec<_> =
        (0..4).map(|index| Actor::new(format!("actor-{index}"), seed + index, app.clone())).collect();
    for kill in 1..=number("CONSENT_TEST_KILLS").unwrap_or(6) {
        let mut after = [0; 2];
        chance.fill(&mut after);
        let after = Duration::from_millis(50 + u64::from(u16::from_be_bytes(after)) % 1200);
        let killed = async {
            tokio::time::sleep(after).await;
            process.signal("KILL");
        };
        tokio::join!(join_all(actors.iter_mut().map(|actor| actor.works(&process))), killed);
        let acknowledged: usize = actors.iter().map(|actor| actor.acknowledged).sum();
        println!("kill {kill} after {after:?}, {acknowledged} acts acknowledged so far");
        let _ = process.end();
        process = start(place);
        aftermath::look(place, &mut actors).await;
        for actor in &mut actors {
            assert!(actor.finds_everything(&process).await.is_ok(), "nobody kills it now");
        }
    }
    let (status, _) = {
        process.signal("TERM");
        process.end()
    };
    assert!(status.success());
}

fn start(place: &Place) -> Process {
    place.start(PROGRAM, &["--sandbox"], &[]).unwrap_or_else(|ended| panic!("{ended:?}"))
}

#[expect(clippy::disallowed_methods, reason = "the tests' own switches, not the server's configuration")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_asked_to_end_lets_downloads_finish() {
    let place = Place::new(Engine::Sqlite).await.expect("SQLite is built in");
    let process = start(&place);
    let platform = TestPlatform::at(&process, &place).await;
    let story = Story::begin(&platform, LARGE).await;
    let download = story.downloads(&platform).await;
    process.signal("TERM");
    let ready = format!("{}/readyz", process.url);
    while reqwest::get(&ready).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    download.arrives().await;
    let started = Instant::now();
    let (status, more) = process.end();
    assert_eq!((status.code(), more.as_str()), (Some(0), ""), "one line on stdout, and a clean end");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_asked_to_end_does_not_wait_for_ever() {
    let place = Place::new(Engine::Sqlite).await.expect("SQLite is built in");
    let process = place.start(PROGRAM, &["--sandbox"], &[("CONSENT_SERVER__DRAIN_FOR", "2s")]).unwrap();
    let platform = TestPlatform::at(&process, &place).await;
    let story = Story::begin(&platform, LARGE).await;
    let download = story.downloads(&platform).await;
    process.signal("TERM");
    let started = Instant::now();
    assert_eq!(process.end().0.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10));
    download.breaks_off().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_with_people_of_the_sandbox_is_refused_without_it() {
    let place = Place::new(Engine::Sqlite).await.expect("SQLite is built in");
    let process = start(&place);
    let (app, shared) = {
        let platform = TestPlatform::at(&process, &place).await;
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        (app, shared)
    };
    process.signal("TERM");
    assert!(process.end().0.success());

    let refused = place.start(PROGRAM, &[], &[]).map(|_| ()).unwrap_err();
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("start with --sandbox or use another database"), "{}", refused.stderr);

    let process = start(&place);
    let ready = reqwest::get(format!("{}/readyz", process.url)).await.unwrap();
    assert_eq!(ready.status(), 200);
    let platform = TestPlatform::at(&process, &place).await;
    let accounts = app.at(&platform).client.accounts(&shared.tokens.access.value).await;
    assert_eq!(MockApp::outcome(&accounts), "ok");
}
