//! Parts of statements that both databases understand alike.

use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, IdenStatic, Iterable, sea_query::Expr, sea_query::ExprTrait as _,
};

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

/// The condition that a column has one of these values, spelled out in the statement. Whether an index is for these rows
/// alone, a planner sees in what it can read, and not in a parameter.
pub fn is_one_of(column: impl ColumnTrait, values: &[&'static str]) -> Expr {
    let values = values.iter().map(|value| Expr::Constant((*value).into()));
    Expr::col(column.as_column_ref()).is_in(values)
}

/// A select of the texts in a JSON array, which is itself SQL.
#[must_use]
pub fn json_elements(backend: DbBackend, array: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("SELECT value FROM json_each({array})"),
        _ => format!("SELECT jsonb_array_elements_text({array})"),
    }
}
