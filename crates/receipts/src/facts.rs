//! What a receipt is made of: what the flow that changed the consent knows.

use chrono::{DateTime, Utc};
use consent_contracts::{App, Contract};
use consent_core::{Actor, PersonId};
use consent_grants::{Grant, Stage};

use crate::{Change, Kind, ReceiptError, State};

/// What the consent page of this platform is, as `collectionMethod`.
pub const CONSENT_PAGE: &str =
    "Consent page of the platform: the person was signed in, saw the whole request, and chose";

/// What `POST /api/v1` of this platform is, as `collectionMethod`.
pub const CONSENT_API: &str = "Programming interface of the platform, with the person's own sign-in";

/// Who issues receipts.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// What the platform calls itself.
    pub name: String,
    /// Its address without a slash at the end: `iss`, and what the status and the console stand under.
    pub url: String,
    /// Where its key set for receipts is published.
    pub jwks_url: String,
}

/// The event of the person's chain that a receipt is about.
#[derive(Debug, Clone)]
pub struct EventFacts {
    /// Its id, 64 lower-case hexadecimal digits.
    pub id: String,
    /// The id of the event before it; none for the first of the chain.
    pub previous: Option<String>,
    /// Its place in the chain, from 1. Not told to anybody: it says how much else she does.
    pub seq: i64,
    /// When, to the millisecond.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
}

/// What a receipt is made of. Everything is as it stands *after* the change.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Who issues it.
    pub issuer: &'a Issuer,
    /// Whose consent it is; kept with the receipt, never told by it.
    pub person: &'a PersonId,
    /// The name under which this app knows her, another one for each partner.
    pub pseudonym: &'a str,
    /// The app that asked.
    pub app: &'a App,
    /// The version of the contract that the grant is pinned to, or that she said no to.
    pub contract: &'a Contract,
    /// Her yes; none when she said no.
    pub grant: Option<&'a Grant>,
    /// What happened.
    pub change: Change,
    /// The event that says so.
    pub event: EventFacts,
    /// How she was asked, such as [`CONSENT_PAGE`].
    pub collection_method: &'a str,
    /// In which language, BCP 47.
    pub language: &'a str,
}

impl Facts<'_> {
    /// What holds after the change.
    pub(crate) fn state(&self) -> State {
        let stopped = self.grant.is_some_and(|grant| matches!(grant.stage, Stage::Stopped { .. }));
        match &self.change {
            Change::Declined => State::Refused,
            Change::Changed(_) if stopped => State::Stopped,
            Change::Given | Change::Resumed | Change::Changed(_) => State::Active,
            Change::Stopped => State::Stopped,
            Change::Expired => State::Expired,
            Change::ErasureAsked => State::Erasing,
            Change::ErasureAnswered(answer) if answer.outcome.has_erased() => State::Erased,
            Change::Revoked | Change::ErasureCancelled | Change::ErasureAnswered(_) => State::Revoked,
        }
    }

    /// What she left out; everything that is optional does not matter when she said no to the whole.
    pub(crate) fn left_out(&self) -> &[i64] {
        self.grant.map_or(&[], |grant| &grant.choices.left_out)
    }

    /// SHA-256 of the text she was shown.
    pub(crate) fn text_hash(&self) -> &str {
        self.grant.map_or(&self.contract.text_hash, |grant| &grant.text_hash)
    }

    /// Refuses facts that do not belong together.
    pub(crate) fn check(&self) -> Result<(), ReceiptError> {
        if self.contract.app_id != self.app.id {
            return Err(ReceiptError::Mismatch("the contract is another app's"));
        }
        match (self.grant, self.change.kind()) {
            (None, Kind::Declined) => Ok(()),
            (None, _) => Err(ReceiptError::Mismatch("only a no goes without a grant")),
            (Some(_), Kind::Declined) => Err(ReceiptError::Mismatch("a no has no grant")),
            (Some(grant), kind) => self.check_grant(grant, kind),
        }
    }

    fn check_grant(&self, grant: &Grant, kind: Kind) -> Result<(), ReceiptError> {
        let said = (&grant.person, &grant.app, &grant.contract, grant.version);
        if said != (self.person, &self.app.id, &self.contract.id, self.contract.version) {
            return Err(ReceiptError::Mismatch("the grant is another person's, app's or contract's"));
        }
        let fits = match kind {
            Kind::Given | Kind::Resumed => grant.stage == Stage::Active,
            Kind::Stopped => matches!(grant.stage, Stage::Stopped { .. }),
            Kind::Changed => grant.stage.is_open(),
            Kind::ErasureCancelled => matches!(grant.stage, Stage::Revoked { .. }),
            Kind::Expired | Kind::Revoked | Kind::ErasureAsked | Kind::ErasureAnswered => {
                !grant.stage.is_open()
            }
            Kind::Declined => false,
        };
        if fits {
            Ok(())
        } else {
            Err(ReceiptError::Mismatch("the grant is not in the stage that this leads to"))
        }
    }
}
