//! `trailhouse convert`, as it is typed.

use bytesize::ByteSize;
use chrono::{DateTime, Utc};
use clap::Args;

use super::{ReportFormat, parse_memory, parse_size, parse_time};
use crate::partition;

/// What was typed after `convert`.
#[derive(Debug, Args)]
#[command(after_help = CONVERT_EXAMPLES)]
pub struct ConvertArgs {
    /// Log files, directories and places in buckets (read recursively), glob patterns, or - for standard input.
    ///
    /// Paths, or s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, https://host/file. Stores find their
    /// credentials in the usual environment variables: AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, ...
    ///
    /// Gzip, zstd, bzip2 or plain is told by the bytes, never by the name; so is what events are wrapped in: trail
    /// files, JSON lines, EventBridge, CloudWatch Logs, LookupEvents, Firehose, Kinesis, SNS, SQS, the CSV of the Event
    /// history. Directories may be copies of a trail's bucket: digest files and logs of other services are left out.
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<String>,

    /// The dataset to write to, a directory or a place in a bucket; made if it is not there.
    ///
    /// Objects that are in already are left out; events it holds are recognised and not written again.
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

    /// Convert objects that are in already, too. Their events are recognised: what is there stays as it is, and only
    /// what was not, is added.
    #[arg(long)]
    pub reprocess: bool,

    /// Commit after so many bytes of log objects, as stored.
    ///
    /// A run that is killed has to do up to this much again. The less it is, the more and the smaller are the files.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_size)]
    pub commit_every: ByteSize,

    /// Threads that decode and write [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,

    /// Objects fetched at a time from a bucket. More of them help where each answer takes long.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub fetches: u16,

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
