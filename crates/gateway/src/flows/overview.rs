//! What a person sees of her grants at once: each domain is asked once for a page of them.

use std::collections::{HashMap, HashSet};

use consent_contracts::{App, Contract};
use consent_core::{AppId, ContractId, Cursor, GrantId, Page, PersonId};
use consent_events::Event;
use consent_grants::{Filter, Grant, Tally, Wanted};
use consent_signals::{Owing, Signal};

use super::{FlowError, change::is_change_waiting, last_accesses};
use crate::platform::Platform;

/// So many grants that wait for their apps are looked through, the latest ones.
const MOST_WAITING: usize = 5000;

/// What a person looks for among her grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Words of which each stands in the name of app or contract, or in the purpose; in any case. Empty: all.
    pub words: String,
    /// In which state.
    pub state: Option<Standing>,
}

/// A state that grants are looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A stage of the grant.
    Is(Wanted),
    /// Its app still has something to do.
    Waiting,
}

/// How a person's grants stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many have not ended.
    pub tally: Tally,
    /// How many wait for their apps …
    pub waiting: usize,
    /// … and how many of those for longer than the app had.
    pub overdue: usize,
}

/// Apps and contracts that some grants are about.
#[derive(Debug, Clone, Default)]
pub struct Parties {
    apps: HashMap<AppId, App>,
    contracts: HashMap<(ContractId, i32), Contract>,
}

/// A grant with what a list says about it.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The grant.
    pub grant: Grant,
    /// Whom it was given to.
    pub app: App,
    /// What she agreed to.
    pub contract: Contract,
    /// When its app fetched last.
    pub last_access: Option<Event>,
    /// What its app was told last and what it still has to do, the latest first.
    pub told: Vec<Signal>,
    /// Whether its contract asks for more by now, and waits for her answer.
    pub change_waits: bool,
}

impl Standing {
    /// The state with this name, as queries spell it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name == "waiting" { Some(Self::Waiting) } else { Wanted::parse(name).map(Self::Is) }
    }
}

/// How her grants stand.
pub async fn summary(platform: &Platform, person: &PersonId) -> Result<Summary, FlowError> {
    let tally = consent_grants::tally_of_person(&platform.db, person, platform.ambient.now()).await?;
    let owing = consent_signals::owing_of_person(&platform.db, person).await?;
    let overdue = owing.iter().filter(|owing| owing.overdue).count();
    Ok(Summary { tally, waiting: owing.len(), overdue })
}

/// Her grants that a search finds, the latest first.
pub async fn search(
    platform: &Platform,
    person: &PersonId,
    search: &Search,
    cursor: &Cursor,
) -> Result<Page<Grant>, FlowError> {
    let filter = Filter {
        state: match search.state {
            Some(Standing::Is(wanted)) => Some(wanted),
            Some(Standing::Waiting) | None => None,
        },
        contracts: contracts_about(platform, person, &search.words).await?,
        among: match search.state {
            Some(Standing::Waiting) => Some(waiting(platform, person).await?),
            Some(Standing::Is(_)) | None => None,
        },
    };
    let now = platform.ambient.now();
    Ok(consent_grants::search_of_person(&platform.db, person, &filter, now, cursor).await?)
}

async fn waiting(platform: &Platform, person: &PersonId) -> Result<Vec<GrantId>, FlowError> {
    let owing = consent_signals::owing_of_person(&platform.db, person).await?;
    Ok(owing.into_iter().take(MOST_WAITING).map(|Owing { grant, .. }| grant).collect())
}

/// Contracts of which some version that she agreed to has these words; none when there are no words.
async fn contracts_about(
    platform: &Platform,
    person: &PersonId,
    words: &str,
) -> Result<Option<Vec<ContractId>>, FlowError> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Ok(None);
    }
    let agreed = consent_grants::agreements_of_person(&platform.db, person).await?;
    let apps: HashSet<AppId> = agreed.iter().map(|one| one.app_id.clone()).collect();
    let versions = agreed.iter().map(|one| (one.contract_id.clone(), one.version)).collect();
    let parties = Parties::find(platform, apps, versions).await?;
    let has_all = |contract: &&Contract| {
        let app = parties.apps.get(&contract.app_id).map(|app| app.name.as_str()).unwrap_or_default();
        let document = &contract.document;
        let text = [app, &document.name, &document.purpose.summary, &document.purpose.details].join("\n");
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let found = parties.contracts.values().filter(has_all).map(|contract| contract.id.clone());
    let found: HashSet<ContractId> = found.collect();
    Ok(Some(found.into_iter().collect()))
}

