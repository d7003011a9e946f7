//! Endpoints and their secrets.

use std::{fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{Ambient, AppId, ContractId, RowId};
use consent_crypto::{KeyPurpose, Keystore, SlotContext, slot};
use consent_store::{StoreError, Tx};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, Statement, sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::save;
use crate::{
    Endpoint, EndpointState, Kind, Method, NewEndpoint, Signal, SignalsError, Target, WebhookSecret,
    deadline::later, delivery::OPEN, endpoint::VERIFIED_FOR, row, transport::Policy,
};

const WEBHOOK_SECRET: &str = "webhook secret";
const AUTHORIZATION: &str = "authorization of a signal endpoint";
/// An endpoint that does not answer is asked again after so long.
const ASK_AGAIN: TimeDelta = TimeDelta::days(1);

/// An endpoint that was set.
#[derive(Debug)]
pub struct SetEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The secret of a new webhook, to be shown once.
    pub secret: Option<WebhookSecret>,
}

/// Sets where an app wants its signals, in place of what was there. Another address or method has to be verified before
/// anything else is sent to it: [`due_for_verification`] lists it, or `enqueue_verification` asks it at once. A webhook
/// keeps its secret when it moves.
pub async fn set_endpoint(
    tx: &Tx,
    new: NewEndpoint,
    policy: Policy,
    keystore: &Keystore,
    ambient: &Ambient,
) -> Result<SetEndpoint, SignalsError> {
    new.target.validate(policy)?;
    let found = exactly(&new.app, new.contract.as_ref()).lock_exclusive().one(tx).await?;
    let set = match found {
        Some(row) => change(tx, row, &new.target, keystore, ambient).await?,
        None => create(tx, &new, keystore, ambient).await?,
    };
    assign(tx, &new.app).await?;
    Ok(set)
}

/// The endpoint that was set for just this: the app's own, or a contract's.
pub async fn find_endpoint(
    db: &impl ConnectionTrait,
    app: &AppId,
    contract: Option<&ContractId>,
) -> Result<Endpoint, SignalsError> {
    let row = exactly(app, contract).one(db).await?;
    Ok(row.ok_or(SignalsError::NoEndpoint)?.try_into()?)
}

/// The endpoint that signals under a contract go to: its own if that is active, else the app's.
pub async fn endpoint_for(
    db: &impl ConnectionTrait,
    app: &AppId,
    contract: Option<&ContractId>,
) -> Result<Option<Endpoint>, SignalsError> {
    choose(either(app, contract).all(db).await?)
}

/// All endpoints of an app.
pub async fn list_endpoints(db: &impl ConnectionTrait, app: &AppId) -> Result<Vec<Endpoint>, SignalsError> {
    let mine = row::endpoint::Entity::find().filter(row::endpoint::Column::AppId.eq(app.clone()));
    let rows = mine.order_by_asc(row::endpoint::Column::Id).all(db).await?;
    Ok(rows.into_iter().map(Endpoint::try_from).collect::<Result<_, _>>()?)
}

/// Makes a new secret for a webhook. The one before signs beside it for `overlap` more.
pub async fn rotate_secret(
    tx: &Tx,
    endpoint: &Endpoint,
    overlap: Duration,
    keystore: &Keystore,
    ambient: &Ambient,
) -> Result<WebhookSecret, SignalsError> {
    let row = locked(tx, &endpoint.id).await?.ok_or(SignalsError::NoEndpoint)?;
    if row.method != Method::Webhook.name() {
        return Err(SignalsError::Refused { verb: "rotate the secret of", from: "not a webhook" });
    }
    let secret = WebhookSecret::generate(ambient);
    let wrapped = wrap(keystore, &row.id, &row.app_id, (WEBHOOK_SECRET, secret.bytes()), ambient);
    let columns = row::endpoint::ActiveModel {
        previous: Set(row.secret),
        previous_key_version: Set(row.key_version),
        previous_until: Set(Some(later(ambient.now(), overlap))),
        secret: Set(Some(wrapped)),
        key_version: Set(keystore.version(KeyPurpose::Unattended).into()),
        ..Default::default()
    };
    update(tx, &row.id, columns).await?;
    Ok(secret)
}

