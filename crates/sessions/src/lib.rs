#![doc = include_str!("../README.md")]

mod error;
mod fetch;
mod listing;
mod row;
mod session;
mod store;

pub use error::SessionError;
pub use fetch::{Presented, Schema, created, open, selects};
pub use listing::{Coverage, FileList, selected};
pub use session::{NewSession, Options, Outcome, Session, State};
pub use store::{
    adopt, bind, close, close_of_family, close_of_grant, end, find_by_id, joined_session, migrations,
    open_session, session_columns, sweep,
};
