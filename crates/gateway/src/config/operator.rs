//! `[operator]`: who runs this.

use secrecy::SecretString;
use serde::Deserialize;

use super::text;

/// `[operator]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// What an operator shows to be let in; empty: made on the first start.
    #[serde(deserialize_with = "text::secret")]
    pub token: SecretString,
}
