//! The rows of libraries.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{
    Ambient, Cursor, FileId, GrantId, LibraryId, OpenOwner, Owner, Page, PersonId, RowId, ShelfId,
};
use consent_crypto::Key;
use consent_store::{Migration, StoreError, Tx, joined_columns, json_elements};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, Statement, sea_query::Expr,
};
use sea_orm_migration::MigrationTrait;
use serde::Deserialize;

use crate::{
    File, FileKind, GrantKey, Granted, LibraryError, LibraryKey, Listed, NewSlot, OpenedFile, Opener, Shelf,
    ShelfKeys, ShelfKind, SlotKind, Usage, WrittenFile, row, slot::Place, write::mapped_name,
};

/// This crate's tables.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Migration::new(
            "m20261122_000030_library",
            include_str!("../migrations/m20261122_000030_library.sql"),
        ),
        Migration::new(
            "m20261129_000031_doomed_blob",
            include_str!("../migrations/m20261129_000031_doomed_blob.sql"),
        ),
    ]
}

/// In which order files are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The one that came first.
    OldestFirst,
    /// The one that came last.
    NewestFirst,
}

/// One person's library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Its id.
    pub id: LibraryId,
    /// Whose it is.
    pub person: PersonId,
}

/// Founds the library of a person who has none, with its key and a shelf for her own files.
pub async fn found(
    tx: &Tx,
    person: &PersonId,
    ambient: &Ambient,
) -> Result<(Library, LibraryKey), LibraryError> {
    let library = Library { id: ambient.new_id(), person: person.clone() };
    let model = row::library::ActiveModel {
        id: Set(library.id.clone()),
        person_id: Set(person.clone()),
        created_at: Set(ambient.now()),
    };
    row::library::Entity::insert(model).exec_without_returning(tx).await?;
    let key = LibraryKey(Key::generate(ambient));
    make_shelf(tx, &library.id, &key, ShelfKind::Own, ambient).await?;
    Ok((library, key))
}

/// The library of this person.
pub async fn find_library(db: &impl ConnectionTrait, person: &PersonId) -> Result<Library, LibraryError> {
    let found = row::library::Entity::find()
        .filter(row::library::Column::PersonId.eq(person.clone()))
        .one(db)
        .await?;
    let row = found.ok_or(LibraryError::NoLibrary)?;
    Ok(Library { id: row.id, person: row.person_id })
}

