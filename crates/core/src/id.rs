//! An id says what it names: a three-letter prefix and a 26-character lower-case ULID, without separator.

use std::str::FromStr;

/// What all typed ids can do.
pub trait TypedId: Sized {
    /// The three letters in front.
    const PREFIX: &'static str;

    /// An id from a moment (ms since the epoch) and 80 random bits (the low ones of `random`).
    fn from_parts(millis: u64, random: u128) -> Self;
}

/// Text that is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix} followed by 26 lower-case letters and digits")]
pub struct IdError {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

fn compose(prefix: &str, millis: u64, random: u128) -> String {
    let mut text = String::with_capacity(29);
    text.push_str(prefix);
    text.push_str(&ulid::Ulid::from_parts(millis, random).to_string().to_ascii_lowercase());
    text
}

fn check(prefix: &'static str, text: &str) -> Result<(), IdError> {
    let ulid = text.strip_prefix(prefix).filter(|ulid| ulid.len() == 26);
    let valid = ulid.is_some_and(|ulid| {
        ulid.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
            && ulid.as_bytes()[0] <= b'7'
            && ulid::Ulid::from_string(&ulid.to_ascii_uppercase()).is_ok()
    });
    if valid { Ok(()) } else { Err(IdError { prefix }) }
}

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
        #[cfg_attr(feature = "columns", sea_orm(value_type = "String"))]
        pub struct $name(String);

        impl $name {
            /// The id as it stands in URLs, JSON, logs and columns.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;

            fn from_parts(millis: u64, random: u128) -> Self {
                Self(compose($prefix, millis, random))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                check($prefix, text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        #[cfg(feature = "columns")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

typed_id! {
    /// A connected account of one library (not the wire's account id, which several libraries may share).
    AccountId = "acc";
    /// A registered third-party application.
    AppId = "app";
    /// What one app asks for, for one purpose.
    ContractId = "con";
    /// A file of a library.
    FileId = "fil";
    /// One person's yes to one contract version.
    GrantId = "gra";
    /// One person's files.
    LibraryId = "lib";
    /// Something that somebody was told by mail.
    NoticeId = "not";
    /// The human whose data it is.
    PersonId = "per";
    /// An authorization request, or a later request to add or reauthorise.
    RequestId = "req";
    /// Any row that needs a name and is never spoken of outside its crate.
    RowId = "row";
    /// A short window in which an app reads files.
    SessionId = "ses";
    /// A part of a library with keys of its own.
    ShelfId = "she";
    /// A person's being signed in.
    SignInId = "sig";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_one_kind_is_not_an_id_of_another() {
        let id = AppId::from_parts(1_700_000_000_000, 42);
        assert_eq!(id.as_str(), "app01hf7yat00000000000000001a");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_eq!(id.as_str().parse::<GrantId>(), Err(IdError { prefix: "gra" }));
    }

    #[test]
    fn text_that_only_looks_like_an_id_is_refused() {
        for text in [
            "",
            "app",
            "appé1hf7yat00000000000000001a",
            "APP01hf7yat00000000000000001a",
            "app01HF7YAT00000000000000001a",
            "app81hf7yat00000000000000001a",
        ] {
            assert!(text.parse::<AppId>().is_err(), "{text}");
        }
    }
}
