//! Making and reading checkpoints.

use std::collections::BTreeMap;

use consent_core::{Ambient, Cursor, Page};
use consent_store::{Database, StoreError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait as _, IntoActiveModel as _, QueryFilter, QueryOrder,
    QuerySelect, Select,
    sea_query::{CaseStatement, Expr},
};

use super::list::seq_of;
use crate::{
    ChainId, Checkpoint, CheckpointInterval, CheckpointSigner, EventsError, Head, SignedCheckpoint,
    row::{checkpoint, event_chain},
};

/// Signs the heads of at most `limit` chains that are due, and says how many; to be called again until there are fewer.
///
/// Signs before it takes any lock, so that nobody who appends waits for a signature. Of several who do this at once,
/// one keeps its checkpoint of a head.
pub async fn checkpoint_due(
    db: &Database,
    signer: &CheckpointSigner,
    interval: CheckpointInterval,
    limit: u64,
    ambient: &Ambient,
) -> Result<u64, EventsError> {
    let now = ambient.now();
    let heads = due(db, interval, limit, now).await?;
    let signer = signer.clone();
    let sign =
        move || heads.into_iter().map(|head| signed(&signer, head, now)).collect::<Result<Vec<_>, _>>();
    let signing = tokio::task::spawn_blocking(sign).await;
    let signed = signing.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))?;
    let made = signed.len() as u64;
    let tx = db.begin_write().await?;
    for one in signed {
        keep(&tx, one).await?;
    }
    tx.commit().await?;
    Ok(made)
}

/// The newest checkpoint of a chain.
pub async fn latest_checkpoint(
    db: &impl ConnectionTrait,
    chain: impl Into<ChainId>,
) -> Result<Option<SignedCheckpoint>, EventsError> {
    let newest = of_chain(&chain.into()).order_by_desc(checkpoint::Column::Seq).one(db).await?;
    Ok(newest.map(SignedCheckpoint::try_from).transpose()?)
}

/// The checkpoints of a chain, oldest first; pages continue after the `seq` of their last.
pub async fn list_checkpoints(
    db: &impl ConnectionTrait,
    chain: impl Into<ChainId>,
    cursor: &Cursor,
) -> Result<Page<SignedCheckpoint>, EventsError> {
    use checkpoint::Column;
    let after = of_chain(&chain.into()).filter(Column::Seq.gt(seq_of(cursor)?.unwrap_or(0)));
    let rows = after.order_by_asc(Column::Seq).limit(cursor.limit + 1).all(db).await?;
    let signed = rows.into_iter().map(SignedCheckpoint::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(signed, cursor, |signed: &SignedCheckpoint| signed.checkpoint.seq.to_string()))
}

fn of_chain(chain: &ChainId) -> Select<checkpoint::Entity> {
    checkpoint::Entity::find().filter(checkpoint::Column::Chain.eq(chain.to_string()))
}

/// Chains that have waited long enough or grown enough, in the order of their names. Both are found by an index.
async fn due(
    db: &Database,
    interval: CheckpointInterval,
    limit: u64,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<Head>, EventsError> {
    use event_chain::{Column, Entity};
    let waited = Entity::find().filter(Column::UnsignedSince.lte(now - interval.time));
    let waited = waited.order_by_asc(Column::UnsignedSince).limit(limit).all(db).await?;
    let growth = Expr::col(Column::Seq).sub(Expr::col(Column::SignedSeq));
    let grown =
        Entity::find().filter(Column::UnsignedSince.is_not_null()).filter(growth.gte(interval.events));
    let grown = grown.limit(limit).all(db).await?;
    let chains: BTreeMap<_, _> =
        waited.into_iter().chain(grown).map(|row| (row.chain.clone(), row)).collect();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let heads = chains.into_values().take(limit).map(Head::try_from);
    Ok(heads.collect::<Result<_, _>>()?)
}

fn signed(
    signer: &CheckpointSigner,
    head: Head,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<SignedCheckpoint, EventsError> {
    let checkpoint = Checkpoint::of(head, now);
    let jws = checkpoint.sign(signer).map_err(EventsError::Unsigned)?;
    Ok(SignedCheckpoint { checkpoint, jws })
}

/// Keeps a checkpoint, unless the chain has one of this head or a later one.
async fn keep(db: &impl ConnectionTrait, signed: SignedCheckpoint) -> Result<(), EventsError> {
    use event_chain::{Column, Entity};
    let Checkpoint { chain, seq, id, at } = signed.checkpoint;
    let grown_since = CaseStatement::new().case(Expr::col(Column::Seq).gt(seq), at);
    let moved = Entity::update_many()
        .col_expr(Column::SignedSeq, seq.into())
        .col_expr(Column::UnsignedSince, grown_since.into())
        .filter(Column::Chain.eq(chain.to_string()))
        .filter(Column::SignedSeq.lt(seq));
    if moved.exec(db).await?.rows_affected == 0 {
        return Ok(());
    }
    let row = checkpoint::Model { chain: chain.to_string(), seq, id: id.into(), at, jws: signed.jws };
    checkpoint::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

impl TryFrom<event_chain::Model> for Head {
    type Error = StoreError;

    fn try_from(row: event_chain::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("event_chain", &row.chain);
        let chain = row.chain.parse().map_err(|_| corrupt())?;
        let id = row.head.as_deref().and_then(|id| id.parse().ok()).ok_or_else(corrupt)?;
        Ok(Self { chain, seq: row.seq, id })
    }
}

impl TryFrom<checkpoint::Model> for SignedCheckpoint {
    type Error = StoreError;

    fn try_from(row: checkpoint::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("checkpoint", format!("{} {}", row.chain, row.seq));
        let chain = row.chain.parse().map_err(|_| corrupt())?;
        let id = row.id.parse().map_err(|_| corrupt())?;
        Ok(Self { checkpoint: Checkpoint { chain, seq: row.seq, id, at: row.at }, jws: row.jws })
    }
}
