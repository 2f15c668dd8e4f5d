//! The subcommands: each wires the parts together and prints what came of it. Only here and in `main` is anything
//! printed.

mod answer;
mod check;
mod compact;
mod convert;
mod export;
mod generate;
mod inspect;
mod output;
mod progress;
mod prompt;
mod queries;
mod query;
mod rejects;
mod report;
mod session;
mod spinner;
mod vacuum;

use std::thread::available_parallelism;

use chrono::{DateTime, Utc};
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};
use crate::error::{Error, Exit};

/// Runs what was typed.
///
/// # Errors
/// If the command failed; what it could do has been done.
pub async fn run(cli: Cli) -> Result<Exit, Error> {
    log_to_stderr(cli.verbose);
    match cli.command {
        Command::Convert(args) => convert::run(args).await,
        Command::Query(args) => query::run(args).await,
        Command::Queries(args) => queries::run(&args),
        Command::Export(args) => export::run(args).await,
        Command::Inspect(args) => inspect::run(args).await,
        Command::Compact(args) => compact::run(args).await,
        Command::Vacuum(args) => vacuum::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Rejects(args) => rejects::run(args).await,
        Command::Generate(args) => generate::run(&args),
    }
}

/// As many threads as were asked for, or one for each core.
fn threads(asked: Option<u16>) -> usize {
    asked.map_or_else(|| available_parallelism().map_or(1, usize::from), usize::from)
}

/// Refuses times between which there are none.
///
/// # Errors
/// [`Error::Usage`] if that is so.
fn check_order(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Result<(), Error> {
    match (since, until) {
        (Some(since), Some(until)) if since >= until => {
            Err(Error::Usage(format!("--since {since} leaves nothing before --until {until}")))
        }
        _ => Ok(()),
    }
}

/// Quiet unless asked: `-v`, `-vv`, or the usual `RUST_LOG`.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        // What goes wrong is told by the command; what libraries say of it on their way is of no use then.
        0 => "off,trailhouse=error",
        1 => "trailhouse=info,warn",
        _ => "trailhouse=debug,info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}
