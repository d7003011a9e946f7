//! The rows of grants.

mod changes;
mod search;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use consent_core::{Ambient, AppId, ContractId, Cursor, GrantId, OpenOwner, Owner, Page, PersonId, ShelfId};
use consent_store::{Migration, Patience, StoreError, Tx, batch, is_one_of, joined_columns};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, Select, sea_query::Expr,
};
use sea_orm_migration::MigrationTrait;

pub use changes::{
    advance_narrowing, agree, claim_narrowing, finish_narrowing, is_narrowing_due, later_versions,
    lock_for_change, narrow, note_no, note_version, plan_narrowing, to_narrow,
};
pub use search::{
    Agreement, Filter, Tally, Wanted, agreements_of_person, open_of_app, open_of_person, search_of_person,
    tally_of_person,
};

use crate::{Choices, Grant, GrantError, NewGrant, Stage, Verb, row};

/// The stages in which a grant has not ended.
const OPEN: [&str; 2] = ["active", "stopped"];

/// This crate's tables.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Migration::new("m20261122_000040_grant", include_str!("../migrations/m20261122_000040_grant.sql")),
        Migration::new(
            "m20261129_000041_storage",
            include_str!("../migrations/m20261129_000041_storage.sql"),
        ),
        Migration::new("m20261210_000042_resume", include_str!("../migrations/m20261210_000042_resume.sql")),
        Migration::new("m20261211_000200_change", include_str!("../migrations/m20261211_000200_change.sql")),
        Migration::new(
            "m20261211_000400_resume_reason",
            include_str!("../migrations/m20261211_000400_resume_reason.sql"),
        ),
    ]
}

/// Records a yes.
pub async fn insert(tx: &Tx, new: NewGrant, ambient: &Ambient) -> Result<Grant, GrantError> {
    let now = ambient.now();
    let grant = Grant {
        id: ambient.new_id(),
        person: new.person,
        library: new.library,
        app: new.app,
        contract: new.contract,
        version: new.version,
        text_hash: new.text_hash,
        choices: new.choices,
        stage: Stage::Active,
        seq: 1,
        epoch: 0,
        storage: new.storage,
        created_at: now,
        expires_at: new.expires_at,
        resume_asked_at: None,
    };
    let model = row::grant::ActiveModel {
        id: Set(grant.id.clone()),
        person_id: Set(grant.person.clone()),
        library_id: Set(grant.library.clone()),
        app_id: Set(grant.app.clone()),
        contract_id: Set(grant.contract.clone()),
        version: Set(grant.version),
        text_hash: Set(grant.text_hash.clone()),
        choices: Set(json(&grant.choices)),
        stage: Set(grant.stage.name().to_owned()),
        stage_at: Set(now),
        seq: Set(grant.seq),
        epoch: Set(grant.epoch),
        storage_id: Set(grant.storage.clone()),
        created_at: Set(now),
        expires_at: Set(grant.expires_at),
        resume_asked_at: Set(None),
        resume_reason: Set(None),
    };
    row::grant::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(grant)
}

/// The grant, if it belongs to this contract; another contract's grant is not found.
pub async fn find(
    db: &impl ConnectionTrait,
    contract: &ContractId,
    id: &GrantId,
) -> Result<Grant, GrantError> {
    let mine = row::grant::Entity::find_by_id(id.clone())
        .filter(row::grant::Column::ContractId.eq(contract.clone()));
    one(db, mine, id).await
}

/// The grant with this id, whoever asks: only for flows that come with proof of their own.
pub async fn find_by_id(db: &impl ConnectionTrait, id: &GrantId) -> Result<Grant, GrantError> {
    one(db, row::grant::Entity::find_by_id(id.clone()), id).await
}

/// The grant, if it is this person's; somebody else's is not found.
pub async fn find_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    id: &GrantId,
) -> Result<Grant, GrantError> {
    let mine =
        row::grant::Entity::find_by_id(id.clone()).filter(row::grant::Column::PersonId.eq(person.clone()));
    one(db, mine, id).await
}

