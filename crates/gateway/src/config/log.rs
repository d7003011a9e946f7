//! `[log]`: what is logged, and how.

use std::str::FromStr;

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::{
    error::Objection,
    text::{self, Malformed},
};

/// `[log]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// For whom.
    #[serde(deserialize_with = "text::parsed")]
    pub format: LogFormat,
    /// What is logged, in the spelling of `tracing`'s directives.
    pub filter: String,
}

/// Who reads the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// People.
    Text,
    /// Machines: one JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(Malformed(format!("{other:?} is neither \"text\" nor \"json\""))),
        }
    }
}

impl Log {
    pub(super) fn check(&self) -> Result<(), Objection> {
        let parsed = EnvFilter::try_new(&self.filter);
        parsed.map(drop).map_err(|error| Objection::new("log.filter", error.to_string()))
    }
}
