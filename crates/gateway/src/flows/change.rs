//! A contract says something else than what a person agreed to. What it gave up holds without her; what it asks for in
//! addition waits for her yes, and a no is remembered.

use chrono::{DateTime, Utc};
use consent_contracts::{Access, App, Client, Contract, ContractsError, Difference, Field, Held};
use consent_core::{AccountId, GrantId, ShelfId};
use consent_events::Act;
use consent_grants::{Agreed, Choices, Grant, GrantError, LaterVersions, Stage};
use consent_receipts::{Alteration, Change};
use consent_sources::Account;
use consent_store::{StoreError, Tx};
use sea_orm::ConnectionTrait;

use super::{
    By, FlowError, SignedIn,
    consent::asks_for,
    grant::give_shelves,
    in_default::refuse_in_default,
    narrow::note_narrowing,
    open_library,
    record::{Happened, hash_bytes, record},
};
use crate::platform::Platform;

/// What a contract says in force, beside what a person agreed to.
#[derive(Debug)]
pub struct ContractChange {
    /// The app.
    pub app: App,
    /// The version she agreed to.
    pub agreed: Contract,
    /// The version in force.
    pub current: Contract,
    /// What differs, for her.
    pub difference: Difference,
    /// When she said no to the version in force.
    pub declined_at: Option<DateTime<Utc>>,
    /// Accounts of hers that only the version in force has a use for.
    pub accounts: Vec<Account>,
    /// Object types that are new and that she may leave out.
    pub optional: Vec<i64>,
    /// Whether accounts she connects later would be covered, if she wants that.
    pub future_accounts: bool,
}

/// What she says yes to.
#[derive(Debug, Clone, Default)]
pub struct ChangeAnswer {
    /// The hash of the text in force as she saw it.
    pub text_hash: String,
    /// Of the accounts that are new, those to be shared; all of them when absent.
    pub accounts: Option<Vec<AccountId>>,
    /// Of the new object types that she may leave out, those that she does not.
    pub include: Vec<i64>,
    /// Share accounts connected later, if the contract asks for them anew.
    pub future_accounts: bool,
}

impl ContractChange {
    /// Whether something waits for her yes or no.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.difference.widened.is_empty() && self.declined_at.is_none()
    }
}

/// Whether something waits for a person's answer about a grant of hers: for lists that lead to the page of it.
pub(super) async fn is_change_waiting(platform: &Platform, grant: &Grant) -> Result<bool, FlowError> {
    let Some(client) = client_that_asks(platform, grant).await? else { return Ok(false) };
    let held = held_of(&client, grant)?;
    if held.difference().widened.is_empty() {
        return Ok(false);
    }
    let later = consent_grants::later_versions(&platform.db, &grant.id).await?;
    Ok(declined(&later, held.current()).is_none())
}

/// What the contract of a grant says now; nothing where it says the same, where the grant has ended, and where nobody
/// may be asked because the contract or its app is over.
pub async fn contract_change(
    platform: &Platform,
    grant: &Grant,
) -> Result<Option<ContractChange>, FlowError> {
    let Some(client) = client_that_asks(platform, grant).await? else { return Ok(None) };
    let held = held_of(&client, grant)?;
    let difference = held.difference();
    if difference.is_empty() {
        return Ok(None);
    }
    let later = consent_grants::later_versions(&platform.db, &grant.id).await?;
    Ok(Some(ContractChange {
        accounts: new_accounts(&platform.db, &client, &held, grant).await?,
        optional: new_optional(&held, &difference),
        future_accounts: held.current().document.future_accounts && !grant.choices.future_accounts,
        declined_at: declined(&later, held.current()),
        agreed: held.agreed().clone(),
        current: held.current().clone(),
        app: client.app.clone(),
        difference,
    }))
}

