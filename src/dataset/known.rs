//! Which events are already there.
//!
//! Copies of an event share its time, so they share its day: what is known is kept by day, and the keys of a day are
//! read from the data files that were there before when its first event comes along. A day nobody asks about costs
//! nothing. Few columns tell most events; the others are given back from their rows.

use std::collections::HashMap;

use hashbrown::HashSet;
use object_store::path::Path;

use super::content::FileContent;
use super::{Dataset, Error, Head};
use crate::partition::PartitionKey;
use crate::table::EventKey;

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
        let content = FileContent::try_new(self.dataset.read(path).await?);
        content.and_then(|content| content.read_keys(keys)).map_err(|error| error.of(path))
    }
}

/// The directory that holds all partitions of the day.
fn day_directory(partition: &PartitionKey) -> String {
    let directories = partition.to_string();
    directories.split('/').next().unwrap_or_default().to_owned()
}
