//! Rows by partition, under a memory limit, and the data files they become.
//!
//! # Memory
//!
//! A [`FanOut`] holds the packed rows of all open partitions. When they pass its budget, it closes the largest
//! partitions until a quarter of the budget is free; the caller encodes what was closed. What is closed when
//! depends on nothing but the order of the rows and the budget, so the same input makes the same files, however
//! many threads prepared it. A partition closed early gets a further file when more of its rows arrive.

mod chunk;
mod compress;
mod data_file;
mod dictionary;
mod encoder;
mod hybrid;
mod leaves;
mod packed;
mod page;
mod page_index;
mod properties;
mod range;
#[cfg(test)]
mod tests;

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;

pub use data_file::{DataFile, EncodedFile, Error, encode, file_path};
pub use encoder::FileEncoder;
pub use properties::SCHEMA_VERSION;

use crate::partition::{PartitionKey, PartitionRef};
use crate::table::column::id;
use crate::table::{EventKey, PackedRows, Row, SomeRows};

/// The rows of one piece of input, by partition, each with what identifies its event. They lie in one buffer, in the order they
/// came: most partitions have a few of them.
#[derive(Debug, Default)]
pub struct PartitionedRows {
    rows: PackedRows,
    keys: Vec<EventKey>,
    /// The numbers of their rows.
    partitions: HashMap<PartitionKey, Vec<u32>>,
}

impl PartitionedRows {
    /// Without rows, with room for `bytes` of them.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { rows: PackedRows::with_capacity(bytes), ..Self::default() }
    }

    /// Adds a row to its partition.
    pub fn push(&mut self, row: &Row<'_>, key: EventKey) {
        let source = row.text(id::EVENT_SOURCE).unwrap_or_default();
        let region = row.text(id::AWS_REGION).unwrap_or_default();
        let partition = PartitionRef::new(row.day, source, region);
        let numbers = match self.partitions.entry_ref(&partition) {
            EntryRef::Occupied(entry) => entry.into_mut(),
            EntryRef::Vacant(entry) => entry.insert_with_key(partition.to_key(), Vec::new()),
        };
        // Pieces end at a few megabytes.
        numbers.push(self.rows.len() as u32);
        self.rows.push(row);
        self.keys.push(key);
    }

    /// Rows in all partitions.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The partitions that have rows here, with their rows, in no order.
    pub fn partitions(&self) -> impl Iterator<Item = (&PartitionKey, SomeRows<'_>)> {
        let rows = &self.rows;
        self.partitions.iter().map(move |(partition, numbers)| (partition, SomeRows { rows, numbers }))
    }

    /// Bytes of packed rows and keys.
    pub fn packed_size(&self) -> usize {
        self.rows.packed_size() + self.keys.len() * size_of::<EventKey>()
    }
}

/// Sizes of the buffers in which the rows of a partition wait: the first, the second, all others. Most partitions are
/// small; large ones shall not be in a thousand pieces. Few sizes, so that a buffer one partition gives back fits the
/// next, and what is held is what is counted.
const CHUNK_BYTES: [usize; 3] = [4 << 10, 16 << 10, 64 << 10];

/// All open partitions.
#[derive(Debug)]
pub struct FanOut {
    open: HashMap<PartitionKey, OpenPartition>,
    /// How many files the partitions that were closed early have so far.
    files: HashMap<PartitionKey, u32>,
    bytes: usize,
    budget_bytes: usize,
}

#[derive(Debug, Default)]
struct OpenPartition {
    chunks: Vec<PackedRows>,
    bytes: usize,
}

/// A partition to be written to a data file.
#[derive(Debug)]
pub struct ClosedPartition {
    /// Which.
    pub key: PartitionKey,
    /// How many files of this partition came before.
    pub sequence: u32,
    /// Its rows, in the order they came.
    pub chunks: Vec<PackedRows>,
    /// Memory they hold, in bytes.
    pub bytes: usize,
}

impl FanOut {
    /// Holds up to about `budget_bytes` of packed rows.
    pub fn new(budget_bytes: usize) -> Self {
        Self { open: HashMap::new(), files: HashMap::new(), bytes: 0, budget_bytes }
    }

