use std::net::IpAddr;

use chrono::TimeDelta;
use consent_core::testing::{TestClock, ambient};
use consent_crypto::{Argon2Params, Key, PasswordHasher, PasswordKeys};
use consent_store::{Database, Pool};
use sea_orm_migration::SchemaManager;

use super::*;
use crate::{attempts, dummy_credentials, verify};

struct Town {
    db: Database,
    clock: TestClock,
    ambient: Ambient,
    hasher: PasswordHasher,
}

const FAST: Argon2Params = Argon2Params { memory_kib: 8, iterations: 1, lanes: 1 };

impl Town {
    async fn new() -> Self {
        let db = Database::connect("sqlite::memory:", &Pool::default()).await.unwrap();
        for migration in crate::migrations() {
            migration.up(&SchemaManager::new(db.connection())).await.unwrap();
        }
        let clock = TestClock::new();
        let ambient = ambient(&clock, 1);
        let hasher = PasswordHasher::new(Key::generate(&ambient), FAST, 1);
        Self { db, clock, ambient, hasher }
    }

    async fn begin(&self) -> Tx {
        self.db.begin_write().await.unwrap()
    }

    fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    async fn keys(&self, password: &str, salt: [u8; 16]) -> PasswordKeys {
        self.hasher.derive(self.hasher.place().unwrap(), password, &salt, FAST).await.unwrap()
    }

    async fn record(&self, password: &str) -> PasswordRecord {
        let salt = self.ambient.random();
        PasswordRecord { salt, params: FAST, verifier: self.keys(password, salt).await.verifier }
    }

    async fn try_sign_up(&self, email: &str) -> Result<Person, PeopleError> {
        let password = self.record("correct horse").await;
        let new = NewPerson { email: email.to_owned(), name: Some("Ada".to_owned()), password };
        let tx = self.begin().await;
        let person = insert_person(&tx, new, &self.ambient).await?;
        tx.commit().await.unwrap();
        Ok(person)
    }

    async fn ada(&self) -> Person {
        self.try_sign_up("ada@example.org").await.unwrap()
    }

    async fn invite(&self, email: &str) -> Result<Person, PeopleError> {
        let tx = self.begin().await;
        let person = invite(&tx, email, &self.ambient).await?;
        tx.commit().await.unwrap();
        Ok(person)
    }

    async fn close(&self, person: &Person) -> Person {
        let tx = self.begin().await;
        let closed = close(&tx, &person.id, &self.ambient).await.unwrap();
        tx.commit().await.unwrap();
        closed
    }

    async fn accepts(&self, email: &str, password: &str) -> bool {
        let found = credentials(&self.db, email).await.unwrap();
        let checked = found.unwrap_or_else(|| dummy_credentials(FAST));
        verify(&checked, &self.keys(password, checked.salt).await)
    }

    async fn try_sign_in(
        &self,
        person: &Person,
        library: LibraryState,
    ) -> Result<(SignIn, Secret), PeopleError> {
        let new =
            NewSignIn { library, user_agent: Some("Firefox".to_owned()), policy: SignInPolicy::default() };
        let tx = self.begin().await;
        let done = sign_in(&tx, &person.id, new, &self.ambient).await?;
        tx.commit().await.unwrap();
        Ok(done)
    }

    async fn signs_in(&self, person: &Person) -> (SignIn, Secret) {
        self.try_sign_in(person, LibraryState::Open).await.unwrap()
    }

    async fn found(&self, secret: &Secret) -> Option<SignIn> {
        find_sign_in(&self.db, secret, self.now()).await.unwrap()
    }

    async fn touch(&self, sign_in: &SignIn) -> bool {
        let tx = self.begin().await;
        let touched = touch(&tx, sign_in, &SignInPolicy::default(), &self.ambient).await.unwrap();
        tx.commit().await.unwrap();
        touched
    }

