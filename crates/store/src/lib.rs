#![doc = include_str!("../README.md")]

mod connect;
mod error;
mod migration;
mod transaction;

pub use connect::{Database, Pool};
pub use error::StoreError;
pub use migration::Migration;
pub use transaction::Tx;
