//! The command line.

mod check_config;
mod demo;
mod error;
mod events;
mod jwks;
mod keys;
mod migrate;
mod receipt;
mod remote;
mod serve;

use std::{io, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

pub use self::error::CliError;
use crate::config::{Config, ConfigError, Overrides};

/// What is said above `consent-access --help`.
const ABOUT: &str = "People decide what happens to their data; apps get exactly that.

One program is the whole platform: the server with its database and files, the pages where people consent, and the
commands that an operator and an app's developer need. With nothing configured it keeps everything in ./data.";

/// What is said below.
const EXAMPLES: &str = "\
Examples:
  consent-access demo                           the whole story, told on this machine
  consent-access serve --sandbox                a platform to try out, on http://127.0.0.1:8080
  consent-access serve --config consent.toml    a platform for people
  consent-access check-config --config consent.toml
  consent-access keys generate --out . --name diary
  consent-access receipt verify receipt.jwt --jwks https://consent.example/api/v1/keys
  consent-access events verify chain.jsonl --jwks jwks.json

Configuration: the file given by --config, over it environment variables such as CONSENT_SERVER__LISTEN, over them the
options. `consent-access check-config` shows every key. Exit code: 0 done, 1 failed, 2 wrong use or configuration.";

#[derive(Debug, Parser)]
#[command(name = "consent-access", version, about = ABOUT, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the platform
    #[command(after_help = serve::EXAMPLES)]
    Serve(Settings),
    /// Tells the whole story on this machine: an app asks, a person consents, data flows, a person revokes
    Demo {
        /// Files of your own for the library, instead of samples
        files: Vec<PathBuf>,
        /// Ends after the story instead of leaving the console open
        #[arg(long)]
        once: bool,
    },
    /// Registers apps and looks after them, as an operator
    App {
        #[command(flatten)]
        at: remote::Target,
        #[command(subcommand)]
        command: remote::AppCommand,
    },
    /// Drafts, publishes and retires contracts, as an operator
    Contract {
        #[command(flatten)]
        at: remote::Target,
        #[command(subcommand)]
        command: remote::ContractCommand,
    },
    /// Invites persons and looks after them, as an operator
    Person {
        #[command(flatten)]
        at: remote::Target,
        #[command(subcommand)]
        command: remote::PersonCommand,
    },
    /// Makes key pairs for apps
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
    },
    /// Verifies consent receipts, offline
    Receipt {
        #[command(subcommand)]
        command: receipt::ReceiptCommand,
    },
    /// Checks exported chains of events, with nothing but the file at hand
    Events {
        #[command(subcommand)]
        command: events::EventsCommand,
    },
    /// Shows the configuration that `serve` with the same options would use, and where each value comes from
    #[command(after_help = check_config::NOTES)]
    CheckConfig(Settings),
    /// Brings the database up to date and says what that took; `serve` does it on start as well
    Migrate(Place),
    #[command(about = "Prints the description of the HTTP API as OpenAPI 3.1")]
    Openapi,
}

/// Which configuration, and the folder it is about.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// Configuration file; names only what differs from the defaults
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of everything the server keeps [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl Place {
    /// The configuration of this place.
    pub fn load(self) -> Result<Config, ConfigError> {
        Settings { place: self, ..Settings::default() }.load()
    }
}

/// What can be said about the configuration in passing.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    #[command(flatten)]
    place: Place,
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// For trying out: sample data, throw-away persons, plain http on this machine
    #[arg(long)]
    sandbox: bool,
}

impl Settings {
    /// The configuration with these settings on top.
    pub fn load(self) -> Result<Config, ConfigError> {
        let (file, overrides) = self.split();
        Config::load(file.as_deref(), overrides)
    }

    fn split(self) -> (Option<PathBuf>, Overrides) {
        let Place { config, data_dir } = self.place;
        (config, Overrides { listen: self.listen, data_dir, sandbox: self.sandbox })
    }
}

/// Does what the command line asks and says what the process ends with.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way, too. Where even stderr is gone, nobody is left to be told.
            let _ = error.print();
            return if error.use_stderr() { 2.into() } else { ExitCode::SUCCESS };
        }
    };
    match dispatch(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("consent-access: {error}");
            error.exit_code()
        }
    }
}

fn dispatch(command: Command) -> Result<(), CliError> {
    match command {
        Command::Keys { command } => keys::run(command),
        Command::CheckConfig(settings) => check_config::run(settings),
        Command::Openapi => say(&crate::http::openapi_json()),
        waits => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let done = runtime.block_on(wait(waits));
            // Whatever still runs on other threads was given its time.
            runtime.shutdown_background();
            done
        }
    }
}

/// The commands that wait for others.
async fn wait(command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve(settings) => serve::run(settings).await,
        Command::Demo { files, once } => demo::run(files, once).await,
        Command::App { at, command } => remote::app(at, command).await,
        Command::Contract { at, command } => remote::contract(at, command).await,
        Command::Person { at, command } => remote::person(at, command).await,
        Command::Receipt { command } => receipt::run(command).await,
        Command::Events { command } => events::run(command).await,
        Command::Migrate(place) => migrate::run(place).await,
        Command::Keys { .. } | Command::CheckConfig(_) | Command::Openapi => Ok(()),
    }
}

/// Prints on stdout, with a newline at the end; a reader who has left (`| head`) is no failure.
fn say(text: &str) -> Result<(), CliError> {
    use io::Write as _;
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let mut out = io::stdout().lock();
    match write!(out, "{text}{newline}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_the_options_say_is_what_the_configuration_gets() {
        let args = "consent-access serve --sandbox --listen 127.0.0.1:0 --data-dir /d --config c.toml";
        let Ok(Cli { command: Command::Serve(settings) }) = Cli::try_parse_from(args.split(' ')) else {
            panic!("serve has these options")
        };
        let (file, overrides) = settings.split();
        assert_eq!(file, Some("c.toml".into()));
        assert_eq!(overrides.listen, Some("127.0.0.1:0".parse().unwrap()));
        assert_eq!((overrides.data_dir, overrides.sandbox), (Some("/d".into()), true));
    }
}
