//! A segment as it is stored: a Parquet file of a row for each data file, and a column for each that has filters.
//!
//! Nothing in it is encoded or compressed: bits of filters are as good as random. Who asks for one column reads that alone, and
//! must know all the same whether it is as it was written. So the footer holds the checksums of all column chunks, and the
//! name the beginning of the footer's own.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BinaryArray, Date32Array, FixedSizeBinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{FooterTail, KeyValue, RowGroupMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::{COLUMNS, FileFilters, SegmentName};
use crate::dataset::checksum::Checksum;

/// The column of the files' days.
pub(super) const DAY: &str = "date";

/// The column of the files' checksums.
pub(super) const CONTENT: &str = "checksum";

/// The key of a footer's list of checksums: those of the column chunks, row group by row group.
pub(super) const CHECKSUMS: &str = "trailhouse.blake3";

/// Row groups hold about so many bytes of filters: what is read at a time.
const ROW_GROUP_BYTES: usize = 2 << 20;

/// Digits of the footer's checksum that are part of the name.
const NAMED_DIGITS: usize = 16;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let own = [
        Field::new(DAY, DataType::Date32, true),
        Field::new(CONTENT, DataType::FixedSizeBinary(Checksum::BYTES as i32), false),
    ];
    let filters = COLUMNS.iter().map(|column| Field::new(*column, DataType::Binary, true));
    Arc::new(Schema::new(own.into_iter().chain(filters).collect::<Vec<_>>()))
});

/// A segment that is not yet stored.
#[derive(Debug)]
pub(super) struct NewSegment {
    pub(super) path: Path,
    pub(super) content: Bytes,
}

/// The segment of these files, which came with the work of that stem. What it is follows from the files alone.
pub(super) fn encode(mut files: Vec<FileFilters>, stem: &str) -> Result<NewSegment, ParquetError> {
    files.sort_unstable();
    files.dedup_by_key(|file| file.checksum);
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled(DAY.into(), EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), SCHEMA.clone(), Some(properties))?;
    let mut bytes = 0;
    let row_groups = files.chunk_by(|file, next| {
        bytes += file.memory_size();
        let fits = bytes + next.memory_size() <= ROW_GROUP_BYTES;
        bytes = if fits { bytes } else { 0 };
        fits
    });
    for files in row_groups {
        writer.write(&batch(files)?)?;
        writer.flush()?;
    }
    writer.sync()?;
    let checksums = checksums(writer.inner(), writer.flushed_row_groups());
    writer.append_key_value_metadata(KeyValue::new(CHECKSUMS.to_owned(), checksums));
    let content = Bytes::from(writer.into_inner()?);
    let checksum = named_digits(footer(&content)?);
    let path = SegmentName { stem, checksum: &checksum }.path();
    Ok(NewSegment { path, content })
}

fn batch(files: &[FileFilters]) -> Result<RecordBatch, ParquetError> {
    let checksums = files.iter().map(|file| file.checksum.as_bytes());
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(files.iter().map(|file| file.day).collect::<Date32Array>()),
        Arc::new(FixedSizeBinaryArray::try_from_iter(checksums)?),
    ];
    arrays.extend((0..COLUMNS.len()).map(|column| {
        let filters = files.iter().map(|file| file.columns.get(column)?.as_deref());
        Arc::new(filters.collect::<BinaryArray>()) as ArrayRef
    }));
    Ok(RecordBatch::try_new(SCHEMA.clone(), arrays)?)
}

/// Those of all column chunks, behind one another.
fn checksums(content: &[u8], row_groups: &[RowGroupMetaData]) -> String {
    let chunks = row_groups.iter().flat_map(RowGroupMetaData::columns);
    let checksum = |(start, length): (u64, u64)| {
        let chunk = content.get(start as usize..(start + length) as usize);
        Checksum::of(chunk.unwrap_or_default()).to_string()
    };
    chunks.map(|chunk| checksum(chunk.byte_range())).collect()
}

/// The footer at the end of these bytes, with its length behind it.
///
/// # Errors
/// If there is none, or not all of it.
pub(super) fn footer(tail: &[u8]) -> Result<&[u8], ParquetError> {
    let length = footer_length(tail)?;
    let footer = tail.len().checked_sub(length).and_then(|start| tail.get(start..));
    footer.ok_or_else(|| ParquetError::EOF("the footer is cut off".to_owned()))
}

/// How long the footer is whose end is that of these bytes.
///
/// # Errors
/// If there is none.
pub(super) fn footer_length(tail: &[u8]) -> Result<usize, ParquetError> {
    let end = tail.last_chunk::<FOOTER_SIZE>().ok_or_else(|| ParquetError::EOF("no footer".to_owned()))?;
    Ok(FooterTail::try_new(end)?.metadata_length() + FOOTER_SIZE)
}

/// What the name of a segment says of its footer.
pub(super) fn named_digits(footer: &[u8]) -> String {
    let mut digits = Checksum::of(footer).to_string();
    digits.truncate(NAMED_DIGITS);
    digits
}
