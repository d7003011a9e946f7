//! Opens everything by hand, with every secret that ever was, and compares with the model.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use consent_core::{Cursor, GrantId, ShelfId};
use consent_crypto::{Key, KeyPurpose, Secret};
use consent_events::verify_chain;
use consent_gateway::{
    flows::{self, Claimed},
    platform::Platform,
};
use consent_library::{
    File, GrantKey, Granted, LibraryError, LibraryKey, Opener, OpensTo, Shelf, ShelfKeys, SlotKind, Usage,
};
use harness::rows;

use super::book::Book;

const KINDS: [(&str, SlotKind); 7] = [
    ("password", SlotKind::Password),
    ("recovery", SlotKind::Recovery),
    ("sign_in", SlotKind::SignIn),
    ("sandbox", SlotKind::Sandbox),
    ("code", SlotKind::Code),
    ("access", SlotKind::Access),
    ("refresh", SlotKind::Refresh),
];

/// Compares; keeps what passwords were stretched to, which is the slow part.
#[derive(Default)]
pub struct Checker {
    stretched: BTreeMap<(String, [u8; 16]), Key>,
}

/// What lies in the libraries, locked.
struct Stored {
    shelves: Vec<(Shelf, Vec<File>)>,
    granted: Vec<Granted>,
    /// What a key was found to open, by the key.
    opened: BTreeMap<[u8; 32], BTreeSet<ShelfId>>,
}

impl Checker {
    /// Compares everything.
    pub async fn check(&mut self, platform: &Platform, book: &Book) {
        check_rows(platform, book).await;
        check_chains(platform, book).await;
        check_doors(platform, book).await;
        let mut stored = Stored::load(platform, book).await;
        let now = platform.ambient.now();
        self.check_owners(platform, book, &mut stored, now).await;
        check_apps(platform, book, &mut stored, now).await;
    }

    /// Passwords, recovery codes and sign-ins, the old ones too, and the server's own key.
    async fn check_owners(
        &mut self,
        platform: &Platform,
        book: &Book,
        stored: &mut Stored,
        now: DateTime<Utc>,
    ) {
        for (index, person) in book.people.iter().enumerate() {
            let (id, all) = (person.id.as_str(), book.library(index));
            for (age, password) in person.passwords.iter().rev().enumerate() {
                let key = self.stretch(platform, &person.email, password).await;
                let opened = stored.by_owner(platform, SlotKind::Password, id, Opener::Key(&key), now).await;
                assert_eq!(opened, if age == 0 { all.clone() } else { BTreeSet::new() }, "password {age}");
            }
            for (age, code) in person.recovery_codes.iter().rev().enumerate() {
                let Some(code) = code else { continue };
                let opener = Opener::Secret(code);
                let opened = stored.by_owner(platform, SlotKind::Recovery, id, opener, now).await;
                assert_eq!(opened, if age == 0 { all.clone() } else { BTreeSet::new() }, "recovery {age}");
            }
            let opener = Opener::Key(platform.keys.key(KeyPurpose::Sandbox));
            let opened = stored.by_owner(platform, SlotKind::Sandbox, id, opener, now).await;
            let expected = if person.throwaway { all } else { BTreeSet::new() };
            assert_eq!(opened, expected, "the server's sandbox key");
        }
        for (index, sign_in) in book.sign_ins.iter().enumerate() {
            let Some(secret) = &sign_in.secret else { continue };
            let (holder, opener) = (sign_in.id.as_str(), Opener::Secret(secret));
            let opened = stored.by_owner(platform, SlotKind::SignIn, holder, opener, now).await;
            assert_eq!(opened, book.by_sign_in(index, now), "sign-in {index}");
        }
    }

    /// The key that a password gives with the salt that is kept now.
    async fn stretch(&mut self, platform: &Platform, email: &str, password: &str) -> Key {
        let credentials = consent_people::credentials(&platform.db, email).await.unwrap().unwrap();
        let known = (password.to_owned(), credentials.salt);
        if let Some(key) = self.stretched.get(&known) {
            return key.clone();
        }
        let (hasher, place) = (&platform.hasher, platform.hasher.place().unwrap());
        let keys = hasher.derive(place, password, &credentials.salt, credentials.params).await.unwrap();
        self.stretched.insert(known, keys.slot_key.clone());
        keys.slot_key
    }
}

