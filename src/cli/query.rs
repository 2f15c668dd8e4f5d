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

    /// One or more statements, separated by semicolons.
    #[arg(value_name = "SQL", required_unless_present_any = ["file", "saved"], conflicts_with = "file", allow_hyphen_values = true)]
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
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: QueryFormat,

    /// Write the result to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

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
                            WHERE date = '2025-03-01' AND region = 'us-east-1' GROUP BY 1\"";

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueryFormat {
    /// A box drawn with lines; holds the whole result in memory.
    Table,
    /// Comma-separated, with a header.
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// A Markdown table.
    Markdown,
}
