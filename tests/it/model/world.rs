//! Acts at random, each done to the platform and written into the book.

use std::{
    future::{Future, poll_fn},
    net::IpAddr,
    task::Poll,
};

use chrono::{DateTime, TimeDelta, Utc};
use consent_contracts::{Client, Document, NewApp};
use consent_core::{Actor, Entropy as _, GrantId, PersonId, ShelfId, testing::SeededEntropy};
use consent_crypto::{RsaPrivateKey, Secret, digest::hex, envelope, pkce};
use consent_gateway::{
    flows::{
        self, Access, Asked, AuthorizeRequest, Caller, FlowError, NewPassword, ReferenceRequest,
        SampleChoice, SignedIn,
    },
    platform::Platform,
    worker,
};
use consent_library::{FileKind, Metadata, NewFile, Shelf, ShelfKind};
use futures_util::{TryStreamExt, stream};
use harness::{MockApp, TestPlatform, fixture, rows};

use super::{
    book::{self, Book, Exchange, Refresh, Stage},
    check::{self, Checker},
};

/// The sources that persons connect.
const SOURCES: [i64; 3] = [3, 16, 18];

/// Two persons, two apps, whoever else the sandbox invents, and the book of what they did.
pub struct World {
    platform: Platform,
    clock: consent_core::testing::TestClock,
    chance: SeededEntropy,
    clients: Vec<Client>,
    book: Book,
    checker: Checker,
    name: String,
    attempts: u32,
}

/// How an act ended.
enum Ended<T> {
    Done(T),
    Refused(FlowError),
    /// It was cut off at the very end: it happened, and nobody heard.
    Unheard,
}

/// What was answered; nothing where nobody heard it.
type Heard<T> = Option<T>;

impl<T> Ended<T> {
    /// Whether it happened; a refusal must have been expected.
    #[track_caller]
    fn happened(self, expected: bool) -> Option<Heard<T>> {
        match self {
            Self::Done(done) if expected => Some(Some(done)),
            Self::Unheard if expected => Some(None),
            Self::Refused(_) if !expected => None,
            Self::Done(_) => panic!("it was not refused"),
            Self::Unheard => panic!("it left something behind, though it was to be refused"),
            Self::Refused(error) => panic!("it was refused: {error:?}"),
        }
    }
}

impl World {
    pub async fn new(platform: &TestPlatform, seed: u64) -> Self {
        let mut clients = Vec::new();
        for (keys, future) in [("app-1", false), ("app-2", true)] {
            clients.push(client(&platform.inner, keys, future).await);
        }
        Self {
            platform: platform.inner.clone(),
            clock: platform.clock.clone(),
            chance: SeededEntropy::new(seed),
            clients,
            book: Book::default(),
            checker: Checker::default(),
            name: hex(&platform.inner.ambient.random::<4>()),
            attempts: 0,
        }
    }

    /// Does something, and compares.
    pub async fn act(&mut self) {
        match self.below(100) {
            // At first there is nobody and nothing.
            _ if self.book.people.is_empty() => self.sign_up().await,
            _ if self.book.pairs.is_empty() && !self.book.codes.is_empty() => self.exchange().await,
            _ if self.book.pairs.is_empty() => self.approve().await,
            0..4 => self.sign_up().await,
            4..8 => self.sign_in().await,
            8..10 => self.sign_out().await,
            10..13 => self.change_password().await,
            13..15 => self.recover().await,
            15..17 => self.new_recovery_code().await,
            17..24 => self.connect().await,
            24..32 => self.approve().await,
            32..37 => self.auto_authorize().await,
            37..46 => self.exchange().await,
            46..60 => self.refresh().await,
            60..68 => self.read().await,
            68..71 => self.onboard().await,
            71..75 => self.stop().await,
            75..80 => self.resume().await,
            80..82 => self.revoke().await,
            82..94 => self.wait(),
            _ => self.sweep().await,
        }
        self.checker.check(&self.platform, &self.book).await;
    }

    /// What is too slow to be done after each act.
    pub async fn close(self) {
        check::check_contents(&self.platform, &self.book).await;
        check::check_crosswise(&self.platform, &self.book).await;
    }

    fn now(&self) -> DateTime<Utc> {
        self.platform.ambient.now()
    }
}

