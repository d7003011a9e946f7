//! `contract`: what apps ask for.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::{CliError, columns, lines, server::Server, text};

const DRAFT: &str = "\
A contract document says what an app asks for, why, for how long, and what it promises: see `consent-access openapi`,
ContractDocument. --public-key and --redirect-uri fill in what differs from one installation to the next.

Examples:
  consent-access keys generate --out . --name diary
  consent-access contract draft diary.json --app app01… --public-key diary.public.pem \\
      --redirect-uri https://diary.example/callback --publish";

/// What can be done about contracts.
#[derive(Debug, Subcommand)]
pub enum ContractCommand {
    /// Drafts a contract from a document
    #[command(after_help = DRAFT)]
    Draft {
        #[command(flatten)]
        document: DocumentArgs,
    },
    /// Drafts the next version of a contract, or replaces its draft
    Revise {
        /// Its id, con…
        contract: String,
        #[command(flatten)]
        document: DocumentArgs,
    },
    /// Lists the contracts of an app
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Shows the newest version of a contract
    Show {
        /// Its id, con…
        contract: String,
        #[command(flatten)]
        of: Of,
    },
    /// Puts the draft before people; from then on it never changes
    Publish {
        /// Its id, con…
        contract: String,
        #[command(flatten)]
        of: Of,
    },
    /// Ends a contract with all its versions
    Retire {
        /// Its id, con…
        contract: String,
        #[command(flatten)]
        of: Of,
    },
    /// Lists the public keys of a contract
    Keys {
        /// Its id, con…
        contract: String,
        #[command(flatten)]
        of: Of,
    },
    /// Registers another public key
    AddKey {
        /// Its id, con…
        contract: String,
        /// The public key, PEM; - for stdin
        file: PathBuf,
        #[command(flatten)]
        of: Of,
        /// Use all others no longer than until then, as 2026-12-31T00:00:00Z
        #[arg(long, value_name = "TIME")]
        retire_others_at: Option<String>,
    },
    /// Ends a public key, at once unless a time is given
    RetireKey {
        /// Its id, con…
        contract: String,
        /// The key, as `contract keys` names it
        #[arg(allow_hyphen_values = true)]
        kid: String,
        #[command(flatten)]
        of: Of,
        /// Use it until then, as 2026-12-31T00:00:00Z
        #[arg(long, value_name = "TIME", conflicts_with = "compromised")]
        at: Option<String>,
        /// It is in wrong hands: nothing is sealed for it from now on
        #[arg(long)]
        compromised: bool,
    },
}

/// Whose contract.
#[derive(Debug, Args)]
pub struct Of {
    /// The app's id, app…
    #[arg(long, value_name = "ID")]
    app: String,
}

/// A contract document, and what to do with it.
#[derive(Debug, Args)]
pub struct DocumentArgs {
    /// The document, JSON; - for stdin
    file: PathBuf,
    #[command(flatten)]
    of: Of,
    /// Publish it at once
    #[arg(long)]
    publish: bool,
    /// The app's public key, PEM; fills in publicKey
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// Where people come back to; fills in redirectUris, may be given several times
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
}

impl DocumentArgs {
    fn read(&self) -> Result<Value, CliError> {
        let (file, text) = (self.file.display(), read(&self.file)?);
        let mut document: Value =
            serde_json::from_str(&text).map_err(CliError::because(format!("{file} is not JSON")))?;
        let Some(members) = document.as_object_mut() else {
            return Err(CliError::new(format!("{file} is no contract document: it must be a JSON object")));
        };
        if let Some(key) = &self.public_key {
            members.insert("publicKey".to_owned(), read(key)?.into());
        }
        if !self.redirect_uri.is_empty() {
            members.insert("redirectUris".to_owned(), self.redirect_uri.clone().into());
        }
        if self.publish {
            members.insert("publish".to_owned(), true.into());
        }
        Ok(document)
    }
}