/// Says yes to the difference: from the commit on the grant is one to the version in force. Sessions that run already
/// are not widened.
pub async fn accept_change(
    platform: &Platform,
    who: &SignedIn,
    id: &GrantId,
    answer: ChangeAnswer,
) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let (_, key) = open_library(platform, &tx, who).await?;
    let (grant, later, client) = asked(platform, &tx, who, id, &answer.text_hash).await?;
    refuse_in_default(&tx, &client.app).await?;
    let (before, held) = (grant.version, held_of(&client, &grant)?);
    // First what is taken, so that the app is told of it whether or not the worker has come to this grant.
    let grant = note_narrowing(platform, &tx, grant, later, &held).await?;
    let (agreed, extended) = agreed(&tx, &client, &held, &grant, answer).await?;
    let grant = consent_grants::agree(&tx, grant, agreed).await?;
    if held.access().is_none() {
        consent_sessions::close_of_grant(&tx, &grant.id, platform.ambient.now()).await?;
    }
    if grant.stage == Stage::Active {
        give_shelves(platform, &tx, &grant, &key).await?;
    }
    let act = Act::Changed {
        grant: grant.id.clone(),
        contract: grant.contract.clone(),
        what: consent_events::Change::ScopeWidened,
        from: before,
        to: grant.version,
    };
    let ways = [Some(Alteration::Widened), extended.then_some(Alteration::Extended)];
    let by = who.actor();
    let change = Change::Changed(ways.into_iter().flatten().collect());
    record(platform, &tx, &grant, Happened::new(act, By::from(&by)).receipt(change)).await?;
    tx.commit().await?;
    platform.wake_dispatcher();
    Ok(grant)
}

/// Says no to the difference: she is not asked again about this version, and everything stays as it is. Said twice it
/// is one no.
pub async fn decline_change(
    platform: &Platform,
    who: &SignedIn,
    id: &GrantId,
    text_hash: &str,
) -> Result<Grant, FlowError> {
    let tx = platform.db.begin_write().await?;
    let (grant, later, client) = asked(platform, &tx, who, id, text_hash).await?;
    if declined(&later, &client.contract).is_some() {
        return Ok(grant);
    }
    consent_grants::note_no(&tx, &grant.id, client.contract.version, &platform.ambient).await?;
    let act = Act::Declined {
        app: grant.app.clone(),
        contract: grant.contract.clone(),
        version: client.contract.version,
        text_hash: hash_bytes(text_hash)?,
    };
    // No receipt and no consent event of the app: what she agreed to before still stands.
    record(platform, &tx, &grant, Happened::new(act, By::from(&who.actor()))).await?;
    tx.commit().await?;
    Ok(grant)
}

/// The grant, locked, of a person who was shown this text, as long as that is the one in force and asks for something.
async fn asked(
    platform: &Platform,
    tx: &Tx,
    who: &SignedIn,
    id: &GrantId,
    text_hash: &str,
) -> Result<(Grant, LaterVersions, Client), FlowError> {
    let hers = consent_grants::find_of_person(tx, &who.sign_in.person, id).await?;
    consent_contracts::lock_published(tx, &hers.contract).await?;
    let (grant, later) = consent_grants::lock_for_change(tx, id).await?;
    let client = client_of_grant(tx, &grant).await?;
    let held = held_of(&client, &grant)?;
    let now = platform.ambient.now();
    let over = held.grant_ends_at(grant.created_at).is_some_and(|end| end <= now);
    if over || !grant.stage_at(now).is_open() {
        return Err(FlowError::Ended);
    }
    if client.contract.text_hash != text_hash {
        return Err(FlowError::ContractChanged);
    }
    if held.difference().widened.is_empty() {
        return Err(FlowError::NoChangeWaiting);
    }
    Ok((grant, later, client))
}

/// What the grant becomes, and whether it lasts longer than before.
async fn agreed(
    tx: &Tx,
    client: &Client,
    held: &Held<'_>,
    grant: &Grant,
    answer: ChangeAnswer,
) -> Result<(Agreed, bool), FlowError> {
    let (current, difference) = (held.current(), held.difference());
    let refuse = |field, reason: String| Err(FlowError::Choice { field, reason });
    let optional = new_optional(held, &difference);
    if let Some(other) = answer.include.iter().find(|object| !optional.contains(object)) {
        return refuse("include", format!("object type {other} is nothing new that could be left out"));
    }
    if answer.future_accounts && !current.document.future_accounts {
        let reason = "this contract does not ask for accounts connected later".to_owned();
        return refuse("futureAccounts", reason);
    }
    let kept = grant.choices.left_out.iter().filter(|object| current.document.optional.contains(object));
    let left_out = optional.iter().filter(|object| !answer.include.contains(object)).chain(kept);
    let mut choices = Choices {
        shelves: grant.choices.shelves.clone(),
        left_out: left_out.copied().collect(),
        future_accounts: current.document.future_accounts
            && (answer.future_accounts || grant.choices.future_accounts),
    };
    choices.shelves.extend(chosen(tx, client, held, grant, answer.accounts).await?);
    let expires_at = ends_at(held, &difference, grant);
    let extended = grant.expires_at.is_some_and(|before| expires_at.is_none_or(|end| before < end));
    let (version, text_hash) = (current.version, current.text_hash.clone());
    Ok((Agreed { version, text_hash, choices, expires_at }, extended))
}

