//! What a person looks for among her grants.

use chrono::{DateTime, Utc};
use consent_core::{AppId, ContractId, Cursor, GrantId, Page, PersonId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::{OPEN, cut};
use crate::{Grant, GrantError, row};

/// Which of a person's grants are wanted; all of them unless something is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state.
    pub state: Option<Wanted>,
    /// Under one of these contracts, in whichever version.
    pub contracts: Option<Vec<ContractId>>,
    /// One of these.
    pub among: Option<Vec<GrantId>>,
}

/// A state that grants are looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Data flows.
    Active,
    /// She paused it.
    Stopped,
    /// Revoked by her, or over by itself.
    Ended,
    /// Its app is to delete what it holds.
    Erasing,
    /// Its app has reported that it deleted what it held.
    Erased,
}

/// How many of a person's grants have not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Data flows.
    pub active: u64,
    /// She paused them.
    pub stopped: u64,
}

/// Something that a person agreed to at least once.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Agreement {
    /// The app.
    pub app_id: AppId,
    /// The contract.
    pub contract_id: ContractId,
    /// The version of it.
    pub version: i32,
}

/// Those of a person's grants that a filter lets through, latest first; past its date a grant has ended.
pub async fn search_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    filter: &Filter,
    now: DateTime<Utc>,
    cursor: &Cursor,
) -> Result<Page<Grant>, GrantError> {
    let mut found = of_person(person).filter(filter.condition(now));
    if let Some(after) = &cursor.after {
        let after: GrantId = after.parse().map_err(|_| GrantError::Cursor)?;
        found = found.filter(row::grant::Column::Id.lt(after));
    }
    cut(found.order_by_desc(row::grant::Column::Id), db, cursor).await
}

/// A person's grants that have not ended, oldest first.
pub async fn open_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<Grant>, GrantError> {
    oldest_first(db, of_person(person).filter(is_open(now))).await
}

/// What these persons agreed to under these contracts of an app and has not ended, oldest first. For whoever has to know it
/// of many at once.
pub async fn open_of_app(
    db: &impl ConnectionTrait,
    app: &AppId,
    persons: impl IntoIterator<Item = PersonId>,
    contracts: impl IntoIterator<Item = ContractId>,
    now: DateTime<Utc>,
) -> Result<Vec<Grant>, GrantError> {
    let theirs = row::grant::Entity::find()
        .filter(row::grant::Column::AppId.eq(app.clone()))
        .filter(row::grant::Column::PersonId.is_in(persons))
        .filter(row::grant::Column::ContractId.is_in(contracts));
    oldest_first(db, theirs.filter(is_open(now))).await
}

async fn oldest_first(
    db: &impl ConnectionTrait,
    found: Select<row::grant::Entity>,
) -> Result<Vec<Grant>, GrantError> {
    let rows = found.order_by_asc(row::grant::Column::Id).all(db).await?;
    Ok(rows.into_iter().map(Grant::try_from).collect::<Result<_, _>>()?)
}

/// How many of a person's grants have not ended.
pub async fn tally_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    now: DateTime<Utc>,
) -> Result<Tally, GrantError> {
    let counted = of_person(person)
        .filter(is_open(now))
        .select_only()
        .column(row::grant::Column::Stage)
        .column_as(row::grant::Column::Id.count(), "grants")
        .group_by(row::grant::Column::Stage);
    let rows = counted.into_tuple::<(String, i64)>().all(db).await?;
    let of = |stage: &str| rows.iter().find(|(known, _)| known == stage).map_or(0, |(_, n)| n.unsigned_abs());
    Ok(Tally { active: of("active"), stopped: of("stopped") })
}

/// Everything that a person agreed to, each version of each contract once.
pub async fn agreements_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
) -> Result<Vec<Agreement>, GrantError> {
    use row::grant::Column::{AppId, ContractId, Version};
    let each = of_person(person).select_only().columns([AppId, ContractId, Version]).distinct();
    Ok(each.into_model::<Agreement>().all(db).await?)
}

fn of_person(person: &PersonId) -> Select<row::grant::Entity> {
    row::grant::Entity::find().filter(row::grant::Column::PersonId.eq(person.clone()))
}

impl Filter {
    fn condition(&self, now: DateTime<Utc>) -> Condition {
        use row::grant::Column::{ContractId, Id};
        Condition::all()
            .add_option(self.state.map(|state| state.condition(now)))
            .add_option(self.contracts.as_ref().map(|contracts| ContractId.is_in(contracts.iter().cloned())))
            .add_option(self.among.as_ref().map(|among| Id.is_in(among.iter().cloned())))
    }
}

impl Wanted {
    /// All of them, with the words that queries have for them.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Active, "active"),
        (Self::Stopped, "stopped"),
        (Self::Ended, "ended"),
        (Self::Erasing, "erasing"),
        (Self::Erased, "erased"),
    ];

    /// The state with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == name).map(|(wanted, _)| wanted)
    }

    fn condition(self, now: DateTime<Utc>) -> Condition {
        use row::grant::Column::{ExpiresAt, Stage};
        let is = |stage: &str| Condition::all().add(Stage.eq(stage));
        match self {
            Self::Active => is("active").add(in_time(now)),
            Self::Stopped => is("stopped").add(in_time(now)),
            Self::Ended => Condition::any()
                .add(Stage.is_in(["expired", "revoked"]))
                .add(Condition::all().add(Stage.is_in(OPEN)).add(ExpiresAt.lte(now))),
            Self::Erasing => is("erasing"),
            Self::Erased => is("erased"),
        }
    }
}

/// Whether a grant has not ended.
fn is_open(now: DateTime<Utc>) -> Condition {
    Condition::all().add(row::grant::Column::Stage.is_in(OPEN)).add(in_time(now))
}

/// Whether a grant's time has not run out.
fn in_time(now: DateTime<Utc>) -> Condition {
    use row::grant::Column::ExpiresAt;
    Condition::any().add(ExpiresAt.is_null()).add(ExpiresAt.gt(now))
}
