//! What a person's library holds of what a contract asks for, shown to her before she decides.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use consent_contracts::{Access as ContractAccess, Client};
use consent_core::{FileId, Scope, ShelfId};
use consent_library::{File, FileKind, Metadata, OpenedFile};
use consent_sessions::Coverage;
use consent_sources::Account;
use serde_json::{Map, Value};

use super::{FlowError, SignedIn, consent::asks_for, shelves::Shelves};
use crate::platform::Platform;

mod glance;

use glance::{Glance, Reader};

/// So many things of a kind are shown.
const PEEK: usize = 3;

/// What a library holds of what a contract asks for, as it stands.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// One for each object type, in the order of the contract; one in all for a contract that reads raw files.
    pub parts: Vec<SurveyPart>,
    /// The accounts that the contract has any use for, and her own files.
    pub holders: Vec<Holder>,
    /// How many files in all.
    pub files: usize,
    /// When the first and the last of it came to be. A file too large to look into counts with its whole month.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// What there is of one kind of data.
#[derive(Debug, Clone)]
pub struct SurveyPart {
    /// Number of the object type; none for raw files.
    pub object_type: Option<i64>,
    /// The service types from which the contract asks for it.
    pub service_types: Vec<i64>,
    /// And their service groups.
    pub service_groups: Vec<i64>,
    /// How many files.
    pub files: usize,
    /// The latest of it, up to three.
    pub peek: Vec<Peeked>,
}

/// A piece of what an app would get.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there are three for each part, on their way to a page")]
pub enum Peeked {
    /// A mapped object.
    Object(Map<String, Value>),
    /// What a raw file says of itself.
    File(Metadata),
}

/// A part of the library that she can share.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The account; none for what she put there herself.
    pub account: Option<Account>,
    /// Its name at the source.
    pub name: Option<String>,
    /// How many files that the contract asks for.
    pub files: usize,
    /// Whether the source is being read, so that more may come.
    pub reading: bool,
}

/// Looks at what her library holds of what a contract asks for. A contract that only writes asks for nothing.
pub async fn survey(platform: &Platform, who: &SignedIn, client: &Client) -> Result<Survey, FlowError> {
    let (document, now) = (&client.contract.document, platform.ambient.now());
    if document.access == ContractAccess::Write {
        return Ok(Survey::default());
    }
    let shelves = Shelves::open(platform, who).await?;
    let mut holders = holders(&shelves, client, now);
    let ids: Vec<_> = holders.iter().map(|(shelf, _)| shelf.clone()).collect();
    let files = consent_library::files_as_of(&platform.db, &shelves.library.id, &ids, now).await?;
    let (scope, mut survey) = (&document.scope, Survey::default());
    let found = if document.access == ContractAccess::ReadRaw {
        let files = consent_sessions::selected(scope, opened(&shelves, files), now);
        survey.add_raw(scope, &files);
        files.into_iter().map(|opened| opened.file).collect()
    } else {
        let covered = |file: &File| Coverage::of(scope, &file.kind, now) != Coverage::None;
        let files: Vec<_> = files.into_iter().filter(covered).collect();
        survey.add_mapped(&mut Reader::new(platform, &shelves, scope, now), &files).await;
        files
    };
    for (shelf, holder) in &mut holders {
        holder.files = found.iter().filter(|file| file.shelf == *shelf).count();
    }
    survey.files = found.len();
    survey.holders = holders.into_iter().map(|(_, holder)| holder).collect();
    Ok(survey)
}

/// Whatever she could share under a contract.
fn holders(shelves: &Shelves, client: &Client, now: DateTime<Utc>) -> Vec<(ShelfId, Holder)> {
    let asked = shelves.accounts.iter().filter(|account| asks_for(client, account.source().service_type));
    let accounts = asked.map(|account| {
        let (name, reading) = (shelves.name_of(account), account.is_being_read_at(now));
        (account.shelf.clone(), Holder { account: Some(account.clone()), name, files: 0, reading })
    });
    let own = shelves
        .own()
        .map(|shelf| (shelf.id.clone(), Holder { account: None, name: None, files: 0, reading: false }));
    accounts.chain(own).collect()
}

/// The raw ones of some files, as far as they open.
fn opened(shelves: &Shelves, files: Vec<File>) -> Vec<OpenedFile> {
    let raw = files.into_iter().filter(|file| file.kind == FileKind::Raw);
    raw.filter_map(|file| shelves.opened(file)).collect()
}

