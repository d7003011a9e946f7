//! Files that come with a form, sealed as they arrive.

use std::io::{self, ErrorKind};

use actix_multipart::{Field, Multipart};
use actix_web::web;
use bytes::{Bytes, BytesMut};
use consent_library::LibraryError;
use futures_util::{Stream, StreamExt, TryStreamExt};

use super::{
    Known, PageError, sentence,
    visit::{CSRF, check_form},
    words,
};
use crate::{
    flows::{self, FlowError},
    http::{
        api::{file_name, limited, media_type},
        error::Refusal,
    },
    platform::Platform,
};

/// A token is not longer than this, in bytes.
const LONGEST_TOKEN: usize = 200;
/// So much of a form that was refused is still taken in, so that the browser hears why.
const HEARD_OUT: u64 = 64 * 1024 * 1024;

/// What became of the files of a form.
pub(in crate::http) struct Outcome {
    /// How many are in her library now.
    pub kept: usize,
    /// Why the rest is not, as a sentence.
    pub problem: Option<String>,
}

impl Outcome {
    /// What to tell her when something went wrong.
    pub fn failure(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        let kept = words::count(self.kept as u64, "file");
        Some(if self.kept == 0 { problem.clone() } else { format!("{problem} Kept so far: {kept}.") })
    }
}

/// Takes the files of a form into her library, one after the other. Its first field must be the token; what came
/// before a failure is kept.
pub(in crate::http) async fn receive(
    platform: &Platform,
    her: &Known,
    payload: web::Payload,
) -> Result<Outcome, PageError> {
    let mut parts = Multipart::new(her.place.request().headers(), payload);
    // A form of another kind has no parts, and asking for them a second time panics.
    let first = parts.try_next().await.map_err(broken)?;
    let received = take_in(platform, her, first, &mut parts).await;
    let quiet = matches!(&received, Ok(outcome) if outcome.problem.is_none());
    if !quiet {
        hear_out(parts).await;
    }
    received
}

async fn take_in(
    platform: &Platform,
    her: &Known,
    first: Option<Field>,
    parts: &mut Multipart,
) -> Result<Outcome, PageError> {
    let token = match first {
        Some(field) if field.name() == Some(CSRF) => text(field).await?,
        _ => String::new(),
    };
    check_form(her.place.request(), her, &token)?;
    let mut kept = 0;
    loop {
        let problem = match parts.try_next().await {
            Ok(None) => None,
            Ok(Some(field)) => match keep(platform, her, field).await {
                Ok(true) => {
                    kept += 1;
                    continue;
                }
                Ok(false) => continue,
                Err(problem) => Some(problem),
            },
            Err(_) => Some("The upload broke off.".to_owned()),
        };
        let nothing = (kept == 0).then(|| "Choose a file first.".to_owned());
        return Ok(Outcome { kept, problem: problem.or(nothing) });
    }
}

/// Keeps one file; false for a field without one. What is wrong is said as a sentence.
async fn keep(platform: &Platform, her: &Known, field: Field) -> Result<bool, String> {
    let given = field.content_disposition().and_then(|header| header.get_filename()).unwrap_or_default();
    // Some browsers tell the whole path.
    let bare = unescaped(given.rsplit(['/', '\\']).next().unwrap_or_default());
    if field.name() != Some("file") || bare.is_empty() {
        return Ok(false);
    }
    let name = file_name(&bare).map_err(|_| {
        "A file has a name that cannot be kept: more than 255 characters, or control characters in it."
            .to_owned()
    })?;
    let said = field.content_type().map(|media_type| media_type.essence_str().to_owned()).unwrap_or_default();
    let mimetype = media_type(&said).unwrap_or_else(|_| media_type("").unwrap_or_default());
    let limit = platform.config.limits.upload_bytes;
    let body = limited(bytes_of(field), limit.bytes());
    match flows::import(platform, &her.person.id, name, &mimetype, body).await {
        Ok(_) => Ok(true),
        Err(FlowError::Library(LibraryError::Upload(cause))) if cause.kind() == ErrorKind::FileTooLarge => {
            Err(format!("“{name}” is larger than {}.", words::size(limit.bytes())))
        }
        Err(error) => Err(format!("“{name}” was not kept. {}", sentence(&Refusal::from(error).message))),
    }
}

/// Browsers write three characters of a name in another way (HTML, multipart/form-data encoding algorithm).
fn unescaped(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

fn bytes_of(field: Field) -> impl Stream<Item = io::Result<Bytes>> {
    field.map_err(|error| io::Error::other(error.to_string()))
}

async fn text(field: Field) -> Result<String, PageError> {
    let bytes = field
        .map_err(broken)
        .try_fold(BytesMut::new(), |mut whole, piece| async move {
            if whole.len() + piece.len() > LONGEST_TOKEN {
                return Err(Refusal::new(400, "FormBroken", "This form is not one of ours"));
            }
            whole.extend_from_slice(&piece);
            Ok(whole)
        })
        .await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn broken(_: actix_multipart::MultipartError) -> Refusal {
    Refusal::new(400, "FormBroken", "The form did not arrive in full; nothing was changed")
}

async fn hear_out(mut parts: Multipart) {
    let mut left = HEARD_OUT;
    while let Some(Ok(mut field)) = parts.next().await {
        while let Some(Ok(piece)) = field.next().await {
            left = left.saturating_sub(piece.len() as u64);
            if left == 0 {
                return;
            }
        }
    }
}
