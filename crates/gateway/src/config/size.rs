//! Sizes with units.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer};

use super::text::{self, Malformed};

const UNITS: [(&str, u64); 5] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// How many bytes, as people write it: `512B`, `256KiB`, `16MiB`, `4GiB`, `1TiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

impl Size {
    /// The number of bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }

    /// The number of bytes as a length in memory; the longest there is if it does not fit.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for Size {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text::counted(text, &UNITS).map(Self).ok_or_else(|| {
            Malformed(format!(
                "{text:?} is no size: a whole number and B, KiB, MiB, GiB or TiB, as \"256KiB\""
            ))
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::spelled(self.0, &UNITS))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parsed(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_and_a_unit() {
        for (text, bytes) in [("0B", 0), ("1000B", 1_000), ("256KiB", 262_144), ("4GiB", 4_294_967_296)] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, text));
        }
        assert_eq!("3MiB".parse::<Size>().unwrap().as_usize(), 3_145_728);
    }

    #[test]
    fn a_size_without_unit_or_number_or_end_is_refused() {
        for text in ["", "10", "KiB", "-1B", "1.5GiB", "10kb", "10 MiB", "99999999TiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