    /// Takes rows in, except those whose event `are_new` denies, and returns the partitions that must be closed to
    /// stay within the budget, less what is `reserved` for other things. `are_new` is asked partition by partition,
    /// in the order of their names.
    pub fn absorb(
        &mut self,
        rows: PartitionedRows,
        reserved_bytes: usize,
        mut are_new: impl FnMut(&PartitionKey, &[EventKey]) -> Vec<bool>,
    ) -> Vec<ClosedPartition> {
        let PartitionedRows { rows, keys, partitions } = rows;
        let mut partitions: Vec<(PartitionKey, Vec<u32>)> = partitions.into_iter().collect();
        partitions.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (key, mut numbers) in partitions {
            let keys: Vec<EventKey> = numbers.iter().map(|number| keys[*number as usize]).collect();
            let mut are_new = are_new(&key, &keys).into_iter();
            numbers.retain(|_| are_new.next().unwrap_or_default());
            if !numbers.is_empty() {
                let before = self.bytes;
                let open = self.open.entry(key).or_default();
                self.bytes = before - open.bytes + open.push(&rows, &numbers);
            }
        }
        // Whatever else grows, some room for rows remains.
        let budget = self.budget_bytes.saturating_sub(reserved_bytes).max(self.budget_bytes / 4);
        if self.bytes > budget { self.close_largest(budget / 4 * 3) } else { Vec::new() }
    }

    /// Memory held by the rows of open partitions, in bytes.
    pub fn memory_size(&self) -> usize {
        self.bytes
    }

    /// Closes the largest partitions until no more than `target_bytes` are held.
    fn close_largest(&mut self, target_bytes: usize) -> Vec<ClosedPartition> {
        let mut by_size: Vec<(usize, PartitionKey)> =
            self.open.iter().map(|(key, open)| (open.bytes, key.clone())).collect();
        by_size.sort_unstable_by(|(a, a_key), (b, b_key)| b.cmp(a).then_with(|| a_key.cmp(b_key)));
        let mut excess = self.bytes.saturating_sub(target_bytes);
        let mut closed = Vec::new();
        for (bytes, key) in by_size {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(bytes);
            closed.extend(self.close(key));
        }
        closed
    }

    /// Closes every partition, largest first.
    pub fn close_all(&mut self) -> Vec<ClosedPartition> {
        self.close_those(|_| true)
    }

    /// Closes the partitions for which `is_meant`, largest first.
    pub fn close_those(&mut self, is_meant: impl Fn(&PartitionKey) -> bool) -> Vec<ClosedPartition> {
        let keys: Vec<PartitionKey> = self.open.keys().filter(|key| is_meant(key)).cloned().collect();
        let mut closed: Vec<ClosedPartition> = keys.into_iter().filter_map(|key| self.close(key)).collect();
        closed.sort_unstable_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.key.cmp(&b.key)));
        closed
    }

    fn close(&mut self, key: PartitionKey) -> Option<ClosedPartition> {
        let OpenPartition { chunks, bytes } = self.open.remove(&key)?;
        self.bytes -= bytes;
        let files = self.files.entry(key.clone()).or_default();
        *files += 1;
        Some(ClosedPartition { key, sequence: *files - 1, chunks, bytes })
    }
}

impl OpenPartition {
    /// Takes rows with these `numbers` in; the memory the partition holds from now on.
    fn push(&mut self, rows: &PackedRows, mut numbers: &[u32]) -> usize {
        while !numbers.is_empty() {
            if let Some(last) = self.chunks.last_mut() {
                let before = last.memory_size();
                numbers = &numbers[last.fill_from(rows, numbers)..];
                self.bytes += last.memory_size() - before;
            }
            if !numbers.is_empty() {
                let size = CHUNK_BYTES[self.chunks.len().min(CHUNK_BYTES.len() - 1)];
                let chunk = PackedRows::with_capacity(size);
                self.bytes += chunk.memory_size();
                self.chunks.push(chunk);
            }
        }
        self.bytes
    }
}
