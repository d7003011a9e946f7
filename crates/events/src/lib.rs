#![doc = include_str!("../README.md")]

mod act;
mod chain;
mod error;
mod event;
mod migrations;
mod row;
mod store;

pub use act::Act;
pub use chain::{Broken, Flaw, Head, verify_chain, verify_chain_against};
pub use error::EventsError;
pub use event::{Event, EventId, NotAnEvent};
pub use migrations::migrations;
pub use store::{append, head, list, list_of_grant};
