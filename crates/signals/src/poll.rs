//! Polling for signals (RFC 8936): the second road, which also works after the first was shut for days.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{SignalId, SignalsError};

/// So many tokens are handed out at once, at most.
pub const MAX_EVENTS: u32 = 100;
/// So many are acknowledged or refused at once, at most.
pub const MAX_ANSWERED: usize = 1000;

/// What an app asks (RFC 8936, section 2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PollRequest {
    /// At most so many tokens; none are wanted when 0, 100 when absent or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_events: Option<u32>,
    /// Whether to answer at once although there is nothing. [`crate::poll`] always does; it is for whoever calls it
    /// to wait.
    pub return_immediately: bool,
    /// Names of tokens that the app took and stored. What names nothing of its own is passed over.
    pub ack: Vec<String>,
    /// Names of tokens that it could not take, and why.
    pub set_errs: BTreeMap<String, SetErr>,
}

/// Why an app could not take a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetErr {
    /// A code of RFC 8935, section 2.4.
    pub err: String,
    /// In words.
    #[serde(default)]
    pub description: String,
}

/// What the app gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PollAnswer {
    /// Tokens by name, the oldest ones.
    pub sets: BTreeMap<SignalId, String>,
    /// Whether there are more.
    pub more_available: bool,
}

impl PollRequest {
    /// How many tokens are wanted.
    #[must_use]
    pub fn wanted(&self) -> u32 {
        self.max_events.unwrap_or(MAX_EVENTS).min(MAX_EVENTS)
    }

    pub(crate) fn validate(&self) -> Result<(), SignalsError> {
        for (field, count) in [("ack", self.ack.len()), ("setErrs", self.set_errs.len())] {
            if count > MAX_ANSWERED {
                return Err(SignalsError::invalid(field, "has more than 1000 entries; poll several times"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_read_as_the_rfc_writes_them() {
        let request: PollRequest = serde_json::from_value(json!({
            "ack": ["3d0c3cf797584bd193bd0fb1bd4e7d30"],
            "setErrs": {"4d3559ec67504aaba65d40b0363faad8": {"err": "authentication_failed", "description": "expired"}},
            "returnImmediately": true,
            "maxEvents": 0
        }))
        .unwrap();
        assert_eq!((request.wanted(), request.ack.len(), request.set_errs.len()), (0, 1, 1));
        let nothing: PollRequest = serde_json::from_str("{}").unwrap();
        assert_eq!((nothing.wanted(), nothing.return_immediately), (100, false));
        let answer = serde_json::to_value(PollAnswer::default()).unwrap();
        assert_eq!(answer, json!({"sets": {}, "moreAvailable": false}));
        let many = PollRequest { ack: vec![String::new(); 1001], ..nothing };
        assert!(many.validate().unwrap_err().to_string().starts_with("ack: "));
    }
}
