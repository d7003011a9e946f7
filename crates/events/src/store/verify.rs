//! Checks a chain where it is kept.

use std::collections::HashMap;

use consent_core::Cursor;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{
    checkpoint::list_checkpoints,
    list::{Stored, head, stored},
    payload::salted,
};
use crate::{
    ChainId, EventsError, Head, Summary,
    chain::Walk,
    row::event_payload,
    verify::{Checker, Entry},
};

/// How many events are read at once.
pub(super) const PAGE: u64 = 500;

/// Checks a chain in the database from beginning to end: links, payloads, the head and the checkpoints kept with it,
/// and a head that was kept elsewhere. [`EventsError::Broken`] names the first bad place.
///
/// Somebody who owns the database can change head and checkpoints along with the events; not a head kept elsewhere.
pub async fn verify_stored(
    db: &impl ConnectionTrait,
    chain: impl Into<ChainId>,
    kept: Option<&Head>,
) -> Result<Summary, EventsError> {
    let chain = chain.into();
    let mut walk = Walk::along(chain.clone());
    for head in head(db, &chain).await?.iter().chain(kept) {
        walk.keep(head.seq, head.id.clone());
    }
    let mut checker = Checker::new(walk, None);
    go_through_checkpoints(db, &chain, &mut checker).await?;
    let mut after = 0;
    loop {
        let rows = stored(db, &chain, after, PAGE).await?;
        let Some(last) = rows.last().map(|row| row.seq) else { break };
        let payloads = payloads(db, &chain, after, last).await?;
        for row in &rows {
            push(&mut checker, row, payloads.get(&row.seq))?;
        }
        after = last;
    }
    Ok(checker.finish()?)
}

/// The payloads of the events of a chain behind `after` up to `last`, by their places.
pub(super) async fn payloads(
    db: &impl ConnectionTrait,
    chain: &ChainId,
    after: i64,
    last: i64,
) -> Result<HashMap<i64, event_payload::Model>, EventsError> {
    use event_payload::Column;
    let of_chain = event_payload::Entity::find().filter(Column::Chain.eq(chain.to_string()));
    let rows = of_chain.filter(Column::Seq.gt(after)).filter(Column::Seq.lte(last)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.seq, row)).collect())
}

fn push(
    checker: &mut Checker,
    row: &Stored,
    payload: Option<&event_payload::Model>,
) -> Result<(), EventsError> {
    let payload = payload.map(salted).transpose()?;
    let payload = payload.as_ref().map(|(salt, text)| (salt, *text));
    Ok(checker.push(&Entry { id: &row.id, body: &row.body, payload })?)
}

async fn go_through_checkpoints(
    db: &impl ConnectionTrait,
    chain: &ChainId,
    checker: &mut Checker,
) -> Result<(), EventsError> {
    let mut cursor = Cursor::new(None, Some(200));
    loop {
        let page = list_checkpoints(db, chain, &cursor).await?;
        for signed in page.items {
            checker.checkpoint(signed.checkpoint.seq, signed.checkpoint.id);
        }
        cursor.after = Some(match page.next {
            Some(next) => next,
            None => return Ok(()),
        });
    }
}
