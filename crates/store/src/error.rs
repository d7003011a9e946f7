//! What a failed query means.

use sea_orm::{DbErr, SqlErr};

/// What a failed query means to its caller.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another row already has a value that must be unique.
    #[error("a value that must be unique is taken")]
    Taken(#[source] DbErr),
    /// A stored row makes no sense.
    #[error("row {id} of table {table} makes no sense")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key.
        id: String,
    },
    /// The database did not do it.
    #[error("the database failed")]
    Database(#[source] DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Taken(error),
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// States that a stored row makes no sense.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "takes ids of all kinds, owned or not")]
    pub fn corrupt(table: &'static str, id: impl ToString) -> Self {
        Self::Corrupt { table, id: id.to_string() }
    }

    /// Whether a value that must be unique is taken.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Taken(_))
    }
}
