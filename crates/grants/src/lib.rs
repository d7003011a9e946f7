#![doc = include_str!("../README.md")]

mod change;
mod error;
mod grant;
mod row;
mod stage;
mod store;

pub use change::{Agreed, LaterVersions, Narrowed, Narrowing};
pub use error::GrantError;
pub use grant::{Choices, Grant, NewGrant};
pub use stage::{Stage, Verb};
pub use store::{
    Agreement, Filter, Tally, Wanted, advance_narrowing, agree, agreements_of_person, ask_to_resume,
    claim_narrowing, due, erase, expire, find, find_by_id, find_of_app, find_of_person, finish_narrowing,
    grant_columns, hold, hold_all, hold_of_person, insert, is_narrowing_due, joined_grant, keep_after_all,
    later_versions, latest_of_person, list_of_app, list_of_person, lock, lock_alone, lock_for_change,
    migrations, narrow, note_erased, note_no, note_version, open_of_app, open_of_person, plan_narrowing,
    resume, resume_as_asked, revoke, search_of_person, share, shorten, stage_of, stay_stopped, stop,
    tally_of_person, to_narrow, to_resume,
};