/// Takes an endpoint away. Signals under a contract go to the app's own endpoint again, or wait to be polled.
pub async fn remove_endpoint(tx: &Tx, endpoint: &Endpoint, ambient: &Ambient) -> Result<(), SignalsError> {
    // All of them before any signal, as the one that is left may get some.
    let all = row::endpoint::Entity::find().filter(row::endpoint::Column::AppId.eq(endpoint.app.clone()));
    let rows = all.order_by_asc(row::endpoint::Column::Id).lock_exclusive().all(tx).await?;
    if !rows.iter().any(|row| row.id == endpoint.id) {
        return Err(SignalsError::NoEndpoint);
    }
    withdraw_verifications(tx, &endpoint.id, ambient.now()).await?;
    row::endpoint::Entity::delete_by_id(endpoint.id.clone()).exec(tx).await?;
    assign(tx, &endpoint.app).await?;
    let left = rows.into_iter().find(|row| row.id != endpoint.id && row.contract_id.is_none());
    match left.map(Endpoint::try_from).transpose()? {
        Some(own) if own.is_pushed_to() => resume(tx, &own.id, ambient.now()).await,
        _ => Ok(()),
    }
}

/// Endpoints that should be asked whether they are there: active ones a week after they last said so, others at once
/// and then daily. Not those that are being asked, and not disabled ones.
pub async fn due_for_verification(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Endpoint>, SignalsError> {
    let asked_since = |since: DateTime<Utc>| {
        let asked = row::signal::Entity::find()
            .select_only()
            .column(row::signal::Column::EndpointId)
            .filter(row::signal::Column::Kind.eq(Kind::Verification.name()))
            .filter(row::signal::Column::IssuedAt.gt(since))
            .filter(row::signal::Column::EndpointId.is_not_null());
        sea_orm::QueryTrait::into_query(asked)
    };
    let unverified = row::endpoint::Column::State.eq(EndpointState::Unverified.name());
    let stale = Condition::all()
        .add(row::endpoint::Column::State.eq(EndpointState::Active.name()))
        .add(row::endpoint::Column::VerifiedAt.lte(now - VERIFIED_FOR));
    let due = row::endpoint::Entity::find()
        .filter(Condition::any().add(unverified).add(stale))
        .filter(row::endpoint::Column::Id.not_in_subquery(asked_since(now - ASK_AGAIN)))
        .order_by_asc(row::endpoint::Column::Id)
        .limit(limit);
    let rows = due.all(db).await?;
    Ok(rows.into_iter().map(Endpoint::try_from).collect::<Result<_, _>>()?)
}

/// The endpoint for a signal about to be written. Nobody can activate it before the transaction ends, so the signal is
/// not overlooked by whoever does.
pub(super) async fn shared_for(
    tx: &Tx,
    app: &AppId,
    contract: Option<&ContractId>,
) -> Result<Option<Endpoint>, SignalsError> {
    choose(either(app, contract).lock_shared().all(tx).await?)
}

/// An endpoint, locked for whoever changes it.
pub(super) async fn locked(tx: &Tx, id: &RowId) -> Result<Option<row::endpoint::Model>, SignalsError> {
    Ok(row::endpoint::Entity::find_by_id(id.clone()).lock_exclusive().one(tx).await?)
}

pub(super) async fn update(
    tx: &Tx,
    id: &RowId,
    columns: row::endpoint::ActiveModel,
) -> Result<(), SignalsError> {
    row::endpoint::Entity::update_many()
        .set(columns)
        .filter(row::endpoint::Column::Id.eq(id.clone()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Prepares a question to an endpoint: a disabled one gets another chance.
pub(super) async fn ping(tx: &Tx, endpoint: &Endpoint, now: DateTime<Utc>) -> Result<Endpoint, SignalsError> {
    let row = locked(tx, &endpoint.id).await?.ok_or(SignalsError::NoEndpoint)?;
    let mut endpoint = Endpoint::try_from(row)?;
    let state = endpoint.state.ping();
    if state != endpoint.state {
        (endpoint.state, endpoint.since) = (state, now);
        enter(tx, &endpoint.id, state, now).await?;
    }
    Ok(endpoint)
}

/// Notes that an endpoint acknowledged a verification. If it was not active, everything that waited for it is due.
pub(super) async fn activate(tx: &Tx, endpoint: &Endpoint, now: DateTime<Utc>) -> Result<(), SignalsError> {
    let verified = row::endpoint::ActiveModel { verified_at: Set(Some(now)), ..Default::default() };
    update(tx, &endpoint.id, verified).await?;
    let state = endpoint.state.acknowledge();
    if state == endpoint.state {
        return Ok(());
    }
    enter(tx, &endpoint.id, state, now).await?;
    // Once more: a signal written at the moment when the endpoint was set may not know of it.
    assign(tx, &endpoint.app).await?;
    match endpoint.method {
        Method::Webhook | Method::Set => resume(tx, &endpoint.id, now).await,
        Method::Poll => Ok(()),
    }
}

/// Notes that an endpoint is no more: nothing is due there. What a contract's own would have got goes where all signals
/// of the app go.
pub(super) async fn disable(tx: &Tx, endpoint: &Endpoint, now: DateTime<Utc>) -> Result<(), SignalsError> {
    enter(tx, &endpoint.id, endpoint.state.disable(), now).await?;
    row::signal::Entity::update_many()
        .col_expr(row::signal::Column::DueAt, Expr::value(None::<DateTime<Utc>>))
        .filter(row::signal::Column::EndpointId.eq(endpoint.id.clone()))
        .filter(row::signal::Column::Delivery.is_in(["queued", "waiting", "rejected", "dead"]))
        .exec(tx)
        .await?;
    if endpoint.contract.is_some() { fall_back(tx, &endpoint.app, now).await } else { Ok(()) }
}

/// Points what a contract's own endpoint does not get to the app's, and makes it due there.
async fn fall_back(tx: &Tx, app: &AppId, now: DateTime<Utc>) -> Result<(), SignalsError> {
    assign(tx, app).await?;
    let own = exactly(app, None).lock_exclusive().one(tx).await?;
    match own.map(Endpoint::try_from).transpose()? {
        Some(own) if own.is_pushed_to() => resume(tx, &own.id, now).await,
        _ => Ok(()),
    }
}

/// Withdraws questions to an endpoint that were not answered.
pub(super) async fn withdraw_verifications(
    tx: &Tx,
    endpoint: &RowId,
    now: DateTime<Utc>,
) -> Result<(), SignalsError> {
    let open = row::signal::Entity::find()
        .filter(row::signal::Column::EndpointId.eq(endpoint.clone()))
        .filter(row::signal::Column::Kind.eq(Kind::Verification.name()))
        .filter(row::signal::Column::Delivery.is_in(OPEN))
        .lock_exclusive();
    for row in open.all(tx).await? {
        let mut signal = Signal::try_from(row)?;
        // Also what is being sent: its worker finds that it came too late.
        signal.go(signal.delivery.clone().cancel_returned(), now);
        save(tx, &signal).await?;
    }
    Ok(())
}

async fn enter(tx: &Tx, id: &RowId, state: EndpointState, now: DateTime<Utc>) -> Result<(), SignalsError> {
    let columns = row::endpoint::ActiveModel {
        state: Set(state.name().to_owned()),
        since: Set(now),
        failures: Set(0),
        open_until: Set(None),
        ..Default::default()
    };
    update(tx, id, columns).await
}

async fn create(
    tx: &Tx,
    new: &NewEndpoint,
    keystore: &Keystore,
    ambient: &Ambient,
) -> Result<SetEndpoint, SignalsError> {
    let (id, now): (RowId, _) = (ambient.new_id(), ambient.now());
    let (secret, wrapped) = secret_for(&new.target, keystore, &id, &new.app, ambient);
    let row = row::endpoint::Model {
        id,
        app_id: new.app.clone(),
        contract_id: new.contract.clone(),
        method: new.target.method().name().to_owned(),
        url: new.target.url().map(str::to_owned),
        secret: wrapped,
        key_version: keystore.version(KeyPurpose::Unattended).into(),
        previous: None,
        previous_key_version: 0,
        previous_until: None,
        state: EndpointState::Unverified.name().to_owned(),
        since: now,
        verified_at: None,
        failures: 0,
        open_until: None,
        created_at: now,
    };
    let model = row::endpoint::ActiveModel::from(row.clone());
    row::endpoint::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(SetEndpoint { endpoint: row.try_into()?, secret })
}

async fn change(
    tx: &Tx,
    row: row::endpoint::Model,
    target: &Target,
    keystore: &Keystore,
    ambient: &Ambient,
) -> Result<SetEndpoint, SignalsError> {
    let now = ambient.now();
    let same_method = row.method == target.method().name();
    let moved = !same_method || row.url.as_deref() != target.url();
    let mut columns = row::endpoint::ActiveModel {
        method: Set(target.method().name().to_owned()),
        url: Set(target.url().map(str::to_owned)),
        ..Default::default()
    };
    let mut shown = None;
    if !same_method || target.method() == Method::Set {
        let (secret, wrapped) = secret_for(target, keystore, &row.id, &row.app_id, ambient);
        shown = secret;
        columns.secret = Set(wrapped);
        columns.key_version = Set(keystore.version(KeyPurpose::Unattended).into());
        columns.previous = Set(None);
        columns.previous_until = Set(None);
    }
    update(tx, &row.id, columns).await?;
    if moved {
        withdraw_verifications(tx, &row.id, now).await?;
        let before = Endpoint::try_from(row.clone())?;
        disable(tx, &before, now).await?;
        let unverified = row::endpoint::ActiveModel { verified_at: Set(None), ..Default::default() };
        update(tx, &row.id, unverified).await?;
        enter(tx, &row.id, EndpointState::Unverified, now).await?;
    }
    let row = locked(tx, &row.id).await?.ok_or(SignalsError::NoEndpoint)?;
    Ok(SetEndpoint { endpoint: row.try_into()?, secret: shown })
}

/// What a new target needs in its row, and what its developer has to be shown of it.
fn secret_for(
    target: &Target,
    keystore: &Keystore,
    id: &RowId,
    app: &AppId,
    ambient: &Ambient,
) -> (Option<WebhookSecret>, Option<Vec<u8>>) {
    match target {
        Target::Webhook { .. } => {
            let secret = WebhookSecret::generate(ambient);
            let wrapped = wrap(keystore, id, app, (WEBHOOK_SECRET, secret.bytes()), ambient);
            (Some(secret), Some(wrapped))
        }
        Target::Set { authorization: Some(value), .. } => {
            let plain = value.expose_secret().as_bytes();
            (None, Some(wrap(keystore, id, app, (AUTHORIZATION, plain), ambient)))
        }
        Target::Set { authorization: None, .. } | Target::Poll => (None, None),
    }
}

/// Points the open signals of an app to where they are to go now. Those that move wait until somebody makes them due.
async fn assign(tx: &Tx, app: &AppId) -> Result<(), SignalsError> {
    const TARGET: &str = "COALESCE((SELECT id FROM signal_endpoint AS e \
            WHERE e.contract_id = signal.contract_id AND e.state = 'active'), \
         (SELECT id FROM signal_endpoint AS e WHERE e.app_id = signal.app_id AND e.contract_id IS NULL))";
    let open = OPEN.map(|state| format!("'{state}'")).join(", ");
    let sql = format!(
        "UPDATE signal SET endpoint_id = {TARGET}, \
         due_at = CASE WHEN delivery = 'delivering' THEN due_at ELSE NULL END \
         WHERE app_id = $1 AND kind <> 'verification' AND delivery IN ({open}) \
         AND endpoint_id IS DISTINCT FROM {TARGET}"
    );
    let values = [app.as_str().into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Makes everything due that waits for an endpoint; what it had once refused for good begins anew.
async fn resume(tx: &Tx, endpoint: &RowId, now: DateTime<Utc>) -> Result<(), SignalsError> {
    let waiting = || {
        row::signal::Entity::update_many()
            .filter(row::signal::Column::EndpointId.eq(endpoint.clone()))
            .filter(row::signal::Column::Kind.ne(Kind::Verification.name()))
            .filter(row::signal::Column::DueAt.is_null())
            .col_expr(row::signal::Column::DueAt, Expr::value(now))
    };
    let gone = waiting().filter(row::signal::Column::Delivery.eq("gone"));
    gone.col_expr(row::signal::Column::Delivery, Expr::value("queued"))
        .col_expr(row::signal::Column::DeliverySince, Expr::value(now))
        .col_expr(row::signal::Column::Failed, Expr::value(0))
        .col_expr(row::signal::Column::Rejected, Expr::value(0))
        .col_expr(row::signal::Column::DeadToldAt, Expr::value(None::<DateTime<Utc>>))
        .exec(tx)
        .await?;
    let parked =
        waiting().filter(row::signal::Column::Delivery.is_in(["queued", "waiting", "rejected", "dead"]));
    parked.exec(tx).await?;
    Ok(())
}

fn exactly(app: &AppId, contract: Option<&ContractId>) -> Select<row::endpoint::Entity> {
    let mine = row::endpoint::Entity::find().filter(row::endpoint::Column::AppId.eq(app.clone()));
    match contract {
        Some(contract) => mine.filter(row::endpoint::Column::ContractId.eq(contract.clone())),
        None => mine.filter(row::endpoint::Column::ContractId.is_null()),
    }
}

fn either(app: &AppId, contract: Option<&ContractId>) -> Select<row::endpoint::Entity> {
    let mut which = Condition::any().add(row::endpoint::Column::ContractId.is_null());
    if let Some(contract) = contract {
        which = which.add(row::endpoint::Column::ContractId.eq(contract.clone()));
    }
    let mine = row::endpoint::Entity::find().filter(row::endpoint::Column::AppId.eq(app.clone()));
    mine.filter(which).order_by_asc(row::endpoint::Column::Id)
}

/// A contract's own endpoint counts more than the app's, as soon as it has answered and as long as it is there.
fn choose(rows: Vec<row::endpoint::Model>) -> Result<Option<Endpoint>, SignalsError> {
    let serves =
        |row: &row::endpoint::Model| row.contract_id.is_none() || row.state == EndpointState::Active.name();
    let best = rows.into_iter().filter(serves).max_by_key(|row| row.contract_id.is_some());
    Ok(best.map(Endpoint::try_from).transpose()?)
}

fn wrap(
    keystore: &Keystore,
    id: &RowId,
    app: &AppId,
    (kind, plain): (&str, &[u8]),
    ambient: &Ambient,
) -> Vec<u8> {
    slot::wrap_bytes(keystore.key(KeyPurpose::Unattended), &context(kind, id, app), plain, ambient)
}

fn context<'a>(kind: &'a str, id: &'a RowId, app: &'a AppId) -> SlotContext<'a> {
    SlotContext { kind, library: "", row: id.as_str(), owner: app.as_str(), not_after: None }
}

/// The secrets of an endpoint as they are stored.
pub(crate) struct Secrets(row::endpoint::Model);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl Secrets {
    pub(super) fn of(row: row::endpoint::Model) -> Self {
        Self(row)
    }

    /// What signs for a webhook at `now`: the secret, and during a rotation the one before.
    pub(crate) fn webhook(
        &self,
        keystore: &Keystore,
        now: DateTime<Utc>,
    ) -> Result<Vec<WebhookSecret>, SignalsError> {
        let row = &self.0;
        let previous = row.previous_until.is_some_and(|until| now < until);
        let previous = row.previous.as_ref().filter(|_| previous);
        let wrapped = [(row.secret.as_ref(), row.key_version), (previous, row.previous_key_version)];
        let secrets = wrapped.into_iter().filter_map(|(wrapped, version)| Some((wrapped?, version)));
        secrets
            .map(|(wrapped, version)| {
                let plain = self.open(keystore, WEBHOOK_SECRET, wrapped, version)?;
                WebhookSecret::from_slice(&plain).map_err(|_| SignalsError::Secret)
            })
            .collect()
    }

    /// The header that a receiver of plain tokens has chosen.
    pub(crate) fn authorization(&self, keystore: &Keystore) -> Result<Option<SecretString>, SignalsError> {
        let Some(wrapped) = &self.0.secret else { return Ok(None) };
        let plain = self.open(keystore, AUTHORIZATION, wrapped, self.0.key_version)?;
        let text =
            std::str::from_utf8(&plain).map_err(|_| StoreError::corrupt("signal_endpoint", &self.0.id))?;
        Ok(Some(SecretString::from(text)))
    }

    fn open(
        &self,
        keystore: &Keystore,
        kind: &str,
        wrapped: &[u8],
        version: i64,
    ) -> Result<impl std::ops::Deref<Target = Vec<u8>> + use<>, SignalsError> {
        let version = u32::try_from(version).map_err(|_| SignalsError::Secret)?;
        let key = keystore.key_at(KeyPurpose::Unattended, version).ok_or(SignalsError::Secret)?;
        let context = context(kind, &self.0.id, &self.0.app_id);
        slot::unwrap_bytes(key, &context, wrapped).map_err(|_| SignalsError::Secret)
    }
}
