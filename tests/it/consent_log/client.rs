//! The client that Signatu published, unmodified, finds here what it looks for.

use std::process::Command;

use harness::{signatu_client, stories};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::{Log, text, texts};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/it/consent_log/client.mjs");

/// What it saw, if it is installed.
async fn speaks(log: &Log<'_>, base: &str, vault: Option<&str>) -> Option<Value> {
    let folder = signatu_client()?;
    let mut node = Command::new("node");
    node.arg(SCRIPT)
        .arg(folder)
        .args([format!("{}{base}", log.platform.url), log.bearer.clone()])
        .args(vault);
    let run = spawn_blocking(move || node.output()).await.unwrap().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(serde_json::from_slice(&run.stdout).unwrap())
}

stories! {
    async fn the_published_client_saves_and_loads(platform: TestPlatform) {
        let log = Log::of_new_app(&platform).await;
        for (base, vault) in
            [("/consent/v0", None), ("/consent/v1", None), ("/consent/v0", Some("one")), ("/consent/v1", Some("one"))]
        {
            let Some(saw) = speaks(&log, base, vault).await else { return };
            let saved = &saw["saved"];
            for member in ["subject", "target"] {
                assert_eq!(saved[member], saw["target"][member]);
            }
            assert_eq!((&saved["action"], &saved["scope"]), (&json!(true), &json!("default")));
            assert_eq!((&saved["type"], &saved["metadata"]["cookie"]), (&json!("COOKIE"), &json!("%7B%7D")));
            assert_eq!(saved["vaultId"], vault.map_or(Value::Null, Value::from));
            assert_eq!(saved.get("token").is_some(), base.ends_with("v0"));
            let many = saw["savedMany"].as_array().unwrap();
            assert_eq!((many.len(), &many[1]["action"]), (2, &json!(false)));
            assert!(text(&many[0]["createdAt"]) < text(&many[1]["createdAt"]));
            let loaded = saw["loaded"].as_array().unwrap();
            assert_eq!(*loaded, [many[1].clone(), many[0].clone(), saved.clone()]);
            assert_eq!(texts(saw["loadedCurrent"].as_array().unwrap(), "scope"), ["marketing", "default"]);
            assert_eq!((&saw["current"], &saw["currentMarketing"]), (saved, &many[1]), "a no stays a no");
            assert_eq!(saw["nobodys"], Value::Null);
            assert_eq!(saw["refused"], "ConsentClient save failed: Unprocessable Entity");
        }
    }
}
