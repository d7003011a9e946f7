//! `[limits]`: how much we accept at once.

use serde::Deserialize;

use super::{Size, error::Objection};

/// `[limits]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest JSON or form body.
    pub json_bytes: Size,
    /// Largest file.
    pub upload_bytes: Size,
    /// How many people sign up from one network address within a day before the next ones wait.
    pub sign_ups_per_day: u32,
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), Objection> {
        let some = |size: Size| size.bytes() > 0;
        Objection::unless(some(self.json_bytes), "limits.json_bytes", "expected more than nothing")?;
        Objection::unless(some(self.upload_bytes), "limits.upload_bytes", "expected more than nothing")?;
        Objection::unless(self.sign_ups_per_day > 0, "limits.sign_ups_per_day", "expected 1 or more")
    }
}
