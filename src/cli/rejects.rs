//! `trailhouse rejects`, as it is typed.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use super::{QueryFormat, ReportFormat};
use crate::dataset::IdPrefix;
use crate::decode::Reason;

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

fn reason_parser() -> impl TypedValueParser<Value = Reason> {
    let codes = Reason::ALL.iter().map(|reason| reason.code());
    PossibleValuesParser::new(codes).try_map(|code| Reason::from_code(&code).ok_or("unknown reason"))
}
