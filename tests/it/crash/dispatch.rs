//! The program is killed while it tells apps what changed: nothing that was committed is lost on the way, nothing comes
//! that was not committed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use consent_client::reqwest::Method;
use consent_core::{Ambient, Entropy as _, testing::SeededEntropy};
use consent_store::{Database, Pool};
use futures_util::future::join_all;
use harness::{Engine, MockApp, Person, Place, Process, TestPlatform, rows};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tokio::sync::Notify;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::method};

use super::{PROGRAM, aftermath, number};

/// So many people share with every app.
const PEOPLE: usize = 3;
/// What is committed has to have arrived within this time, once nobody kills or hangs any more.
const PATIENCE: Duration = Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_is_told_whenever_it_is_killed_on_sqlite() {
    kill_and_tell(&Place::new(Engine::Sqlite).await.expect("SQLite is built in")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_is_told_whenever_it_is_killed_on_postgres() {
    match Place::new(Engine::Postgres).await {
        Some(place) => kill_and_tell(&place).await,
        None => println!("skipped: no PostgreSQL installation was found"),
    }
}

/// Kills as often as `CONSENT_TEST_KILLS` says, 6 times otherwise, at moments that `CONSENT_TEST_SEED` decides.
async fn kill_and_tell(place: &Place) {
    let seed = number("CONSENT_TEST_SEED").unwrap_or_else(|| Ambient::system().random::<1>()[0].into());
    println!("CONSENT_TEST_SEED={seed}");
    let chance = SeededEntropy::new(seed);
    let mut process = start(place);
    let apps = [
        App::new(Temper::Well).await,
        App::new(Temper::Slow).await,
        App::new(Temper::Failing).await,
        App::new(Temper::Hanging).await,
    ];
    let mut sharers = set_the_stage(place, &process, &apps, seed).await;
    for app in &apps {
        app.is_difficult.store(true, Ordering::Relaxed);
    }
    for kill in 1..=number("CONSENT_TEST_KILLS").unwrap_or(6) {
        let (mut drawn, progress) = ([0; 3], Notify::new());
        chance.fill(&mut drawn);
        let after = Duration::from_millis(u64::from(u16::from_be_bytes([drawn[0], drawn[1]])) % 600);
        let killed = async {
            // One in four does not get as far as to do anything.
            if drawn[2] % 4 > 0 {
                progress.notified().await;
            }
            tokio::time::sleep(after).await;
            process.signal("KILL");
        };
        tokio::join!(join_all(sharers.iter_mut().map(|sharer| sharer.changes(&process, &progress))), killed);
        let _ = process.end();
        let changes: usize = sharers.iter().map(Sharer::acknowledged).sum();
        let arrivals: usize = join_all(apps.iter().map(App::count)).await.iter().sum();
        println!(
            "kill {kill} after {after:?}, {changes} changes acknowledged and {arrivals} messages so far"
        );
        leases_run_out(place).await;
        process = start(place);
    }
    for app in &apps {
        app.is_difficult.store(false, Ordering::Relaxed);
    }
    process.signal("KILL");
    let _ = process.end();
    leases_run_out(place).await;
    process = start(place);
    everything_settles(place).await;
    process.signal("TERM");
    assert!(process.end().0.success());
    look(place, &apps, &sharers).await;
}

/// Retries follow each other fast, so that a kill meets one often.
fn start(place: &Place) -> Process {
    let retries = vec!["100ms"; 5000].join(", ");
    let environment = [("CONSENT_SIGNALS__RETRY_AFTER", format!("0ms, {retries}"))];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    place.start(PROGRAM, &["--sandbox"], &environment).unwrap_or_else(|ended| panic!("{ended:?}"))
}

/// How an app takes what it is told, while it is difficult.
#[derive(Debug, Clone, Copy)]
enum Temper {
    Well,
    Slow,
    /// Two of three times.
    Failing,
    /// Never answers.
    Hanging,
}

/// An app with an endpoint.
struct App {
    server: MockServer,
    is_difficult: Arc<AtomicBool>,
}

struct Answers {
    temper: Temper,
    is_difficult: Arc<AtomicBool>,
    count: AtomicUsize,
}

impl Respond for Answers {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let taken = ResponseTemplate::new(204);
        if !self.is_difficult.load(Ordering::Relaxed) {
            return taken;
        }
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        match self.temper {
            Temper::Well => taken,
            Temper::Slow => taken.set_delay(Duration::from_millis(150)),
            Temper::Failing if count.is_multiple_of(3) => taken,
            Temper::Failing => ResponseTemplate::new(503),
            Temper::Hanging => taken.set_delay(Duration::from_mins(1)),
        }
    }
}

impl App {
    async fn new(temper: Temper) -> Self {
        let (server, is_difficult) = (MockServer::start().await, Arc::new(AtomicBool::new(false)));
        let answers = Answers { temper, is_difficult: is_difficult.clone(), count: AtomicUsize::new(0) };
        Mock::given(method("POST")).respond_with(answers).mount(&server).await;
        Self { server, is_difficult }
    }

    async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.expect("requests are recorded")
    }

    async fn count(&self) -> usize {
        self.requests().await.len()
    }
}

