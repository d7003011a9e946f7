//! The platform's stories, told through its front door.

#![expect(clippy::unwrap_used, reason = "a story that goes another way has failed")]

mod attacks;
mod boundaries;
mod browser;
mod commands;
mod consent;
mod consent_log;
mod console;
mod contract_changes;
mod crash;
mod downloads;
mod formats;
mod gallery;
mod in_default;
mod in_person;
mod ledger;
mod model;
mod notices;
mod on_behalf;
mod own_files;
mod pages;
mod people;
mod promise;
mod reading;
mod registry;
mod replicas;
mod schema;
mod secrets;
mod security_doc;
mod sessions;
mod signals;
mod signatures;
mod sweep;
mod tokens;
mod worker;
