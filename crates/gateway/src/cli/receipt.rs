//! `receipt`: whether a consent receipt is genuine, without a server and without asking anybody.

use std::{
    io,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use consent_receipts::{Verdict, VerifyError};
use serde_json::Value;

use super::{
    CliError,
    jwks::{key_set, open, read},
    say,
};

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
