//! The command line as it is typed. What it means is decided in [`crate::command`].

use std::path::PathBuf;

use bytesize::ByteSize;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::convert::SMALLEST_LIMIT_BYTES;
use crate::dataset::IdPrefix;
use crate::decode::Reason;
use crate::partition;

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
    /// json_get_str(request_parameters, 'bucketName').
    Query(QueryArgs),
    /// Give events back as the CloudTrail JSON they were.
    ///
    /// Each event is the JSON value that was read: unknown fields, explicit nulls, number text such as 500.0, odd types
    /// and empty values included; only the order of keys is not kept. What comes out, convert can read again.
    Export(ExportArgs),
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

/// What was typed after `convert`.
#[derive(Debug, Args)]
#[command(after_help = CONVERT_EXAMPLES)]
pub struct ConvertArgs {
    /// Log files, directories (read recursively), glob patterns, or - for standard input.
    ///
    /// Gzip, zstd, bzip2 or plain is told by the bytes, never by the name; so is what events are wrapped in: trail
    /// files, JSON lines, EventBridge, CloudWatch Logs, LookupEvents, Firehose, Kinesis, SNS, SQS, the CSV of the Event
    /// history. Directories may be copies of a trail's bucket: digest files and logs of other services are left out.
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<String>,

    /// The dataset to write to; made if it is not there.
    ///
    /// Events it already holds are recognised and not written again.
    #[arg(long, value_name = "DATASET")]
    pub to: String,

    /// Only events from this time on: 2025-03-01, or 2025-03-01T08:30:00Z (UTC).
    #[arg(long, value_name = "TIME", value_parser = parse_time, help_heading = "Filters")]
    pub since: Option<DateTime<Utc>>,

    /// Only events before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time, help_heading = "Filters")]
    pub until: Option<DateTime<Utc>>,

    /// Only events of this account (recipientAccountId); may be repeated.
    #[arg(long = "account", value_name = "ACCOUNT", value_parser = parse_account, help_heading = "Filters")]
    pub accounts: Vec<String>,

    /// Only events of this region, such as eu-west-1; may be repeated.
    #[arg(long = "region", value_name = "REGION", value_parser = parse_region, help_heading = "Filters")]
    pub regions: Vec<String>,

    /// Only events of this service, such as s3 or s3.amazonaws.com; may be repeated.
    #[arg(long = "service", value_name = "SERVICE", value_parser = parse_service, help_heading = "Filters")]
    pub services: Vec<String>,

    /// Memory to stay within. With less memory, busy partitions are written in more files.
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = parse_memory)]
    pub memory_limit: ByteSize,

    /// What one object may inflate to; what is larger is a wrong file or a trap, and fails.
    #[arg(long, value_name = "SIZE", default_value = "64GiB", value_parser = parse_size)]
    pub max_object_size: ByteSize,

    /// Replace secrets that events hold, such as the sessionToken of AssumeRole, by "REDACTED".
    ///
    /// Covers sessionToken, securityToken, secretAccessKey, authorizationToken, accessToken, refreshToken, idToken,
    /// signinToken, clientSecret, password and privateKey, wherever they stand. The one thing that export cannot undo.
    /// Rejects are kept as they are.
    #[arg(long)]
    pub redact: bool,

    /// Threads that decode and write [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,

    /// How to report what was done.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub report: ReportFormat,

    /// Exit with 0 even if some events were rejected.
    #[arg(long)]
    pub allow_rejects: bool,
}

const CONVERT_EXAMPLES: &str = "\
Examples:
  trailhouse convert ./AWSLogs --to ./trail
  trailhouse convert './AWSLogs/**/us-east-1/2025/03/*/*.json.gz' --to ./trail
  trailhouse convert ./AWSLogs --to ./trail --since 2025-03-01 --until 2025-04-01 --service s3 --service sts
  zcat *.json.gz | trailhouse convert - --to ./trail

Rejects are kept verbatim; see `trailhouse help rejects`. Exit codes: 0 done, 1 some object could not be read
or the run failed, 2 wrong usage, 3 done but some events were rejected.";

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
}

/// What was typed after `query`.
#[derive(Debug, Args)]
#[command(after_help = QUERY_EXAMPLES)]
pub struct QueryArgs {
    /// The dataset.
    #[arg(value_name = "DATASET")]
    pub dataset: String,

    /// One or more statements, separated by semicolons.
    #[arg(value_name = "SQL", required_unless_present = "file", conflicts_with = "file")]
    pub sql: Option<String>,

    /// Read the statements from a file; - for standard input.
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,

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
  trailhouse query ./trail \"DESCRIBE events\"";

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

/// What was typed after `rejects`.
#[derive(Debug, Args)]
#[command(after_help = REJECTS_EXAMPLES)]
pub struct RejectsArgs {
    /// The dataset.
    #[arg(value_name = "DATASET")]
    pub dataset: String,

