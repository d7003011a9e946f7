//! Many grants at once: rows that look like those which consents leave, copied in the database from one true
//! consent.

use consent_store::Database;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::{
    database::connect,
    error::{Outcome, failure},
};

/// Grants of one person.
const GRANTS_EACH: usize = 5;
/// Rows in one transaction.
const PART: usize = 50_000;

/// A table, and what its copies have of their own: a column, and its value for copy `n`. `{…}` stand for SQL:
/// `{id:abc}` an id with that prefix, `{hash:x}` a digest, `{n}` the number, `{p}` the person's number.
struct Table {
    name: &'static str,
    /// Which row is copied.
    which: &'static str,
    /// Whether there is one for each person instead of each grant.
    each_person: bool,
    own: &'static [(&'static str, &'static str)],
}

const TABLES: &[Table] = &[
    Table {
        name: "person",
        which: "id IN (SELECT person_id FROM library WHERE id IN (SELECT library_id FROM file))",
        each_person: true,
        own: &[("id", "{id:per:n}"), ("email", "'crowd-' || {n} || '@example.org'")],
    },
    Table {
        name: "library",
        which: "id IN (SELECT library_id FROM file)",
        each_person: true,
        own: &[("id", "{id:lib:n}"), ("person_id", "{id:per:n}")],
    },
    Table {
        name: "shelf",
        which: "kind = 'own' AND library_id IN (SELECT library_id FROM file)",
        each_person: true,
        own: &[("id", "{id:she:n}"), ("library_id", "{id:lib:n}")],
    },
    Table {
        name: "consent_grant",
        which: "stage = 'active'",
        each_person: false,
        own: &[("id", "{id:gra:n}"), ("person_id", "{id:per:p}"), ("library_id", "{id:lib:p}")],
    },
    Table {
        name: "grant_key",
        which: "1 = 1",
        each_person: false,
        own: &[("grant_id", "{id:gra:n}"), ("library_id", "{id:lib:p}")],
    },
    Table {
        name: "grant_shelf",
        which: "usage = 'read'",
        each_person: false,
        own: &[("grant_id", "{id:gra:n}"), ("shelf_id", "{id:she:p}"), ("library_id", "{id:lib:p}")],
    },
    Table {
        name: "token_family",
        which: "1 = 1",
        each_person: false,
        own: &[("digest", "{hash:f}"), ("grant_id", "{id:gra:n}")],
    },
    Table {
        name: "token_pair",
        which: "successor_id IS NULL",
        each_person: false,
        own: &[
            ("id", "{id:row:n}"),
            ("family", "{hash:f}"),
            ("grant_id", "{id:gra:n}"),
            ("access_digest", "{hash:a}"),
            ("refresh_digest", "{hash:r}"),
        ],
    },
    Table {
        name: "slot",
        which: "kind = 'access'",
        each_person: false,
        own: &[
            ("id", "{id:sla:n}"),
            ("library_id", "{id:lib:p}"),
            ("owner_id", "{id:gra:n}"),
            ("holder", "{id:row:n}"),
        ],
    },
    Table {
        name: "slot",
        which: "kind = 'refresh'",
        each_person: false,
        own: &[
            ("id", "{id:slr:n}"),
            ("library_id", "{id:lib:p}"),
            ("owner_id", "{id:gra:n}"),
            ("holder", "{id:row:n}"),
        ],
    },
    Table {
        name: "session",
        which: "state = 'completed'",
        each_person: false,
        own: &[
            ("id", "{id:ses:n}"),
            ("digest", "{hash:s}"),
            ("grant_id", "{id:gra:n}"),
            ("family", "{hash:f}"),
        ],
    },
];

