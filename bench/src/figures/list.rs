//! A list of files that is final.

use super::{Bench, beside, in_turn};
use crate::{
    error::Outcome,
    limit::row_id,
    load::Load,
    report::{Aim, Figure, kib, seconds},
};

impl Bench<'_> {
    pub(super) async fn list(&self) -> Outcome<Figure> {
        let (stage, reader) = (&self.stage, &self.stage.reader);
        let limit = |number| reader.reading(number, |at| format!("/limit/{}", row_id(at)));
        let list = |number| reader.reading(number, |_| reader.list_path());
        let (lists, limits) =
            in_turn(self.amount(3200), (&stage.limit, limit), (&stage.server, list)).await?;
        let mut figure = Figure::new(
            "list",
            "A final list of 50 files",
            "`GET permission-access/query/{session}` of a session that is completed, 16 at once, each signed \
             and with a nonce of its own. Against the limit server under the same load: the same web server \
             and database library with the same settings, a process of its own, which checks the same PS512 \
             signature, does one select by primary key and answers 60 bytes.",
        );
        lists.describe(&mut figure, "list");
        limits.describe(&mut figure, "limit server");
        figure.row("length of the list", kib(lists.length()));
        let verify = self.raw.verify()?;
        let share = 100.0 * verify / lists.cpu_each();
        figure.row("of the server's CPU, the signature", format!("{}, {share:.0} %", seconds(verify)));
        let by_rate = beside(&lists, &limits, |list, limit| list.rate() / limit.rate());
        let by_cpu = beside(&lists, &limits, by_cpu);
        figure.aimed("requests against the limit server", by_rate, Aim::Least(0.6), "");
        figure.row("the same by CPU of the servers", format!("{by_cpu:.2}"));
        Ok(figure)
    }
}

/// How the CPU of a limit compares to that of a run.
pub(super) fn by_cpu(run: &Load, limit: &Load) -> f64 {
    limit.cpu_each() / run.cpu_each()
}
