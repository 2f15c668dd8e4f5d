//! The command line as it is typed, one file for each command. What it means is decided in [`crate::command`].

mod check;
mod compact;
mod convert;
mod export;
mod generate;
mod inspect;
mod queries;
mod query;
mod rejects;
mod session;
mod vacuum;

use bytesize::ByteSize;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueEnum};

pub use check::CheckArgs;
pub use compact::CompactArgs;
pub use convert::ConvertArgs;
pub use export::{EventFormat, ExportArgs};
pub use generate::GenerateArgs;
pub use inspect::InspectArgs;
pub use queries::{QueriesAction, QueriesArgs};
pub use query::{PlanFormat, QueryArgs, QueryFormat};
pub use rejects::{
    RejectsAction, RejectsArgs, RejectsFilter, RejectsListArgs, RejectsRetryArgs, RejectsShowArgs,
};
pub use session::{SavedArgs, SessionArgs};
pub use vacuum::VacuumArgs;

use crate::convert::SMALLEST_LIMIT_BYTES;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Turns AWS CloudTrail logs into a lakehouse: sorted, Hive-partitioned Parquet, and SQL over it.
#[derive(Debug, Parser)]
#[command(name = "trailhouse", version, styles = STYLES, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Say more on stderr about what is being done; twice for details.
    #[arg(short, long, action = clap::ArgAction::Count, global = true, display_order = 100)]
    pub verbose: u8,
}

const EXAMPLES: &str = "\
Examples:
  trailhouse convert ./logs/AWSLogs --to ./trail
  trailhouse query ./trail \"SELECT service, count(*) FROM events GROUP BY 1 ORDER BY 2 DESC\"
  trailhouse export ./trail --where is_root --to -      # events as they were
  trailhouse generate --events 10000 --to ./logs      # made-up logs to try things on

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some events were rejected.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Convert log objects into a dataset of Parquet files.
    ///
    /// Reads CloudTrail log objects, flattens the events into one table and writes Parquet files sorted by time, in
    /// directories by date, service and region. Every event read is written, recognised as a duplicate, or kept as a
    /// reject; the report proves it.
    Convert(ConvertArgs),
    /// Run SQL over a dataset.
    ///
    /// The table is called events, with date, service and region as columns. Filter on these first: they decide
    /// which files are opened. JSON columns such as request_parameters are read with ->> or
    /// json_extract_scalar(request_parameters, '$.bucketName'). The views cloudtrail_logs and cloudtrail_lake have the names
    /// of Athena's table and of CloudTrail Lake, others the payloads of a service as columns: SHOW TABLES.
    Query(QueryArgs),
    /// Name and show the saved queries.
    ///
    /// Questions that many ask of a trail: who used the root user, who signed in without MFA, what was opened to the world.
    /// `query --saved NAME` runs one.
    Queries(QueriesArgs),
    /// Give events back as the CloudTrail JSON they were.
    ///
    /// Each event is the JSON value that was read: unknown fields, explicit nulls, number text such as 500.0, odd types
    /// and empty values included; only the order of keys is not kept. What comes out, convert can read again.
    Export(ExportArgs),
    /// Say what a dataset holds: events, files, time span, services, regions, days.
    ///
    /// Told from the log and the ledger; no data file is opened.
    Inspect(InspectArgs),
    /// Bring small files together.
    ///
    /// The files of a partition become one, or some of the size aimed at: sorted, without copies of events. Runs of
    /// convert may go on meanwhile, and readers see the same rows before and after.
    Compact(CompactArgs),
    /// Delete files that only old versions need, and what dead runs left.
    ///
    /// The rows of the latest version are not touched, nor those of any version within the retention.
    Vacuum(VacuumArgs),
    /// Read all of a dataset and say what is wrong with it.
    ///
    /// Every data file is there, whole, with the bytes that were written, the columns of the schema and the rows that
    /// the log says; every row lies in its partition, in order, once. The ledger and the rejects can be read, and nothing
    /// lies around that readers of directories would take for data.
    Check(CheckArgs),
    /// See what could not be converted, and try it again.
    ///
    /// What is no event is kept verbatim below DATASET/_trailhouse/rejects/, with the object, the place and the reason.
    /// Each reject has an id, of which the first digits do.
    Rejects(RejectsArgs),
    /// Make up realistic log objects to try things on.
    ///
    /// They lie in AWS's own key layout, with services, identities, errors and sizes like those of a real trail.
    /// Beside them, truth.json says what a converter must find.
    Generate(GenerateArgs),
}

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
}

/// A time as people write it; UTC unless it says otherwise.
fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(date.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let without_zone = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let times = without_zone.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    times
        .map(|time| time.and_utc())
        .ok_or_else(|| "expected a time like 2025-03-01 or 2025-03-01T08:30:00Z".into())
}

/// `NAME=VALUE`
fn parse_pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE".to_owned())
}

fn parse_size(text: &str) -> Result<ByteSize, String> {
    text.parse().map_err(|_| "expected a size like 512MiB or 2GiB".to_owned())
}

fn parse_memory(text: &str) -> Result<ByteSize, String> {
    let size = parse_size(text)?;
    let smallest = ByteSize(SMALLEST_LIMIT_BYTES as u64);
    if size < smallest { Err(format!("{smallest} is the least to work with")) } else { Ok(size) }
}
