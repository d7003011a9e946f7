//! Persons: whose data it is.

use chrono::{DateTime, Utc};
use consent_core::PersonId;

use crate::{PasswordRecord, PeopleError};

/// The human whose data it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Her id.
    pub id: PersonId,
    /// Her e-mail address, normalised; a throw-away or forgotten person has none.
    pub email: Option<String>,
    /// What to call her.
    pub name: Option<String>,
    /// Where she is in her life here.
    pub stage: Stage,
    /// Whether she was made by automatic onboarding in a sandbox: sample data only, no password.
    pub throwaway: bool,
    /// How often she was closed.
    pub epoch: i64,
    /// When she was invited or signed up.
    pub created_at: DateTime<Utc>,
}

/// Where a person is in her life here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Named by an operator or an app; has neither password nor library.
    Invited,
    /// Signed up.
    Active,
    /// Shut since then: nobody signs in, no secret gets a slot.
    Closed {
        /// Since when.
        at: DateTime<Utc>,
    },
}

impl Stage {
    /// An invited person signs up.
    pub fn sign_up(self) -> Result<Self, PeopleError> {
        match self {
            Self::Invited => Ok(Self::Active),
            Self::Active | Self::Closed { .. } => Err(PeopleError::EmailTaken),
        }
    }

    /// Shuts the door.
    pub fn close(self, at: DateTime<Utc>) -> Result<Self, PeopleError> {
        match self {
            Self::Invited | Self::Active => Ok(Self::Closed { at }),
            Self::Closed { .. } => Err(PeopleError::NotActive),
        }
    }

    /// Opens the door that [`Stage::close`] shut.
    pub fn reopen(self) -> Result<Self, PeopleError> {
        match self {
            Self::Closed { .. } => Ok(Self::Active),
            Self::Invited | Self::Active => Err(PeopleError::NotActive),
        }
    }

    /// Whether the person has signed up and is not closed.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active)
    }

    /// The stage as the database and logs spell it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Closed { .. } => "closed",
        }
    }

    pub(crate) fn closed_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Closed { at } => Some(*at),
            Self::Invited | Self::Active => None,
        }
    }

    pub(crate) fn parse(text: &str, closed_at: Option<DateTime<Utc>>) -> Option<Self> {
        match (text, closed_at) {
            ("invited", None) => Some(Self::Invited),
            ("active", None) => Some(Self::Active),
            ("closed", Some(at)) => Some(Self::Closed { at }),
            _ => None,
        }
    }
}

/// Somebody who signs up.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Her e-mail address as she typed it.
    pub email: String,
    /// What to call her.
    pub name: Option<String>,
    /// What is kept of her password.
    pub password: PasswordRecord,
}

/// The one spelling under which an e-mail address is kept: trimmed, in lower case.
///
/// Deliberately lax about what a mailbox may be called; only a letter that arrives proves an address.
pub fn normalise_email(typed: &str) -> Result<String, PeopleError> {
    let refuse = |reason| Err(PeopleError::Invalid { field: "email", reason });
    let email = typed.trim().to_lowercase();
    if email.len() > 254 {
        return refuse("an e-mail address has at most 254 characters");
    }
    if email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refuse("an e-mail address has no spaces or control characters");
    }
    match email.split('@').collect::<Vec<_>>()[..] {
        [mailbox, domain] if !mailbox.is_empty() && !domain.is_empty() => Ok(email),
        _ => refuse("an e-mail address has one @, with something before and behind it"),
    }
}

/// The name without white space around it; none when nothing is left.
pub fn check_name(typed: Option<&str>) -> Result<Option<String>, PeopleError> {
    let refuse = |reason| Err(PeopleError::Invalid { field: "name", reason });
    let name = typed.unwrap_or_default().trim();
    if name.chars().count() > 200 {
        return refuse("a name has at most 200 characters");
    }
    if name.chars().any(char::is_control) {
        return refuse("a name has no control characters");
    }
    Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_kept_in_one_spelling() {
        assert_eq!(normalise_email("  Ada@Example.ORG \n").unwrap(), "ada@example.org");
        assert_eq!(normalise_email("ÉMILE@exämple.fr").unwrap(), "émile@exämple.fr");
    }

    #[test]
    fn text_that_is_no_address_is_refused_with_a_reason() {
        let long = format!("{}@example.org", "a".repeat(243));
        for typed in
            ["", "ada", "@example.org", "ada@", "a@b@c", "a da@example.org", "a\0@example.org", &long]
        {
            let refused = normalise_email(typed);
            assert!(matches!(refused, Err(PeopleError::Invalid { field: "email", .. })), "{typed:?}");
        }
    }

    #[test]
    fn an_empty_name_is_none_and_a_strange_one_is_refused() {
        assert_eq!(check_name(Some(" Ada ")).unwrap().as_deref(), Some("Ada"));
        assert_eq!(check_name(Some("  ")).unwrap(), None);
        assert_eq!(check_name(None).unwrap(), None);
        assert!(check_name(Some("A\u{7}da")).is_err());
        assert!(check_name(Some(&"é".repeat(201))).is_err());
        assert!(check_name(Some(&"é".repeat(200))).is_ok());
    }

    #[test]
    fn a_person_moves_only_through_the_doors_between_stages() {
        let at = DateTime::UNIX_EPOCH;
        let closed = Stage::Closed { at };
        assert_eq!(Stage::Invited.sign_up().unwrap(), Stage::Active);
        assert!(Stage::Active.sign_up().is_err() && closed.sign_up().is_err());
        assert_eq!(Stage::Active.close(at).unwrap(), closed);
        assert_eq!(Stage::Invited.close(at).unwrap(), closed);
        assert!(closed.close(at).is_err());
        assert_eq!(closed.reopen().unwrap(), Stage::Active);
        assert!(Stage::Active.reopen().is_err() && Stage::Invited.reopen().is_err());
    }

    #[test]
    fn a_stage_survives_the_database_and_nonsense_does_not() {
        for stage in [Stage::Invited, Stage::Active, Stage::Closed { at: DateTime::UNIX_EPOCH }] {
            assert_eq!(Stage::parse(stage.as_str(), stage.closed_at()), Some(stage));
        }
        assert_eq!(Stage::parse("closed", None), None);
        assert_eq!(Stage::parse("active", Some(DateTime::UNIX_EPOCH)), None);
        assert_eq!(Stage::parse("asleep", None), None);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(typed in "\\PC{0,20}@\\PC{1,20}") {
            if let Ok(email) = normalise_email(&typed) {
                prop_assert_eq!(normalise_email(&email).unwrap(), email);
            }
        }
    }
}
