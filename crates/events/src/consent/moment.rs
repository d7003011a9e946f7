//! A moment as events spell it, or none.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::event::{moment, parse_moment};

#[expect(clippy::ref_option, reason = "serde hands fields over so")]
pub(super) fn serialize<S: Serializer>(at: &Option<DateTime<Utc>>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.serialize_str(&moment(*at)),
        None => to.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| parse_moment(&text).map_err(D::Error::custom)).transpose()
}
