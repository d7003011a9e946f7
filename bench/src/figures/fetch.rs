//! Small files on their way to the app.

use std::time::Duration;

use consent_core::Ambient;
use consent_events::{Access, Ledger, NewAccess};
use consent_store::{Database, Pool};
use tokio::time::{Instant, sleep_until};

use super::{Bench, RUNS, Runs, beside, cores};
use crate::{
    door::FILE_BYTES,
    error::Outcome,
    limit::select_cost,
    load::count,
    process::Cpu,
    raw::median,
    report::{Aim, Figure, kib, rate, seconds, took},
    stage::AT_ONCE,
};

/// What a fetch cannot do without, and what each part takes by itself, in seconds.
struct Unavoidable(Vec<(&'static str, f64)>);

impl Unavoidable {
    fn sum(&self) -> f64 {
        self.0.iter().map(|(_, each)| each).sum()
    }
}

impl Bench<'_> {
    pub(super) async fn fetch_small(&self) -> Outcome<Figure> {
        let (stage, reader) = (&self.stage, &self.stage.reader);
        let (mut fetches, mut bares, mut parts) = (Runs::default(), Runs::default(), Vec::new());
        let mut ledgers = Vec::new();
        for run in 0..=RUNS {
            let number = self.amount(if run == 0 { 400 } else { 3200 });
            let bare = reader.reading(number, |_| "/bare".to_owned())?;
            bares.run(&stage.limit, bare, AT_ONCE).await?;
            parts.push(self.unavoidable(cores() / bares.last().rate()).await?);
            let fetch = reader.reading(number, |at| reader.file_path(at))?;
            fetches.run(&stage.server, fetch, AT_ONCE).await?;
            ledgers.push(self.ledger_cost(fetches.last().rate()).await?);
            if run == 0 {
                (fetches, bares, parts, ledgers) = Default::default();
            }
        }
        let mut figure = Figure::new(
            "fetch-small",
            "Fetch of a 10 KB file",
            "`GET permission-access/query/{session}/{file}` of mapped files in turn, 16 at once. Against the \
             sum of its unavoidable work: each operation by itself on one thread, and a bare round trip, \
             which is cores ÷ rate of the limit server answering 40 bytes without looking at anything, to \
             the same client. The limit is what all cores together could do if there were nothing else.",
        );
        fetches.describe(&mut figure, "fetch");
        figure.row("fetch: length as sealed", kib(fetches.length()));
        bares.describe(&mut figure, "bare answer");
        for (at, (what, _)) in parts[0].0.iter().enumerate() {
            let each = median(&mut parts.iter().map(|part| part.0[at].1).collect::<Vec<_>>());
            figure.row(format!("unavoidable: {what}"), seconds(each));
        }
        let sum = median(&mut parts.iter().map(Unavoidable::sum).collect::<Vec<_>>());
        figure.row("unavoidable: sum", format!("{}, {}", seconds(sum), rate(cores() / sum)));
        let ratios = fetches.0.iter().zip(&parts).map(|(load, part)| load.rate() * part.sum() / cores());
        let by_rate = median(&mut ratios.collect::<Vec<_>>());
        figure.aimed("fetches against what the sum allows", by_rate, Aim::Least(0.5), "");
        let work = sum - cores() / bares.rate();
        let by_cpu = beside(&fetches, &bares, |fetch, bare| (work + bare.cpu_each()) / fetch.cpu_each());
        figure.row("the same by CPU of the servers", format!("{by_cpu:.2}"));
        let ledger = median(&mut ledgers);
        figure.row("of the fetch, its line in the ledger: CPU", seconds(ledger));
        let slower = ledger / (fetches.cpu_each() - ledger);
        figure.aimed("the ledger against the fetch without it", slower, Aim::Most(0.1), "");
        Ok(figure)
    }

    /// CPU seconds for an access on its way into a person's ledger, so many of them a second, the database's included.
    async fn ledger_cost(&self, rate: f64) -> Outcome<f64> {
        let (ambient, number) = (Ambient::system(), self.amount(16_000));
        let db = Database::connect(&self.stage.database, &Pool::default()).await?;
        let ledger = Ledger::open(db.clone(), &self.stage.folder.path().join("accesses"), ambient.clone())?;
        let access = Access {
            grant: ambient.new_id(),
            contract: ambient.new_id(),
            version: 1,
            session: Some(ambient.new_id()),
            file: ambient.new_id(),
            object_type: Some(401),
            text_hash: ambient.random(),
            bytes: FILE_BYTES as u64,
        };
        let new = NewAccess { person: ambient.new_id(), app: ambient.new_id(), access };
        let (cpu, began) = (Cpu::of_this(&self.stage.database)?, Instant::now());
        for at in 0..number {
            if at % 32 == 0 {
                sleep_until(began + Duration::from_secs_f64(count(at) / rate)).await;
            }
            ledger.record(new.clone())?;
        }
        ledger.settle().await;
        let used = cpu.since()?;
        db.close().await?;
        Ok(used.as_secs_f64() / count(number))
    }

    pub(super) async fn fetch_many(&self) -> Outcome<Figure> {
        const MANY: usize = 200;
        let reader = self.stage.reader_of(MANY).await?;
        let mut runs = Runs::default();
        for _ in 0..=RUNS {
            let requests = reader.reading(MANY, |at| reader.file_path(at))?;
            runs.run(&self.stage.server, requests, MANY).await?;
        }
        runs.0.remove(0);
        let mut figure = Figure::new(
            "fetch-many",
            "200 files of 10 KB at once",
            "What digi.me's Node SDK does with a list: every file is asked for at the same moment, each on a \
             connection of its own.",
        );
        figure.row("all 200 files", seconds(runs.median(|load| load.wall.as_secs_f64())));
        let (p50, p99) = (runs.quantile(0.5), runs.quantile(0.99));
        figure.row("p50, p99", format!("{}, {}", took(p50), took(p99)));
        figure.row("files", rate(runs.rate()));
        figure.row("CPU of the server each", seconds(runs.cpu_each()));
        Ok(figure)
    }

    async fn unavoidable(&self, round_trip: f64) -> Outcome<Unavoidable> {
        let select = select_cost(&self.stage.limit_database, self.amount(8000)).await?;
        Ok(Unavoidable(vec![
            ("check the signature", self.raw.verify()?),
            ("one indexed select", select),
            ("X25519, to open the file's key", self.raw.x25519()?),
            ("AES-256-GCM, to open the file", self.raw.gcm_open(FILE_BYTES)?),
            ("RSA-OAEP, to seal a key", self.raw.oaep()?),
            ("AES-256-CBC, to seal the file", self.raw.cbc(FILE_BYTES)?),
            ("a bare round trip", round_trip),
        ]))
    }
}
