//! What a source needs to be read.

use consent_core::Ambient;
use consent_library::ShelfKeys;
use serde::{Deserialize, Serialize};

use crate::{Account, SourceError};

/// What a source needs to be read; kept wrapped under its shelf's connect key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The name at the source.
    pub username: String,
    /// The sample data set to read from.
    pub sample: String,
}

impl Credentials {
    /// Wraps the credentials for storage.
    pub fn wrap(&self, keys: &ShelfKeys, ambient: &Ambient) -> Result<Vec<u8>, SourceError> {
        let json = serde_json::to_vec(self).expect("credentials are plain text");
        keys.wrap_credentials(&json, ambient).map_err(|_| SourceError::Credentials)
    }

    /// Opens the credentials of an account, for whoever was given its connect key.
    pub fn of(account: &Account, keys: &ShelfKeys) -> Result<Self, SourceError> {
        let json = keys.unwrap_credentials(&account.credentials).map_err(|_| SourceError::Credentials)?;
        serde_json::from_slice(&json).map_err(|_| SourceError::Credentials)
    }
}
