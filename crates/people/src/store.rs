//! Where persons and their sign-ins are kept.

use chrono::{DateTime, Utc};
use consent_core::{Ambient, Cursor, OpenOwner, Owner, Page, PersonId, SignInId};
use consent_crypto::{Digest, Secret, SecretKind};
use consent_store::{StoreError, Tx};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait,
    IntoActiveModel, ModelTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

use crate::{
    Credentials, LibraryState, NewPerson, NewSignIn, PasswordRecord, PeopleError, Person, SignIn,
    SignInPolicy, Stage,
    attempts::{FORGOTTEN_AFTER, KNOWN_FOR, Key, Tally, email_digest},
    check_name, normalise_email, row,
};

/// The person.
pub async fn find(db: &impl ConnectionTrait, id: &PersonId) -> Result<Person, PeopleError> {
    let row = row::person::Entity::find_by_id(id.clone()).one(db).await?;
    Ok(row.ok_or(PeopleError::UnknownPerson)?.try_into()?)
}

/// The person with this e-mail address, in whatever spelling.
pub async fn find_by_email(db: &impl ConnectionTrait, email: &str) -> Result<Option<Person>, PeopleError> {
    let Ok(email) = normalise_email(email) else { return Ok(None) };
    let row = row::person::Entity::find().filter(row::person::Column::Email.eq(email)).one(db).await?;
    Ok(row.map(Person::try_from).transpose()?)
}

/// All persons, for operators.
pub async fn list(db: &impl ConnectionTrait, cursor: &Cursor) -> Result<Page<Person>, PeopleError> {
    let mut query = row::person::Entity::find().order_by_asc(row::person::Column::Id).limit(cursor.limit + 1);
    if let Some(after) = &cursor.after {
        let reason = "must be what the page before gave as next";
        let after: PersonId = after.parse().map_err(|_| PeopleError::Invalid { field: "after", reason })?;
        query = query.filter(row::person::Column::Id.gt(after));
    }
    let persons: Result<Vec<Person>, _> = query.all(db).await?.into_iter().map(Person::try_from).collect();
    Ok(Page::cut(persons?, cursor, |person| person.id.to_string()))
}

/// Whether there are throw-away persons, which only sandbox mode may have.
pub async fn has_throwaways(db: &impl ConnectionTrait) -> Result<bool, PeopleError> {
    let any = row::person::Entity::find().filter(row::person::Column::Throwaway.eq(true));
    Ok(any.one(db).await?.is_some())
}

/// Signs somebody up; a person who was invited keeps her id.
pub async fn insert_person(tx: &Tx, new: NewPerson, ambient: &Ambient) -> Result<Person, PeopleError> {
    let email = normalise_email(&new.email)?;
    let name = check_name(new.name.as_deref())?;
    let person = match locked_by_email(tx, &email).await? {
        Some(invited) => {
            let stage = invited.stage.sign_up()?;
            update(tx, Person { stage, name: name.or(invited.name.clone()), ..invited }).await?
        }
        None => insert(tx, Person { name, ..newborn(Stage::Active, Some(email), ambient) }).await?,
    };
    put_password(tx, &person.id, new.password).await?;
    Ok(person)
}

/// Makes a person without e-mail address and password, for automatic onboarding in a sandbox.
pub async fn insert_throwaway(tx: &Tx, name: Option<&str>, ambient: &Ambient) -> Result<Person, PeopleError> {
    let name = check_name(name)?;
    insert(tx, Person { name, throwaway: true, ..newborn(Stage::Active, None, ambient) }).await
}

/// Makes a person without password and library, who may sign up later; inviting her again changes nothing.
pub async fn invite(tx: &Tx, email: &str, ambient: &Ambient) -> Result<Person, PeopleError> {
    let email = normalise_email(email)?;
    match locked_by_email(tx, &email).await? {
        Some(person) if person.stage == Stage::Invited => Ok(person),
        Some(_) => Err(PeopleError::EmailTaken),
        None => insert(tx, newborn(Stage::Invited, Some(email), ambient)).await,
    }
}

