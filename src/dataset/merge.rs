//! Several sorted data files of a partition into one, copies of events left out.
//!
//! Files are read side by side, a few rows of each at a time. Copies share time and id, so they come one behind another:
//! nothing needs to be remembered of the rows before.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, new_null_array};
use arrow::compute::{SortOptions, filter_record_batch};
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt as _;
use hashbrown::HashSet;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;

use super::content::ContentError;
use super::ranged::RowReader;
use super::{Dataset, Error, StoredFile};
use crate::table::column::{columns, file_schema, id};
use crate::table::{EventKey, Restorer, RowKeys, RowPlaces};
use crate::write::{EncodedFile, FileEncoder};

/// Rows that are merged at a time, unless they are large.
const MERGED_ROWS: usize = 512;

/// Rows of a file that are read at a time, however few files there are.
const MOST_ROWS: usize = 2048;

/// What came of a merge.
pub(super) struct Merged {
    pub(super) file: EncodedFile,
    /// Copies that were left out.
    pub(super) duplicates: u64,
}

impl Dataset {
    /// Merges `files`, one or more and all of one partition, into one at `path`. What is read of them and not yet written takes about
    /// `memory_bytes`, beside the encoded files themselves.
    ///
    /// # Errors
    /// If a file cannot be read, or is not as trailhouse writes it.
    pub(super) async fn merge(
        &self,
        files: &[StoredFile],
        path: String,
        memory_bytes: usize,
    ) -> Result<Merged, Error> {
        let mut readers = Vec::with_capacity(files.len());
        for file in files {
            readers.push(self.open_file(file).await?);
        }
        let rows = readers.iter().map(|reader| reader.metadata().file_metadata().num_rows() as usize).sum();
        let present = readers.iter().fold(0, |present, reader| present | present_columns(reader.metadata()));
        let row_bytes = readers.iter().map(|reader| row_bytes(reader.metadata())).max().unwrap_or(1);
        let batch_rows = (memory_bytes / files.len() / row_bytes).clamp(1, MOST_ROWS);
        let merged_rows = (memory_bytes / row_bytes).clamp(1, MERGED_ROWS);
        let streams = files.iter().zip(readers).map(|(file, reader)| stream(file, reader, batch_rows));
        let streams = streams.collect::<Result<Vec<_>, _>>()?;

        let unreadable = |source: ContentError| source.of(&files[0].meta.location);
        let mut merged = merge_streams(streams, merged_rows).map_err(|error| unreadable(lost(error)))?;
        let mut encoder =
            FileEncoder::try_new(rows, present).map_err(|error| unreadable(ContentError::File(error)))?;
        let mut copies = Copies::default();
        while let Some(batch) = merged.try_next().await.map_err(|error| told(error, files))? {
            let originals = copies.leave_out(batch).map_err(unreadable)?;
            encoder.write(&originals).map_err(|error| unreadable(error.into()))?;
        }
        let file =
            encoder.finish(path, files[0].partition.clone()).map_err(|error| unreadable(error.into()))?;
        Ok(Merged { file, duplicates: copies.count })
    }
}

/// The rows of a file, with the columns of the table.
fn stream(
    file: &StoredFile,
    reader: RowReader,
    batch_rows: usize,
) -> Result<SendableRecordBatchStream, Error> {
    let path = file.meta.location.clone();
    let rows = reader.with_batch_size(batch_rows).build();
    let rows = rows.map_err(|source| ContentError::File(source).of(&path))?;
    let rows =
        rows.map_err(DataFusionError::from).and_then(|batch| async move { Ok(with_all_columns(&batch)?) });
    let rows = rows.map_err(move |error| DataFusionError::External(Box::new(lost(error).of(&path))));
    Ok(Box::pin(RecordBatchStreamAdapter::new(file_schema(), rows)))
}

/// The rows in the columns of the table. A column the file does not have is younger than it.
fn with_all_columns(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let unknown =
        batch.schema_ref().fields().iter().find(|field| file_schema().field_with_name(field.name()).is_err());
    if let Some(unknown) = unknown {
        let name = unknown.name();
        return Err(ArrowError::SchemaError(format!(
            "this version of trailhouse does not know the column {name}"
        )));
    }
    let column = |field: &Arc<arrow::datatypes::Field>| -> ArrayRef {
        let found = batch.column_by_name(field.name()).cloned();
        found.unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
    };
    RecordBatch::try_new(file_schema(), file_schema().fields().iter().map(column).collect())
}

