//! `trailhouse compact`, as it is typed.

use bytesize::ByteSize;
use chrono::{DateTime, Utc};
use clap::Args;

use super::{ReportFormat, parse_memory, parse_size, parse_time};

/// What was typed after `compact`.
#[derive(Debug, Args)]
#[command(after_help = COMPACT_EXAMPLES)]
pub struct CompactArgs {
    /// The dataset.
    #[arg(value_name = "DATASET")]
    pub dataset: String,

    /// Only partitions of this day, the day of this time, and later ones.
    #[arg(long, value_name = "TIME", value_parser = parse_time, help_heading = "Filters")]
    pub since: Option<DateTime<Utc>>,

    /// Only partitions of days before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time, help_heading = "Filters")]
    pub until: Option<DateTime<Utc>>,

    /// The size files should have. Files of one partition are brought together up to it.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_size)]
    pub target_size: ByteSize,

    /// Memory to stay within. Files of up to a quarter of it can be made.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_memory)]
    pub memory_limit: ByteSize,

    /// Files written at a time [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,

    /// Only say what would be done.
    #[arg(long)]
    pub dry_run: bool,

    /// How to report what was done.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub report: ReportFormat,
}

const COMPACT_EXAMPLES: &str = "\
Examples:
  trailhouse compact ./trail
  trailhouse compact ./trail --since 2025-03-01 --until 2025-04-01 --dry-run
  trailhouse compact ./trail && trailhouse vacuum ./trail

The files that were replaced stay for readers of earlier versions until vacuum deletes them. Readers that list
directories instead of reading the log see both until then.";
