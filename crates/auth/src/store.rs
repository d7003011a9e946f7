//! The rows of requests, codes, tokens and nonces.

mod app_token;

use chrono::{DateTime, Utc};
use consent_core::{Ambient, ContractId, GrantId, PersonId, RequestId, RowId, SessionId};
use consent_crypto::{CodeChallenge, Digest, Family, Secret, SecretKind, SlotContext, slot};
use consent_store::{Migration, StoreError, Tx, joined_columns};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryResult,
    QuerySelect, Select,
    sea_query::{Expr, OnConflict},
};
use sea_orm_migration::MigrationTrait;

pub use self::app_token::{find_app_token, issue_app_tokens, refresh_app_tokens, sweep_app_tokens};
use crate::{
    AuthError, AuthorizationRequest, ClaimedCode, Decision, FamilyHint, HandleKind, IssuedPair, Lifetimes,
    NewCode, NewRequest, Pair, Refreshed, RequestKind, code, handle, nonce, row, token,
};

/// This crate's tables.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Migration::new("m20261122_000050_auth", include_str!("../migrations/m20261122_000050_auth.sql")),
        Migration::new(
            "m20261129_000051_answers",
            include_str!("../migrations/m20261129_000051_answers.sql"),
        ),
        Migration::new(
            "m20261211_000101_app_token",
            include_str!("../migrations/m20261211_000101_app_token.sql"),
        ),
    ]
}

// Requests.

/// Keeps a request and returns the code to put into the browser's URL.
pub async fn open_request(
    tx: &Tx,
    new: NewRequest,
    ambient: &Ambient,
) -> Result<(AuthorizationRequest, Secret), AuthError> {
    let kind = match new.kind {
        RequestKind::Authorize => SecretKind::PreauthorizationCode,
        RequestKind::Onboard | RequestKind::Reauthorize => SecretKind::ReferenceCode,
    };
    let (code, now) = (Secret::generate(kind, ambient), ambient.now());
    let request = AuthorizationRequest {
        id: ambient.new_id(),
        kind: new.kind,
        app: new.app,
        contract: new.contract,
        kid: new.kid,
        redirect_uri: new.redirect_uri,
        state: new.state,
        challenge: new.challenge,
        hint: new.hint,
        session: new.session,
        storage: None,
        decision: None,
        decided_at: None,
        touched_at: now,
        created_at: now,
    };
    let model = row::request::ActiveModel {
        id: Set(request.id.clone()),
        digest: Set(code.digest().as_bytes().to_vec()),
        kind: Set(request.kind.as_str().to_owned()),
        app_id: Set(request.app.clone()),
        contract_id: Set(request.contract.clone()),
        kid: Set(request.kid.clone()),
        redirect_uri: Set(request.redirect_uri.clone()),
        state: Set(request.state.clone()),
        challenge: Set(request.challenge.as_ref().map(CodeChallenge::to_text)),
        hint_grant_id: Set(request.hint.clone()),
        session_id: Set(request.session.clone()),
        touched_at: Set(now),
        decided_at: Set(None),
        answered_by: Set(None),
        answer_grant_id: Set(None),
        storage: Set(None),
        created_at: Set(now),
    };
    row::request::Entity::insert(model).exec_without_returning(tx).await?;
    Ok((request, code))
}

/// The open request behind a code, nobody else's to decide before the transaction ends. Looking at it keeps it alive and
/// uses nothing up.
pub async fn find_request(
    tx: &Tx,
    code: &Secret,
    now: DateTime<Utc>,
) -> Result<AuthorizationRequest, AuthError> {
    let request = request_of_code(tx, code).await?;
    if request.decided_at.is_some() {
        return Err(AuthError::AlreadyDecided);
    }
    if request.is_expired_at(now) {
        return Err(AuthError::UnknownRequest);
    }
    let touched = row::request::Entity::update_many()
        .col_expr(row::request::Column::TouchedAt, Expr::value(now))
        .filter(row::request::Column::Id.eq(request.id.clone()))
        .filter(row::request::Column::DecidedAt.is_null())
        .exec(tx)
        .await?;
    // Whoever decided at the same moment was waited for.
    if touched.rows_affected == 1 { Ok(request) } else { Err(AuthError::AlreadyDecided) }
}

