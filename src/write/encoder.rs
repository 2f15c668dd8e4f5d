//! From sorted batches to the bytes of a Parquet file.

use std::sync::LazyLock;

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, TrackedWrite};
use parquet::schema::types::SchemaDescriptor;

use super::chunk::ChunkEncoder;
use super::data_file::{DataFile, EncodedFile};
use super::leaves;
use super::properties::{self, ChunkPlan};
use crate::partition::PartitionKey;
use crate::table::column::{columns, file_schema};

/// Row groups end at this many encoded bytes: what Athena and Spark like to read in one task.
const ROW_GROUP_BYTES: usize = 128 << 20;

/// The Parquet schema of a data file.
static SCHEMA: LazyLock<Result<SchemaDescriptor, String>> = LazyLock::new(|| {
    let schema = ArrowSchemaConverter::new().convert(&file_schema());
    schema.map_err(|error| error.to_string())
});

fn schema() -> Result<&'static SchemaDescriptor, ParquetError> {
    SCHEMA.as_ref().map_err(|refused| ParquetError::General(refused.clone()))
}

/// A data file under way.
pub struct FileEncoder {
    file: SerializedFileWriter<Vec<u8>>,
    /// Of the row group under way, if there is one: the leaves of each column.
    chunks: Vec<Vec<ChunkEncoder>>,
    /// Rows in that row group.
    rows: usize,
    row_groups: usize,
    /// How many rows there will be, at most.
    expected_rows: usize,
    /// A bit for each column that may have values.
    present: u128,
}

impl FileEncoder {
    /// Of up to `rows` rows, with values in the columns of `present` (a bit each) at most.
    ///
    /// # Errors
    /// If the Parquet writer refuses, which would be a bug.
    pub fn try_new(rows: usize, present: u128) -> Result<Self, ParquetError> {
        let schema = schema()?.root_schema_ptr();
        let file = SerializedFileWriter::new(Vec::new(), schema, properties::FILE.clone())?;
        Ok(Self { file, chunks: Vec::new(), rows: 0, row_groups: 0, expected_rows: rows, present })
    }

    /// Adds rows, which come in order.
    ///
    /// # Errors
    /// If they have not the columns of the table.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), ParquetError> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        if self.rows == 0 {
            self.open_row_group()?;
        }
        for ((leaves, array), column) in self.chunks.iter_mut().zip(rows.columns()).zip(columns()) {
            leaves::append(leaves, array, column.column_type)?;
        }
        self.rows += rows.num_rows();
        let bytes = || self.chunks.iter().flatten().map(ChunkEncoder::memory_size).sum::<usize>();
        if self.rows >= properties::ROW_GROUP_ROWS || bytes() >= ROW_GROUP_BYTES {
            self.close_row_group(false)?;
        }
        Ok(())
    }

    /// The whole file, which is to lie at `path`.
    ///
    /// # Errors
    /// If the Parquet writer refuses, which would be a bug.
    pub fn finish(mut self, path: String, partition: PartitionKey) -> Result<EncodedFile, ParquetError> {
        if self.rows > 0 {
            self.close_row_group(true)?;
        }
        let footer = self.file.finish()?;
        let content = std::mem::take(self.file.inner_mut());
        let rows = footer.file_metadata().num_rows() as u64;
        let file = DataFile { path, partition, rows, bytes: content.len() as u64 };
        Ok(EncodedFile { file, content: content.into(), footer })
    }

    fn open_row_group(&mut self) -> Result<(), ParquetError> {
        let schema = schema()?;
        self.chunks = columns().iter().map(|_| Vec::new()).collect();
        for (leaf, description) in schema.columns().iter().enumerate() {
            let column = schema.get_column_root_idx(leaf);
            let plan = ChunkPlan::new(column, self.expected_rows, self.present >> column & 1 == 1);
            self.chunks[column].push(ChunkEncoder::try_new(description.clone(), plan)?);
        }
        Ok(())
    }

    fn close_row_group(&mut self, last: bool) -> Result<(), ParquetError> {
        let chunks: Vec<ChunkEncoder> = std::mem::take(&mut self.chunks).into_iter().flatten().collect();
        // Where nothing has a second page, an index of pages says once more what the footer says.
        let is_paged = self.row_groups > 0 || !last || chunks.iter().any(|chunk| chunk.pages() > 1);
        let bytes = chunks.iter().map(ChunkEncoder::memory_size).sum();
        let mut sink = TrackedWrite::new(Vec::with_capacity(bytes));
        let closes = chunks.into_iter().map(|chunk| chunk.finish(&mut sink, is_paged));
        let closes = closes.collect::<Result<Vec<_>, ParquetError>>()?;
        let pages = Bytes::from(sink.into_inner()?);
        let mut row_group = self.file.next_row_group()?;
        closes.into_iter().try_for_each(|close| row_group.append_column(&pages, close))?;
        row_group.close()?;
        self.row_groups += 1;
        self.rows = 0;
        Ok(())
    }
}
