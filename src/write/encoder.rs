//! From sorted batches to the bytes of a Parquet file.
//!
//! Most files are small: a few hundred rows in ninety columns, so that what a column costs counts for more than what a value
//! does. Columns are therefore encoded one by one, as [`ArrowColumnWriter`] describes, and those without values not at all.

use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{SchemaDescriptor, Type};

use super::data_file::{DataFile, EncodedFile};
use super::nulls::NullChunks;
use super::{compress, properties};
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
    properties: WriterPropertiesPtr,
    /// A bit for each column that may have values.
    present: u128,
    /// A bit for each column that is compressed here, and not by its writer.
    compressed: u128,
    /// Writers of these columns' leaves in the row group under way, if there is one.
    writers: Vec<ArrowColumnWriter>,
    /// Rows in that row group.
    rows: usize,
    /// Of these, how many have no value, column by column.
    nulls: Vec<u64>,
    row_groups: usize,
}

impl FileEncoder {
    /// Of up to `rows` rows, with values in the columns of `present` (a bit each) at most.
    ///
    /// # Errors
    /// If the Parquet writer refuses, which would be a bug.
    pub fn try_new(rows: usize, present: u128) -> Result<Self, ParquetError> {
        let properties = Arc::new(properties::for_file(rows, present));
        let file = SerializedFileWriter::new(Vec::new(), schema()?.root_schema_ptr(), properties.clone())?;
        let small = columns().iter().enumerate().filter(|(index, column)| {
            properties::is_small(rows)
                && has(present, *index)
                && properties::is_compressed_if_small(column, rows)
        });
        let compressed = small.fold(0, |compressed, (index, _)| compressed | 1 << index);
        Ok(Self {
            file,
            properties,
            present,
            compressed,
            writers: Vec::new(),
            rows: 0,
            nulls: vec![0; columns().len()],
            row_groups: 0,
        })
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
        let mut writers = self.writers.iter_mut();
        let columns = rows.schema_ref().fields().iter().zip(rows.columns()).enumerate();
        for (_, (field, column)) in columns.filter(|(index, _)| has(self.present, *index)) {
            for (leaf, writer) in compute_leaves(field, column)?.iter().zip(&mut writers) {
                writer.write(leaf)?;
            }
        }
        self.rows += rows.num_rows();
        for (nulls, column) in self.nulls.iter_mut().zip(rows.columns()) {
            *nulls += column.null_count() as u64;
        }
        let bytes = || self.writers.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum::<usize>();
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

    /// Makes writers for the columns that may have values.
    fn open_row_group(&mut self) -> Result<(), ParquetError> {
        let wanted: Vec<usize> = (0..columns().len()).filter(|column| has(self.present, *column)).collect();
        // Writers are made for the columns of a file: here is one of these alone, to which nothing is written.
        let file = file_of(&wanted, self.properties.clone())?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::new(file_schema().project(&wanted)?));
        self.writers = factory.create_column_writers(self.row_groups)?;
        Ok(())
    }

    fn close_row_group(&mut self, last: bool) -> Result<(), ParquetError> {
        let chunks = std::mem::take(&mut self.writers).into_iter().map(ArrowColumnWriter::close);
        let mut chunks = chunks.collect::<Result<Vec<_>, _>>()?;
        // Where nothing has a second page, an index of pages says once more what the footer says.
        let paged = self.row_groups > 0 || !last || chunks.iter().any(has_pages);
        if !paged {
            chunks.iter_mut().for_each(|chunk| {
                let close = chunk.close_mut();
                (close.column_index, close.offset_index) = (None, None);
            });
        }
        let mut chunks = chunks.into_iter();
        let mut without_values = NullChunks::new(self.properties.clone(), self.rows, paged);
        let mut row_group = self.file.next_row_group()?;
        let leaves: Vec<usize> = (0..schema()?.num_columns()).collect();
        let column_of = |leaf: usize| SCHEMA.as_ref().map_or(leaf, |schema| schema.get_column_root_idx(leaf));
        for leaves in leaves.chunk_by(|a, b| column_of(*a) == column_of(*b)) {
            let column = column_of(leaves[0]);
            let own = chunks.by_ref().take(if has(self.present, column) { leaves.len() } else { 0 });
            let mut own: Vec<ArrowColumnChunk> = own.collect();
            if let [chunk] = own.as_mut_slice()
                && properties::carries_bytes(&columns()[column])
            {
                count_nulls(chunk.close_mut(), self.nulls[column])?;
            }
            if has(self.compressed, column) {
                let alone = file_of(&[column], self.properties.clone())?;
                for (pages, close) in compress::compress(own, alone, self.rows)? {
                    row_group.append_column(&pages, close)?;
                }
            } else if has(self.present, column) {
                for chunk in own {
                    chunk.append_to_row_group(&mut row_group)?;
                }
            } else {
                for leaf in leaves {
                    let (pages, close) = without_values.of(&schema()?.column(*leaf))?;
                    row_group.append_column(&pages, close)?;
                }
            }
        }
        row_group.close()?;
        self.rows = 0;
        self.nulls.fill(0);
        self.row_groups += 1;
        Ok(())
    }
}

fn has(columns: u128, column: usize) -> bool {
    columns >> column & 1 == 1
}

fn has_pages(chunk: &ArrowColumnChunk) -> bool {
    chunk.close().offset_index.as_ref().is_some_and(|index| index.page_locations().len() > 1)
}

/// Says how many rows have no value, of a column of which nothing else is said.
fn count_nulls(close: &mut ColumnCloseResult, nulls: u64) -> Result<(), ParquetError> {
    let statistics = Statistics::ByteArray(ValueStatistics::new(None, None, None, Some(nulls), false));
    close.metadata = close.metadata.clone().into_builder().set_statistics(statistics).build()?;
    Ok(())
}

/// A file of some of the columns alone.
fn file_of(
    wanted: &[usize],
    properties: WriterPropertiesPtr,
) -> Result<SerializedFileWriter<Vec<u8>>, ParquetError> {
    let all = schema()?.root_schema().get_fields();
    let fields = wanted.iter().map(|column| all[*column].clone()).collect();
    let narrow = Type::group_type_builder(schema()?.name()).with_fields(fields).build()?;
    SerializedFileWriter::new(Vec::new(), Arc::new(narrow), properties)
}
