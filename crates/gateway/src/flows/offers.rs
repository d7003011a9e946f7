//! What a person can connect her library to.

use consent_contracts::Client;
use consent_core::AccountId;
use consent_sources::{
    Account, SourcesScope,
    catalogue::{self, Source},
    sample::{self, Set},
};

use super::{FlowError, SignedIn, consent::asks_for};
use crate::platform::Platform;

/// A source that can be connected.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The source.
    pub source: &'static Source,
    /// The sample data set to read from it.
    pub set: Set,
    /// The account, when it is connected already.
    pub connected: Option<AccountId>,
}

/// Which sources an app wants to be offered (`protocol/digime.md` §13.1).
#[derive(Debug, Clone, Default)]
pub struct OfferFilter {
    /// This one alone, by its number in the catalogue.
    pub service: Option<i64>,
    /// From this sample data set alone.
    pub sample_set: Option<String>,
    /// Sources that take data; there are none yet.
    pub push: bool,
    /// Care providers of a kind.
    pub sources: Option<SourcesScope>,
}

impl OfferFilter {
    fn selects(&self, source: &Source, set: &Set) -> bool {
        !self.push
            && self.service.is_none_or(|service| service == source.id)
            && self.sample_set.as_ref().is_none_or(|wanted| *wanted == set.id)
            && self.sources.as_ref().is_none_or(|sources| sources.selects(source))
    }
}

/// The sources that she can connect; for a contract, those that it asks for. Outside sandbox mode there are none yet.
pub async fn offers(
    platform: &Platform,
    client: Option<&Client>,
    who: &SignedIn,
    filter: &OfferFilter,
) -> Result<Vec<Offer>, FlowError> {
    if !platform.config.server.sandbox {
        return Ok(Vec::new());
    }
    let library = consent_library::find_library(&platform.db, &who.sign_in.person).await?;
    let accounts = consent_sources::list_accounts(&platform.db, &library.id).await?;
    let mut offers = Vec::new();
    for set in sample::sets() {
        let sources = sample::sources_in(&set.id).into_iter().filter_map(catalogue::source);
        let wanted = sources.filter(|source| {
            client.is_none_or(|client| asks_for(client, source.service_type)) && filter.selects(source, &set)
        });
        offers.extend(wanted.map(|source| Offer {
            source,
            connected: connected(&accounts, &set, source),
            set: set.clone(),
        }));
    }
    Ok(offers)
}

fn connected(accounts: &[Account], set: &Set, source: &Source) -> Option<AccountId> {
    let entity = sample::entity(&set.id, source.id)?;
    accounts.iter().find(|account| account.entity_id == entity).map(|account| account.id.clone())
}
