//! Measures the platform as it is released: the real binary under load, always beside a limit that is measured in the same
//! run. `bench --help` says how.

mod crowd;
mod database;
mod document;
mod door;
mod error;
mod figures;
mod limit;
mod load;
mod log;
mod machine;
mod process;
mod raw;
mod receivers;
mod report;
mod requests;
mod rows;
mod stage;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand, ValueEnum as _};
use consent_core::Ambient;

use crate::{
    database::Engine,
    document::Section,
    error::{Outcome, failure},
    figures::{Bench, Name},
    stage::Stage,
};

/// What is said above the help.
const ABOUT: &str = "How fast the platform is, beside what would be possible.

Starts the release binary on a free port with a data folder of its own and the defaults of a release, sets it up through
its front door, and loads it. Each figure is measured three times, in turn with its limit.";

/// What is said below.
const EXAMPLES: &str = "\
Examples:
  just bench                                          everything, on SQLite
  just bench list token --quick                       a first look at two figures
  just bench --database sqlite --database postgres://postgres@localhost/postgres --markdown docs/benchmarks.md
  cargo run --release -p consent-bench -- --bin /usr/bin/consent-access list

The data folder is made below TMPDIR: that is the disk which is measured. It needs 12 GiB; `search` needs 30, and most of an
hour to write them, or a tenth of both with --events 1000000. On PostgreSQL the user must be allowed to create databases;
those that are made are dropped at the end.";

#[derive(Debug, Parser)]
#[command(name = "bench", about = ABOUT, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Cli {
    /// What to measure; everything when nothing is named
    #[arg(value_enum)]
    figures: Vec<Name>,
    /// The platform's binary [default: consent-access beside this program]
    #[arg(long, value_name = "PATH")]
    bin: Option<PathBuf>,
    /// A first look: an eighth of the work
    #[arg(long)]
    quick: bool,
    /// `sqlite`, or the URL of a PostgreSQL database beside which others may be created; one after the other
    #[arg(long = "database", value_name = "sqlite|URL", default_value = "sqlite")]
    databases: Vec<String>,
    /// How many consent events a long log has
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000_000)]
    events: usize,
    /// Writes the figures to this file; notes in it are kept
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the limit server: one signature, one select, nothing else
    #[command(hide = true)]
    LimitServer {
        /// Its database, empty
        #[arg(long)]
        database: String,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Outcome<()> {
    if let Some(Command::LimitServer { database }) = cli.command {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        return runtime.block_on(limit::serve(&database));
    }
    // Connections keep to one thread, so that most of the machine is the server's.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(measure_all(cli))
}

async fn measure_all(cli: Cli) -> Outcome<()> {
    let bin = cli.bin.map_or_else(|| stage::beside("consent-access"), Ok)?;
    let names = if cli.figures.is_empty() { Name::value_variants() } else { &cli.figures };
    let mut sections = Vec::new();
    for database in &cli.databases {
        let engine = Engine::parse(database)?;
        let figures = tokio::select! {
            figures = measure(&bin, &engine, names, cli.quick, cli.events) => figures,
            _ = tokio::signal::ctrl_c() => Err(failure("interrupted")),
        };
        engine.clean_up().await?;
        sections.push(Section { database: engine.version().await?, figures: figures? });
    }
    if let Some(path) = cli.markdown {
        let before = fs::read_to_string(&path).unwrap_or_default();
        let date = Ambient::system().now().format("%-d %B %Y").to_string();
        let machine = machine::describe(&bin, &std::env::temp_dir());
        fs::write(path, document::write(&before, &date, &machine, &sections))?;
    }
    Ok(())
}

/// Measures on one database, and prints what comes of it as it comes.
async fn measure(
    bin: &Path,
    engine: &Engine,
    names: &[Name],
    quick: bool,
    events: usize,
) -> Outcome<Vec<report::Figure>> {
    eprintln!("setting up …");
    let mut bench = Bench::new(Stage::set_up(bin, engine).await?, quick, events)?;
    let mut figures = Vec::new();
    for name in names {
        eprintln!("{} …", name.as_text());
        let figure = bench.measure(*name).await?;
        print!("{}", figure.to_text());
        figures.push(figure);
    }
    Ok(figures)
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
    fn a_figure_is_no_subcommand() {
        let cli = Cli::try_parse_from(["bench", "list", "fetch-small", "--quick"]).unwrap();
        assert_eq!(cli.figures, [Name::List, Name::FetchSmall]);
        assert_eq!(cli.databases, ["sqlite"]);
        let limit = Cli::try_parse_from(["bench", "limit-server", "--database", "sqlite::memory:"]).unwrap();
        assert!(matches!(limit.command, Some(Command::LimitServer { .. })));
    }
}