/// The request that this person answered a moment ago, with what she decided: for a form that is sent
/// twice. What another person decided, and what was decided long ago, stays what it is: [`AuthError::AlreadyDecided`].
pub async fn find_answered(
    db: &impl ConnectionTrait,
    id: &RequestId,
    person: &PersonId,
    now: DateTime<Utc>,
) -> Result<(AuthorizationRequest, Decision), AuthError> {
    let row = row::request::Entity::find_by_id(id.clone()).one(db).await?;
    let request = AuthorizationRequest::try_from(row.ok_or(AuthError::UnknownRequest)?)?;
    match request.decision.clone() {
        Some(decision) if decision.person() == person && !request.is_expired_at(now) => {
            Ok((request, decision))
        }
        _ => Err(AuthError::AlreadyDecided),
    }
}

/// Which request a code stands for, open or not.
pub async fn id_of_code(db: &impl ConnectionTrait, code: &Secret) -> Result<RequestId, AuthError> {
    Ok(request_of_code(db, code).await?.id)
}

async fn request_of_code(
    db: &impl ConnectionTrait,
    code: &Secret,
) -> Result<AuthorizationRequest, AuthError> {
    let mine = row::request::Entity::find()
        .filter(row::request::Column::Digest.eq(code.digest().as_bytes().to_vec()));
    Ok(mine.one(db).await?.ok_or(AuthError::UnknownRequest)?.try_into()?)
}

