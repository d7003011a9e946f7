//! Handing out tokens to who polls.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use consent_core::{Ambient, AppId};
use consent_store::{Tx, is_one_of};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{endpoints, save};
use crate::{
    Delivery, Endpoint, Kind, Plan, PollAnswer, PollRequest, Schedule, Signal, SignalId, SignalsError,
    delivery::OPEN, poll::SetErr, row,
};

/// Takes in what an app acknowledges or refuses, and hands out what it has not got yet: the oldest first, with the
/// names and the bytes that are pushed, also those that no push could deliver.
///
/// An acknowledgement counts as delivery. What is refused is pushed as `schedule` says, and stays on offer.
pub async fn poll(
    tx: &Tx,
    app: &AppId,
    request: &PollRequest,
    schedule: &Schedule,
    ambient: &Ambient,
) -> Result<PollAnswer, SignalsError> {
    request.validate()?;
    for mut answered in answered(tx, app, request).await? {
        answered.settle(tx, schedule, ambient).await?;
    }
    offered(tx, app, request.wanted()).await
}

/// A signal that the request speaks of, with its endpoint where that matters.
struct Answered<'a> {
    signal: Signal,
    endpoint: Option<Endpoint>,
    error: Option<&'a SetErr>,
}

async fn answered<'a>(
    tx: &Tx,
    app: &AppId,
    request: &'a PollRequest,
) -> Result<Vec<Answered<'a>>, SignalsError> {
    let named = request.ack.iter().map(|name| (name, None));
    let named = named.chain(request.set_errs.iter().map(|(name, error)| (name, Some(error))));
    let said: HashMap<SignalId, Option<&SetErr>> =
        named.filter_map(|(name, error)| Some((name.parse().ok()?, error))).collect();
    if said.is_empty() {
        return Ok(Vec::new());
    }
    let mine = || {
        row::signal::Entity::find()
            .filter(row::signal::Column::AppId.eq(app.clone()))
            .filter(row::signal::Column::Jti.is_in(said.keys().cloned()))
    };
    let mut ids: Vec<_> = mine().all(tx).await?.into_iter().filter_map(|row| row.endpoint_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = HashMap::new();
    for id in ids {
        if let Some(row) = endpoints::locked(tx, &id).await? {
            found.insert(id, Endpoint::try_from(row)?);
        }
    }
    let rows = mine().order_by_asc(row::signal::Column::Jti).lock_exclusive().all(tx).await?;
    let answered = rows.into_iter().map(|row| {
        let signal = Signal::try_from(row)?;
        let endpoint = signal.endpoint.as_ref().and_then(|id| found.get(id)).cloned();
        let error = said.get(&signal.id).copied().flatten();
        Ok(Answered { signal, endpoint, error })
    });
    answered.collect()
}

impl Answered<'_> {
    async fn settle(&mut self, tx: &Tx, schedule: &Schedule, ambient: &Ambient) -> Result<(), SignalsError> {
        let now = ambient.now();
        let delivery = self.signal.delivery.clone();
        if !delivery.is_open() {
            return Ok(());
        }
        let plan = Plan {
            schedule,
            complete_by: self.signal.duty.map(|duty| duty.done_by()),
            reachable: self.endpoint.as_ref().is_some_and(Endpoint::is_pushed_to),
        };
        let next = match self.error {
            None => delivery.fetch(),
            Some(_) if self.signal.superseded_by.is_some() => Delivery::Cancelled,
            Some(_) => delivery.reject(&plan, ambient),
        };
        self.signal.go(next, now);
        self.signal.attempts += 1;
        save(tx, &self.signal).await?;
        self.write_down(tx, now).await?;
        match &self.endpoint {
            Some(endpoint) if self.error.is_none() && self.signal.kind == Kind::Verification => {
                endpoints::activate(tx, endpoint, now).await
            }
            _ => Ok(()),
        }
    }

    async fn write_down(&self, tx: &Tx, now: DateTime<Utc>) -> Result<(), SignalsError> {
        let outcome = if self.error.is_some() { "rejected" } else { "fetched" };
        let problem = self.error.map(|error| format!("{}: {}", error.err, error.description));
        let model = row::attempt::ActiveModel {
            jti: Set(self.signal.id.clone()),
            number: Set(self.signal.attempts),
            road: Set("poll".to_owned()),
            at: Set(now),
            outcome: Set(Some(outcome.to_owned())),
            problem: Set(problem.map(|text| text.chars().filter(|c| !c.is_control()).take(200).collect())),
            ..Default::default()
        };
        row::attempt::Entity::insert(model).exec_without_returning(tx).await?;
        Ok(())
    }
}

async fn offered(tx: &Tx, app: &AppId, wanted: u32) -> Result<PollAnswer, SignalsError> {
    let open: Vec<(SignalId, String)> = row::signal::Entity::find()
        .select_only()
        .columns([row::signal::Column::Jti, row::signal::Column::Jws])
        .filter(row::signal::Column::AppId.eq(app.clone()))
        .filter(is_one_of(row::signal::Column::Delivery, &OPEN))
        .filter(row::signal::Column::SupersededBy.is_null())
        .order_by_asc(row::signal::Column::Jti)
        .limit(u64::from(wanted) + 1)
        .into_tuple()
        .all(tx)
        .await?;
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let more_available = open.len() > wanted;
    Ok(PollAnswer { sets: open.into_iter().take(wanted).collect(), more_available })
}
