//! What receipts are called.

use std::{fmt, str::FromStr};

use consent_core::Ambient;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// The name of a receipt: a UUID of version 4, as Kantara recommends (CR v1.1.0, 4.3.5), in lower case with hyphens.
///
/// Nobody guesses one, which is why whoever has it may ask what became of the consent.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReceiptId(String);

/// Text that is not the name of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID of version 4 in lower case, such as 6f9619ff-8b86-4d01-b42d-00cf4fc964ff")]
pub struct NotAReceiptId;

impl ReceiptId {
    /// A name that nobody has.
    #[must_use]
    pub fn new(ambient: &Ambient) -> Self {
        Self(Builder::from_random_bytes(ambient.random()).into_uuid().to_string())
    }

    /// The 36 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReceiptId {
    type Err = NotAReceiptId;

    fn from_str(text: &str) -> Result<Self, NotAReceiptId> {
        let uuid = Uuid::try_parse(text).map_err(|_| NotAReceiptId)?;
        let random = uuid.get_version_num() == 4 && uuid.get_variant() == uuid::Variant::RFC4122;
        if random && uuid.to_string() == text { Ok(Self(text.to_owned())) } else { Err(NotAReceiptId) }
    }
}

impl TryFrom<String> for ReceiptId {
    type Error = NotAReceiptId;

    fn try_from(text: String) -> Result<Self, NotAReceiptId> {
        text.parse()
    }
}

impl From<ReceiptId> for String {
    fn from(id: ReceiptId) -> Self {
        id.0
    }
}

impl fmt::Display for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_random_uuid_and_has_one_spelling() {
        let (one, other) = (ReceiptId::new(&Ambient::system()), ReceiptId::new(&Ambient::system()));
        assert_ne!(one, other);
        assert_eq!(one.as_str().parse(), Ok(one.clone()));
        for wrong in [
            "",
            "6F9619FF-8B86-4D01-B42D-00CF4FC964FF",
            "{6f9619ff-8b86-4d01-b42d-00cf4fc964ff}",
            "6f9619ff8b864d01b42d00cf4fc964ff",
            "6f9619ff-8b86-1d01-b42d-00cf4fc964ff",
            "6f9619ff-8b86-4d01-042d-00cf4fc964ff",
        ] {
            assert_eq!(wrong.parse::<ReceiptId>(), Err(NotAReceiptId), "{wrong}");
        }
    }
}
