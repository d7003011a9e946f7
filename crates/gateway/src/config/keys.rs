//! `[keys]`: where the server's own keys are.

use std::path::PathBuf;

use serde::Deserialize;

/// `[keys]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Their folder; empty: a folder in the data folder.
    pub dir: PathBuf,
}
