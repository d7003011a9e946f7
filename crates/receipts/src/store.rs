//! Where receipts are kept.

use chrono::{DateTime, Utc};
use consent_core::{Ambient, AppId, Cursor, GrantId, Page, PersonId};
use consent_crypto::SigningKey;
use consent_store::{Migration, StoreError, Tx};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select,
};
use sea_orm_migration::MigrationTrait;

use crate::{Claims, Facts, Kind, Receipt, ReceiptError, ReceiptId, State, Status, row};

/// This crate's tables.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Migration::new(
        "m20261208_000090_receipt",
        include_str!("../migrations/m20261208_000090_receipt.sql"),
    )]
}

/// Issues the receipt of an event, in the transaction that writes the event.
///
/// It follows the latest receipt of the same grant. An event has one receipt: a second is refused as
/// [`ReceiptError::Issued`].
pub async fn issue(
    tx: &Tx,
    facts: &Facts<'_>,
    key: &SigningKey,
    ambient: &Ambient,
) -> Result<Receipt, ReceiptError> {
    let follows = match facts.grant {
        Some(grant) => latest(tx, &grant.id).await?.map(|receipt| receipt.id),
        None => None,
    };
    let (id, now) = (ReceiptId::new(ambient), ambient.now());
    let claims = Claims::compose(facts, id.clone(), follows, now)?;
    let receipt = Receipt {
        id,
        person: facts.person.clone(),
        app: facts.app.id.clone(),
        contract: facts.contract.id.clone(),
        version: facts.contract.version,
        grant: facts.grant.map(|grant| grant.id.clone()),
        kind: claims.added.consent_access.kind,
        state: claims.added.consent_access.state,
        event: facts.event.id.clone(),
        event_at: facts.event.at,
        ends_at: facts.grant.and_then(|grant| grant.expires_at),
        issued_at: now,
        jws: claims.sign(key)?,
    };
    let row = row::receipt::Model::of(&receipt, facts.event.seq);
    let inserted = row::receipt::Entity::insert(row.into_active_model())
        .exec_without_returning(tx)
        .await
        .map_err(StoreError::from);
    match inserted {
        Err(error) if error.is_taken() => Err(ReceiptError::Issued),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(receipt),
    }
}

/// The receipt, if it is this person's; somebody else's is not found.
pub async fn find_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    id: &ReceiptId,
) -> Result<Receipt, ReceiptError> {
    one(db, of_person(person), id).await
}

/// The receipt, if it is about a grant given to this app; others, and those of a no, are not found.
pub async fn find_of_app(
    db: &impl ConnectionTrait,
    app: &AppId,
    id: &ReceiptId,
) -> Result<Receipt, ReceiptError> {
    one(db, of_app(app), id).await
}

/// A person's receipts, newest first; pages continue after the id of their last receipt.
pub async fn list_of_person(
    db: &impl ConnectionTrait,
    person: &PersonId,
    cursor: &Cursor,
) -> Result<Page<Receipt>, ReceiptError> {
    page(db, of_person(person), cursor).await
}

/// The receipts of one of a person's grants, newest first.
pub async fn list_of_grant(
    db: &impl ConnectionTrait,
    person: &PersonId,
    grant: &GrantId,
    cursor: &Cursor,
) -> Result<Page<Receipt>, ReceiptError> {
    page(db, of_person(person).filter(row::receipt::Column::GrantId.eq(grant.clone())), cursor).await
}

/// The receipts of one of the grants given to an app, newest first.
pub async fn list_of_grant_for_app(
    db: &impl ConnectionTrait,
    app: &AppId,
    grant: &GrantId,
    cursor: &Cursor,
) -> Result<Page<Receipt>, ReceiptError> {
    page(db, of_app(app).filter(row::receipt::Column::GrantId.eq(grant.clone())), cursor).await
}