/// Puts a key into new slots, each opened by its own secret. The content is the library key for a person's slot, the
/// grant key for an app's.
pub async fn insert_slots(
    tx: &Tx,
    owner: &OpenOwner,
    library: &LibraryId,
    content: &Key,
    slots: &[NewSlot<'_>],
    ambient: &Ambient,
) -> Result<(), LibraryError> {
    let owner = owner.owner().id();
    let rows = slots.iter().map(|slot| {
        let id: RowId = ambient.new_id();
        let NewSlot { kind, holder, opener, not_after } = *slot;
        let place = Place { kind, library: library.as_str(), row: id.as_str(), owner, not_after };
        row::slot::ActiveModel {
            sealed: Set(place.lock(opener, content, ambient)),
            id: Set(id.clone()),
            library_id: Set(library.clone()),
            owner_id: Set(owner.to_owned()),
            kind: Set(kind.as_str().to_owned()),
            holder: Set(holder.to_owned()),
            not_after: Set(not_after),
        }
    });
    row::slot::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

fn unlock<K: OpensTo>(
    row: Option<row::slot::Model>,
    opener: Opener<'_>,
    now: DateTime<Utc>,
) -> Result<K, LibraryError> {
    let row = row.ok_or(LibraryError::Shut)?;
    let kind = SlotKind::parse(&row.kind).ok_or_else(|| StoreError::corrupt("slot", &row.id))?;
    if !K::is_in(kind) || row.not_after.is_some_and(|end| end <= now) {
        return Err(LibraryError::Shut);
    }
    let place = Place {
        kind,
        library: row.library_id.as_str(),
        row: row.id.as_str(),
        owner: &row.owner_id,
        not_after: row.not_after,
    };
    place.unlock(opener, &row.sealed).map(K::from_key).map_err(|_| LibraryError::Shut)
}

/// What a slot opens to: the library key or the grant key, by its kind.
pub trait OpensTo: Sized {
    /// Wraps the bare key.
    fn from_key(key: Key) -> Self;
    /// Whether a slot of this kind holds such a key.
    fn is_in(kind: SlotKind) -> bool;
}

impl OpensTo for LibraryKey {
    fn from_key(key: Key) -> Self {
        Self(key)
    }

    fn is_in(kind: SlotKind) -> bool {
        matches!(kind, SlotKind::Password | SlotKind::Recovery | SlotKind::SignIn | SlotKind::Sandbox)
    }
}

impl OpensTo for GrantKey {
    fn from_key(key: Key) -> Self {
        Self(key)
    }

    fn is_in(kind: SlotKind) -> bool {
        matches!(kind, SlotKind::Code | SlotKind::Access | SlotKind::Refresh)
    }
}

/// Opens a slot; [`LibraryError::Shut`] when there is none, its time is over, or the secret is another.
pub async fn open_slot<K: OpensTo>(
    db: &impl ConnectionTrait,
    kind: SlotKind,
    holder: &str,
    opener: Opener<'_>,
    now: DateTime<Utc>,
) -> Result<K, LibraryError> {
    let held = row::slot::Entity::find().filter(held_by(&[kind], &[holder]));
    unlock(held.one(db).await?, opener, now)
}

/// Opens a slot that is used once, and removes it.
pub async fn take_slot<K: OpensTo>(
    tx: &Tx,
    kind: SlotKind,
    holder: &str,
    opener: Opener<'_>,
    now: DateTime<Utc>,
) -> Result<K, LibraryError> {
    let held = row::slot::Entity::delete_many().filter(held_by(&[kind], &[holder]));
    unlock(held.exec_with_returning(tx).await?.pop(), opener, now)
}

/// Removes the slots of these kinds that these rows hold; none is fine.
pub async fn remove_slots(tx: &Tx, kinds: &[SlotKind], holders: &[&str]) -> Result<(), LibraryError> {
    if !holders.is_empty() {
        row::slot::Entity::delete_many().filter(held_by(kinds, holders)).exec(tx).await?;
    }
    Ok(())
}

/// Removes all slots of a person or grant; needs no key.
pub async fn remove_slots_of(tx: &Tx, owner: &Owner) -> Result<(), LibraryError> {
    row::slot::Entity::delete_many().filter(row::slot::Column::OwnerId.eq(owner.id())).exec(tx).await?;
    Ok(())
}

/// Removes all slots whose time is over, which no secret is to open any more, not even beside a copy of the database.
pub async fn sweep_slots(tx: &Tx, now: DateTime<Utc>) -> Result<u64, LibraryError> {
    let over = row::slot::Column::NotAfter.lte(now);
    Ok(row::slot::Entity::delete_many().filter(over).exec(tx).await?.rows_affected)
}

fn held_by(kinds: &[SlotKind], holders: &[&str]) -> Condition {
    Condition::all()
        .add(row::slot::Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())))
        .add(row::slot::Column::Holder.is_in(holders.iter().copied()))
}

/// Makes a shelf with fresh keys.
pub async fn make_shelf(
    tx: &Tx,
    library: &LibraryId,
    key: &LibraryKey,
    kind: ShelfKind,
    ambient: &Ambient,
) -> Result<(Shelf, ShelfKeys), LibraryError> {
    let (shelf, keys) = Shelf::make(library, key, kind, ambient);
    let model = row::shelf::ActiveModel {
        id: Set(shelf.id.clone()),
        library_id: Set(library.clone()),
        kind: Set(kind.as_str().to_owned()),
        drop_public: Set(shelf.drop_public.clone()),
        drop_wrapped: Set(shelf.drop_wrapped.clone()),
        read_wrapped: Set(shelf.read_wrapped.clone()),
        connect_wrapped: Set(shelf.connect_wrapped.clone()),
        created_at: Set(shelf.created_at),
    };
    row::shelf::Entity::insert(model).exec_without_returning(tx).await?;
    Ok((shelf, keys))
}

