//! Sign-up, sign-in, recovery and passwords: where persons and their libraries meet.

use std::net::IpAddr;

use consent_core::{Actor, PersonId, SignInId};
use consent_crypto::{PasswordKeys, Place, Secret, SecretKind};
use consent_library::{Library, LibraryKey, NewSlot, Opener, SlotKind};
use consent_people::{
    Credentials, LibraryState, NewPerson, NewSignIn, PasswordRecord, PeopleError, Person, SignIn, attempts,
};
use consent_store::Tx;
use sea_orm::ConnectionTrait;

use super::{FlowError, on_behalf::resume_what_waits};
use crate::platform::Platform;

/// A person who proved who she is, and the secret that says so.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Her sign-in.
    pub sign_in: SignIn,
    /// Opens her library, unless the sign-in is locked.
    pub secret: Secret,
}

impl SignedIn {
    /// She herself, as whoever does something.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Person(self.sign_in.person.clone())
    }
}

/// What sign-up gives.
#[derive(Debug)]
pub struct SignedUp {
    /// The person.
    pub person: Person,
    /// Her first sign-in.
    pub signed_in: SignedIn,
    /// Opens her library when the password is lost; shown once.
    pub recovery_code: Secret,
}

/// A password on its way into the database.
#[derive(Debug, Clone, Copy)]
pub struct NewPassword<'a> {
    /// The e-mail address it belongs to.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
}

/// Makes a person, her library, and the slots that open it. Many from one network address have to wait.
pub async fn sign_up(
    platform: &Platform,
    new: NewPassword<'_>,
    name: Option<String>,
    address: IpAddr,
    user_agent: Option<String>,
) -> Result<SignedUp, FlowError> {
    consent_people::check_password(new.password, new.email)?;
    let place = platform.hasher.place()?;
    admit_sign_up(platform, address).await?;
    let (record, keys) = derive_new(platform, place, new).await?;
    let tx = platform.db.begin_write().await?;
    let new = NewPerson { email: new.email.to_owned(), name, password: record };
    let person = consent_people::insert_person(&tx, new, &platform.ambient).await?;
    let (library, key) = consent_library::found(&tx, &person.id, &platform.ambient).await?;
    put_password_slot(platform, &tx, &library, &key, &keys).await?;
    let recovery_code = put_recovery_slot(platform, &tx, &library, &key).await?;
    let signed_in = open_sign_in(platform, &tx, &library, &key, user_agent).await?;
    tx.commit().await?;
    Ok(SignedUp { person, signed_in, recovery_code })
}

/// Signs a person in with her password. An unknown e-mail address costs the same work and answers the same.
pub async fn sign_in(
    platform: &Platform,
    email: &str,
    password: &str,
    address: IpAddr,
    user_agent: Option<String>,
) -> Result<SignedIn, FlowError> {
    let place = platform.hasher.place()?;
    admit(platform, email, address).await?;
    let (credentials, keys) = check_password(platform, place, email, password).await?;
    let tx = platform.db.begin_write().await?;
    let library = consent_library::find_library(&tx, &credentials.person).await?;
    let key = open_by_password(platform, &tx, &credentials.person, &keys).await?;
    let signed_in = open_sign_in(platform, &tx, &library, &key, user_agent).await?;
    attempts::record(&tx, email, address, true, &platform.ambient).await?;
    tx.commit().await?;
    resume_what_waits(platform, &signed_in).await;
    Ok(signed_in)
}

/// Sets a new password with the recovery code, and ends all sign-ins.
pub async fn recover(
    platform: &Platform,
    code: &Secret,
    new: NewPassword<'_>,
    address: IpAddr,
    user_agent: Option<String>,
) -> Result<SignedIn, FlowError> {
    let place = platform.hasher.place()?;
    admit(platform, new.email, address).await?;
    let (record, keys) = derive_new(platform, place, new).await?;
    let now = platform.ambient.now();
    let tx = platform.db.begin_write().await?;
    let person = consent_people::find_by_email(&tx, new.email).await?.ok_or(PeopleError::WrongPassword)?.id;
    let opened =
        consent_library::open_slot(&tx, SlotKind::Recovery, person.as_str(), Opener::Secret(code), now).await;
    let key: LibraryKey = opened.map_err(|_| PeopleError::WrongPassword)?;
    let library = consent_library::find_library(&tx, &person).await?;
    consent_people::replace_password(&tx, &person, record).await?;
    put_password_slot(platform, &tx, &library, &key, &keys).await?;
    end_other_sign_ins(&tx, &person, None).await?;
    let signed_in = open_sign_in(platform, &tx, &library, &key, user_agent).await?;
    attempts::record(&tx, new.email, address, true, &platform.ambient).await?;
    tx.commit().await?;
    resume_what_waits(platform, &signed_in).await;
    Ok(signed_in)
}

