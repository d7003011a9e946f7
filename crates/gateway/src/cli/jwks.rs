//! `--jwks`: the published keys of a platform, from a file or an address. What cannot be had ends a command with 1, wherever
//! it comes from.

use std::{fs::File, io::Read, path::Path, time::Duration};

use reqwest::{Client, redirect::Policy};
use serde_json::Value;
use url::Url;

use super::CliError;

/// So long the key set may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than any receipt, and more than any key set.
const MAX_LEN: usize = 1024 * 1024;

/// The key set in a file, or at an http or https address.
pub(super) async fn key_set(from: &str) -> Result<Value, CliError> {
    let address = Url::parse(from).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    let text = match address {
        Some(url) => fetch(url).await?,
        None => open(Path::new(from))?,
    };
    serde_json::from_str(&text).map_err(CliError::because(format!("{from} is not a JWK set")))
}

/// The text at an address. Redirects are not followed: whoever is asked has to be whoever was named.
async fn fetch(url: Url) -> Result<String, CliError> {
    let unreached = || format!("{url} cannot be reached");
    let client = Client::builder().redirect(Policy::none()).timeout(PATIENCE).build()?;
    let mut answer = client.get(url.clone()).send().await.map_err(CliError::because(unreached()))?;
    if !answer.status().is_success() {
        return Err(CliError::new(format!(
            "{url} answered {}; expected the key set itself",
            answer.status()
        )));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(CliError::because(unreached()))? {
        bytes.extend_from_slice(&piece);
        refuse_long(url.as_str(), bytes.len())?;
    }
    String::from_utf8(bytes).map_err(CliError::because(format!("{url} is not text")))
}

/// The text of a file.
pub(super) fn open(path: &Path) -> Result<String, CliError> {
    let name = path.display().to_string();
    read(&name, File::open(path).map_err(CliError::because(format!("{name} cannot be read")))?)
}

/// What can be read, as text.
pub(super) fn read(name: &str, from: impl Read) -> Result<String, CliError> {
    let mut text = String::new();
    let limit = u64::try_from(MAX_LEN).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit)
        .read_to_string(&mut text)
        .map_err(CliError::because(format!("{name} cannot be read")))?;
    refuse_long(name, text.len())?;
    Ok(text)
}

fn refuse_long(name: &str, len: usize) -> Result<(), CliError> {
    if len > MAX_LEN { Err(CliError::new(format!("{name} is longer than 1 MiB"))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[tokio::test]
    async fn a_key_set_that_is_none_is_refused_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        std::fs::write(&path, "{").unwrap();
        let refused = |from: String| async move { key_set(&from).await.unwrap_err().to_string() };
        assert!(refused(path.display().to_string()).await.contains("keys.json is not a JWK set"));
        assert!(refused("none.json".to_owned()).await.contains("none.json cannot be read"));
        let nobody = refused("http://127.0.0.1:1/jwks".to_owned()).await;
        assert!(nobody.contains("http://127.0.0.1:1/jwks cannot be reached"), "{nobody}");
    }

    #[test]
    fn more_than_any_receipt_is_not_read() {
        let refused = read("standard input", io::repeat(b'a')).unwrap_err().to_string();
        assert_eq!(refused, "standard input is longer than 1 MiB");
        assert_eq!(read("x", &b"token\n"[..]).unwrap(), "token\n");
    }
}