/// Codes and tokens, the old ones too.
async fn check_apps(platform: &Platform, book: &Book, stored: &mut Stored, now: DateTime<Utc>) {
    for (index, code) in book.codes.iter().enumerate() {
        let Some(secret) = &code.secret else { continue };
        let opened = stored.by_app(platform, SlotKind::Code, &code.row, secret, now).await;
        assert_eq!(opened, book.by_code(index, now), "code {index}");
    }
    for (index, pair) in book.pairs.iter().enumerate() {
        if let Some(access) = &pair.access {
            let opened = stored.by_app(platform, SlotKind::Access, &pair.row, access, now).await;
            assert_eq!(opened, book.by_access(index, now), "access token {index}");
        }
        if let Some(refresh) = &pair.refresh {
            let opened = stored.by_app(platform, SlotKind::Refresh, &pair.row, refresh, now).await;
            assert_eq!(opened, book.by_refresh(index, now), "refresh token {index}");
        }
    }
}

/// What stands in the files, for whoever opens them by hand with a password.
pub async fn check_contents(platform: &Platform, book: &Book) {
    let now = platform.ambient.now();
    for (index, person) in book.people.iter().enumerate() {
        let Some(password) = person.passwords.last() else { continue };
        let credentials = consent_people::credentials(&platform.db, &person.email).await.unwrap().unwrap();
        let (hasher, place) = (&platform.hasher, platform.hasher.place().unwrap());
        let keys = hasher.derive(place, password, &credentials.salt, credentials.params).await.unwrap();
        let opener = Opener::Key(&keys.slot_key);
        let key = slot::<LibraryKey>(platform, SlotKind::Password, person.id.as_str(), opener, now).await;
        let key = key.expect("her password opens her library");
        for kept in book.shelves.iter().filter(|shelf| shelf.person == index) {
            let shelf = consent_library::shelf(&platform.db, &person.library, &kept.id).await.unwrap();
            let keys = shelf.open(&key).unwrap();
            let ids = [kept.id.clone()];
            let files = consent_library::files_as_of(&platform.db, &person.library, &ids, now).await.unwrap();
            let [file] = files.try_into().expect("one file on each shelf");
            let opened = File::open(file, &shelf, &keys).unwrap();
            let content = consent_library::read_all(&platform.blobs, &opened).await.unwrap();
            assert_eq!(content, kept.content.as_bytes());
        }
    }
}

/// Every secret on every slot there is: only its own opens.
pub async fn check_crosswise(platform: &Platform, book: &Book) {
    let now = platform.ambient.now();
    let owners =
        book.sign_ins.iter().filter_map(|sign_in| Some((sign_in.id.as_str(), sign_in.secret.as_ref()?)));
    let codes = book.codes.iter().filter_map(|code| Some((code.row.as_str(), code.secret.as_ref()?)));
    let access = book.pairs.iter().filter_map(|pair| Some((pair.row.as_str(), pair.access.as_ref()?)));
    let refresh = book.pairs.iter().filter_map(|pair| Some((pair.row.as_str(), pair.refresh.as_ref()?)));
    let secrets: Vec<(&str, &Secret)> = owners.chain(codes).chain(access).chain(refresh).collect();
    for person in 0..book.people.len() {
        for (kind, holder, _) in book.slots(person) {
            let (_, kind) = KINDS.into_iter().find(|(name, _)| *name == kind).unwrap();
            for (own, secret) in &secrets {
                let opener = Opener::Secret(secret);
                let library =
                    consent_library::open_slot::<LibraryKey>(&platform.db, kind, &holder, opener, now);
                let grant = consent_library::open_slot::<GrantKey>(&platform.db, kind, &holder, opener, now);
                let opens = library.await.is_ok() || grant.await.is_ok();
                assert!(!opens || *own == holder, "{kind:?} of {holder} opens with a secret of {own}");
            }
        }
    }
}