pub(super) async fn run(server: &Server, command: ContractCommand) -> Result<(), CliError> {
    match command {
        ContractCommand::Draft { document } => {
            let answer = server.post(&document.of.path(&[]), &document.read()?).await?;
            server.tell(&answer, shown)
        }
        ContractCommand::Revise { contract, document } => {
            let answer = server.send(Method::PUT, &document.of.path(&[&contract]), &document.read()?).await?;
            server.tell(&answer, shown)
        }
        ContractCommand::List { of } => server.tell(&server.list(&of.path(&[]), &[]).await?, listed),
        ContractCommand::Show { contract, of } => {
            server.tell(&server.get(&of.path(&[&contract]), &[]).await?, in_full)
        }
        ContractCommand::Keys { contract, of } => {
            server.tell(&server.get(&of.path(&[&contract, "keys"]), &[]).await?, listed_keys)
        }
        ContractCommand::Publish { contract, of } => {
            server.tell(&server.post(&of.path(&[&contract, "publish"]), &json!({})).await?, shown)
        }
        ContractCommand::Retire { contract, of } => {
            server.tell(&server.post(&of.path(&[&contract, "retire"]), &json!({})).await?, shown)
        }
        ContractCommand::AddKey { contract, file, of, retire_others_at } => {
            let key = json!({ "publicKey": read(&file)?, "retireOthersAt": retire_others_at });
            server.tell(&server.post(&of.path(&[&contract, "keys"]), &key).await?, shown)
        }
        ContractCommand::RetireKey { contract, kid, of, at, compromised } => {
            let how = json!({ "at": at, "compromised": compromised });
            server.tell(&server.post(&of.path(&[&contract, "keys", &kid, "retire"]), &how).await?, shown)
        }
    }
}

impl Of {
    /// Where its contracts are, or what is under them.
    fn path<'a>(&'a self, rest: &[&'a str]) -> Vec<&'a str> {
        [&["apps", &self.app, "contracts"], rest].concat()
    }
}

fn read(path: &Path) -> Result<String, CliError> {
    let read =
        if path == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(path) };
    read.map_err(CliError::because(format!("{} cannot be read", path.display())))
}

fn listed(contracts: &Value) -> String {
    let mut named = contracts.clone();
    for contract in named["items"].as_array_mut().into_iter().flatten() {
        contract["name"] = contract["document"]["name"].take();
    }
    let none = "this app has no contracts; consent-access contract draft --help";
    columns(&named, &["id", "version", "status", "name"], none)
}

fn listed_keys(keys: &Value) -> String {
    columns(keys, &["kid", "usable", "createdAt", "retireAt", "compromisedAt"], "this contract has no keys")
}

/// A contract or a key.
fn shown(answer: &Value) -> String {
    let members = [
        ("contract", "id"),
        ("version", "version"),
        ("status", "status"),
        ("client id", "clientId"),
        ("text hash", "textHash"),
        ("key", "kid"),
        ("usable", "usable"),
        ("retired at", "retireAt"),
        ("compromised", "compromisedAt"),
    ];
    lines(answer, &members)
}

fn in_full(contract: &Value) -> String {
    let document = serde_json::to_string_pretty(&contract["document"]).unwrap_or_default();
    format!("{}name        {}\n\n{document}\n", shown(contract), text(&contract["document"], "name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_installations_is_filled_in() {
        let dir = tempfile::tempdir().unwrap();
        let (file, key) = (dir.path().join("contract.json"), dir.path().join("key.pem"));
        fs::write(&file, r#"{"name": "Diary", "publicKey": "", "redirectUris": []}"#).unwrap();
        fs::write(&key, "PEM").unwrap();
        let of = Of { app: "app1".to_owned() };
        let redirect_uri = vec!["https://diary.example/".to_owned()];
        let args = DocumentArgs { file, of, publish: true, public_key: Some(key), redirect_uri };
        let filled = json!({
            "name": "Diary", "publicKey": "PEM", "redirectUris": ["https://diary.example/"], "publish": true,
        });
        assert_eq!(args.read().unwrap(), filled);
        fs::write(&args.file, "[]").unwrap();
        assert!(args.read().unwrap_err().to_string().contains("must be a JSON object"));
    }
}
