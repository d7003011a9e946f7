//! The files of a library.

use std::{
    collections::HashMap,
    io::{self, ErrorKind},
};

use actix_web::{http::StatusCode, web};
use bytes::Bytes;
use consent_core::{FileId, PersonId, ShelfId};
use consent_library::{File, FileKind, LibraryError, Order, ShelfKind};
use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    request::{Paging, Place, invalid, too_large},
    wire::{Answer, Created, Listing, Moment, created},
};
use crate::{
    flows::{self, FlowError, Imported},
    http::{
        error::Refusal,
        extract::{Operator, Person},
    },
    platform::Platform,
};

/// A file as far as it stands in the clear; its content and its own name are sealed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = File)]
pub(super) struct FileJson {
    #[schema(value_type = String, example = "fil01hf7yat00000000000000001a")]
    id: FileId,
    /// Its name on the wire.
    name: String,
    /// Whether it holds objects of one type, or any bytes.
    mapped: bool,
    /// Number of the service group.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_group: Option<i64>,
    /// Number of the service type.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_type: Option<i64>,
    /// Number of the object type.
    #[serde(skip_serializing_if = "Option::is_none")]
    object_type: Option<i64>,
    /// The month in which its objects were created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "D202611")]
    period: Option<String>,
    /// Size of the sealed file.
    stored_bytes: i64,
    /// When this version was written.
    updated_at: Moment,
    /// `own` for what she put there herself, `account` for what came from a source.
    shelf: &'static str,
}

impl FileJson {
    fn new(file: File, shelf: ShelfKind) -> Self {
        let mapped = match file.kind {
            FileKind::Mapped { service_group, service_type, object_type, period } => {
                Some((service_group, service_type, object_type, period))
            }
            FileKind::Raw => None,
        };
        Self {
            id: file.id,
            name: file.name,
            mapped: mapped.is_some(),
            service_group: mapped.map(|(group, ..)| group),
            service_type: mapped.map(|(_, service, ..)| service),
            object_type: mapped.map(|(_, _, object, _)| object),
            period: mapped.and_then(|(.., period)| period).map(|period| period.to_string()),
            stored_bytes: file.stored_bytes,
            updated_at: file.updated_at.into(),
            shelf: match shelf {
                ShelfKind::Own => "own",
                ShelfKind::Account => "account",
            },
        }
    }
}

/// What the file that comes is called.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UploadQuery {
    /// The file's own name, 1 to 255 characters; kept sealed.
    #[param(example = "diary.json")]
    name: String,
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Imported)]
pub(super) struct ImportedJson {
    /// One file, or one for each month of mapped objects.
    files: Vec<ImportedFileJson>,
}

/// A file that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedFile)]
pub(super) struct ImportedFileJson {
    #[schema(value_type = String)]
    id: FileId,
    /// Its name on the wire.
    name: String,
    /// Whether it was recognised as mapped data.
    mapped: bool,
    /// How many objects it holds, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<u64>,
}

impl From<Imported> for ImportedFileJson {
    fn from(Imported { id, name, mapped, objects }: Imported) -> Self {
        Self { id, name, mapped, objects }
    }
}