/// The shelves of the accounts that she chose, of those that are new.
async fn chosen(
    tx: &Tx,
    client: &Client,
    held: &Held<'_>,
    grant: &Grant,
    accounts: Option<Vec<AccountId>>,
) -> Result<Vec<ShelfId>, FlowError> {
    let new = new_accounts(tx, client, held, grant).await?;
    for id in accounts.iter().flatten() {
        // Somebody else's is not found.
        consent_sources::find_account(tx, &grant.library, id).await?;
    }
    let wanted = |account: &Account| accounts.as_ref().is_none_or(|accounts| accounts.contains(&account.id));
    Ok(new.into_iter().filter(wanted).map(|account| account.shelf).collect())
}

/// A grant that lasted as long as its contract let it lasts as long as the new one does; one that she wanted shorter, or
/// that was for one session, ends when it would have.
fn ends_at(held: &Held<'_>, difference: &Difference, grant: &Grant) -> Option<DateTime<Utc>> {
    let by_contract =
        [held.agreed().document.grant_ends_at(grant.created_at), held.grant_ends_at(grant.created_at)];
    let as_before = grant.expires_at == by_contract.into_iter().flatten().min();
    let longer = difference.widened.iter().any(|line| line.field == Field::GrantFor);
    if longer && as_before && held.is_ongoing() {
        return held.current().document.grant_ends_at(grant.created_at);
    }
    grant.expires_at
}

/// Her accounts that the version in force has a use for and that nothing which holds has.
async fn new_accounts(
    db: &impl ConnectionTrait,
    client: &Client,
    held: &Held<'_>,
    grant: &Grant,
) -> Result<Vec<Account>, FlowError> {
    let mut accounts = consent_sources::list_accounts(db, &grant.library).await?;
    accounts.retain(|account| {
        let service_type = account.source().service_type;
        asks_for(client, service_type)
            && !held.asks_for(service_type)
            && !grant.choices.shelves.contains(&account.shelf)
    });
    Ok(accounts)
}

/// Object types that are new as a whole and may be left out.
fn new_optional(held: &Held<'_>, difference: &Difference) -> Vec<i64> {
    let (agreed, current) = (&held.agreed().document, &held.current().document);
    if current.access != Access::Read || difference.widened.is_empty() {
        return Vec::new();
    }
    let had = |object: i64| agreed.scope.mapped().any(|(.., known)| known == object);
    current.optional.iter().copied().filter(|object| !had(*object)).collect()
}

fn declined(later: &LaterVersions, current: &Contract) -> Option<DateTime<Utc>> {
    later.declined.filter(|(version, _)| *version == current.version).map(|(_, at)| at)
}

/// Who may ask a person about a grant of hers; nobody once it has ended, or the contract or its app is over.
async fn client_that_asks(platform: &Platform, grant: &Grant) -> Result<Option<Client>, FlowError> {
    if !grant.stage_at(platform.ambient.now()).is_open() {
        return Ok(None);
    }
    match client_of_grant(&platform.db, grant).await {
        Ok(client) => Ok(Some(client)),
        Err(ContractsError::NotPublished { .. } | ContractsError::AppClosed { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn client_of_grant(db: &impl ConnectionTrait, grant: &Grant) -> Result<Client, ContractsError> {
    consent_contracts::find_client(db, &consent_contracts::client_id(&grant.app, &grant.contract)).await
}

/// What holds for a grant under its contract.
pub(super) fn held_of<'c>(client: &'c Client, grant: &Grant) -> Result<Held<'c>, FlowError> {
    client.held(grant.version).ok_or_else(|| unknown_version(grant))
}

/// The same, of all versions that were published.
pub(super) fn held_by<'c>(published: &'c [Contract], grant: &Grant) -> Result<Held<'c>, FlowError> {
    Held::of(published, grant.version).ok_or_else(|| unknown_version(grant))
}

fn unknown_version(grant: &Grant) -> FlowError {
    GrantError::from(StoreError::corrupt("consent_grant", &grant.id)).into()
}
