//! What is wrong with a configuration.

use std::{io, path::PathBuf};

use figment::error::Kind;

/// Why there is no configuration; never shows the value of a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not TOML.
    #[error("{path}, line {line}: {reason}")]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// Somebody sets a key that does not exist.
    #[error("there is no key {key} (from {origin})")]
    UnknownKey {
        /// Section and key.
        key: String,
        /// Who sets it.
        origin: String,
    },
    /// A key has a value that it cannot have.
    #[error("{key} (from {origin}): {reason}")]
    Invalid {
        /// Section and key.
        key: String,
        /// Who sets it.
        origin: String,
        /// Why.
        reason: String,
    },
    /// A secret is given as text and as a file.
    #[error("{name} and {name}_FILE are both set")]
    Twice {
        /// Which environment variable.
        name: String,
    },
    /// An environment variable or a path is not UTF-8.
    #[error("{name} is not UTF-8 text")]
    NotText {
        /// Which.
        name: String,
    },
}

/// What a section has against one of its values.
pub(super) struct Objection {
    pub(super) key: &'static str,
    pub(super) reason: String,
}

impl Objection {
    pub(super) fn new(key: &'static str, reason: impl Into<String>) -> Self {
        Self { key, reason: reason.into() }
    }

    /// Raised unless the claim holds.
    pub(super) fn unless(holds: bool, key: &'static str, reason: &str) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::new(key, reason)) }
    }
}

/// What figment found wrong, in our words and without the value.
pub(super) fn reason(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => format!("expected {expected}"),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => "the number is out of range".to_owned(),
        other => other.to_string(),
    }
}
