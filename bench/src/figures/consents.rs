//! Consent events that apps post, one at a time and many at once; and finding them among many.

use serde_json::{Value, json};

use super::{Bench, RUNS, Runs, beside, in_turn};
use crate::{
    error::Outcome,
    load::{Load, count},
    log,
    raw::median,
    report::{Aim, Figure, rate},
    requests::{get, post},
    rows::Rows,
    stage::AT_ONCE,
};

/// Events in one request.
const BATCH: usize = 100;
const PATH: &str = "/consent/v1/consents";

impl Bench<'_> {
    pub(super) async fn consents(&mut self) -> Outcome<Figure> {
        let stage = &self.stage;
        let bare = stage.engine.make(stage.folder.path(), "bare").await?;
        let bare = Rows::make(&bare).await?;
        let mut figure = Figure::new(
            "consents",
            "Consent events are recorded",
            "`POST consents`, 16 at once, each event of another subject, so that each begins a chain; on the disk when \
             it is answered. Against bare rows of a kilobyte, which this program writes to a database of its own, as \
             many at once, in transactions of as many rows.",
        );
        for (what, requests, size) in
            [("one event", self.amount(3200), 1), ("100 events", self.amount(320), BATCH)]
        {
            let (mut runs, mut limits) = (Runs::default(), Vec::new());
            for run in 0..=RUNS {
                let requests = if run == 0 { requests.div_ceil(8) } else { requests };
                limits.push(bare.insert(requests, size).await?);
                let ready = self.posting(requests, size, &format!("{size}-{run}"));
                runs.run(&self.stage.server, ready, AT_ONCE).await?;
                if run == 0 {
                    (runs, limits) = Default::default();
                }
            }
            runs.describe(&mut figure, what);
            let ratios = runs.0.iter().zip(&limits).map(|(run, limit)| run.rate() * count(size) / limit);
            let ratio = median(&mut ratios.collect::<Vec<_>>());
            figure.row(format!("{what}: events"), rate(runs.rate() * count(size)));
            figure.row(format!("{what}: bare rows"), rate(median(&mut limits)));
            figure.row(format!("{what}: events against bare rows"), format!("{ratio:.2}"));
        }
        Ok(figure)
    }

    /// So many requests to record, each of so many events of nobody of whom anything is recorded.
    fn posting(&self, requests: usize, size: usize, run: &str) -> Vec<Vec<u8>> {
        let (_, key) = self.stage.door.registered();
        let event = |request: usize, at: usize| {
            let subject = format!("{run}-{request}-{at}@example.org");
            json!({ "subject": subject, "target": log::target(at), "scope": "news", "action": true })
        };
        let body = |request| match size {
            1 => event(request, 0),
            size => (0..size).map(|at| event(request, at)).collect::<Value>(),
        };
        (0..requests).map(|request| post(PATH, key, &body(request).to_string())).collect()
    }

    pub(super) async fn search(&mut self) -> Outcome<Figure> {
        let (few, many) = (1000, if self.quick { self.events.min(100_000) } else { self.events });
        let folder = self.stage.folder.path().to_owned();
        self.stage.server.end()?;
        let of = &self.stage.database;
        let few_database = self.stage.engine.copy(of, &folder, "few_events").await?;
        let many_database = self.stage.engine.copy(of, &folder, "many_events").await?;
        self.stage.server.again()?;
        let (app, key) = self.stage.door.registered();
        eprintln!("  {many} events …");
        let app = app.parse()?;
        log::fill(&few_database, &app, few).await?;
        log::fill(&many_database, &app, many).await?;
        let stage = &self.stage;
        // Events that come one by one are signed as they come; here all chains would be due at the start.
        let unsigned =
            [("CONSENT_EVENTS__CHECKPOINT_EVERY", "1000"), ("CONSENT_EVENTS__CHECKPOINT_AFTER", "1d")];
        let small = stage.start(&stage.data(), &few_database, &unsigned)?;
        let large = stage.start(&stage.data(), &many_database, &unsigned)?;
        let asks = |events: usize| move |number| Ok(searching(key, number, events / log::EACH));
        let (at_many, at_few) = in_turn(self.amount(3200), (&small, asks(few)), (&large, asks(many))).await?;
        let mut figure = Figure::new(
            "search",
            "A search in a long log",
            "`GET consents/search` with subject, target and `current=true`, which finds five scopes, each time of another \
             subject, on two copies of the database: one with 1 000 events in the app's log, one with as many as are \
             said below (a hundred of each subject), written straight into the database. Two processes, in turn.",
        );
        figure.row("events", many.to_string());
        at_few.describe(&mut figure, "at 1 000");
        at_many.describe(&mut figure, "at many");
        let time = beside(&at_many, &at_few, |many, few| few.rate() / many.rate());
        figure.aimed("time at many against 1 000", time, Aim::Most(1.3), "×");
        let cpu = beside(&at_many, &at_few, |many, few| Load::cpu_each(many) / few.cpu_each());
        figure.row("the same by CPU of the servers", format!("{cpu:.2} ×"));
        Ok(figure)
    }
}

/// Searches for one subject after the other, far from each other.
fn searching(key: &str, number: usize, subjects: usize) -> Vec<Vec<u8>> {
    let path = |at: usize| {
        let subject = log::subject(at * 7919 % subjects.max(1));
        format!("/consent/v0/consents/search?subject={subject}&target={}&current=true", log::target(at))
    };
    (0..number).map(|at| get(&path(at), key, "application/json")).collect()
}
