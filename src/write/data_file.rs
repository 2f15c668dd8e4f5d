//! One data file: a closed partition, sorted and encoded.

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::{ClosedPartition, properties};
use crate::partition::PartitionKey;
use crate::table::column::file_schema;
use crate::table::{BatchBuilder, PackedRows, SortKey};

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
/// `<stem>-<sequence>.parquet`. Needs about as much memory as the packed rows, and the size of the file.
///
/// # Errors
/// [`Error`] if the Parquet writer refuses, which would be a bug.
pub fn encode(partition: &ClosedPartition, stem: &str) -> Result<EncodedFile, Error> {
    let refused = |source| Error { partition: partition.key.to_string(), source };
    let order = sorted(partition);
    let present = partition.chunks.iter().fold(0, |present, chunk| present | chunk.present_columns());
    let mut encoder = FileEncoder::try_new(order.len(), present).map_err(refused)?;
    let mut batch = BatchBuilder::new();
    for position in order {
        batch.append(&partition.chunks[position.chunk as usize], position.row as usize);
        if batch.is_full() {
            batch.finish().map_err(Into::into).and_then(|batch| encoder.write(&batch)).map_err(refused)?;
        }
    }
    if !batch.is_empty() {
        batch.finish().map_err(Into::into).and_then(|batch| encoder.write(&batch)).map_err(refused)?;
    }
    encoder
        .finish(file_path(&partition.key, stem, partition.sequence), partition.key.clone())
        .map_err(refused)
}

/// Where a data file of a partition lies, below the dataset.
pub fn file_path(partition: &PartitionKey, stem: &str, sequence: u32) -> String {
    format!("{partition}/{stem}-{sequence:04}.parquet")
}

/// A data file under way.
pub struct FileEncoder {
    writer: ArrowWriter<Vec<u8>>,
}

impl FileEncoder {
    /// Of up to `rows` rows, with values in the columns of `present` (a bit each) at most.
    ///
    /// # Errors
    /// If the Parquet writer refuses, which would be a bug.
    pub fn try_new(rows: usize, present: u128) -> Result<Self, ParquetError> {
        // The Arrow schema says nothing that the Parquet schema does not, and would outweigh the rows of small files.
        let options = ArrowWriterOptions::new()
            .with_properties(properties::for_file(rows, present))
            .with_skip_arrow_metadata(true);
        Ok(Self { writer: ArrowWriter::try_new_with_options(Vec::new(), file_schema(), options)? })
    }

    /// Adds rows, which come in order.
    ///
    /// # Errors
    /// If they have not the columns of the table.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), ParquetError> {
        self.writer.write(rows)
    }

    /// The whole file, which is to lie at `path`.
    ///
    /// # Errors
    /// If the Parquet writer refuses, which would be a bug.
    pub fn finish(mut self, path: String, partition: PartitionKey) -> Result<EncodedFile, ParquetError> {
        let footer = self.writer.finish()?;
        let content = std::mem::take(self.writer.inner_mut());
        let rows = footer.file_metadata().num_rows() as u64;
        let file = DataFile { path, partition, rows, bytes: content.len() as u64 };
        Ok(EncodedFile { file, content: content.into(), footer })
    }
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
