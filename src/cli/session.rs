//! What `trailhouse query` opens beside its one dataset, and how, as it is typed.

use std::path::PathBuf;

use bytesize::ByteSize;
use clap::Args;

use super::{parse_pair, parse_size};

/// What a session is to open.
#[derive(Debug, Args)]
pub struct SessionArgs {
    /// Another dataset, whose tables go by NAME.events and so on; may be repeated.
    #[arg(long = "dataset", value_name = "NAME=URL", value_parser = parse_pair, help_heading = "Tables")]
    pub datasets: Vec<(String, String)>,

    /// Take DATASET for log objects that were not converted: SQL on logs as they lie in their bucket. Files, directories,
    /// buckets and globs, as for convert; - for standard input. Copies of an event are rows of their own.
    #[arg(long, help_heading = "Tables", conflicts_with_all = ["version", "as_of"])]
    pub raw: bool,

    /// Show the view cloudtrail_lake under this name, too: the id of an event data store, so that its queries run as they
    /// are; may be repeated.
    #[arg(long = "eds-id", value_name = "ID", help_heading = "Tables")]
    pub event_data_stores: Vec<String>,

    /// Memory that queries may hold; sorting, grouping and joining more spills to the directory for temporary files.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_query_memory, help_heading = "Cost")]
    pub memory_limit: ByteSize,
}

/// Which saved query is meant.
#[derive(Debug, Args)]
pub struct SavedArgs {
    /// Run a saved query; `trailhouse queries list` names them.
    #[arg(long, value_name = "NAME", help_heading = "Saved queries", conflicts_with_all = ["sql", "file"])]
    pub saved: Option<String>,

    /// The value of a parameter: of a saved query, or of $NAME in SQL; may be repeated.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_pair, help_heading = "Saved queries")]
    pub parameters: Vec<(String, String)>,

    /// Saved queries of your own: files NAME.sql with a head like those that `trailhouse queries show` prints.
    #[arg(long, value_name = "DIR", help_heading = "Saved queries")]
    pub queries_dir: Option<PathBuf>,
}

/// What DataFusion needs to spill at all, on as many cores as there are.
const LEAST_QUERY_MEMORY: ByteSize = ByteSize::mib(16);

fn parse_query_memory(text: &str) -> Result<ByteSize, String> {
    let size = parse_size(text)?;
    if size < LEAST_QUERY_MEMORY {
        return Err(format!("{LEAST_QUERY_MEMORY} is the least to work with"));
    }
    Ok(size)
}
