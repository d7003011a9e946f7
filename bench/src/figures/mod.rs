//! The figures: each loads the platform and its limit in turn, three times.

mod counts;
mod fetch;
mod grants;
mod large;
mod list;
mod people;
mod revoke;
mod signals;
mod single;
mod start;
mod tokens;

use std::{num::NonZero, thread, time::Duration};

use clap::ValueEnum;

use crate::{
    error::Outcome,
    load::{Bodies, Load, count, drive, quantile},
    process::Process,
    raw::{Raw, median},
    report::{Figure, rate, seconds, took},
    stage::{AT_ONCE, Stage},
};
use grants::Crowds;

/// So often everything is measured.
const RUNS: usize = 3;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Single operations: signatures, ciphers, disk
    Raw,
    /// List of 50 files, against the limit server
    List,
    /// Fetch of a 10 KB file, against the sum of its unavoidable work
    FetchSmall,
    /// Fetch of 200 files of 10 KB, all at once
    FetchMany,
    /// Fetch of 1 GiB, against AES-256-CBC, and memory
    FetchLarge,
    /// Upload of 1 GiB, against the same, and memory
    UploadLarge,
    /// Code to tokens, against the rate of RSA signatures
    Token,
    /// Refresh token to tokens, against the same
    Refresh,
    /// Sign-in with a password, against Argon2id
    SignIn,
    /// The page on which a person consents, against a bare page
    ConsentPage,
    /// Start on an existing database, memory when idle, size of the binary
    Start,
    /// List at 1 000 000 grants, against 1 000
    Grants,
    /// Revoke at 1 000 000 grants, against 1 000
    Revoke,
    /// Signals to 1 000 endpoints of which 50 hang, against the rate of RSA signatures
    Signals,
    /// Statements, RSA operations and allocations of one request
    Counts,
}

impl Name {
    /// As on the command line.
    pub fn as_text(self) -> String {
        self.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
    }
}

/// What figures are measured with.
pub struct Bench<'e> {
    /// The platform and the limit server.
    pub stage: Stage<'e>,
    raw: Raw,
    quick: bool,
    /// Refresh tokens that nobody has used yet.
    refresh_tokens: Vec<String>,
    crowds: Option<Crowds>,
}

impl<'e> Bench<'e> {
    /// A bench on a platform that is set up; `quick` for a first look.
    pub fn new(stage: Stage<'e>, quick: bool) -> Outcome<Self> {
        let moment = Duration::from_millis(if quick { 100 } else { 500 });
        Ok(Self { stage, raw: Raw::new(moment)?, quick, refresh_tokens: Vec::new(), crowds: None })
    }

    /// Measures one figure.
    pub async fn measure(&mut self, name: Name) -> Outcome<Figure> {
        self.stage.reader.renew().await?;
        match name {
            Name::Raw => self.single_operations().await,
            Name::List => self.list().await,
            Name::FetchSmall => self.fetch_small().await,
            Name::FetchMany => self.fetch_many().await,
            Name::FetchLarge => self.fetch_large().await,
            Name::UploadLarge => self.upload_large().await,
            Name::Token => self.token().await,
            Name::Refresh => self.refresh().await,
            Name::SignIn => self.sign_in().await,
            Name::ConsentPage => self.consent_page().await,
            Name::Start => self.start().await,
            Name::Grants => self.grants().await,
            Name::Revoke => self.revoke().await,
            Name::Signals => self.signals().await,
            Name::Counts => self.counts().await,
        }
    }

    /// So many, or an eighth of it for a first look.
    fn amount(&self, full: usize) -> usize {
        if self.quick { full / 8 } else { full }
    }
}

/// All runs of one kind.
#[derive(Default)]
struct Runs(Vec<Load>);

impl Runs {
    /// One more run.
    async fn run(&mut self, server: &Process, requests: Vec<Vec<u8>>, at_once: usize) -> Outcome<()> {
        self.0.push(drive(server, requests, at_once, Bodies::Count).await?);
        Ok(())
    }

    fn last(&self) -> &Load {
        self.0.last().expect("there was a run")
    }

    fn median(&self, of: impl Fn(&Load) -> f64) -> f64 {
        median(&mut self.0.iter().map(of).collect::<Vec<_>>())
    }

    fn rate(&self) -> f64 {
        self.median(Load::rate)
    }

    fn cpu_each(&self) -> f64 {
        self.median(Load::cpu_each)
    }

    /// Length of an answer's body.
    fn length(&self) -> f64 {
        self.median(|load| load.bytes() / count(load.latencies.len()))
    }

    /// Rate, latency and cost in three rows.
    fn describe(&self, figure: &mut Figure, who: &str) {
        let (p50, p99) = (self.quantile(0.5), self.quantile(0.99));
        figure.row(format!("{who}: requests"), rate(self.rate()));
        figure.row(format!("{who}: p50, p99"), format!("{}, {}", took(p50), took(p99)));
        let (each, cores) = (seconds(self.cpu_each()), self.median(Load::cores));
        figure.row(format!("{who}: CPU of the server each"), format!("{each}, {cores:.2} cores"));
    }

    /// Of all runs together.
    fn quantile(&self, share: f64) -> Duration {
        let mut all: Vec<_> = self.0.iter().flat_map(|load| load.latencies.iter().copied()).collect();
        all.sort_unstable();
        quantile(&all, share)
    }
}

/// The median of what two kinds of runs, which took turns, come to run by run.
fn beside(runs: &Runs, limits: &Runs, ratio: impl Fn(&Load, &Load) -> f64) -> f64 {
    median(&mut runs.0.iter().zip(&limits.0).map(|(run, limit)| ratio(run, limit)).collect::<Vec<_>>())
}

/// Loads a limit and the platform in turn: once with an eighth to warm up, then [`RUNS`] times with `number` requests.
async fn in_turn(
    number: usize,
    (limit, limit_requests): (&Process, impl Fn(usize) -> Outcome<Vec<Vec<u8>>>),
    (server, requests): (&Process, impl Fn(usize) -> Outcome<Vec<Vec<u8>>>),
) -> Outcome<(Runs, Runs)> {
    let (mut runs, mut limits) = <(Runs, Runs)>::default();
    for run in 0..=RUNS {
        let number = if run == 0 { number.div_ceil(8) } else { number };
        limits.run(limit, limit_requests(number)?, AT_ONCE).await?;
        runs.run(server, requests(number)?, AT_ONCE).await?;
        if run == 0 {
            (runs, limits) = Default::default();
        }
    }
    Ok((runs, limits))
}

fn cores() -> f64 {
    count(thread::available_parallelism().map_or(1, NonZero::get))
}
