//! Whether a request takes longer because there are many others.

use super::{Bench, beside, in_turn};
use crate::{
    crowd,
    error::Outcome,
    load::Load,
    report::{Aim, Figure},
};

impl Bench<'_> {
    pub(super) async fn grants(&mut self) -> Outcome<Figure> {
        let (few, many) = (1000, if self.quick { 100_000 } else { 1_000_000 });
        let folder = self.stage.folder.path().to_owned();
        self.stage.server.end()?;
        let of = &self.stage.database;
        let few_database = self.stage.engine.copy(of, &folder, "few").await?;
        let many_database = self.stage.engine.copy(of, &folder, "many").await?;
        self.stage.server.again()?;
        eprintln!("  {many} grants …");
        crowd::fill(&few_database, few).await?;
        crowd::fill(&many_database, many).await?;
        let (stage, reader) = (&self.stage, &self.stage.reader);
        let small = stage.start(&stage.data(), &few_database, &[])?;
        let large = stage.start(&stage.data(), &many_database, &[])?;
        let list = |number| reader.reading(number, |_| reader.list_path());
        let (at_many, at_few) = in_turn(self.amount(3200), (&small, list), (&large, list)).await?;
        let mut figure = Figure::new(
            "grants",
            "A list at 1 000 000 grants",
            "The list above, of the same person, on two copies of the database: one with 1 000 more grants, \
             one with 1 000 000 (five to a person, each with its keys, tokens and session). Rows are written \
             straight into the database, copied from those of a true consent. Two processes, in turn.",
        );
        if self.quick {
            figure.row("grants, as this is a first look", many.to_string());
        }
        at_few.describe(&mut figure, "at 1 000");
        at_many.describe(&mut figure, "at many");
        let time = beside(&at_many, &at_few, |many, few| few.rate() / many.rate());
        figure.aimed("time at many against 1 000", time, Aim::Most(1.3), "×");
        let cpu = beside(&at_many, &at_few, |many, few| Load::cpu_each(many) / few.cpu_each());
        figure.row("the same by CPU of the servers", format!("{cpu:.2} ×"));
        Ok(figure)
    }
}
