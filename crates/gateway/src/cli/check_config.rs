//! `check-config`: what the configuration comes to.

use super::{CliError, Settings, say};
use crate::config::Config;

/// What is said below its help.
pub(super) const NOTES: &str = "\
Prints TOML, one line a key, with where the value comes from behind it; secrets are shown as [redacted]. A configuration
that cannot be is refused with the key and the reason, and exit code 2.

Examples:
  consent-access check-config --config consent.toml
  CONSENT_SESSIONS__LAST_FOR=10m consent-access check-config | grep last_for";

pub(super) fn run(settings: Settings) -> Result<(), CliError> {
    let (file, overrides) = settings.split();
    say(&Config::explain(file.as_deref(), overrides)?)
}
