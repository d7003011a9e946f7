//! What lies on disk, read with the page, `openssl` and Python's standard library.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use harness::{Engine, TestPlatform, Tool};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{contents, uploads};

const RESTORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/it/formats/restore.py");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_code_opens_a_library_without_the_platform_and_its_keys() {
    if !Tool::are_here(&[Tool::OpenSsl, Tool::Python]) {
        return;
    }
    let platform = TestPlatform::start(Engine::Sqlite).await.expect("SQLite is built in");
    let (ada, bob) = (platform.person("ada").await, platform.person("bob").await);
    uploads(&ada).await;
    assert_eq!(bob.uploads("his.txt", "text/plain", "his").await.status, 201);

    let restored = Restored::with(&platform, &ada.recovery_code);
    assert_eq!(restored.contents, contents().into_iter().collect());
    assert!(restored.said.iter().all(|said| said["file_name"] == "content.bin"), "{:?}", restored.said);
    let typed = bob.recovery_code.to_lowercase().replace('-', " ");
    assert_eq!(Restored::with(&platform, &typed).contents, BTreeSet::from([b"his".to_vec()]));
    let none = "0000-0000-0000-0000-0000-0000-0000-0000";
    assert_eq!(Restored::with(&platform, none).contents, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_opens_the_library_and_a_token_only_the_shelves_that_its_grant_was_given() {
    if !Tool::are_here(&[Tool::OpenSsl, Tool::Python]) {
        return;
    }
    let platform = TestPlatform::start(Engine::Sqlite).await.expect("SQLite is built in");
    let (ada, app) = (platform.person("ada").await, platform.app("read").await);
    assert_eq!(ada.uploads("hers.txt", "text/plain", "hers").await.status, 201);
    ada.connects(&[16]).await;
    let all = Restored::with(&platform, &ada.token).contents;
    assert!(all.contains(&b"hers"[..]) && all.len() > 5, "{}", all.len());

    let yes = ada.approves_with(&app, &json!({ "ownFiles": false })).await;
    let token = yes.shared.tokens.access.value.expose();
    let granted = Restored::with(&platform, token).contents;
    assert_eq!(granted.len(), all.len() - 1);
    assert!(granted.is_subset(&all) && !granted.contains(&b"hers"[..]));
    ada.stops(&yes).await;
    assert_eq!(Restored::with(&platform, token).contents, BTreeSet::new());
    ada.resumes(&yes).await;
    assert_eq!(Restored::with(&platform, token).contents, granted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_byte_at_rest_is_noticed_by_the_same_program() {
    if !Tool::are_here(&[Tool::OpenSsl, Tool::Python]) {
        return;
    }
    let platform = TestPlatform::start(Engine::Sqlite).await.expect("SQLite is built in");
    let ada = platform.person("ada").await;
    let made = ada.uploads("hers.txt", "text/plain", "hers").await.ok();
    let library = fs::read_dir(platform.dir.path().join("blobs")).unwrap().next().unwrap().unwrap();
    let blob = library.path().join(made["files"][0]["id"].as_str().unwrap());
    let sealed = fs::read(&blob).unwrap();
    for place in [0, 4, 5, sealed.len() - 20, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        fs::write(&blob, changed).unwrap();
        assert!(!restore(&platform, &ada.recovery_code).1, "byte {place} of {}", sealed.len());
    }
    fs::write(&blob, sealed).unwrap();
    assert!(restore(&platform, &ada.recovery_code).1);
}

/// What came out of a library: the contents of its files, and what each says of itself.
struct Restored {
    contents: BTreeSet<Vec<u8>>,
    said: Vec<Value>,
}

impl Restored {
    fn with(platform: &TestPlatform, secret: &str) -> Self {
        let (folder, whole) = restore(platform, secret);
        assert!(whole, "the program fails");
        let (mut contents, mut said) = (BTreeSet::new(), Vec::new());
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            if path.extension().is_some() {
                said.push(serde_json::from_slice(&bytes).unwrap());
            } else {
                contents.insert(bytes);
            }
        }
        Self { contents, said }
    }
}

/// Runs the program; tells whether it came to its end.
fn restore(platform: &TestPlatform, secret: &str) -> (TempDir, bool) {
    let (data, into) = (platform.dir.path(), tempfile::tempdir().unwrap());
    let run =
        Command::new("python3").arg(RESTORE).args([data, Path::new(secret), into.path()]).output().unwrap();
    println!("{}", String::from_utf8_lossy(&run.stderr));
    (into, run.status.success())
}
