//! How long a person waits until what she shares is shut.

use super::{Bench, RUNS, Runs, beside};
use crate::{
    error::Outcome,
    report::{Aim, Figure, seconds},
    requests,
};

impl Bench<'_> {
    pub(super) async fn revoke(&mut self) -> Outcome<Figure> {
        let each = self.amount(160);
        let crowds = self.crowds(each * (RUNS + 1)).await?;
        let stage = &self.stage;
        let small = stage.start(&stage.data(), &crowds.few, &[])?;
        let large = stage.start(&stage.data(), &crowds.many, &[])?;
        let (mut few, mut many) = <(Runs, Runs)>::default();
        for (run, spare) in crowds.spare.chunks(each).take(RUNS + 1).enumerate() {
            let revoke = |(person, grant): &(String, String)| {
                requests::post(&format!("/api/v1/me/grants/{grant}/revoke"), person, "")
            };
            let requests: Vec<_> = spare.iter().map(revoke).collect();
            few.run(&small, requests.clone(), 1).await?;
            many.run(&large, requests, 1).await?;
            if run == 0 {
                (few, many) = Default::default();
            }
        }
        let (sign, disk) = (self.raw.sign()?, self.raw.fsync(stage.folder.path())?);
        let least = 2.0 * (sign + disk);
        let mut figure = Figure::new(
            "revoke",
            "A revoke at 1 000 000 grants",
            "`POST /api/v1/me/grants/{id}/revoke`, one after the other, on the two copies of the list above: the \
             answer says that the grant is shut, the receipt and the signal are signed, and all of it is on the \
             disk, in the database and in the shut journal. Beside it what must be done: two RSA-2048 \
             signatures, two waits for the disk.",
        );
        crowds.describe(&mut figure);
        few.describe(&mut figure, "at 1 000");
        many.describe(&mut figure, "at many");
        figure.row("two signatures and two waits for the disk", seconds(least));
        let share = least / many.quantile(0.5).as_secs_f64();
        figure.row("the same against a revoke at many", format!("{share:.2}"));
        let time = beside(&many, &few, |many, few| few.rate() / many.rate());
        figure.aimed("time at many against 1 000", time, Aim::Most(1.3), "×");
        Ok(figure)
    }
}
