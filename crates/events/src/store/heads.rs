//! The ends of chains, held for appending.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::Actor;
use consent_store::{StoreError, Tx, batch};
use sea_orm::sea_query::OnConflict;

use crate::{
    Act, ChainId, Commitment, Event, EventId, EventsError,
    row::event_chain::{Column, Entity, Model},
};

/// What is to become an event.
pub(super) struct Draft {
    pub(super) chain: ChainId,
    pub(super) act: Act,
    pub(super) actor: Actor,
    pub(super) commitment: Option<Commitment>,
    /// When it happened; later, if the chain is.
    pub(super) at: DateTime<Utc>,
}

/// The ends of some chains, which nobody else appends to until the transaction ends.
pub(super) struct Heads(BTreeMap<String, Model>);

impl Heads {
    /// Locks the ends of all these chains, and begins those that have not begun.
    pub(super) async fn lock(tx: &Tx, chains: BTreeSet<String>) -> Result<Self, EventsError> {
        let empty = |chain: &String| Model {
            chain: chain.clone(),
            seq: 0,
            head: None,
            at: None,
            signed_seq: 0,
            unsigned_since: None,
        };
        let rows = batch::lock_or_make::<Entity, _>(tx, Column::Chain, &chains, empty).await?;
        Ok(Self(rows.into_iter().map(|row| (row.chain.clone(), row)).collect()))
    }

    /// The next event of a chain that was locked, and its body.
    pub(super) fn link(&mut self, draft: Draft) -> Result<(Event, String), EventsError> {
        let name = draft.chain.to_string();
        let corrupt = || StoreError::corrupt("event_chain", &name);
        let head = self.0.get_mut(&name).ok_or_else(corrupt)?;
        let previous = head.head.as_deref().map(str::parse::<EventId>).transpose().map_err(|_| corrupt())?;
        let gap = i64::from(!draft.chain.may_repeat_times());
        let (event, body) = Event {
            id: EventId::of(""),
            seq: head.seq + 1,
            previous,
            act: draft.act,
            actor: draft.actor,
            commitment: draft.commitment,
            created_at: no_earlier_than(head.at, gap, draft.at),
            chain: draft.chain,
        }
        .named();
        head.seq = event.seq;
        head.head = Some(event.id.to_string());
        head.at = Some(event.created_at);
        head.unsigned_since.get_or_insert(event.created_at);
        Ok((event, body))
    }

    /// Writes the new ends.
    pub(super) async fn keep(self, tx: &Tx) -> Result<(), EventsError> {
        let ends = [Column::Seq, Column::Head, Column::At, Column::UnsignedSince];
        let replace = OnConflict::column(Column::Chain).update_columns(ends).to_owned();
        Ok(batch::upsert::<Entity>(tx, self.0.into_values().collect(), &replace).await?)
    }
}

/// Now, or `gap` milliseconds after the moment before, whichever is later.
pub(super) fn no_earlier_than(before: Option<DateTime<Utc>>, gap: i64, now: DateTime<Utc>) -> DateTime<Utc> {
    before.map_or(now, |before| now.max(before + TimeDelta::milliseconds(gap)))
}
