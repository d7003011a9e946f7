//! The changes of this crate's tables, oldest first.

use consent_store::Migration;
use sea_orm_migration::MigrationTrait;

/// The migrations of the tables this crate rules.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Migration::new(
            "m20261122_000010_contracts",
            include_str!("../migrations/m20261122_000010_contracts.sql"),
        ),
        Migration::new(
            "m20261206_000011_revision",
            include_str!("../migrations/m20261206_000011_revision.sql"),
        ),
        Migration::new(
            "m20261208_000012_controller",
            include_str!("../migrations/m20261208_000012_controller.sql"),
        ),
        Migration::new(
            "m20261211_000100_credential_epoch",
            include_str!("../migrations/m20261211_000100_credential_epoch.sql"),
        ),
    ]
}
