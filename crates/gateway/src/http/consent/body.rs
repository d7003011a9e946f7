//! What is posted: JSON, one event or a list, or at version 0 a form (`protocol/signatu-consent-api.md` §3). Members that
//! nobody knows are ignored.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use consent_events::{Consent, ConsentType, DEFAULT_SCOPE};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{Version, event::moment};
use crate::{
    flows::Posted,
    http::{
        api::{Body, invalid, malformed, misunderstood},
        error::Refusal,
    },
};

/// So many events may come at once.
const MOST: usize = 1000;

/// An event as it is posted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewEventJson {
    subject: Option<String>,
    issuer: Option<String>,
    target: Option<String>,
    source: Option<String>,
    scope: Option<String>,
    delegate: Option<String>,
    #[serde(default, deserialize_with = "present")]
    action: Option<ActionJson>,
    #[serde(rename = "type")]
    kind: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    refresh_at: Option<String>,
    vault_id: Option<String>,
}

/// Yes, no, neither, or a text that may stand for one.
#[derive(Debug)]
enum ActionJson {
    Known(Option<bool>),
    Text(String),
}

/// An object; a list in its place would pass for one whose members come in order.
struct Object<T>(T);

/// The events of a body. `vault` is the one that the path names.
pub(super) fn read(body: Body, version: Version, vault: Option<&str>) -> Result<Posted, Refusal> {
    let (media_type, bytes) = body.into_parts()?;
    let (events, is_list) = match (media_type.as_str(), version) {
        ("application/json", _) if bytes.trim_ascii_start().starts_with(b"[") => {
            let list: Vec<Object<NewEventJson>> = json(&bytes)?;
            (list.into_iter().map(|object| object.0).collect(), true)
        }
        ("application/json", _) => (vec![json::<Object<NewEventJson>>(&bytes)?.0], false),
        ("application/x-www-form-urlencoded", Version::V0) => (vec![form(&bytes)?], false),
        _ => return Err(unsupported(version)),
    };
    if events.len() > MOST {
        return Err(invalid("body", "must not hold more than 1000 events; send them in several requests"));
    }
    let named = |(at, event): (usize, NewEventJson)| {
        event
            .understood(version, vault)
            .map_err(|refusal| if is_list { placed(refusal, at) } else { refusal })
    };
    let events = events.into_iter().enumerate().map(named).collect::<Result<_, _>>()?;
    Ok(Posted { events, is_list })
}

fn unsupported(version: Version) -> Refusal {
    let message = match version {
        Version::V0 => "The body must be JSON or a form; say which with the header Content-Type",
        Version::V1 => "The body must be JSON; send it with Content-Type: application/json",
    };
    Refusal::new(415, "UnsupportedMediaType", message)
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(misunderstood)?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// The same refusal with the place of the event in the list.
fn placed(refusal: Refusal, at: usize) -> Refusal {
    let place = |field: String| format!("[{at}].{field}");
    let fields = refusal.fields.into_iter().map(|(field, reason)| (place(field), reason)).collect();
    Refusal { message: place(refusal.message), fields, ..refusal }
}

/// The parameters of a form, which has to be text; each at most once.
pub(super) fn pairs(bytes: &[u8]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut pairs = BTreeMap::new();
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut sides = pair.splitn(2, |byte| *byte == b'=').map(decoded);
        let name = sides.next().unwrap_or_else(|| Ok(String::new()))?;
        let value = sides.next().unwrap_or_else(|| Ok(String::new()))?;
        if pairs.contains_key(&name) {
            return Err(invalid(&name, "is given twice; leave one out"));
        }
        pairs.insert(name, value);
    }
    Ok(pairs)
}

/// Another text than the one that was sent must not be stored in its place.
fn decoded(text: &[u8]) -> Result<String, Refusal> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let bytes = percent_encoding::percent_decode(&spaced).collect();
    String::from_utf8(bytes).map_err(|_| invalid("body", "is not text (UTF-8)"))
}

