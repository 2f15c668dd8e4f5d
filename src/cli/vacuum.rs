//! `trailhouse vacuum`, as it is typed.

use std::time::Duration;

use clap::Args;

use super::ReportFormat;

/// What was typed after `vacuum`.
#[derive(Debug, Args)]
#[command(after_help = VACUUM_EXAMPLES)]
pub struct VacuumArgs {
    /// The dataset.
    #[arg(value_name = "DATASET")]
    pub dataset: String,

    /// Keep what the versions of so long a time need: 7d, 12h, 30min.
    ///
    /// Earlier versions can no longer be queried then. Less than an hour takes files away from queries and runs that are
    /// under way, and needs --force.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = parse_duration)]
    pub retention: Duration,

    /// Keep less than the versions of an hour. Nothing else may use the dataset meanwhile.
    #[arg(long)]
    pub force: bool,

    /// Only say what would be deleted.
    #[arg(long)]
    pub dry_run: bool,

    /// How to report what was done.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub report: ReportFormat,
}

const VACUUM_EXAMPLES: &str = "\
Examples:
  trailhouse vacuum ./trail --dry-run
  trailhouse vacuum ./trail --retention 30d
  trailhouse vacuum ./trail --retention 0s --force      # only the latest version stays

A bucket keeps the parts of uploads that were never completed; its own lifecycle rules delete them.";

fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "expected a time like 7d, 12h or 30min".to_owned())
}
