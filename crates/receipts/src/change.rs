//! What happened to a consent, and what holds after it.

use std::fmt;

use consent_core::Actor;
use serde::{Deserialize, Serialize};

use crate::Answer;

/// What happened to a consent, with the facts that only this kind has.
#[derive(Debug, Clone)]
pub enum Change {
    /// The person said yes; or, when the grant has a receipt already, said so again.
    Given,
    /// The person said no.
    Declined,
    /// Sharing was paused.
    Stopped,
    /// It goes on.
    Resumed,
    /// It goes on in another form; at least one way must be named.
    Changed(Vec<Alteration>),
    /// Its time ran out.
    Expired,
    /// It was ended for good.
    Revoked,
    /// The person asked the app to delete what it holds.
    ErasureAsked,
    /// That wish was taken back before the app had answered; the consent stays ended.
    ErasureCancelled,
    /// The app said what it did about that.
    ErasureAnswered(Box<Answer>),
}

/// The kind of a change, as receipts and columns spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A yes.
    Given,
    /// A no.
    Declined,
    /// A pause.
    Stopped,
    /// The end of a pause.
    Resumed,
    /// Another form.
    Changed,
    /// The end of its time.
    Expired,
    /// The end for good.
    Revoked,
    /// A wish to be forgotten.
    ErasureAsked,
    /// The end of that wish.
    ErasureCancelled,
    /// The answer to that.
    ErasureAnswered,
}

/// A way in which a consent was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Alteration {
    /// It ends earlier.
    Shortened,
    /// It ends later.
    Extended,
    /// It covers less.
    Narrowed,
    /// It covers more.
    Widened,
}

/// What holds after a change, and what the public status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// The app gets what was agreed to.
    Active,
    /// The app gets nothing; the person can resume.
    Stopped,
    /// The person said no.
    Refused,
    /// Over, because its time ran out.
    Expired,
    /// Over for good.
    Revoked,
    /// Over, and the app was told to delete what it holds.
    Erasing,
    /// Over, and the app reported that it deleted what it held, with the exceptions it named.
    Erased,
}

/// A consent state of the Data Privacy Vocabulary 2.3, as ISO/IEC TS 27560 has them in `event_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsentState {
    /// The person said yes.
    ConsentGiven,
    /// The person said yes again.
    RenewedConsentGiven,
    /// The person said no.
    ConsentRefused,
    /// Its time ran out.
    ConsentExpired,
    /// The person ended it, for now or for good.
    ConsentWithdrawn,
    /// Somebody else ended it.
    ConsentRevoked,
}

/// Who did something, without saying which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ActorKind {
    /// The person whose data it is.
    Person,
    /// The app.
    App,
    /// An operator of the platform.
    Operator,
    /// The passing of time.
    Clock,
}

/// Whether the person agreed to one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Choice {
    /// She did.
    Given,
    /// She did not.
    Refused,
}

impl Change {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Given => Kind::Given,
            Self::Declined => Kind::Declined,
            Self::Stopped => Kind::Stopped,
            Self::Resumed => Kind::Resumed,
            Self::Changed(_) => Kind::Changed,
            Self::Expired => Kind::Expired,
            Self::Revoked => Kind::Revoked,
            Self::ErasureAsked => Kind::ErasureAsked,
            Self::ErasureCancelled => Kind::ErasureCancelled,
            Self::ErasureAnswered(_) => Kind::ErasureAnswered,
        }
    }
}

/// All kinds, for reading columns and for tests.
pub(crate) const KINDS: [Kind; 10] = [
    Kind::Given,
    Kind::Declined,
    Kind::Stopped,
    Kind::Resumed,
    Kind::Changed,
    Kind::Expired,
    Kind::Revoked,
    Kind::ErasureAsked,
    Kind::ErasureCancelled,
    Kind::ErasureAnswered,
];

