//! Which posted events are about a contract of the app, and which grants they end.

use std::collections::{BTreeMap, BTreeSet};

use consent_contracts::{App, Contract, ContractsError};
use consent_core::{Actor, ContractId, GrantId, PersonId};
use consent_events::{Act, Consent, NewConsentEvent, NewEvent};
use consent_grants::{Grant, GrantError};
use consent_store::Tx;

use super::{
    super::{FlowError, grant::shut, record::issuer_of},
    Posted,
};
use crate::platform::Platform;

const ONLY_SHE: &str = "names a contract: only the person can say yes to it, at the consent page; \
    false withdraws her yes";

/// What is to be appended.
pub(super) struct Plan {
    /// The links, in the order of what was posted.
    pub(super) links: Vec<NewEvent>,
    /// The grants that were ended, each with the place of its link.
    pub(super) ended: Vec<(Grant, usize)>,
    /// What was said about contracts.
    said_no: Vec<Consent>,
}

/// What is known about the subjects and scopes of what was posted; each is asked for once, however many events name it.
struct Known {
    persons: BTreeMap<String, PersonId>,
    contracts: BTreeSet<ContractId>,
    /// What these persons agreed to under these contracts, and has not ended.
    open: Vec<Grant>,
}

impl Plan {
    /// Decides what each event is, and ends the grants that are withdrawn: rows of grants are locked before those of
    /// events, and in the order of their ids.
    pub(super) async fn of(
        platform: &Platform,
        tx: &Tx,
        app: &App,
        posted: Posted,
    ) -> Result<Self, FlowError> {
        let known = Known::look_up(platform, tx, app, &posted.events).await?;
        let agreed = known.agreed(tx).await?;
        let mut withdrawn: BTreeMap<GrantId, usize> = BTreeMap::new();
        for (at, event) in posted.events.iter().enumerate() {
            if !known.is_about_contract(event) {
                continue;
            }
            if event.action != Some(false) {
                return Err(posted.refused(at, "scope", ONLY_SHE));
            }
            for grant in known.open_grants(event) {
                let contract =
                    agreed.iter().find(|one| one.id == grant.contract && one.version == grant.version);
                let contract = contract.ok_or(ContractsError::UnknownContract)?;
                check_names(app, &posted, at, contract)?;
                withdrawn.entry(grant.id.clone()).or_insert(at);
            }
        }
        let mut ended: BTreeMap<usize, Vec<Grant>> = BTreeMap::new();
        for (id, at) in withdrawn {
            if let Some(grant) = end(platform, tx, &id).await? {
                ended.entry(at).or_default().push(grant);
            }
        }
        Ok(Self::link(app, &known, posted, ended))
    }

    fn link(app: &App, known: &Known, posted: Posted, mut ended: BTreeMap<usize, Vec<Grant>>) -> Self {
        let said_no = posted.events.iter().filter(|event| known.is_about_contract(event)).cloned().collect();
        let mut plan = Self { links: Vec::with_capacity(posted.events.len()), ended: Vec::new(), said_no };
        for (at, event) in posted.events.into_iter().enumerate() {
            let person = known.persons.get(&event.subject).cloned();
            let mut grants = ended.remove(&at).unwrap_or_default().into_iter();
            match grants.next() {
                Some(grant) => plan.end(app, grant, Some(event)),
                None => plan.record(app, event, person),
            }
            // She may have said yes more than once; the app said no once.
            grants.for_each(|grant| plan.end(app, grant, None));
        }
        plan
    }

    /// Refuses what somebody said yes to while it was being recorded as a no: now that the links are appended, nobody says
    /// anything about these subjects before the transaction ends.
    pub(super) async fn check_again(
        platform: &Platform,
        tx: &Tx,
        app: &App,
        said_no: &[Consent],
    ) -> Result<(), FlowError> {
        if said_no.is_empty() {
            return Ok(());
        }
        let known = Known::look_up(platform, tx, app, said_no).await?;
        let is_yes = |event| known.open_grants(event).next().is_some();
        if said_no.iter().any(is_yes) { Err(FlowError::Overtaken) } else { Ok(()) }
    }

    /// What was said about contracts, to look at again.
    pub(super) fn take_said_no(&mut self) -> Vec<Consent> {
        std::mem::take(&mut self.said_no)
    }

    fn record(&mut self, app: &App, consent: Consent, person: Option<PersonId>) {
        let new = NewConsentEvent { consent, person, grant: None };
        self.links.push(NewEvent::recorded(&app.id, new, &Actor::App(app.id.clone())));
    }

