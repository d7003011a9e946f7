//! What was noticed about a receipt.

use serde::Serialize;

/// Something about a receipt that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where, as JSON spells it: `piiControllers[0].phone`; empty for the whole.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

/// All that was noticed: what makes the receipt unfit, and what is only worth knowing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// What makes it unfit.
    pub errors: Vec<Finding>,
    /// What is worth knowing.
    pub warnings: Vec<Finding>,
}

impl Findings {
    /// Notes what makes the receipt unfit, unless `holds`.
    pub(crate) fn demand(&mut self, holds: bool, field: impl Into<String>, reason: impl Into<String>) {
        if !holds {
            self.errors.push(Finding { field: field.into(), reason: reason.into() });
        }
    }

    /// Notes what is worth knowing, unless `holds`.
    pub(crate) fn advise(&mut self, holds: bool, field: impl Into<String>, reason: impl Into<String>) {
        if !holds {
            self.warnings.push(Finding { field: field.into(), reason: reason.into() });
        }
    }

    /// Demands text that says something.
    pub(crate) fn demand_text(&mut self, text: &str, field: impl Into<String>) {
        self.demand(!text.trim().is_empty(), field, "must not be empty");
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.field, self.reason)
        }
    }
}
