//! `trailhouse inspect`, as it is typed.

use clap::Args;

use super::ReportFormat;

/// What was typed after `inspect`.
#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub struct InspectArgs {
    /// The dataset.
    #[arg(value_name = "DATASET")]
    pub dataset: String,

    /// How to tell it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: ReportFormat,
}

const INSPECT_EXAMPLES: &str = "\
Examples:
  trailhouse inspect ./trail
  trailhouse inspect s3://my-lake/trail --format json";