/// All shelves of a library.
pub async fn shelves(db: &impl ConnectionTrait, library: &LibraryId) -> Result<Vec<Shelf>, LibraryError> {
    let mine = row::shelf::Entity::find().filter(row::shelf::Column::LibraryId.eq(library.clone()));
    let rows = mine.order_by_asc(row::shelf::Column::Id).all(db).await?;
    rows.into_iter().map(|row| Ok(Shelf::try_from(row)?)).collect()
}

/// One shelf of a library.
pub async fn shelf(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    id: &ShelfId,
) -> Result<Shelf, LibraryError> {
    let mine =
        row::shelf::Entity::find_by_id(id.clone()).filter(row::shelf::Column::LibraryId.eq(library.clone()));
    let row = mine.one(db).await?.ok_or_else(|| LibraryError::NoShelf(id.clone()))?;
    Ok(Shelf::try_from(row)?)
}

impl TryFrom<row::shelf::Model> for Shelf {
    type Error = StoreError;

    fn try_from(row: row::shelf::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("shelf", &row.id);
        Ok(Self {
            kind: ShelfKind::parse(&row.kind).ok_or_else(corrupt)?,
            drop_public: row.drop_public,
            id: row.id,
            library: row.library_id,
            created_at: row.created_at,
            drop_wrapped: row.drop_wrapped,
            read_wrapped: row.read_wrapped,
            connect_wrapped: row.connect_wrapped,
        })
    }
}

/// Makes the key of a new grant and keeps it for the library's owner.
pub async fn make_grant_key(
    tx: &Tx,
    grant: &GrantId,
    library: &LibraryId,
    key: &LibraryKey,
    ambient: &Ambient,
) -> Result<GrantKey, LibraryError> {
    let grant_key = GrantKey(Key::generate(ambient));
    let model = row::grant_key::ActiveModel {
        grant_id: Set(grant.clone()),
        library_id: Set(library.clone()),
        wrapped: Set(grant_key.wrap(library, key, grant, ambient)),
    };
    row::grant_key::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(grant_key)
}

/// The key of a grant, for the library's owner.
pub async fn grant_key_of_owner(
    db: &impl ConnectionTrait,
    grant: &GrantId,
    library: &LibraryId,
    key: &LibraryKey,
) -> Result<GrantKey, LibraryError> {
    let mine = row::grant_key::Entity::find_by_id(grant.clone())
        .filter(row::grant_key::Column::LibraryId.eq(library.clone()));
    let row = mine.one(db).await?.ok_or(LibraryError::Shut)?;
    GrantKey::unwrap(library, key, grant, &row.wrapped).map_err(LibraryError::Damaged)
}

/// Forgets the key of a grant that has ended.
pub async fn drop_grant_key(tx: &Tx, grant: &GrantId) -> Result<(), LibraryError> {
    row::grant_key::Entity::delete_by_id(grant.clone()).exec(tx).await?;
    Ok(())
}

/// Gives a grant one key of a shelf, unless it has it.
pub async fn give(
    tx: &Tx,
    grant: &OpenOwner,
    grant_key: &GrantKey,
    keys: &ShelfKeys,
    usage: Usage,
    ambient: &Ambient,
) -> Result<(), LibraryError> {
    let Owner::Grant(id) = grant.owner() else { return Err(LibraryError::NotSharing) };
    if !grant.is_sharing() {
        return Err(LibraryError::NotSharing);
    }
    let key = keys.key(usage).ok_or(LibraryError::Shut)?;
    let existing = (id.clone(), keys.shelf().clone(), usage.as_str().to_owned());
    if row::grant_shelf::Entity::find_by_id(existing).count(tx).await? > 0 {
        return Ok(());
    }
    let library = keys.library();
    let model = row::grant_shelf::ActiveModel {
        grant_id: Set(id.clone()),
        shelf_id: Set(keys.shelf().clone()),
        usage: Set(usage.as_str().to_owned()),
        library_id: Set(library.clone()),
        wrapped: Set(Granted::wrap(library, id, grant_key, keys.shelf(), usage, key, ambient)),
    };
    row::grant_shelf::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(())
}