/// What holds now of the consent that the receipt is about, from the latest receipt of the same grant.
///
/// Whoever has a receipt's id may ask: ids cannot be guessed, and the answer holds nothing personal.
pub async fn status(
    db: &impl ConnectionTrait,
    id: &ReceiptId,
    now: DateTime<Utc>,
) -> Result<Status, ReceiptError> {
    let asked = one(db, row::receipt::Entity::find(), id).await?;
    let latest = match &asked.grant {
        Some(grant) => latest(db, grant).await?.unwrap_or(asked),
        None => asked,
    };
    Ok(latest.status_at(now))
}

/// The latest receipt about a grant.
async fn latest(db: &impl ConnectionTrait, grant: &GrantId) -> Result<Option<Receipt>, ReceiptError> {
    let of_grant = row::receipt::Entity::find().filter(row::receipt::Column::GrantId.eq(grant.clone()));
    let row = of_grant.order_by_desc(row::receipt::Column::EventSeq).one(db).await?;
    Ok(row.map(Receipt::try_from).transpose()?)
}

fn of_person(person: &PersonId) -> Select<row::receipt::Entity> {
    row::receipt::Entity::find().filter(row::receipt::Column::PersonId.eq(person.clone()))
}

fn of_app(app: &AppId) -> Select<row::receipt::Entity> {
    row::receipt::Entity::find()
        .filter(row::receipt::Column::AppId.eq(app.clone()))
        .filter(row::receipt::Column::GrantId.is_not_null())
}

async fn one(
    db: &impl ConnectionTrait,
    among: Select<row::receipt::Entity>,
    id: &ReceiptId,
) -> Result<Receipt, ReceiptError> {
    let row = among.filter(row::receipt::Column::Id.eq(id.as_str())).one(db).await?;
    let row = row.ok_or_else(|| ReceiptError::NotFound(id.clone()))?;
    Ok(Receipt::try_from(row)?)
}

/// A page of receipts that are all one person's, by the order of her events.
async fn page(
    db: &impl ConnectionTrait,
    among: Select<row::receipt::Entity>,
    cursor: &Cursor,
) -> Result<Page<Receipt>, ReceiptError> {
    let mut rest = among.clone();
    if let Some(after) = &cursor.after {
        let last = among.filter(row::receipt::Column::Id.eq(after.as_str())).one(db).await?;
        let last = last.ok_or(ReceiptError::Cursor)?;
        rest = rest.filter(row::receipt::Column::EventSeq.lt(last.event_seq));
    }
    let newest_first = rest.order_by_desc(row::receipt::Column::EventSeq).limit(cursor.limit + 1);
    let rows = newest_first.all(db).await?;
    let receipts = rows.into_iter().map(Receipt::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(receipts, cursor, |receipt: &Receipt| receipt.id.to_string()))
}

impl row::receipt::Model {
    fn of(receipt: &Receipt, event_seq: i64) -> Self {
        Self {
            id: receipt.id.to_string(),
            person_id: receipt.person.clone(),
            app_id: receipt.app.clone(),
            contract_id: receipt.contract.clone(),
            version: receipt.version,
            grant_id: receipt.grant.clone(),
            kind: receipt.kind.name().to_owned(),
            state: receipt.state.name().to_owned(),
            event_id: receipt.event.clone(),
            event_seq,
            event_at: receipt.event_at,
            ends_at: receipt.ends_at,
            issued_at: receipt.issued_at,
            jws: receipt.jws.clone(),
        }
    }
}

impl TryFrom<row::receipt::Model> for Receipt {
    type Error = StoreError;

    fn try_from(row: row::receipt::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("receipt", &row.id);
        Ok(Self {
            kind: Kind::parse(&row.kind).ok_or_else(corrupt)?,
            state: State::parse(&row.state).ok_or_else(corrupt)?,
            id: row.id.parse().map_err(|_| corrupt())?,
            person: row.person_id,
            app: row.app_id,
            contract: row.contract_id,
            version: row.version,
            grant: row.grant_id,
            event: row.event_id,
            event_at: row.event_at,
            ends_at: row.ends_at,
            issued_at: row.issued_at,
            jws: row.jws,
        })
    }
}

#[cfg(test)]
mod tests;