/// Who changes her mind about what one app may have.
struct Sharer {
    chance: SeededEntropy,
    token: String,
    grant: String,
    app: usize,
    acknowledged: usize,
}

/// Registers the apps, has their endpoints verified, and has everybody share with everyone.
async fn set_the_stage(place: &Place, process: &Process, apps: &[App; 4], seed: u64) -> Vec<Sharer> {
    let platform = TestPlatform::at(process, place).await;
    let mut registered = Vec::new();
    for app in apps {
        let made = MockApp::register(&platform, "read", "app-1", |_| {}).await;
        let path = format!("/api/v1/apps/{}/signal-endpoint", made.id);
        let endpoint = json!({ "url": format!("{}/signals", app.server.uri()) });
        let _ = platform.call(Method::PUT, &path, Some(&made.api_key), Some(&endpoint)).await.ok();
        let is_active = async || {
            let shown = platform.call(Method::GET, &path, Some(&made.api_key), None).await.ok();
            shown["state"] == "active"
        };
        while !is_active().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        registered.push(made);
    }
    let mut sharers = Vec::new();
    for number in 0..PEOPLE {
        let person: Person = platform.person(&format!("person-{number}")).await;
        person.connects(&[25]).await;
        for (app, made) in registered.iter().enumerate() {
            let yes = person.approves(made).await;
            let chance = SeededEntropy::new(seed + sharers.len() as u64);
            sharers.push(Sharer {
                chance,
                token: person.token.clone(),
                grant: yes.grant,
                app,
                acknowledged: 0,
            });
        }
    }
    sharers
}

impl Sharer {
    fn acknowledged(&self) -> usize {
        self.acknowledged
    }

    /// Stops, resumes, revokes, erases, takes back, until the server is gone.
    async fn changes(&mut self, process: &Process, progress: &Notify) {
        while let Some(stage) = self.stage(process).await {
            let verb = self.verb(&stage);
            let path = format!("/api/v1/me/grants/{}/{verb}", self.grant);
            match process.call(Method::POST, &path, Some(&self.token), None).await {
                Ok(answer) => assert_eq!(answer.status, 200, "{verb} what is {stage}: {}", answer.json),
                Err(_) => return,
            }
            self.acknowledged += 1;
            progress.notify_one();
        }
    }

    /// What her grant is now; nothing when the server is gone.
    async fn stage(&self, process: &Process) -> Option<String> {
        let path = format!("/api/v1/me/grants/{}", self.grant);
        let answer = process.call(Method::GET, &path, Some(&self.token), None).await.ok()?;
        Some(answer.ok()["stage"].as_str()?.to_owned())
    }

    fn verb(&self, stage: &str) -> &'static str {
        let mut drawn = [0; 1];
        self.chance.fill(&mut drawn);
        match (stage, drawn[0]) {
            ("active" | "stopped", 0..2) => "revoke",
            ("active" | "stopped", 2..4) | ("revoked", _) => "erase",
            ("active", _) => "stop",
            ("stopped", _) => "resume",
            ("erasing", _) => "cancel-erasure",
            (other, _) => panic!("a grant that is {other}"),
        }
    }
}

