//! `trailhouse check`, as it is typed.

use clap::Args;

use super::ReportFormat;

/// What was typed after `check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct CheckArgs {
    /// The dataset.
    #[arg(value_name = "DATASET")]
    pub dataset: String,

    /// Data files looked at at a time [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,

    /// How to report what was found.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub report: ReportFormat,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  trailhouse check ./trail
  trailhouse check s3://my-lake/trail --report json

Exit codes: 0 all is well, 1 something is not, or the check could not be made.";
