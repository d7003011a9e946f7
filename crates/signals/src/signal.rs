//! What an app is told, and what a signal is.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use consent_core::{Actor, AppId, ContractId, GrantId, PersonId, RowId};
use consent_crypto::Keystore;
use serde::{Deserialize, Serialize};

use crate::{Deadlines, Delivery, Duty, SignalId, escalation::Told};

/// What an app is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The person paused sharing: stop fetching, held data may be used within the contract.
    SharingStopped,
    /// She continued it: fetch again.
    SharingResumed,
    /// She ended it: stop using what rests on consent, report what is kept and on which other ground.
    ConsentRevoked,
    /// Its time ran out: as revoked.
    ConsentExpired,
    /// Delete what is held, pass it on to own recipients, deliver evidence.
    ErasureRequested,
    /// Abandon the erasure if it has not begun, else report.
    ErasureCancelled,
    /// The scope became narrower: delete what is held outside of the new one.
    ScopeNarrowed,
    /// Nothing; whoever acknowledges it has shown that the road works.
    Verification,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::SharingStopped,
        Self::SharingResumed,
        Self::ConsentRevoked,
        Self::ConsentExpired,
        Self::ErasureRequested,
        Self::ErasureCancelled,
        Self::ScopeNarrowed,
        Self::Verification,
    ];

    /// The end of its event type's URI, the `action` of reports, and how it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SharingStopped => "sharing-stopped",
            Self::SharingResumed => "sharing-resumed",
            Self::ConsentRevoked => "consent-revoked",
            Self::ConsentExpired => "consent-expired",
            Self::ErasureRequested => "erasure-requested",
            Self::ErasureCancelled => "erasure-cancelled",
            Self::ScopeNarrowed => "scope-narrowed",
            Self::Verification => "verification",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The `type` of its webhook, such as `consent.revoked`.
    #[must_use]
    pub fn webhook_type(self) -> String {
        self.name().replace('-', ".")
    }

    /// Its event type, a URI below the issuer.
    #[must_use]
    pub fn event_type(self, issuer: &str) -> String {
        format!("{}/event-type/{}", issuer.trim_end_matches('/'), self.name())
    }

    /// The kind of an event type of this issuer.
    #[must_use]
    pub fn of_event_type(issuer: &str, uri: &str) -> Option<Self> {
        Self::parse(uri.strip_prefix(issuer.trim_end_matches('/'))?.strip_prefix("/event-type/")?)
    }

    /// A stronger command takes the place of weaker ones that are still open: erase is above revoke, that above
    /// narrow, that above stop. What takes a command back is the weakest.
    #[must_use]
    pub fn strength(self) -> u8 {
        match self {
            Self::ErasureRequested => 4,
            Self::ConsentRevoked | Self::ConsentExpired => 3,
            Self::ScopeNarrowed => 2,
            Self::SharingStopped => 1,
            Self::SharingResumed | Self::ErasureCancelled | Self::Verification => 0,
        }
    }

    /// The command that it takes back: whoever was to obey it need not any more.
    #[must_use]
    pub fn takes_back(self) -> Option<Self> {
        match self {
            Self::SharingResumed => Some(Self::SharingStopped),
            Self::ErasureCancelled => Some(Self::ErasureRequested),
            _ => None,
        }
    }

    /// Whether a later signal of this kind ends what an earlier one of the other asked for.
    #[must_use]
    pub fn supersedes(self, earlier: Self) -> bool {
        self.strength() > earlier.strength()
    }

    /// Whether the app has to delete something, and to show that it did.
    #[must_use]
    pub fn erases(self) -> bool {
        matches!(self, Self::ErasureRequested | Self::ScopeNarrowed)
    }

    /// The law it rests on, as the event says it.
    #[must_use]
    pub fn legal_basis(self) -> &'static [&'static str] {
        match self {
            Self::SharingStopped | Self::ConsentRevoked => &["GDPR 7(3)"],
            // Consent was given for a time: behind it there is none.
            Self::ConsentExpired => &["GDPR 6(1)(a)"],
            Self::ErasureRequested | Self::ScopeNarrowed => &["GDPR 7(3)", "GDPR 17(1)(b)"],
            Self::SharingResumed | Self::ErasureCancelled | Self::Verification => &[],
        }
    }
}

/// Who set it off, in the words of CAEP (`initiating_entity`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InitiatingEntity {
    /// An operator.
    Admin,
    /// The person.
    User,
    /// A rule, such as an end that was agreed.
    Policy,
    /// The platform or the app itself.
    System,
}

impl From<&Actor> for InitiatingEntity {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Person(_) => Self::User,
            Actor::Operator => Self::Admin,
            Actor::Clock => Self::Policy,
            Actor::App(_) => Self::System,
        }
    }
}