/// Locks an active person, so that nobody closes her before this transaction ends.
pub async fn lock(tx: &Tx, id: &PersonId) -> Result<OpenOwner, PeopleError> {
    let row = row::person::Entity::find_by_id(id.clone()).lock_shared().one(tx).await?;
    let person = Person::try_from(row.ok_or(PeopleError::UnknownPerson)?)?;
    if !person.stage.is_active() {
        return Err(PeopleError::NotActive);
    }
    Ok(OpenOwner::locked(Owner::Person(person.id), person.epoch, true))
}

/// Closes a person, raises her epoch and ends her sign-ins; waits for whoever holds [`lock`].
pub async fn close(tx: &Tx, id: &PersonId, ambient: &Ambient) -> Result<Person, PeopleError> {
    let person = locked(tx, id).await?;
    let stage = person.stage.close(ambient.now())?;
    end_all(tx, id, None).await?;
    update(tx, Person { stage, epoch: person.epoch + 1, ..person }).await
}

/// Undoes [`close`], for a person who has proved who she is; refused for one who never signed up or was forgotten.
pub async fn reopen(tx: &Tx, id: &PersonId) -> Result<Person, PeopleError> {
    let person = locked(tx, id).await?;
    let stage = person.stage.reopen()?;
    row::password::Entity::find_by_id(id.clone()).one(tx).await?.ok_or(PeopleError::NotActive)?;
    update(tx, Person { stage, ..person }).await
}

/// Removes what a closed person can be recognised by: e-mail address, name, password, attempts to sign in.
pub async fn forget(tx: &Tx, id: &PersonId) -> Result<(), PeopleError> {
    let person = locked(tx, id).await?;
    if !matches!(person.stage, Stage::Closed { .. }) {
        return Err(PeopleError::NotActive);
    }
    if let Some(email) = &person.email {
        let hers = row::sign_in_attempt::Column::EmailDigest.eq(email_digest(email).to_vec());
        row::sign_in_attempt::Entity::delete_many().filter(hers).exec(tx).await?;
    }
    row::password::Entity::delete_by_id(id.clone()).exec(tx).await?;
    update(tx, Person { email: None, name: None, ..person }).await?;
    Ok(())
}

/// What to check a password against; for an unknown e-mail address check against [`crate::dummy_credentials`].
///
/// Closed persons have credentials too, with which they may ask to be opened again; [`sign_in`] refuses them.
pub async fn credentials(db: &impl ConnectionTrait, email: &str) -> Result<Option<Credentials>, PeopleError> {
    let Some(person) = find_by_email(db, email).await? else { return Ok(None) };
    let row = row::password::Entity::find_by_id(person.id).one(db).await?;
    Ok(row.map(Credentials::try_from).transpose()?)
}

/// Replaces the password that was verified; refused when it is no longer the one that is kept.
pub async fn change_password(
    tx: &Tx,
    verified: &Credentials,
    new: PasswordRecord,
) -> Result<(), PeopleError> {
    must_be_active(&locked(tx, &verified.person).await?)?;
    let row = row::password::Entity::find_by_id(verified.person.clone()).one(tx).await?;
    let kept = row.map(Credentials::try_from).transpose()?.ok_or(PeopleError::WrongPassword)?;
    if kept.verifier != verified.verifier {
        return Err(PeopleError::WrongPassword);
    }
    put_password(tx, &verified.person, new).await
}

/// Sets the password of a person who proved in another way who she is.
pub async fn replace_password(tx: &Tx, id: &PersonId, new: PasswordRecord) -> Result<(), PeopleError> {
    must_be_active(&locked(tx, id).await?)?;
    put_password(tx, id, new).await
}

