//! Whether a request takes longer because there are many others.

use consent_client::reqwest::Method;

use super::{Bench, beside, in_turn};
use crate::{
    crowd,
    door::text,
    error::Outcome,
    load::Load,
    report::{Aim, Figure},
};

/// The platform's database, copied and filled with other people's grants.
#[derive(Clone)]
pub struct Crowds {
    /// With a thousand.
    pub few: String,
    /// With a million.
    pub many: String,
    /// How many that is.
    number: usize,
    /// Grants in both that nothing else needs, each beside the sign-in token of its person.
    pub spare: Vec<(String, String)>,
}

impl Crowds {
    /// Says so where it is another number than the figure's title has.
    pub fn describe(&self, figure: &mut Figure) {
        if self.number < 1_000_000 {
            figure.row("grants, as this is a first look", self.number.to_string());
        }
    }
}

impl Bench<'_> {
    /// The copies, made when they are asked for first, with so many grants to spare.
    pub(super) async fn crowds(&mut self, spare: usize) -> Outcome<Crowds> {
        if let Some(crowds) = self.crowds.clone().filter(|crowds| crowds.spare.len() >= spare) {
            return Ok(crowds);
        }
        let spare = self.spare(spare).await?;
        let number = if self.quick { 100_000 } else { 1_000_000 };
        let folder = self.stage.folder.path().to_owned();
        self.stage.server.end()?;
        let of = &self.stage.database;
        let few = self.stage.engine.copy(of, &folder, "few").await?;
        let many = self.stage.engine.copy(of, &folder, "many").await?;
        self.stage.server.again()?;
        eprintln!("  {number} grants …");
        crowd::fill(&few, 1000).await?;
        crowd::fill(&many, number).await?;
        Ok(self.crowds.insert(Crowds { few, many, number, spare }).clone())
    }

    /// So many new grants, the latest of each person.
    async fn spare(&self, number: usize) -> Outcome<Vec<(String, String)>> {
        let people = &self.stage.people;
        self.stage.codes(number).await?;
        let mut found = Vec::new();
        for person in people {
            let (mut mine, mut path) = (Vec::new(), "/api/v1/me/grants?limit=100".to_owned());
            while !path.is_empty() {
                let page = self.stage.door.call(Method::GET, &path, person, None).await?;
                for grant in page["items"].as_array().into_iter().flatten() {
                    mine.push((person.clone(), text(grant, "id")?));
                }
                let next = page["next"].as_str();
                path = next.map_or(String::new(), |next| format!("/api/v1/me/grants?limit=100&after={next}"));
            }
            let share = mine.len().saturating_sub(number / people.len());
            found.extend(mine.split_off(share));
        }
        Ok(found)
    }

    pub(super) async fn grants(&mut self) -> Outcome<Figure> {
        let crowds = self.crowds(0).await?;
        let (stage, reader) = (&self.stage, &self.stage.reader);
        let small = stage.start(&stage.data(), &crowds.few, &[])?;
        let large = stage.start(&stage.data(), &crowds.many, &[])?;
        let list = |number| reader.reading(number, |_| reader.list_path());
        let (at_many, at_few) = in_turn(self.amount(3200), (&small, list), (&large, list)).await?;
        let mut figure = Figure::new(
            "grants",
            "A list at 1 000 000 grants",
            "The list above, of the same person, on two copies of the database: one with 1 000 more grants, \
             one with 1 000 000 (five to a person, each with its keys, tokens and session). Rows are written \
             straight into the database, copied from those of a true consent. Two processes, in turn.",
        );
        crowds.describe(&mut figure);
        at_few.describe(&mut figure, "at 1 000");
        at_many.describe(&mut figure, "at many");
        let time = beside(&at_many, &at_few, |many, few| few.rate() / many.rate());
        figure.aimed("time at many against 1 000", time, Aim::Most(1.3), "×");
        let cpu = beside(&at_many, &at_few, |many, few| Load::cpu_each(many) / few.cpu_each());
        figure.row("the same by CPU of the servers", format!("{cpu:.2} ×"));
        Ok(figure)
    }
}
