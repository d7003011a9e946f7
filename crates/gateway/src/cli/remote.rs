//! `app`, `contract`, `person`: what an operator does by hand. Each command speaks to a server over `/api/v1`, as
//! everybody else's programs do; where none runs, one is started for as long as the command takes.

mod apps;
mod contracts;
mod on_behalf;
mod people;
mod server;

use serde_json::Value;

use self::server::Server;
pub use self::{apps::AppCommand, contracts::ContractCommand, people::PersonCommand, server::Target};
use super::CliError;

/// Does one thing about apps.
pub async fn app(at: Target, command: AppCommand) -> Result<(), CliError> {
    let server = Server::reach(at).await?;
    let done = apps::run(&server, command).await;
    server.leave().await;
    done
}

/// Does one thing about contracts.
pub async fn contract(at: Target, command: ContractCommand) -> Result<(), CliError> {
    let server = Server::reach(at).await?;
    let done = contracts::run(&server, command).await;
    server.leave().await;
    done
}

/// Does one thing about persons.
pub async fn person(at: Target, command: PersonCommand) -> Result<(), CliError> {
    let server = Server::reach(at).await?;
    let done = people::run(&server, command).await;
    server.leave().await;
    done
}

/// A member that is text; nothing when it is absent.
fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// The entries of a list in columns, or what to say when there are none.
fn columns(list: &Value, names: &[&str], none: &str) -> String {
    let entries = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        return none.to_owned();
    }
    let cell = |entry: &Value, name: &str| match &entry[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let rows: Vec<Vec<_>> =
        entries.iter().map(|entry| names.iter().map(|name| cell(entry, name)).collect()).collect();
    let width =
        |at: usize| rows.iter().map(|row: &Vec<String>| row[at].chars().count()).max().unwrap_or_default();
    let widths: Vec<_> = (0..names.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// The members of an answer, one a line.
fn lines(value: &Value, members: &[(&str, &str)]) -> String {
    let given = members.iter().filter(|(_, member)| !value[*member].is_null());
    let line = |(title, member): &(&str, &str)| match &value[*member] {
        Value::String(text) => format!("{title:<12}{text}\n"),
        other => format!("{title:<12}{other}\n"),
    };
    given.map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_shown_in_columns() {
        let list = json!({ "items": [{ "id": "a", "n": 1, "name": "Ada" }, { "id": "abc", "name": "B" }] });
        assert_eq!(columns(&list, &["id", "n", "name"], "none"), "a    1  Ada\nabc  -  B\n");
        assert_eq!(columns(&json!({ "items": [] }), &["id"], "none"), "none");
    }

    #[test]
    fn an_answer_is_shown_line_by_line_without_what_it_lacks() {
        let app = json!({ "id": "app1", "seq": 2 });
        assert_eq!(
            lines(&app, &[("id", "id"), ("website", "website"), ("seq", "seq")]),
            "id          app1\nseq         2\n"
        );
    }
}