/// Signs an active person in; the secret goes to her browser and nowhere else.
pub async fn sign_in(
    tx: &Tx,
    person: &PersonId,
    new: NewSignIn,
    ambient: &Ambient,
) -> Result<(SignIn, Secret), PeopleError> {
    lock(tx, person).await?;
    let sign_in = new.begin(ambient.new_id(), person.clone(), ambient.now());
    let secret = Secret::generate(SecretKind::SignIn, ambient);
    let row = row::sign_in::Model {
        id: sign_in.id.clone(),
        person_id: sign_in.person.clone(),
        digest: secret.digest().as_bytes().to_vec(),
        library: sign_in.library.as_str().to_owned(),
        user_agent: sign_in.user_agent.clone(),
        created_at: sign_in.created_at,
        last_seen_at: sign_in.last_seen_at,
        expires_at: sign_in.expires_at,
        authenticated_at: sign_in.authenticated_at,
    };
    row::sign_in::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok((sign_in, secret))
}

/// The sign-in that this secret belongs to, unless it has expired or was ended.
pub async fn find_sign_in(
    db: &impl ConnectionTrait,
    secret: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<SignIn>, PeopleError> {
    let digest = secret.digest().as_bytes().to_vec();
    let live = row::sign_in::Entity::find()
        .filter(row::sign_in::Column::Digest.eq(digest))
        .filter(row::sign_in::Column::ExpiresAt.gt(now));
    Ok(live.one(db).await?.map(SignIn::try_from).transpose()?)
}

/// Notes that she was seen, which puts off the end; true if there was something to write, at most once a minute.
pub async fn touch(
    tx: &Tx,
    sign_in: &SignIn,
    policy: &SignInPolicy,
    ambient: &Ambient,
) -> Result<bool, PeopleError> {
    let now = ambient.now();
    let touched = row::sign_in::Entity::update_many()
        .set(row::sign_in::ActiveModel {
            last_seen_at: Set(now),
            expires_at: Set(policy.expires_at(sign_in.created_at, now)),
            ..Default::default()
        })
        .filter(row::sign_in::Column::Id.eq(sign_in.id.clone()))
        .filter(row::sign_in::Column::LastSeenAt.lte(now - SignIn::SEEN_EVERY))
        .filter(row::sign_in::Column::ExpiresAt.gt(now));
    Ok(touched.exec(tx).await?.rows_affected > 0)
}

/// Notes that she proved again who she is; a proof that opens the library opens it for this sign-in.
pub async fn reauthenticate(
    tx: &Tx,
    person: &PersonId,
    id: &SignInId,
    proof: LibraryState,
    ambient: &Ambient,
) -> Result<SignIn, PeopleError> {
    lock(tx, person).await?;
    let now = ambient.now();
    let live = hers(person, id).filter(row::sign_in::Column::ExpiresAt.gt(now)).lock_exclusive();
    let row = live.one(tx).await?.ok_or(PeopleError::UnknownPerson)?;
    let before = SignIn::try_from(row.clone())?;
    let mut row = row.into_active_model();
    row.authenticated_at = Set(now);
    row.library = Set(before.library.or_open_by(proof).as_str().to_owned());
    Ok(row.update(tx).await?.try_into()?)
}

/// Her sign-ins, the one seen last first; at most 200.
pub async fn list_sign_ins(
    db: &impl ConnectionTrait,
    person: &PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<SignIn>, PeopleError> {
    let live = row::sign_in::Entity::find()
        .filter(row::sign_in::Column::PersonId.eq(person.clone()))
        .filter(row::sign_in::Column::ExpiresAt.gt(now))
        .order_by_desc(row::sign_in::Column::LastSeenAt)
        .order_by_desc(row::sign_in::Column::Id)
        .limit(200);
    let rows = live.all(db).await?.into_iter();
    Ok(rows.map(SignIn::try_from).collect::<Result<_, _>>()?)
}

/// Whether a sign-in of hers is still good.
pub async fn is_signed_in(
    db: &impl ConnectionTrait,
    person: &PersonId,
    id: &SignInId,
    now: DateTime<Utc>,
) -> Result<bool, PeopleError> {
    let live = hers(person, id).filter(row::sign_in::Column::ExpiresAt.gt(now));
    Ok(live.one(db).await?.is_some())
}

/// Ends one of her sign-ins; true unless it had ended already.
pub async fn end_sign_in(tx: &Tx, person: &PersonId, id: &SignInId) -> Result<bool, PeopleError> {
    match hers(person, id).one(tx).await? {
        Some(row) => Ok(row.delete(tx).await?.rows_affected > 0),
        None => Ok(false),
    }
}

/// Ends all her sign-ins, or all but one, and says which: their slots are to be removed in the same transaction.
pub async fn end_all(
    tx: &Tx,
    person: &PersonId,
    except: Option<&SignInId>,
) -> Result<Vec<SignInId>, PeopleError> {
    let mut ended =
        row::sign_in::Entity::delete_many().filter(row::sign_in::Column::PersonId.eq(person.clone()));
    if let Some(kept) = except {
        ended = ended.filter(row::sign_in::Column::Id.ne(kept.clone()));
    }
    let rows = ended.exec_with_returning(tx).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Removes expired sign-ins, which it names, and attempts that no longer count.
pub async fn sweep(tx: &Tx, ambient: &Ambient) -> Result<Vec<SignInId>, PeopleError> {
    use row::sign_in_attempt::Column;
    let now = ambient.now();
    let over = Column::At.lte(now - FORGOTTEN_AFTER).and(Column::Known.eq(false));
    let over = over.or(Column::At.lte(now - KNOWN_FOR));
    row::sign_in_attempt::Entity::delete_many().filter(over).exec(tx).await?;
    let expired = row::sign_in::Entity::delete_many().filter(row::sign_in::Column::ExpiresAt.lte(now));
    let rows = expired.exec_with_returning(tx).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

pub(crate) async fn tally(db: &impl ConnectionTrait, key: &Key) -> Result<Option<Tally>, PeopleError> {
    Ok(counted(key).one(db).await?.map(Tally::from))
}

/// The tally, locked; made when missing, so that even the first attempts of two are counted one by one.
pub(crate) async fn locked_tally(tx: &Tx, key: &Key, now: DateTime<Utc>) -> Result<Tally, PeopleError> {
    use row::sign_in_attempt::Column;
    let none = Tally { failures: 0, known: false, at: now };
    let missing = OnConflict::columns([Column::EmailDigest, Column::AddressDigest]).do_nothing().to_owned();
    row::sign_in_attempt::Entity::insert(none.row(key).into_active_model())
        .on_conflict(missing)
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(counted(key).lock_exclusive().one(tx).await?.map_or(none, Tally::from))
}

pub(crate) async fn put_tally(tx: &Tx, key: &Key, tally: Tally) -> Result<(), PeopleError> {
    let row = tally.row(key).into_active_model().reset_all();
    row.update(tx).await?;
    Ok(())
}

fn counted(key: &Key) -> sea_orm::Select<row::sign_in_attempt::Entity> {
    row::sign_in_attempt::Entity::find_by_id((key.email.to_vec(), key.address.clone()))
}

fn hers(person: &PersonId, id: &SignInId) -> sea_orm::Select<row::sign_in::Entity> {
    let mine = row::sign_in::Column::PersonId.eq(person.clone());
    row::sign_in::Entity::find_by_id(id.clone()).filter(mine)
}

fn newborn(stage: Stage, email: Option<String>, ambient: &Ambient) -> Person {
    Person {
        id: ambient.new_id(),
        email,
        name: None,
        stage,
        throwaway: false,
        epoch: 0,
        created_at: ambient.now(),
    }
}

fn must_be_active(person: &Person) -> Result<(), PeopleError> {
    if person.stage.is_active() { Ok(()) } else { Err(PeopleError::NotActive) }
}

async fn locked(tx: &Tx, id: &PersonId) -> Result<Person, PeopleError> {
    let row = row::person::Entity::find_by_id(id.clone()).lock_exclusive().one(tx).await?;
    Ok(row.ok_or(PeopleError::UnknownPerson)?.try_into()?)
}

async fn locked_by_email(tx: &Tx, email: &str) -> Result<Option<Person>, PeopleError> {
    let hers = row::person::Entity::find().filter(row::person::Column::Email.eq(email));
    Ok(hers.lock_exclusive().one(tx).await?.map(Person::try_from).transpose()?)
}

async fn insert(tx: &Tx, person: Person) -> Result<Person, PeopleError> {
    let row = row::person::Model::from(person.clone()).into_active_model();
    match row::person::Entity::insert(row).exec_without_returning(tx).await.map_err(StoreError::from) {
        Ok(_) => Ok(person),
        Err(error) if error.is_taken() => Err(PeopleError::EmailTaken),
        Err(error) => Err(error.into()),
    }
}

async fn update(tx: &Tx, person: Person) -> Result<Person, PeopleError> {
    row::person::Model::from(person.clone()).into_active_model().reset_all().update(tx).await?;
    Ok(person)
}

async fn put_password(tx: &Tx, id: &PersonId, record: PasswordRecord) -> Result<(), PeopleError> {
    use row::password::Column;
    let row = row::password::Model {
        person_id: id.clone(),
        salt: record.salt.to_vec(),
        params: serde_json::to_value(record.params).map_err(|_| StoreError::corrupt("password", id))?,
        verifier: record.verifier.as_bytes().to_vec(),
    };
    let replace = OnConflict::column(Column::PersonId)
        .update_columns([Column::Salt, Column::Params, Column::Verifier])
        .to_owned();
    let put = row::password::Entity::insert(row.into_active_model()).on_conflict(replace);
    put.exec_without_returning(tx).await?;
    Ok(())
}

impl TryFrom<row::person::Model> for Person {
    type Error = StoreError;

    fn try_from(row: row::person::Model) -> Result<Self, StoreError> {
        let stage =
            Stage::parse(&row.stage, row.closed_at).ok_or_else(|| StoreError::corrupt("person", &row.id))?;
        Ok(Self {
            id: row.id,
            email: row.email,
            name: row.name,
            stage,
            throwaway: row.throwaway,
            epoch: row.epoch,
            created_at: row.created_at,
        })
    }
}

impl From<Person> for row::person::Model {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            email: person.email,
            name: person.name,
            stage: person.stage.as_str().to_owned(),
            closed_at: person.stage.closed_at(),
            throwaway: person.throwaway,
            epoch: person.epoch,
            created_at: person.created_at,
        }
    }
}

impl TryFrom<row::password::Model> for Credentials {
    type Error = StoreError;

    fn try_from(row: row::password::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("password", &row.person_id);
        Ok(Self {
            salt: row.salt.as_slice().try_into().map_err(|_| corrupt())?,
            params: serde_json::from_value(row.params.clone()).map_err(|_| corrupt())?,
            verifier: Digest::from_slice(&row.verifier).map_err(|_| corrupt())?,
            person: row.person_id,
        })
    }
}

impl TryFrom<row::sign_in::Model> for SignIn {
    type Error = StoreError;

    fn try_from(row: row::sign_in::Model) -> Result<Self, StoreError> {
        let library =
            LibraryState::parse(&row.library).ok_or_else(|| StoreError::corrupt("sign_in", &row.id))?;
        Ok(Self {
            id: row.id,
            person: row.person_id,
            library,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
            user_agent: row.user_agent,
            authenticated_at: row.authenticated_at,
        })
    }
}

impl From<row::sign_in_attempt::Model> for Tally {
    fn from(row: row::sign_in_attempt::Model) -> Self {
        Self { failures: row.failures, known: row.known, at: row.at }
    }
}

impl Tally {
    fn row(self, key: &Key) -> row::sign_in_attempt::Model {
        row::sign_in_attempt::Model {
            email_digest: key.email.to_vec(),
            address_digest: key.address.clone(),
            failures: self.failures,
            known: self.known,
            at: self.at,
        }
    }
}

#[cfg(test)]
mod tests;
