//! Whatever a database holds, as text: for tests that look behind the door.

use consent_store::Database;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// The first column of what a query finds.
///
/// # Panics
///
/// When the query fails or the column is not text.
pub async fn texts(db: &Database, query: &str) -> Vec<String> {
    let statement = Statement::from_string(db.get_database_backend(), query);
    let rows = db.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    rows.iter().map(|row| row.try_get_by_index(0).expect("a column of text")).collect()
}

/// The tables of the platform.
pub async fn tables(db: &Database) -> Vec<String> {
    let query = match db.get_database_backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
        _ => {
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        }
    };
    let ours = |table: &String| !table.starts_with("seaql") && !table.starts_with("sqlite");
    texts(db, query).await.into_iter().filter(ours).collect()
}

/// Every row of a table as one text, in a fixed order. Binary columns are hexadecimal digits.
pub async fn rows(db: &Database, table: &str) -> Vec<String> {
    if db.get_database_backend() == DbBackend::Sqlite {
        let columns = format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')");
        let columns = texts(db, &columns).await.join(" || ' ' || ");
        texts(db, &format!("SELECT {columns} FROM \"{table}\" ORDER BY 1")).await
    } else {
        texts(db, &format!("SELECT t::text FROM \"{table}\" t ORDER BY 1")).await
    }
}

/// Waits until no transaction is under way, those included whose owner was dropped and which are yet to be undone.
pub async fn settled(db: &Database) {
    if db.get_database_backend() == DbBackend::Sqlite {
        // Only one can write, so whoever may has waited for all others.
        db.begin_write().await.expect("a transaction").commit().await.expect("nothing to write");
        return;
    }
    let busy = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() \
        AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'";
    while !texts(db, busy).await.is_empty() {
        tokio::task::yield_now().await;
    }
}