impl Survey {
    fn add_raw(&mut self, scope: &Scope, files: &[OpenedFile]) {
        let moments = || files.iter().filter_map(|file| file.metadata.created);
        self.span = span(moments().min(), moments().max());
        let mut latest: Vec<_> = files.iter().collect();
        latest.sort_by_key(|opened| (opened.metadata.created, opened.file.updated_at));
        let peek = latest.into_iter().rev().take(PEEK);
        let mut part = SurveyPart::new(None);
        scope.mapped().for_each(|(group, service, _)| part.also_from(group, service));
        part.files = files.len();
        part.peek = peek.map(|opened| Peeked::File(opened.metadata.clone())).collect();
        self.parts.push(part);
    }

    async fn add_mapped(&mut self, reader: &mut Reader<'_>, files: &[File]) {
        self.parts = asked_parts(reader.scope);
        reader.allow(self.parts.len());
        for part in &mut self.parts {
            let mut mine: Vec<_> = files.iter().filter(|file| part.holds(file)).collect();
            mine.sort_by_key(|file| (month(file), file.updated_at));
            mine.reverse();
            part.files = mine.len();
            let latest = reader.latest(&mine, PEEK).await;
            part.peek = latest.into_iter().map(Peeked::Object).collect();
        }
        let mut dated: Vec<_> = files.iter().filter(|file| month(file).is_some()).collect();
        dated.sort_by_key(|file| month(file));
        let first = reader.first_moment(dated.iter().copied()).await;
        let last = reader.last_moment(dated.into_iter().rev()).await;
        self.span = span(first, last);
    }
}

impl SurveyPart {
    fn new(object_type: Option<i64>) -> Self {
        Self {
            object_type,
            service_types: Vec::new(),
            service_groups: Vec::new(),
            files: 0,
            peek: Vec::new(),
        }
    }

    fn also_from(&mut self, group: i64, service: i64) {
        let add = |ids: &mut Vec<i64>, id| {
            if !ids.contains(&id) {
                ids.push(id);
            }
        };
        add(&mut self.service_groups, group);
        add(&mut self.service_types, service);
    }

    fn holds(&self, file: &File) -> bool {
        matches!(file.kind, FileKind::Mapped { object_type, .. } if Some(object_type) == self.object_type)
    }
}

/// The parts of a scope, one for each object type.
fn asked_parts(scope: &Scope) -> Vec<SurveyPart> {
    let mut parts: Vec<SurveyPart> = Vec::new();
    for (group, service, object) in scope.mapped() {
        let known = parts.iter().position(|part| part.object_type == Some(object));
        let at = known.unwrap_or_else(|| {
            parts.push(SurveyPart::new(Some(object)));
            parts.len() - 1
        });
        parts[at].also_from(group, service);
    }
    parts
}

/// The month of a mapped file.
fn month(file: &File) -> Option<consent_core::Period> {
    match file.kind {
        FileKind::Mapped { period, .. } => period,
        FileKind::Raw => None,
    }
}

fn span(first: Option<i64>, last: Option<i64>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let moment = |millis: Option<i64>| DateTime::from_timestamp_millis(millis?);
    moment(first).zip(moment(last))
}

/// What was seen of files, by their ids; none of those that cannot be looked into.
type Seen = HashMap<FileId, Option<Glance>>;

#[cfg(test)]
mod tests {
    use consent_core::{ServiceGroup, ServiceObjectType, ServiceType};

    use super::*;

    #[test]
    fn an_object_type_asked_for_from_several_services_is_one_part() {
        let group = |id, service, objects: &[i64]| ServiceGroup {
            id,
            service_types: vec![ServiceType {
                id: service,
                service_object_types: objects.iter().map(|&id| ServiceObjectType { id }).collect(),
            }],
        };
        let service_groups = vec![group(1, 4, &[2, 1]), group(5, 31, &[7, 2]), group(1, 1, &[2])];
        let parts = asked_parts(&Scope { service_groups, ..Scope::default() });
        let parts: Vec<_> = parts
            .iter()
            .map(|part| (part.object_type, &part.service_types[..], &part.service_groups[..]))
            .collect();
        assert_eq!(
            parts,
            [
                (Some(2), &[4, 31, 1][..], &[1, 5][..]),
                (Some(1), &[4][..], &[1][..]),
                (Some(7), &[31][..], &[5][..])
            ]
        );
    }
}
