//! Codes and refresh tokens become tokens.

use super::{Bench, RUNS, Runs, cores};
use crate::{
    door::text,
    error::Outcome,
    load::{Bodies, drive},
    raw::median,
    report::{Aim, Figure, rate, seconds},
    requests::Claims,
    stage::{AT_ONCE, payloads},
};

impl Bench<'_> {
    pub(super) async fn token(&mut self) -> Outcome<Figure> {
        let number = self.amount(640);
        let warm_up = number / 8;
        let codes = self.stage.codes(warm_up + RUNS * number).await?;
        let (first, rest) = codes.split_at(warm_up);
        let (mut exchanges, mut signs) = (Runs::default(), Vec::new());
        self.refresh_tokens = self.exchange(&mut Runs::default(), first).await?;
        for part in rest.chunks(number) {
            signs.push(1.0 / self.raw.sign()?);
            let tokens = self.exchange(&mut exchanges, part).await?;
            self.refresh_tokens.extend(tokens);
        }
        let mut figure = Figure::new(
            "token",
            "A code becomes tokens",
            "`POST oauth/token` with codes of as many consents, 16 at once; the answer is signed with PS512. \
             Against RSA-2048 signatures of one thread, once for each core that the server used (its CPU \
             time ÷ time) and once for each core that the machine has. Each exchange is a transaction that \
             is on the disk when it is answered.",
        );
        self.describe_tokens(&mut figure, &exchanges, &signs)?;
        Ok(figure)
    }

    pub(super) async fn refresh(&mut self) -> Outcome<Figure> {
        let number = self.amount(640);
        if self.refresh_tokens.len() < number {
            let codes = self.stage.codes(number).await?;
            self.refresh_tokens = self.exchange(&mut Runs::default(), &codes).await?;
        }
        let mut tokens = self.refresh_tokens.split_off(self.refresh_tokens.len() - number);
        let (mut refreshes, mut signs) = (Runs::default(), Vec::new());
        for _ in 0..RUNS {
            signs.push(1.0 / self.raw.sign()?);
            let claims = |at: usize| {
                vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", tokens[at].clone())]
            };
            let next = self.ask(&mut refreshes, number, claims).await?;
            tokens = next;
        }
        let mut figure = Figure::new(
            "refresh",
            "A refresh token becomes tokens",
            "The same with refresh tokens, those of each run from the answers of the run before.",
        );
        self.describe_tokens(&mut figure, &refreshes, &signs)?;
        Ok(figure)
    }

    /// Exchanges codes; the refresh tokens that came of it.
    async fn exchange(&self, runs: &mut Runs, codes: &[String]) -> Outcome<Vec<String>> {
        self.ask(runs, codes.len(), |at| self.stage.exchanging(&codes[at])).await
    }

    async fn ask(
        &self,
        runs: &mut Runs,
        number: usize,
        claims: impl Fn(usize) -> Claims + Sync,
    ) -> Outcome<Vec<String>> {
        let requests = self.stage.asking_for_tokens(number, claims)?;
        let load = drive(&self.stage.server, requests, AT_ONCE, Bodies::Keep).await?;
        let tokens = payloads(&load)?.iter().map(|said| text(&said["refresh_token"], "value")).collect();
        runs.0.push(load);
        tokens
    }

    fn describe_tokens(&self, figure: &mut Figure, runs: &Runs, signs: &[f64]) -> Outcome<()> {
        runs.describe(figure, figure.name);
        figure.row("RSA-2048 signatures, one thread", rate(median(&mut signs.to_vec())));
        let fsync = self.raw.fsync(self.stage.folder.path())?;
        figure.row("waiting for the disk once", format!("{}, {}", seconds(fsync), rate(1.0 / fsync)));
        let ratio = |per_core: &dyn Fn(usize) -> f64| {
            median(&mut (0..runs.0.len()).map(|run| per_core(run) / signs[run]).collect::<Vec<_>>())
        };
        let used = ratio(&|run| 1.0 / runs.0[run].cpu_each());
        let all = ratio(&|run| runs.0[run].rate() / cores());
        figure.aimed("per core that the server used, against signatures", used, Aim::Least(0.7), "");
        figure.aimed("per core of the machine, against signatures", all, Aim::Least(0.7), "");
        Ok(())
    }
}
