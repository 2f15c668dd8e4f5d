//! Footers of data files, of which only the columns that are asked for are decoded and kept.
//!
//! The footer of a small file says more of its columns than there is in them. Whoever reads a file is shown a footer that has
//! the columns of the question alone, and the file's first: what is done for each column of each file is done for these. The
//! session's cache of footers keeps them, as many columns of a file as questions have been about, in a small part of the memory
//! that whole footers take.

use std::any::Any;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use datafusion::common::HashMap;
use datafusion::execution::cache::cache_manager::{CachedFileMetadataEntry, FileMetadata, FileMetadataCache};
use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::ObjectMeta;
use parquet::errors::Result;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataBuilder, ParquetMetaDataOptions,
    ParquetMetaDataReader, ParquetStatisticsPolicy, RowGroupMetaData,
};
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};

use super::columns::ColumnSet;
use crate::table::column::columns;

/// Schemas of files that are remembered: of each version that wrote to a dataset, and of others that did.
const MOST_SCHEMAS: usize = 16;

/// Narrowed schemas of one that are remembered: each question has its own.
const MOST_NARROWED: usize = 64;

/// Bloom filters up to this size are kept with the footer: of some thousand values.
const LITTLE_FILTER_BYTES: u64 = 2 << 10;

/// The schemas of a dataset's files. Most files share one, which is then decoded once.
#[derive(Debug, Default)]
pub(super) struct FileSchemas(Mutex<Vec<Arc<FileSchema>>>);

/// A schema that files have.
#[derive(Debug)]
struct FileSchema {
    /// How footers with this schema begin.
    start: Vec<u8>,
    whole: SchemaDescPtr,
    narrowed: Mutex<Vec<Arc<Narrowed>>>,
}

/// A schema with some of its columns.
#[derive(Debug)]
struct Narrowed {
    columns: ColumnSet,
    /// Positions of their leaves in the whole schema.
    leaves: Vec<usize>,
    schema: SchemaDescPtr,
    /// What of a footer is to be decoded.
    options: ParquetMetaDataOptions,
    /// What the schema itself takes, which all footers share.
    shared_bytes: usize,
}

/// What is known of a file's footer, and of its bloom filters, which are little in small files.
pub(super) struct KnownFooter {
    /// The store that the file lies in: those of two datasets may have the same path.
    store: ObjectStoreUrl,
    columns: ColumnSet,
    pub(super) footer: Arc<ParquetMetaData>,
    /// Where they begin, and what they are.
    filters: Vec<(u64, Bytes)>,
    /// What all of it takes.
    bytes: usize,
}

impl KnownFooter {
    /// The bytes of a bloom filter, if they are these.
    pub(super) fn filter(&self, range: &Range<u64>) -> Option<Bytes> {
        let found = self.filters.iter().find(|(start, _)| *start == range.start);
        found
            .filter(|(start, filter)| start + filter.len() as u64 == range.end)
            .map(|(_, filter)| filter.clone())
    }
}

/// The bloom filters of a footer's columns that are little and lie in what was read of the file.
fn filters(footer: &ParquetMetaData, read: impl Fn(&Range<u64>) -> Option<Bytes>) -> Vec<(u64, Bytes)> {
    let chunks = footer.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let filter = |chunk: &ColumnChunkMetaData| {
        let start = u64::try_from(chunk.bloom_filter_offset()?).ok()?;
        let length = u64::try_from(chunk.bloom_filter_length()?).ok()?;
        let little = Some(length).filter(|length| *length <= LITTLE_FILTER_BYTES)?;
        let filter = read(&(start..start.checked_add(little)?))?;
        // Not all of what was read is to be kept with it.
        Some((start, Bytes::copy_from_slice(&filter)))
    };
    chunks.filter_map(filter).collect()
}

impl FileMetadata for KnownFooter {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn memory_size(&self) -> usize {
        self.bytes
    }

    fn extra_info(&self) -> HashMap<String, String> {
        HashMap::default()
    }
}

/// What a footer is asked for, and where it is kept.
#[derive(Debug)]
pub(super) struct Footers {
    pub(super) store: ObjectStoreUrl,
    pub(super) columns: ColumnSet,
    pub(super) schemas: Arc<FileSchemas>,
    pub(super) cache: Arc<FileMetadataCache>,
}

impl Footers {
    /// The footer of a file with the columns that are asked for, and perhaps others; or else which of its columns should be
    /// decoded.
    pub(super) fn known(&self, file: &ObjectMeta) -> std::result::Result<Arc<KnownFooter>, ColumnSet> {
        let entry = self.cache.get(&file.location).filter(|entry| entry.is_valid_for(file));
        let entry = entry.map(|entry| entry.file_metadata as Arc<dyn Any + Send + Sync>);
        let known = entry.and_then(|entry| entry.downcast::<KnownFooter>().ok());
        match known.filter(|known| known.store == self.store) {
            Some(known) if known.columns.contains_all(&self.columns) => Ok(known),
            Some(known) => Err(known.columns.union(&self.columns)),
            None => Err(self.columns),
        }
    }

    /// Decodes some columns of a footer, and keeps them; `read` has what else was read of the file.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn decode(
        &self,
        file: &ObjectMeta,
        columns: ColumnSet,
        footer: &[u8],
        read: impl Fn(&Range<u64>) -> Option<Bytes>,
    ) -> Result<Arc<KnownFooter>> {
        let narrowed = self.schemas.of(footer)?.narrowed(&columns)?;
        let footer = Arc::new(narrowed.decode(footer)?);
        let filters = filters(&footer, read);
        let in_filters: usize =
            filters.iter().map(|(_, filter)| size_of::<(u64, Bytes)>() + filter.len()).sum();
        let in_footer = footer.memory_size().saturating_sub(narrowed.shared_bytes);
        let bytes = size_of::<KnownFooter>() + in_footer + in_filters;
        let known = Arc::new(KnownFooter { store: self.store.clone(), columns, footer, filters, bytes });
        self.cache.put(&file.location, CachedFileMetadataEntry::new(file.clone(), known.clone()));
        Ok(known)
    }
}

