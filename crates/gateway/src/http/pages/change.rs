//! What a contract says since she agreed to it: the page of the difference, and her answer.

use actix_web::{HttpResponse, http::StatusCode, web};
use consent_contracts::{CalendarDuration, Change, Field};
use consent_core::{AccountId, Scope, taxonomy};
use consent_grants::Grant;
use consent_pages::{ChangeAnswer, ChangeBox, ChangeLine, ContractChange, Section};
use serde_json::{Value, json};

use super::{Known, Posted, Shown, html, see_other, sentence_of, words};
use crate::{
    flows::{self, FlowError},
    http::{api::grant_in_path, error::Refusal},
    platform::Platform,
};

/// `GET /console/grants/{grant}/change`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    Ok(page(&platform, &her, &grant, false).await?)
}

/// `POST /console/grants/{grant}/change`.
pub(super) async fn answer(platform: web::Data<Platform>, Posted { by, form }: Posted<Known>) -> Shown {
    let grant = grant_in_path(&platform, &by.who, &by.place).await?;
    let text_hash = form.one("textHash").to_owned();
    let (said, answered) = match form.one("answer") {
        "accept" => {
            let accounts = form.all("account").map(str::parse::<AccountId>).collect::<Result<_, _>>();
            let include = form.all("include").map(str::parse::<i64>).collect::<Result<_, _>>();
            let (Ok(accounts), Ok(include)) = (accounts, include) else {
                return Err(Refusal::new(422, "ValidationErrors", "Choose again").into());
            };
            let future_accounts = form.is_ticked("futureAccounts");
            let yes = flows::ChangeAnswer { text_hash, accounts: Some(accounts), include, future_accounts };
            ("widened", Box::pin(flows::accept_change(&platform, &by.who, &grant.id, yes)).await)
        }
        "decline" => ("unchanged", flows::decline_change(&platform, &by.who, &grant.id, &text_hash).await),
        _ => return Err(Refusal::new(422, "ValidationErrors", "Say yes or no").into()),
    };
    match answered {
        Ok(_) => Ok(see_other(&format!("/console?said={said}"))),
        Err(FlowError::ContractChanged) => Ok(page(&platform, &by, &grant, true).await?),
        Err(error) => Err(error.into()),
    }
}

async fn page(
    platform: &Platform,
    her: &Known,
    grant: &Grant,
    once_more: bool,
) -> Result<HttpResponse, Refusal> {
    let change = flows::contract_change(platform, grant).await?;
    let status = if once_more { StatusCode::CONFLICT } else { StatusCode::OK };
    let mut page = nothing(platform, her, grant).await?;
    page.once_more = once_more;
    let Some(change) = change else { return Ok(html(status, &page)) };
    page.answer = match (change.declined_at, flows::refuse_in_default(&platform.db, &change.app).await) {
        _ if change.difference.widened.is_empty() => ChangeAnswer::Nothing,
        (_, Err(error @ FlowError::InDefault { .. })) => ChangeAnswer::Refused(sentence_of(error)),
        (_, Err(error)) => return Err(error.into()),
        (Some(at), Ok(())) => ChangeAnswer::Declined(words::date(at)),
        (None, Ok(())) => ChangeAnswer::Open,
    };
    let named = flows::named_accounts(platform, &her.who).await?;
    let named = |id: &AccountId| {
        named.iter().find(|(account, _)| account.id == *id).and_then(|(_, name)| name.clone())
    };
    page.accounts = change
        .accounts
        .iter()
        .map(|account| ChangeBox {
            value: account.id.to_string(),
            text: match named(&account.id) {
                Some(name) => format!("{} ({name})", account.source().name),
                None => account.source().name.to_owned(),
            },
            ticked: true,
        })
        .collect();
    let optional = change.optional.iter();
    let unticked =
        |id: &i64| ChangeBox { value: id.to_string(), text: words::object_type(*id), ticked: false };
    page.optional = optional.map(unticked).collect();
    page.future_accounts = change.future_accounts;
    page.text_hash = change.current.text_hash;
    page.added = lines(&change.difference.widened);
    page.gone = lines(&change.difference.narrowed);
    page.otherwise = lines(&change.difference.reworded);
    Ok(html(status, &page))
}

/// The page of a contract that says what she agreed to.
async fn nothing(platform: &Platform, her: &Known, grant: &Grant) -> Result<ContractChange, Refusal> {
    let app = consent_contracts::find_app(&platform.db, &grant.app).await?;
    let agreed = consent_contracts::find_version(&platform.db, &grant.contract, grant.version).await?;
    Ok(ContractChange {
        frame: her.frame(platform, Section::Console),
        app: app.name,
        contract: agreed.document.name,
        agreed_on: words::date(grant.created_at),
        action: format!("/console/grants/{}/change", grant.id),
        once_more: false,
        answer: ChangeAnswer::Nothing,
        added: vec![],
        gone: vec![],
        otherwise: vec![],
        accounts: vec![],
        optional: vec![],
        future_accounts: false,
        text_hash: String::new(),
    })
}

/// A line for each member; all kinds of data of a service group together.
fn lines(changes: &[Change]) -> Vec<ChangeLine> {
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
