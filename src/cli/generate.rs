//! `trailhouse generate`, as it is typed.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;

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

fn parse_percent(text: &str) -> Result<f64, String> {
    let percent = text.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| "expected a percentage from 0 to 100".to_owned())
}
