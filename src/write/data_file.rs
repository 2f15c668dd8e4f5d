//! One data file: a closed partition, sorted and encoded.

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::{ClosedPartition, FileEncoder};
use crate::partition::PartitionKey;
use crate::table::{PackedRows, SortKey};

/// A partition could not be encoded: a bug, or memory ran out.
#[derive(Debug, thiserror::Error)]
#[error("cannot encode {partition}: {source}")]
pub struct Error {
    partition: String,
    source: ParquetError,
}

/// A data file of the dataset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataFile {
    /// Path below the dataset.
    pub path: String,
    /// The partition it lies in.
    pub partition: PartitionKey,
    /// Rows in it.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// A data file that is not yet stored.
#[derive(Debug)]
pub struct EncodedFile {
    /// What it will be.
    pub file: DataFile,
    /// Its content.
    pub content: Bytes,
    /// What its footer says.
    pub footer: ParquetMetaData,
}

/// Sorts the rows by `event_time, event_id` (what is missing last) and encodes them as a Parquet file named
/// `<stem>-<sequence>.parquet`. Needs about twice the size of the file, and room for a page of each column.
///
/// # Errors
/// [`Error`] if the Parquet writer refuses, which would be a bug.
pub fn encode(partition: &ClosedPartition, stem: &str) -> Result<EncodedFile, Error> {
    let refused = |source| Error { partition: partition.key.to_string(), source };
    let order = sorted(partition);
    let present = partition.chunks.iter().fold(0, |present, chunk| present | chunk.present_columns());
    let mut encoder = FileEncoder::try_new(order.len(), present).map_err(refused)?;
    for position in &order {
        encoder.append(&partition.chunks[position.chunk as usize], position.row as usize).map_err(refused)?;
    }
    encoder
        .finish(file_path(&partition.key, stem, partition.sequence), partition.key.clone())
        .map_err(refused)
}

/// Where a data file of a partition lies, below the dataset.
pub fn file_path(partition: &PartitionKey, stem: &str, sequence: u32) -> String {
    format!("{partition}/{stem}-{sequence:04}.parquet")
}

/// Where a row is, with what it is sorted by. Rows that agree in time and id keep the order they came in.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Position<'a> {
    key: SortKey<'a>,
    chunk: u32,
    row: u32,
}

fn sorted(partition: &ClosedPartition) -> Vec<Position<'_>> {
    let mut order = Vec::with_capacity(partition.chunks.iter().map(PackedRows::len).sum());
    for (chunk, rows) in partition.chunks.iter().enumerate() {
        order.extend((0..rows.len()).map(|row| Position {
            key: rows.sort_key(row),
            chunk: chunk as u32,
            row: row as u32,
        }));
    }
    order.sort_unstable();
    order
}
