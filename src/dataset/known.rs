//! Which events are already there.
//!
//! Copies of an event share its time, so they share its day: what is known is kept by day, and the keys of a day are
//! read from the data files that were there before when its first event comes along. A day nobody asks about costs
//! nothing.

use std::collections::HashMap;

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::TimestampMicrosecondType;
use hashbrown::HashSet;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Dataset, Error};
use crate::partition::PartitionKey;
use crate::table::column::{columns, id};
use crate::table::{EventKey, KeyFields};

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

/// The columns that make an event's key, and the nullable fallback of the last.
const KEY_COLUMNS: [usize; 6] = [
    id::EVENT_TIME,
    id::EVENT_ID,
    id::EVENT_SOURCE,
    id::EVENT_NAME,
    id::RECIPIENT_ACCOUNT_ID,
    id::USER_IDENTITY_ACCOUNT_ID,
];

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
        let file = ParquetRecordBatchReaderBuilder::try_new(content).map_err(unreadable)?;
        let names = KEY_COLUMNS.map(|column| columns()[column].name.as_str());
        let mask = ProjectionMask::columns(file.parquet_schema(), names);
        let batches = file.with_projection(mask).build().map_err(unreadable)?;
        for batch in batches {
            keys.extend(batch_keys(&batch.map_err(|source| unreadable(source.into()))?));
        }
        Ok(())
    }
}

/// The keys of a batch's rows. Events without an id or a time are told by their whole record, which is not read
/// back here.
fn batch_keys(batch: &RecordBatch) -> Vec<EventKey> {
    let column = |column: usize| batch.column_by_name(&columns()[column].name);
    let texts = |name: usize| column(name).and_then(|array| array.as_string_opt::<i32>());
    let times = column(id::EVENT_TIME).and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
    let (Some(times), Some(ids), Some(sources), Some(names), Some(recipients), Some(callers)) = (
        times,
        texts(id::EVENT_ID),
        texts(id::EVENT_SOURCE),
        texts(id::EVENT_NAME),
        texts(id::RECIPIENT_ACCOUNT_ID),
        texts(id::USER_IDENTITY_ACCOUNT_ID),
    ) else {
        return Vec::new();
    };
    (0..batch.num_rows())
        .filter(|row| times.is_valid(*row) && !text(ids, *row).is_empty())
        .map(|row| {
            let recipient = text(recipients, row);
            EventKey::of_fields(KeyFields {
                event_id: text(ids, row),
                event_time: times.value(row),
                event_source: text(sources, row),
                event_name: text(names, row),
                account: if recipient.is_empty() { text(callers, row) } else { recipient },
            })
        })
        .collect()
}

fn text(array: &StringArray, row: usize) -> &str {
    if array.is_valid(row) { array.value(row) } else { "" }
}