// Chance.
impl World {
    fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.chance.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % end as u64).expect("below a usize")
    }

    fn percent(&self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of these, if there is any.
    fn one_of(&self, from: &[usize]) -> Option<usize> {
        if from.is_empty() { None } else { Some(from[self.below(from.len())]) }
    }

    fn log(&self, what: &str) {
        println!("{} {what}", self.now().format("%d %H:%M:%S"));
    }
}

// Being cut off.
impl World {
    /// Does something, which one time in three is cut off at some await point, as a crash would. What then has left
    /// nothing behind is done again, to its end.
    async fn attempt<T, F>(&self, act: impl Fn() -> F) -> Ended<T>
    where
        F: Future<Output = Result<T, FlowError>>,
    {
        if self.percent(35) {
            let before = self.fingerprint().await;
            let (polls, between) = (self.below(70), self.percent(50));
            if let Some(ended) = cut_off(act(), polls, between).await {
                return ended.map_or_else(Ended::Refused, Ended::Done);
            }
            rows::settled(&self.platform.db).await;
            if self.fingerprint().await != before {
                self.log("  … cut off after it was committed");
                return Ended::Unheard;
            }
            self.log("  … cut off, and done again");
        }
        act().await.map_or_else(Ended::Refused, Ended::Done)
    }

    /// Everything that is kept, except what is counted whether or not an act comes to its end.
    async fn fingerprint(&self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for table in rows::tables(&self.platform.db).await {
            if !matches!(table.as_str(), "nonce" | "sign_in_attempt" | "authorization_request") {
                all.push(rows::rows(&self.platform.db, &table).await);
            }
        }
        all
    }
}

/// Polls a future so many times and drops it, between two of its steps or while one is under way.
async fn cut_off<F: Future>(future: F, polls: usize, between: bool) -> Option<F::Output> {
    let (mut future, mut left) = (Box::pin(future), polls);
    poll_fn(move |context| {
        if between && left == 0 {
            return Poll::Ready(None);
        }
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                left -= 1;
                Poll::Pending
            }
        }
    })
    .await
}

// Persons.
impl World {
    async fn sign_up(&mut self) {
        let index = self.book.people.len();
        if self.book.people.iter().filter(|person| !person.throwaway).count() >= 2 {
            return self.sign_in().await;
        }
        let (email, password) = (format!("{}-{index}@example.org", self.name), self.new_password());
        self.log(&format!("sign up {index}"));
        let platform = &self.platform;
        let ended = self.attempt(|| sign_up(platform, &email, &password)).await;
        let made = ended.happened(true).flatten();
        let person = consent_people::find_by_email(&self.platform.db, &email).await.unwrap().unwrap().id;
        let (recovery_code, signed_in) = made.map(|made| (made.recovery_code, made.signed_in)).unzip();
        self.add_person(&person, email, Some(password), vec![recovery_code]).await;
        self.add_sign_in(index, signed_in).await;
    }

    async fn add_person(
        &mut self,
        id: &PersonId,
        email: String,
        password: Option<String>,
        recovery_codes: Vec<Option<Secret>>,
    ) {
        let library = consent_library::find_library(&self.platform.db, id).await.unwrap().id;
        let throwaway = password.is_none();
        let passwords = password.into_iter().collect();
        let person = book::Person { id: id.clone(), library, email, passwords, recovery_codes, throwaway };
        self.book.people.push(person);
        self.fill_shelves(self.book.people.len() - 1, None).await;
    }

    async fn sign_in(&mut self) {
        let Some(person) = self.a_person() else { return };
        let kept = &self.book.people[person];
        let guess =
            if self.percent(25) { self.below(kept.passwords.len()) } else { kept.passwords.len() - 1 };
        let (right, email) = (guess + 1 == kept.passwords.len(), kept.email.clone());
        let password = kept.passwords[guess].clone();
        let address = self.address();
        self.log(&format!("sign in {person} {right}"));
        let platform = &self.platform;
        let ended = self.attempt(|| flows::sign_in(platform, &email, &password, address, None)).await;
        if let Some(signed_in) = ended.happened(right) {
            self.add_sign_in(person, signed_in).await;
        }
    }

