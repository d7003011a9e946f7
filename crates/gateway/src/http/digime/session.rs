//! Sessions and their file lists (`protocol/digime.md` §§6.1, 9).

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use consent_core::taxonomy;
use consent_library::{AccountState, FileKind, Listed};
use consent_sessions::{FileList, Schema, State};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    DigimeError,
    oauth::session_json,
    wire::{self, Body, Pull},
};
use crate::{flows, http::extract::WithToken, platform::Platform};

/// `POST permission-access/trigger`: opens a session and starts to ask its sources.
pub(super) async fn trigger(
    platform: web::Data<Platform>,
    WithToken(access): WithToken,
    Body(body): Body,
) -> Result<HttpResponse, DigimeError> {
    let asked = wire::parse::<Pull>(&body)?.asked()?;
    let triggered = flows::trigger(&platform, &access, asked).await?;
    Ok(HttpResponse::Ok().json(json!({ "session": session_json(&triggered.session, &triggered.key) })))
}

/// `GET permission-access/query/{session}`: how far the session is, and what it may read.
pub(super) async fn list(
    platform: web::Data<Platform>,
    WithToken(access): WithToken,
) -> Result<HttpResponse, DigimeError> {
    let list = flows::file_list(&platform, &access).await?;
    Ok(HttpResponse::Ok().json(list_json(&list)))
}

fn list_json(list: &FileList) -> ListJson<'_> {
    let known = list.state != State::Pending;
    ListJson {
        status: StatusJson {
            state: list.state.name(),
            details: known.then(|| {
                list.accounts.iter().map(|(account, state)| (account.as_str(), account_json(state))).collect()
            }),
        },
        file_list: known.then(|| list.files.iter().map(EntryJson::from).collect()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListJson<'a> {
    status: StatusJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_list: Option<Vec<EntryJson<'a>>>,
}

#[derive(Serialize)]
struct StatusJson<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<BTreeMap<&'a str, Value>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryJson<'a> {
    name: &'a str,
    updated_date: i64,
    #[serde(flatten)]
    mapped: Option<MappedJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MappedJson {
    object_type: &'static str,
    service_group: &'static str,
    service_name: &'static str,
    object_version: &'static str,
    schema: Schema,
}

fn account_json(state: &AccountState) -> Value {
    match state {
        AccountState::Running => json!({ "state": "running" }),
        AccountState::Completed => json!({ "state": "completed" }),
        AccountState::Partial(problem) => json!({
            "state": "partial",
            "error": {
                "code": problem.code,
                "statusCode": problem.status_code,
                "message": problem.message,
                "reauth": problem.reauth,
            },
        }),
    }
}

impl<'a> From<&'a Listed> for EntryJson<'a> {
    fn from(file: &'a Listed) -> Self {
        let mapped = match file.kind {
            FileKind::Raw => None,
            FileKind::Mapped { service_group, service_type, object_type, .. } => Some(MappedJson {
                object_type: taxonomy::object_type(object_type).map_or("", |known| known.reference),
                service_group: taxonomy::service_group(service_group).map_or("", |known| known.reference),
                service_name: taxonomy::service_type(service_type).map_or("", |known| known.reference),
                object_version: taxonomy::OBJECT_VERSION,
                schema: Schema::CURRENT,
            }),
        };
        Self { name: &file.name, updated_date: file.updated_at.timestamp_millis(), mapped }
    }
}
