//! `trailhouse export`, as it is typed.

use clap::{Args, ValueEnum};

/// What was typed after `export`.
#[derive(Debug, Args)]
#[command(after_help = EXPORT_EXAMPLES)]
pub struct ExportArgs {
    /// The dataset.
    #[arg(value_name = "DATASET")]
    pub dataset: String,

    /// Where to: a directory that is empty or not there yet, or - for standard output.
    ///
    /// A directory gets files events-00000.json.gz and so on, of up to 50 MB of JSON each, as AWS's own are.
    /// Standard output is not compressed.
    #[arg(long, value_name = "PATH")]
    pub to: String,

    /// Only events for which this SQL expression holds.
    ///
    /// It may name any column of the table events. Conditions on date, service and region decide which files are
    /// opened.
    #[arg(long = "where", value_name = "EXPR")]
    pub condition: Option<String>,

    /// How events are put one after another.
    #[arg(long, value_name = "FORMAT", default_value = "records")]
    pub format: EventFormat,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  trailhouse export ./trail --to ./logs
  trailhouse export ./trail --where \"date = '2025-03-01' AND service = 's3'\" --to ./logs
  trailhouse export ./trail --where \"event_id = '0b6c1a3f-...'\" --to - | jq .Records[0]
  trailhouse export ./trail --where is_root --format ndjson --to - | gzip > root.ndjson.gz";

/// How events are put one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EventFormat {
    /// {"Records":[...]}, as AWS delivers log files.
    Records,
    /// One event a line.
    Ndjson,
}