/// Replaces the password and ends all other sign-ins; asks for the old one.
pub async fn change_password(
    platform: &Platform,
    who: &SignedIn,
    old: &str,
    new: &str,
    address: IpAddr,
) -> Result<(), FlowError> {
    let (email, credentials) = prove_again(platform, who, old, address).await?;
    let (record, keys) =
        derive_new(platform, platform.hasher.place()?, NewPassword { email: &email, password: new }).await?;
    let tx = platform.db.begin_write().await?;
    let (library, key) = open_library(platform, &tx, who).await?;
    consent_people::change_password(&tx, &credentials, record).await?;
    put_password_slot(platform, &tx, &library, &key, &keys).await?;
    end_other_sign_ins(&tx, &who.sign_in.person, Some(&who.sign_in)).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes a new recovery code, which ends the old one; asks for the password.
pub async fn new_recovery_code(
    platform: &Platform,
    who: &SignedIn,
    password: &str,
    address: IpAddr,
) -> Result<Secret, FlowError> {
    prove_again(platform, who, password, address).await?;
    let tx = platform.db.begin_write().await?;
    let (library, key) = open_library(platform, &tx, who).await?;
    let code = put_recovery_slot(platform, &tx, &library, &key).await?;
    tx.commit().await?;
    Ok(code)
}

/// Ends a sign-in.
pub async fn sign_out(platform: &Platform, who: &SignedIn) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    consent_people::end_sign_in(&tx, &who.sign_in.person, &who.sign_in.id).await?;
    consent_library::remove_slots(&tx, &[SlotKind::SignIn], &[who.sign_in.id.as_str()]).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends one of her sign-ins, this one or another; false when she has no such sign-in.
pub async fn end_sign_in(platform: &Platform, who: &SignedIn, id: &SignInId) -> Result<bool, FlowError> {
    let tx = platform.db.begin_write().await?;
    let ended = consent_people::end_sign_in(&tx, &who.sign_in.person, id).await?;
    if ended {
        consent_library::remove_slots(&tx, &[SlotKind::SignIn], &[id.as_str()]).await?;
    }
    tx.commit().await?;
    Ok(ended)
}

/// The library key, for a person whose sign-in opens it.
pub async fn open_library(
    platform: &Platform,
    db: &impl ConnectionTrait,
    who: &SignedIn,
) -> Result<(Library, LibraryKey), FlowError> {
    if who.sign_in.library == LibraryState::Locked {
        return Err(FlowError::Locked);
    }
    let library = consent_library::find_library(db, &who.sign_in.person).await?;
    let (holder, opener) = (who.sign_in.id.as_str(), Opener::Secret(&who.secret));
    let key =
        consent_library::open_slot(db, SlotKind::SignIn, holder, opener, platform.ambient.now()).await?;
    Ok((library, key))
}

async fn admit(platform: &Platform, email: &str, address: IpAddr) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    attempts::admit(&tx, email, address, &platform.ambient).await?;
    tx.commit().await?;
    Ok(())
}

async fn admit_sign_up(platform: &Platform, address: IpAddr) -> Result<(), FlowError> {
    let tx = platform.db.begin_write().await?;
    let free = platform.config.limits.sign_ups_per_day;
    attempts::admit_sign_up(&tx, address, free, &platform.ambient).await?;
    tx.commit().await?;
    Ok(())
}

async fn check_password(
    platform: &Platform,
    place: Place,
    email: &str,
    password: &str,
) -> Result<(Credentials, PasswordKeys), FlowError> {
    let known = consent_people::credentials(&platform.db, email).await?;
    let credentials = known.unwrap_or_else(|| consent_people::dummy_credentials(platform.hasher.params()));
    let keys = platform.hasher.derive(place, password, &credentials.salt, credentials.params).await?;
    if consent_people::verify(&credentials, &keys) {
        Ok((credentials, keys))
    } else {
        Err(PeopleError::WrongPassword.into())
    }
}

