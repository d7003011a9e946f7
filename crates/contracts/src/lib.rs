#![doc = include_str!("../README.md")]

mod app;
mod clients;
mod contract;
mod controller;
mod difference;
mod document;
mod duration;
mod error;
mod held;
mod key;
mod migrations;
mod row;
mod store;
mod text;
mod uri;
mod v5;

pub use app::{App, AppStage, NewApp};
pub use clients::Clients;
pub use contract::{Client, Contract, Revision, Status, client_id, may_be_client_id, shown, text_hash};
pub use controller::{Controller, PostalAddress};
pub use difference::{Change, Difference, Field};
pub use document::{
    Access, Document, LawfulBasis, MAX_REDIRECT_URIS, Policy, Purpose, Retention, RightToBeForgotten, Sharing,
};
pub use duration::{CalendarDuration, DurationError};
pub use error::{ContractsError, Invalid, Verb};
pub use held::Held;
pub use key::{ContractKey, MAX_USABLE_KEYS, Retire};
pub use migrations::migrations;
pub use store::{
    Credential, add_key, close_app, draft, find, find_app, find_app_by_key, find_apps, find_client,
    find_credential, find_credential_by_key, find_version, find_versions, list, list_apps, list_keys,
    lock_published, newest_versions, publish, published_versions, register_app, reinstate_app, retire,
    retire_key, revise, rotate_api_key, suspend_app,
};
pub use v5::{V5_SCHEMA_VERSION, access_type, v5_json};