fn form(bytes: &[u8]) -> Result<NewEventJson, Refusal> {
    let mut pairs = pairs(bytes)?;
    let metadata = match pairs.remove("metadata") {
        Some(text) => {
            let object: Object<BTreeMap<String, String>> =
                json(text.as_bytes()).map_err(|_| invalid("metadata", "must be a JSON object of texts"))?;
            Some(object.0)
        }
        None => None,
    };
    let mut take = |name: &str| pairs.remove(name);
    Ok(NewEventJson {
        subject: take("subject"),
        issuer: take("issuer"),
        target: take("target"),
        source: take("source"),
        scope: take("scope"),
        delegate: take("delegate"),
        action: take("action").map(ActionJson::of_form),
        kind: take("type"),
        metadata,
        refresh_at: take("refreshAt"),
        vault_id: take("vaultId"),
    })
}

impl ActionJson {
    /// Forms have texts only.
    fn of_form(text: String) -> Self {
        match text.as_str() {
            "true" => Self::Known(Some(true)),
            "false" => Self::Known(Some(false)),
            "" | "null" => Self::Known(None),
            _ => Self::Text(text),
        }
    }

    fn understood(self, version: Version) -> Result<Option<bool>, Refusal> {
        match self {
            Self::Known(action) => Ok(action),
            Self::Text(text) if text.is_empty() && version == Version::V1 => Ok(None),
            Self::Text(_) => Err(invalid("action", "must be true, false or null")),
        }
    }
}

impl NewEventJson {
    /// What it says. Whether the texts can be recorded is for the log to see.
    fn understood(self, version: Version, vault: Option<&str>) -> Result<Consent, Refusal> {
        let given = |text: Option<String>| text.filter(|text| version == Version::V0 || !text.is_empty());
        let required =
            |text: Option<String>, name: &str| given(text).ok_or_else(|| invalid(name, "is missing"));
        let action = self.action.ok_or_else(|| invalid("action", "is missing; send true, false or null"))?;
        Ok(Consent {
            subject: required(self.subject, "subject")?,
            issuer: given(self.issuer),
            target: required(self.target, "target")?,
            source: given(self.source),
            scope: given(self.scope).unwrap_or_else(|| DEFAULT_SCOPE.to_owned()),
            delegate: given(self.delegate),
            action: action.understood(version)?,
            kind: given(self.kind).map(|kind| kind_of(&kind)).transpose()?,
            metadata: self.metadata,
            refresh_at: given(self.refresh_at).map(|text| moment_of(&text)).transpose()?,
            vault_id: in_vault(given(self.vault_id), vault)?,
        })
    }
}

fn kind_of(text: &str) -> Result<ConsentType, Refusal> {
    match text {
        "IAB" => Ok(ConsentType::Iab),
        "COOKIE" => Ok(ConsentType::Cookie),
        "CUSTOM" => Ok(ConsentType::Custom),
        _ => Err(invalid("type", "must be IAB, COOKIE or CUSTOM")),
    }
}

/// A moment, cut to the millisecond. One that RFC 3339 cannot spell in UTC is none.
fn moment_of(text: &str) -> Result<DateTime<Utc>, Refusal> {
    let read = DateTime::parse_from_rfc3339(text).ok();
    let at = read.and_then(|at| DateTime::from_timestamp_millis(at.timestamp_millis()));
    let spelled = at.filter(|at| DateTime::parse_from_rfc3339(&moment(*at)).is_ok_and(|read| read == *at));
    spelled.ok_or_else(|| invalid("refreshAt", "must be a time like 2026-11-22T12:00:00.000Z"))
}

fn in_vault(said: Option<String>, path: Option<&str>) -> Result<Option<String>, Refusal> {
    match (said, path) {
        (Some(said), Some(path)) if said != path => {
            Err(invalid("vaultId", "must be that of the path, or be left out"))
        }
        (said, path) => Ok(path.map(str::to_owned).or(said)),
    }
}

/// A member that is there, `null` or not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ActionJson>, D::Error> {
    ActionJson::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for ActionJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = ActionJson;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or null")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<ActionJson, E> {
                Ok(ActionJson::Known(Some(value)))
            }

            fn visit_unit<E: de::Error>(self) -> Result<ActionJson, E> {
                Ok(ActionJson::Known(None))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ActionJson, E> {
                Ok(ActionJson::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests;
