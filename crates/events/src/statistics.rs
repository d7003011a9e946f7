//! What the consent events of an app come to (`protocol/signatu-consent-api.md` §8).

/// Counts over an app's consent events, as far as they are not erased.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statistics {
    /// Over all of them.
    pub overall: Overall,
    /// Over each scope of each target, those with most events first; at most 1000.
    pub scopes: Vec<ScopeStatistics>,
}

/// Counts over all consent events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overall {
    /// All events.
    pub count: i64,
    /// Those that say yes.
    pub yes: i64,
    /// Those that say no.
    pub no: i64,
    /// Those that say neither.
    pub no_action: i64,
    /// Changes of mind: events that say yes where the last one to say anything said no, or no after yes; among events of
    /// the same subject, issuer, target, scope and vault.
    pub user_changes: i64,
}

/// Counts over the events of one scope of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeStatistics {
    /// The target.
    pub target: String,
    /// The scope.
    pub scope: String,
    /// All events.
    pub events: i64,
    /// Those that say yes.
    pub yes: i64,
    /// Those that say no.
    pub no: i64,
}

impl ScopeStatistics {
    /// Which part of the decisions are yes: `yes / (yes + no)`, from 0 to 1; none where nobody decided.
    #[must_use]
    pub fn opt_in_rate(&self) -> Option<f64> {
        part(self.yes, self.yes + self.no)
    }

    /// Which part of the decisions are no: `no / (yes + no)`, from 0 to 1; none where nobody decided.
    #[must_use]
    pub fn opt_out_rate(&self) -> Option<f64> {
        part(self.no, self.yes + self.no)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate is exact enough long before counts reach 2^53")]
fn part(of: i64, all: i64) -> Option<f64> {
    (all > 0).then(|| of as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_parts_of_the_decisions() {
        let (target, scope) = ("t".to_owned(), "default".to_owned());
        let some = ScopeStatistics { target, scope, events: 9, yes: 3, no: 1 };
        assert_eq!((some.opt_in_rate(), some.opt_out_rate()), (Some(0.75), Some(0.25)));
        let none = ScopeStatistics { yes: 0, no: 0, ..some };
        assert_eq!((none.opt_in_rate(), none.opt_out_rate()), (None, None));
    }
}
