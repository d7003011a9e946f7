//! Files as apps get them.

use std::{collections::BTreeSet, fs, process::Command};

use consent_client::{AccessToken, SessionKey};
use consent_crypto::digest::base64url_decode;
use harness::{MockApp, Shared, TestPlatform, Tool, fixture, stories};
use serde_json::Value;
use tempfile::TempDir;

use super::{contents, listing, output, reader, uploads};

stories! {
    async fn a_delivered_file_opens_with_the_openssl_command_alone(platform: TestPlatform) {
        if !Tool::are_here(&[Tool::OpenSsl]) {
            return;
        }
        let script = listing("sh", "pkeyutl -decrypt");
        let delivered = own_files(&platform).await;
        let opened = delivered.iter().map(|file| {
            output(file.folder.path(), "sh", &["-e", "-c", &script]);
            file.read("opened")
        });
        assert_eq!(opened.collect::<BTreeSet<_>>(), contents().into_iter().collect());
    }

    async fn twenty_lines_of_python_open_a_delivered_file(platform: TestPlatform) {
        if !Tool::are_here(&[Tool::OpenSsl, Tool::Python]) {
            return;
        }
        let script = listing("python", "sealed");
        assert!(script.lines().count() <= 20, "{} lines", script.lines().count());
        let delivered = own_files(&platform).await;
        let opened = delivered.iter().map(|file| file.open_in_python(&script).0);
        assert_eq!(opened.collect::<BTreeSet<_>>(), contents().into_iter().collect());
    }

    async fn the_same_lines_open_a_mapped_file_with_the_members_that_the_page_names(platform: TestPlatform) {
        if !Tool::are_here(&[Tool::OpenSsl, Tool::Python]) {
            return;
        }
        let script = listing("python", "sealed");
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16]).await;
        let delivered = deliver(&app, &shared).await;
        assert!(!delivered.is_empty());
        for file in delivered.iter().take(5) {
            let (content, about) = file.open_in_python(&script);
            let objects: Vec<Value> = serde_json::from_slice(&content).unwrap();
            assert_eq!(about["objectCount"], objects.len());
            let named = "objectCount objectType objectVersion schema serviceGroup serviceName";
            assert_eq!(members(&about), named);
            assert!(file.name.starts_with("18_") && file.name.ends_with("_1.1.0.0.json"), "{}", file.name);
        }
    }

    async fn what_was_sealed_for_one_app_does_not_open_for_another(platform: TestPlatform) {
        if !Tool::are_here(&[Tool::OpenSsl]) {
            return;
        }
        let script = listing("sh", "pkeyutl -decrypt");
        let file = own_files(&platform).await.swap_remove(0);
        fs::write(file.folder.path().join("app.pem"), fixture("keys/app-2.private.pem")).unwrap();
        let open = Command::new("sh").args(["-e", "-c", &script]).current_dir(file.folder.path()).output();
        assert!(!open.unwrap().status.success());
    }
}

/// A file as it was delivered: the body as `sealed` beside the key as `app.pem`.
struct Delivered {
    name: String,
    header: String,
    folder: TempDir,
}

impl Delivered {
    async fn fetch(app: &MockApp, access: &AccessToken, session: &SessionKey, name: &str) -> Self {
        let response = app.client.fetch_raw(access, session, name).await.unwrap();
        let header = response.headers()["x-metadata"].to_str().unwrap().to_owned();
        assert_eq!(response.headers()["content-type"], "application/octet-stream");
        let (length, body) = (response.content_length(), response.bytes().await.unwrap());
        let about: Value = serde_json::from_slice(&base64url_decode(&header).unwrap()).unwrap();
        assert_eq!(members(&about), "metadata size");
        assert_eq!(body.len() as u64, 272 + 16 * (about["size"].as_u64().unwrap() / 16 + 1));
        assert_eq!(length, Some(body.len() as u64));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sealed"), &body).unwrap();
        fs::write(folder.path().join("app.pem"), &app.private_key).unwrap();
        Self { name: name.to_owned(), header, folder }
    }

    /// Its content, and what it says of itself.
    fn open_in_python(&self, script: &str) -> (Vec<u8>, Value) {
        let mut python = Command::new("python3");
        python.args(["-c", script, "app.pem", "sealed", &self.header]).current_dir(self.folder.path());
        let run = python.output().unwrap();
        assert!(run.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&run.stderr));
        (run.stdout, serde_json::from_slice(&run.stderr).unwrap())
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }
}

/// What a person uploaded, as an app gets it.
async fn own_files(platform: &TestPlatform) -> Vec<Delivered> {
    let (app, ada) = (reader(platform).await, platform.person("ada").await);
    uploads(&ada).await;
    let delivered = deliver(&app, &ada.approves(&app).await.shared).await;
    assert_eq!(delivered.len(), contents().len());
    delivered
}

/// Everything that a session lists.
async fn deliver(app: &MockApp, shared: &Shared) -> Vec<Delivered> {
    let (session, list) = app.reads(shared).await.unwrap();
    let mut delivered = Vec::new();
    for entry in &list.files {
        let access = &shared.tokens.access.value;
        delivered.push(Delivered::fetch(app, access, &session.key, &entry.name).await);
    }
    delivered
}

fn members(object: &Value) -> String {
    object.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ")
}