/// Takes all shelves back from a grant; needs no key.
pub async fn take_back(tx: &Tx, grant: &GrantId) -> Result<(), LibraryError> {
    let all = row::grant_shelf::Column::GrantId.eq(grant.clone());
    row::grant_shelf::Entity::delete_many().filter(all).exec(tx).await?;
    Ok(())
}

/// Takes some shelves back from a grant; needs no key.
pub async fn take_back_shelves(tx: &Tx, grant: &GrantId, shelves: &[ShelfId]) -> Result<(), LibraryError> {
    row::grant_shelf::Entity::delete_many()
        .filter(row::grant_shelf::Column::GrantId.eq(grant.clone()))
        .filter(row::grant_shelf::Column::ShelfId.is_in(shelves.iter().cloned()))
        .exec(tx)
        .await?;
    Ok(())
}

/// The shelf keys a grant was given, still wrapped.
pub async fn granted(db: &impl ConnectionTrait, grant: &GrantId) -> Result<Vec<Granted>, LibraryError> {
    let mine = row::grant_shelf::Entity::find().filter(row::grant_shelf::Column::GrantId.eq(grant.clone()));
    let rows = mine.order_by_asc(row::grant_shelf::Column::ShelfId).all(db).await?;
    rows.into_iter().map(|row| Ok(Granted::try_from(row)?)).collect()
}

impl TryFrom<row::grant_shelf::Model> for Granted {
    type Error = StoreError;

    fn try_from(row: row::grant_shelf::Model) -> Result<Self, StoreError> {
        let usage =
            Usage::parse(&row.usage).ok_or_else(|| StoreError::corrupt("grant_shelf", &row.grant_id))?;
        Ok(Self {
            grant: row.grant_id,
            shelf: row.shelf_id,
            usage,
            library: row.library_id,
            wrapped: row.wrapped,
        })
    }
}

/// The name of a mapped file on the wire, `account` being the number of its account in the library.
#[must_use]
pub fn current_name(kind: &FileKind, account: i64) -> Option<String> {
    match *kind {
        FileKind::Mapped { service_group, service_type, object_type, period } => {
            Some(mapped_name(service_group, service_type, account, object_type, period))
        }
        FileKind::Raw => None,
    }
}

/// Makes written files current; versions of the same names until then are superseded.
pub async fn insert_files(tx: &Tx, files: &[WrittenFile], ambient: &Ambient) -> Result<(), LibraryError> {
    for file in files {
        insert_file(tx, file, ambient.now()).await?;
    }
    Ok(())
}

async fn insert_file(tx: &Tx, file: &WrittenFile, now: DateTime<Utc>) -> Result<(), LibraryError> {
    let library = file.place.library();
    let same_name = current(library, &file.name);
    let before = row::file::Entity::find().filter(same_name.clone()).one(tx).await?;
    let at = before.map_or(now, |before| now.max(before.updated_at + TimeDelta::milliseconds(1)));
    row::file::Entity::update_many()
        .col_expr(row::file::Column::SupersededAt, Expr::value(at))
        .filter(same_name)
        .exec(tx)
        .await?;
    let (service_group, service_type, object_type, period) = match &file.kind {
        FileKind::Mapped { service_group, service_type, object_type, period } => {
            (Some(*service_group), Some(*service_type), Some(*object_type), period.map(|p| p.to_string()))
        }
        FileKind::Raw => (None, None, None, None),
    };
    let model = row::file::ActiveModel {
        id: Set(file.id.clone()),
        library_id: Set(library.clone()),
        shelf_id: Set(file.place.shelf().clone()),
        kind: Set(file.kind.as_str().to_owned()),
        name: Set(file.name.clone()),
        service_group: Set(service_group),
        service_type: Set(service_type),
        object_type: Set(object_type),
        period: Set(period),
        stored_bytes: Set(file.stored_bytes),
        sealed_key: Set(file.sealed_key.clone()),
        sealed_metadata: Set(file.sealed_metadata.clone()),
        updated_at: Set(at),
        superseded_at: Set(None),
    };
    row::file::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(())
}