    /// Writes down the one sign-in that is new.
    async fn add_sign_in(&mut self, person: usize, made: Option<SignedIn>) {
        let query = format!("SELECT id FROM sign_in WHERE person_id = '{}'", self.book.people[person].id);
        let known = |id: &String| self.book.sign_ins.iter().any(|sign_in| sign_in.id.as_str() == id);
        let new: Vec<_> = rows::texts(&self.platform.db, &query).await;
        let new: Vec<_> = new.into_iter().filter(|id| !known(id)).collect();
        let [id] = new.try_into().expect("one sign-in");
        assert!(made.as_ref().is_none_or(|made| made.sign_in.id.as_str() == id));
        let (secret, created_at) = (made.map(|made| made.secret), self.now());
        let id = id.parse().unwrap();
        self.book.sign_ins.push(book::SignIn { id, person, secret, created_at, ended: false });
    }

    async fn sign_out(&mut self) {
        let Some((index, who)) = self.somebody(None).await else { return };
        self.log(&format!("sign out {index}"));
        let platform = &self.platform;
        self.attempt(|| flows::sign_out(platform, &who)).await.happened(true);
        self.book.sign_ins[index].ended = true;
    }

    async fn change_password(&mut self) {
        let Some((index, who)) = self.somebody(None).await else { return };
        let person = self.book.sign_ins[index].person;
        let (right, old) = self.some_password(person);
        let (new, address) = (self.new_password(), self.address());
        self.log(&format!("change password {person} by {index} {right}"));
        let platform = &self.platform;
        let ended = self.attempt(|| flows::change_password(platform, &who, &old, &new, address)).await;
        if ended.happened(right).is_some() {
            self.book.people[person].passwords.push(new);
            self.book.end_sign_ins(person, Some(index));
        }
    }

    async fn recover(&mut self) {
        let Some(person) = self.a_person() else { return };
        let codes = &self.book.people[person].recovery_codes;
        let last = codes.len() - 1;
        let choice = if self.percent(30) { self.below(codes.len()) } else { last };
        let Some(code) = codes[choice].clone() else { return };
        let (email, new) = (self.book.people[person].email.clone(), self.new_password());
        let address = self.address();
        self.log(&format!("recover {person} {}", choice == last));
        let (platform, password) = (&self.platform, NewPassword { email: &email, password: &new });
        let ended = self.attempt(|| flows::recover(platform, &code, password, address, None)).await;
        if let Some(signed_in) = ended.happened(choice == last) {
            self.book.people[person].passwords.push(new.clone());
            self.book.end_sign_ins(person, None);
            self.add_sign_in(person, signed_in).await;
        }
    }

    async fn new_recovery_code(&mut self) {
        let Some((index, who)) = self.somebody(None).await else { return };
        let person = self.book.sign_ins[index].person;
        let (right, password) = self.some_password(person);
        let address = self.address();
        self.log(&format!("new recovery code {person} {right}"));
        let platform = &self.platform;
        let ended = self.attempt(|| flows::new_recovery_code(platform, &who, &password, address)).await;
        if let Some(code) = ended.happened(right) {
            self.book.people[person].recovery_codes.push(code);
        }
    }

    async fn connect(&mut self) {
        let Some((index, who)) = self.somebody(None).await else { return };
        let (person, source) = (self.book.sign_ins[index].person, SOURCES[self.below(3)]);
        self.log(&format!("connect {person} {source}"));
        if self.has_account(person, source) {
            flows::connect_sample(&self.platform, &who, "ada", source).await.unwrap();
            return;
        }
        let platform = &self.platform;
        self.attempt(|| flows::connect_sample(platform, &who, "ada", source)).await.happened(true);
        let shelf = self.fill_shelves(person, Some(source)).await.expect("a new shelf");
        self.book.share_with_future(person, &shelf, self.now());
    }

    fn has_account(&self, person: usize, source: i64) -> bool {
        self.book.shelves.iter().any(|shelf| shelf.person == person && shelf.source == Some(source))
    }

    /// Writes down the shelves that are new, at most one for a source and one for her own files, and puts a file on
    /// each; nothing is opened for that. Returns the one for the source, if there is one.
    async fn fill_shelves(&mut self, person: usize, source: Option<i64>) -> Option<ShelfId> {
        let platform = &self.platform;
        let (library, known) = (&self.book.people[person].library, self.book.library(person));
        let shelves = consent_library::shelves(&platform.db, library).await.unwrap();
        let new: Vec<_> = shelves.into_iter().filter(|shelf| !known.contains(&shelf.id)).collect();
        let (mut made, mut connected) = (Vec::new(), None);
        for shelf in new {
            let content = format!("what stands on {}", shelf.id);
            fill(platform, &shelf, &content).await;
            let source = source.filter(|_| shelf.kind == ShelfKind::Account);
            connected = connected.or(source.map(|_| shelf.id.clone()));
            made.push(book::Shelf { id: shelf.id, person, source, content });
        }
        assert_eq!(made.iter().filter(|shelf| shelf.source.is_some()).count(), usize::from(source.is_some()));
        self.book.shelves.extend(made);
        connected
    }

