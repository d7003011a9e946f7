//! All tables of all crates, in the order of their names.

use consent_store::{Database, StoreError};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Runs the migrations of every domain crate.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all: Vec<Box<dyn MigrationTrait>> = [
            consent_contracts::migrations(),
            consent_people::migrations(),
            consent_library::migrations(),
            consent_grants::migrations(),
            consent_auth::migrations(),
            consent_sources::migrations(),
            consent_sessions::migrations(),
            consent_events::migrations(),
            consent_receipts::migrations(),
            consent_signals::migrations(),
            consent_notices::migrations(),
        ]
        .into_iter()
        .flatten()
        .collect();
        all.sort_by(|one, other| one.name().cmp(other.name()));
        all
    }
}

/// Brings the schema up to date and names the migrations that were missing.
pub async fn migrate(db: &Database) -> Result<Vec<String>, StoreError> {
    let pending = Migrator::get_pending_migrations(db.connection()).await?;
    Migrator::up(db.connection(), None).await?;
    Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
}
