//! Sign-ins: a person's being signed in with one browser.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{PersonId, SignInId};

/// A person's being signed in with one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Its id, which is no secret.
    pub id: SignInId,
    /// Who is signed in.
    pub person: PersonId,
    /// Whether the secret of this sign-in opens the library.
    pub library: LibraryState,
    /// When she signed in.
    pub created_at: DateTime<Utc>,
    /// When she was last seen, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends unless she comes back before.
    pub expires_at: DateTime<Utc>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// When she last proved who she is.
    pub authenticated_at: DateTime<Utc>,
}

/// Whether the secret of a sign-in opens the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LibraryState {
    /// It does: she may approve, resume, widen, read, export.
    Open,
    /// She proved who she is without a secret that opens it: she may see, stop, revoke, shorten, erase.
    Locked,
}

impl LibraryState {
    /// The state as the database and logs spell it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Locked => "locked",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Locked].into_iter().find(|state| state.as_str() == text)
    }

    /// Opens a locked library; an open one stays open.
    #[must_use]
    pub fn or_open_by(self, proof: Self) -> Self {
        if self == Self::Open { self } else { proof }
    }
}

/// How long a sign-in lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInPolicy {
    /// It ends this long after she was last seen …
    pub idle_for: TimeDelta,
    /// … and in any case this long after it began.
    pub longest_for: TimeDelta,
}

impl Default for SignInPolicy {
    /// Two weeks unseen, 90 days at most.
    fn default() -> Self {
        Self { idle_for: TimeDelta::days(14), longest_for: TimeDelta::days(90) }
    }
}

impl SignInPolicy {
    pub(crate) fn expires_at(&self, created_at: DateTime<Utc>, seen_at: DateTime<Utc>) -> DateTime<Utc> {
        (seen_at + self.idle_for).min(created_at + self.longest_for)
    }
}

/// How somebody signed in.
#[derive(Debug, Clone)]
pub struct NewSignIn {
    /// Whether she gave a secret that opens the library.
    pub library: LibraryState,
    /// What the browser calls itself; only the first 200 characters are kept.
    pub user_agent: Option<String>,
    /// How long it lasts.
    pub policy: SignInPolicy,
}

impl NewSignIn {
    pub(crate) fn begin(self, id: SignInId, person: PersonId, now: DateTime<Utc>) -> SignIn {
        SignIn {
            id,
            person,
            library: self.library,
            created_at: now,
            last_seen_at: now,
            expires_at: self.policy.expires_at(now, now),
            user_agent: self.user_agent.as_deref().and_then(legible),
            authenticated_at: now,
        }
    }
}

/// The first 200 characters that can be shown.
fn legible(user_agent: &str) -> Option<String> {
    let kept: String = user_agent.chars().filter(|c| !c.is_control()).take(200).collect();
    Some(kept.trim().to_owned()).filter(|kept| !kept.is_empty())
}

impl SignIn {
    /// How precisely `last_seen_at` is kept, which spares a write per request.
    pub const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

    /// Whether [`crate::touch`] would write: ask before beginning a transaction.
    #[must_use]
    pub fn is_untouched_at(&self, now: DateTime<Utc>) -> bool {
        now - self.last_seen_at >= Self::SEEN_EVERY
    }

    /// Whether she proved who she is within the last while, as exporting or erasing requires.
    #[must_use]
    pub fn is_fresh_at(&self, now: DateTime<Utc>, within: TimeDelta) -> bool {
        now - self.authenticated_at <= within
    }
}

#[cfg(test)]
mod tests {
    use consent_core::TypedId;

    use super::*;

    fn begun(user_agent: &str) -> SignIn {
        let new = NewSignIn {
            library: LibraryState::Open,
            user_agent: Some(user_agent.to_owned()),
            policy: SignInPolicy::default(),
        };
        new.begin(SignInId::from_parts(0, 1), PersonId::from_parts(0, 1), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_sign_in_ends_two_weeks_unseen_and_after_ninety_days_at_most() {
        let policy = SignInPolicy::default();
        let start = DateTime::UNIX_EPOCH;
        let day = TimeDelta::days;
        assert_eq!(policy.expires_at(start, start), start + day(14));
        assert_eq!(policy.expires_at(start, start + day(70)), start + day(84));
        assert_eq!(policy.expires_at(start, start + day(80)), start + day(90));
    }

    #[test]
    fn a_browser_has_200_legible_characters_to_name_itself() {
        assert_eq!(begun("Fire\u{1b}[31mfox\r\n").user_agent.as_deref(), Some("Fire[31mfox"));
        assert_eq!(begun(&"é".repeat(300)).user_agent.unwrap().chars().count(), 200);
        assert_eq!(begun("\t ").user_agent, None);
    }

    #[test]
    fn proof_grows_old() {
        let sign_in = begun("Firefox");
        let minutes = |minutes| sign_in.authenticated_at + TimeDelta::minutes(minutes);
        assert!(sign_in.is_fresh_at(minutes(5), TimeDelta::minutes(5)));
        assert!(!sign_in.is_fresh_at(minutes(6), TimeDelta::minutes(5)));
        assert!(sign_in.is_untouched_at(minutes(1)) && !sign_in.is_untouched_at(minutes(0)));
    }

    #[test]
    fn an_open_library_is_not_locked_again() {
        use LibraryState::{Locked, Open};
        assert_eq!(Locked.or_open_by(Open), Open);
        assert_eq!(Locked.or_open_by(Locked), Locked);
        assert_eq!(Open.or_open_by(Locked), Open);
        assert_eq!(
            [Open, Locked].map(|state| LibraryState::parse(state.as_str())),
            [Some(Open), Some(Locked)]
        );
    }
}
