//! The tables of this crate.

use consent_store::Migration;
use sea_orm_migration::MigrationTrait;

/// The migrations of this crate, oldest first.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Migration::new("m20261122_000035_events", include_str!("../migrations/m20261122_000035_events.sql")),
        Migration::new(
            "m20261209_000100_event_log",
            include_str!("../migrations/m20261209_000100_event_log.sql"),
        ),
        Migration::new(
            "m20261211_000102_consent_request",
            include_str!("../migrations/m20261211_000102_consent_request.sql"),
        ),
        Migration::new(
            "m20261211_000510_access_spool",
            include_str!("../migrations/m20261211_000510_access_spool.sql"),
        ),
        Migration::new(
            "m20261212_000100_stream_event",
            include_str!("../migrations/m20261212_000100_stream_event.sql"),
        ),
    ]
}
