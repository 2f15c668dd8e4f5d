//! Segments of the ledger as they are stored: Parquet files of one row for each object, with a manifest in the footer.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array as _, AsArray as _, FixedSizeBinaryArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use bytes::Bytes;
use chrono::DateTime;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::ledger::{Known, Manifest};
use super::{Error, LedgerEntry};

/// The key of a segment's footer that lists what is good beside it.
const MANIFEST: &str = "trailhouse.manifest";

/// A segment in memory, as it is stored.
pub(super) struct StoredSegment {
    pub(super) path: Path,
    pub(super) content: Bytes,
}

impl StoredSegment {
    fn unreadable(&self, source: ParquetError) -> Error {
        Error::Unreadable { file: self.path.to_string(), source }
    }

    fn reader(&self) -> Result<ParquetRecordBatchReaderBuilder<Bytes>, Error> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(self.content.clone());
        reader.map_err(|source| self.unreadable(source))
    }

    pub(super) fn manifest(&self) -> Result<Manifest, Error> {
        let reader = self.reader()?;
        let pairs = reader.metadata().file_metadata().key_value_metadata();
        let text = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == MANIFEST)?.value.as_deref());
        let manifest = serde_json::from_str(text.unwrap_or_default());
        manifest.map_err(|source| self.unreadable(ParquetError::External(source.into())))
    }

    pub(super) fn batches(&self) -> Result<Vec<RecordBatch>, Error> {
        let reader = self.reader()?.build().map_err(|source| self.unreadable(source))?;
        let batches = reader.collect::<Result<Vec<_>, _>>();
        batches.map_err(|source| self.unreadable(source.into()))
    }

    /// The objects in it, if the hashes of all of them are those of their names and states.
    pub(super) fn checked_rows(&self) -> Result<usize, Error> {
        let known = self.known()?;
        let other = || self.unreadable(ParquetError::General("it has other columns".to_owned()));
        let mut row = 0;
        for batch in self.batches()? {
            for entry in decode(&batch).ok_or_else(other)? {
                if known.get(row) != Some(&entry.known()) {
                    let error = format!("the hashes of row {row} are not those of its object");
                    return Err(self.unreadable(ParquetError::General(error)));
                }
                row += 1;
            }
        }
        Ok(row)
    }

    pub(super) fn known(&self) -> Result<Vec<Known>, Error> {
        let reader = self.reader()?;
        let columns = parquet::arrow::ProjectionMask::columns(reader.parquet_schema(), ["name", "state"]);
        let reader = reader.with_projection(columns).build().map_err(|source| self.unreadable(source))?;
        let mut known = Vec::new();
        for batch in reader {
            let batch = batch.map_err(|source| self.unreadable(source.into()))?;
            let names = batch.column_by_name("name").and_then(|names| names.as_fixed_size_binary_opt());
            let states =
                batch.column_by_name("state").and_then(|states| states.as_primitive_opt::<Int64Type>());
            let (Some(names), Some(states)) = (names, states) else {
                return Err(self.unreadable(ParquetError::General("it has other columns".to_owned())));
            };
            known.extend((0..batch.num_rows()).map(|row| {
                let word = |at: usize| {
                    let bytes = names.value(row).get(at..).and_then(|rest| rest.first_chunk());
                    u64::from_le_bytes(bytes.copied().unwrap_or_default())
                };
                Known { name: [word(0), word(8)], state: states.value(row).cast_unsigned() }
            }));
        }
        Ok(known)
    }
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("object", DataType::Utf8, false),
        Field::new("size", DataType::Int64, false),
        Field::new("modified", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        Field::new("e_tag", DataType::Utf8, true),
        Field::new("filter", DataType::Utf8, false),
        // What a run needs to know of all objects, in few bytes: the hash of the name, and of the rest.
        Field::new("name", DataType::FixedSizeBinary(16), false),
        Field::new("state", DataType::Int64, false),
    ]))
});

pub(super) fn encode(entries: &[LedgerEntry]) -> Result<RecordBatch, ParquetError> {
    let known: Vec<Known> = entries.iter().map(LedgerEntry::known).collect();
    let names = known.iter().map(|known| known.name.map(u64::to_le_bytes).concat());
    let modified: TimestampMicrosecondArray =
        entries.iter().map(|entry| Some(entry.modified.timestamp_micros())).collect();
    let batch = RecordBatch::try_new(
        SCHEMA.clone(),
        vec![
            Arc::new(StringArray::from_iter_values(entries.iter().map(|entry| &entry.object))),
            Arc::new(Int64Array::from_iter_values(entries.iter().map(|entry| entry.size.cast_signed()))),
            Arc::new(modified.with_timezone("UTC")),
            Arc::new(entries.iter().map(|entry| entry.e_tag.as_deref()).collect::<StringArray>()),
            Arc::new(StringArray::from_iter_values(entries.iter().map(|entry| &entry.filter))),
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(names.map(Some), 16)?),
            Arc::new(Int64Array::from_iter_values(known.iter().map(|known| known.state.cast_signed()))),
        ],
    );
    Ok(batch?)
}

/// The inverse of [`encode`]; `None` if the batch has other columns.
fn decode(batch: &RecordBatch) -> Option<Vec<LedgerEntry>> {
    let texts = |name| batch.column_by_name(name)?.as_string_opt::<i32>();
    let (objects, e_tags, filters) = (texts("object")?, texts("e_tag")?, texts("filter")?);
    let sizes = batch.column_by_name("size")?.as_primitive_opt::<Int64Type>()?;
    let modified = batch.column_by_name("modified")?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let entries = (0..batch.num_rows()).map(|row| LedgerEntry {
        object: objects.value(row).to_owned(),
        size: sizes.value(row).cast_unsigned(),
        modified: DateTime::from_timestamp_micros(modified.value(row)).unwrap_or_default(),
        e_tag: e_tags.is_valid(row).then(|| e_tags.value(row).to_owned()),
        filter: filters.value(row).to_owned(),
    });
    Some(entries.collect())
}

pub(super) fn write(batches: Vec<RecordBatch>, manifest: &Manifest) -> Result<Vec<u8>, ParquetError> {
    let manifest = serde_json::to_string(manifest).map_err(|source| ParquetError::External(source.into()))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        // Hashes are as good as random.
        .set_column_dictionary_enabled("name".into(), false)
        .set_column_dictionary_enabled("state".into(), false)
        .set_key_value_metadata(Some(vec![KeyValue::new(MANIFEST.to_owned(), manifest)]))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), SCHEMA.clone(), Some(properties))?;
    for batch in batches {
        writer.write(&batch)?;
    }
    writer.into_inner()
}
