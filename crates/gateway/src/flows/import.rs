//! A person's own files arrive. Writing opens nothing, so this needs no secret of hers.

use std::io;

use bytes::{Bytes, BytesMut};
use consent_core::{Ambient, PersonId};
use consent_crypto::digest::hex;
use consent_library::{FileKind, ShelfKind, WrittenFile};
use consent_sources::{OwnFile, recognise};
use futures_util::{Stream, StreamExt, TryStreamExt, pin_mut, stream};

use super::FlowError;
use crate::platform::Platform;

/// JSON longer than this is kept as it is, without looking for mapped objects in it.
const LOOK_INSIDE: usize = 32 * 1024 * 1024;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its id.
    pub id: consent_core::FileId,
    /// Its name on the wire.
    pub name: String,
    /// Whether it was recognised as mapped data.
    pub mapped: bool,
    /// How many objects it holds, if so.
    pub objects: Option<u64>,
}

/// Takes a file into a person's library, sealed as it arrives; refused for a person without a library. A JSON array that
/// matches a mapped type becomes one file for each month.
pub async fn import<S>(
    platform: &Platform,
    person: &PersonId,
    name: &str,
    mimetype: &str,
    body: S,
) -> Result<Vec<Imported>, FlowError>
where
    S: Stream<Item = io::Result<Bytes>>,
{
    let library = consent_library::find_library(&platform.db, person).await?;
    let shelves = consent_library::shelves(&platform.db, &library.id).await?;
    let own = shelves
        .iter()
        .find(|shelf| shelf.kind == ShelfKind::Own)
        .ok_or(consent_library::LibraryError::NoLibrary)?;
    let place = own.drop_point();
    let (ambient, created) = (&platform.ambient, platform.ambient.now().timestamp_millis());
    pin_mut!(body);
    let mut head = BytesMut::new();
    let mut rest = None;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(consent_library::LibraryError::Upload)?;
        head.extend_from_slice(&piece);
        if mimetype != "application/json" || head.len() > LOOK_INSIDE {
            rest = Some(body);
            break;
        }
    }
    let (mut written, mut imported): (Vec<WrittenFile>, Vec<Imported>) = (Vec::new(), Vec::new());
    if let Some(rest) = rest {
        let own = consent_sources::raw(name, mimetype, created, head.freeze());
        let bytes = stream::iter([Ok(own.content)]).chain(rest);
        let file = consent_library::write(&platform.blobs, &place, own.file, bytes, ambient).await?;
        imported.push(Imported {
            id: file.id().clone(),
            name: file.name().to_owned(),
            mapped: false,
            objects: None,
        });
        written.push(file);
    } else {
        for OwnFile { mut file, content } in recognise(name, mimetype, created, head.freeze()) {
            file.name = file.name.map(|name| apart(&name, ambient));
            let (mapped, objects) = (file.kind != FileKind::Raw, file.metadata.object_count);
            let bytes = stream::iter([Ok(content)]);
            let file =
                consent_library::write(&platform.blobs, &place, file, bytes.into_stream(), ambient).await?;
            imported.push(Imported { id: file.id().clone(), name: file.name().to_owned(), mapped, objects });
            written.push(file);
        }
    }
    let tx = platform.db.begin_write().await?;
    consent_people::lock(&tx, person).await?;
    consent_library::insert_files(&tx, &written, ambient).await?;
    tx.commit().await?;
    Ok(imported)
}

/// A name of its own for each upload: more objects of the same month come from elsewhere, and replace nothing.
fn apart(name: &str, ambient: &Ambient) -> String {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    format!("{stem}-{}.json", hex(&ambient.random::<8>()))
}
