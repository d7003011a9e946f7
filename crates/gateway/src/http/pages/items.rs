//! Objects of mapped data as people read them. What an object means is not known here; how its fields are usually
//! called is.

use consent_library::Metadata;
use consent_pages::Item;
use serde_json::{Map, Value};

use super::words;
use crate::flows::Peeked;

/// An object says so many things at most.
const MOST_FACTS: usize = 8;
/// A value is shown so far, in characters.
const LONGEST: usize = 160;

/// Fields that say what an object is, the best first.
const TITLES: [&str; 12] = [
    "merchantname",
    "title",
    "name",
    "text",
    "description",
    "track.name",
    "contextname",
    "registrationmark",
    "result",
    "displayname",
    "type",
    "category",
];

/// How the words of field names end that are written without a gap.
const ENDINGS: [&str; 22] = [
    "count", "name", "date", "time", "type", "number", "balance", "status", "code", "level", "rate",
    "distance", "duration", "value", "unit", "reason", "text", "title", "place", "class", "group", "result",
];

/// What a look into a file found, in words.
pub(in crate::http) fn peeked(peeked: &Peeked) -> Item {
    match peeked {
        Peeked::Object(object) => item_of(object),
        Peeked::File(metadata) => item_of_file(metadata),
    }
}

fn item_of_file(metadata: &Metadata) -> Item {
    let mut facts = vec![
        ("Kind".to_owned(), words::kind_of_file(&metadata.mimetype)),
        ("Size".to_owned(), words::size(metadata.size)),
    ];
    if !metadata.tags.is_empty() {
        facts.push(("Tags".to_owned(), metadata.tags.join(", ")));
    }
    Item {
        title: metadata.file_name.clone().unwrap_or_else(|| "A file without a name".to_owned()),
        when: metadata.created.and_then(words::date_of_millis),
        facts,
    }
}

/// An object in words.
pub(in crate::http) fn item_of(object: &Map<String, Value>) -> Item {
    let fields = flat(object);
    let text = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    let titled = TITLES.into_iter().find_map(|name| Some((name, text(name)?)));
    let amount = amount(object);
    let title = match (titled, &amount) {
        (Some((_, title)), Some(amount)) => format!("{title}, {amount}"),
        (Some((_, title)), None) => title.to_owned(),
        (None, Some(amount)) => amount.clone(),
        (None, None) => "An entry".to_owned(),
    };
    let used = |name: &str| {
        titled.is_some_and(|(title, _)| title == name)
            || ["amount", "currency", "createddate"].contains(&name)
    };
    let when = object.get("createddate").and_then(Value::as_i64).and_then(words::date_of_millis);
    let said = |value: &String| {
        Some(value.as_str()) == titled.map(|(_, title)| title) || Some(value) == when.as_ref()
    };
    let facts = fields.iter().filter(|(name, value)| !used(name) && !said(value));
    Item {
        title: shortened(&title),
        facts: facts.take(MOST_FACTS).map(|(name, value)| (label(name), shortened(value))).collect(),
        when,
    }
}

/// `795.00 GBP`: sums of money have cents.
fn amount(object: &Map<String, Value>) -> Option<String> {
    let amount = object.get("amount")?.as_f64()?;
    match object.get("currency").and_then(Value::as_str) {
        Some(currency) => Some(format!("{amount:.2} {currency}")),
        None => Some(amount.to_string()),
    }
}

/// The fields that say something to people: text, numbers and moments, also those one level down.
fn flat(object: &Map<String, Value>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (name, value) in object {
        match value {
            Value::Object(inner) => {
                let inner = inner.iter().filter_map(|(part, value)| Some((part, scalar(part, value)?)));
                fields.extend(inner.map(|(part, value)| (format!("{name}.{part}"), value)));
            }
            value => fields.extend(scalar(name, value).map(|value| (name.clone(), value))),
        }
    }
    fields
}

fn scalar(name: &str, value: &Value) -> Option<String> {
    if is_machines_business(name) {
        return None;
    }
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => match number.as_i64() {
            Some(millis) if name.ends_with("date") => words::date_of_millis(millis),
            _ => Some(number.to_string()),
        },
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Array(entries) => match entries.len() {
            0 => None,
            1 => Some("1 entry".to_owned()),
            number => Some(format!("{number} entries")),
        },
        _ => None,
    }
}

/// Ids, references, addresses, and lengths of time in units that nobody says.
fn is_machines_business(name: &str) -> bool {
    name.ends_with("id")
        || name.ends_with("url")
        || name.ends_with("link")
        || name.starts_with("referenceentity")
        || name.ends_with("duration")
        || name == "resources"
}

/// `merchantname` is `Merchant name`, `track.artist` is `Track artist`.
fn label(name: &str) -> String {
    let mut text = name.replace(['.', '_'], " ");
    if let Some(ending) = ENDINGS.iter().find(|ending| text.ends_with(*ending) && text.len() > ending.len()) {
        let at = text.len() - ending.len();
        if !text[..at].ends_with(' ') {
            text.insert(at, ' ');
        }
    }
    words::capitalised(&text)
}

fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let kept: String = line.chars().take(LONGEST).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(object: &Value) -> Item {
        item_of(object.as_object().unwrap())
    }

    #[test]
    fn a_transaction_reads_like_one() {
        let item = item(&json!({
            "id": "tx1", "entityid": "17_hb_tx1", "createddate": 1_764_569_154_000_i64, "amount": 795.0,
            "currency": "GBP", "merchantname": "D Pryceland", "runningbalance": 4736.75, "category": "Rent",
            "description": "D Pryceland", "posted": true, "postdate": 1_764_569_155_000_i64,
        }));
        assert_eq!(item.title, "D Pryceland, 795.00 GBP");
        assert_eq!(item.when.as_deref(), Some("1 December 2025"));
        let facts: Vec<_> = item.facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(facts, [("Category", "Rent"), ("Posted", "yes"), ("Running balance", "4736.75")]);
    }

    #[test]
    fn what_lies_one_level_down_is_told_too() {
        let item =
            item(&json!({ "track": { "id": "x", "name": "Barley", "artist": "Ingrid" }, "tags": [1, 2] }));
        assert_eq!(item.title, "Barley");
        assert!(item.facts.contains(&("Track artist".to_owned(), "Ingrid".to_owned())));
        assert!(item.facts.contains(&("Tags".to_owned(), "2 entries".to_owned())));
    }

    #[test]
    fn anything_is_bearable() {
        assert_eq!(item(&json!({})).title, "An entry");
        let long = item(&json!({ "name": "a ".repeat(500), "createddate": i64::MAX, "x": null }));
        assert_eq!((long.title.chars().count(), long.when), (160, None));
    }
}
