//! Where the platform and the limit server keep their rows: files in a folder, or databases of a PostgreSQL
//! server.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use consent_client::Url;
use consent_store::{Database, Pool};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::error::{Outcome, failure};

/// Which kind of database, and where.
pub struct Engine {
    /// A database of the PostgreSQL server that others may be made from; none for SQLite.
    postgres: Option<Url>,
    made: Mutex<Vec<String>>,
}

impl Engine {
    /// `sqlite`, or the URL of a PostgreSQL database whose user may create others.
    pub fn parse(text: &str) -> Outcome<Self> {
        let postgres = match text {
            "sqlite" => None,
            url if url.starts_with("postgres://") => Some(url.parse()?),
            _ => return Err(failure("a database is sqlite or postgres://…")),
        };
        Ok(Self { postgres, made: Mutex::default() })
    }

    /// The URL of a new, empty database; a file would lie in `folder`.
    pub async fn make(&self, folder: &Path, name: &str) -> Outcome<String> {
        match &self.postgres {
            None => Ok(file_url(folder, name)),
            Some(_) => self.create(name, "template0").await,
        }
    }

    /// The URL of a copy of a database that nobody uses just now.
    pub async fn copy(&self, of: &str, folder: &Path, name: &str) -> Outcome<String> {
        if self.postgres.is_some() {
            let original = of.parse::<Url>()?.path().trim_start_matches('/').to_owned();
            return self.create(name, &original).await;
        }
        let url = file_url(folder, name);
        for suffix in ["", "-wal"] {
            let path = |url: &str| format!("{}{suffix}", url.trim_start_matches("sqlite://"));
            if Path::new(&path(of)).exists() {
                fs::copy(path(of), path(&url))?;
            }
        }
        Ok(url)
    }

    /// What it is called and which version, for people.
    pub async fn version(&self) -> Outcome<String> {
        let Some(url) = &self.postgres else {
            let version =
                scalar(&connect("sqlite::memory:").await?, "SELECT sqlite_version() AS answer").await?;
            return Ok(format!("SQLite {version}, journal_mode=WAL, synchronous=FULL"));
        };
        let db = connect(url.as_str()).await?;
        let mut told = Vec::new();
        for name in ["server_version", "fsync", "synchronous_commit", "shared_buffers"] {
            told.push((name, scalar(&db, &format!("SELECT current_setting('{name}') AS answer")).await?));
        }
        db.close().await?;
        let (_, version) = told.remove(0);
        let settings: Vec<_> = told.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(format!("PostgreSQL {version}, {}", settings.join(", ")))
    }

    /// Removes what was made on the server; files go with their folder.
    pub async fn clean_up(&self) -> Outcome<()> {
        let Some(url) = &self.postgres else { return Ok(()) };
        let db = connect(url.as_str()).await?;
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for name in made {
            db.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        }
        Ok(db.close().await?)
    }

    async fn create(&self, name: &str, template: &str) -> Outcome<String> {
        let Some(url) = &self.postgres else { return Err(failure("there is no server")) };
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).len();
        let name = format!("consent_bench_{}_{made}_{name}", std::process::id());
        let db = connect(url.as_str()).await?;
        db.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        db.close().await?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
        let mut made = url.clone();
        made.set_path(&name);
        Ok(made.into())
    }
}

/// One connection to a database, with the settings that the server itself uses.
pub async fn connect(url: &str) -> Outcome<Database> {
    Ok(Database::connect(url, &Pool { max_connections: 1, ..Pool::default() }).await?)
}

/// The text in the column `answer` of the one row of a query.
pub async fn scalar(db: &Database, query: &str) -> Outcome<String> {
    let statement = Statement::from_string(db.get_database_backend(), query);
    let row = db.query_one_raw(statement).await?.ok_or_else(|| failure("no answer"))?;
    Ok(row.try_get("", "answer")?)
}

fn file_url(folder: &Path, name: &str) -> String {
    format!("sqlite://{}", folder.join(format!("{name}.db")).display())
}
