//! What is known of a data file's events: nothing but their times, which ids are not among them, or each.

use futures::TryStreamExt as _;
use hashbrown::HashSet;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::RowSelection;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use super::content::{ContentError, WHOLE_EVENT_ROWS};
use super::ranged::RowReader;
use super::{Dataset, Error, StoredFile};
use crate::table::column::{columns, id};
use crate::table::{EventKey, Restorer, RowKeys, RowPlaces, SomeRows, SortKey};

/// A data file, and what is known of its events.
#[derive(Debug)]
pub(super) struct KnownFile {
    file: StoredFile,
    known: Known,
}

#[derive(Debug)]
enum Known {
    /// What the log says.
    Times,
    /// Which ids it may hold.
    Ids(Ids),
    /// The keys of its events.
    Keys(HashSet<EventKey>),
}

/// The ids that a file may hold.
struct Ids {
    /// One of each row group; `None` if there is a row group without one.
    filters: Option<Vec<Sbbf>>,
    /// Whether it may hold events without an id.
    has_nameless: bool,
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ids").field("has_nameless", &self.has_nameless).finish_non_exhaustive()
    }
}

impl Ids {
    fn may_hold(&self, id: Option<&[u8]>) -> bool {
        match (id, &self.filters) {
            (None, _) => self.has_nameless,
            (Some(_), None) => true,
            (Some(id), Some(filters)) => filters.iter().any(|filter| filter.check(id)),
        }
    }

    fn memory_size(&self) -> usize {
        // A block has 256 bits.
        self.filters.iter().flatten().map(|filter| filter.num_blocks() * 32).sum()
    }
}

impl KnownFile {
    pub(super) fn new(file: StoredFile) -> Self {
        Self { file, known: Known::Times }
    }

    /// Learns what must be known to tell whether the file [holds](Self::holds) the events of these rows.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) async fn look_up(&mut self, dataset: &Dataset, rows: SomeRows<'_>) -> Result<(), Error> {
        let mut candidates = HashSet::new();
        for (time, nameless, id) in rows.sort_keys() {
            if !self.may_hold_time(time) {
                continue;
            }
            if matches!(self.known, Known::Times) {
                self.known = Known::Ids(read_ids(dataset, &self.file).await?);
            }
            match &self.known {
                Known::Ids(ids) if ids.may_hold((!nameless).then_some(id)) => {
                    candidates.insert((time, nameless, id));
                }
                Known::Keys(_) => return Ok(()),
                _ => {}
            }
        }
        // The filters are wrong now and then, mostly about ids of other regions. All keys are read only where they are right.
        match candidates.is_empty() || !holds_any(dataset, &self.file, &candidates).await? {
            true => Ok(()),
            false => self.read(dataset).await,
        }
    }

    /// Whether an event of that time, in microseconds since 1970, may be in it. Events without a time have the greatest.
    fn may_hold_time(&self, time: i64) -> bool {
        time == i64::MAX || self.file.times.is_none_or(|(first, last)| (first..=last).contains(&time))
    }

    /// Whether it may hold events that another file holds too.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self.file.times, other.file.times) {
            (Some((first, last)), Some((other_first, other_last))) => {
                first <= other_last && other_first <= last
            }
            _ => true,
        }
    }

    /// Learns the keys of all of its events.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) async fn read(&mut self, dataset: &Dataset) -> Result<(), Error> {
        if !matches!(self.known, Known::Keys(_)) {
            self.known = Known::Keys(read_keys(dataset, &self.file).await?);
        }
        Ok(())
    }

    /// Whether an event is in it, which must have been looked up.
    pub(super) fn holds(&self, key: &EventKey) -> bool {
        matches!(&self.known, Known::Keys(keys) if keys.contains(key))
    }

    /// The keys of its events, once they were read.
    pub(super) fn keys(&self) -> impl Iterator<Item = &EventKey> {
        match &self.known {
            Known::Keys(keys) => Some(keys),
            _ => None,
        }
        .into_iter()
        .flatten()
    }

    /// Forgets all but its times.
    pub(super) fn forget(&mut self) {
        self.known = Known::Times;
    }

    /// Memory held, in bytes.
    pub(super) fn memory_size(&self) -> usize {
        size_of::<Self>() + 2 * self.file.meta.location.as_ref().len() + self.read_size()
    }

    /// Memory held by what was read of it.
    pub(super) fn read_size(&self) -> usize {
        match &self.known {
            Known::Times => 0,
            Known::Ids(ids) => ids.memory_size(),
            Known::Keys(keys) => keys.allocation_size(),
        }
    }
}