/// The grant, if it was given to this app; another app's is not found.
pub async fn find_of_app(db: &impl ConnectionTrait, app: &AppId, id: &GrantId) -> Result<Grant, GrantError> {
    let its = row::grant::Entity::find_by_id(id.clone()).filter(row::grant::Column::AppId.eq(app.clone()));
    one(db, its, id).await
}

/// The columns of a grant for a select that joins `consent_grant`; [`joined_grant`] reads them.
#[must_use]
pub fn grant_columns() -> String {
    joined_columns::<row::grant::Entity>("grant_")
}

/// The grant in a row of such a select.
pub fn joined_grant(row: &QueryResult) -> Result<Option<Grant>, GrantError> {
    let model = row::grant::Model::from_query_result_optional(row, "grant_")?;
    Ok(model.map(Grant::try_from).transpose()?)
}

async fn one(
    db: &impl ConnectionTrait,
    mine: Select<row::grant::Entity>,
    id: &GrantId,
) -> Result<Grant, GrantError> {
    let row = mine.one(db).await?.ok_or_else(|| GrantError::NotFound(id.clone()))?;
    Ok(Grant::try_from(row)?)
}

/// A person's grants, oldest first.
pub async fn list_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    cursor: &Cursor,
) -> Result<Page<Grant>, GrantError> {
    list(db, row::grant::Entity::find().filter(row::grant::Column::PersonId.eq(person.clone())), cursor).await
}

/// The grant that this person gave under this contract last, in whatever stage it is by now.
pub async fn latest_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    contract: &ContractId,
) -> Result<Option<Grant>, GrantError> {
    let latest = row::grant::Entity::find()
        .filter(row::grant::Column::PersonId.eq(person.clone()))
        .filter(row::grant::Column::ContractId.eq(contract.clone()))
        .order_by_desc(row::grant::Column::Id);
    Ok(latest.one(db).await?.map(Grant::try_from).transpose()?)
}

/// The grants given to an app, oldest first.
pub async fn list_of_app(
    db: &impl ConnectionTrait,
    app: &AppId,
    cursor: &Cursor,
) -> Result<Page<Grant>, GrantError> {
    list(db, row::grant::Entity::find().filter(row::grant::Column::AppId.eq(app.clone())), cursor).await
}

async fn list(
    db: &impl ConnectionTrait,
    mut mine: Select<row::grant::Entity>,
    cursor: &Cursor,
) -> Result<Page<Grant>, GrantError> {
    if let Some(after) = &cursor.after {
        let after: GrantId = after.parse().map_err(|_| GrantError::Cursor)?;
        mine = mine.filter(row::grant::Column::Id.gt(after));
    }
    cut(mine.order_by_asc(row::grant::Column::Id), db, cursor).await
}

async fn cut(
    sorted: Select<row::grant::Entity>,
    db: &impl ConnectionTrait,
    cursor: &Cursor,
) -> Result<Page<Grant>, GrantError> {
    let rows = sorted.limit(cursor.limit + 1).all(db).await?;
    let grants = rows.into_iter().map(Grant::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(grants, cursor, |grant: &Grant| grant.id.to_string()))
}

/// The stage of a grant at a moment; what a running sync asks again and again.
pub async fn stage_of(
    db: &impl ConnectionTrait,
    id: &GrantId,
    now: DateTime<Utc>,
) -> Result<Stage, GrantError> {
    Ok(one(db, row::grant::Entity::find_by_id(id.clone()), id).await?.stage_at(now))
}

