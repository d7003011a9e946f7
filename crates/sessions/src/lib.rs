#![doc = include_str!("../README.md")]

mod error;
mod fetch;
mod listing;
mod row;
mod session;
mod store;

pub use error::SessionError;
pub use fetch::{Presented, created, open, schema, selects};
pub use listing::{Coverage, FileList, covered, selected};
pub use session::{NewSession, Options, Outcome, Session, State};
pub use store::{
    adopt, bind, close, close_of_family, close_of_grant, end, find, find_by_id, migrations, open_session,
    sweep,
};