impl FileSchemas {
    /// The schema of a footer.
    fn of(&self, footer: &[u8]) -> Result<Arc<FileSchema>> {
        let known = lock(&self.0).iter().find(|schema| footer.starts_with(&schema.start)).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let whole = ParquetMetaDataReader::decode_schema(footer)?;
        let start = footer[..schema_end(footer)].to_vec();
        let schema = Arc::new(FileSchema { start, whole, narrowed: Mutex::default() });
        remember(&mut lock(&self.0), &schema, MOST_SCHEMAS);
        Ok(schema)
    }
}

/// Where the schema ends in a footer: behind the least of it that a schema can be decoded of.
fn schema_end(footer: &[u8]) -> usize {
    let (mut low, mut high) = (0, footer.len());
    while low < high {
        let middle = low.midpoint(high);
        match ParquetMetaDataReader::decode_schema(&footer[..middle]) {
            Ok(_) => high = middle,
            Err(_) => low = middle + 1,
        }
    }
    high
}

impl FileSchema {
    /// The schema with some of its columns.
    fn narrowed(&self, wanted: &ColumnSet) -> Result<Arc<Narrowed>> {
        let known = lock(&self.narrowed).iter().find(|narrowed| narrowed.columns == *wanted).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let narrowed = Arc::new(Narrowed::new(&self.whole, wanted)?);
        remember(&mut lock(&self.narrowed), &narrowed, MOST_NARROWED);
        Ok(narrowed)
    }
}

impl Narrowed {
    fn new(whole: &SchemaDescPtr, wanted: &ColumnSet) -> Result<Self> {
        let root = whole.root_schema();
        // Where a row group begins, and so which part of a file it belongs to where parts are read by themselves, is told by
        // its first column: that must be the same one whatever is asked for.
        let first = root.get_fields().first().map(|field| field.name());
        let is_wanted = |name: &str| {
            let id = columns().iter().position(|column| column.name == name);
            first == Some(name) || id.is_some_and(|id| wanted.contains(id))
        };
        let fields = root.get_fields().iter().filter(|field| is_wanted(field.name())).cloned().collect();
        let schema = Type::group_type_builder(root.name()).with_fields(fields).build()?;
        let leaves: Vec<usize> =
            (0..whole.num_columns()).filter(|leaf| is_wanted(whole.get_column_root(*leaf).name())).collect();
        let options = ParquetMetaDataOptions::new()
            .with_schema(whole.clone())
            .with_column_stats_policy(ParquetStatisticsPolicy::skip_except(&leaves))
            .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let schema: SchemaDescPtr = Arc::new(SchemaDescriptor::new(Arc::new(schema)));
        let nothing = FileMetaData::new(0, 0, None, None, schema.clone(), None);
        let shared_bytes = ParquetMetaData::new(nothing, Vec::new()).memory_size();
        Ok(Self { columns: *wanted, leaves, schema, options, shared_bytes })
    }

    /// A footer with these columns alone.
    fn decode(&self, footer: &[u8]) -> Result<ParquetMetaData> {
        let whole = ParquetMetaDataReader::decode_metadata_with_options(footer, Some(&self.options))?;
        let file = whole.file_metadata();
        let orders =
            file.column_orders().map(|orders| self.leaves.iter().map(|leaf| orders[*leaf]).collect());
        // What a writer notes beside, as its own schema, is nothing that is asked for.
        let noted = None;
        let created_by = file.created_by().map(str::to_owned);
        let file = FileMetaData::new(
            file.version(),
            file.num_rows(),
            created_by,
            noted,
            self.schema.clone(),
            orders,
        );
        let row_groups = whole.into_builder().take_row_groups();
        let row_groups = row_groups.into_iter().map(|rows| self.narrow(rows)).collect::<Result<_>>()?;
        Ok(ParquetMetaDataBuilder::new(file).set_row_groups(row_groups).build())
    }

    fn narrow(&self, rows: RowGroupMetaData) -> Result<RowGroupMetaData> {
        let mut narrowed = RowGroupMetaData::builder(self.schema.clone())
            .set_num_rows(rows.num_rows())
            .set_total_byte_size(rows.total_byte_size());
        if let Some(ordinal) = rows.ordinal() {
            narrowed = narrowed.set_ordinal(ordinal);
        }
        if let Some(offset) = rows.file_offset() {
            narrowed = narrowed.set_file_offset(offset);
        }
        let mut wanted = self.leaves.iter().copied().peekable();
        let chunks = rows.into_builder().take_columns().into_iter().enumerate();
        let chunks: Vec<ColumnChunkMetaData> =
            chunks.filter(|(leaf, _)| wanted.next_if_eq(leaf).is_some()).map(|(_, chunk)| chunk).collect();
        narrowed.set_column_metadata(chunks).build()
    }
}

/// What is remembered is whole, whatever becomes of a thread.
fn lock<T>(remembered: &Mutex<T>) -> MutexGuard<'_, T> {
    remembered.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers one more, in place of the oldest where there are many.
fn remember<T>(remembered: &mut Vec<Arc<T>>, one: &Arc<T>, most: usize) {
    if remembered.len() == most {
        remembered.remove(0);
    }
    remembered.push(one.clone());
}
