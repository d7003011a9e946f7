#![doc = include_str!("../README.md")]

mod account;
pub mod catalogue;
mod connect;
mod error;
mod recognise;
mod row;
pub mod sample;
mod scope;
mod store;
mod sync;

pub use account::{Account, NewAccount};
pub use connect::Credentials;
pub use error::SourceError;
pub use recognise::{OWN_ACCOUNT, OwnFile, raw, recognise};
pub use scope::{DataType, OrganizationType, SourcesScope, SourcesScopeError};
pub use store::{
    Reading, advance, claim, connect, fail, find_account, find_by_entity, find_named, finish, list_accounts,
    migrations, release, renew,
};
pub use sync::{SourcePage, state_since};