/// The rows that keys lie in: no more and no fewer than the model says.
async fn check_rows(platform: &Platform, book: &Book) {
    for (index, person) in book.people.iter().enumerate() {
        let library = &person.library;
        let slots =
            format!("SELECT kind || ' ' || holder FROM slot WHERE library_id = '{library}' ORDER BY 1");
        let expected: BTreeSet<String> =
            book.slots(index).into_iter().map(|(kind, holder, _)| format!("{kind} {holder}")).collect();
        assert_eq!(set(rows::texts(&platform.db, &slots).await), expected, "slots of {}", person.id);
        let shelves = consent_library::shelves(&platform.db, library).await.unwrap();
        let shelves: BTreeSet<_> = shelves.into_iter().map(|shelf| shelf.id).collect();
        assert_eq!(shelves, book.library(index), "shelves of {}", person.id);

        let grants = || book.grants.iter().enumerate().filter(|(_, grant)| grant.person == index);
        let keys = format!("SELECT grant_id FROM grant_key WHERE library_id = '{library}'");
        let open = grants().filter(|(_, grant)| !grant.is_shut()).map(|(_, grant)| grant.id.to_string());
        assert_eq!(set(rows::texts(&platform.db, &keys).await), open.collect(), "keys of grants");
        let given = format!(
            "SELECT grant_id || ' ' || shelf_id || ' ' || usage FROM grant_shelf WHERE library_id = '{library}'"
        );
        let mut expected = BTreeSet::new();
        for (grant, facts) in grants() {
            for shelf in book.granted(grant) {
                expected.insert(format!("{} {shelf} read", facts.id));
                let account = book.shelves.iter().any(|known| known.id == shelf && known.source.is_some());
                expected.extend(account.then(|| format!("{} {shelf} connect", facts.id)));
            }
        }
        assert_eq!(set(rows::texts(&platform.db, &given).await), expected, "shelves given to grants");
    }
}

/// Every change of a grant has one event, in a chain that is whole.
async fn check_chains(platform: &Platform, book: &Book) {
    for (index, person) in book.people.iter().enumerate() {
        let mut events = Vec::new();
        let mut cursor = Cursor::new(None, Some(200));
        loop {
            let page = consent_events::list(&platform.db, &person.id, &cursor).await.unwrap();
            events.extend(page.items);
            match page.next {
                Some(next) => cursor = Cursor::new(Some(next), Some(200)),
                None => break,
            }
        }
        let head = verify_chain(&events).unwrap();
        assert_eq!(consent_events::head(&platform.db, &person.id).await.unwrap(), head);
        // What apps were told, and that they did not answer, changes nothing.
        events.retain(|event| !matches!(event.act.kind(), "signalled" | "overdue" | "undelivered"));
        let kinds = |id: &GrantId| -> Vec<&str> {
            events
                .iter()
                .filter(|event| event.act.grant() == Some(id))
                .map(|event| event.act.kind())
                .collect()
        };
        let mut count = 0;
        for grant in book.grants.iter().filter(|grant| grant.person == index) {
            assert_eq!(kinds(&grant.id), grant.events, "events of {}", grant.id);
            count += grant.events.len();
            let kept = consent_grants::find_by_id(&platform.db, &grant.id).await.unwrap();
            assert_eq!(kept.stage.name(), format!("{:?}", grant.noted).to_lowercase(), "{}", grant.id);
            assert_eq!(kept.choices.shelves, grant.shelves, "{}", grant.id);
        }
        assert_eq!(events.len(), count, "no event without a change");
    }
}

