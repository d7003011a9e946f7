//! What is stored does not open a library, and what is logged does not either: one long story, and then a thief with the
//! database, the files and the log looks for everything that anybody in it kept secret.

mod needles;
mod story;

use std::path::Path;

use consent_client::reqwest::Method;
use harness::{Engine, Place, TestPlatform, rows, stories};
use needles::Needles;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::json;
use story::{Story, tell};

/// Somebody an app speaks of.
const SUBJECT: &str = "planted-subject@example.org";

stories! {
    async fn database_and_files_hold_no_secret_of_anybody(platform: TestPlatform) {
        let Story { mut secrets, email, .. } = tell(&platform).await;
        records(&platform, &mut secrets).await;
        assert!(secrets.count() > 150, "the story keeps {} secrets", secrets.count());
        let mut clear = Needles::default();
        clear.text("her e-mail address", &email);
        let db = &platform.inner.db;

        let mut tables = Vec::new();
        for table in rows::tables(db).await {
            tables.extend(rows::rows(db, &table).await.join("\n").into_bytes());
        }
        assert_eq!(secrets.found_in(&tables), [].into(), "in a table");
        assert_eq!(clear.found_in(&tables).len(), 1, "who looks does find");

        if db.get_database_backend() == DbBackend::Sqlite {
            let database = platform.dir.path().join("consent.db");
            let log = std::fs::read(database.with_extension("db-wal")).unwrap();
            assert!(!log.is_empty());
            for checkpoint in [false, true] {
                if checkpoint {
                    db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
                }
                let bytes = all_bytes(platform.dir.path(), &|path| {
                    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("consent.db"))
                });
                assert_eq!(secrets.found_in(&bytes), [].into(), "in the database's files");
                assert_eq!(clear.found_in(&bytes).len(), 1, "who looks does find");
            }
        }

        let blobs = all_bytes(&platform.dir.path().join("blobs"), &|_| true);
        assert_eq!(secrets.found_in(&blobs), [].into(), "in a file");
        let library = rows::texts(db, "SELECT library_id FROM file LIMIT 1").await;
        let mut clear = Needles::default();
        clear.text("the id of a library", &library[0]);
        assert_eq!(clear.found_in(&blobs).len(), 1, "who looks does find");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_even_the_most_talkative_log_tells_a_secret() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(place) = Place::new(engine).await else {
            println!("skipped: no PostgreSQL installation was found");
            continue;
        };
        let program = env!("CARGO_BIN_EXE_gateway-under-test");
        let environment = [("CONSENT_LOG__FILTER", "trace"), ("RUST_BACKTRACE", "0")];
        let process = place.start(program, &["--sandbox"], &environment).unwrap();
        let platform = TestPlatform::at(&process, &place).await;
        let Story { mut secrets, email, grant } = tell(&platform).await;
        records(&platform, &mut secrets).await;
        // A log is read by more people than a database.
        secrets.text("a subject", SUBJECT);
        secrets.text("her e-mail address", &email);
        secrets.text("her name", story::NAME);
        let log = process.stderr();
        assert!(log.contains("TRACE"), "it says all it can");
        assert!(log.contains(&format!("grant {grant} is stopped")), "and what happened");
        let found = secrets.found_in(log.as_bytes());
        let first = found.first().map(|name| lines_with(&secrets, &log, name));
        assert_eq!(found, [].into(), "{engine:?}: {first:#?}");
    }
}

/// An app gets tokens, records something about somebody, and finds it by her name in the address.
async fn records(platform: &TestPlatform, secrets: &mut Needles) {
    let app = platform.operator().registers_app("Diary").await;
    let asks = json!({
        "grant_type": "client_credentials", "client_id": app["id"], "client_secret": app["apiKey"],
    });
    let tokens = platform.call(Method::POST, "/oauth/v0/token", None, Some(&asks)).await.ok();
    let [access, refresh, key] = [&tokens["access_token"], &tokens["refresh_token"], &app["apiKey"]]
        .map(|token| token.as_str().unwrap());
    secrets.token("an app's token for its log", access);
    secrets.token("the refresh token beside it", refresh);
    secrets.token("the key for both", key);
    let event = json!({ "subject": SUBJECT, "target": "t", "action": true });
    let _ = platform.call(Method::POST, "/consent/v0/consents", Some(access), Some(&event)).await.ok();
    let path = format!("/consent/v0/consents/search?subject={SUBJECT}&target=t");
    let found = platform.call(Method::GET, &path, Some(access), None).await.ok();
    assert_eq!(found[0]["subject"], SUBJECT);
}

/// The first lines that tell a secret.
fn lines_with(secrets: &Needles, log: &str, name: &str) -> Vec<String> {
    let tells = |line: &&str| secrets.found_in(line.as_bytes()).contains(name);
    log.lines().filter(tells).take(3).map(|line| line.chars().take(400).collect()).collect()
}

/// The content of all files below a folder that are wanted.
fn all_bytes(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(all_bytes(&path, wanted));
        } else if wanted(&path) {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}
