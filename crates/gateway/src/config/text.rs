//! Values that are written as text.

use std::{fmt::Display, str::FromStr};

use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny},
};

/// Why a text is no value of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub(super) String);

/// Reads whatever has a spelling.
pub(super) fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// The same, where the empty text means that nothing is said.
pub(super) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    let some = Some(text).filter(|text| !text.is_empty());
    some.map(|text| text.parse()).transpose().map_err(D::Error::custom)
}

/// Reads a secret; what is wrong with it is said without showing it.
pub(super) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        Other(IgnoredAny),
    }
    match Given::deserialize(deserializer)? {
        Given::Text(text) => Ok(text.into()),
        Given::Other(_) => Err(D::Error::custom("expected text, between quotes")),
    }
}

/// `12KiB` in the smallest of its units; nothing if the number or the unit is none.
pub(super) fn counted(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, worth) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*worth)
}

/// A count in the largest unit that leaves no rest.
pub(super) fn spelled(count: u64, units: &[(&str, u64)]) -> String {
    let whole = units.iter().rev().find(|(_, worth)| count.is_multiple_of(*worth) && count > 0);
    let (name, worth) = whole.or(units.first()).copied().unwrap_or(("", 1));
    format!("{}{name}", count / worth)
}
