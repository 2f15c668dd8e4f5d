//! `trailhouse query`, as it is typed.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use super::{SavedArgs, SessionArgs, parse_time};

/// What was typed after `query`.
#[derive(Debug, Args)]
#[command(after_help = QUERY_EXAMPLES)]
pub struct QueryArgs {
    /// The dataset; with --raw, log objects.
    #[arg(value_name = "DATASET")]
    pub dataset: String,

    /// One or more statements, separated by semicolons. Without them a prompt opens, or, where standard input is no
    /// terminal, they are read from it.
    #[arg(value_name = "SQL", conflicts_with = "file", allow_hyphen_values = true)]
    pub sql: Option<String>,

    /// Read the statements from a file; - for standard input.
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Ask an earlier version of the dataset, by its number in the log.
    #[arg(long, value_name = "N", help_heading = "Time travel", conflicts_with = "as_of")]
    pub version: Option<u64>,

    /// Ask the dataset as it was at this time: 2025-03-01, or 2025-03-01T08:30:00Z (UTC).
    #[arg(long, value_name = "TIME", value_parser = parse_time, help_heading = "Time travel")]
    pub as_of: Option<DateTime<Utc>>,

    /// What is opened beside it.
    #[command(flatten)]
    pub session: SessionArgs,

    /// A saved query, and parameters.
    #[command(flatten)]
    pub saved: SavedArgs,

    /// How to write the result.
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub format: QueryFormat,

    /// Write the result to a file instead of standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// In CSV, put a ' before text that a spreadsheet would run as a formula: events hold what strangers typed.
    #[arg(long, help_heading = "Output")]
    pub safe_csv: bool,

    /// Do not run the query: print which files it would open, and its plan.
    #[arg(
        long,
        value_name = "AS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "lines",
        help_heading = "Cost"
    )]
    pub explain: Option<PlanFormat>,

    /// After the answer, say on stderr what it cost: times, files, row groups and pages that were or were not read.
    #[arg(long, help_heading = "Cost", conflicts_with = "explain")]
    pub stats: bool,

    /// Allow COPY TO, CREATE, INSERT and the like, which write outside the dataset.
    #[arg(long)]
    pub allow_write: bool,
}

const QUERY_EXAMPLES: &str = "\
Examples:
  trailhouse query ./trail \"SELECT event_time, event_name, user_identity_arn FROM events
                            WHERE date = '2025-03-01' AND is_root ORDER BY event_time\"
  trailhouse query ./trail \"SELECT request_parameters->>'bucketName' AS bucket, count(*) FROM events
                            WHERE service = 's3' GROUP BY 1 ORDER BY 2 DESC LIMIT 10\" --format csv
  trailhouse query ./trail \"DESCRIBE events\"

Questions that are asked already, and queries for Athena and CloudTrail Lake:
  trailhouse query ./trail --saved console-sign-in-without-mfa --param since=2025-03-01
  trailhouse query ./trail \"SELECT useridentity.arn, eventtime FROM cloudtrail_logs
                            WHERE eventname = 'ConsoleLogin' AND eventtime >= '2025-03-01T00:00:00Z'\"
  trailhouse query ./trail --eds-id a1b2c3d4-5678-90ab-cdef-EXAMPLE11111 -f lake.sql

Several datasets, and logs that were not converted:
  trailhouse query ./prod --dataset dev=s3://logs/dev \"SELECT count(*) FROM events
                            JOIN dev.events USING (source_ip_address)\"
  trailhouse query --raw s3://my-trail/AWSLogs \"SELECT event_name, count(*) FROM events
                            WHERE date = '2025-03-01' AND region = 'us-east-1' GROUP BY 1\"

A prompt, with history, completion by Tab, and \\? for help:
  trailhouse query ./trail

For spreadsheets, and for other programs:
  trailhouse query ./trail -f q.sql --format csv --safe-csv -o answer.csv
  trailhouse query ./trail -f q.sql --format parquet -o answer.parquet
  echo \"SELECT * FROM events WHERE date = '2025-03-01'\" |
    trailhouse query ./trail --format ndjson | jq .event_name

What a query would read, and what it has cost:
  trailhouse query ./trail \"SELECT count(*) FROM events WHERE service = 's3' AND is_error\" --explain
  trailhouse query ./trail \"SELECT count(*) FROM events WHERE service = 's3' AND is_error\" --stats";

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueryFormat {
    /// A box drawn with lines. On a terminal long text is cut to fit, and rows with more columns than fit are shown
    /// one below the other; in a file or a pipe nothing is cut.
    Table,
    /// Comma-separated, with a header.
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// A Markdown table.
    Markdown,
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

/// How plans are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// A line for each operator, with all that it knows.
    Lines,
    /// A tree of boxes, with the most important of it.
    Tree,
}
