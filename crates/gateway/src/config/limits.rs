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
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), Objection> {
        let some = |size: Size| size.bytes() > 0;
        Objection::unless(some(self.json_bytes), "limits.json_bytes", "expected more than nothing")?;
        Objection::unless(some(self.upload_bytes), "limits.upload_bytes", "expected more than nothing")
    }
}