    /// One who has signed up.
    fn a_person(&self) -> Option<usize> {
        let people = self.book.people.iter().enumerate().filter(|(_, person)| !person.throwaway);
        self.one_of(&people.map(|(index, _)| index).collect::<Vec<_>>())
    }

    /// Somebody with a sign-in, of a person or of anyone, as the door lets her in: not if it is over.
    async fn somebody(&self, person: Option<usize>) -> Option<(usize, SignedIn)> {
        let known = self.book.sign_ins.iter().enumerate().filter(|(_, sign_in)| {
            sign_in.secret.is_some() && person.is_none_or(|person| sign_in.person == person)
        });
        let live = |index: &usize| self.book.sign_ins[*index].is_live_at(self.now());
        let mut known: Vec<_> = known.map(|(index, _)| index).collect();
        if self.percent(80) && known.iter().any(live) {
            known.retain(live);
        }
        let index = self.one_of(&known)?;
        let secret = self.book.sign_ins[index].secret.clone()?;
        let sign_in = consent_people::find_sign_in(&self.platform.db, &secret, self.now()).await.unwrap()?;
        Some((index, SignedIn { sign_in, secret }))
    }

    /// A password that she has or had, and whether she still has it.
    fn some_password(&self, person: usize) -> (bool, String) {
        let passwords = &self.book.people[person].passwords;
        let choice = if self.percent(25) { self.below(passwords.len()) } else { passwords.len() - 1 };
        (choice + 1 == passwords.len(), passwords[choice].clone())
    }

    fn new_password(&self) -> String {
        format!("correct horse {}", self.below(1_000_000))
    }

    /// Another one each time, so that nobody is made to wait for failures of others.
    fn address(&mut self) -> IpAddr {
        self.attempts += 1;
        (0x0a00_0000 + self.attempts).to_be_bytes().into()
    }
}

async fn throwaways(platform: &Platform) -> Vec<String> {
    rows::texts(&platform.db, "SELECT id FROM person WHERE throwaway").await
}

async fn fill(platform: &Platform, shelf: &Shelf, content: &str) {
    let metadata = Metadata { mimetype: "text/plain".to_owned(), ..Metadata::default() };
    let file = NewFile { kind: FileKind::Raw, name: None, metadata };
    let body = stream::iter([Ok(content.to_owned().into())]);
    let (place, ambient) = (shelf.drop_point(), &platform.ambient);
    let written = consent_library::write(&platform.blobs, &place, file, body, ambient).await.unwrap();
    let tx = platform.db.begin_write().await.unwrap();
    consent_library::insert_files(&tx, &[written], ambient).await.unwrap();
    tx.commit().await.unwrap();
}

async fn sign_up(platform: &Platform, email: &str, password: &str) -> Result<flows::SignedUp, FlowError> {
    flows::sign_up(platform, NewPassword { email, password }, None, None).await
}

