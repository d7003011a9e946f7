//! `[sandbox]`: how the samples behave.

use serde::Deserialize;

use super::Span;

/// `[sandbox]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    /// Pause between two pages of a sample source.
    pub sample_pace: Span,
}
