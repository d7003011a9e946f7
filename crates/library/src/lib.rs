#![doc = include_str!("../README.md")]

mod account_state;
mod blobs;
mod error;
mod file;
mod read;
mod row;
mod shelf;
mod slot;
mod store;
mod write;

pub use account_state::{AccountProblem, AccountState};
pub use blobs::{Blobs, conformance};
pub use error::LibraryError;
pub use file::{File, FileKind, Listed, Metadata, OpenedFile};
pub use read::{ReadFailure, read, read_all};
pub use shelf::{DropPoint, GrantKey, Granted, LibraryKey, Shelf, ShelfKeys, ShelfKind, Usage};
pub use slot::{NewSlot, Opener, SlotKind};
pub use store::{
    Library, OpensTo, Order, Reached, count_files, current_name, delete_file, doomed_blobs, drop_grant_key,
    files_as_of, find_current, find_file, find_files, find_library, forget_doomed, found, give,
    grant_key_of_owner, granted, insert_files, insert_slots, joined_listing, joined_reach, list_files,
    listed_as_of, listing_sql, make_grant_key, make_shelf, migrations, open_slot, reach_columns, reach_sql,
    remove_slots, remove_slots_of, shelf, shelves, sweep_slots, take_back, take_back_shelves, take_slot,
};
pub use write::{NewFile, WrittenFile, write};