// Grants.
impl World {
    async fn approve(&mut self) {
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
        let again = flows::approve(&self.platform, &who, &code, answer.clone()).await;
        assert!(again.is_err(), "she answers once");
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
    async fn auto_authorize(&mut self) {
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
        let ended = self.attempt(|| flows::auto_authorize(platform, &code, &choice)).await;
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

    async fn stop(&mut self) {
        let Some(index) = self.a_grant() else { return };
        self.log(&format!("stop {index}"));
        let (grant, by) = self.kept(index).await;
        let platform = &self.platform;
        let ended = self.attempt(|| flows::stop(platform, &grant, &by)).await;
        if ended.happened(self.book.grants[index].stage_at(self.now()) == Stage::Active).is_some() {
            self.book.note_stage(index, Stage::Stopped, "stopped");
        }
    }

    async fn resume(&mut self) {
        let now = self.now();
        let stopped: Vec<_> = (0..self.book.grants.len())
            .filter(|grant| self.book.grants[*grant].stage_at(now) == Stage::Stopped)
            .collect();
        let Some(index) = self.one_of(&stopped).or(self.a_grant()) else { return };
        let Some((_, who)) = self.somebody(Some(self.book.grants[index].person)).await else { return };
        self.log(&format!("resume {index}"));
        let (grant, _) = self.kept(index).await;
        let platform = &self.platform;
        let ended = self.attempt(|| flows::resume(platform, &grant, &who)).await;
        if ended.happened(self.book.grants[index].stage_at(now) == Stage::Stopped).is_some() {
            self.book.note_stage(index, Stage::Active, "resumed");
        }
    }

    async fn revoke(&mut self) {
        let Some(index) = self.a_grant() else { return };
        self.log(&format!("revoke {index}"));
        let (grant, by) = self.kept(index).await;
        let platform = &self.platform;
        let ended = self.attempt(|| flows::revoke(platform, &grant, &by)).await;
        if ended.happened(!self.book.grants[index].is_over_at(self.now())).is_some() {
            self.book.note_stage(index, Stage::Revoked, "revoked");
        }
    }

    fn a_grant(&self) -> Option<usize> {
        self.one_of(&(0..self.book.grants.len()).collect::<Vec<_>>())
    }

    /// A grant as its owner would find it.
    async fn kept(&self, index: usize) -> (consent_grants::Grant, Actor) {
        let (grant, person) =
            (&self.book.grants[index], &self.book.people[self.book.grants[index].person].id);
        let kept = consent_grants::find_of_person(&self.platform.db, person, &grant.id).await.unwrap();
        (kept, Actor::Person(person.clone()))
    }
}

// Apps.
impl World {
    fn caller(&self, contract: usize) -> Caller {
        let client = self.clients[contract].clone();
        let (kid, nonce) = (client.keys[0].kid.clone(), hex(&self.platform.ambient.random::<16>()));
        Caller { client, kid, nonce }
    }

    async fn exchange(&mut self) {
        let known = (0..self.book.codes.len()).filter(|code| self.book.codes[*code].secret.is_some());
        let mut known: Vec<_> = known.collect();
        let fresh = |code: &usize| self.book.codes[*code].used.is_none();
        if self.percent(70) && known.iter().any(fresh) {
            known.retain(fresh);
        }
        let Some(index) = self.one_of(&known) else { return };
        let code = &self.book.codes[index];
        let contract = if self.percent(10) { self.below(2) } else { self.book.grants[code.grant].contract };
        let verifier = if self.percent(10) { "x".repeat(43) } else { code.verifier.clone() };
        let (secret, now) = (code.secret.clone().unwrap(), self.now());
        let expected = self.book.exchange(index, &verifier, contract, now);
        self.log(&format!("exchange {index} by {contract}: {expected:?}"));
        let (platform, world, text) = (&self.platform, &*self, verifier.as_str());
        let ended = self
            .attempt(|| {
                let (caller, secret) = (world.caller(contract), secret.clone());
                async move { flows::exchange(platform, &caller, &secret, text).await }
            })
            .await;
        match (expected, ended) {
            (Exchange::Tokens, ended) => {
                let tokens = ended.happened(true).flatten();
                let family = self.book.start_family(index, now);
                let row = self.new_pair(self.book.codes[index].grant).await;
                let pair = self.book.add_pair(row, family, now);
                self.learn(pair, tokens);
            }
            (Exchange::Replay(family), Ended::Refused(_) | Ended::Unheard) => self.book.revoke_family(family),
            (Exchange::Refused, ended) => assert!(ended.happened(false).is_none()),
            (Exchange::Replay(_), Ended::Done(_)) => panic!("a code was exchanged twice"),
        }
    }

    async fn refresh(&mut self) {
        let known: Vec<_> =
            (0..self.book.pairs.len()).filter(|pair| self.book.pairs[*pair].refresh.is_some()).collect();
        let Some(index) = self.one_of(&known) else { return };
        let (pair, now) = (&self.book.pairs[index], self.now());
        let grant = self.book.families[pair.family].grant;
        let contract = if self.percent(5) { self.below(2) } else { self.book.grants[grant].contract };
        let secret = pair.refresh.clone().unwrap();
        let expected = self.book.refresh(index, contract, now);
        self.log(&format!("refresh {index} by {contract}: {expected:?}"));
        let (platform, world) = (&self.platform, &*self);
        let ended = self
            .attempt(|| {
                let (caller, secret) = (world.caller(contract), secret.clone());
                async move { flows::refresh(platform, &caller, &secret).await }
            })
            .await;
        match (expected, ended) {
            (Refresh::New, ended) => {
                let tokens = ended.happened(true).flatten();
                let row = self.new_pair(grant).await;
                self.book.replace_pair(index, row, now);
                self.learn(self.book.pairs.len() - 1, tokens);
            }
            (Refresh::Same(successor), ended) => {
                let tokens = ended.happened(true).flatten();
                assert_eq!(tokens.as_ref().unwrap().issued.pair.id.as_str(), self.book.pairs[successor].row);
                self.learn(successor, tokens);
            }
            (Refresh::Reuse(family), Ended::Refused(_) | Ended::Unheard) => self.book.revoke_family(family),
            (Refresh::Refused, ended) => assert!(ended.happened(false).is_none()),
            (Refresh::Reuse(_), Ended::Done(_)) => panic!("a stolen token was refreshed"),
        }
    }

    /// The row of the one pair of a grant that is new.
    async fn new_pair(&self, grant: usize) -> String {
        let query = format!("SELECT id FROM token_pair WHERE grant_id = '{}'", self.book.grants[grant].id);
        let known = |row: &String| self.book.pairs.iter().any(|pair| pair.row == *row);
        let rows = rows::texts(&self.platform.db, &query).await.into_iter();
        let [row] = rows.filter(|row| !known(row)).collect::<Vec<_>>().try_into().expect("one new pair");
        row
    }

    /// Keeps tokens that were heard of; those that were known already have not changed.
    fn learn(&mut self, pair: usize, tokens: Option<flows::Tokens>) {
        let Some(tokens) = tokens else { return };
        let pair = &mut self.book.pairs[pair];
        assert!(pair.access.as_ref().is_none_or(|known| known.expose() == tokens.issued.access.expose()));
        assert!(pair.refresh.as_ref().is_none_or(|known| known.expose() == tokens.issued.refresh.expose()));
        (pair.access, pair.refresh) = (Some(tokens.issued.access), Some(tokens.issued.refresh));
    }

    /// An access token that somebody has or had.
    fn a_token(&self) -> Option<(usize, Secret)> {
        let known = (0..self.book.pairs.len()).filter(|pair| self.book.pairs[*pair].access.is_some());
        let index = self.one_of(&known.collect::<Vec<_>>())?;
        Some((index, self.book.pairs[index].access.clone()?))
    }

    /// The door checks a token.
    async fn enter(&mut self, pair: usize, token: Secret) -> Option<Access> {
        let (kept, now) = (&self.book.pairs[pair], self.now());
        let grant = &self.book.grants[self.book.families[kept.family].grant];
        let (live, stage) = (kept.is_live_at(now), grant.stage_at(now));
        match Access::check(&self.platform, self.caller(grant.contract), token).await {
            Ok(access) => {
                assert!(live && stage == Stage::Active, "a token that is good for nothing was let in");
                self.book.note_use(pair, now);
                Some(access)
            }
            Err(FlowError::Stopped) => {
                assert!(live && stage == Stage::Stopped);
                None
            }
            Err(error) => {
                assert!(!live || stage != Stage::Active, "{error}");
                None
            }
        }
    }

    async fn read(&mut self) {
        let Some((pair, token)) = self.a_token() else { return };
        self.log(&format!("read {pair}"));
        let Some(access) = self.enter(pair, token).await else { return };
        let grant = self.book.families[self.book.pairs[pair].family].grant;
        let mut asked = Asked::default();
        asked.options.source_fetch = false;
        let triggered = flows::trigger(&self.platform, &access, asked).await.unwrap();
        let list = flows::file_list(&self.platform, &access, &triggered.key).await.unwrap();
        let mut contents = Vec::new();
        for file in &list.files {
            let opened = flows::open_file(&self.platform, &access, &triggered.key, &file.name).await.unwrap();
            let body = opened.body(&self.platform, &access).await.unwrap();
            let sealed: Vec<_> = body.try_collect().await.unwrap();
            contents.push(self.unseal(grant, &sealed.concat()));
        }
        let shared = self.book.granted(grant);
        let shared = self.book.shelves.iter().filter(|shelf| shared.contains(&shelf.id));
        assert_eq!(sorted(&contents), sorted(&shared.map(|shelf| shelf.content.clone()).collect::<Vec<_>>()));
    }

    fn unseal(&self, grant: usize, sealed: &[u8]) -> String {
        let keys = ["app-1", "app-2"][self.book.grants[grant].contract];
        let key = RsaPrivateKey::parse_pem(&fixture(&format!("keys/{keys}.private.pem"))).unwrap();
        String::from_utf8(envelope::open(&key, sealed).unwrap().to_vec()).unwrap()
    }

    /// An app sends a throw-away person to connect one more account; a real one would have to sign in.
    async fn onboard(&mut self) {
        let Some((pair, token)) = self.a_token() else { return };
        let Some(access) = self.enter(pair, token).await else { return };
        let grant = self.book.families[self.book.pairs[pair].family].grant;
        let (person, source) = (self.book.grants[grant].person, SOURCES[self.below(3)]);
        self.log(&format!("onboard {grant} with {source}"));
        let redirect_uri = MockApp::CALLBACK.to_owned();
        let request = ReferenceRequest { redirect_uri, state: None, asked: Asked::default() };
        let code = flows::reference(&self.platform, &access, request).await.unwrap().code;
        let choice = SampleChoice { set: Some("ada".to_owned()), source: Some(source) };
        let platform = &self.platform;
        let ended = self.attempt(|| flows::auto_onboard(platform, &code, &choice)).await;
        if ended.happened(self.book.people[person].throwaway).is_none() {
            return;
        }
        let now = self.now();
        let known =
            self.book.shelves.iter().find(|shelf| shelf.person == person && shelf.source == Some(source));
        let (shelf, new) = match known {
            Some(shelf) => (shelf.id.clone(), false),
            None => (self.fill_shelves(person, Some(source)).await.expect("a new shelf"), true),
        };
        let asking = &mut self.book.grants[grant];
        if !asking.shelves.contains(&shelf) {
            asking.shelves.push(shelf.clone());
        }
        asking.events.push("onboarded");
        if new {
            self.book.share_with_future(person, &shelf, now);
        }
    }
}

// Time.
impl World {
    fn wait(&self) {
        let (minute, day) = (60, 24 * 60 * 60);
        let short = [5, 11, 61, 61, 9 * minute, 11 * minute, 61 * minute];
        let long = [day + 1, day + 1, 2 * day, 2 * day, 8 * day, 15 * day, 91 * day, 181 * day];
        let seconds =
            if self.percent(20) { long[self.below(long.len())] } else { short[self.below(short.len())] };
        self.clock.advance(TimeDelta::seconds(seconds));
        self.log(&format!("after {seconds} s"));
    }

    async fn sweep(&mut self) {
        self.log("sweep");
        let platform = &self.platform;
        // It is many transactions, so that whatever was cut off is only done by the next one.
        if self.percent(50) {
            let _ = cut_off(worker::sweep(platform), self.below(70), self.percent(50)).await;
            rows::settled(&self.platform.db).await;
        }
        worker::sweep(&self.platform).await.unwrap();
        self.book.sweep(self.now());
    }
}

async fn client(platform: &Platform, keys: &str, future: bool) -> Client {
    let mut document = MockApp::document("read-raw", keys, |document| {
        document["ongoing"] = true.into();
        document["scope"] = serde_json::json!({ "criteria": [] });
        document["futureAccounts"] = future.into();
        document["grantFor"] = if future { "P7D".into() } else { serde_json::Value::Null };
    });
    document.as_object_mut().unwrap().retain(|name, value| name != "publish" && !value.is_null());
    let document: Document = serde_json::from_value(document).unwrap();
    let (tx, ambient, policy) =
        (platform.db.begin_write().await.unwrap(), &platform.ambient, platform.policy());
    let new =
        NewApp { name: keys.to_owned(), contact: "privacy@app.example".to_owned(), ..NewApp::default() };
    let (app, _) = consent_contracts::register_app(&tx, new, &policy, ambient).await.unwrap();
    let contract = consent_contracts::draft(&tx, &app.id, document, &policy, ambient).await.unwrap();
    consent_contracts::publish(&tx, &app.id, &contract.id, ambient).await.unwrap();
    tx.commit().await.unwrap();
    consent_contracts::find_client(&platform.db, &contract.client_id()).await.unwrap()
}

fn sorted<T: Ord + Clone>(all: &[T]) -> Vec<T> {
    let mut all = all.to_vec();
    all.sort();
    all
}
