//! What was done: ids and hashes only, never anything personal.

mod about;
pub(crate) mod hash;

use consent_core::{AppId, ContractId, GrantId};
use serde::{Deserialize, Serialize};

use crate::Access;

/// What was done, with its facts. The names below are part of the chain's format, never to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Act {
    /// The person said yes.
    Granted {
        /// The record of her yes.
        grant: GrantId,
        /// Who asked.
        app: AppId,
        /// What was asked for …
        contract: ContractId,
        /// … in which version …
        version: i32,
        /// … and SHA-256 of the text she was shown.
        #[serde(with = "hash")]
        text_hash: [u8; 32],
    },
    /// The person said no.
    Declined {
        /// Who asked.
        app: AppId,
        /// What was asked for …
        contract: ContractId,
        /// … in which version …
        version: i32,
        /// … and SHA-256 of the text she was shown.
        #[serde(with = "hash")]
        text_hash: [u8; 32],
    },
    /// A grant was stopped.
    Stopped {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// A stopped grant was resumed.
    Resumed {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// An operator asked for a stopped grant to be resumed when its owner is there.
    ResumeAsked {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// A grant was ended for good.
    Revoked {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// A grant's time ran out.
    Expired {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// An account was added to what a grant covers.
    Onboarded {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// The person confirmed a grant, and its app began anew with new tokens.
    Reauthorized {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// The app was told to delete what it holds.
    Erasing {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// The app reported that it has deleted what it held.
    Erased {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// What a grant allows was changed.
    Changed {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
        /// In what way.
        what: Change,
        /// The version of the contract that held before …
        from: i32,
        /// … and the one that holds from now on; the same, where only the person changed her mind.
        to: i32,
    },
    /// The app was told that it need not delete what it holds.
    ErasureCancelled {
        /// The grant.
        grant: GrantId,
        /// Its contract.
        contract: ContractId,
    },
    /// A signal to the app was signed and queued.
    Signalled {
        /// The grant.
        grant: GrantId,
        /// The `jti` of the signal.
        signal: String,
        /// SHA-256 of the signed security event token, as it is sent.
        #[serde(with = "hash")]
        set_hash: [u8; 32],
        /// The key that signed it.
        kid: String,
    },
    /// The app has received a signal; that it will obey is not said.
    Delivered {
        /// The grant.
        grant: GrantId,
        /// The `jti` of the signal.
        signal: String,
    },
    /// All attempts to deliver a signal failed, and it was laid aside.
    Undelivered {
        /// The grant.
        grant: GrantId,
        /// The `jti` of the signal.
        signal: String,
    },
    /// The app has reported what it did about a signal.
    Reported {
        /// The grant.
        grant: GrantId,
        /// The `jti` of the signal.
        signal: String,
        /// The `jti` of the report.
        report: String,
        /// SHA-256 of the signed report, as it was received.
        #[serde(with = "hash")]
        report_hash: [u8; 32],
        /// What it reports, in the word of the report: `accepted`, `completed`, `refused` …
        state: String,
    },
    /// The app let the time pass in which it had to report about a signal.
    Overdue {
        /// The grant.
        grant: GrantId,
        /// The `jti` of the signal.
        signal: String,
    },
    /// The person contests what the app reported about a signal.
    Disputed {
        /// The grant.
        grant: GrantId,
        /// The `jti` of the signal.
        signal: String,
    },
    /// What the app owed because of a signal was closed; why is the event's payload.
    Closed {
        /// The grant.
        grant: GrantId,
        /// The `jti` of the signal.
        signal: String,
    },
    /// An app recorded a consent event; what it says is the event's payload.
    ConsentRecorded {
        /// The app whose log it is in.
        app: AppId,
        /// The grant it is about, where it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        grant: Option<GrantId>,
    },
    /// An app fetched a file.
    Accessed(Access),
}

/// In what way a grant was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// It ends earlier.
    EndShortened,
    /// It covers less.
    ScopeNarrowed,
    /// It covers more.
    ScopeWidened,
}
