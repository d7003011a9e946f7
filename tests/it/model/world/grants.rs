//! What persons agree to, and how they take it back.

use chrono::TimeDelta;
use consent_core::{Actor, GrantId, PersonId, ShelfId};
use consent_crypto::{Secret, pkce};
use consent_gateway::flows::{self, Asked, AuthorizeRequest, By, FlowError, SampleChoice};
use harness::{MockApp, rows};

use super::{SOURCES, World, book, book::Stage, people::throwaways, sorted};

impl World {
    pub(super) async fn approve(&mut self) {
        let Some((index, who)) = self.somebody(None).await else { return };
        let (person, contract) = (self.book.sign_ins[index].person, self.below(2));
        let chosen = |shelf: &&book::Shelf| shelf.person == person && self.percent(60);
        let shelves: Vec<ShelfId> =
            self.book.shelves.iter().filter(chosen).map(|shelf| shelf.id.clone()).collect();
        let accounts =
            consent_sources::list_accounts(&self.platform.db, &self.book.people[person].library).await;
        let accounts = accounts.unwrap().into_iter().filter(|account| shelves.contains(&account.shelf));
        let own = self.book.shelves.iter().find(|shelf| shelf.person == person && shelf.source.is_none());
        let answer = flows::Answer {
            accounts: accounts.map(|account| account.id).collect(),
            own_files: own.is_some_and(|own| shelves.contains(&own.id)),
            future_accounts: contract == 1 && self.percent(50),
            ends_at: self.percent(30).then(|| self.now() + TimeDelta::days(2)),
            ..flows::Answer::default()
        };
        let (verifier, code) = self.ask(contract, None).await.unwrap();
        self.log(&format!("approve {person} for {contract} {answer:?}"));
        let platform = &self.platform;
        let ended = self.attempt(|| flows::approve(platform, &who, &code, answer.clone())).await;
        let opened = ended.happened(true).flatten();
        let future = answer.future_accounts;
        self.add_grant(person, contract, verifier, future, opened).await;
        assert_eq!(sorted(&self.book.grants.last().unwrap().shelves), sorted(&shelves), "what she chose");
    }

    /// An app asks for consent.
    async fn ask(&self, contract: usize, hint: Option<Secret>) -> Result<(String, Secret), FlowError> {
        let verifier = pkce::generate_verifier(&self.platform.ambient);
        let request = AuthorizeRequest {
            redirect_uri: MockApp::CALLBACK.to_owned(),
            state: None,
            challenge: pkce::challenge_of(&verifier),
            access_token: hint,
            asked: Asked::default(),
        };
        let waiting = flows::authorize(&self.platform, &self.caller(contract), request).await?;
        Ok((verifier, waiting.code))
    }

    /// Writes down the one grant that is new, and the code that came with it.
    async fn add_grant(
        &mut self,
        person: usize,
        contract: usize,
        verifier: String,
        future: bool,
        opened: Option<flows::Opened>,
    ) {
        let query =
            format!("SELECT id FROM consent_grant WHERE person_id = '{}'", self.book.people[person].id);
        let known = |id: &GrantId| self.book.grants.iter().any(|grant| grant.id == *id);
        let ids = rows::texts(&self.platform.db, &query).await.into_iter().map(|id| id.parse().unwrap());
        let [id] = ids.filter(|id| !known(id)).collect::<Vec<_>>().try_into().expect("one new grant");
        let kept = consent_grants::find_by_id(&self.platform.db, &id).await.unwrap();
        assert!(opened.as_ref().is_none_or(|opened| opened.grant == kept));
        let query = format!("SELECT id FROM authorization_code WHERE grant_id = '{id}'");
        let [row] = rows::texts(&self.platform.db, &query).await.try_into().expect("one code");
        self.book.grants.push(book::Grant {
            id,
            person,
            contract,
            shelves: kept.choices.shelves,
            future,
            noted: Stage::Active,
            expires_at: kept.expires_at,
            events: vec!["granted"],
        });
        let (grant, secret) = (self.book.grants.len() - 1, opened.map(|opened| opened.code));
        let expires_at = self.now() + book::CODE;
        self.book.codes.push(book::Code { row, secret, verifier, grant, expires_at, used: None });
    }

