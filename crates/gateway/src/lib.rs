#![doc = include_str!("../README.md")]

pub mod cli;
pub mod config;
pub mod flows;
pub mod http;
mod in_flight;
pub mod journal;
pub mod migrator;
pub mod platform;
pub mod telemetry;
pub mod worker;

/// Does what the command line asks; the whole of the program `consent-access`.
#[must_use]
pub fn run() -> std::process::ExitCode {
    cli::run()
}
