//! What people wait for: signing in, and the page on which they consent.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use consent_client::{AuthorizeOptions, reqwest::Method};
use serde_json::json;

use super::{Bench, RUNS, Runs, beside, cores, in_turn, list::by_cpu};
use crate::{
    door::{Door, PASSWORD, email},
    error::{Outcome, failure},
    process::Process,
    raw::median,
    report::{Figure, kib, rate, seconds, took},
    requests,
    stage::{READ, contract, path_of},
};

/// So many sign in at once; the server checks `people.argon2_at_once` passwords at a time.
const SIGN_INS_AT_ONCE: usize = 4;
/// So long samples may take to be read.
const PATIENCE: Duration = Duration::from_mins(1);

impl Bench<'_> {
    pub(super) async fn sign_in(&self) -> Outcome<Figure> {
        let people = self.stage.people.len();
        let request = |at: usize| {
            let body = json!({ "email": email(at % people), "password": PASSWORD });
            requests::post("/api/v1/sign-in", "", &body.to_string())
        };
        let (mut alone, mut together, mut argon2) = (Runs::default(), Runs::default(), Vec::new());
        for _ in 0..RUNS {
            argon2.push(self.raw.argon2().await?);
            alone.run(&self.stage.server, (0..4).map(request).collect(), 1).await?;
            let many = (0..self.amount(32).max(4)).map(request).collect();
            together.run(&self.stage.server, many, SIGN_INS_AT_ONCE).await?;
        }
        let mut figure = Figure::new(
            "sign-in",
            "Sign-in with a password",
            "`POST /api/v1/sign-in`, by turns of 8 people, with the default cost of a password (64 MiB, 3 \
             passes): one after the other for the latency, 4 at once for the rate. Against one Argon2id run \
             with the same cost, and against as many at a time as there are cores, at most \
             `people.argon2_at_once` = 2.",
        );
        let run = median(&mut argon2.clone());
        figure.row("one after the other: p50, p99", {
            format!("{}, {}", took(alone.quantile(0.5)), took(alone.quantile(0.99)))
        });
        figure.row("4 at once: sign-ins", rate(together.rate()));
        figure.row("4 at once: p50, p99", {
            format!("{}, {}", took(together.quantile(0.5)), took(together.quantile(0.99)))
        });
        figure.row("CPU of the server each", seconds(together.cpu_each()));
        figure.row("one Argon2id run", seconds(run));
        let latency = run / alone.quantile(0.5).as_secs_f64();
        figure.row("one Argon2id run against one sign-in", format!("{latency:.2}"));
        let ratios = together.0.iter().zip(&argon2).map(|(load, run)| load.rate() * run / cores().min(2.0));
        let ratio = median(&mut ratios.collect::<Vec<_>>());
        figure.row("sign-ins against Argon2id runs", format!("{ratio:.2}"));
        Ok(figure)
    }

    pub(super) async fn consent_page(&self) -> Outcome<Figure> {
        let folder = self.stage.folder.path().join("sandbox");
        fs::create_dir(&folder)?;
        let database = self.stage.engine.make(&folder, "sandbox").await?;
        let sandbox = [("CONSENT_SERVER__SANDBOX", "true"), ("CONSENT_SANDBOX__SAMPLE_PACE", "0ms")];
        let server = self.stage.start(&folder, &database, &sandbox)?;
        let (path, cookies) = asked(&server, &folder).await?;
        let page = |number| Ok(vec![requests::browse(&path, &cookies); number]);
        let mut first = Runs::default();
        first.run(&server, page(1)?, 1).await?;
        let length = first.length();
        let bare = |number| Ok(vec![requests::browse(&format!("/page/{length}"), &cookies); number]);
        let number = self.amount(1600);
        let (pages, bares) = in_turn(number, (&self.stage.limit, bare), (&server, page)).await?;
        let mut figure = Figure::new(
            "consent-page",
            "The page on which a person consents",
            "`GET /apps/saas/authorize/{request}` of somebody who is signed in, with the samples of five \
             sources in her library (a sandbox of its own, samples read without a pause), 16 at once. Beside \
             it the limit server answering a page of the same length that lies ready.",
        );
        pages.describe(&mut figure, "page");
        figure.row("length of the page", kib(length));
        bares.describe(&mut figure, "bare page");
        let by_rate = beside(&pages, &bares, |page, bare| page.rate() / bare.rate());
        figure.row("requests against the bare page", format!("{by_rate:.2}"));
        figure.row("the same by CPU of the servers", format!("{:.2}", beside(&pages, &bares, by_cpu)));
        Ok(figure)
    }
}

/// Brings somebody with samples to the page; where it is, and the cookies that open it.
async fn asked(server: &Process, data: &Path) -> Outcome<(String, String)> {
    let mut door = Door::at(&server.url, data)?;
    door.register().await?;
    let app = door.app(&contract(READ)?).await?;
    let ada = door.sign_up(0).await?;
    for source in [1, 3, 16, 17, 18] {
        let body = json!({ "sourceId": source, "sampleDataSet": "ada" });
        door.call(Method::POST, "/api/v1/me/accounts", &ada, Some(&body)).await?;
    }
    let started = Instant::now();
    while waits_for_a_source(&door, &ada).await? {
        if started.elapsed() > PATIENCE {
            return Err(failure("the samples are not read to their end"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let asked = app.authorize(&AuthorizeOptions::default()).await?;
    let sign_in = format!("consent-sign-in={ada}");
    let answer = door.visit(&path_of(&asked.consent_url(&[])), &sign_in).await?;
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let (Some(path), Some(cookie)) = (header("location"), header("set-cookie")) else {
        return Err(failure(format!("the link of the app leads nowhere: {}", answer.status())));
    };
    let cookie = cookie.split(';').next().unwrap_or_default();
    Ok((path.to_owned(), format!("{sign_in}; {cookie}")))
}

async fn waits_for_a_source(door: &Door, person: &str) -> Outcome<bool> {
    let accounts = door.call(Method::GET, "/api/v1/me/accounts", person, None).await?;
    let accounts = accounts["items"].as_array().ok_or_else(|| failure("no list of accounts"))?;
    Ok(accounts.iter().any(|account| account["finishedAt"].is_null()))
}
