//! Reading segments column by column, each of which is known to be as it was written or is not used.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryArray, FixedSizeBinaryArray};
use arrow::datatypes::Date32Type;
use bytes::{Buf as _, Bytes};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;

use super::segment::{self, CHECKSUMS, CONTENT, DAY};
use super::{COLUMNS, FileFilters, SegmentName};
use crate::dataset::checksum::Checksum;
use crate::dataset::content::ContentError;
use crate::dataset::{Dataset, Error};

/// What is read first: the end of a segment, which is all of a small one, and of others most likely the whole footer.
const TAIL_BYTES: u64 = 64 << 10;

/// Digits of a checksum.
const DIGITS: usize = 2 * Checksum::BYTES;

/// A segment of which the footer has been read.
#[derive(Debug)]
pub(super) struct SegmentReader {
    store: Arc<dyn ObjectStore>,
    pub(super) path: Path,
    size: u64,
    /// All of it, if it is small.
    content: Option<Bytes>,
    metadata: ArrowReaderMetadata,
    /// Of the column chunks, row group by row group.
    checksums: Vec<Checksum>,
}

/// The days of the files in a row group.
pub(super) struct Days {
    first: i32,
    last: i32,
    /// Whether there are files without one.
    unknown: bool,
}

impl Days {
    /// Whether files of this day may be among them.
    pub(super) fn have(&self, day: Option<i32>) -> bool {
        day.map_or(self.unknown, |day| (self.first..=self.last).contains(&day))
    }
}

/// A column of a row group, beside the checksums of its files.
#[derive(Debug)]
pub(super) struct Filters {
    content: FixedSizeBinaryArray,
    filters: BinaryArray,
}

impl Filters {
    /// The checksums of files with their filters, of those that have an entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Checksum, &[u8])> {
        let known = (0..self.content.len()).filter(|row| self.filters.is_valid(*row));
        known
            .filter_map(|row| Some((Checksum::from_bytes(self.content.value(row))?, self.filters.value(row))))
    }

    /// Memory held, in bytes.
    pub(super) fn memory_size(&self) -> usize {
        self.content.get_array_memory_size() + self.filters.get_array_memory_size()
    }
}

impl Dataset {
    /// Reads the footer of a segment.
    ///
    /// # Errors
    /// If the store refuses; [`Error::Unreadable`] if it is not the footer that was written.
    pub(super) async fn open_filters(&self, meta: &ObjectMeta) -> Result<SegmentReader, Error> {
        let ObjectMeta { location: path, size, .. } = meta;
        let refused = |source| self.refusal("read", path, source);
        let unreadable = |source| ContentError::File(source).of(path);
        if *size < FOOTER_SIZE as u64 {
            return Err(unreadable(ParquetError::EOF("no footer".to_owned())));
        }
        let end = |bytes: u64| self.store.get_range(path, size.saturating_sub(bytes)..*size);
        let mut tail = end(TAIL_BYTES).await.map_err(refused)?;
        let length = segment::footer_length(&tail).map_err(unreadable)? as u64;
        if length > TAIL_BYTES && length <= *size {
            tail = end(length).await.map_err(refused)?;
        }
        let content = (tail.len() as u64 == *size).then(|| tail.clone());
        let (metadata, checksums) = read_footer(path, &tail).map_err(unreadable)?;
        Ok(SegmentReader {
            store: self.store.clone(),
            path: path.clone(),
            size: *size,
            content,
            metadata,
            checksums,
        })
    }
}

fn read_footer(path: &Path, tail: &[u8]) -> Result<(ArrowReaderMetadata, Vec<Checksum>), ParquetError> {
    let footer = segment::footer(tail)?;
    let named = SegmentName::of(path).map(|name| name.checksum);
    if named != Some(segment::named_digits(footer).as_str()) {
        return Err(damaged("its footer is not the one it is named by"));
    }
    let metadata = ParquetMetaDataReader::decode_metadata(&footer[..footer.len() - FOOTER_SIZE])?;
    let checksums = checksums(&metadata).ok_or_else(|| damaged("its checksums are missing"))?;
    let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())?;
    Ok((metadata, checksums))
}