/// Adds so many grants, with their people, keys, tokens and sessions, to a database that nobody else uses.
pub async fn fill(database: &str, grants: usize) -> Outcome<()> {
    let db = connect(database).await?;
    if db.get_database_backend() == DbBackend::Sqlite {
        // Only here: what is lost in a crash is made again.
        for pragma in ["foreign_keys = OFF", "synchronous = OFF", "cache_size = -400000"] {
            db.execute_unprepared(&format!("PRAGMA {pragma}")).await?;
        }
    }
    for table in TABLES {
        let rows = if table.each_person { grants.div_ceil(GRANTS_EACH) } else { grants };
        let columns = columns(&db, table.name).await?;
        for from in (0..rows).step_by(PART) {
            let copy = table.copy(&columns, from, (from + PART).min(rows), db.get_database_backend());
            db.execute_unprepared(&copy).await?;
        }
    }
    // As the database's own maintenance would.
    let after = match db.get_database_backend() {
        DbBackend::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
        _ => "VACUUM (ANALYZE)",
    };
    db.execute_unprepared(after).await?;
    Ok(db.close().await?)
}

impl Table {
    fn copy(&self, columns: &[String], from: usize, to: usize, backend: DbBackend) -> String {
        let own = |column: &String| self.own.iter().find(|(own, _)| own == column);
        let value = |column: &String| {
            own(column).map_or_else(|| format!("t.{column}"), |(_, value)| spelled(value, backend))
        };
        let values: Vec<_> = columns.iter().map(value).collect();
        format!(
            "INSERT INTO {name} ({columns}) \
             WITH RECURSIVE numbers (n) AS \
             (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {to}) \
             SELECT {values} FROM numbers CROSS JOIN (SELECT * FROM {name} WHERE {which} LIMIT 1) t",
            name = self.name,
            columns = columns.join(", "),
            values = values.join(", "),
            which = self.which,
        )
    }
}

/// The SQL of a value. Digests are spread over their whole range, as true ones are; ids grow, as true ones
/// do.
fn spelled(value: &str, backend: DbBackend) -> String {
    let person = format!("(n / {GRANTS_EACH})");
    let Some(word) = value.strip_prefix('{').and_then(|word| word.strip_suffix('}')) else {
        return value.replace("{n}", "n");
    };
    let number = if word.ends_with(":p") { person.as_str() } else { "n" };
    let prefix = word.split(':').nth(1).unwrap_or_default();
    let scattered = "(n * 2654435761) % 4294967296";
    match (word.starts_with("id:"), backend) {
        (true, DbBackend::Sqlite) => format!("'{prefix}' || printf('%026d', {number})"),
        (true, _) => format!("'{prefix}' || lpad(({number})::text, 26, '0')"),
        (false, DbBackend::Sqlite) => {
            format!("CAST(printf('%08x', {scattered}) || '{prefix}' || printf('%023d', n) AS BLOB)")
        }
        (false, _) => format!(
            "convert_to(lpad(to_hex({}), 8, '0') || '{prefix}' || lpad(n::text, 23, '0'), 'UTF8')",
            scattered.replace('n', "n::bigint")
        ),
    }
}

/// The columns of a table, in order.
pub async fn columns(db: &Database, table: &str) -> Outcome<Vec<String>> {
    let query = match db.get_database_backend() {
        DbBackend::Sqlite => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
        _ => format!(
            "SELECT column_name::text AS name FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
        ),
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), query)).await?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("", "name")).collect();
    let names = names?;
    if names.is_empty() { Err(failure(format!("there is no table {table}"))) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spelled_for_each_database() {
        assert_eq!(spelled("{id:per:p}", DbBackend::Sqlite), "'per' || printf('%026d', (n / 5))");
        assert_eq!(spelled("{id:gra:n}", DbBackend::Postgres), "'gra' || lpad((n)::text, 26, '0')");
        assert_eq!(spelled("'crowd-' || {n}", DbBackend::Sqlite), "'crowd-' || n");
        assert!(spelled("{hash:f}", DbBackend::Postgres).contains("(n::bigint * 2654435761)"));
    }

    #[test]
    fn a_copy_names_all_columns_and_replaces_its_own() {
        let columns = ["digest", "grant_id", "created_at"].map(str::to_owned);
        let table = TABLES.iter().find(|table| table.name == "token_family").unwrap();
        let sql = table.copy(&columns, 5, 9, DbBackend::Sqlite);
        assert!(sql.contains("(digest, grant_id, created_at)") && sql.contains("t.created_at"), "{sql}");
        assert!(sql.contains("SELECT 5 UNION ALL") && sql.contains("n + 1 < 9"), "{sql}");
    }
}
