//! What all acts can be asked.

use consent_core::{ContractId, GrantId};

use super::Act;
use crate::Access;

macro_rules! acts_on_a_grant {
    ($($(#[$doc:meta])* $name:ident = $act:ident;)+) => {
        impl Act {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(grant: &GrantId, contract: &ContractId) -> Self {
                Self::$act { grant: grant.clone(), contract: contract.clone() }
            }
        )+}
    };
}

acts_on_a_grant! {
    /// States that the grant was stopped.
    stopped = Stopped;
    /// States that the grant was resumed.
    resumed = Resumed;
    /// States that an operator asked for the grant to be resumed when its owner is there.
    resume_asked = ResumeAsked;
    /// States that the grant was ended for good.
    revoked = Revoked;
    /// States that the grant's time ran out.
    expired = Expired;
    /// States that an account was added to what the grant covers.
    onboarded = Onboarded;
    /// States that the person confirmed the grant, and its app began anew.
    reauthorized = Reauthorized;
    /// States that the app was told to delete what it holds.
    erasing = Erasing;
    /// States that the app reported that it has deleted what it held.
    erased = Erased;
    /// States that the app was told that it need not delete what it holds.
    erasure_cancelled = ErasureCancelled;
}

impl Act {
    /// The act as the chain's format spells it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Granted { .. } => "granted",
            Self::Declined { .. } => "declined",
            Self::Stopped { .. } => "stopped",
            Self::Resumed { .. } => "resumed",
            Self::ResumeAsked { .. } => "resumeAsked",
            Self::Revoked { .. } => "revoked",
            Self::Expired { .. } => "expired",
            Self::Onboarded { .. } => "onboarded",
            Self::Reauthorized { .. } => "reauthorized",
            Self::Erasing { .. } => "erasing",
            Self::Erased { .. } => "erased",
            Self::Changed { .. } => "changed",
            Self::ErasureCancelled { .. } => "erasureCancelled",
            Self::Signalled { .. } => "signalled",
            Self::Delivered { .. } => "delivered",
            Self::Undelivered { .. } => "undelivered",
            Self::Reported { .. } => "reported",
            Self::Overdue { .. } => "overdue",
            Self::Disputed { .. } => "disputed",
            Self::Closed { .. } => "closed",
            Self::ConsentRecorded { .. } => "consentRecorded",
            Self::Accessed(_) => "accessed",
        }
    }

    /// The grant it is about; a person who declined has given none, and what an app records need not be about one.
    #[must_use]
    pub fn grant(&self) -> Option<&GrantId> {
        match self {
            Self::Granted { grant, .. }
            | Self::Stopped { grant, .. }
            | Self::Resumed { grant, .. }
            | Self::ResumeAsked { grant, .. }
            | Self::Revoked { grant, .. }
            | Self::Expired { grant, .. }
            | Self::Onboarded { grant, .. }
            | Self::Reauthorized { grant, .. }
            | Self::Erasing { grant, .. }
            | Self::Erased { grant, .. }
            | Self::Changed { grant, .. }
            | Self::ErasureCancelled { grant, .. }
            | Self::Signalled { grant, .. }
            | Self::Delivered { grant, .. }
            | Self::Undelivered { grant, .. }
            | Self::Reported { grant, .. }
            | Self::Overdue { grant, .. }
            | Self::Disputed { grant, .. }
            | Self::Closed { grant, .. }
            | Self::Accessed(Access { grant, .. }) => Some(grant),
            Self::ConsentRecorded { grant, .. } => grant.as_ref(),
            Self::Declined { .. } => None,
        }
    }

    /// The contract that it names.
    #[must_use]
    pub fn contract(&self) -> Option<&ContractId> {
        match self {
            Self::Granted { contract, .. }
            | Self::Declined { contract, .. }
            | Self::Stopped { contract, .. }
            | Self::Resumed { contract, .. }
            | Self::ResumeAsked { contract, .. }
            | Self::Revoked { contract, .. }
            | Self::Expired { contract, .. }
            | Self::Onboarded { contract, .. }
            | Self::Reauthorized { contract, .. }
            | Self::Erasing { contract, .. }
            | Self::Erased { contract, .. }
            | Self::Changed { contract, .. }
            | Self::ErasureCancelled { contract, .. }
            | Self::Accessed(Access { contract, .. }) => Some(contract),
            Self::Signalled { .. }
            | Self::Delivered { .. }
            | Self::Undelivered { .. }
            | Self::Reported { .. }
            | Self::Overdue { .. }
            | Self::Disputed { .. }
            | Self::Closed { .. }
            | Self::ConsentRecorded { .. } => None,
        }
    }
}