/// The files on these shelves as they were at a moment, by name. A later version hides what it superseded only from
/// its own moment on, so that a list once announced as final stays what it was.
pub async fn files_as_of(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    shelves: &[ShelfId],
    at: DateTime<Utc>,
) -> Result<Vec<File>, LibraryError> {
    if shelves.is_empty() {
        return Ok(Vec::new());
    }
    let rows = as_of(library, shelves, at).order_by_asc(row::file::Column::Name).all(db).await?;
    rows.into_iter().map(|row| Ok(File::try_from(row)?)).collect()
}

/// The same files as far as a list names them.
pub async fn listed_as_of(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    shelves: &[ShelfId],
    at: DateTime<Utc>,
) -> Result<Vec<Listed>, LibraryError> {
    let backend = db.get_database_backend();
    let listing = listing_sql(backend, "$1", &json_elements(backend, "$2"), "$3");
    let select = format!("SELECT {listing} AS files");
    let values = [library.as_str().into(), serde_json::json!(shelves).into(), at.into()];
    let row = db.query_one_raw(Statement::from_sql_and_values(backend, select, values)).await?;
    joined_listing(&row.ok_or(LibraryError::NoLibrary)?)
}

/// SQL for a list as one JSON text, however many files are on it: to hand rows from thread to thread one by one costs
/// more than to find them. `library` and `at` are SQL for a library's id and a moment, `shelves` a select of shelf ids.
/// [`joined_listing`] reads it from a column named `files`.
#[must_use]
pub fn listing_sql(backend: DbBackend, library: &str, shelves: &str, at: &str) -> String {
    const ENTRY: &str = "(name, kind, service_group, service_type, object_type, period, updated_at)";
    let all = match backend {
        DbBackend::Sqlite => format!("json_group_array(json_array{ENTRY})"),
        _ => format!("json_agg(json_build_array{ENTRY})::text"),
    };
    format!(
        "(SELECT {all} FROM file WHERE file.library_id = {library} AND file.shelf_id IN ({shelves}) AND {})",
        current_at(at)
    )
}

