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
    due, expire, find, find_by_id, find_of_person, grant_columns, insert, joined_grant, latest_of_person,
    list_of_app, list_of_person, lock, lock_alone, migrations, newest_first_of_person, open_of_person,
    resume, revoke, share, stage_of, stop,
};
