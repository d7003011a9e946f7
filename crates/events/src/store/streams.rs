//! Where each question to each subject stands, and the sums over that.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use consent_core::AppId;
use consent_store::{Tx, batch};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait as _, QueryFilter,
    sea_query::{Alias, Expr, OnConflict},
};

use crate::{
    Consent, Event, EventsError,
    consent::{Key, Keys, Standing, Tally},
    row::{consent_statistic, consent_stream},
};

/// A consent event, as far as it moves its question.
pub(super) struct Mark {
    keys: Keys,
    app: AppId,
    target: String,
    scope: String,
    action: Option<bool>,
    chain: String,
    seq: i64,
    event_id: String,
    created_at: DateTime<Utc>,
}

impl Mark {
    pub(super) fn of(app: &AppId, consent: &Consent, keys: Keys, event: &Event) -> Self {
        Self {
            keys,
            app: app.clone(),
            target: consent.target.clone(),
            scope: consent.scope.clone(),
            action: consent.action,
            chain: event.chain.to_string(),
            seq: event.seq,
            event_id: event.id.to_string(),
            created_at: event.created_at,
        }
    }

    fn stream(&self) -> consent_stream::Model {
        let keys = self.keys.clone();
        consent_stream::Model {
            stream_key: keys.stream,
            subject_key: keys.subject,
            target_key: keys.target,
            scope_key: keys.scope,
            issuer_key: keys.issuer,
            vault_key: keys.vault,
            statistic_key: keys.statistic,
            chain: self.chain.clone(),
            seq: self.seq,
            event_id: self.event_id.clone(),
            created_at: self.created_at,
            decision: None,
            events: 0,
            yes: 0,
            no: 0,
            changes: 0,
        }
    }

    fn statistic(&self) -> consent_statistic::Model {
        consent_statistic::Model {
            statistic_key: self.keys.statistic.clone(),
            app_id: self.app.clone(),
            vault_key: self.keys.vault.clone(),
            target: self.target.clone(),
            scope: self.scope.clone(),
            events: 0,
            yes: 0,
            no: 0,
            changes: 0,
        }
    }
}

/// Moves the questions on by events that were recorded in this order. Their subjects are locked.
pub(super) async fn note(tx: &Tx, marks: Vec<Mark>) -> Result<(), EventsError> {
    let mut streams = streams_of(tx, &marks).await?;
    let mut sums: BTreeMap<Key, consent_statistic::Model> = BTreeMap::new();
    for mark in marks {
        let stream = streams.entry(mark.keys.stream.clone()).or_insert_with(|| mark.stream());
        let before = stream.standing();
        let mut standing = before;
        standing.note(mark.action);
        stream.set(standing);
        let sum = sums.entry(mark.keys.statistic.clone()).or_insert_with(|| mark.statistic());
        sum.add(standing.tally - before.tally);
        (stream.chain, stream.seq) = (mark.chain, mark.seq);
        (stream.event_id, stream.created_at) = (mark.event_id, mark.created_at);
    }
    keep(tx, streams.into_values().collect()).await?;
    // Others of the same app wait for these rows: so they come last.
    count(tx, sums.into_values().collect()).await
}

async fn streams_of(tx: &Tx, marks: &[Mark]) -> Result<HashMap<Key, consent_stream::Model>, EventsError> {
    let mut keys: Vec<Key> = marks.iter().map(|mark| mark.keys.stream.clone()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut streams = HashMap::new();
    for keys in batch::pieces(keys) {
        let found = consent_stream::Entity::find()
            .filter(consent_stream::Column::StreamKey.is_in(keys))
            .all(tx)
            .await?;
        streams.extend(found.into_iter().map(|stream| (stream.stream_key.clone(), stream)));
    }
    Ok(streams)
}

/// Writes where questions stand.
pub(super) async fn keep(tx: &Tx, streams: Vec<consent_stream::Model>) -> Result<(), EventsError> {
    use consent_stream::Column;
    let moving = [
        Column::Chain,
        Column::Seq,
        Column::EventId,
        Column::CreatedAt,
        Column::Decision,
        Column::Events,
        Column::Yes,
        Column::No,
        Column::Changes,
    ];
    let replace = OnConflict::column(Column::StreamKey).update_columns(moving).to_owned();
    Ok(batch::upsert::<consent_stream::Entity>(tx, streams, &replace).await?)
}

/// Adds to the sums; what is there stays and grows. In the order of keys, so that two who count wait for each other
/// in one direction.
pub(super) async fn count(tx: &Tx, more: Vec<consent_statistic::Model>) -> Result<(), EventsError> {
    use consent_statistic::{Column, Entity};
    let mut add = OnConflict::column(Column::StatisticKey);
    for column in [Column::Events, Column::Yes, Column::No, Column::Changes] {
        let more = Expr::col((Alias::new("excluded"), column));
        add.value(column, Expr::col((Entity, column)).add(more));
    }
    Ok(batch::upsert::<Entity>(tx, more, &add).await?)
}

impl consent_stream::Model {
    pub(super) fn standing(&self) -> Standing {
        let tally = Tally { events: self.events, yes: self.yes, no: self.no, changes: self.changes };
        Standing { tally, decision: self.decision }
    }

    pub(super) fn set(&mut self, Standing { tally, decision }: Standing) {
        (self.events, self.yes, self.no, self.changes) = (tally.events, tally.yes, tally.no, tally.changes);
        self.decision = decision;
    }
}

impl consent_statistic::Model {
    pub(super) fn add(&mut self, more: Tally) {
        self.events += more.events;
        self.yes += more.yes;
        self.no += more.no;
        self.changes += more.changes;
    }
}