/// The list in a row of such a select, by name.
pub fn joined_listing(row: &QueryResult) -> Result<Vec<Listed>, LibraryError> {
    let all: Option<String> = row.try_get("", "files")?;
    let corrupt = || StoreError::corrupt("file", "of a list");
    let entries: Vec<Entry> = serde_json::from_str(all.as_deref().unwrap_or("[]")).map_err(|_| corrupt())?;
    let mut listed = entries
        .into_iter()
        .map(|Entry(name, kind, group, service, object, period, updated_at)| {
            let kind = FileKind::parse(&kind, group, service, object, period.as_deref())?;
            Some(Listed { name, kind, updated_at })
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(corrupt)?;
    listed.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(listed)
}

/// Name, kind, service group, service type, object type, period, when written.
#[derive(Deserialize)]
struct Entry<'a>(
    String,
    #[serde(borrow)] Cow<'a, str>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    #[serde(borrow)] Option<Cow<'a, str>>,
    DateTime<Utc>,
);

/// How many files stand on a shelf.
pub async fn count_files(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    shelf: &ShelfId,
) -> Result<u64, LibraryError> {
    let mine = row::file::Entity::find()
        .filter(row::file::Column::LibraryId.eq(library.clone()))
        .filter(row::file::Column::ShelfId.eq(shelf.clone()))
        .filter(row::file::Column::SupersededAt.is_null());
    Ok(mine.count(db).await?)
}

/// A file as an app reaches it: with its shelf, the key of the shelf that the grant was given, and the app's slot.
#[derive(Debug, Clone)]
pub struct Reached {
    file: File,
    shelf: Shelf,
    granted: Option<Granted>,
    slot: Option<row::slot::Model>,
}

impl Reached {
    /// The file.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Opens slot, shelf and file, one with the other. [`LibraryError::Shut`] without a slot that the secret opens,
    /// [`LibraryError::NotSharing`] when the grant was not given the shelf.
    pub fn open(self, opener: Opener<'_>, now: DateTime<Utc>) -> Result<OpenedFile, LibraryError> {
        let grant_key: GrantKey = unlock(self.slot, opener, now)?;
        let granted = self.granted.ok_or(LibraryError::NotSharing)?;
        let keys = granted.open(&grant_key).map_err(LibraryError::Damaged)?;
        self.file.open(&self.shelf, &keys).map_err(LibraryError::Damaged)
    }
}

/// The columns of a file that an app reaches, for a select that joins [`reach_sql`]; [`joined_reach`] reads them.
#[must_use]
pub fn reach_columns() -> String {
    [
        joined_columns::<row::file::Entity>("file_"),
        joined_columns::<row::shelf::Entity>("shelf_"),
        joined_columns::<row::grant_shelf::Entity>("granted_"),
        joined_columns::<row::slot::Entity>("slot_"),
    ]
    .join(", ")
}

/// SQL that joins the file of a name as it was at a moment, with all that leads to it. Each argument is SQL: for the ids
/// of library and grant, for the row whose access token was presented, for the name and for the moment.
#[must_use]
pub fn reach_sql(library: &str, grant: &str, pair: &str, name: &str, at: &str) -> String {
    format!(
        "LEFT JOIN file ON file.library_id = {library} AND file.name = {name} AND {} \
         LEFT JOIN shelf ON shelf.id = file.shelf_id AND shelf.library_id = file.library_id \
         LEFT JOIN grant_shelf ON grant_shelf.grant_id = {grant} AND grant_shelf.shelf_id = file.shelf_id \
         AND grant_shelf.usage = '{}' \
         LEFT JOIN slot ON slot.kind = '{}' AND slot.holder = {pair}",
        current_at(at),
        Usage::Read.as_str(),
        SlotKind::Access.as_str(),
    )
}

/// The file in a row of such a select.
pub fn joined_reach(row: &QueryResult) -> Result<Option<Reached>, LibraryError> {
    let file = row::file::Model::from_query_result_optional(row, "file_")?;
    let shelf = row::shelf::Model::from_query_result_optional(row, "shelf_")?;
    let (Some(file), Some(shelf)) = (file, shelf) else { return Ok(None) };
    let granted = row::grant_shelf::Model::from_query_result_optional(row, "granted_")?;
    Ok(Some(Reached {
        file: file.try_into()?,
        shelf: shelf.try_into()?,
        granted: granted.map(Granted::try_from).transpose()?,
        slot: row::slot::Model::from_query_result_optional(row, "slot_")?,
    }))
}

/// Whether a version was the current one at a moment, in SQL.
fn current_at(moment: &str) -> String {
    format!("file.updated_at <= {moment} AND (file.superseded_at IS NULL OR file.superseded_at > {moment})")
}

fn as_of(library: &LibraryId, shelves: &[ShelfId], at: DateTime<Utc>) -> sea_orm::Select<row::file::Entity> {
    row::file::Entity::find()
        .filter(row::file::Column::LibraryId.eq(library.clone()))
        .filter(row::file::Column::ShelfId.is_in(shelves.iter().cloned()))
        .filter(Expr::cust_with_values(current_at("$1"), [at]))
}

/// The version of this name that is current.
pub async fn find_current(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    name: &str,
) -> Result<Option<File>, LibraryError> {
    let row = row::file::Entity::find().filter(current(library, name)).one(db).await?;
    Ok(row.map(File::try_from).transpose()?)
}

fn current(library: &LibraryId, name: &str) -> Condition {
    standing(library).add(row::file::Column::Name.eq(name))
}

/// Every file of a library that no newer version has superseded.
fn standing(library: &LibraryId) -> Condition {
    Condition::all()
        .add(row::file::Column::LibraryId.eq(library.clone()))
        .add(row::file::Column::SupersededAt.is_null())
}

/// A library's current files, in the order in which their rows came.
pub async fn list_files(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    order: Order,
    cursor: &Cursor,
) -> Result<Page<File>, LibraryError> {
    let mut files = row::file::Entity::find().filter(standing(library));
    if let Some(after) = &cursor.after {
        let after: FileId = after.parse().map_err(|_| LibraryError::Cursor)?;
        files = files.filter(match order {
            Order::OldestFirst => row::file::Column::Id.gt(after),
            Order::NewestFirst => row::file::Column::Id.lt(after),
        });
    }
    let files = match order {
        Order::OldestFirst => files.order_by_asc(row::file::Column::Id),
        Order::NewestFirst => files.order_by_desc(row::file::Column::Id),
    };
    let rows = files.limit(cursor.limit + 1).all(db).await?;
    let files = rows.into_iter().map(File::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(files, cursor, |file: &File| file.id.to_string()))
}

/// A current file of a library; one that was superseded or deleted, or is in another library, is not found.
pub async fn find_file(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    id: &FileId,
) -> Result<File, LibraryError> {
    let found = row::file::Entity::find_by_id(id.clone()).filter(standing(library)).one(db).await?;
    Ok(found.ok_or_else(|| LibraryError::NoFile(id.clone()))?.try_into()?)
}

/// Those of these files that are current files of a library, in no order.
pub async fn find_files(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    ids: &[FileId],
) -> Result<Vec<File>, LibraryError> {
    let named = row::file::Entity::find().filter(row::file::Column::Id.is_in(ids.iter().cloned()));
    let rows = named.filter(standing(library)).all(db).await?;
    Ok(rows.into_iter().map(File::try_from).collect::<Result<_, _>>()?)
}

/// Deletes a file in all its versions; needs no key. Their blobs are doomed in the same transaction: whoever commits it
/// sees to them afterwards, and names them.
pub async fn delete_file(tx: &Tx, file: &File) -> Result<Vec<FileId>, LibraryError> {
    let versions = Condition::all()
        .add(row::file::Column::LibraryId.eq(file.library.clone()))
        .add(row::file::Column::ShelfId.eq(file.shelf.clone()))
        .add(row::file::Column::Name.eq(&file.name));
    let deleted = row::file::Entity::delete_many().filter(versions).exec_with_returning(tx).await?;
    if deleted.is_empty() {
        return Err(LibraryError::NoFile(file.id.clone()));
    }
    let ids = deleted.iter().map(|row| row.id.clone()).collect();
    let doomed = deleted
        .into_iter()
        .map(|row| row::doomed_blob::ActiveModel { file_id: Set(row.id), library_id: Set(row.library_id) });
    row::doomed_blob::Entity::insert_many(doomed).exec_without_returning(tx).await?;
    Ok(ids)
}

/// Blobs whose files were deleted, in the order of their ids after `after`.
pub async fn doomed_blobs(
    db: &impl ConnectionTrait,
    after: Option<&FileId>,
    limit: u64,
) -> Result<Vec<(LibraryId, FileId)>, LibraryError> {
    let mut doomed = row::doomed_blob::Entity::find();
    if let Some(after) = after {
        doomed = doomed.filter(row::doomed_blob::Column::FileId.gt(after.clone()));
    }
    let rows = doomed.order_by_asc(row::doomed_blob::Column::FileId).limit(limit).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.library_id, row.file_id)).collect())
}

/// Notes that a doomed blob is gone.
pub async fn forget_doomed(tx: &Tx, file: &FileId) -> Result<(), LibraryError> {
    row::doomed_blob::Entity::delete_by_id(file.clone()).exec(tx).await?;
    Ok(())
}

impl TryFrom<row::file::Model> for File {
    type Error = StoreError;

    fn try_from(row: row::file::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("file", &row.id);
        let period = row.period.as_deref();
        let kind = FileKind::parse(&row.kind, row.service_group, row.service_type, row.object_type, period)
            .ok_or_else(corrupt)?;
        Ok(Self {
            kind,
            id: row.id,
            library: row.library_id,
            shelf: row.shelf_id,
            name: row.name,
            stored_bytes: row.stored_bytes,
            updated_at: row.updated_at,
            sealed_key: row.sealed_key,
            sealed_metadata: row.sealed_metadata,
        })
    }
}
