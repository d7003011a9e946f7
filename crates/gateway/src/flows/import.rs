//! A person's own files arrive. Writing opens nothing, so this needs no secret of hers.

use std::io;

use bytes::{Bytes, BytesMut};
use consent_core::{Ambient, PersonId};
use consent_crypto::digest::hex;
use consent_library::{DropPoint, FileKind, LibraryError, NewFile, ShelfKind, WrittenFile};
use consent_sources::{OwnFile, recognise};
use futures_util::{Stream, StreamExt, pin_mut, stream};

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
    let own = shelves.iter().find(|shelf| shelf.kind == ShelfKind::Own).ok_or(LibraryError::NoLibrary)?;
    let (place, ambient) = (own.drop_point()?, &platform.ambient);
    let created = ambient.now().timestamp_millis();
    pin_mut!(body);
    let (head, whole) = look_inside(mimetype, &mut body).await?;
    let mut kept = Vec::new();
    if whole {
        for OwnFile { mut file, content } in recognise(name, mimetype, created, head) {
            file.name = file.name.map(|name| apart(&name, ambient));
            kept.push(keep(platform, &place, file, stream::iter([Ok(content)])).await?);
        }
    } else {
        let OwnFile { file, content } = consent_sources::raw(name, mimetype, created, head);
        kept.push(keep(platform, &place, file, stream::iter([Ok(content)]).chain(body)).await?);
    }
    let (written, imported): (Vec<WrittenFile>, Vec<Imported>) = kept.into_iter().unzip();
    let tx = platform.db.begin_write().await?;
    consent_people::lock(&tx, person).await?;
    consent_library::insert_files(&tx, &written, ambient).await?;
    tx.commit().await?;
    Ok(imported)
}

/// The beginning of a body, and whether that is all of it: JSON is read to its end, if that is not too far.
async fn look_inside<S>(mimetype: &str, body: &mut S) -> Result<(Bytes, bool), FlowError>
where
    S: Stream<Item = io::Result<Bytes>> + Unpin,
{
    let mut head = BytesMut::new();
    while let Some(piece) = body.next().await {
        head.extend_from_slice(&piece.map_err(LibraryError::Upload)?);
        if mimetype != "application/json" || head.len() > LOOK_INSIDE {
            return Ok((head.freeze(), false));
        }
    }
    Ok((head.freeze(), true))
}

/// Stores one file, whose row is still to be written.
async fn keep<S>(
    platform: &Platform,
    place: &DropPoint,
    file: NewFile,
    content: S,
) -> Result<(WrittenFile, Imported), FlowError>
where
    S: Stream<Item = io::Result<Bytes>>,
{
    let (mapped, objects) = (file.kind != FileKind::Raw, file.metadata.object_count);
    let written = consent_library::write(&platform.blobs, place, file, content, &platform.ambient).await?;
    let imported = Imported { id: written.id().clone(), name: written.name().to_owned(), mapped, objects };
    Ok((written, imported))
}

/// A name of its own for each upload: more objects of the same month come from elsewhere, and replace nothing.
fn apart(name: &str, ambient: &Ambient) -> String {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    format!("{stem}-{}.json", hex(&ambient.random::<8>()))
}
