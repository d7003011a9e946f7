//! The difference between two versions of a contract, in words.

use consent_contracts::{CalendarDuration, Change, Field};
use consent_core::{Scope, taxonomy};
use consent_pages::ChangeLine;
use serde_json::{Value, json};

use crate::http::pages::words;

/// A line for each member; all kinds of data of a service group together.
pub(super) fn lines(changes: &[Change]) -> Vec<ChangeLine> {
    let mut lines: Vec<ChangeLine> = Vec::new();
    for change in changes {
        let mut line = line(change);
        let joins = |known: &&mut ChangeLine| change.field == Field::Data && known.what == line.what;
        match lines.iter_mut().find(joins) {
            Some(known) => {
                known.old = joined(known.old.take(), line.old.take());
                known.new = joined(known.new.take(), line.new.take());
            }
            None => lines.push(line),
        }
    }
    lines
}

fn joined(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) if one.split(", ").any(|known| known == other) => Some(one),
        (Some(one), Some(other)) => Some(format!("{one}, {other}")),
        (one, other) => one.or(other),
    }
}

fn line(change: &Change) -> ChangeLine {
    let what = match change.field {
        Field::Data => data(change),
        field => title(field, change).to_owned(),
    };
    let said = |value: &Option<Value>| value.as_ref().map(|value| said(change.field, value));
    let (mut old, mut new) = (said(&change.old), said(&change.new));
    if !is_entry(change.field) {
        old.get_or_insert_with(|| absent(change.field).to_owned());
        new.get_or_insert_with(|| absent(change.field).to_owned());
    }
    ChangeLine { what, old, new }
}

/// Whose absence says nothing by itself.
fn is_entry(field: Field) -> bool {
    matches!(field, Field::Will | Field::WillNot | Field::Data | Field::Optional | Field::Recipient)
}

/// What it means that a member is left out.
fn absent(field: Field) -> &'static str {
    match field {
        Field::GrantFor => "until you end it",
        _ => "nothing",
    }
}

/// The service group of a kind of data.
fn data(change: &Change) -> String {
    let entry = change.new.as_ref().or(change.old.as_ref());
    let group = entry.and_then(|entry| entry["serviceGroup"].as_i64()).and_then(taxonomy::service_group);
    group.map_or_else(|| "Kinds of data".to_owned(), |group| format!("Data: {}", group.name))
}

fn title(field: Field, change: &Change) -> &'static str {
    let comes = change.new.is_some();
    match field {
        Field::Name => "What it is called",
        Field::Access => "What it does with your library",
        Field::Ongoing => "How often it comes",
        Field::PurposeSummary => "What for",
        Field::PurposeDetails => "What for, in full",
        Field::Will if comes => "It says that it will",
        Field::Will => "It no longer says that it will",
        Field::WillNot if comes => "It says that it will not",
        Field::WillNot => "It no longer says that it will not",
        Field::Data => "Kinds of data",
        Field::Times => "Of which time",
        Field::Files => "Which files",
        Field::Optional if comes => "What you may leave out now",
        Field::Optional => "What you could leave out and cannot any more",
        Field::RetentionPeriod => "How long it is kept",
        Field::RetentionText => "How long it is kept, in its words",
        Field::ThirdParties => "Whether others see it",
        Field::Recipient => "Who else sees it",
        Field::SharingText => "What others see, in its words",
        Field::RightToBeForgotten => "Whether it deletes when you ask",
        Field::RightToBeForgottenText => "How it deletes when you ask, in its words",
        Field::LawfulBasis => "On what ground of law",
        Field::Jurisdiction => "Whose law holds",
        Field::PolicyUrl => "Privacy policy",
        Field::TermsUrl => "Terms",
        Field::LogoUrl => "Logo",
        Field::GrantFor => "How long it lasts",
        Field::FutureAccounts => "Accounts you connect later",
        Field::MayDeleteLibrary => "Whether it may close your whole library",
    }
}

/// A value of the document in words.
fn said(field: Field, value: &Value) -> String {
    match (field, value) {
        (Field::Data, entry) => words::object_type(entry["objectType"].as_i64().unwrap_or_default()),
        (Field::Optional, Value::Number(object)) => words::object_type(object.as_i64().unwrap_or_default()),
        (Field::Times, ranges) => {
            scope(json!({ "timeRanges": ranges })).map_or_else(String::new, |scope| words::period(&scope))
        }
        (Field::Files, criteria) => scope(json!({ "criteria": criteria }))
            .map_or_else(String::new, |scope| words::files_asked_for(&scope)),
        (Field::RetentionPeriod | Field::GrantFor, Value::String(text)) => {
            text.parse::<CalendarDuration>().map_or_else(|_| text.clone(), |lasting| lasting.to_string())
        }
        (Field::Access, Value::String(access)) => match access.as_str() {
            "read" => "reads the data named".to_owned(),
            "readRaw" => "reads whole files".to_owned(),
            _ => "leaves data there and reads nothing".to_owned(),
        },
        (Field::LawfulBasis, basis) => match serde_json::from_value(basis.clone()) {
            Ok(basis) => words::lawful_basis(basis),
            Err(_) => String::new(),
        },
        (Field::Ongoing, Value::Bool(ongoing)) => {
            if *ongoing { "as often as it wants, until it ends" } else { "once" }.to_owned()
        }
        (_, Value::Bool(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

fn scope(value: Value) -> Option<Scope> {
    serde_json::from_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(field: Field, old: Value, new: Value) -> Change {
        let given = |value: Value| Some(value).filter(|value| !value.is_null());
        Change { field, old: given(old), new: given(new) }
    }

    #[test]
    fn data_of_one_group_is_one_line() {
        let data = |kind: i64, object: i64| {
            let entry = json!({ "serviceGroup": 3, "serviceType": kind, "objectType": object });
            change(Field::Data, Value::Null, entry)
        };
        let lines = lines(&[data(17, 201), data(18, 201), data(17, 202)]);
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert!(line.what.starts_with("Data: ") && line.old.is_none());
        assert_eq!(line.new.as_deref().map(|new| new.split(", ").count()), Some(2), "{line:?}");
    }

    #[test]
    fn values_are_said_in_words() {
        let both = |field, old, new| {
            let line = line(&change(field, old, new));
            (line.old.unwrap_or_default(), line.new.unwrap_or_default())
        };
        let text = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(both(Field::RetentionPeriod, json!("P1Y"), json!("P30D")), text("1 year", "30 days"));
        assert_eq!(both(Field::GrantFor, json!("P1Y"), Value::Null), text("1 year", "until you end it"));
        assert_eq!(
            both(Field::Ongoing, json!(false), json!(true)),
            text("once", "as often as it wants, until it ends")
        );
        assert_eq!(
            both(Field::Times, json!([{ "last": "1y" }]), json!([])),
            text("From the last year", "Of any time")
        );
        assert_eq!(both(Field::ThirdParties, json!(false), json!(true)), text("no", "yes"));
        assert_eq!(both(Field::Will, Value::Null, json!("Sing.")), text("", "Sing."));
    }
}
