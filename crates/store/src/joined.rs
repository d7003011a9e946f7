//! Selects that bring rows of several tables at once.

use sea_orm::{DbBackend, EntityTrait, IdenStatic, Iterable};

/// All columns of a table for the `SELECT` list of a join, each named `prefix` and its own name, as
/// `FromQueryResult` reads them.
#[must_use]
pub fn joined_columns<E: EntityTrait>(prefix: &str) -> String {
    let table = E::default();
    let table = table.table_name();
    let columns = E::Column::iter().map(|column| {
        let column = column.as_str();
        format!("{table}.{column} AS {prefix}{column}")
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// A select of the texts in a JSON array, which is itself SQL.
#[must_use]
pub fn json_elements(backend: DbBackend, array: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("SELECT value FROM json_each({array})"),
        _ => format!("SELECT jsonb_array_elements_text({array})"),
    }
}
