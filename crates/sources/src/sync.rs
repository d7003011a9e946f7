//! Reading a source page by page. What is read and how far is committed together, so that a crash repeats a page at
//! most.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use consent_library::{AccountState, FileKind, Metadata, NewFile, current_name};
use serde::de::IgnoredAny;

use crate::{
    Account, Credentials, SourceError,
    sample::{self, Sample, SampleFile},
};

/// So many files come in one page.
const PAGE: usize = 12;

/// One page of what a source has.
#[derive(Debug)]
pub struct SourcePage {
    /// The files.
    pub files: Vec<(NewFile, Bytes)>,
    /// Where the next page starts; none after the last.
    pub next: Option<String>,
}

impl SourcePage {
    /// Reads the page that starts at `progress`, the first one if that is none.
    pub fn read(
        account: &Account,
        credentials: &Credentials,
        progress: Option<&str>,
    ) -> Result<Self, SourceError> {
        let unknown =
            || SourceError::UnknownSample { set: credentials.sample.clone(), source_id: account.source_id };
        let Sample { files, .. } =
            sample::sample(&credentials.sample, account.source_id).ok_or_else(unknown)?;
        let start = progress.and_then(|progress| progress.parse().ok()).unwrap_or(0);
        let next = (start + PAGE < files.len()).then(|| (start + PAGE).to_string());
        let page = files.into_iter().skip(start).take(PAGE);
        Ok(Self { files: page.map(|file| new_file(account, file)).collect(), next })
    }
}

fn new_file(account: &Account, file: SampleFile) -> (NewFile, Bytes) {
    match file {
        SampleFile::Mapped { object_type, period, content } => {
            let source = account.source();
            let kind = FileKind::Mapped {
                service_group: source.group().id,
                service_type: source.service_type,
                object_type,
                period,
            };
            let metadata = Metadata {
                mimetype: "application/json".to_owned(),
                object_count: count(&content),
                account: Some(account.entity_id.clone()),
                ..Metadata::default()
            };
            (NewFile { name: current_name(&kind, account.number), kind, metadata }, content)
        }
        SampleFile::Raw { name, mimetype, created, tags, reference, content } => {
            let metadata = Metadata {
                mimetype,
                created: Some(created),
                account: Some(account.entity_id.clone()),
                tags,
                reference,
                file_name: Some(name),
                ..Metadata::default()
            };
            (NewFile { kind: FileKind::Raw, name: None, metadata }, content)
        }
    }
}

/// How many objects a mapped file holds.
pub(crate) fn count(content: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Vec<IgnoredAny>>(content).ok().map(|objects| objects.len() as u64)
}

/// How far the reading of an account is for a session that started at `since`.
#[must_use]
pub fn state_since(account: &Account, since: DateTime<Utc>) -> AccountState {
    match (account.finished_at, &account.problem) {
        (Some(at), None) if at >= since => AccountState::Completed,
        (Some(at), Some(problem)) if at >= since => AccountState::Partial(problem.clone()),
        _ => AccountState::Running,
    }
}