fn checksums(metadata: &ParquetMetaData) -> Option<Vec<Checksum>> {
    let pairs = metadata.file_metadata().key_value_metadata()?;
    let digits = pairs.iter().find(|pair| pair.key == CHECKSUMS)?.value.as_deref()?;
    let texts = digits.as_bytes().chunks(DIGITS).map(|digits| std::str::from_utf8(digits).ok());
    texts.map(|digits| Checksum::parse(digits?)).collect()
}

fn damaged(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}

impl SegmentReader {
    fn footer(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    /// How many row groups there are.
    pub(super) fn row_groups(&self) -> usize {
        self.footer().num_row_groups()
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.metadata.schema().index_of(name).ok()
    }

    /// Whether it has filters of a column at all: it has none of one that is younger.
    pub(super) fn has(&self, column: &str) -> bool {
        self.column(column).is_some()
    }

    /// The days of a row group's files; `None` if it does not say.
    pub(super) fn days(&self, row_group: usize) -> Option<Days> {
        let rows = self.footer().row_group(row_group);
        let Statistics::Int32(days) = rows.column(self.column(DAY)?).statistics()? else { return None };
        let nulls = days.null_count_opt()?;
        match nulls == rows.num_rows().cast_unsigned() {
            true => Some(Days { first: i32::MAX, last: i32::MIN, unknown: true }),
            false => Some(Days { first: *days.min_opt()?, last: *days.max_opt()?, unknown: nulls > 0 }),
        }
    }

    /// The filters of a column.
    ///
    /// # Errors
    /// If the store refuses; [`Error::Unreadable`] if they are not those that were written.
    pub(super) async fn filters(&self, row_group: usize, column: &str) -> Result<Filters, Error> {
        let columns = self.read(row_group, &[CONTENT, column]).await?;
        let typed = match columns.as_slice() {
            [content, filters] => content.as_fixed_size_binary_opt().zip(filters.as_binary_opt::<i32>()),
            _ => None,
        };
        match typed.filter(|(content, filters)| content.len() == filters.len()) {
            Some((content, filters)) => Ok(Filters { content: content.clone(), filters: filters.clone() }),
            None => Err(self.unreadable(damaged("it has other columns"))),
        }
    }

    /// The checksums of the files in a row group.
    ///
    /// # Errors
    /// As [`Self::filters`].
    pub(super) async fn files(&self, row_group: usize) -> Result<Vec<Checksum>, Error> {
        let columns = self.read(row_group, &[CONTENT]).await?;
        let content = columns.first().and_then(|content| content.as_fixed_size_binary_opt());
        let content = content.ok_or_else(|| self.unreadable(damaged("it has other columns")))?;
        Ok((0..content.len()).filter_map(|row| Checksum::from_bytes(content.value(row))).collect())
    }

    /// All that a row group has, as far as this version knows its columns.
    ///
    /// # Errors
    /// As [`Self::filters`].
    pub(super) async fn all(&self, row_group: usize) -> Result<Vec<FileFilters>, Error> {
        let there: Vec<&str> = COLUMNS.iter().copied().filter(|column| self.has(column)).collect();
        let columns = self.read(row_group, &[&[DAY, CONTENT], there.as_slice()].concat()).await?;
        let files = decode(&columns, &there);
        files.ok_or_else(|| self.unreadable(damaged("it has other columns")))
    }

    fn unreadable(&self, source: ParquetError) -> Error {
        ContentError::File(source).of(&self.path)
    }

    /// Columns of a row group, each checked.
    async fn read(&self, row_group: usize, names: &[&str]) -> Result<Vec<ArrayRef>, Error> {
        let missing = || self.unreadable(damaged("it has other columns"));
        let rows = self.footer().row_group(row_group);
        let columns: Vec<usize> =
            names.iter().map(|name| self.column(name)).collect::<Option<_>>().ok_or_else(missing)?;
        let ranges: Vec<Range<u64>> = columns
            .iter()
            .map(|column| rows.columns().get(*column).map(ColumnChunkMetaData::byte_range))
            .map(|range| range.map(|(start, length)| start..start.saturating_add(length)))
            .collect::<Option<_>>()
            .ok_or_else(missing)?;
        let chunks: Vec<Bytes> = match &self.content {
            Some(content) => {
                let slice = |range: &Range<u64>| {
                    let (start, end) = (range.start as usize, range.end as usize);
                    (start <= end && end <= content.len()).then(|| content.slice(start..end))
                };
                ranges.iter().map(slice).collect::<Option<_>>().ok_or_else(missing)?
            }
            None => {
                let refused = |source| Error::Store { action: "read", file: self.path.to_string(), source };
                self.store.get_ranges(&self.path, &ranges).await.map_err(refused)?
            }
        };
        for (column, chunk) in columns.iter().zip(&chunks) {
            let written = self.checksums.get(row_group * rows.num_columns() + column);
            if written != Some(&Checksum::of(chunk)) {
                let what =
                    format!("{} of row group {row_group} is damaged", rows.column(*column).column_path());
                return Err(self.unreadable(ParquetError::General(what)));
            }
        }
        let starts = ranges.iter().map(|range| range.start);
        let chunks = Chunks { size: self.size, chunks: starts.zip(chunks).collect() };
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), columns);
        let mut batches = builder
            .with_row_groups(vec![row_group])
            .with_projection(mask)
            .with_batch_size(usize::try_from(rows.num_rows()).unwrap_or_default().max(1))
            .build()
            .map_err(|source| self.unreadable(source))?;
        let batch = batches.next().transpose().map_err(|source| self.unreadable(source.into()))?;
        let batch = batch.ok_or_else(missing)?;
        // They come in the order of the file.
        let named = names.iter().map(|name| batch.column_by_name(name).cloned());
        named.collect::<Option<_>>().ok_or_else(missing)
    }
}

