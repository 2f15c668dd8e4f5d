//! Which events are already there.
//!
//! Copies of an event share its time, so they share its day: what is known is kept by day, and the keys of a day are
//! read from the data files that were there before when its first event comes along. A day nobody asks about costs
//! nothing. Few columns tell most events; the others are given back from their rows.

use std::collections::HashMap;

use arrow::error::ArrowError;
use bytes::Bytes;
use hashbrown::HashSet;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::statistics::Statistics;

use super::{Dataset, Error, Head};
use crate::partition::PartitionKey;
use crate::table::{EventKey, RestoreError, Restorer, RowKeys};

/// The events known so far, by day.
#[derive(Debug)]
pub struct KnownEvents {
    dataset: Dataset,
    head: Head,
    days: HashMap<Option<chrono::NaiveDate>, Day>,
}

/// The events of a day.
#[derive(Debug, Default)]
struct Day {
    /// Those that were there before.
    stored: HashSet<EventKey>,
    /// Those that came along since.
    new: HashSet<EventKey>,
}

/// Rows read at a time where they are read whole: an event may be a megabyte.
const WHOLE_EVENT_ROWS: usize = 64;

impl KnownEvents {
    /// Knows what counts in the dataset as of `head`.
    pub fn new(dataset: &Dataset, head: &Head) -> Self {
        Self { dataset: dataset.clone(), head: head.clone(), days: HashMap::new() }
    }

    /// Makes sure that the day of `partition` is known.
    ///
    /// # Errors
    /// If a data file of that day cannot be read.
    pub async fn load(&mut self, partition: &PartitionKey) -> Result<(), Error> {
        let date = partition.date();
        if self.days.contains_key(&date) {
            return Ok(());
        }
        let mut day = Day::default();
        for file in self.head.files_below(&day_directory(partition)) {
            self.read_keys(&file.meta.location, &mut day.stored).await?;
        }
        self.days.insert(date, day);
        Ok(())
    }

    /// Whether another run has meanwhile written, as `newer` shows, an event that was taken for new here.
    ///
    /// # Errors
    /// If a data file cannot be read.
    pub async fn meets(&self, newer: &Head) -> Result<bool, Error> {
        for file in newer.files() {
            let Some(day) = self.days.get(&file.partition.date()).filter(|day| !day.new.is_empty()) else {
                continue;
            };
            if self.head.has_file(&file.meta.location) {
                continue;
            }
            let mut keys = HashSet::new();
            self.read_keys(&file.meta.location, &mut keys).await?;
            if keys.iter().any(|key| day.new.contains(key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the event was not known; from now on it is. Its day must have been loaded.
    pub fn insert(&mut self, partition: &PartitionKey, key: EventKey) -> bool {
        let day = self.days.entry(partition.date()).or_default();
        !day.stored.contains(&key) && day.new.insert(key)
    }

    /// Memory held, in bytes.
    pub fn memory_size(&self) -> usize {
        self.days.values().map(|day| day.stored.allocation_size() + day.new.allocation_size()).sum()
    }

    async fn read_keys(&self, path: &Path, keys: &mut HashSet<EventKey>) -> Result<(), Error> {
        let refused = |source| Error::Store { action: "read", file: path.to_string(), source };
        let unreadable = |source| Error::Unreadable { file: path.to_string(), source };
        let content = self.dataset.store.get(path).await.map_err(refused)?.bytes().await.map_err(refused)?;
        let file = KnownFile {
            metadata: ArrowReaderMetadata::load(&content, ArrowReaderOptions::new()).map_err(unreadable)?,
            content,
        };
        file.read_keys(keys).map_err(|error| match error {
            KeyError::File(source) => unreadable(source),
            KeyError::Row(source) => Error::NoEvent { file: path.to_string(), source },
        })
    }
}

/// The directory that holds all partitions of the day.
fn day_directory(partition: &PartitionKey) -> String {
    let directories = partition.to_string();
    directories.split('/').next().unwrap_or_default().to_owned()
}

/// Why the keys of a file cannot be had.
enum KeyError {
    File(ParquetError),
    Row(RestoreError),
}

impl From<ParquetError> for KeyError {
    fn from(error: ParquetError) -> Self {
        Self::File(error)
    }
}

impl From<ArrowError> for KeyError {
    fn from(error: ArrowError) -> Self {
        Self::File(error.into())
    }
}

impl From<RestoreError> for KeyError {
    fn from(error: RestoreError) -> Self {
        Self::Row(error)
    }
}

/// A data file that was there before, in memory.
struct KnownFile {
    content: Bytes,
    metadata: ArrowReaderMetadata,
}

impl KnownFile {
    /// Adds the keys of its rows to `keys`. Only rows whose events are told by their whole record are read whole, and
    /// nearly every file has none.
    fn read_keys(&self, keys: &mut HashSet<EventKey>) -> Result<(), KeyError> {
        let mut whole = Vec::new();
        let mut first = 0;
        for batch in self.read(RowKeys::columns().filter(|column| self.has_values(column))).build()? {
            let batch = batch?;
            let row_keys = RowKeys::try_new(&batch)?;
            for row in 0..batch.num_rows() {
                match row_keys.key(row) {
                    Some(key) => drop(keys.insert(key)),
                    None => whole.push(first + row),
                }
            }
            first += batch.num_rows();
        }
        if whole.is_empty() {
            return Ok(());
        }
        let rows = RowSelection::from_consecutive_ranges(whole.into_iter().map(|row| row..row + 1), first);
        let reader =
            self.read(Restorer::columns()).with_row_selection(rows).with_batch_size(WHOLE_EVENT_ROWS);
        let mut buffer = Vec::new();
        for batch in reader.build()? {
            let batch = batch?;
            let restorer = Restorer::of_file(&batch)?;
            for row in 0..batch.num_rows() {
                keys.insert(restorer.record_key(row, &mut buffer)?);
            }
        }
        Ok(())
    }

    /// Reads those of `columns` that the file has.
    fn read<'c>(&self, columns: impl Iterator<Item = &'c str>) -> ParquetRecordBatchReaderBuilder<Bytes> {
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.content.clone(), self.metadata.clone());
        let mask = ProjectionMask::columns(reader.parquet_schema(), columns);
        reader.with_projection(mask)
    }

    /// Whether a column, which is not a nested one, may hold values: what the statistics know not to is not read.
    fn has_values(&self, column: &str) -> bool {
        let metadata = self.metadata.metadata();
        let leaves = metadata.file_metadata().schema_descr().columns();
        let leaf = leaves.iter().position(|leaf| leaf.path().parts() == [column]);
        leaf.is_some_and(|leaf| {
            metadata.row_groups().iter().any(|rows| {
                let nulls = rows.column(leaf).statistics().and_then(Statistics::null_count_opt);
                nulls != Some(rows.num_rows() as u64)
            })
        })
    }
}
