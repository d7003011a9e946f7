//! The rows of libraries.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{
    Ambient, Cursor, FileId, GrantId, LibraryId, OpenOwner, Owner, Page, Period, PersonId, RowId, ShelfId,
};
use consent_crypto::{DropPublic, Key};
use consent_store::{Migration, StoreError, Tx};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};
use sea_orm_migration::MigrationTrait;

use crate::{
    File, FileKind, GrantKey, Granted, LibraryError, LibraryKey, Opener, Shelf, ShelfKeys, ShelfKind,
    SlotKind, Usage, WrittenFile, row, slot::Place, write::mapped_name,
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

/// Puts a key into a new slot that `opener` opens. The content is the library key for a person's slot, the grant
/// key for an app's. `holder` names the row whose secret it is; one slot for each kind and holder.
#[expect(clippy::too_many_arguments, reason = "each is a fact bound into the slot")]
pub async fn insert_slot(
    tx: &Tx,
    owner: &OpenOwner,
    library: &LibraryId,
    kind: SlotKind,
    holder: &str,
    opener: Opener<'_>,
    not_after: Option<DateTime<Utc>>,
    content: &Key,
    ambient: &Ambient,
) -> Result<(), LibraryError> {
    let id: RowId = ambient.new_id();
    let owner = owner.owner().id();
    let place = Place { kind, library: library.as_str(), row: id.as_str(), owner, not_after };
    let model = row::slot::ActiveModel {
        sealed: Set(place.lock(opener, content, ambient)),
        id: Set(id.clone()),
        library_id: Set(library.clone()),
        owner_id: Set(owner.to_owned()),
        kind: Set(kind.as_str().to_owned()),
        holder: Set(holder.to_owned()),
        not_after: Set(not_after),
    };
    row::slot::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(())
}

async fn open(
    db: &impl ConnectionTrait,
    kind: SlotKind,
    holder: &str,
    opener: Opener<'_>,
    now: DateTime<Utc>,
) -> Result<Key, LibraryError> {
    let row = slots_of(kind, holder).one(db).await?.ok_or(LibraryError::Shut)?;
    if row.not_after.is_some_and(|end| end <= now) {
        return Err(LibraryError::Shut);
    }
    let place = Place {
        kind,
        library: row.library_id.as_str(),
        row: row.id.as_str(),
        owner: &row.owner_id,
        not_after: row.not_after,
    };
    place.unlock(opener, &row.sealed).map_err(|_| LibraryError::Shut)
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
    if !K::is_in(kind) {
        return Err(LibraryError::Shut);
    }
    open(db, kind, holder, opener, now).await.map(K::from_key)
}

/// Removes one slot; none is fine.
pub async fn remove_slot(tx: &Tx, kind: SlotKind, holder: &str) -> Result<(), LibraryError> {
    row::slot::Entity::delete_many()
        .filter(row::slot::Column::Kind.eq(kind.as_str()))
        .filter(row::slot::Column::Holder.eq(holder))
        .exec(tx)
        .await?;
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

fn slots_of(kind: SlotKind, holder: &str) -> sea_orm::Select<row::slot::Entity> {
    row::slot::Entity::find()
        .filter(row::slot::Column::Kind.eq(kind.as_str()))
        .filter(row::slot::Column::Holder.eq(holder))
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
        drop_public: Set(shelf.drop_public.as_bytes().to_vec()),
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
            drop_public: DropPublic::from_slice(&row.drop_public).map_err(|_| corrupt())?,
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

/// The shelf keys a grant was given, still wrapped.
pub async fn granted(db: &impl ConnectionTrait, grant: &GrantId) -> Result<Vec<Granted>, LibraryError> {
    let mine = row::grant_shelf::Entity::find().filter(row::grant_shelf::Column::GrantId.eq(grant.clone()));
    let rows = mine.order_by_asc(row::grant_shelf::Column::ShelfId).all(db).await?;
    let rows = rows.into_iter().map(|row| {
        let usage =
            Usage::parse(&row.usage).ok_or_else(|| StoreError::corrupt("grant_shelf", &row.grant_id))?;
        Ok(Granted {
            grant: row.grant_id,
            shelf: row.shelf_id,
            usage,
            library: row.library_id,
            wrapped: row.wrapped,
        })
    });
    rows.collect()
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

/// The file of this name on these shelves as it was at a moment.
pub async fn files_named(
    db: &impl ConnectionTrait,
    library: &LibraryId,
    shelves: &[ShelfId],
    name: &str,
    at: DateTime<Utc>,
) -> Result<Option<File>, LibraryError> {
    // No database is asked for text that it could not even compare.
    if shelves.is_empty() || name.contains('\0') {
        return Ok(None);
    }
    let row = as_of(library, shelves, at).filter(row::file::Column::Name.eq(name)).one(db).await?;
    Ok(row.map(File::try_from).transpose()?)
}

fn as_of(library: &LibraryId, shelves: &[ShelfId], at: DateTime<Utc>) -> sea_orm::Select<row::file::Entity> {
    let not_yet_superseded = Condition::any()
        .add(row::file::Column::SupersededAt.is_null())
        .add(row::file::Column::SupersededAt.gt(at));
    row::file::Entity::find()
        .filter(row::file::Column::LibraryId.eq(library.clone()))
        .filter(row::file::Column::ShelfId.is_in(shelves.iter().cloned()))
        .filter(row::file::Column::UpdatedAt.lte(at))
        .filter(not_yet_superseded)
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
        let kind = match (row.kind.as_str(), row.service_group, row.service_type, row.object_type) {
            ("raw", None, None, None) => FileKind::Raw,
            ("mapped", Some(service_group), Some(service_type), Some(object_type)) => {
                let period =
                    row.period.as_deref().map(str::parse::<Period>).transpose().map_err(|_| corrupt())?;
                FileKind::Mapped { service_group, service_type, object_type, period }
            }
            _ => return Err(corrupt()),
        };
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
