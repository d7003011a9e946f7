//! A handle: a short public name for an account or a store, so that its id never stands in a browser's address bar
//! (`protocol/digime.md` §6.1, note 4).

use chrono::TimeDelta;

/// How long a handle names something.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// What a handle names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleKind {
    /// A connected account.
    Account,
    /// A store of an app.
    Cloud,
}

impl HandleKind {
    /// The kind as the wire spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "accountId",
            Self::Cloud => "cloudId",
        }
    }

    /// The kind that the wire spells so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Account, Self::Cloud].into_iter().find(|kind| kind.as_str() == text)
    }
}
