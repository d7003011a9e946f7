//! Migrations as SQL.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// One change of the schema, written for both databases.
///
/// In the SQL, `{timestamp}`, `{binary}` and `{json}` stand for the type of each database; a line that starts with
/// `sqlite:` or `postgres:` is for that one only.
#[derive(Debug)]
pub struct Migration {
    name: &'static str,
    sql: &'static str,
}

impl Migration {
    /// A migration; names sort by date and number (`m20261122_000001_person`).
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "a migration is only ever used behind its trait")]
    pub fn new(name: &'static str, sql: &'static str) -> Box<dyn MigrationTrait> {
        Box::new(Self { name, sql })
    }

    fn spelled_for(&self, backend: DbBackend) -> String {
        let sqlite = backend == DbBackend::Sqlite;
        let (mine, other) = if sqlite { ("sqlite:", "postgres:") } else { ("postgres:", "sqlite:") };
        let lines = self.sql.lines().map(str::trim_start).filter(|line| !line.starts_with(other));
        let sql: Vec<_> = lines.map(|line| line.strip_prefix(mine).unwrap_or(line)).collect();
        let types = if sqlite {
            [("{timestamp}", "timestamp_with_timezone_text"), ("{binary}", "blob"), ("{json}", "json_text")]
        } else {
            [("{timestamp}", "timestamp with time zone"), ("{binary}", "bytea"), ("{json}", "jsonb")]
        };
        types.iter().fold(sql.join("\n"), |sql, (placeholder, name)| sql.replace(placeholder, name))
    }
}

impl MigrationName for Migration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = self.spelled_for(manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_gets_its_own_spelling() {
        let migration = Migration {
            name: "m",
            sql: "CREATE TABLE t (at {timestamp});\nsqlite:PRAGMA x;\npostgres:SET y;",
        };
        assert_eq!(
            migration.spelled_for(DbBackend::Sqlite),
            "CREATE TABLE t (at timestamp_with_timezone_text);\nPRAGMA x;"
        );
        assert_eq!(
            migration.spelled_for(DbBackend::Postgres),
            "CREATE TABLE t (at timestamp with time zone);\nSET y;"
        );
    }
}
