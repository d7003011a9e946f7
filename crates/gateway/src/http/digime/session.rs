//! Sessions and their file lists (`protocol/digime.md` §§6.1, 9).

use actix_web::{HttpResponse, web};
use consent_core::taxonomy;
use consent_crypto::{Secret, SecretKind};
use consent_library::{AccountState, File, FileKind};
use consent_sessions::{FileList, SessionError, State};
use serde_json::{Map, Value, json};

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
    session: web::Path<String>,
) -> Result<HttpResponse, DigimeError> {
    let list = flows::file_list(&platform, &access, &session_key(&session)?).await?;
    Ok(HttpResponse::Ok().json(list_json(&list)))
}

/// The session key in a path; anything else names no session.
pub(super) fn session_key(text: &str) -> Result<Secret, SessionError> {
    Secret::parse(SecretKind::Session, text).map_err(|_| SessionError::Unknown)
}

fn list_json(list: &FileList) -> Value {
    if list.state == State::Pending {
        return json!({ "status": { "state": "pending" } });
    }
    let details: Map<String, Value> =
        list.accounts.iter().map(|(account, state)| (account.clone(), account_json(state))).collect();
    let files: Vec<_> = list.files.iter().map(entry_json).collect();
    json!({ "status": { "state": list.state.name(), "details": details }, "fileList": files })
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

fn entry_json(file: &File) -> Value {
    let mut entry = json!({ "name": file.name, "updatedDate": file.updated_at.timestamp_millis() });
    if let FileKind::Mapped { service_group, service_type, object_type, .. } = file.kind {
        entry["objectType"] = taxonomy::object_type(object_type).map_or("", |known| known.reference).into();
        entry["serviceGroup"] =
            taxonomy::service_group(service_group).map_or("", |known| known.reference).into();
        entry["serviceName"] =
            taxonomy::service_type(service_type).map_or("", |known| known.reference).into();
        entry["objectVersion"] = taxonomy::OBJECT_VERSION.into();
        entry["schema"] = consent_sessions::schema();
    }
    entry
}