    /// The end of a grant, which is the posted event as well. The event is in the app's log under the name that its yes is
    /// there under, so that whoever looks for the one finds the other.
    fn end(&mut self, app: &App, grant: Grant, consent: Option<Consent>) {
        let act = Act::revoked(&grant.id, &grant.contract);
        let mut link = NewEvent::new(&grant.person, act, &Actor::App(app.id.clone()));
        if let Some(consent) = consent {
            let consent = Consent { issuer: Some(issuer_of(app).to_owned()), ..consent };
            let (person, grant) = (Some(grant.person.clone()), Some(grant.id.clone()));
            link = link.with_consent(&app.id, NewConsentEvent { consent, person, grant });
        }
        self.ended.push((grant, self.links.len()));
        self.links.push(link);
    }
}

impl Known {
    async fn look_up(platform: &Platform, tx: &Tx, app: &App, events: &[Consent]) -> Result<Self, FlowError> {
        let subjects = events.iter().map(|event| event.subject.as_str());
        let subjects = subjects.filter(|subject| may_be_pseudonym(subject)).collect();
        let persons = consent_events::persons_of(tx, &app.id, &subjects).await?;
        // The name that an app knows her under is hers only as long as it comes out of her id.
        let hers =
            |(subject, person): &(&str, PersonId)| platform.pseudonym(&app.partner_id, person) == **subject;
        let persons =
            persons.into_iter().filter(hers).map(|(subject, person)| (subject.to_owned(), person)).collect();
        let scopes = events.iter().filter_map(|event| event.scope.parse().ok());
        let mut contracts = BTreeSet::new();
        for id in scopes.collect::<BTreeSet<ContractId>>() {
            match consent_contracts::find(tx, &app.id, &id).await {
                Ok(_) => drop(contracts.insert(id)),
                Err(ContractsError::UnknownContract) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut known = Self { persons, contracts, open: Vec::new() };
        if !known.persons.is_empty() && !known.contracts.is_empty() {
            let (persons, contracts) = (known.persons.values().cloned(), known.contracts.iter().cloned());
            let now = platform.ambient.now();
            known.open = consent_grants::open_of_app(tx, &app.id, persons, contracts, now).await?;
        }
        Ok(known)
    }

    /// What was agreed to in the grants that are open.
    async fn agreed(&self, tx: &Tx) -> Result<Vec<Contract>, FlowError> {
        let versions: BTreeSet<_> =
            self.open.iter().map(|grant| (grant.contract.clone(), grant.version)).collect();
        Ok(consent_contracts::find_versions(tx, &versions.into_iter().collect::<Vec<_>>()).await?)
    }

    /// Whether the scope is a contract of the app. Another app's is a text like any other.
    fn is_about_contract(&self, event: &Consent) -> bool {
        event.scope.parse().is_ok_and(|id: ContractId| self.contracts.contains(&id))
    }

    /// Her yeses to the contract that an event names, as far as they have not ended.
    fn open_grants(&self, event: &Consent) -> impl Iterator<Item = &Grant> {
        let person = self.persons.get(&event.subject);
        let fits =
            move |grant: &&Grant| person == Some(&grant.person) && grant.contract.as_str() == event.scope;
        self.open.iter().filter(fits)
    }
}

/// Names that an app knows persons under, as the platform makes them.
fn may_be_pseudonym(subject: &str) -> bool {
    subject.len() == 32 && subject.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A no that is meant for a grant and misses it by a name would change nothing and look as if it had.
fn check_names(app: &App, posted: &Posted, at: usize, contract: &Contract) -> Result<(), FlowError> {
    let event = &posted.events[at];
    let policy = &contract.document.policy_url;
    if event.target != *policy {
        return Err(posted.refused(at, "target", format!("must be what she agreed to: {policy}")));
    }
    let issuer = issuer_of(app);
    if event.issuer.as_deref().is_some_and(|said| said != issuer) {
        return Err(posted.refused(at, "issuer", format!("must be {issuer}, or be left out")));
    }
    Ok(())
}

/// Ends a grant and all that its app holds for it; none when somebody was faster, so that it is over already.
async fn end(platform: &Platform, tx: &Tx, id: &GrantId) -> Result<Option<Grant>, FlowError> {
    let grant = match consent_grants::revoke(tx, id, &platform.ambient).await {
        Err(GrantError::Refused { .. }) => return Ok(None),
        grant => grant?,
    };
    shut(platform, tx, &grant).await?;
    Ok(Some(grant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_making_are_looked_up() {
        assert!(may_be_pseudonym("00112233445566778899aabbccddeeff"));
        for other in
            ["", "ada@example.org", "00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeef"]
        {
            assert!(!may_be_pseudonym(other), "{other}");
        }
    }
}
