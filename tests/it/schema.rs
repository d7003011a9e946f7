//! The whole schema in one place that people can read: what an empty database looks like once it was brought up to
//! date. A migration shows here as a difference to accept.

use std::fmt::Write as _;

use consent_gateway::migrator;
use consent_store::{Database, Pool};
use harness::{postgres, rows::texts};

/// Everything in a SQLite file as it was declared, tables first, each with what belongs to it.
const SQLITE: &str = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'seaql%' \
    ORDER BY tbl_name, type = 'table' DESC, type, name";

/// The same from PostgreSQL's catalogue: columns, then constraints, indexes and triggers in the words of the database.
const POSTGRES: &[(&str, &str)] = &[
    (
        "column",
        "SELECT c.table_name || '.' || c.column_name || ' ' || c.data_type \
            || CASE c.is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END \
            || COALESCE(' DEFAULT ' || c.column_default, '') \
         FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name NOT LIKE 'seaql%' \
         ORDER BY c.table_name COLLATE \"C\", c.ordinal_position",
    ),
    (
        // 'n' is NOT NULL, which newer versions list here too.
        "constraint",
        "SELECT t.relname || '.' || c.conname || ' ' || pg_get_constraintdef(c.oid) FROM pg_constraint c \
         JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
         WHERE n.nspname = 'public' AND c.contype NOT IN ('n', 't') AND t.relname NOT LIKE 'seaql%' \
         ORDER BY t.relname COLLATE \"C\", c.conname COLLATE \"C\"",
    ),
    (
        "index",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'seaql%' \
         ORDER BY tablename COLLATE \"C\", indexname COLLATE \"C\"",
    ),
    (
        "trigger",
        "SELECT pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid \
         WHERE NOT g.tgisinternal ORDER BY t.relname COLLATE \"C\", g.tgname COLLATE \"C\"",
    ),
    (
        "function",
        "SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
         WHERE n.nspname = 'public' ORDER BY p.proname COLLATE \"C\"",
    ),
];

#[tokio::test]
async fn an_empty_sqlite_file_becomes_this() {
    let dir = tempfile::tempdir().unwrap();
    let db = migrated(&format!("sqlite://{}", dir.path().join("consent.db").display())).await;
    insta::assert_snapshot!("sqlite", format!("{};\n", texts(&db, SQLITE).await.join(";\n")));
}

#[tokio::test]
async fn an_empty_postgres_database_becomes_this() {
    let Some(url) = postgres::fresh_database().await else {
        println!("skipped: no PostgreSQL installation was found");
        return;
    };
    let db = migrated(&url).await;
    let mut schema = String::new();
    for (what, query) in POSTGRES {
        for text in texts(&db, query).await {
            writeln!(schema, "{what} {}", text.trim_end()).unwrap();
        }
    }
    insta::assert_snapshot!("postgres", schema);
}

#[tokio::test]
async fn a_database_that_is_up_to_date_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let db = migrated(&format!("sqlite://{}", dir.path().join("consent.db").display())).await;
    let before = texts(&db, SQLITE).await;
    assert_eq!(migrator::migrate(&db).await.unwrap(), Vec::<String>::new());
    assert_eq!(texts(&db, SQLITE).await, before);
}

async fn migrated(url: &str) -> Database {
    let db = Database::connect(url, &Pool::default()).await.unwrap();
    assert!(!migrator::migrate(&db).await.unwrap().is_empty());
    db
}
