//! How quickly apps are told, and whether endpoints that hang delay the others.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use consent_client::reqwest::Method;
use consent_store::Database;
use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Bench, Runs, cores};
use crate::{
    database::{connect, scalar},
    door::{Door, text},
    error::{Outcome, failure},
    load::{Bodies, Load, count, drive},
    process::{Cpu, Process},
    raw::median,
    receivers::Receivers,
    report::{Aim, Figure, rate, seconds},
    requests,
    stage::{AT_ONCE, READ, contract},
};

/// Apps with an endpoint each.
const ENDPOINTS: usize = 1000;
/// Every so-manieth of them hangs.
const EVERY: usize = 20;
/// So long healthy endpoints may take to get what is theirs.
const PATIENCE: Duration = Duration::from_mins(2);

impl Bench<'_> {
    pub(super) async fn signals(&mut self) -> Outcome<Figure> {
        let each = self.amount(32);
        let receivers = Receivers::listen(EVERY).await?;
        let folder = self.stage.folder.path().join("signals");
        fs::create_dir(&folder)?;
        let database = self.stage.engine.make(&folder, "signals").await?;
        let sandbox = [("CONSENT_SERVER__SANDBOX", "true")];
        let mut server = self.stage.start(&folder, &database, &sandbox)?;
        eprintln!("  {ENDPOINTS} endpoints …");
        register(&server, &folder, &receivers).await?;
        verified(&database).await?;
        let (mut healthy, mut some_hang, mut signs) = (Vec::new(), Vec::new(), Vec::new());
        for (run, hang) in [false, true, false, true, false, true].into_iter().enumerate() {
            signs.push(1.0 / self.raw.sign()?);
            server.end()?;
            queue(&database, run, each).await?;
            receivers.hang(hang);
            server.again()?;
            let load = delivered(&server, &receivers, (ENDPOINTS - ENDPOINTS / EVERY) * each).await?;
            if hang { some_hang.push(load) } else { healthy.push(load) }
        }
        let bare = bare(&receivers, self.amount(8000)).await?;
        let (sign, healthy, some_hang) = (median(&mut signs), Runs(healthy), Runs(some_hang));
        let mut figure = Figure::new(
            "signals",
            "Signals to 1 000 endpoints, of which 50 hang",
            format!(
                "{each} signals wait for each of {ENDPOINTS} verified endpoints (webhooks, a connection for \
                 each signal), written into the database while the platform was down; from its start until \
                 the last of the 950 healthy endpoints has its last. By turns with 50 that take a connection \
                 and never answer, and with none. Against RSA-2048 signatures of one thread; beside it bare \
                 messages to the same endpoints, {AT_ONCE} at once."
            ),
        );
        let describe = |figure: &mut Figure, runs: &Runs, who: &str| {
            figure.row(format!("{who}: signals delivered"), rate(runs.rate()));
            let (each, used) = (seconds(runs.cpu_each()), runs.median(Load::cores));
            figure.row(format!("{who}: CPU of the server each"), format!("{each}, {used:.2} cores"));
        };
        describe(&mut figure, &healthy, "none hangs");
        describe(&mut figure, &some_hang, "50 hang");
        figure.row("RSA-2048 signatures, one thread", rate(sign));
        figure.row("bare messages", rate(bare));
        figure.aimed("50 hang: signals against signatures", some_hang.rate() / sign, Aim::Least(0.5), "");
        let per_core = some_hang.rate() / cores() / sign;
        figure.row("the same for each core of the machine", format!("{per_core:.2}"));
        let delay = healthy.rate() / some_hang.rate();
        figure.aimed("time with 50 that hang, against none", delay, Aim::Most(1.1), "×");
        Ok(figure)
    }
}

/// Registers apps with an endpoint each, and has the first one be sent a signal, which is copied later.
async fn register(server: &Process, data: &Path, receivers: &Receivers) -> Outcome<()> {
    let mut door = Door::at(&server.url, data)?;
    let apps = (0..ENDPOINTS).map(|number| {
        let body = json!({ "name": format!("Bench {number}"), "contact": "privacy@app.example" });
        requests::post("/api/v1/apps", door.operator(), &body.to_string())
    });
    let apps = drive(server, apps.collect(), AT_ONCE, Bodies::Keep).await?.bodies;
    let apps: Vec<Value> =
        apps.iter().map(|body| Ok(serde_json::from_slice(body)?)).collect::<Outcome<_>>()?;
    let endpoints = apps.iter().enumerate().map(|(number, app)| {
        let path = format!("/api/v1/apps/{}/signal-endpoint", text(app, "id")?);
        let body = json!({ "url": format!("http://{}/{number}", receivers.address) });
        Ok(requests::put(&path, &text(app, "apiKey")?, &body.to_string()))
    });
    drive(server, endpoints.collect::<Outcome<_>>()?, AT_ONCE, Bodies::Count).await?;
    door.register().await?;
    let (ada, app) = (door.sign_up(0).await?, door.app(&contract(READ)?).await?);
    door.upload(&ada, "note.txt", "text/plain", "a note").await?;
    door.consent(&app, &ada).await?;
    let grants = door.call(Method::GET, "/api/v1/me/grants", &ada, None).await?;
    let stop = format!("/api/v1/me/grants/{}/stop", text(&grants["items"][0], "id")?);
    door.call(Method::POST, &stop, &ada, None).await.map(drop)
}