async fn read_ids(dataset: &Dataset, file: &StoredFile) -> Result<Ids, Error> {
    let mut reader = dataset.open_file(file).await?;
    let column = columns()[id::EVENT_ID].name.as_str();
    let metadata = reader.metadata().clone();
    let Some(leaf) = leaf(&metadata, column) else {
        return Ok(Ids { filters: None, has_nameless: true });
    };
    let mut filters = Some(Vec::new());
    for rows in 0..metadata.num_row_groups() {
        let filter = reader.get_row_group_column_bloom_filter(rows, leaf).await;
        let filter = filter.map_err(|source| ContentError::File(source).of(&file.meta.location))?;
        // A row group of nulls needs none.
        match (filter, &mut filters) {
            (Some(filter), Some(filters)) => filters.push(filter),
            (None, _) if !has_values(&metadata, leaf, rows) => {}
            _ => filters = None,
        }
    }
    let nulls = metadata.row_groups().iter().map(|rows| null_count(rows.column(leaf).statistics()));
    Ok(Ids { filters, has_nameless: nulls.into_iter().any(|nulls| nulls != Some(0)) })
}

/// Whether a file has a row of one of these times and ids.
async fn holds_any(
    dataset: &Dataset,
    file: &StoredFile,
    candidates: &HashSet<SortKey<'_>>,
) -> Result<bool, Error> {
    let reader = dataset.open_file(file).await?;
    let found = async {
        let names = [id::EVENT_TIME, id::EVENT_ID].map(|column| columns()[column].name.as_str());
        let columns = ProjectionMask::columns(reader.parquet_schema(), names);
        let mut batches = reader.with_projection(columns).build()?;
        while let Some(batch) = batches.try_next().await? {
            let places = RowPlaces::try_new(&batch)?;
            let mut orders = (0..batch.num_rows()).map(|row| places.place(row).order());
            if orders.any(|(time, nameless, id)| candidates.contains(&(time, nameless, id.as_bytes()))) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    found.await.map_err(|error: ContentError| error.of(&file.meta.location))
}

/// The keys of all events of a file. Only rows whose events are told by their whole record are read whole, and nearly every
/// file has none.
async fn read_keys(dataset: &Dataset, file: &StoredFile) -> Result<HashSet<EventKey>, Error> {
    let path = &file.meta.location;
    let mut keys = HashSet::new();
    let reader = dataset.open_file(file).await?;
    let others = read_telling(reader, &mut keys).await.map_err(|error| error.of(path))?;
    if others.selects_any() {
        let reader = dataset.open_file(file).await?;
        read_whole(reader, others, &mut keys).await.map_err(|error| error.of(path))?;
    }
    Ok(keys)
}

/// Adds the keys that few columns tell to `keys`. The rows that are left.
async fn read_telling(reader: RowReader, keys: &mut HashSet<EventKey>) -> Result<RowSelection, ContentError> {
    let metadata = reader.metadata().clone();
    let telling = RowKeys::columns().filter(|column| {
        leaf(&metadata, column)
            .is_some_and(|leaf| (0..metadata.num_row_groups()).any(|rows| has_values(&metadata, leaf, rows)))
    });
    let columns = ProjectionMask::columns(reader.parquet_schema(), telling);
    let mut batches = reader.with_projection(columns).build()?;
    let (mut others, mut first) = (Vec::new(), 0);
    while let Some(batch) = batches.try_next().await? {
        let row_keys = RowKeys::try_new(&batch)?;
        for row in 0..batch.num_rows() {
            match row_keys.key(row) {
                Some(key) => drop(keys.insert(key)),
                None => others.push(first + row..first + row + 1),
            }
        }
        first += batch.num_rows();
    }
    Ok(RowSelection::from_consecutive_ranges(others.into_iter(), first))
}

/// Adds the keys of rows that are told by their whole record to `keys`.
async fn read_whole(
    reader: RowReader,
    rows: RowSelection,
    keys: &mut HashSet<EventKey>,
) -> Result<(), ContentError> {
    let columns = ProjectionMask::columns(reader.parquet_schema(), Restorer::columns());
    let reader = reader.with_projection(columns).with_row_selection(rows).with_batch_size(WHOLE_EVENT_ROWS);
    let mut batches = reader.build()?;
    let mut buffer = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        let restorer = Restorer::of_file(&batch)?;
        for row in 0..batch.num_rows() {
            keys.insert(restorer.record_key(row, &mut buffer)?);
        }
    }
    Ok(())
}

/// The number of a column that is not nested.
pub(super) fn leaf(metadata: &ParquetMetaData, column: &str) -> Option<usize> {
    let leaves = metadata.file_metadata().schema_descr().columns();
    leaves.iter().position(|leaf| leaf.path().parts() == [column])
}

/// Whether a column may hold values in a row group: what the statistics know not to is not read.
pub(super) fn has_values(metadata: &ParquetMetaData, leaf: usize, rows: usize) -> bool {
    let rows = metadata.row_group(rows);
    null_count(rows.column(leaf).statistics()) != Some(rows.num_rows().cast_unsigned())
}

fn null_count(statistics: Option<&Statistics>) -> Option<u64> {
    statistics.and_then(Statistics::null_count_opt)
}
