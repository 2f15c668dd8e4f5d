//! What the log says, read batch by batch: the files that count, and those that do not any more.
//!
//! The library's own table state holds all of it in memory, statistics as text and parsed, some three kilobytes for each
//! file. Here nothing is held but what comes of a batch.

use std::collections::HashMap;

use arrow::array::{Array, AsArray as _, MapArray, PrimitiveArray, RecordBatch, StringArray, StructArray};
use arrow::datatypes::Int64Type;
use chrono::DateTime;
use delta_kernel::engine::arrow_data::EngineDataArrowExt as _;
use delta_kernel::schema::{DataType, StructField, StructType};
use delta_kernel::{Engine, SnapshotRef};
use hashbrown::HashSet;
use object_store::ObjectMeta;
use object_store::path::Path;

use super::actions::CHECKSUM;
use super::checksum::Checksum;
use super::files::{Files, Packing};
use super::log_error::LogError;
use super::statistics::Told;
use super::{StoredFile, statistics};
use crate::partition::PartitionKey;

/// The files that count.
pub(super) fn files(snapshot: &SnapshotRef, engine: &dyn Engine) -> Result<Files, LogError> {
    let mut files = Packing::default();
    each_batch(snapshot, engine, |rows| {
        let tags = Tags::of(&rows)?;
        for row in rows.selected() {
            let statistics = (!rows.statistics.is_null(row)).then(|| rows.statistics.value(row));
            let (bytes, modified) = (rows.bytes.value(row), rows.modified.value(row));
            let checksum = tags.value(row, CHECKSUM);
            files.push(&stored_file(rows.path(row), bytes, modified, statistics, checksum)?);
        }
        Ok(())
    })?;
    Ok(files.finish())
}

/// What the files that count have as the value of a tag.
pub(super) fn tags(
    snapshot: &SnapshotRef,
    engine: &dyn Engine,
    tag: &str,
) -> Result<HashMap<Path, String>, LogError> {
    let mut values = HashMap::new();
    each_batch(snapshot, engine, |rows| {
        let tags = Tags::of(&rows)?;
        let found =
            rows.selected().filter_map(|row| Some((rows.path(row), tags.value(row, tag)?.to_owned())));
        values.extend(found);
        Ok(())
    })?;
    Ok(values)
}

/// The files that counted before, and do not any more, as far back as the log remembers.
pub(super) fn removed(snapshot: &SnapshotRef, engine: &dyn Engine) -> Result<HashSet<Path>, LogError> {
    let remove = StructType::try_new([StructField::nullable("path", DataType::STRING)])?;
    let schema = StructType::try_new([StructField::nullable("remove", remove)])?;
    let mut removed = HashSet::new();
    for actions in snapshot.log_segment().read_actions(engine, schema.into())? {
        let batch = actions?.actions.try_into_record_batch()?;
        let removes: &StructArray = column(&batch, "remove")?;
        let paths: &StringArray = column(removes, "path")?;
        let rows = (0..removes.len()).filter(|row| !removes.is_null(*row) && !paths.is_null(*row));
        removed.extend(rows.map(|row| location(paths.value(row))));
    }
    Ok(removed)
}

/// The tags of a batch of files.
pub(super) struct Tags<'a> {
    all: &'a MapArray,
    keys: &'a StringArray,
    values: &'a StringArray,
}

impl<'a> Tags<'a> {
    fn of(rows: &Rows<'a>) -> Result<Self, LogError> {
        Self::among(rows.constants)
    }

    /// Those in a column of this name.
    pub(super) fn among(columns: &'a StructArray) -> Result<Self, LogError> {
        let all: &MapArray = column(columns, "tags")?;
        Ok(Self { all, keys: text(all.keys())?, values: text(all.values())? })
    }

