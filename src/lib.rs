//! trailhouse turns AWS CloudTrail logs into a lakehouse: sorted, Hive-partitioned Parquet, and SQL over it.
//!
//! ```text
//! Location --source::list--> LogObject --source::fetch--> bytes, inflated
//!    --decode--> Event | Reject                       no I/O from here, until the dataset
//!    --table--> Row                                   schemas/cloudtrail.json is the only column list
//!    --partition--> (PartitionKey, rows)              date, service, region
//!    --write--> DataFile                              sorted by event_time, deterministic name
//!    --dataset--> on its store, whole or not at all
//!    --query--> record batches --query::print--> stdout
//!                              --export--> events as they were
//! ```
//!
//! A room stands above all that it uses: `command` wires `convert`, `query`, `export` and `generate`; these use
//! `dataset`, that uses `write`, that uses `table`, that uses `decode` and `partition`. [`convert::run`] is the main path.

#![forbid(unsafe_code)]

pub mod cli;
pub mod command;
pub mod convert;
pub mod dataset;
pub mod decode;
pub mod error;
pub mod export;
pub mod filter;
pub mod generate;
pub mod partition;
pub mod query;
pub mod read;
pub mod report;
pub mod source;
pub mod store;
pub mod table;
pub mod write;