/// Asks a signed-in person for her password once more.
pub(super) async fn prove_again(
    platform: &Platform,
    who: &SignedIn,
    password: &str,
    address: IpAddr,
) -> Result<(String, Credentials), FlowError> {
    let person = consent_people::find(&platform.db, &who.sign_in.person).await?;
    let email = person.email.ok_or(PeopleError::NotActive)?;
    let place = platform.hasher.place()?;
    admit(platform, &email, address).await?;
    let (credentials, _) = check_password(platform, place, &email, password).await?;
    let tx = platform.db.begin_write().await?;
    attempts::record(&tx, &email, address, true, &platform.ambient).await?;
    tx.commit().await?;
    Ok((email, credentials))
}

async fn derive_new(
    platform: &Platform,
    place: Place,
    new: NewPassword<'_>,
) -> Result<(PasswordRecord, PasswordKeys), FlowError> {
    consent_people::check_password(new.password, new.email)?;
    let (salt, params) = (platform.ambient.random(), platform.hasher.params());
    let keys = platform.hasher.derive(place, new.password, &salt, params).await?;
    Ok((PasswordRecord { salt, params, verifier: keys.verifier }, keys))
}

async fn open_by_password(
    platform: &Platform,
    tx: &Tx,
    person: &PersonId,
    keys: &PasswordKeys,
) -> Result<LibraryKey, FlowError> {
    let (opener, now) = (Opener::Key(&keys.slot_key), platform.ambient.now());
    Ok(consent_library::open_slot(tx, SlotKind::Password, person.as_str(), opener, now).await?)
}

async fn put_password_slot(
    platform: &Platform,
    tx: &Tx,
    library: &Library,
    key: &LibraryKey,
    keys: &PasswordKeys,
) -> Result<(), FlowError> {
    put_slot(platform, tx, library, key, SlotKind::Password, Opener::Key(&keys.slot_key)).await
}

async fn put_recovery_slot(
    platform: &Platform,
    tx: &Tx,
    library: &Library,
    key: &LibraryKey,
) -> Result<Secret, FlowError> {
    let code = Secret::generate(SecretKind::RecoveryCode, &platform.ambient);
    put_slot(platform, tx, library, key, SlotKind::Recovery, Opener::Secret(&code)).await?;
    Ok(code)
}

/// Replaces the one slot of this kind that a person has.
async fn put_slot(
    platform: &Platform,
    tx: &Tx,
    library: &Library,
    key: &LibraryKey,
    kind: SlotKind,
    opener: Opener<'_>,
) -> Result<(), FlowError> {
    let (owner, holder) = (consent_people::lock(tx, &library.person).await?, library.person.as_str());
    consent_library::remove_slots(tx, &[kind], &[holder]).await?;
    let slot = NewSlot { kind, holder, opener, not_after: None };
    consent_library::insert_slots(tx, &owner, &library.id, key.key(), &[slot], &platform.ambient).await?;
    Ok(())
}

async fn open_sign_in(
    platform: &Platform,
    tx: &Tx,
    library: &Library,
    key: &LibraryKey,
    user_agent: Option<String>,
) -> Result<SignedIn, FlowError> {
    let (ambient, policy) = (&platform.ambient, platform.sign_in_policy());
    let new = NewSignIn { library: LibraryState::Open, user_agent, policy };
    let (sign_in, secret) = consent_people::sign_in(tx, &library.person, new, ambient).await?;
    let owner = consent_people::lock(tx, &library.person).await?;
    let (holder, opener) = (sign_in.id.as_str(), Opener::Secret(&secret));
    let not_after = Some(sign_in.created_at + policy.longest_for);
    let slot = NewSlot { kind: SlotKind::SignIn, holder, opener, not_after };
    consent_library::insert_slots(tx, &owner, &library.id, key.key(), &[slot], ambient).await?;
    Ok(SignedIn { sign_in, secret })
}

async fn end_other_sign_ins(tx: &Tx, person: &PersonId, except: Option<&SignIn>) -> Result<(), FlowError> {
    let ended = consent_people::end_all(tx, person, except.map(|sign_in| &sign_in.id)).await?;
    let holders: Vec<_> = ended.iter().map(SignInId::as_str).collect();
    Ok(consent_library::remove_slots(tx, &[SlotKind::SignIn], &holders).await?)
}