/// Keeps with an open request which store of the app it is for.
pub async fn keep_storage(tx: &Tx, id: &RequestId, storage: &str) -> Result<(), AuthError> {
    row::request::Entity::update_many()
        .col_expr(row::request::Column::Storage, Expr::value(storage))
        .filter(row::request::Column::Id.eq(id.clone()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Uses the request up; the second one to decide is told so.
pub async fn decide(
    tx: &Tx,
    id: &RequestId,
    decision: &Decision,
    now: DateTime<Utc>,
) -> Result<(), AuthError> {
    let done = row::request::Entity::update_many()
        .col_expr(row::request::Column::DecidedAt, Expr::value(now))
        .col_expr(row::request::Column::AnsweredBy, Expr::value(decision.person().clone()))
        .col_expr(row::request::Column::AnswerGrantId, Expr::value(decision.grant().cloned()))
        .filter(row::request::Column::Id.eq(id.clone()))
        .filter(row::request::Column::DecidedAt.is_null())
        .exec(tx)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(AuthError::AlreadyDecided) }
}

impl TryFrom<row::request::Model> for AuthorizationRequest {
    type Error = StoreError;

    fn try_from(row: row::request::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("authorization_request", &row.id);
        let challenge =
            row.challenge.as_deref().map(CodeChallenge::parse).transpose().map_err(|_| corrupt())?;
        Ok(Self {
            kind: RequestKind::parse(&row.kind).ok_or_else(corrupt)?,
            challenge,
            id: row.id,
            app: row.app_id,
            contract: row.contract_id,
            kid: row.kid,
            redirect_uri: row.redirect_uri,
            state: row.state,
            hint: row.hint_grant_id,
            session: row.session_id,
            storage: row.storage,
            decision: row.answered_by.map(|person| match row.answer_grant_id {
                Some(grant) => Decision::Yes { person, grant },
                None => Decision::No { person },
            }),
            decided_at: row.decided_at,
            touched_at: row.touched_at,
            created_at: row.created_at,
        })
    }
}

// Codes.

/// Issues a code; its slot is the caller's to write, under the returned row.
pub async fn issue_code(
    tx: &Tx,
    new: NewCode,
    ambient: &Ambient,
) -> Result<(RowId, Secret, DateTime<Utc>), AuthError> {
    let (id, secret): (RowId, _) =
        (ambient.new_id(), Secret::generate(SecretKind::AuthorizationCode, ambient));
    let expires_at = ambient.now() + code::LIFETIME;
    let model = row::code::ActiveModel {
        id: Set(id.clone()),
        digest: Set(secret.digest().as_bytes().to_vec()),
        app_id: Set(new.app),
        contract_id: Set(new.contract),
        grant_id: Set(new.grant),
        session_id: Set(new.session),
        redirect_uri: Set(new.redirect_uri),
        challenge: Set(new.challenge.to_text()),
        used_at: Set(None),
        family: Set(None),
        expires_at: Set(expires_at),
    };
    row::code::Entity::insert(model).exec_without_returning(tx).await?;
    Ok((id, secret, expires_at))
}

/// The grant that a code of this contract stands for, used or not. A grant is always locked before what hangs on it, so
/// that an exchange and a revocation at the same moment wait for each other instead of failing.
pub async fn grant_of_code(
    db: &impl ConnectionTrait,
    code: &Secret,
    contract: &ContractId,
) -> Result<GrantId, AuthError> {
    Ok(code_row(code, contract).one(db).await?.ok_or(AuthError::UnknownCode)?.grant_id)
}

fn code_row(code: &Secret, contract: &ContractId) -> Select<row::code::Entity> {
    row::code::Entity::find()
        .filter(row::code::Column::Digest.eq(code.digest().as_bytes().to_vec()))
        .filter(row::code::Column::ContractId.eq(contract.clone()))
}

/// Tries to take a code for exchange. Of many at once one wins. A wrong client or verifier neither uses the code up nor
/// revokes anything.
pub async fn claim_code(
    tx: &Tx,
    code: &Secret,
    contract: &ContractId,
    verifier: &str,
    family: &Digest,
    now: DateTime<Utc>,
) -> Result<ClaimedCode, AuthError> {
    let row = code_row(code, contract).lock_exclusive().one(tx).await?.ok_or(AuthError::UnknownCode)?;
    let corrupt = || StoreError::corrupt("authorization_code", &row.id);
    if !CodeChallenge::parse(&row.challenge).map_err(|_| corrupt())?.matches(verifier) {
        return Err(AuthError::WrongVerifier);
    }
    if let Some(used_at) = row.used_at {
        let family = row.family.as_deref().map(Digest::from_slice).transpose().map_err(|_| corrupt())?;
        return Ok(code::again(used_at, family, now));
    }
    if row.expires_at <= now {
        return Err(AuthError::UnknownCode);
    }
    row::code::Entity::update_many()
        .col_expr(row::code::Column::UsedAt, Expr::value(now))
        .col_expr(row::code::Column::Family, Expr::value(family.as_bytes().to_vec()))
        .filter(row::code::Column::Id.eq(row.id.clone()))
        .exec(tx)
        .await?;
    Ok(ClaimedCode::Won { id: row.id, session: row.session_id })
}

/// Whether the answer to a request of this grant still waits for its app, with a code that nobody has used.
pub async fn has_unused_code(
    db: &impl ConnectionTrait,
    grant: &GrantId,
    session: &SessionId,
    now: DateTime<Utc>,
) -> Result<bool, AuthError> {
    let waiting = unused_codes(grant, session).add(row::code::Column::ExpiresAt.gt(now));
    Ok(row::code::Entity::find().filter(waiting).one(db).await?.is_some())
}

/// Takes back the other codes that the same answer led to, once one of them is used; returns their rows, whose slots are
/// the caller's to remove.
pub async fn withdraw_codes(tx: &Tx, grant: &GrantId, session: &SessionId) -> Result<Vec<RowId>, AuthError> {
    let others = row::code::Entity::delete_many().filter(unused_codes(grant, session));
    Ok(others.exec_with_returning(tx).await?.into_iter().map(|row| row.id).collect())
}

fn unused_codes(grant: &GrantId, session: &SessionId) -> Condition {
    Condition::all()
        .add(row::code::Column::GrantId.eq(grant.clone()))
        .add(row::code::Column::SessionId.eq(session.clone()))
        .add(row::code::Column::UsedAt.is_null())
}

/// Ends all unused codes of a grant.
pub async fn close_codes_of(tx: &Tx, grant: &GrantId) -> Result<(), AuthError> {
    row::code::Entity::delete_many()
        .filter(row::code::Column::GrantId.eq(grant.clone()))
        .filter(row::code::Column::UsedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

// Families and pairs.

/// Begins a family of tokens for a grant.
pub async fn start_family(
    tx: &Tx,
    family: &Family,
    grant: &GrantId,
    contract: &ContractId,
    ambient: &Ambient,
) -> Result<(), AuthError> {
    let model = row::family::ActiveModel {
        digest: Set(family.digest().as_bytes().to_vec()),
        grant_id: Set(grant.clone()),
        contract_id: Set(contract.clone()),
        revoked_at: Set(None),
        created_at: Set(ambient.now()),
    };
    row::family::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(())
}

/// Whose token this is or was, by its family; nothing for a token that never existed.
pub async fn family_of(db: &impl ConnectionTrait, token: &Secret) -> Result<Option<FamilyHint>, AuthError> {
    let Some(family) = token.family() else { return Ok(None) };
    let digest = family.digest();
    let row = row::family::Entity::find_by_id(digest.as_bytes().to_vec()).one(db).await?;
    Ok(row.map(|row| FamilyHint {
        digest,
        grant: row.grant_id,
        contract: row.contract_id,
        revoked_at: row.revoked_at,
    }))
}

/// Ends a family and returns the rows of its pairs, whose slots are the caller's to remove.
pub async fn revoke_family(tx: &Tx, family: &Digest, now: DateTime<Utc>) -> Result<Vec<RowId>, AuthError> {
    row::family::Entity::update_many()
        .col_expr(row::family::Column::RevokedAt, Expr::value(now))
        .filter(row::family::Column::Digest.eq(family.as_bytes().to_vec()))
        .filter(row::family::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    drop_pairs(tx, row::pair::Column::Family.eq(family.as_bytes().to_vec())).await
}

/// Ends all families of a grant; removing its slots is the caller's.
pub async fn close_families_of(tx: &Tx, grant: &GrantId, now: DateTime<Utc>) -> Result<(), AuthError> {
    row::family::Entity::update_many()
        .col_expr(row::family::Column::RevokedAt, Expr::value(now))
        .filter(row::family::Column::GrantId.eq(grant.clone()))
        .filter(row::family::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    drop_pairs(tx, row::pair::Column::GrantId.eq(grant.clone())).await?;
    Ok(())
}

async fn drop_pairs(tx: &Tx, which: Expr) -> Result<Vec<RowId>, AuthError> {
    let rows = row::pair::Entity::find().filter(which.clone()).all(tx).await?;
    row::pair::Entity::delete_many().filter(which).exec(tx).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Issues a pair of tokens of a family; their slots are the caller's to write, under the pair's row.
pub async fn issue_pair(
    tx: &Tx,
    family: &Family,
    grant: &GrantId,
    contract: &ContractId,
    lifetimes: Lifetimes,
    ambient: &Ambient,
) -> Result<IssuedPair, AuthError> {
    let now = ambient.now();
    let issued = IssuedPair {
        pair: Pair {
            id: ambient.new_id(),
            family: family.digest(),
            grant: grant.clone(),
            contract: contract.clone(),
            access_expires_at: now + lifetimes.access,
            refresh_expires_at: now + lifetimes.refresh,
            first_used_at: None,
            retire_at: None,
        },
        access: Secret::generate_in(SecretKind::AccessToken, family, ambient),
        refresh: Secret::generate_in(SecretKind::RefreshToken, family, ambient),
    };
    let pair = &issued.pair;
    let model = row::pair::ActiveModel {
        id: Set(pair.id.clone()),
        family: Set(pair.family.as_bytes().to_vec()),
        grant_id: Set(grant.clone()),
        contract_id: Set(contract.clone()),
        access_digest: Set(issued.access.digest().as_bytes().to_vec()),
        refresh_digest: Set(issued.refresh.digest().as_bytes().to_vec()),
        access_expires_at: Set(pair.access_expires_at),
        refresh_expires_at: Set(pair.refresh_expires_at),
        first_used_at: Set(None),
        successor_id: Set(None),
        successor: Set(None),
        retire_at: Set(None),
        created_at: Set(now),
    };
    row::pair::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(issued)
}

/// The columns of a pair for a select that joins `token_pair`; [`joined_pair`] reads them.
#[must_use]
pub fn pair_columns() -> String {
    joined_columns::<row::pair::Entity>("pair_")
}

/// The pair in a row of such a select.
pub fn joined_pair(row: &QueryResult) -> Result<Option<Pair>, AuthError> {
    let model = row::pair::Model::from_query_result_optional(row, "pair_")?;
    Ok(model.map(Pair::try_from).transpose()?)
}

/// Notes that a pair has reached its holder: the one before it has a minute left.
pub async fn note_use(tx: &Tx, pair: &RowId, now: DateTime<Utc>) -> Result<(), AuthError> {
    let first = row::pair::Entity::update_many()
        .col_expr(row::pair::Column::FirstUsedAt, Expr::value(now))
        .filter(row::pair::Column::Id.eq(pair.clone()))
        .filter(row::pair::Column::FirstUsedAt.is_null())
        .exec(tx)
        .await?;
    if first.rows_affected == 0 {
        return Ok(());
    }
    let until = now + token::USED_GRACE;
    row::pair::Entity::update_many()
        .col_expr(row::pair::Column::RetireAt, Expr::value(until))
        .filter(row::pair::Column::SuccessorId.eq(pair.clone()))
        .filter(row::pair::Column::RetireAt.gt(until))
        .exec(tx)
        .await?;
    Ok(())
}

/// The grant that a refresh token of this contract is for, if it still has a row; see [`grant_of_code`].
pub async fn grant_of_refresh(
    db: &impl ConnectionTrait,
    presented: &Secret,
    contract: &ContractId,
) -> Result<Option<GrantId>, AuthError> {
    Ok(refresh_row(presented, contract).one(db).await?.map(|row| row.grant_id))
}

fn refresh_row(presented: &Secret, contract: &ContractId) -> Select<row::pair::Entity> {
    row::pair::Entity::find()
        .filter(row::pair::Column::RefreshDigest.eq(presented.digest().as_bytes().to_vec()))
        .filter(row::pair::Column::ContractId.eq(contract.clone()))
}

/// Replaces a pair by its successor. However many do so at once, there is one successor and all of them get it.
pub async fn refresh(
    tx: &Tx,
    presented: &Secret,
    contract: &ContractId,
    lifetimes: Lifetimes,
    ambient: &Ambient,
) -> Result<Refreshed, AuthError> {
    let now = ambient.now();
    let Some(row) = refresh_row(presented, contract).lock_exclusive().one(tx).await? else {
        return unknown_refresh(tx, presented, contract).await;
    };
    let family = presented.family().ok_or(AuthError::UnknownToken)?;
    let (successor_id, successor) = (row.successor_id.clone(), row.successor.clone());
    let old = Pair::try_from(row)?;
    if old.refresh_expires_at <= now {
        return Err(AuthError::UnknownToken);
    }
    if old.is_retired_at(now) {
        return Ok(Refreshed::Reused { family: old.family });
    }
    if let (Some(id), Some(sealed)) = (successor_id, successor) {
        return same_successor(tx, presented, &old, &id, &sealed).await.map(Refreshed::Same);
    }
    if old.first_used_at.is_none() {
        note_use(tx, &old.id, now).await?;
    }
    let issued = issue_pair(tx, &family, &old.grant, contract, lifetimes, ambient).await?;
    row::pair::Entity::update_many()
        .col_expr(row::pair::Column::SuccessorId, Expr::value(issued.pair.id.clone()))
        .col_expr(
            row::pair::Column::Successor,
            Expr::value(seal_successor(presented, &old, &issued, ambient)),
        )
        .col_expr(row::pair::Column::RetireAt, Expr::value(now + token::UNUSED_GRACE))
        .filter(row::pair::Column::Id.eq(old.id.clone()))
        .exec(tx)
        .await?;
    Ok(Refreshed::New { old: old.id, issued })
}

/// A refresh token that no row knows: of a living family it is one that was replaced and swept, so it was reused.
async fn unknown_refresh(tx: &Tx, presented: &Secret, contract: &ContractId) -> Result<Refreshed, AuthError> {
    match family_of(tx, presented).await? {
        Some(hint) if hint.contract == *contract && hint.revoked_at.is_none() => {
            Ok(Refreshed::Reused { family: hint.digest })
        }
        _ => Err(AuthError::UnknownToken),
    }
}

async fn same_successor(
    tx: &Tx,
    presented: &Secret,
    old: &Pair,
    id: &RowId,
    sealed: &[u8],
) -> Result<IssuedPair, AuthError> {
    let row = row::pair::Entity::find_by_id(id.clone()).one(tx).await?.ok_or(AuthError::UnknownToken)?;
    let opened = slot::unwrap_bytes(&presented.derive("successor"), &successor_context(old), sealed);
    let opened = opened.map_err(|_| AuthError::Damaged)?;
    let text = std::str::from_utf8(&opened).map_err(|_| AuthError::Damaged)?;
    let (access, refresh) = text.split_once(' ').ok_or(AuthError::Damaged)?;
    Ok(IssuedPair {
        pair: Pair::try_from(row)?,
        access: Secret::parse(SecretKind::AccessToken, access).map_err(|_| AuthError::Damaged)?,
        refresh: Secret::parse(SecretKind::RefreshToken, refresh).map_err(|_| AuthError::Damaged)?,
    })
}

fn seal_successor(presented: &Secret, old: &Pair, issued: &IssuedPair, ambient: &Ambient) -> Vec<u8> {
    let text = format!("{} {}", issued.access.expose(), issued.refresh.expose());
    slot::wrap_bytes(&presented.derive("successor"), &successor_context(old), text.as_bytes(), ambient)
}

fn successor_context(old: &Pair) -> SlotContext<'_> {
    SlotContext {
        kind: "successor",
        library: "",
        row: old.id.as_str(),
        owner: old.grant.as_str(),
        not_after: None,
    }
}

/// Removes up to `limit` pairs that were replaced and whose grace is over, or whose refresh token ended, and returns
/// their rows, whose slots are the caller's to remove.
pub async fn retired_pairs(tx: &Tx, limit: u64, now: DateTime<Utc>) -> Result<Vec<RowId>, AuthError> {
    let over = Condition::any()
        .add(row::pair::Column::RetireAt.lte(now))
        .add(row::pair::Column::RefreshExpiresAt.lte(now));
    let rows = row::pair::Entity::find().filter(over).limit(limit).all(tx).await?;
    let ids: Vec<RowId> = rows.into_iter().map(|row| row.id).collect();
    row::pair::Entity::delete_many()
        .filter(row::pair::Column::Id.is_in(ids.iter().cloned()))
        .exec(tx)
        .await?;
    Ok(ids)
}

impl TryFrom<row::pair::Model> for Pair {
    type Error = StoreError;

    fn try_from(row: row::pair::Model) -> Result<Self, StoreError> {
        Ok(Self {
            family: Digest::from_slice(&row.family)
                .map_err(|_| StoreError::corrupt("token_pair", &row.id))?,
            id: row.id,
            grant: row.grant_id,
            contract: row.contract_id,
            access_expires_at: row.access_expires_at,
            refresh_expires_at: row.refresh_expires_at,
            first_used_at: row.first_used_at,
            retire_at: row.retire_at,
        })
    }
}

// Handles.

/// Makes a handle for something of this contract.
pub async fn make_handle(
    tx: &Tx,
    contract: &ContractId,
    kind: HandleKind,
    target: &str,
    ambient: &Ambient,
) -> Result<Secret, AuthError> {
    let handle = Secret::generate(SecretKind::Handle, ambient);
    let model = row::handle::ActiveModel {
        digest: Set(handle.digest().as_bytes().to_vec()),
        contract_id: Set(contract.clone()),
        kind: Set(kind.as_str().to_owned()),
        target: Set(target.to_owned()),
        expires_at: Set(ambient.now() + handle::LIFETIME),
    };
    row::handle::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(handle)
}

/// What a handle of this contract names.
pub async fn find_handle(
    db: &impl ConnectionTrait,
    handle: &Secret,
    contract: &ContractId,
    kind: HandleKind,
    now: DateTime<Utc>,
) -> Result<String, AuthError> {
    let mine = row::handle::Entity::find_by_id(handle.digest().as_bytes().to_vec())
        .filter(row::handle::Column::ContractId.eq(contract.clone()))
        .filter(row::handle::Column::Kind.eq(kind.as_str()))
        .filter(row::handle::Column::ExpiresAt.gt(now));
    Ok(mine.one(db).await?.ok_or(AuthError::UnknownHandle)?.target)
}

// Nonces.

/// Spends a nonce of this contract, once.
pub async fn spend_nonce(
    tx: &Tx,
    contract: &ContractId,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<(), AuthError> {
    let model = row::nonce::ActiveModel {
        contract_id: Set(contract.clone()),
        nonce: Set(nonce.to_owned()),
        expires_at: Set(now + nonce::MEMORY),
    };
    let inserted = row::nonce::Entity::insert(model)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    if inserted == 1 { Ok(()) } else { Err(AuthError::UsedNonce) }
}

/// Forgets nonces whose time is over.
pub async fn sweep_nonces(tx: &Tx, now: DateTime<Utc>) -> Result<u64, AuthError> {
    let swept =
        row::nonce::Entity::delete_many().filter(row::nonce::Column::ExpiresAt.lte(now)).exec(tx).await?;
    Ok(swept.rows_affected)
}