/// Lists the files of her library, oldest first.
#[utoipa::path(
    get, path = "/api/v1/me/files", tag = "library", operation_id = "listFiles",
    params(Paging), responses((status = 200, description = "A page of files", body = Listing<FileJson>)),
)]
pub(super) async fn list(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<FileJson>> {
    let cursor = place.cursor()?;
    let library = consent_library::find_library(&platform.db, &who.0.sign_in.person).await?;
    let shelves = consent_library::shelves(&platform.db, &library.id).await?;
    let kinds: HashMap<ShelfId, ShelfKind> =
        shelves.into_iter().map(|shelf| (shelf.id, shelf.kind)).collect();
    let page = consent_library::list_files(&platform.db, &library.id, Order::OldestFirst, &cursor).await?;
    let shown = page.map(|file| {
        let shelf = kinds.get(&file.shelf).copied().unwrap_or(ShelfKind::Own);
        FileJson::new(file, shelf)
    });
    Ok(web::Json(shown.into()))
}

/// Puts a file into her library, sealed as it arrives.
///
/// A JSON array (`application/json`) that matches a mapped type becomes one file for each month.
#[utoipa::path(
    post, path = "/api/v1/me/files", tag = "library", operation_id = "uploadFile", params(UploadQuery),
    request_body(
        content = String, content_type = "application/octet-stream", description = "The bytes, of any media type",
    ),
    responses((status = 201, description = "Kept", body = ImportedJson)),
)]
pub(super) async fn upload(
    who: Person,
    place: Place,
    payload: web::Payload,
    platform: web::Data<Platform>,
) -> Created<ImportedJson> {
    Ok(import(&platform, &who.0.sign_in.person, &place, payload).await?)
}

/// Puts a file into a person's library, which stays shut to the operator.
///
/// Refused for a person who has not signed up yet and so has no library.
#[utoipa::path(
    post, path = "/api/v1/people/{person}/files", tag = "operator", operation_id = "importFile", params(UploadQuery),
    request_body(
        content = String, content_type = "application/octet-stream", description = "The bytes, of any media type",
    ),
    responses((status = 201, description = "Kept", body = ImportedJson)),
)]
pub(super) async fn import_for(
    _: Operator,
    place: Place,
    payload: web::Payload,
    platform: web::Data<Platform>,
) -> Created<ImportedJson> {
    let person = consent_people::find(&platform.db, &place.id()?).await?;
    Ok(import(&platform, &person.id, &place, payload).await?)
}

async fn import(
    platform: &Platform,
    person: &PersonId,
    place: &Place,
    payload: web::Payload,
) -> Result<(web::Json<ImportedJson>, StatusCode), Refusal> {
    let UploadQuery { name } = place.query()?;
    let name = file_name(&name)?;
    let mimetype = media_type(&place.media_type())?;
    let limit = platform.config.limits.upload_bytes;
    if place.content_length().is_some_and(|length| length > limit.bytes()) {
        return Err(too_large(limit));
    }
    let body = limited(payload, limit.bytes());
    let imported = flows::import(platform, person, name, &mimetype, body).await;
    let imported = imported.map_err(|error| match error {
        FlowError::Library(LibraryError::Upload(cause)) if cause.kind() == ErrorKind::FileTooLarge => {
            too_large(limit)
        }
        error => error.into(),
    })?;
    Ok(created(ImportedJson { files: imported.into_iter().map(ImportedFileJson::from).collect() }))
}

/// A name that a file can have.
pub(in crate::http) fn file_name(name: &str) -> Result<&str, Refusal> {
    if (1..=255).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    Err(invalid("name", "must have 1 to 255 characters, without control characters"))
}

/// The media type that somebody says, or that of any bytes.
pub(in crate::http) fn media_type(said: &str) -> Result<String, Refusal> {
    if said.is_empty() {
        return Ok("application/octet-stream".to_owned());
    }
    let token = |part: &str| {
        (1..=127).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match said.split_once('/') {
        Some((kind, subtype)) if token(kind) && token(subtype) => Ok(said.to_owned()),
        _ => Err(Refusal::new(
            415,
            "UnsupportedMediaType",
            "Content-Type must be a media type such as text/plain",
        )),
    }
}

/// The same bytes, broken off when there are too many.
pub(in crate::http) fn limited<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    body: impl Stream<Item = Result<Bytes, E>>,
    limit: u64,
) -> impl Stream<Item = io::Result<Bytes>> {
    let mut left = limit;
    body.map(move |piece| {
        let piece = piece.map_err(io::Error::other)?;
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(length).ok_or(ErrorKind::FileTooLarge)?;
        Ok(piece)
    })
}
