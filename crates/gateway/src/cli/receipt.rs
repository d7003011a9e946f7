//! `receipt`: whether a consent receipt is genuine, without a server and without asking anybody.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Subcommand;
use consent_receipts::{Verdict, VerifyError};
use reqwest::{Client, redirect::Policy};
use serde_json::Value;
use url::Url;

use super::{CliError, say};

/// So long the key set may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than any receipt, and more than any key set.
const MAX_LEN: usize = 1024 * 1024;

const EXAMPLES: &str = "\
A receipt says what somebody decided about her data, and is signed by the platform that keeps the decision. Two things
are needed to verify it: the receipt, and the keys that the platform publishes. Keys that stand inside the receipt are
not believed. Get the key set from the platform itself, over https, and keep a copy: then a receipt can be verified
when the platform is gone. Old keys stay in the set, so old receipts stay genuine.

What is verified: the signature; that it is a Kantara consent receipt v1.1.0, more strictly than the published schema
asks; that all parts say the same; and, where an app answered a wish to be forgotten, the app's signature as well.
What a receipt cannot say is what holds now: the address for that is the last line of the answer.

Examples:
  consent-access receipt verify receipt.jwt --jwks https://consent.example/api/v1/keys
  consent-access receipt verify receipt.json --jwks keys.json     a JSON export, and a kept copy of the keys
  consent-access receipt verify - --jwks keys.json < receipt.jwt  from another program
  consent-access receipt verify receipt.jwt --jwks keys.json --json

Exit code: 0 genuine, 1 not genuine or not to be read, 2 wrong use.";

/// What can be done about receipts.
#[derive(Debug, Subcommand)]
pub(super) enum ReceiptCommand {
    /// Says whether a consent receipt is genuine, and what it says
    #[command(after_help = EXAMPLES)]
    Verify {
        /// The receipt: a signed token, or JSON with one under "receipt"; - reads standard input
        file: PathBuf,
        /// The published keys of the platform (a JWK set): a file, or an https or http address
        #[arg(long, value_name = "FILE|URL")]
        jwks: String,
        /// Print the verdict and the whole receipt as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: ReceiptCommand) -> Result<(), CliError> {
    let ReceiptCommand::Verify { file, jwks, json } = command;
    match judge(&file, &jwks).await? {
        Ok(verdict) if json => say(&pretty(&verdict.json())),
        Ok(verdict) => say(&verdict.lines().join("\n")),
        Err(refused) => {
            if json {
                say(&pretty(&refused.json()))?;
            }
            Err(CliError::new(format!("{} is not genuine: {refused}", file.display())))
        }
    }
}

/// The verdict on the receipt in a file, with the key set in another file or at an address; an error where either cannot
/// be read.
pub(super) async fn judge(file: &Path, jwks: &str) -> Result<Result<Verdict, VerifyError>, CliError> {
    let receipt = if file == Path::new("-") { read("standard input", io::stdin()) } else { open(file) }?;
    Ok(consent_receipts::verify(&receipt, &key_set(jwks).await?))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

async fn key_set(from: &str) -> Result<Value, CliError> {
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

fn open(path: &Path) -> Result<String, CliError> {
    let name = path.display().to_string();
    read(&name, File::open(path).map_err(CliError::because(format!("{name} cannot be read")))?)
}

fn read(name: &str, from: impl Read) -> Result<String, CliError> {
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
