//! Taking what is due.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use consent_core::Ambient;
use consent_store::{StoreError, Tx, batch};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
    sea_query::{LockBehavior, LockType},
};

use super::{HeldSignal, Secrets, save_all};
use crate::{
    Endpoint, Lease, Limits, Signal, SignalId, SignalsError, deadline::later, delivery::ON_THE_WAY, row,
};

/// A signal that this process has the right to send, and where to.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub signal: Signal,
    pub endpoint: Endpoint,
    pub secrets: Secrets,
    /// That this attempt began.
    pub attempt: row::attempt::Model,
}

/// When something becomes due that is not yet.
pub(crate) async fn next_due(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, SignalsError> {
    let due: Option<Option<DateTime<Utc>>> = row::signal::Entity::find()
        .select_only()
        .column(row::signal::Column::DueAt)
        .filter(row::signal::Column::DueAt.gt(now))
        .order_by_asc(row::signal::Column::DueAt)
        .into_tuple()
        .one(db)
        .await?;
    Ok(due.flatten())
}

/// Takes those of these signals that are still due, and writes down that an attempt begins. Whoever does not come back
/// leaves a row that is due again when its lease ends.
pub(crate) async fn claim(
    tx: &Tx,
    candidates: Vec<SignalId>,
    limits: &Limits,
    now: DateTime<Utc>,
    ambient: &Ambient,
) -> Result<Vec<Claimed>, SignalsError> {
    let rows = row::signal::Entity::find()
        .filter(row::signal::Column::Jti.is_in(candidates))
        .filter(row::signal::Column::DueAt.lte(now))
        .order_by_asc(row::signal::Column::DueAt)
        // Another replica that is faster has them.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let rows = rows.all(tx).await?.into_iter();
    let mut held =
        rows.map(|row| Ok(Signal::try_from(row)?.into())).collect::<Result<Vec<HeldSignal>, StoreError>>()?;
    // One right for all: whoever takes one of them again takes it with another.
    let lease = Lease { holder: ambient.new_id(), until: later(now, limits.lease) };
    for HeldSignal { signal, .. } in &mut held {
        if signal.superseded_by.is_some() {
            signal.go(signal.delivery.clone().cancel_returned(), now);
            continue;
        }
        signal.go(signal.delivery.clone().claim(lease.clone(), now)?, now);
        signal.attempts += 1;
    }
    save_all(tx, &held).await?;
    let mut signals: Vec<Signal> = held.into_iter().map(|held| held.signal).collect();
    signals.retain(|signal| signal.delivery.holder().is_some());
    let attempts: Vec<_> = signals.iter().map(|signal| begun(signal, now)).collect();
    batch::insert::<row::attempt::Entity>(tx, attempts.clone()).await?;
    with_endpoints(tx, signals.into_iter().zip(attempts).collect()).await
}

/// At most `room` signals that may be sent now: due, to an endpoint that is there and not left alone, not behind an
/// earlier signal of the same grant that is still on its way; of each endpoint only as many as it has room for, and from
/// endpoint to endpoint in turn, so that none waits behind another's backlog.
///
/// Asked outside of a transaction: who claims looks again at each. Goes from endpoint to endpoint along an index, however
/// much waits at each.
pub(crate) async fn due(
    db: &impl ConnectionTrait,
    room: usize,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Vec<SignalId>, SignalsError> {
    let backend = db.get_database_backend();
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    let values = [now.into(), i64::from(limits.per_endpoint).into(), room.into()];
    let rows = db.query_all_raw(Statement::from_sql_and_values(backend, due_sql(backend), values)).await?;
    rows.iter().map(|row| Ok(row.try_get("", "jti")?)).collect()
}

fn due_sql(backend: DbBackend) -> String {
    let before = ON_THE_WAY.map(|state| format!("'{state}'")).join(", ");
    let next = format!(
        "SELECT s.jti, s.due_at, s.seq FROM signal AS s WHERE s.endpoint_id = e.id AND s.due_at <= $1 \
         AND (e.state = 'active' OR s.kind = 'verification') AND NOT EXISTS (\
            SELECT 1 FROM signal AS b WHERE b.grant_id = s.grant_id AND b.seq < s.seq \
            AND b.delivery IN ({before}) AND b.superseded_by IS NULL) \
         ORDER BY s.due_at, s.seq, s.jti LIMIT $2"
    );
    // Only one of the two lets a joined select see the row it is joined to.
    let joined = match backend {
        DbBackend::Sqlite => format!(
            "JOIN json_each((SELECT json_group_array(jti) FROM ({next}))) AS place \
             JOIN signal AS s ON s.jti = place.value"
        ),
        _ => format!(
            "CROSS JOIN LATERAL (\
                SELECT n.jti, n.due_at, row_number() OVER (ORDER BY n.due_at, n.seq, n.jti) - 1 AS key \
                FROM ({next}) AS n) AS place JOIN signal AS s ON s.jti = place.jti"
        ),
    };
    format!(
        "WITH RECURSIVE scheduled (id) AS (\
            SELECT min(endpoint_id) FROM signal WHERE due_at IS NOT NULL \
            UNION ALL \
            SELECT (SELECT min(n.endpoint_id) FROM signal AS n \
                WHERE n.due_at IS NOT NULL AND n.endpoint_id > scheduled.id) \
            FROM scheduled WHERE scheduled.id IS NOT NULL), \
         ready AS (\
            SELECT id, state, CASE WHEN failures > 0 THEN 1 ELSE $2 END AS room, (\
                SELECT count(*) FROM signal AS b WHERE b.endpoint_id = signal_endpoint.id \
                AND b.delivery = 'delivering' AND b.due_at > $1) AS busy \
            FROM signal_endpoint WHERE id IN (SELECT id FROM scheduled) AND state <> 'disabled' \
            AND method <> 'poll' AND (open_until IS NULL OR open_until <= $1)) \
         SELECT s.jti AS jti FROM ready AS e {joined} \
         WHERE place.key + e.busy < e.room ORDER BY place.key + e.busy, s.due_at, s.jti LIMIT $3"
    )
}

fn begun(signal: &Signal, now: DateTime<Utc>) -> row::attempt::Model {
    row::attempt::Model {
        jti: signal.id.clone(),
        number: signal.attempts,
        road: "push".to_owned(),
        at: now,
        host: None,
        ip: None,
        status: None,
        duration_ms: None,
        answer_sha256: None,
        outcome: None,
        problem: None,
    }
}

async fn with_endpoints(
    tx: &Tx,
    claimed: Vec<(Signal, row::attempt::Model)>,
) -> Result<Vec<Claimed>, SignalsError> {
    let ids = claimed.iter().filter_map(|(signal, _)| signal.endpoint.clone());
    let found = row::endpoint::Entity::find().filter(row::endpoint::Column::Id.is_in(ids)).all(tx).await?;
    let found: HashMap<_, _> = found.into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut complete = Vec::new();
    for (signal, attempt) in claimed {
        // One that was taken away this instant: the lease runs out, and then the signal is parked.
        let Some(row) = signal.endpoint.as_ref().and_then(|id| found.get(id)).cloned() else { continue };
        let endpoint = Endpoint::try_from(row.clone())?;
        complete.push(Claimed { signal, endpoint, secrets: Secrets::of(row), attempt });
    }
    Ok(complete)
}