fn merge_streams(
    streams: Vec<SendableRecordBatchStream>,
    rows: usize,
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let ascending = SortOptions { descending: false, nulls_first: false };
    let order = [id::EVENT_TIME, id::EVENT_ID].map(|column| {
        PhysicalSortExpr::new(Arc::new(Column::new(&columns()[column].name, column)), ascending)
    });
    let Some(order) = LexOrdering::new(order) else {
        return Err(DataFusionError::Internal("two columns are an order".to_owned()));
    };
    // What may be read at a time bounds the memory.
    let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
    StreamingMergeBuilder::new()
        .with_streams(streams)
        .with_schema(file_schema())
        .with_expressions(&order)
        .with_batch_size(rows)
        .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
        .with_reservation(MemoryConsumer::new("merge").register(&pool))
        // Among copies, the one of the first file stays.
        .with_round_robin_tie_breaker(false)
        .build()
}

/// Finds copies in rows that come in order.
#[derive(Default)]
struct Copies {
    /// Time and id of the row before.
    place: Option<(i64, bool, String)>,
    /// The keys of the rows of that time and id.
    keys: HashSet<EventKey>,
    count: u64,
    buffer: Vec<u8>,
}

impl Copies {
    /// The rows that are no copies of rows before.
    fn leave_out(&mut self, batch: RecordBatch) -> Result<RecordBatch, ContentError> {
        let (places, keys) = (RowPlaces::try_new(&batch)?, RowKeys::try_new(&batch)?);
        let mut restorer = None;
        let mut is_original = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let order = places.place(row).order();
            if self.place.as_ref().is_none_or(|(time, none, id)| (*time, *none, id.as_str()) != order) {
                self.place = Some((order.0, order.1, order.2.to_owned()));
                self.keys.clear();
            }
            let key = match keys.key(row) {
                Some(key) => key,
                None => {
                    let restorer = match &restorer {
                        Some(restorer) => restorer,
                        None => restorer.insert(Restorer::of_file(&batch)?),
                    };
                    restorer.record_key(row, &mut self.buffer)?
                }
            };
            is_original.push(self.keys.insert(key));
        }
        let copies = is_original.iter().filter(|original| !**original).count();
        self.count += copies as u64;
        match copies {
            0 => Ok(batch),
            _ => Ok(filter_record_batch(&batch, &BooleanArray::from(is_original))?),
        }
    }
}

/// The columns, a bit each, that have values; as far as can be told without reading them.
fn present_columns(footer: &ParquetMetaData) -> u128 {
    let mut present = 0;
    for (index, column) in columns().iter().enumerate() {
        let has_values = footer.row_groups().iter().flat_map(RowGroupMetaData::columns).any(|leaf| {
            let parts = leaf.column_path().parts();
            let nulls = leaf.statistics().and_then(Statistics::null_count_opt);
            parts.first() == Some(&column.name) && nulls.is_none_or(|nulls| nulls as i64 != leaf.num_values())
        });
        present |= u128::from(has_values) << index;
    }
    present
}

/// The bytes a row takes when it is read, on average.
fn row_bytes(footer: &ParquetMetaData) -> usize {
    let bytes: i64 = footer.row_groups().iter().map(RowGroupMetaData::total_byte_size).sum();
    let rows = footer.file_metadata().num_rows().max(1);
    // Lists of columns without values have lengths all the same.
    usize::try_from(bytes / rows).unwrap_or_default() + 8 * columns().len()
}

fn lost(error: DataFusionError) -> ContentError {
    ContentError::File(ParquetError::External(error.into()))
}

/// The error with the file it is about, which came along with it.
fn told(error: DataFusionError, files: &[StoredFile]) -> Error {
    match error {
        DataFusionError::External(error) if error.is::<Error>() => match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(error) => lost(DataFusionError::External(error)).of(&files[0].meta.location),
        },
        error => lost(error).of(&files[0].meta.location),
    }
}
