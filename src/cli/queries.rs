//! `trailhouse queries`, as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What was typed after `queries`.
#[derive(Debug, Args)]
#[command(after_help = QUERIES_EXAMPLES)]
pub struct QueriesArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub action: QueriesAction,

    /// Saved queries of your own, beside those of the program.
    #[arg(long, value_name = "DIR", global = true)]
    pub queries_dir: Option<PathBuf>,
}

const QUERIES_EXAMPLES: &str = "\
Examples:
  trailhouse queries list
  trailhouse queries list mfa                       # those that have to do with it
  trailhouse queries show root-use
  trailhouse query ./trail --saved root-use --param since=2025-03-01";

/// What to do with saved queries.
#[derive(Debug, Subcommand)]
pub enum QueriesAction {
    /// Name them, with what each is about.
    List {
        /// Only those whose name, title, answer or reference holds this.
        #[arg(value_name = "WORD")]
        word: Option<String>,
    },
    /// Show one: what it answers, where it is asked, its parameters, its SQL.
    Show {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
}
