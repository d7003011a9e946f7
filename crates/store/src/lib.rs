#![doc = include_str!("../README.md")]

pub mod batch;
mod connect;
mod error;
mod group;
mod joined;
mod migration;
mod readers;
mod transaction;

use consent_core::Counter;

pub use batch::Patience;
pub use connect::{Database, Pool};
pub use error::StoreError;
pub use joined::{joined_columns, json_elements};
pub use migration::Migration;
pub use transaction::Tx;

/// Statements that this process ran, of all databases; beginning and committing are none.
pub static STATEMENTS: Counter = Counter::new();
