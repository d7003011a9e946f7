#![doc = include_str!("../README.md")]

pub mod batch;
mod connect;
mod error;
mod group;
mod migration;
mod readers;
mod sql;
mod transaction;

use consent_core::Counter;

pub use batch::Patience;
pub use connect::{Database, Pool};
pub use error::StoreError;
pub use migration::Migration;
pub use sql::{is_one_of, joined_columns, json_elements};
pub use transaction::Tx;

/// Statements that this process ran, of all databases; beginning and committing are none.
pub static STATEMENTS: Counter = Counter::new();