async fn open(place: &Place) -> Database {
    Database::connect(&place.database_url(), &Pool::default()).await.unwrap()
}

/// Time passes while nothing runs: leases and pauses are over.
async fn leases_run_out(place: &Place) {
    let db = open(place).await;
    rows::settled(&db).await;
    let long_ago = DateTime::<Utc>::UNIX_EPOCH;
    for sql in [
        "UPDATE signal SET due_at = $1 WHERE due_at IS NOT NULL",
        "UPDATE signal_endpoint SET failures = 0, open_until = NULL WHERE created_at > $1",
    ] {
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [long_ago.into()]);
        let tx = db.begin_write().await.unwrap();
        tx.execute_raw(statement).await.unwrap();
        tx.commit().await.unwrap();
    }
    db.close().await.unwrap();
}

/// Waits until there is nothing left to send, and all that arrived is noted.
async fn everything_settles(place: &Place) {
    let (db, started) = (open(place).await, Instant::now());
    let left = "SELECT jti || ' ' || delivery FROM signal WHERE delivery NOT IN ('delivered', 'fetched', 'cancelled') \
        OR (delivery = 'delivered' AND grant_id IS NOT NULL AND noted_at IS NULL)";
    loop {
        let open = rows::texts(&db, left).await;
        if open.is_empty() {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{} are left, such as {:?}", open.len(), open.first());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    db.close().await.unwrap();
}

/// What may not be: each query finds the signals or grants of one kind.
const WRONG: &[(&str, &str)] = &[
    (
        "a signal without its event, or the other way round",
        "SELECT s.jti FROM signal s WHERE s.grant_id IS NOT NULL AND 1 <> (SELECT count(*) FROM event e \
            WHERE e.grant_id = s.grant_id AND e.act_type = 'signalled' AND e.body LIKE '%' || s.jti || '%')",
    ),
    (
        "an arrival that was not noted once, or a note without arrival",
        "SELECT s.jti FROM signal s WHERE s.grant_id IS NOT NULL AND (CASE s.delivery WHEN 'delivered' THEN 1 ELSE 0 END) \
            <> (SELECT count(*) FROM event e WHERE e.grant_id = s.grant_id AND e.act_type = 'delivered' \
                AND e.body LIKE '%' || s.jti || '%')",
    ),
    (
        "a change of a grant that was not told",
        "SELECT g.id FROM consent_grant g WHERE g.seq - 1 <> (SELECT count(*) FROM signal s WHERE s.grant_id = g.id)",
    ),
    (
        "attempts that are not numbered through",
        "SELECT s.jti FROM signal s WHERE s.attempts <> (SELECT count(*) FROM signal_attempt a WHERE a.jti = s.jti) \
            OR s.attempts <> (SELECT coalesce(max(number), 0) FROM signal_attempt a WHERE a.jti = s.jti)",
    ),
    (
        "a delivery that no attempt speaks of, or one that was cancelled and did arrive",
        "SELECT s.jti FROM signal s WHERE (s.delivery = 'delivered') \
            <> EXISTS (SELECT 1 FROM signal_attempt a WHERE a.jti = s.jti AND a.outcome = 'delivered')",
    ),
    ("a lease that is left", "SELECT jti FROM signal WHERE lease_holder IS NOT NULL OR due_at IS NOT NULL"),
    (
        "something owed that a stronger command ended",
        "SELECT jti FROM signal WHERE superseded_by IS NOT NULL AND obligation IS NOT NULL AND obligation <> 'superseded'",
    ),
    (
        "a grant that is shared about which something is owed, or one that is not about which nothing is",
        "SELECT g.id FROM consent_grant g WHERE g.seq > 1 AND (CASE g.stage WHEN 'active' THEN 0 ELSE 1 END) \
            <> (SELECT count(*) FROM signal s WHERE s.grant_id = g.id AND s.obligation = 'open')",
    ),
];

/// A signal as it was committed.
struct Committed {
    grant: String,
    seq: i64,
    jws: String,
    delivery: String,
    attempts: usize,
    superseded: bool,
}

async fn look(place: &Place, apps: &[App; 4], sharers: &[Sharer]) {
    let db = open(place).await;
    rows::settled(&db).await;
    for (what, query) in WRONG {
        assert_eq!(rows::texts(&db, query).await, Vec::<String>::new(), "{what}");
    }
    for person in rows::texts(&db, "SELECT id FROM person").await {
        aftermath::events_of(&db, &person.parse().unwrap()).await;
    }
    let committed = committed(&db).await;
    db.close().await.unwrap();
    for sharer in sharers {
        let told = committed.values().filter(|signal| signal.grant == sharer.grant).count();
        assert!(told >= sharer.acknowledged, "{}: {told} of {}", sharer.grant, sharer.acknowledged);
    }
    for (number, app) in apps.iter().enumerate() {
        let grants: Vec<_> = sharers
            .iter()
            .filter(|sharer| sharer.app == number)
            .map(|sharer| sharer.grant.as_str())
            .collect();
        arrived(&app.requests().await, &grants, &committed);
    }
}

async fn committed(db: &Database) -> BTreeMap<String, Committed> {
    let fields = "jti || ' ' || grant_id || ' ' || seq || ' ' || jws || ' ' || delivery || ' ' || attempts || ' ' \
        || CASE WHEN superseded_by IS NULL THEN 'no' ELSE 'yes' END";
    let query = format!("SELECT {fields} FROM signal WHERE grant_id IS NOT NULL");
    let rows = rows::texts(db, &query).await;
    rows.iter()
        .map(|row| {
            let [jti, grant, seq, jws, delivery, attempts, superseded] =
                row.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let signal = Committed {
                grant: grant.to_owned(),
                seq: seq.parse().unwrap(),
                jws: jws.to_owned(),
                delivery: delivery.to_owned(),
                attempts: attempts.parse().unwrap(),
                superseded: superseded == "yes",
            };
            (jti.to_owned(), signal)
        })
        .collect()
}

/// Everything that came to an app was committed for it, all that was not cancelled came, and in order.
fn arrived(requests: &[Request], grants: &[&str], committed: &BTreeMap<String, Committed>) {
    let mut bodies: BTreeMap<String, Vec<&[u8]>> = BTreeMap::new();
    let mut highest: BTreeMap<&str, i64> = BTreeMap::new();
    for request in requests {
        let body: Value = serde_json::from_slice(&request.body).expect("whole messages");
        if body["type"] == "verification" {
            continue;
        }
        let id = request.headers["webhook-id"].to_str().unwrap().to_owned();
        let signal = committed.get(&id).unwrap_or_else(|| panic!("{id} came and was never committed"));
        assert!(grants.contains(&signal.grant.as_str()), "{id} is not this app's");
        assert_eq!(body["data"]["set"], signal.jws.as_str(), "{id}");
        let before = bodies.entry(id.clone()).or_default();
        // One that a stronger command overtook may have been on its way, and come behind it.
        if before.is_empty() && !signal.superseded {
            let highest = highest.entry(&signal.grant).or_default();
            assert!(signal.seq > *highest, "{id}: {} came after {highest}", signal.seq);
            *highest = signal.seq;
        }
        before.push(&request.body);
    }
    for (id, signal) in committed.iter().filter(|(_, signal)| grants.contains(&signal.grant.as_str())) {
        let came = bodies.get(id).map(Vec::as_slice).unwrap_or_default();
        assert!(came.windows(2).all(|pair| pair[0] == pair[1]), "{id} came in two forms");
        assert!(
            came.len() <= signal.attempts,
            "{id} came {} times in {} attempts",
            came.len(),
            signal.attempts
        );
        assert!(
            signal.delivery == "cancelled" || !came.is_empty(),
            "{id} is {} and never came",
            signal.delivery
        );
    }
}