/// The inverse of [`segment::encode`]; `None` if the columns are of other types.
fn decode(columns: &[ArrayRef], names: &[&str]) -> Option<Vec<FileFilters>> {
    let [days, content, filters @ ..] = columns else { return None };
    let (days, content) = (days.as_primitive_opt::<Date32Type>()?, content.as_fixed_size_binary_opt()?);
    let filters: Vec<&BinaryArray> =
        filters.iter().map(|filters| filters.as_binary_opt::<i32>()).collect::<Option<_>>()?;
    let of_column = |column: &str, row: usize| {
        let filters = filters.get(names.iter().position(|name| *name == column)?)?;
        filters.is_valid(row).then(|| Bytes::copy_from_slice(filters.value(row)))
    };
    let files = (0..content.len()).map(|row| {
        Some(FileFilters {
            day: days.is_valid(row).then(|| days.value(row)),
            checksum: Checksum::from_bytes(content.value(row))?,
            columns: COLUMNS.iter().map(|column| of_column(column, row)).collect(),
        })
    });
    files.collect()
}

/// The column chunks of a file that were read, by where they begin.
struct Chunks {
    size: u64,
    chunks: Vec<(u64, Bytes)>,
}

impl Chunks {
    /// What of a chunk begins at this place of the file.
    fn rest_at(&self, start: u64) -> Result<Bytes, ParquetError> {
        let rest = |(first, chunk): &(u64, Bytes)| {
            let skipped = usize::try_from(start.checked_sub(*first)?).ok()?;
            (skipped < chunk.len()).then(|| chunk.slice(skipped..))
        };
        let found = self.chunks.iter().find_map(rest);
        found.ok_or_else(|| ParquetError::EOF("this was not read".to_owned()))
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Chunks {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.rest_at(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let rest = self.rest_at(start)?;
        match length <= rest.len() {
            true => Ok(rest.slice(..length)),
            false => Err(ParquetError::EOF("this was not read".to_owned())),
        }
    }
}
