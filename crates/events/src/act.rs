//! What was done: ids and hashes only, never anything personal.

use consent_core::{AppId, ContractId, GrantId};
use serde::{Deserialize, Serialize};

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
        #[serde(with = "hex_hash")]
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
        #[serde(with = "hex_hash")]
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
}

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
            Self::Revoked { .. } => "revoked",
            Self::Expired { .. } => "expired",
            Self::Onboarded { .. } => "onboarded",
            Self::Reauthorized { .. } => "reauthorized",
            Self::Erasing { .. } => "erasing",
            Self::Erased { .. } => "erased",
        }
    }

    /// The grant it is about; a person who declined has given none.
    #[must_use]
    pub fn grant(&self) -> Option<&GrantId> {
        match self {
            Self::Granted { grant, .. }
            | Self::Stopped { grant, .. }
            | Self::Resumed { grant, .. }
            | Self::Revoked { grant, .. }
            | Self::Expired { grant, .. }
            | Self::Onboarded { grant, .. }
            | Self::Reauthorized { grant, .. }
            | Self::Erasing { grant, .. }
            | Self::Erased { grant, .. } => Some(grant),
            Self::Declined { .. } => None,
        }
    }

    /// The contract it is about.
    #[must_use]
    pub fn contract(&self) -> &ContractId {
        match self {
            Self::Granted { contract, .. }
            | Self::Declined { contract, .. }
            | Self::Stopped { contract, .. }
            | Self::Resumed { contract, .. }
            | Self::Revoked { contract, .. }
            | Self::Expired { contract, .. }
            | Self::Onboarded { contract, .. }
            | Self::Reauthorized { contract, .. }
            | Self::Erasing { contract, .. }
            | Self::Erased { contract, .. } => contract,
        }
    }
}

/// A hash as 64 lower-case hexadecimal digits.
mod hex_hash {
    use consent_crypto::digest::{hex, hex_decode};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(hash: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(hash))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let bytes = hex_decode(&String::deserialize(from)?).ok();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok());
        hash.ok_or_else(|| D::Error::custom("a hash has 64 hexadecimal digits"))
    }
}