    pub(super) fn value(&self, row: usize, tag: &str) -> Option<&'a str> {
        if self.all.is_null(row) {
            return None;
        }
        let offsets = self.all.value_offsets();
        let mut entries = offsets[row] as usize..offsets[row + 1] as usize;
        let entry = entries.find(|entry| self.keys.value(*entry) == tag && !self.values.is_null(*entry))?;
        Some(self.values.value(entry))
    }
}

/// A data file, by what the log says of it. It has a checksum if trailhouse wrote it.
pub(super) fn stored_file(
    location: Path,
    bytes: i64,
    modified_millis: i64,
    statistics: Option<&str>,
    checksum: Option<&str>,
) -> Result<StoredFile, LogError> {
    let partition =
        location.as_ref().rsplit_once('/').and_then(|(directory, _)| PartitionKey::parse(directory));
    let partition = partition.ok_or_else(|| LogError::ForeignFile { path: location.to_string() })?;
    let meta = ObjectMeta {
        location,
        last_modified: DateTime::from_timestamp_millis(modified_millis).unwrap_or_default(),
        size: bytes.cast_unsigned(),
        e_tag: None,
        version: None,
    };
    let Told { rows, times, all_timed, valued } = statistics.map(statistics::told).unwrap_or_default();
    let (ordered, checksum) = (checksum.is_some() && all_timed, checksum.and_then(Checksum::parse));
    Ok(StoredFile { meta, partition, rows, times, ordered, valued, checksum })
}

/// A batch of the files that count.
struct Rows<'a> {
    paths: &'a StringArray,
    bytes: &'a PrimitiveArray<Int64Type>,
    modified: &'a PrimitiveArray<Int64Type>,
    statistics: &'a StringArray,
    /// What is the same for all rows of a file.
    constants: &'a StructArray,
    selection: &'a [bool],
}

impl Rows<'_> {
    /// Those that are meant. What the selection does not reach is.
    fn selected(&self) -> impl Iterator<Item = usize> {
        (0..self.paths.len()).filter(|row| self.selection.get(*row).is_none_or(|selected| *selected))
    }

    fn path(&self, row: usize) -> Path {
        location(self.paths.value(row))
    }
}

fn each_batch(
    snapshot: &SnapshotRef,
    engine: &dyn Engine,
    mut each: impl FnMut(Rows<'_>) -> Result<(), LogError>,
) -> Result<(), LogError> {
    let scan = snapshot.clone().scan_builder().without_row_transforms().build()?;
    for found in scan.scan_metadata(engine)? {
        let (data, selection) = found?.scan_files.into_parts();
        let batch = data.try_into_record_batch()?;
        each(Rows {
            paths: column(&batch, "path")?,
            bytes: column(&batch, "size")?,
            modified: column(&batch, "modificationTime")?,
            statistics: column(&batch, "stats")?,
            constants: column(&batch, "fileConstantValues")?,
            selection: &selection,
        })?;
    }
    Ok(())
}

/// A path as the log writes it.
pub(super) fn location(path: &str) -> Path {
    Path::from_url_path(path).unwrap_or_else(|_| Path::from(path))
}

/// What has columns.
pub(super) trait Columns {
    fn named(&self, name: &str) -> Option<&dyn Array>;
}

impl Columns for RecordBatch {
    fn named(&self, name: &str) -> Option<&dyn Array> {
        self.column_by_name(name).map(AsRef::as_ref)
    }
}

impl Columns for StructArray {
    fn named(&self, name: &str) -> Option<&dyn Array> {
        self.column_by_name(name).map(AsRef::as_ref)
    }
}

pub(super) fn column<'a, T: Array + 'static>(
    columns: &'a impl Columns,
    name: &'static str,
) -> Result<&'a T, LogError> {
    let column = columns.named(name).and_then(|column| column.as_any().downcast_ref());
    column.ok_or(LogError::Unexpected { column: name })
}

fn text(array: &dyn Array) -> Result<&StringArray, LogError> {
    array.as_string_opt().ok_or(LogError::Unexpected { column: "tags" })
}
