//! Apps, contracts and keys in the database.

mod apps;
mod credential;
mod keys;
mod reading;
mod writing;

use std::str::FromStr;

use consent_core::Cursor;

pub use self::{
    apps::{
        close_app, find_app, find_app_by_key, find_apps, list_apps, register_app, reinstate_app,
        rotate_api_key, suspend_app,
    },
    credential::{Credential, find_credential, find_credential_by_key},
    keys::{add_key, list_keys, retire_key},
    reading::{
        find, find_client, find_version, find_versions, list, lock_published, newest_versions,
        published_versions,
    },
    writing::{draft, publish, retire, revise},
};
use crate::{ContractsError, Invalid};

/// Where a list continues; text that is no id could not have come from us.
fn after<I: FromStr>(cursor: &Cursor) -> Result<Option<I>, ContractsError> {
    let parse = |text: &String| {
        let wrong = |_| {
            ContractsError::Invalid(vec![Invalid::new("after", "must be what the page before gave as next")])
        };
        text.parse().map_err(wrong)
    };
    cursor.after.as_ref().map(parse).transpose()
}

#[cfg(test)]
mod tests;
