//! A receipt as it is kept, and what it is asked for.

use chrono::{DateTime, Utc};
use consent_core::{AppId, ContractId, GrantId, PersonId};

use crate::{Kind, ReceiptId, State};

/// A receipt as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its name.
    pub id: ReceiptId,
    /// Whose consent it is about; the signed text does not say that.
    pub person: PersonId,
    /// The app.
    pub app: AppId,
    /// What it asked for …
    pub contract: ContractId,
    /// … in which version.
    pub version: i32,
    /// The person's yes; none when she said no.
    pub grant: Option<GrantId>,
    /// What happened.
    pub kind: Kind,
    /// What held after it.
    pub state: State,
    /// The event it is about.
    pub event: String,
    /// When that was.
    pub event_at: DateTime<Utc>,
    /// When sharing ends by itself, as of this receipt.
    pub ends_at: Option<DateTime<Utc>>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// The signed text: a compact JWS.
    pub jws: String,
}

/// What holds now of a consent that some receipt is about. Nothing personal, for anybody who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// What holds.
    pub state: State,
    /// Since when.
    pub as_of: DateTime<Utc>,
}

impl Receipt {
    /// What holds at a moment, if nothing came after this receipt: past its date sharing is over, noted or not.
    #[must_use]
    pub fn status_at(&self, now: DateTime<Utc>) -> Status {
        match self.ends_at {
            Some(end) if self.state.is_open() && end <= now => Status { state: State::Expired, as_of: end },
            _ => Status { state: self.state, as_of: self.event_at },
        }
    }
}