    /// The sandbox invents a person who agrees, or asks one whom a token names.
    pub(super) async fn auto_authorize(&mut self) {
        let contract = self.below(2);
        let named = self.percent(40).then(|| self.a_token()).flatten().map(|(pair, token)| {
            let grant = &self.book.grants[self.book.families[self.book.pairs[pair].family].grant];
            (grant.person, grant.contract, token)
        });
        let hint = named.as_ref().map(|(_, _, token)| token.clone());
        let asked = self.ask(contract, hint).await;
        // A token of another partner names nobody.
        if named.as_ref().is_some_and(|(_, theirs, _)| *theirs != contract) {
            assert!(asked.is_err());
            return;
        }
        let (verifier, code) = asked.unwrap();
        let source = SOURCES[self.below(3)];
        let named = named.map(|(person, _, _)| person);
        self.log(&format!("sandbox agrees for {contract} with {source}, by {named:?}"));
        let choice = SampleChoice { set: Some("ada".to_owned()), source: Some(source) };
        let (platform, before) = (&self.platform, throwaways(&self.platform).await);
        let ended = self.attempt(|| flows::auto_authorize(platform, &code, &choice, true)).await;
        let allowed = named.is_none_or(|person| self.book.people[person].throwaway);
        let Some(opened) = ended.happened(allowed) else { return };
        let person = match named {
            Some(person) => person,
            None => self.add_throwaway(&before).await,
        };
        if !self.has_account(person, source) {
            let shelf = self.fill_shelves(person, Some(source)).await.expect("a new shelf");
            self.book.share_with_future(person, &shelf, self.now());
        }
        self.add_grant(person, contract, verifier, false, opened.map(|(opened, _)| opened)).await;
    }

    /// Writes down the one throw-away person who is new; her account is not filled yet.
    async fn add_throwaway(&mut self, before: &[String]) -> usize {
        let after = throwaways(&self.platform).await.into_iter();
        let [id] =
            after.filter(|id| !before.contains(id)).collect::<Vec<_>>().try_into().expect("one person");
        let id: PersonId = id.parse().unwrap();
        let library = consent_library::find_library(&self.platform.db, &id).await.unwrap().id;
        let (email, throwaway) = (String::new(), true);
        let (passwords, recovery_codes) = (Vec::new(), Vec::new());
        self.book.people.push(book::Person { id, library, email, passwords, recovery_codes, throwaway });
        self.book.people.len() - 1
    }

    pub(super) async fn stop(&mut self) {
        let Some(index) = self.a_grant() else { return };
        self.log(&format!("stop {index}"));
        let (grant, by) = self.kept(index).await;
        let platform = &self.platform;
        let ended = self.attempt(|| flows::stop(platform, &grant.id, By::from(&by))).await;
        if ended.happened(self.book.grants[index].stage_at(self.now()) == Stage::Active).is_some() {
            self.book.note_stage(index, Stage::Stopped, "stopped");
        }
    }

    pub(super) async fn resume(&mut self) {
        let now = self.now();
        let stopped: Vec<_> = (0..self.book.grants.len())
            .filter(|grant| self.book.grants[*grant].stage_at(now) == Stage::Stopped)
            .collect();
        let Some(index) = self.one_of(&stopped).or(self.a_grant()) else { return };
        let Some((_, who)) = self.somebody(Some(self.book.grants[index].person)).await else { return };
        self.log(&format!("resume {index}"));
        let (grant, _) = self.kept(index).await;
        let platform = &self.platform;
        let ended = self.attempt(|| flows::resume(platform, &grant.id, &who)).await;
        if ended.happened(self.book.grants[index].stage_at(now) == Stage::Stopped).is_some() {
            self.book.note_stage(index, Stage::Active, "resumed");
        }
    }

    pub(super) async fn revoke(&mut self) {
        let Some(index) = self.a_grant() else { return };
        self.log(&format!("revoke {index}"));
        let (grant, by) = self.kept(index).await;
        let platform = &self.platform;
        let ended = self.attempt(|| flows::revoke(platform, &grant.id, By::from(&by))).await;
        if ended.happened(!self.book.grants[index].is_over_at(self.now())).is_some() {
            self.book.note_stage(index, Stage::Revoked, "revoked");
        }
    }

    fn a_grant(&self) -> Option<usize> {
        self.one_of(&(0..self.book.grants.len()).collect::<Vec<_>>())
    }

    /// A grant as its owner would find it.
    pub(super) async fn kept(&self, index: usize) -> (consent_grants::Grant, Actor) {
        let (grant, person) =
            (&self.book.grants[index], &self.book.people[self.book.grants[index].person].id);
        let kept = consent_grants::find_of_person(&self.platform.db, person, &grant.id).await.unwrap();
        (kept, Actor::Person(person.clone()))
    }
}