/// What the doors say about sign-ins and tokens.
async fn check_doors(platform: &Platform, book: &Book) {
    let now = platform.ambient.now();
    for (index, sign_in) in book.sign_ins.iter().enumerate() {
        let Some(secret) = &sign_in.secret else { continue };
        let found = consent_people::find_sign_in(&platform.db, secret, now).await.unwrap();
        assert_eq!(found.is_some(), sign_in.is_live_at(now), "sign-in {index}");
    }
    for (index, pair) in book.pairs.iter().enumerate() {
        let Some(access) = &pair.access else { continue };
        let grant = book.families[pair.family].grant;
        let kept = consent_grants::find_by_id(&platform.db, &book.grants[grant].id).await.unwrap();
        let client = consent_contracts::client_id(&kept.app, &kept.contract);
        let claimed = Claimed { client_id: &client, token: Some(access.clone()), ..Claimed::default() };
        let (_, standing) = flows::look_up(platform, claimed).await.unwrap();
        let lives = standing.pair.is_some_and(|pair| pair.living(now).is_ok());
        assert_eq!(lives, pair.is_live_at(now), "access token {index}");
    }
}

impl Stored {
    async fn load(platform: &Platform, book: &Book) -> Self {
        let mut stored = Self { shelves: Vec::new(), granted: Vec::new(), opened: BTreeMap::new() };
        for person in &book.people {
            for shelf in consent_library::shelves(&platform.db, &person.library).await.unwrap() {
                let (ids, now) = ([shelf.id.clone()], platform.ambient.now());
                let files = consent_library::files_as_of(&platform.db, &person.library, &ids, now).await;
                stored.shelves.push((shelf, files.unwrap()));
            }
        }
        for grant in &book.grants {
            stored.granted.extend(consent_library::granted(&platform.db, &grant.id).await.unwrap());
        }
        stored
    }

    /// The shelves that a secret of a person leads to.
    async fn by_owner(
        &mut self,
        platform: &Platform,
        kind: SlotKind,
        holder: &str,
        opener: Opener<'_>,
        now: DateTime<Utc>,
    ) -> BTreeSet<ShelfId> {
        let Some(key) = slot::<LibraryKey>(platform, kind, holder, opener, now).await else {
            return BTreeSet::new();
        };
        if let Some(known) = self.opened.get(key.key().expose()) {
            return known.clone();
        }
        let opened = self.shelves.iter().filter_map(|(shelf, files)| {
            let keys = shelf.open(&key).ok()?;
            reads(shelf, files, &keys).then(|| shelf.id.clone())
        });
        let opened: BTreeSet<_> = opened.collect();
        self.opened.insert(*key.key().expose(), opened.clone());
        opened
    }

    /// The shelves that a secret of an app leads to.
    async fn by_app(
        &mut self,
        platform: &Platform,
        kind: SlotKind,
        holder: &str,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> BTreeSet<ShelfId> {
        let Some(key) = slot::<GrantKey>(platform, kind, holder, Opener::Secret(secret), now).await else {
            return BTreeSet::new();
        };
        if let Some(known) = self.opened.get(key.key().expose()) {
            return known.clone();
        }
        let read = self.granted.iter().filter(|granted| granted.usage == Usage::Read);
        let opened = read.filter_map(|granted| {
            let keys = granted.open(&key).ok()?;
            let (shelf, files) = self.shelves.iter().find(|(shelf, _)| shelf.id == granted.shelf)?;
            reads(shelf, files, &keys).then(|| shelf.id.clone())
        });
        let opened: BTreeSet<_> = opened.collect();
        self.opened.insert(*key.key().expose(), opened.clone());
        opened
    }
}

async fn slot<K: OpensTo>(
    platform: &Platform,
    kind: SlotKind,
    holder: &str,
    opener: Opener<'_>,
    now: DateTime<Utc>,
) -> Option<K> {
    match consent_library::open_slot(&platform.db, kind, holder, opener, now).await {
        Ok(key) => Some(key),
        Err(LibraryError::Shut) => None,
        Err(error) => panic!("{kind:?} of {holder}: {error}"),
    }
}

/// Whether these keys open the files of a shelf: all of them, or none.
fn reads(shelf: &Shelf, files: &[File], keys: &ShelfKeys) -> bool {
    let opened = files.iter().filter(|file| (*file).clone().open(shelf, keys).is_ok()).count();
    assert!(opened == 0 || opened == files.len(), "{opened} of {} files", files.len());
    opened > 0
}

fn set(rows: Vec<String>) -> BTreeSet<String> {
    rows.into_iter().collect()
}
