//! What a database holds, to compare.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    TestPlatform,
    rows::{rows, tables},
};

/// Every row of every table, as text.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents(BTreeMap<String, Vec<String>>);

impl TestPlatform {
    /// Everything that the database holds, once what was fetched until now is in it, at whichever replica.
    pub async fn contents(&self) -> Contents {
        let db = &self.inner.db;
        let accesses = self.inner.config.server.data_dir.join("accesses");
        self.inner.ledger.settle().await;
        while std::fs::read_dir(&accesses).expect("a folder").next().is_some() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut contents = BTreeMap::new();
        for table in tables(db).await {
            let rows = rows(db, &table).await;
            contents.insert(table, rows);
        }
        Contents(contents)
    }

    /// Sees that the database holds what it held before, to the letter.
    ///
    /// # Panics
    ///
    /// When it does not; says where.
    pub async fn holds_the_same(&self, before: &Contents) {
        let now = self.contents().await;
        for (table, rows) in &now.0 {
            let new: Vec<_> = rows.iter().filter(|row| !before.0[table].contains(row)).collect();
            assert!(*rows == before.0[table], "{table} has changed: {new:#?}");
        }
    }
}

impl Contents {
    /// The tables that have more or fewer rows than before, and by how many.
    #[must_use]
    pub fn grown_since(&self, before: &Self) -> Vec<(String, isize)> {
        let by = |table: &String| self.0[table].len().cast_signed() - before.0[table].len().cast_signed();
        let all = self.0.keys().map(|table| (table.clone(), by(table)));
        all.filter(|(_, by)| *by != 0).collect()
    }
}