impl Kind {
    /// The kind as JSON and columns spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Declined => "declined",
            Self::Stopped => "stopped",
            Self::Resumed => "resumed",
            Self::Changed => "changed",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::ErasureAsked => "erasureAsked",
            Self::ErasureCancelled => "erasureCancelled",
            Self::ErasureAnswered => "erasureAnswered",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        KINDS.into_iter().find(|kind| kind.name() == name)
    }

    /// The states that can hold after a change of this kind.
    #[must_use]
    pub fn states(self) -> &'static [State] {
        match self {
            Self::Given | Self::Resumed => &[State::Active],
            Self::Declined => &[State::Refused],
            Self::Stopped => &[State::Stopped],
            Self::Changed => &[State::Active, State::Stopped],
            Self::Expired => &[State::Expired],
            Self::Revoked | Self::ErasureCancelled => &[State::Revoked],
            Self::ErasureAsked => &[State::Erasing],
            // An app that refuses to delete leaves the consent ended and the data where it is.
            Self::ErasureAnswered => &[State::Erased, State::Revoked],
        }
    }

    /// What ISO/IEC TS 27560 calls the state after a change of this kind.
    ///
    /// A stop counts as withdrawn, although it can be resumed: nobody may read it as leave to go on. Erasure is asked
    /// by the person alone, so it is hers whoever writes the event; and who takes that back gives no consent anew.
    #[must_use]
    pub fn consent_state(self, state: State, by: ActorKind, follows_another: bool) -> ConsentState {
        match (self, by) {
            (Self::Declined, _) => ConsentState::ConsentRefused,
            (Self::Given, _) if follows_another => ConsentState::RenewedConsentGiven,
            (Self::Changed, ActorKind::Person) if state == State::Active => ConsentState::RenewedConsentGiven,
            (Self::Changed, _) if state == State::Stopped => ConsentState::ConsentWithdrawn,
            (Self::Given | Self::Resumed | Self::Changed, _) => ConsentState::ConsentGiven,
            (Self::Expired, _) | (Self::Stopped | Self::Revoked, ActorKind::Clock) => {
                ConsentState::ConsentExpired
            }
            (Self::Stopped | Self::Revoked, ActorKind::App | ActorKind::Operator) => {
                ConsentState::ConsentRevoked
            }
            (Self::Stopped | Self::Revoked, ActorKind::Person)
            | (Self::ErasureAsked | Self::ErasureCancelled | Self::ErasureAnswered, _) => {
                ConsentState::ConsentWithdrawn
            }
        }
    }
}

impl State {
    /// The state as JSON and columns spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Erasing => "erasing",
            Self::Erased => "erased",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [
            Self::Active,
            Self::Stopped,
            Self::Refused,
            Self::Expired,
            Self::Revoked,
            Self::Erasing,
            Self::Erased,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }

    /// Whether the consent has not ended.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::Stopped)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<&Actor> for ActorKind {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Person(_) => Self::Person,
            Actor::App(_) => Self::App,
            Actor::Operator => Self::Operator,
            Actor::Clock => Self::Clock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_json_says() {
        for kind in KINDS {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(Kind::parse(kind.name()), Some(kind));
            for state in kind.states() {
                assert_eq!(serde_json::to_value(state).unwrap(), state.name());
                assert_eq!(State::parse(state.name()), Some(*state));
            }
        }
        assert_eq!((Kind::parse("gone"), State::parse("gone")), (None, None));
    }

    #[test]
    fn what_is_not_active_is_never_called_given() {
        let given = [ConsentState::ConsentGiven, ConsentState::RenewedConsentGiven];
        for kind in KINDS {
            for by in [ActorKind::Person, ActorKind::App, ActorKind::Operator, ActorKind::Clock] {
                for state in kind.states() {
                    for follows in [false, true] {
                        let said = kind.consent_state(*state, by, follows);
                        assert_eq!(given.contains(&said), *state == State::Active, "{kind} {state} {by:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn who_ends_it_decides_between_withdrawn_and_revoked() {
        let ended = |by| Kind::Revoked.consent_state(State::Revoked, by, true);
        assert_eq!(ended(ActorKind::Person), ConsentState::ConsentWithdrawn);
        assert_eq!(ended(ActorKind::App), ConsentState::ConsentRevoked);
        assert_eq!(ended(ActorKind::Operator), ConsentState::ConsentRevoked);
    }
}
