//! `[journal]`: where it is written down what was shut.

use std::path::PathBuf;

use serde::Deserialize;

use super::Span;

/// `[journal]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// Its folder; empty: a folder in the data folder.
    pub dir: PathBuf,
    /// How long entries are kept, to the month.
    pub keep_for: Span,
}
