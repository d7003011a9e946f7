//! Erasing what is personal. The chains stay: their events say that there was something, and no longer what.

use std::collections::BTreeMap;

use consent_core::{AppId, PersonId};
use consent_store::{StoreError, Tx, batch};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::streams;
use crate::{
    EventId, EventsError,
    consent::{Key, Standing, subject_key},
    row::{consent_event, consent_statistic, consent_stream, consent_subject, event, event_payload},
};

/// Erases all payloads in a person's chain, the consent events that apps recorded about her among them; says how many.
/// Sums over consent events no longer have them.
pub async fn erase_payloads_of_person(tx: &Tx, person: &PersonId) -> Result<u64, EventsError> {
    let of_consents = Condition::all().add(consent_event::Column::Chain.eq(person.as_str()));
    let consents = erase_consents(tx, of_consents).await?;
    let payloads =
        event_payload::Entity::delete_many().filter(event_payload::Column::Chain.eq(person.as_str()));
    Ok(consents + payloads.exec(tx).await?.rows_affected)
}

/// Erases all that an app recorded about a subject, whoever that is; says how many events.
pub async fn erase_subject(tx: &Tx, app: &AppId, subject: &str) -> Result<u64, EventsError> {
    let key = subject_key(app, subject);
    erase_consents(tx, Condition::all().add(consent_event::Column::SubjectKey.eq(key))).await
}

/// Erases the payload of one event; says whether there was one.
pub async fn erase_payload(tx: &Tx, id: &EventId) -> Result<bool, EventsError> {
    let Some(row) = event::Entity::find().filter(event::Column::Id.eq(id.as_str())).one(tx).await? else {
        return Ok(false);
    };
    let of_consent = Condition::all()
        .add(consent_event::Column::Chain.eq(row.chain.as_str()))
        .add(consent_event::Column::Seq.eq(row.seq));
    if erase_consents(tx, of_consent).await? > 0 {
        return Ok(true);
    }
    let payload = event_payload::Entity::delete_by_id((row.chain, row.seq)).exec(tx).await?;
    Ok(payload.rows_affected > 0)
}

/// Erases consent events with their payloads, and what was derived from them.
async fn erase_consents(tx: &Tx, which: Condition) -> Result<u64, EventsError> {
    let subjects = lock_subjects(tx, &which).await?;
    let mut rows = consent_event::Entity::find().filter(which).all(tx).await?;
    // What was recorded about others since the subjects were locked came later than this erasure.
    rows.retain(|row| subjects.binary_search(&row.subject_key).is_ok());
    for row in &rows {
        event_payload::Entity::delete_by_id((row.chain.clone(), row.seq)).exec(tx).await?;
        consent_event::Entity::delete_by_id((row.chain.clone(), row.seq)).exec(tx).await?;
    }
    let erased = rows.len() as u64;
    let mut streams: Vec<Key> = rows.into_iter().map(|row| row.stream_key).collect();
    streams.sort_unstable();
    streams.dedup();
    let mut sums = BTreeMap::new();
    for stream in streams {
        restate(tx, stream, &mut sums).await?;
    }
    take_from_sums(tx, sums.into_values().collect()).await?;
    forget(tx, subjects).await?;
    Ok(erased)
}

/// The subjects of these consent events, so that nobody records about them meanwhile.
async fn lock_subjects(tx: &Tx, which: &Condition) -> Result<Vec<Key>, EventsError> {
    use consent_event::Column;
    let distinct =
        consent_event::Entity::find().filter(which.clone()).select_only().column(Column::SubjectKey);
    let mut keys: Vec<Key> = distinct.distinct().into_tuple().all(tx).await?;
    keys.sort_unstable();
    for piece in batch::pieces(keys.clone()) {
        let rows = consent_subject::Entity::find().filter(consent_subject::Column::SubjectKey.is_in(piece));
        rows.order_by_asc(consent_subject::Column::SubjectKey).lock_exclusive().all(tx).await?;
    }
    Ok(keys)
}

/// Brings a question to where the events that are left put it, and notes what the sums lose.
async fn restate(
    tx: &Tx,
    key: Key,
    sums: &mut BTreeMap<Key, consent_statistic::Model>,
) -> Result<(), EventsError> {
    let Some(mut stream) = consent_stream::Entity::find_by_id(key).one(tx).await? else { return Ok(()) };
    let left = consent_event::Entity::find()
        .filter(consent_event::Column::TargetKey.eq(stream.target_key.clone()))
        .filter(consent_event::Column::StreamKey.eq(stream.stream_key.clone()))
        .order_by_asc(consent_event::Column::CreatedAt)
        .all(tx)
        .await?;
    let (before, mut standing) = (stream.standing(), Standing::default());
    for event in &left {
        standing.note(event.action);
    }
    if let Some(sum) = statistic(tx, sums, &stream.statistic_key).await? {
        sum.add(standing.tally - before.tally);
    }
    let Some(newest) = left.into_iter().next_back() else {
        consent_stream::Entity::delete_by_id(stream.stream_key).exec(tx).await?;
        return Ok(());
    };
    let place = (newest.chain.clone(), newest.seq);
    let link = event::Entity::find_by_id(place).one(tx).await?;
    let link = link.ok_or_else(|| StoreError::corrupt("consent_event", &newest.chain))?;
    stream.set(standing);
    (stream.chain, stream.seq) = (newest.chain, newest.seq);
    (stream.event_id, stream.created_at) = (link.id, newest.created_at);
    streams::keep(tx, vec![stream]).await
}

/// The row of a sum, with nothing to add to it yet.
async fn statistic<'a>(
    tx: &Tx,
    sums: &'a mut BTreeMap<Key, consent_statistic::Model>,
    key: &Key,
) -> Result<Option<&'a mut consent_statistic::Model>, EventsError> {
    if !sums.contains_key(key) {
        let row = consent_statistic::Entity::find_by_id(key.clone()).one(tx).await?;
        let Some(row) = row else { return Ok(None) };
        let empty = consent_statistic::Model { events: 0, yes: 0, no: 0, changes: 0, ..row };
        sums.insert(key.clone(), empty);
    }
    Ok(sums.get_mut(key))
}

/// Sums that come to nothing go, as they name a target.
async fn take_from_sums(tx: &Tx, less: Vec<consent_statistic::Model>) -> Result<(), EventsError> {
    use consent_statistic::Column;
    let keys: Vec<Key> = less.iter().map(|sum| sum.statistic_key.clone()).collect();
    streams::count(tx, less).await?;
    for keys in batch::pieces(keys) {
        let nothing = Condition::all().add(Column::StatisticKey.is_in(keys)).add(Column::Events.eq(0));
        consent_statistic::Entity::delete_many().filter(nothing).exec(tx).await?;
    }
    Ok(())
}

/// Forgets subjects of whom nothing is left; what is recorded about them later begins a new chain.
async fn forget(tx: &Tx, subjects: Vec<Key>) -> Result<(), EventsError> {
    for key in subjects {
        let left = consent_event::Entity::find().filter(consent_event::Column::SubjectKey.eq(key.clone()));
        if left.one(tx).await?.is_none() {
            consent_subject::Entity::delete_by_id(key).exec(tx).await?;
        }
    }
    Ok(())
}
