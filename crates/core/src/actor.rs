//! Who did something.

use crate::{AppId, PersonId};

/// Who did something; recorded with every consent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The person whose data it is.
    Person(PersonId),
    /// A third-party app.
    App(AppId),
    /// Somebody who holds the operator token.
    Operator,
    /// The passing of time.
    Clock,
}

impl Actor {
    /// The kind of actor, as events and logs spell it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::App(_) => "app",
            Self::Operator => "operator",
            Self::Clock => "clock",
        }
    }

    /// The id of the person or app.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Person(id) => Some(id.as_str()),
            Self::App(id) => Some(id.as_str()),
            Self::Operator | Self::Clock => None,
        }
    }
}
