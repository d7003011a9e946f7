//! What persons do: sign up, in and out, change what opens their libraries, connect accounts.

use std::net::{IpAddr, Ipv4Addr};

use consent_core::{PersonId, ShelfId};
use consent_crypto::Secret;
use consent_gateway::{
    flows::{self, FlowError, NewPassword, SignedIn},
    platform::Platform,
};
use consent_library::{FileKind, Metadata, NewFile, Shelf, ShelfKind};
use futures_util::stream;
use harness::rows;
use sea_orm::ConnectionTrait;

use super::{SOURCES, World, book};

impl World {
    pub(super) async fn sign_up(&mut self) {
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

    pub(super) async fn sign_in(&mut self) {
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

    pub(super) async fn sign_out(&mut self) {
        let Some((index, who)) = self.somebody(None).await else { return };
        self.log(&format!("sign out {index}"));
        let platform = &self.platform;
        self.attempt(|| flows::sign_out(platform, &who)).await.happened(true);
        self.book.sign_ins[index].ended = true;
    }

    pub(super) async fn change_password(&mut self) {
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

    pub(super) async fn recover(&mut self) {
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

    pub(super) async fn new_recovery_code(&mut self) {
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

    pub(super) async fn connect(&mut self) {
        let Some((index, who)) = self.somebody(None).await else { return };
        let (person, source) = (self.book.sign_ins[index].person, SOURCES[self.below(3)]);
        self.log(&format!("connect {person} {source}"));
        if self.has_account(person, source) {
            flows::connect_sample(&self.platform, &who, "ada", source).await.unwrap();
            return self.clear_shelves().await;
        }
        let platform = &self.platform;
        self.attempt(|| flows::connect_sample(platform, &who, "ada", source)).await.happened(true);
        self.clear_shelves().await;
        let shelf = self.fill_shelves(person, Some(source)).await.expect("a new shelf");
        self.book.share_with_future(person, &shelf, self.now());
    }

    /// Ends the reading that a connection begins, and takes away what it has brought: the book knows of what it put on
    /// the shelves itself. Whoever has lost the lease of an account writes no more.
    async fn clear_shelves(&self) {
        let tx = self.platform.db.begin_write().await.unwrap();
        tx.execute_unprepared("UPDATE account SET lease_holder = NULL, lease_until = NULL, progress = NULL")
            .await
            .unwrap();
        tx.execute_unprepared("DELETE FROM file WHERE name NOT LIKE 'fil%'").await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) fn has_account(&self, person: usize, source: i64) -> bool {
        self.book.shelves.iter().any(|shelf| shelf.person == person && shelf.source == Some(source))
    }

    /// Writes down the shelves that are new, at most one for a source and one for her own files, and puts a file on
    /// each; nothing is opened for that. Returns the one for the source, if there is one.
    pub(super) async fn fill_shelves(&mut self, person: usize, source: Option<i64>) -> Option<ShelfId> {
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
    pub(super) async fn somebody(&self, person: Option<usize>) -> Option<(usize, SignedIn)> {
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

pub(super) async fn throwaways(platform: &Platform) -> Vec<String> {
    rows::texts(&platform.db, "SELECT id FROM person WHERE throwaway").await
}

pub(super) async fn fill(platform: &Platform, shelf: &Shelf, content: &str) {
    let metadata = Metadata { mimetype: "text/plain".to_owned(), ..Metadata::default() };
    let file = NewFile { kind: FileKind::Raw, name: None, metadata };
    let body = stream::iter([Ok(content.to_owned().into())]);
    let (place, ambient) = (shelf.drop_point().unwrap(), &platform.ambient);
    let written = consent_library::write(&platform.blobs, &place, file, body, ambient).await.unwrap();
    let tx = platform.db.begin_write().await.unwrap();
    consent_library::insert_files(&tx, &[written], ambient).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn sign_up(
    platform: &Platform,
    email: &str,
    password: &str,
) -> Result<flows::SignedUp, FlowError> {
    let address = Ipv4Addr::LOCALHOST.into();
    flows::sign_up(platform, NewPassword { email, password }, None, address, None).await
}