/// These grants of hers, in the same order, with what a list says about each.
pub async fn overviews(
    platform: &Platform,
    person: &PersonId,
    grants: Vec<Grant>,
) -> Result<Vec<Overview>, FlowError> {
    let ids: Vec<GrantId> = grants.iter().map(|grant| grant.id.clone()).collect();
    let parties = Parties::of(platform, &grants).await?;
    let accesses = last_accesses(platform, person, &ids).await?;
    let mut accesses: HashMap<_, _> = accesses
        .into_iter()
        .filter_map(|event| event.act.grant().cloned().map(|grant| (grant, event)))
        .collect();
    let mut told: HashMap<GrantId, Vec<Signal>> = HashMap::new();
    for signal in consent_signals::standing_of_grants(&platform.db, person, &ids).await? {
        if let Some(grant) = &signal.grant {
            told.entry(grant.clone()).or_default().push(signal);
        }
    }
    let changed = with_changes(platform, &grants).await?;
    grants
        .into_iter()
        .map(|grant| {
            Ok(Overview {
                change_waits: changed.contains(&grant.id),
                app: parties.app(&grant.app)?.clone(),
                contract: parties.contract(&grant.contract, grant.version)?.clone(),
                last_access: accesses.remove(&grant.id),
                told: told.remove(&grant.id).unwrap_or_default(),
                grant,
            })
        })
        .collect()
}

/// Those of these grants whose contracts ask for more by now. Only those with a newer version are looked at closely.
async fn with_changes(platform: &Platform, grants: &[Grant]) -> Result<HashSet<GrantId>, FlowError> {
    let contracts: HashSet<ContractId> = grants.iter().map(|grant| grant.contract.clone()).collect();
    let contracts: Vec<_> = contracts.into_iter().collect();
    let newest = consent_contracts::newest_versions(&platform.db, &contracts).await?;
    let newest: HashMap<_, _> = newest.into_iter().collect();
    let mut changed = HashSet::new();
    for grant in grants {
        let is_older = newest.get(&grant.contract).is_some_and(|newest| *newest > grant.version);
        if is_older && is_change_waiting(platform, grant).await? {
            changed.insert(grant.id.clone());
        }
    }
    Ok(changed)
}

impl Parties {
    /// Of these grants.
    pub async fn of(platform: &Platform, grants: &[Grant]) -> Result<Self, FlowError> {
        let apps = grants.iter().map(|grant| grant.app.clone()).collect();
        let versions = grants.iter().map(|grant| (grant.contract.clone(), grant.version)).collect();
        Self::find(platform, apps, versions).await
    }

    /// These.
    pub async fn find(
        platform: &Platform,
        apps: HashSet<AppId>,
        versions: HashSet<(ContractId, i32)>,
    ) -> Result<Self, FlowError> {
        let (apps, versions): (Vec<_>, Vec<_>) = (apps.into_iter().collect(), versions.into_iter().collect());
        let apps = consent_contracts::find_apps(&platform.db, &apps).await?.into_iter();
        let contracts = consent_contracts::find_versions(&platform.db, &versions).await?.into_iter();
        Ok(Self {
            apps: apps.map(|app| (app.id.clone(), app)).collect(),
            contracts: contracts
                .map(|contract| ((contract.id.clone(), contract.version), contract))
                .collect(),
        })
    }

    /// One of the apps.
    pub fn app(&self, id: &AppId) -> Result<&App, FlowError> {
        Ok(self.apps.get(id).ok_or(consent_contracts::ContractsError::UnknownApp)?)
    }

    /// One of the contracts, in a version.
    pub fn contract(&self, id: &ContractId, version: i32) -> Result<&Contract, FlowError> {
        let found = self.contracts.get(&(id.clone(), version));
        Ok(found.ok_or(consent_contracts::ContractsError::UnknownContract)?)
    }
}