    /// What to do with its rejects.
    #[command(subcommand)]
    pub action: RejectsAction,
}

const REJECTS_EXAMPLES: &str = "\
Examples:
  trailhouse rejects ./trail list
  trailhouse rejects ./trail list --all --reason not_json
  trailhouse rejects ./trail show 5b0c41d2
  trailhouse rejects ./trail show 5b0c41d2 --raw > event.json
  trailhouse rejects ./trail retry 5b0c41d2 --from event.json     # after repairing it
  trailhouse rejects ./trail retry                                # after an upgrade of trailhouse

docs/REJECTS.md says what each reason means and what to do about it.";

/// What to do with rejects.
#[derive(Debug, Subcommand)]
pub enum RejectsAction {
    /// Count the rejects by reason and object, or name each.
    ///
    /// Never prints what a reject holds.
    List(RejectsListArgs),
    /// Show one reject: where it was found, why it is one, and its content around the fault.
    ///
    /// This prints log content, which may hold secrets; no other command does so for rejects.
    Show(RejectsShowArgs),
    /// Read rejects again with this version of trailhouse, or one of them as edited.
    ///
    /// What now reads as events goes into the dataset as if converted just now, and is no reject any more; copies of
    /// events that the dataset holds are recognised. What still cannot be read stays. A retry that was killed is
    /// simply run again.
    Retry(RejectsRetryArgs),
}

/// Which rejects are meant.
#[derive(Debug, Args)]
pub struct RejectsFilter {
    /// Only rejects for this reason; may be repeated.
    #[arg(long = "reason", value_name = "REASON", value_parser = reason_parser(), help_heading = "Filters")]
    pub reasons: Vec<Reason>,

    /// Only rejects of this log object, as `list` names it, or of those matching a pattern such as '*/2025/03/*'; may
    /// be repeated.
    #[arg(long = "object", value_name = "OBJECT", help_heading = "Filters")]
    pub objects: Vec<String>,
}

/// What was typed after `rejects DATASET list`.
#[derive(Debug, Args)]
pub struct RejectsListArgs {
    /// Name each reject, with its id, place and size.
    #[arg(long)]
    pub all: bool,

    /// Which rejects.
    #[command(flatten)]
    pub filter: RejectsFilter,

    /// How to write the list.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: QueryFormat,
}

/// What was typed after `rejects DATASET show`.
#[derive(Debug, Args)]
pub struct RejectsShowArgs {
    /// The reject, as `list --all` names it.
    #[arg(value_name = "ID")]
    pub id: IdPrefix,

    /// Write the exact bytes to standard output, and nothing else.
    #[arg(long)]
    pub raw: bool,

    /// How many bytes to show before and behind the fault.
    #[arg(long, value_name = "BYTES", default_value_t = 240, conflicts_with = "raw")]
    pub context: usize,
}

/// What was typed after `rejects DATASET retry`.
#[derive(Debug, Args)]
pub struct RejectsRetryArgs {
    /// The rejects to try, as `list --all` names them [default: all].
    #[arg(value_name = "ID")]
    pub ids: Vec<IdPrefix>,

    /// Read this file, or - for standard input, in place of the one reject named by its ID.
    ///
    /// It holds one or more events, plain or in a log file's brackets. Unless all of it can be read, nothing is changed.
    #[arg(long, value_name = "FILE", requires = "ids")]
    pub from: Option<PathBuf>,

    /// Which rejects.
    #[command(flatten)]
    pub filter: RejectsFilter,

    /// How to report what was done.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub report: ReportFormat,
}

/// What was typed after `generate`.
#[derive(Debug, Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub struct GenerateArgs {
    /// How many events.
    #[arg(long, value_name = "N")]
    pub events: u64,

    /// Where to: a directory, made if it is not there.
    #[arg(long, value_name = "PATH")]
    pub to: PathBuf,

    /// The same seed and options make the same bytes.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// How many log objects [default: one for about a thousand events].
    #[arg(long, value_name = "N")]
    pub files: Option<u64>,

    /// The first day of events.
    #[arg(long, value_name = "DATE", default_value = "2025-03-01")]
    pub start: NaiveDate,

    /// Over how many days.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,

    /// Percentage of events to deliver a second time.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = parse_percent)]
    pub duplicates: f64,

    /// Percentage of events to damage, so that they are no CloudTrail events.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = parse_percent)]
    pub damaged: f64,
}

const GENERATE_EXAMPLES: &str = "\
Examples:
  trailhouse generate --events 200000 --to ./logs     # about 280 MB of JSON in 34 MB of gzip
  trailhouse generate --events 10000 --days 30 --duplicates 2 --damaged 0.5 --seed 7 --to ./logs";

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

fn parse_account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("expected the twelve digits of an AWS account".to_owned()),
    }
}

fn parse_region(text: &str) -> Result<String, String> {
    Ok(partition::region(text).into_owned())
}

fn parse_service(text: &str) -> Result<String, String> {
    Ok(partition::service(text).into_owned())
}

fn parse_size(text: &str) -> Result<ByteSize, String> {
    text.parse().map_err(|_| "expected a size like 512MiB or 2GiB".to_owned())
}

fn parse_memory(text: &str) -> Result<ByteSize, String> {
    let size = parse_size(text)?;
    let smallest = ByteSize(SMALLEST_LIMIT_BYTES as u64);
    if size < smallest { Err(format!("{smallest} is the least to work with")) } else { Ok(size) }
}

fn reason_parser() -> impl TypedValueParser<Value = Reason> {
    let codes = Reason::ALL.iter().map(|reason| reason.code());
    PossibleValuesParser::new(codes).try_map(|code| Reason::from_code(&code).ok_or("unknown reason"))
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let percent = text.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| "expected a percentage from 0 to 100".to_owned())
}
