#![doc = include_str!("../README.md")]

mod error;
mod grant;
mod row;
mod stage;
mod store;

pub use error::GrantError;
pub use grant::{Choices, Grant, NewGrant};
pub use stage::{Stage, Verb};
pub use store::{
    Agreement, Filter, Tally, Wanted, agreements_of_person, ask_to_resume, due, erase, expire, find,
    find_by_id, find_of_app, find_of_person, grant_columns, hold, hold_of_person, insert, joined_grant,
    keep_after_all, latest_of_person, list_of_app, list_of_person, lock, lock_alone, migrations,
    newest_first_of_person, note_erased, open_of_person, resume, resume_as_asked, revoke, search_of_person,
    share, shorten, stage_of, stay_stopped, stop, tally_of_person, to_resume,
};