/// The grant and proof, for this transaction, that it has not ended: nobody can close it before the transaction does.
pub async fn lock(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<(Grant, OpenOwner), GrantError> {
    let row = row::grant::Entity::find_by_id(id.clone()).lock_shared().one(tx).await?;
    open(row.ok_or_else(|| GrantError::NotFound(id.clone()))?, ambient)
}

/// The same proof for whoever replaces what hangs on the grant: no code is exchanged and no token refreshed meanwhile.
pub async fn lock_alone(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<(Grant, OpenOwner), GrantError> {
    open(locked(tx, id).await?, ambient)
}

fn open(row: row::grant::Model, ambient: &Ambient) -> Result<(Grant, OpenOwner), GrantError> {
    let grant = Grant::try_from(row)?;
    match grant.stage_at(ambient.now()) {
        stage @ (Stage::Active | Stage::Stopped { .. }) => {
            let owner = Owner::Grant(grant.id.clone());
            let locked = OpenOwner::locked(owner, grant.epoch, stage == Stage::Active);
            Ok((grant, locked))
        }
        from => Err(GrantError::Refused { verb: Verb::Use, from }),
    }
}

/// The grant, in whatever stage, which nobody changes until the transaction ends. Whoever locks what hangs on a grant and
/// the chain of its person holds the grant first.
pub async fn hold(tx: &Tx, id: &GrantId) -> Result<Grant, GrantError> {
    Ok(Grant::try_from(locked(tx, id).await?)?)
}

/// Those of these grants that are there, held like by [`hold`] and in the order of their ids.
pub async fn hold_all(
    tx: &Tx,
    ids: &BTreeSet<GrantId>,
    patience: Patience,
) -> Result<Vec<Grant>, GrantError> {
    use row::grant::{Column, Entity};
    let rows = batch::lock::<Entity, _>(tx, Column::Id, ids, patience).await?;
    Ok(rows.into_iter().map(Grant::try_from).collect::<Result<_, _>>()?)
}

/// Those of a person's grants that nobody has told the app to erase, held like by [`hold`], oldest first; past its date
/// a grant counts as ended, and with `open` only those that have not ended are held.
pub async fn hold_of_person(
    tx: &Tx,
    person: &PersonId,
    open: bool,
    ambient: &Ambient,
) -> Result<Vec<Grant>, GrantError> {
    let stages: &[&str] = if open { &OPEN } else { &["active", "stopped", "expired", "revoked"] };
    let rows = row::grant::Entity::find()
        .filter(row::grant::Column::PersonId.eq(person.clone()))
        .filter(row::grant::Column::Stage.is_in(stages.iter().copied()))
        .order_by_asc(row::grant::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await?;
    let grants = rows.into_iter().map(Grant::try_from).collect::<Result<Vec<_>, _>>()?;
    let now = ambient.now();
    Ok(grants.into_iter().filter(|grant| !open || grant.stage_at(now).is_open()).collect())
}

/// Pauses the grant.
pub async fn stop(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<Grant, GrantError> {
    let now = ambient.now();
    change(tx, id, now, |stage| stage.stop(now)).await
}

/// Continues the grant.
pub async fn resume(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<Grant, GrantError> {
    change(tx, id, ambient.now(), Stage::resume).await
}

/// Ends the grant for good.
pub async fn revoke(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<Grant, GrantError> {
    let now = ambient.now();
    change(tx, id, now, |stage| stage.revoke(now)).await
}

/// Ends the grant, if it has not ended, for its app to delete what it holds.
pub async fn erase(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<Grant, GrantError> {
    let now = ambient.now();
    change(tx, id, now, |stage| stage.erase(now)).await
}

/// Takes an erasure that the app was told of back; the grant stays ended.
pub async fn keep_after_all(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<Grant, GrantError> {
    let now = ambient.now();
    change(tx, id, now, |stage| stage.keep_after_all(now)).await
}

/// Notes that the app has deleted what it held.
pub async fn note_erased(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<Grant, GrantError> {
    let now = ambient.now();
    change(tx, id, now, |stage| stage.note_erased(now)).await
}

/// Has the grant end at `until`, which has to come and to come before it would end by itself.
pub async fn shorten(
    tx: &Tx,
    id: &GrantId,
    until: DateTime<Utc>,
    ambient: &Ambient,
) -> Result<Grant, GrantError> {
    let (mut grant, now) = (Grant::try_from(locked(tx, id).await?)?, ambient.now());
    let from = grant.stage_at(now);
    if !from.is_open() {
        return Err(GrantError::Refused { verb: Verb::Shorten, from });
    }
    if until <= now || grant.expires_at.is_some_and(|ends| ends <= until) {
        return Err(GrantError::NotShorter { ends: grant.expires_at });
    }
    grant.expires_at = Some(until);
    grant.seq += 1;
    let shortened = row::grant::Entity::update_many()
        .col_expr(row::grant::Column::ExpiresAt, Expr::value(until))
        .col_expr(row::grant::Column::Seq, Expr::value(grant.seq));
    shortened.filter(row::grant::Column::Id.eq(id.clone())).exec(tx).await?;
    Ok(grant)
}

/// Has a stopped grant continue when its owner is there: only she can open her shelves again. `reason` is why, in the
/// words of the operator who asks; asked again, the last one counts.
pub async fn ask_to_resume(
    tx: &Tx,
    id: &GrantId,
    reason: &str,
    ambient: &Ambient,
) -> Result<Grant, GrantError> {
    let (grant, now) = (Grant::try_from(locked(tx, id).await?)?, ambient.now());
    grant.stage_at(now).resume()?;
    wait_to_resume(tx, id, Some(now), Some(reason)).await?;
    Ok(Grant { resume_asked_at: Some(now), ..grant })
}

/// Continues a grant that waits for its owner, who is there now, and gives the reason that [`ask_to_resume`] was given.
/// None when it does not wait any more: somebody stopped it again, or it has ended.
pub async fn resume_as_asked(
    tx: &Tx,
    id: &GrantId,
    ambient: &Ambient,
) -> Result<Option<(Grant, String)>, GrantError> {
    let mut row = locked(tx, id).await?;
    let (reason, now) = (row.resume_reason.take().unwrap_or_default(), ambient.now());
    let mut grant = Grant::try_from(row)?;
    let Some(stage) = grant.resume_asked_at.and(grant.stage_at(now).resume().ok()) else { return Ok(None) };
    write(tx, &mut grant, stage, now).await?;
    Ok(Some((grant, reason)))
}

/// Has a grant that waits for its owner to continue stay stopped. None when there is nothing to wait for.
pub async fn stay_stopped(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<Option<Grant>, GrantError> {
    let grant = Grant::try_from(locked(tx, id).await?)?;
    if grant.resume_asked_at.is_none() || !grant.stage_at(ambient.now()).is_open() {
        return Ok(None);
    }
    wait_to_resume(tx, id, None, None).await?;
    Ok(Some(Grant { resume_asked_at: None, ..grant }))
}

async fn wait_to_resume(
    tx: &Tx,
    id: &GrantId,
    since: Option<DateTime<Utc>>,
    reason: Option<&str>,
) -> Result<(), GrantError> {
    row::grant::Entity::update_many()
        .col_expr(row::grant::Column::ResumeAskedAt, Expr::value(since))
        .col_expr(row::grant::Column::ResumeReason, Expr::value(reason))
        .filter(row::grant::Column::Id.eq(id.clone()))
        .exec(tx)
        .await?;
    Ok(())
}

/// A person's grants that wait for her to continue.
pub async fn to_resume(db: &impl ConnectionTrait, person: &PersonId) -> Result<Vec<GrantId>, GrantError> {
    let waiting = row::grant::Entity::find()
        .filter(row::grant::Column::PersonId.eq(person.clone()))
        .filter(row::grant::Column::ResumeAskedAt.is_not_null());
    let waiting = waiting.select_only().column(row::grant::Column::Id).order_by_asc(row::grant::Column::Id);
    Ok(waiting.into_tuple().all(db).await?)
}

/// Notes that the grant's time ran out; refused before that.
pub async fn expire(tx: &Tx, id: &GrantId, ambient: &Ambient) -> Result<Grant, GrantError> {
    let mut grant = Grant::try_from(locked(tx, id).await?)?;
    let stage = match grant.expires_at {
        Some(at) if at <= ambient.now() => grant.stage.expire(at)?,
        _ => return Err(GrantError::Refused { verb: Verb::Expire, from: grant.stage }),
    };
    write(tx, &mut grant, stage, ambient.now()).await?;
    Ok(grant)
}

/// Grants that are past their date and not yet noted as expired.
pub async fn due(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<GrantId>, GrantError> {
    let rows = row::grant::Entity::find()
        .filter(is_one_of(row::grant::Column::Stage, &OPEN))
        .filter(row::grant::Column::ExpiresAt.lte(now))
        .order_by_asc(row::grant::Column::ExpiresAt)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Adds a shelf to what the grant may read, and says whether that is new.
pub async fn share(
    tx: &Tx,
    id: &GrantId,
    shelf: &ShelfId,
    ambient: &Ambient,
) -> Result<(Grant, bool), GrantError> {
    let mut grant = Grant::try_from(locked(tx, id).await?)?;
    let stage = grant.stage_at(ambient.now());
    if !stage.is_open() {
        return Err(GrantError::Refused { verb: Verb::Use, from: stage });
    }
    if grant.choices.shelves.contains(shelf) {
        return Ok((grant, false));
    }
    grant.choices.shelves.push(shelf.clone());
    grant.seq += 1;
    row::grant::Entity::update_many()
        .col_expr(row::grant::Column::Choices, Expr::value(json(&grant.choices)))
        .col_expr(row::grant::Column::Seq, Expr::value(grant.seq))
        .filter(row::grant::Column::Id.eq(id.clone()))
        .exec(tx)
        .await?;
    Ok((grant, true))
}

async fn locked(tx: &Tx, id: &GrantId) -> Result<row::grant::Model, GrantError> {
    let row = row::grant::Entity::find_by_id(id.clone()).lock_exclusive().one(tx).await?;
    row.ok_or_else(|| GrantError::NotFound(id.clone()))
}

async fn change(
    tx: &Tx,
    id: &GrantId,
    now: DateTime<Utc>,
    to: impl FnOnce(Stage) -> Result<Stage, GrantError>,
) -> Result<Grant, GrantError> {
    let mut grant = Grant::try_from(locked(tx, id).await?)?;
    let stage = to(grant.stage_at(now))?;
    write(tx, &mut grant, stage, now).await?;
    Ok(grant)
}

async fn write(tx: &Tx, grant: &mut Grant, stage: Stage, now: DateTime<Utc>) -> Result<(), GrantError> {
    let closing = stage != Stage::Active;
    grant.stage = stage;
    grant.seq += 1;
    grant.epoch += i64::from(closing);
    grant.resume_asked_at = None;
    row::grant::Entity::update_many()
        .col_expr(row::grant::Column::Stage, Expr::value(stage.name()))
        .col_expr(row::grant::Column::StageAt, Expr::value(stage.since().unwrap_or(now)))
        .col_expr(row::grant::Column::Seq, Expr::value(grant.seq))
        .col_expr(row::grant::Column::Epoch, Expr::value(grant.epoch))
        .col_expr(row::grant::Column::ResumeAskedAt, Expr::value(grant.resume_asked_at))
        .col_expr(row::grant::Column::ResumeReason, Expr::value(None::<String>))
        .filter(row::grant::Column::Id.eq(grant.id.clone()))
        .exec(tx)
        .await?;
    Ok(())
}

fn json(choices: &Choices) -> serde_json::Value {
    serde_json::to_value(choices).expect("choices are plain text and numbers")
}

impl TryFrom<row::grant::Model> for Grant {
    type Error = StoreError;

    fn try_from(row: row::grant::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("consent_grant", &row.id);
        Ok(Self {
            choices: serde_json::from_value(row.choices).map_err(|_| corrupt())?,
            stage: Stage::parse(&row.stage, row.stage_at).ok_or_else(corrupt)?,
            id: row.id,
            person: row.person_id,
            library: row.library_id,
            app: row.app_id,
            contract: row.contract_id,
            version: row.version,
            text_hash: row.text_hash,
            seq: row.seq,
            epoch: row.epoch,
            storage: row.storage_id,
            created_at: row.created_at,
            expires_at: row.expires_at,
            resume_asked_at: row.resume_asked_at,
        })
    }
}
