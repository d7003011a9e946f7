//! What she decides later: to stop, to go on, to end it, and to have everything erased; and what the app does about it.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use consent_client::{
    ClientError, Session, Tokens,
    signal::{ErasureMethod, Evidence, Exception, Kind, Removed, Report, Signal},
};

use super::{
    super::{CliError, say},
    cast::{Cast, MockApp, Person},
    chapter, open_session, read_everything,
    table::Read,
};

/// How long the mock app's backups hold what was deleted.
const BACKUPS: Days = Days::new(30);
/// And how long a law obliges it to keep the one thing that it keeps.
const BOOKS: Months = Months::new(120);

/// Somebody who shares, and the app that reads.
pub struct Sharing<'s> {
    pub cast: &'s Cast,
    pub person: &'s Person,
    pub app: MockApp,
    pub grant: String,
    pub tokens: Tokens,
    pub session: Session,
    /// What the app holds.
    pub held: Vec<Read>,
}

impl Sharing<'_> {
    /// The whole of it.
    pub async fn changes(&mut self) -> Result<(), CliError> {
        chapter("She stops the contract; the app is cut off at once, and told after that")?;
        self.decides("stop", Some("GrantStopped")).await?;
        let told = self.is_told(Kind::SharingStopped).await?;
        self.reports(&told, &Report::completed(self.now(), None)).await?;

        chapter("She resumes it")?;
        self.decides("resume", None).await?;
        self.is_told(Kind::SharingResumed).await?;

        chapter("She ends it for good")?;
        self.decides("revoke", Some("InvalidToken")).await?;
        let refreshed = self.app.client.refresh(&self.tokens.refresh.value).await;
        say(&format!("  and a refresh of the tokens: {}", outcome(&refreshed)))?;
        if refreshed.is_ok() {
            return Err(CliError::new("a revoked grant gave new tokens"));
        }
        let told = self.is_told(Kind::ConsentRevoked).await?;
        self.reports(&told, &Report::completed(self.now(), None)).await?;

        chapter("She changes her mind: a second yes is a new grant, and the app reads again")?;
        self.agrees_again().await?;

        chapter("She wants to be forgotten: the app has to delete what it holds, and to prove it")?;
        self.decides("erase", Some("InvalidToken")).await?;
        self.is_erased().await
    }

    /// She decides, and the app, which nobody has told yet, asks as before.
    async fn decides(&self, verb: &str, expected: Option<&str>) -> Result<(), CliError> {
        let unaware = self.app.endpoint.keeps_waiting().await;
        self.cast.act(self.person, &self.grant, verb).await?;
        let name = self.held.first().map(|read| read.name.as_str()).unwrap_or_default();
        let answer = self.app.client.fetch(&self.tokens.access.value, &self.session.key, name).await;
        drop(unaware);
        let before = expected.map_or("", |_| ", before the app was told");
        say(&format!("  {verb:<7} the same request now: {}{before}", outcome(&answer)))?;
        if answer.as_ref().err().and_then(ClientError::code) == expected {
            return Ok(());
        }
        Err(CliError::new(format!("after {verb} that is not what had to come")))
    }

    /// The signal about it arrives, and is what it should be.
    async fn is_told(&mut self, kind: Kind) -> Result<Signal, CliError> {
        let signal = self.app.endpoint.next(&kind).await?;
        let seq = signal.seq.unwrap_or_default();
        say(&format!("  signal  {}, no. {seq} of this consent: both signatures verified", kind.name()))?;
        if let Some(by) = signal.complete_by {
            say(&format!("          to be done, and reported, by {}", minute(by)))?;
        }
        Ok(signal)
    }

    /// The app says what it did, signed with the key of its contract.
    async fn reports(&self, about: &Signal, report: &Report) -> Result<(), CliError> {
        let taken = self.app.receiver.report(about, report).await?;
        say(&format!("  report  {}, signed by the app; the platform signs that it came", taken.state))?;
        if taken.state == report.state() {
            return Ok(());
        }
        Err(CliError::new(format!("reported {}, and the platform notes {}", report.state(), taken.state)))
    }

    async fn agrees_again(&mut self) -> Result<(), CliError> {
        let (grant, tokens, asked) = self.cast.approve(self.person, &self.app).await?;
        say(&format!("  grant {grant}"))?;
        self.session = if self.app.ongoing { open_session(&self.app, &tokens).await? } else { asked };
        self.held = read_everything(&self.app, &tokens, &self.session).await?;
        (self.grant, self.tokens) = (grant, tokens);
        Ok(())
    }

    /// The app understands, deletes, and shows what it did and what it did not.
    async fn is_erased(&mut self) -> Result<(), CliError> {
        let told = self.is_told(Kind::ErasureRequested).await?;
        self.reports(&told, &Report::accepted(self.now() + TimeDelta::days(1))).await?;
        let held = std::mem::take(&mut self.held);
        let evidence = evidence(&held, self.now());
        let (files, kinds) = (held.len(), evidence.categories.len());
        drop(held);
        say(&format!(
            "  deleted what it held (files: {files}, kinds of data: {kinds}); keeps its books, as tax law wants it"
        ))?;
        self.reports(&told, &Report::partial(self.now(), evidence)).await
    }

    fn now(&self) -> DateTime<Utc> {
        self.cast.now()
    }
}

/// What the app removed, by kind, and the one thing that it keeps.
fn evidence(held: &[Read], now: DateTime<Utc>) -> Evidence {
    let mut removed: BTreeMap<String, u64> = BTreeMap::new();
    for read in held {
        *removed.entry(read.category()).or_default() += read.objects().max(1);
    }
    let categories = removed.into_iter().map(|(category, removed)| Removed {
        category,
        removed,
        method: ErasureMethod::Deleted,
        systems: vec!["memory of the mock app".to_owned()],
        at: now,
    });
    let today = now.date_naive();
    Evidence {
        categories: categories.collect(),
        backups_gone_by: today.checked_add_days(BACKUPS),
        exceptions: vec![Exception {
            category: "books.invoices".to_owned(),
            ground: "GDPR 17(3)(b)".to_owned(),
            retained_until: today.checked_add_months(BOOKS).unwrap_or(today),
        }],
        ..Evidence::default()
    }
}

fn outcome<T>(answer: &Result<T, ClientError>) -> String {
    match answer {
        Ok(_) => "200, and the data".to_owned(),
        Err(error) => match (error.status(), error.code()) {
            (Some(status), Some(code)) => format!("{status} {code}"),
            _ => error.to_string(),
        },
    }
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
