//! `app`, `contract`, `person`: what an operator does by hand.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::CliError;

/// The server that is spoken to.
#[derive(Debug, Clone, Default, Args)]
pub struct Target {
    /// Base URL of a running server
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Data folder of the server, where its operator token is
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file of the server
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What can be done about apps.
#[derive(Debug, Subcommand)]
pub enum AppCommand {}

/// What can be done about contracts.
#[derive(Debug, Subcommand)]
pub enum ContractCommand {}

/// What can be done about persons.
#[derive(Debug, Subcommand)]
pub enum PersonCommand {}

/// Does one thing about apps.
#[expect(clippy::unused_async, reason = "will wait for the server")]
pub async fn app(_at: Target, command: AppCommand) -> Result<(), CliError> {
    match command {}
}

/// Does one thing about contracts.
#[expect(clippy::unused_async, reason = "will wait for the server")]
pub async fn contract(_at: Target, command: ContractCommand) -> Result<(), CliError> {
    match command {}
}

/// Does one thing about persons.
#[expect(clippy::unused_async, reason = "will wait for the server")]
pub async fn person(_at: Target, command: PersonCommand) -> Result<(), CliError> {
    match command {}
}