/// A signal about to be written.
#[derive(Debug, Clone)]
pub struct NewSignal {
    /// The app that is told.
    pub app: AppId,
    /// Under which contract.
    pub contract: ContractId,
    /// About which grant: the `consent_id`.
    pub grant: GrantId,
    /// Whose; kept for her pages, never sent.
    pub person: PersonId,
    /// Her name for this app, which no other partner's apps know her by.
    pub subject: String,
    /// What it is told.
    pub kind: Kind,
    /// The grant's `seq` with this change; above that of every signal before.
    pub seq: i64,
    /// One value for everything that one action of hers caused, at all apps.
    pub txn: String,
    /// When she did it.
    pub action_at: DateTime<Utc>,
    /// Who did it.
    pub by: InitiatingEntity,
    /// Why, in words for people, by language (BCP 47); may be empty.
    pub reason: BTreeMap<String, String>,
    /// The receipt about it.
    pub receipt: Option<String>,
    /// What is affected.
    pub scopes: Vec<String>,
}

/// Who speaks in signals, and by which rules.
#[derive(Debug, Clone, Copy)]
pub struct Issuer<'a> {
    /// The platform's issuer, a URL: `iss` of every token, and what event types begin with.
    pub issuer: &'a str,
    /// Where reports go: a signal's `status_url` is this, `/`, its name and `/reports`.
    pub status_base: &'a str,
    /// How long apps have.
    pub deadlines: &'a Deadlines,
    /// Holds the key that signs signals.
    pub keystore: &'a Keystore,
}

impl Issuer<'_> {
    pub(crate) fn status_url(&self, id: &SignalId) -> String {
        format!("{}/{id}/reports", self.status_base.trim_end_matches('/'))
    }
}

/// A signal as it was written; what the chain of events has to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueued {
    /// Its name.
    pub id: SignalId,
    /// What the app is told.
    pub kind: Kind,
    /// SHA-256 of the token, 64 hexadecimal digits.
    pub jws_sha256: String,
    /// The key that signed it.
    pub kid: String,
    /// Until when the app has to say that it understood.
    pub ack_by: Option<DateTime<Utc>>,
    /// Until when it has to be done.
    pub complete_by: Option<DateTime<Utc>>,
    /// When the law's time is over; only where something is to be erased.
    pub backstop_at: Option<DateTime<Utc>>,
    /// Earlier signals that need not be obeyed any more.
    pub superseded: Vec<SignalId>,
}

/// A signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Its name.
    pub id: SignalId,
    /// The app that is told.
    pub app: AppId,
    /// Under which contract; of a verification, whose endpoint.
    pub contract: Option<ContractId>,
    /// About which grant; none for a verification.
    pub grant: Option<GrantId>,
    /// Whose grant.
    pub person: Option<PersonId>,
    /// Her name for this app.
    pub subject: Option<String>,
    /// What the app is told.
    pub kind: Kind,
    /// Its place among the changes of the grant.
    pub seq: Option<i64>,
    /// What it shares with signals of the same action.
    pub txn: String,
    /// The token: a SET as compact JWS, the same on all roads.
    pub jws: String,
    /// SHA-256 of the token, 64 hexadecimal digits.
    pub jws_sha256: String,
    /// The key that signed it.
    pub kid: String,
    /// When she did what it tells of.
    pub action_at: DateTime<Utc>,
    /// When it was signed.
    pub issued_at: DateTime<Utc>,
    /// How far it is on its way.
    pub delivery: Delivery,
    /// Since when.
    pub delivery_since: DateTime<Utc>,
    /// How many attempts there were.
    pub attempts: i32,
    /// Where it is sent.
    pub endpoint: Option<RowId>,
    /// What the app owes because of it.
    pub duty: Option<Duty>,
    /// The stronger command that took its place.
    pub superseded_by: Option<SignalId>,
    pub(crate) told: Told,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_receivers_know() {
        let issuer = "https://consent.example/";
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(kind));
            assert_eq!(Kind::of_event_type(issuer, &kind.event_type(issuer)), Some(kind));
        }
        assert_eq!(Kind::ConsentRevoked.webhook_type(), "consent.revoked");
        assert_eq!(
            Kind::ErasureRequested.event_type(issuer),
            "https://consent.example/event-type/erasure-requested"
        );
        assert_eq!(
            Kind::of_event_type("https://other.example", &Kind::Verification.event_type(issuer)),
            None
        );
        assert_eq!(Kind::parse("consent-revoke"), None);
    }

    #[test]
    fn erase_is_above_revoke_above_narrow_above_stop() {
        use Kind::{ConsentRevoked, ErasureRequested, ScopeNarrowed, SharingResumed, SharingStopped};
        let rising = [SharingResumed, SharingStopped, ScopeNarrowed, ConsentRevoked, ErasureRequested];
        for (place, kind) in rising.into_iter().enumerate() {
            for (other, earlier) in rising.into_iter().enumerate() {
                assert_eq!(kind.supersedes(earlier), place > other, "{kind:?} {earlier:?}");
            }
        }
        assert!(!Kind::ConsentExpired.supersedes(ConsentRevoked));
    }
}