/// Waits until the platform has written down that all endpoints answered.
async fn verified(database: &str) -> Outcome<()> {
    let (db, began) = (connect(database).await?, Instant::now());
    let active = "SELECT CAST(count(*) AS text) AS answer FROM signal_endpoint WHERE state = 'active'";
    while scalar(&db, active).await? != ENDPOINTS.to_string() {
        if began.elapsed() > PATIENCE {
            return Err(failure("not every endpoint is verified"));
        }
        sleep(Duration::from_millis(100)).await;
    }
    Ok(db.close().await?)
}

/// Has so many signals wait for every endpoint: copies of the one that there is, each about a grant of its own, and those of
/// an endpoint about a person of theirs.
async fn queue(database: &str, run: usize, each: usize) -> Outcome<()> {
    let db = connect(database).await?;
    // What an endpoint that hung did not take in the run before.
    db.execute_unprepared("UPDATE signal SET due_at = NULL WHERE due_at IS NOT NULL").await?;
    db.execute_unprepared("UPDATE signal_endpoint SET failures = 0, open_until = NULL").await?;
    let sqlite = db.get_database_backend() == DbBackend::Sqlite;
    let digits = |number: &str| {
        if sqlite { format!("printf('%012d', {number})") } else { format!("lpad(({number})::text, 12, '0')") }
    };
    let now = if sqlite { "strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')" } else { "now()" };
    let number = digits(&format!("({run} * {ENDPOINTS} + e.n) * {each} + numbers.n"));
    let person = format!("'per00000000000000' || {}", digits("e.n"));
    let grant = format!("'gra00000000000000' || {number}");
    if run == 0 {
        let own = [("id", person.clone()), ("email", "'bench-' || e.n || '@example.org'".to_owned())];
        copy(&db, "person", 1, &own).await?;
    }
    copy(&db, "consent_grant", each, &[("id", grant.clone()), ("person_id", person.clone())]).await?;
    let own = [
        ("jti", format!("'00000000-0000-7000-8000-' || {number}")),
        ("person_id", person),
        ("grant_id", grant),
        ("app_id", "e.app_id".to_owned()),
        ("endpoint_id", "e.id".to_owned()),
        ("due_at", now.to_owned()),
        ("delivery", "'queued'".to_owned()),
        ("noted_at", "NULL".to_owned()),
    ];
    copy(&db, "signal", each, &own).await?;
    Ok(db.close().await?)
}

/// Copies the true row of a table, which has the highest id, so many times for every endpoint (`e`, with its number), with
/// columns of its own, the id first.
async fn copy(db: &Database, table: &str, each: usize, own: &[(&str, String)]) -> Outcome<()> {
    let id = own[0].0;
    let columns = crate::crowd::columns(db, table).await?;
    let value = |column: &String| {
        let own = own.iter().find(|(name, _)| name == column);
        own.map_or_else(|| format!("t.{column}"), |(_, value)| value.clone())
    };
    let copy = format!(
        "INSERT INTO {table} ({}) WITH RECURSIVE numbers (n) AS \
         (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {each}) \
         SELECT {} FROM (SELECT id, app_id, row_number() OVER (ORDER BY id) - 1 AS n FROM signal_endpoint) e \
         CROSS JOIN numbers CROSS JOIN (SELECT * FROM {table} ORDER BY {id} DESC LIMIT 1) t",
        columns.join(", "),
        columns.iter().map(value).collect::<Vec<_>>().join(", "),
    );
    db.execute_unprepared(&copy).await?;
    Ok(())
}

/// Waits until so many signals were taken.
async fn delivered(server: &Process, receivers: &Receivers, number: usize) -> Outcome<Load> {
    let (cpu, began) = (Cpu::of(server)?, Instant::now());
    receivers.take(number, PATIENCE).await?;
    let wall = began.elapsed();
    let latencies = vec![wall / u32::try_from(number)?; number];
    Ok(Load { wall, latencies, received: 0, cpu: cpu.since()?, bodies: vec![] })
}

/// Messages a second, each on a connection of its own, by a sender that does nothing else.
async fn bare(receivers: &Receivers, number: usize) -> Outcome<f64> {
    receivers.hang(false);
    let message = requests::post("/1", "", &json!({ "data": "x".repeat(1500) }).to_string());
    let began = Instant::now();
    let senders = (0..AT_ONCE).map(|_| {
        let (message, address) = (message.clone(), receivers.address);
        tokio::spawn(async move {
            for _ in 0..number / AT_ONCE {
                crate::load::once(address, &message).await?;
            }
            Ok::<_, crate::error::Failure>(())
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await??;
    }
    Ok(count(number / AT_ONCE * AT_ONCE) / began.elapsed().as_secs_f64())
}