    async fn fails(&self, email: &str, from: &str) -> Option<u64> {
        let tx = self.begin().await;
        match attempts::admit(&tx, email, address(from), &self.ambient).await {
            Ok(()) => tx.commit().await.map(|()| None).unwrap(),
            Err(PeopleError::TooSoon { retry_after }) => Some(retry_after.as_secs()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn succeeds(&self, email: &str, from: &str) {
        let tx = self.begin().await;
        attempts::record(&tx, email, address(from), true, &self.ambient).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn signs_up(&self, from: &str) -> Option<u64> {
        let tx = self.begin().await;
        match attempts::admit_sign_up(&tx, address(from), 2, &self.ambient).await {
            Ok(()) => tx.commit().await.map(|()| None).unwrap(),
            Err(PeopleError::TooSoon { retry_after }) => Some(retry_after.as_secs()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn may_try(&self, email: &str, from: &str) -> bool {
        attempts::check(&self.db, email, address(from), self.now()).await.is_ok()
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_person_signs_up_and_is_found_in_any_spelling() {
    let town = Town::new().await;
    let ada = town.try_sign_up(" Ada@Example.ORG").await.unwrap();
    assert_eq!(ada.email.as_deref(), Some("ada@example.org"));
    assert_eq!((ada.stage, ada.throwaway, ada.epoch), (Stage::Active, false, 0));
    assert_eq!(find(&town.db, &ada.id).await.unwrap(), ada);
    assert_eq!(find_by_email(&town.db, "ADA@example.org ").await.unwrap(), Some(ada));
    assert_eq!(find_by_email(&town.db, "not an address").await.unwrap(), None);
    let nobody = town.ambient.new_id();
    assert!(matches!(find(&town.db, &nobody).await, Err(PeopleError::UnknownPerson)));
}

#[tokio::test]
async fn an_address_belongs_to_one_person() {
    let town = Town::new().await;
    town.ada().await;
    assert!(matches!(town.try_sign_up("ADA@example.org").await, Err(PeopleError::EmailTaken)));
    assert!(matches!(town.invite("ada@example.org").await, Err(PeopleError::EmailTaken)));
}

#[tokio::test]
async fn the_database_itself_refuses_a_second_person_with_the_same_address() {
    let town = Town::new().await;
    let ada = town.ada().await;
    let tx = town.begin().await;
    let twin = Person { id: town.ambient.new_id(), ..ada };
    assert!(matches!(insert(&tx, twin).await, Err(PeopleError::EmailTaken)));
}

#[tokio::test]
async fn an_invited_person_keeps_her_id_when_she_signs_up() {
    let town = Town::new().await;
    let invited = town.invite("ada@example.org").await.unwrap();
    assert_eq!(invited.stage, Stage::Invited);
    assert_eq!(town.invite("Ada@example.org").await.unwrap(), invited);
    assert!(credentials(&town.db, "ada@example.org").await.unwrap().is_none());
    let tx = town.begin().await;
    assert!(matches!(lock(&tx, &invited.id).await, Err(PeopleError::NotActive)));
    drop(tx);

    let ada = town.ada().await;
    assert_eq!((&ada.id, ada.stage), (&invited.id, Stage::Active));
    assert_eq!(ada.name.as_deref(), Some("Ada"));
    assert!(town.accepts("ada@example.org", "correct horse").await);
}

#[tokio::test]
async fn throw_away_persons_have_no_address_and_do_not_collide() {
    let town = Town::new().await;
    let tx = town.begin().await;
    let one = insert_throwaway(&tx, None, &town.ambient).await.unwrap();
    let two = insert_throwaway(&tx, Some("Two"), &town.ambient).await.unwrap();
    assert!(lock(&tx, &one.id).await.is_ok());
    tx.commit().await.unwrap();
    assert_eq!((one.email, one.throwaway, one.stage), (None, true, Stage::Active));
    assert_ne!(one.id, two.id);
}

#[tokio::test]
async fn only_the_right_password_is_accepted() {
    let town = Town::new().await;
    town.ada().await;
    assert!(town.accepts("ada@example.org", "correct horse").await);
    assert!(!town.accepts("ada@example.org", "wrong horses").await);
    assert!(!town.accepts("bob@example.org", "correct horse").await);
    assert!(!town.accepts("no address", "correct horse").await);
}

#[tokio::test]
async fn of_two_who_change_the_password_at_once_one_is_told_that_it_is_wrong() {
    let town = Town::new().await;
    town.ada().await;
    let verified = credentials(&town.db, "ada@example.org").await.unwrap().unwrap();
    let (first, second) = (town.record("battery staple").await, town.record("another password").await);
    let tx = town.begin().await;
    change_password(&tx, &verified, first).await.unwrap();
    assert!(matches!(change_password(&tx, &verified, second).await, Err(PeopleError::WrongPassword)));
    tx.commit().await.unwrap();
    assert!(town.accepts("ada@example.org", "battery staple").await);
    assert!(!town.accepts("ada@example.org", "correct horse").await);
}

#[tokio::test]
async fn a_password_is_replaced_by_who_proved_otherwise_who_she_is() {
    let town = Town::new().await;
    let ada = town.ada().await;
    let record = town.record("battery staple").await;
    let tx = town.begin().await;
    replace_password(&tx, &ada.id, record.clone()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(town.accepts("ada@example.org", "battery staple").await);

    town.close(&ada).await;
    let tx = town.begin().await;
    assert!(matches!(replace_password(&tx, &ada.id, record).await, Err(PeopleError::NotActive)));
}

#[tokio::test]
async fn closing_shuts_every_door_and_raises_the_epoch() {
    let town = Town::new().await;
    let ada = town.ada().await;
    let (_, secret) = town.signs_in(&ada).await;
    let tx = town.begin().await;
    let open = lock(&tx, &ada.id).await.unwrap();
    assert_eq!((open.owner(), open.epoch()), (&Owner::Person(ada.id.clone()), 0));
    assert!(open.is_sharing());
    drop(tx);

    let closed = town.close(&ada).await;
    assert_eq!((closed.stage, closed.epoch), (Stage::Closed { at: town.now() }, 1));
    assert_eq!(find(&town.db, &ada.id).await.unwrap(), closed);
    assert_eq!(town.found(&secret).await, None);
    let again = town.try_sign_in(&ada, LibraryState::Open).await;
    assert!(matches!(again, Err(PeopleError::NotActive)));
    let tx = town.begin().await;
    assert!(matches!(lock(&tx, &ada.id).await, Err(PeopleError::NotActive)));
    assert!(matches!(close(&tx, &ada.id, &town.ambient).await, Err(PeopleError::NotActive)));
}

#[tokio::test]
async fn a_closed_person_may_come_back_until_she_is_forgotten() {
    let town = Town::new().await;
    let ada = town.ada().await;
    town.close(&ada).await;
    assert!(town.accepts("ada@example.org", "correct horse").await);
    let tx = town.begin().await;
    let back = reopen(&tx, &ada.id).await.unwrap();
    assert_eq!((back.stage, back.epoch), (Stage::Active, 1));
    assert!(matches!(forget(&tx, &ada.id).await, Err(PeopleError::NotActive)));
    tx.commit().await.unwrap();

    town.fails("ada@example.org", "192.0.2.1").await;
    town.close(&ada).await;
    let tx = town.begin().await;
    forget(&tx, &ada.id).await.unwrap();
    assert!(matches!(reopen(&tx, &ada.id).await, Err(PeopleError::NotActive)));
    tx.commit().await.unwrap();
    let forgotten = find(&town.db, &ada.id).await.unwrap();
    assert_eq!((forgotten.email, forgotten.name), (None, None));
    assert!(row::sign_in_attempt::Entity::find().all(&town.db).await.unwrap().is_empty());
    assert!(row::password::Entity::find().all(&town.db).await.unwrap().is_empty());
    assert_ne!(town.ada().await.id, ada.id);
}

#[tokio::test]
async fn an_invitation_that_was_closed_does_not_reopen_without_a_password() {
    let town = Town::new().await;
    let invited = town.invite("ada@example.org").await.unwrap();
    town.close(&invited).await;
    let tx = town.begin().await;
    assert!(matches!(reopen(&tx, &invited.id).await, Err(PeopleError::NotActive)));
}

#[tokio::test]
async fn operators_page_through_all_persons() {
    let town = Town::new().await;
    let mut made = vec![];
    for name in ["a", "b", "c"] {
        town.clock.advance(TimeDelta::milliseconds(1));
        made.push(town.invite(&format!("{name}@example.org")).await.unwrap());
    }
    let first = list(&town.db, &Cursor::new(None, Some(2))).await.unwrap();
    assert_eq!(first.items, made[..2]);
    let second = list(&town.db, &Cursor::new(first.next, Some(2))).await.unwrap();
    assert_eq!((second.items, second.next), (made[2..].to_vec(), None));
}

#[tokio::test]
async fn a_sign_in_is_found_by_its_secret_alone() {
    let town = Town::new().await;
    let ada = town.ada().await;
    let (sign_in, secret) = town.try_sign_in(&ada, LibraryState::Locked).await.unwrap();
    assert_eq!(town.found(&secret).await, Some(sign_in));
    let other = Secret::generate(SecretKind::SignIn, &town.ambient);
    assert_eq!(town.found(&other).await, None);
    let stored = row::sign_in::Entity::find().one(&town.db).await.unwrap().unwrap();
    assert_eq!(stored.digest, secret.digest().as_bytes());
}

#[tokio::test]
async fn a_sign_in_lasts_two_weeks_unseen_and_ninety_days_at_most() {
    let town = Town::new().await;
    let ada = town.ada().await;
    let (idle, idle_secret) = town.signs_in(&ada).await;
    let (_, busy_secret) = town.signs_in(&ada).await;
    for _ in 0..9 {
        town.clock.advance(TimeDelta::days(10) - TimeDelta::milliseconds(1));
        let busy = town.found(&busy_secret).await.expect("seen ten days ago");
        assert!(town.touch(&busy).await);
    }
    assert_eq!(town.found(&idle_secret).await, None);
    assert!(!town.touch(&idle).await, "touching does not bring it back");
    assert_eq!(town.found(&idle_secret).await, None);

    town.clock.advance(TimeDelta::milliseconds(8));
    assert!(town.found(&busy_secret).await.is_some());
    town.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(town.found(&busy_secret).await, None);
}

#[tokio::test]
async fn being_seen_is_written_once_a_minute() {
    let town = Town::new().await;
    let ada = town.ada().await;
    let (sign_in, secret) = town.signs_in(&ada).await;
    town.clock.advance(TimeDelta::seconds(59));
    assert!(!town.touch(&sign_in).await);
    town.clock.advance(TimeDelta::seconds(1));
    assert!(town.touch(&sign_in).await);
    assert!(!town.touch(&sign_in).await, "a request at the same time finds it done");
    let seen = town.found(&secret).await.unwrap();
    assert_eq!((seen.last_seen_at, seen.authenticated_at), (town.now(), sign_in.created_at));
}

#[tokio::test]
async fn proving_again_who_she_is_opens_a_locked_library() {
    let town = Town::new().await;
    let ada = town.ada().await;
    let (sign_in, secret) = town.try_sign_in(&ada, LibraryState::Locked).await.unwrap();
    town.clock.advance(TimeDelta::hours(1));
    let bob = town.try_sign_up("bob@example.org").await.unwrap();
    let tx = town.begin().await;
    let (proof, at) = (LibraryState::Open, &town.ambient);
    let foreign = reauthenticate(&tx, &bob.id, &sign_in.id, proof, at).await;
    assert!(matches!(foreign, Err(PeopleError::UnknownPerson)));
    let opened = reauthenticate(&tx, &ada.id, &sign_in.id, proof, at).await.unwrap();
    let still = reauthenticate(&tx, &ada.id, &sign_in.id, LibraryState::Locked, at).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((opened.library, opened.authenticated_at), (LibraryState::Open, town.now()));
    assert_eq!(still.library, LibraryState::Open);
    assert_eq!(town.found(&secret).await, Some(still));
}

#[tokio::test]
async fn a_person_ends_her_own_sign_ins_and_nobody_elses() {
    let town = Town::new().await;
    let (ada, bob) = (town.ada().await, town.try_sign_up("bob@example.org").await.unwrap());
    let (here, _) = town.signs_in(&ada).await;
    let (there, secret) = town.signs_in(&ada).await;
    let (elsewhere, _) = town.signs_in(&ada).await;
    let (bobs, bobs_secret) = town.signs_in(&bob).await;

    let tx = town.begin().await;
    assert!(!end_sign_in(&tx, &ada.id, &bobs.id).await.unwrap());
    assert!(end_sign_in(&tx, &ada.id, &there.id).await.unwrap());
    assert!(!end_sign_in(&tx, &ada.id, &there.id).await.unwrap());
    assert_eq!(end_all(&tx, &ada.id, Some(&here.id)).await.unwrap(), [elsewhere.id]);
    tx.commit().await.unwrap();

    assert_eq!(town.found(&secret).await, None);
    assert_eq!(town.found(&bobs_secret).await, Some(bobs));
    assert_eq!(list_sign_ins(&town.db, &ada.id, town.now()).await.unwrap(), [here]);
}

#[tokio::test]
async fn her_sign_ins_are_listed_the_last_seen_first() {
    let town = Town::new().await;
    let ada = town.ada().await;
    let (old, _) = town.signs_in(&ada).await;
    town.clock.advance(TimeDelta::days(13));
    let (new, _) = town.signs_in(&ada).await;
    let listed = list_sign_ins(&town.db, &ada.id, town.now()).await.unwrap();
    assert_eq!(listed, [new.clone(), old]);
    town.clock.advance(TimeDelta::days(1));
    assert_eq!(list_sign_ins(&town.db, &ada.id, town.now()).await.unwrap(), [new]);
}

#[tokio::test]
async fn after_five_failures_from_one_place_the_wait_doubles() {
    let town = Town::new().await;
    for _ in 0..5 {
        assert_eq!(town.fails("ada@example.org", "192.0.2.1").await, None);
    }
    for wait in [1, 2, 4, 8] {
        assert_eq!(town.fails(" ADA@example.org", "192.0.2.1").await, Some(wait));
        assert!(!town.may_try("ada@example.org", "192.0.2.1").await);
        town.clock.advance(TimeDelta::seconds(wait.cast_signed()));
        assert_eq!(town.fails("ada@example.org", "192.0.2.1").await, None);
    }
    assert!(town.may_try("ada@example.org", "192.0.2.2").await);
    assert!(town.may_try("bob@example.org", "192.0.2.1").await);
}

#[tokio::test]
async fn a_success_clears_what_was_counted_for_that_place() {
    let town = Town::new().await;
    for _ in 0..5 {
        town.fails("ada@example.org", "192.0.2.1").await;
    }
    assert!(!town.may_try("ada@example.org", "192.0.2.1").await);
    town.succeeds("ada@example.org", "192.0.2.1").await;
    for _ in 0..5 {
        assert_eq!(town.fails("ada@example.org", "192.0.2.1").await, None);
    }
}

#[tokio::test]
async fn strangers_from_everywhere_slow_each_other_down_but_not_the_owner() {
    let town = Town::new().await;
    town.succeeds("ada@example.org", "192.0.2.1").await;
    for stranger in 0..50 {
        assert_eq!(town.fails("ada@example.org", &format!("198.51.100.{stranger}")).await, None);
    }
    assert_eq!(town.fails("ada@example.org", "203.0.113.1").await, Some(1));
    assert!(town.may_try("ada@example.org", "192.0.2.1").await);
    assert!(town.may_try("bob@example.org", "203.0.113.1").await);
}

#[tokio::test]
async fn many_who_sign_up_from_one_address_wait_longer_and_longer() {
    let town = Town::new().await;
    let here = "192.0.2.1";
    assert_eq!([town.signs_up(here).await, town.signs_up(here).await], [None, None]);
    for wait in [1, 2, 4] {
        assert_eq!(town.signs_up(here).await, Some(wait));
        town.clock.advance(TimeDelta::seconds(wait.cast_signed()));
        assert_eq!(town.signs_up(here).await, None);
    }
    assert_eq!(town.signs_up("192.0.2.2").await, None);
    assert!(town.may_try("ada@example.org", here).await);
    town.clock.advance(TimeDelta::days(1));
    assert_eq!([town.signs_up(here).await, town.signs_up(here).await], [None, None]);
    assert_eq!(town.signs_up(here).await, Some(1));
}

#[tokio::test]
async fn sweeping_removes_what_no_longer_counts() {
    let town = Town::new().await;
    let ada = town.ada().await;
    let (old, _) = town.signs_in(&ada).await;
    town.fails("bob@example.org", "192.0.2.1").await;
    town.succeeds("ada@example.org", "192.0.2.1").await;
    town.clock.advance(TimeDelta::days(14));
    let (new, secret) = town.signs_in(&ada).await;

    let tx = town.begin().await;
    assert_eq!(sweep(&tx, &town.ambient).await.unwrap(), [old.id]);
    tx.commit().await.unwrap();
    assert_eq!(town.found(&secret).await, Some(new));
    let kept = row::sign_in_attempt::Entity::find().all(&town.db).await.unwrap();
    assert_eq!(kept.iter().map(|row| row.known).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_named() {
    let town = Town::new().await;
    let ada = town.ada().await;
    town.db.execute_unprepared("UPDATE password SET salt = x'00'").await.unwrap();
    let error = credentials(&town.db, "ada@example.org").await.unwrap_err();
    assert_eq!(error.to_string(), format!("row {} of table password makes no sense", ada.id));
}
