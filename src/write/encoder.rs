//! From sorted batches to the bytes of a Parquet file.

use std::ops::Range;
use std::sync::LazyLock;

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, TrackedWrite};
use parquet::schema::types::SchemaDescriptor;

use super::chunk::ChunkEncoder;
use super::data_file::{DataFile, EncodedFile};
use super::properties::{self, ChunkPlan};
use super::{leaves, packed};
use crate::partition::PartitionKey;
use crate::table::PackedRows;
use crate::table::column::{columns, file_schema};

/// Row groups end at this many encoded bytes: what Athena and Spark like to read in one task.
const ROW_GROUP_BYTES: usize = 128 << 20;

/// It is looked at how many these are when as many bytes of rows have come.
const LOOK_BYTES: usize = 4 << 20;

/// The Parquet schema of a data file, and which of its leaves are each column's.
struct Layout {
    schema: SchemaDescriptor,
    leaves: Vec<Range<usize>>,
}

static LAYOUT: LazyLock<Result<Layout, String>> = LazyLock::new(|| {
    let schema = ArrowSchemaConverter::new().convert(&file_schema()).map_err(|error| error.to_string())?;
    let of_column = |leaf: &usize, column: usize| schema.get_column_root_idx(*leaf) == column;
    let mut first = 0;
    let leaves = (0..columns().len()).map(|column| {
        let count = (first..schema.num_columns()).take_while(|leaf| of_column(leaf, column)).count();
        first += count;
        first - count..first
    });
    let leaves = leaves.collect();
    Ok(Layout { schema, leaves })
});

fn layout() -> Result<&'static Layout, ParquetError> {
    LAYOUT.as_ref().map_err(|refused| ParquetError::General(refused.clone()))
}

/// A data file under way.
pub struct FileEncoder {
    file: SerializedFileWriter<Vec<u8>>,
    layout: &'static Layout,
    /// The leaves of the row group under way, if there is one.
    chunks: Vec<ChunkEncoder>,
    /// Rows in that row group.
    rows: usize,
    /// Bytes of rows that came since it was looked at how many are encoded.
    new_bytes: usize,
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
        let layout = layout()?;
        let schema = layout.schema.root_schema_ptr();
        Ok(Self {
            file: SerializedFileWriter::new(Vec::new(), schema, properties::FILE.clone())?,
            layout,
            chunks: Vec::new(),
            rows: 0,
            new_bytes: 0,
            row_groups: 0,
            expected_rows: rows,
            present,
        })
    }

    /// Adds row `index` of `rows`. Rows come in order.
    ///
    /// # Errors
    /// If the Parquet writer refuses, which would be a bug.
    pub fn append(&mut self, rows: &PackedRows, index: usize) -> Result<(), ParquetError> {
        self.open_row_group()?;
        let columns = columns();
        let mut cells = rows.unpack(index);
        let bytes = cells.remaining();
        while let Some(column) = cells.next_column() {
            let leaves = &mut self.chunks[self.layout.leaves[column].clone()];
            packed::append(leaves, self.rows, columns[column].column_type, &mut cells)?;
        }
        self.close_full_row_group(1, bytes)
    }

    /// Adds the rows of a batch, which come in order.
    ///
    /// # Errors
    /// If they have not the columns of the table.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), ParquetError> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        self.open_row_group()?;
        for ((leaves, array), column) in self.layout.leaves.iter().zip(rows.columns()).zip(columns()) {
            leaves::append(&mut self.chunks[leaves.clone()], array, column.column_type)?;
        }
        self.close_full_row_group(rows.num_rows(), LOOK_BYTES)
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
        if !self.chunks.is_empty() {
            return Ok(());
        }
        let leaves = self.layout.leaves.iter().enumerate();
        for (column, leaf) in
            leaves.flat_map(|(column, leaves)| leaves.clone().map(move |leaf| (column, leaf)))
        {
            let plan = ChunkPlan::new(column, self.expected_rows, self.present >> column & 1 == 1);
            self.chunks.push(ChunkEncoder::try_new(self.layout.schema.column(leaf), plan)?);
        }
        Ok(())
    }

    /// Ends the row group if it is large enough with these rows, which have about so many `bytes`.
    fn close_full_row_group(&mut self, rows: usize, bytes: usize) -> Result<(), ParquetError> {
        self.rows += rows;
        self.new_bytes += bytes;
        let mut is_full = self.rows >= properties::ROW_GROUP_ROWS;
        if self.new_bytes >= LOOK_BYTES {
            self.new_bytes = 0;
            is_full |= self.chunks.iter().map(ChunkEncoder::memory_size).sum::<usize>() >= ROW_GROUP_BYTES;
        }
        if is_full { self.close_row_group(false) } else { Ok(()) }
    }

    fn close_row_group(&mut self, last: bool) -> Result<(), ParquetError> {
        let mut chunks = std::mem::take(&mut self.chunks);
        chunks.iter_mut().try_for_each(|chunk| chunk.fill_up(self.rows))?;
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
