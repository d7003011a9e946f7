//! An app fetches one file: opened with its token, cut to its scope, sealed for its contract, watched until the end.

use std::{io, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use consent_contracts::Access as ContractAccess;
use consent_crypto::envelope;
use consent_events::NewAccess;
use consent_grants::{Grant, Stage};
use consent_sessions::{Presented, SessionError, State};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::{Access, FlowError, consent::reads, record::hash_bytes};
use crate::platform::Platform;

/// So often a running download asks whether its grant is still active.
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// A file on its way to an app.
#[derive(Debug)]
pub struct Download {
    /// What stands under `metadata` in the `x-metadata` header.
    pub metadata: serde_json::Value,
    /// Length of the content in bytes, before it is sealed.
    pub size: u64,
    /// Length of the body in bytes.
    pub length: u64,
    /// When this version was written.
    pub updated_at: DateTime<Utc>,
    presented: Presented,
    fetched: NewAccess,
}

/// Opens the file that was asked for, if the session lists it.
pub async fn open_file(platform: &Platform, access: &Access) -> Result<Download, FlowError> {
    let now = platform.ambient.now();
    let session = access.session(now)?;
    if session.state == State::Pending {
        return Err(SessionError::NoFile.into());
    }
    let raw = reads(&access.caller.client)? == ContractAccess::ReadRaw;
    let opened = access.open_file(&session, raw, now)?;
    let (file, object_type) = (opened.file.id.clone(), opened.file.kind.object_type());
    let scope = access.today(&session.scope, now);
    let presented = consent_sessions::open(&platform.blobs, opened, &scope, now).await?;
    Ok(Download {
        metadata: presented.metadata.clone(),
        size: presented.length,
        length: envelope::sealed_len(presented.length),
        updated_at: presented.updated_at,
        fetched: NewAccess {
            person: access.grant.person.clone(),
            app: access.grant.app.clone(),
            access: consent_events::Access {
                grant: access.grant.id.clone(),
                contract: access.grant.contract.clone(),
                version: access.grant.version,
                session: Some(session.id),
                file,
                object_type,
                text_hash: hash_bytes(&access.grant.text_hash)?,
                bytes: presented.length,
            },
        },
        presented,
    })
}

impl Download {
    /// The body: the container of `protocol/digime.md` §8.1, v1.7 form, made while it is sent. It breaks off, never
    /// ends cleanly, within a second of the grant being stopped or ended. The access is on its way to the person's
    /// ledger before that: nothing leaves that she cannot see.
    pub async fn body(
        self,
        platform: &Platform,
        access: &Access,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + use<>, FlowError> {
        let (caller, now) = (&access.caller, platform.ambient.now());
        let key = caller.client.sealing_key(&caller.kid, now).ok_or(consent_crypto::SealError::Failed)?;
        platform.ledger.record(self.fetched)?;
        let content = self.presented.content(&platform.blobs).await?.map_err(io::Error::other);
        let sealed = envelope::seal_stream(&key.public, &platform.ambient, content)?;
        Ok(watch(platform.clone(), access.grant.clone(), sealed))
    }
}

/// Passes a stream on while the grant is active as it was found, and breaks it off as soon as it is not. A stop in
/// between is enough: what it broke off, a resume does not continue.
pub fn watch(
    platform: Platform,
    grant: Grant,
    inner: impl Stream<Item = io::Result<Bytes>>,
) -> impl Stream<Item = io::Result<Bytes>> {
    let announcements = platform.shut_announcements();
    let state = Some((Box::pin(inner), announcements, Instant::now() + WATCH_EVERY));
    stream::try_unfold(state, move |state| {
        let (platform, grant) = (platform.clone(), grant.clone());
        async move {
            let Some((mut inner, mut announcements, mut check_at)) = state else { return Ok(None) };
            loop {
                let piece = tokio::select! {
                    biased;
                    changed = announcements.changed() => { changed.map_err(io::Error::other)?; None }
                    () = tokio::time::sleep_until(check_at) => None,
                    piece = inner.next() => Some(piece),
                };
                if let Some(piece) = piece {
                    let piece = piece.transpose()?;
                    return Ok(piece.map(|piece| (piece, Some((inner, announcements, check_at)))));
                }
                refuse_unless_active(&platform, &grant).await?;
                check_at = Instant::now() + WATCH_EVERY;
            }
        }
    })
}

async fn refuse_unless_active(platform: &Platform, grant: &Grant) -> io::Result<()> {
    let found = consent_grants::find_by_id(&platform.db, &grant.id).await.map_err(io::Error::other)?;
    match found.stage_at(platform.ambient.now()) {
        Stage::Active if found.epoch == grant.epoch => Ok(()),
        _ => Err(io::Error::other("the grant is no longer active")),
    }
}
