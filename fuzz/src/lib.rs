#![doc = include_str!("../README.md")]

pub mod chunks;
pub mod contract;
pub mod envelope;
mod input;
pub mod jwt;
pub mod key;
mod keys;
pub mod multipart;
pub mod own_file;
pub mod posted;
pub mod query;
pub mod receipt;
pub mod scope;
mod stage;

/// A check of one reader of outside bytes: panics when what they lead to breaks a promise.
pub type Check = fn(&[u8]);

/// Every check, by the name of its target and of its folder of seeds.
pub const CHECKS: &[(&str, Check)] = &[
    ("chunks", chunks::check),
    ("contract", contract::check),
    ("envelope", envelope::check),
    ("jwt", jwt::check),
    ("key", key::check),
    ("multipart", multipart::check),
    ("own_file", own_file::check),
    ("posted", posted::check),
    ("query", query::check),
    ("receipt", receipt::check),
    ("scope", scope::check),
];
