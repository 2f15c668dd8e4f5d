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

use super::{Dataset, Error};
use crate::partition::PartitionKey;
use crate::table::{EventKey, RestoreError, Restorer, RowKeys};

/// The events known so far, by day.
#[derive(Debug)]
pub struct KnownEvents {
    dataset: Dataset,
    /// File names that begin with this are left over from an earlier try at the same work, and will be overwritten.
    own_stem: String,
    /// The dataset held no data files at the start: nothing needs to be read.
    fresh: bool,
    days: HashMap<Option<chrono::NaiveDate>, HashSet<EventKey>>,
    leftovers: Vec<Path>,
}

/// Rows read at a time where they are read whole: an event may be a megabyte.
const WHOLE_EVENT_ROWS: usize = 64;

impl KnownEvents {
    /// Knows what is in the dataset, but for files whose name begins with `own_stem`.
    ///
    /// # Errors
    /// If the dataset cannot be listed.
    pub async fn new(dataset: &Dataset, own_stem: &str) -> Result<Self, Error> {
        Ok(Self {
            dataset: dataset.clone(),
            own_stem: own_stem.to_owned(),
            fresh: dataset.is_empty().await?,
            days: HashMap::new(),
            leftovers: Vec::new(),
        })
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
        let mut keys = HashSet::new();
        if !self.fresh {
            let directories = partition.to_string();
            let day = directories.split('/').next();
            for file in self.dataset.data_files(day).await? {
                let path = file.meta.location;
                if path.filename().is_some_and(|name| name.starts_with(&self.own_stem)) {
                    self.leftovers.push(path);
                } else {
                    self.read_keys(&path, &mut keys).await?;
                }
            }
        }
        self.days.insert(date, keys);
        Ok(())
    }

    /// Whether the event was not known; from now on it is. Its day must have been loaded.
    pub fn insert(&mut self, partition: &PartitionKey, key: EventKey) -> bool {
        self.days.entry(partition.date()).or_default().insert(key)
    }

    /// Memory held, in bytes.
    pub fn memory_size(&self) -> usize {
        self.days.values().map(HashSet::allocation_size).sum()
    }

    /// Files left over from an earlier try, of the days that were loaded.
    pub fn leftovers(&self) -> &[Path] {
        &self.leftovers
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
