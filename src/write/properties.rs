//! How data files are encoded: per column, from `schemas/cloudtrail.json`, and per file, from what is in it.

use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::table::column::{Column, ColumnEncoding, ColumnType, columns, id, table};

/// Row groups end at this many rows, so that readers can skip within a partition of small rows.
pub(super) const ROW_GROUP_ROWS: usize = 1 << 20;

/// Of the values looked up in vain, one in a hundred passes the bloom filter. A filter then takes about ten bits
/// for a value.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

/// Of ids one in ten thousand, for twenty bits: whether an event is there already is asked of every file of its day and
/// service, and a file that says perhaps must be read.
const ID_FALSE_POSITIVES: f64 = 0.0001;

/// Values longer than this are cut in statistics; ids, names and times are shorter.
const STATISTICS_BYTES: usize = 64;

/// On pages as small as these, level 3 takes half as long again and makes them no smaller.
pub(super) const ZSTD_LEVEL: i32 = 1;

/// In files of fewer rows only columns of varied values, ids and JSON texts are compressed. The others hold a few dictionary
/// indices there.
const SMALL_FILE_ROWS: usize = 4096;

/// In files of fewer rows, only ids and JSON texts.
const TINY_FILE_ROWS: usize = 16;

/// The key of a data file's footer that holds the version of the table by which it was written.
pub const SCHEMA_VERSION: &str = "trailhouse.schema";

/// The properties of a file of `rows` rows in which the columns of `present` (a bit each) have values.
pub(super) fn for_file(rows: usize, present: u128) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(STATISTICS_BYTES))
        .set_column_index_truncate_length(Some(STATISTICS_BYTES))
        .set_sorting_columns(Some(sorting()))
        .set_key_value_metadata(Some(vec![
            KeyValue::new("trailhouse.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            KeyValue::new(SCHEMA_VERSION.to_owned(), table().version.to_string()),
        ]));
    let level = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    for (index, column) in columns().iter().enumerate() {
        // A column without values is a run of nulls: nothing to compress, no dictionary to make.
        if present >> index & 1 == 0 {
            continue;
        }
        for path in leaves(column) {
            if !is_small(rows) {
                builder = builder.set_column_compression(path.clone(), Compression::ZSTD(level));
            }
            if column.encoding == ColumnEncoding::Dictionary {
                builder = builder.set_column_dictionary_enabled(path.clone(), true);
            }
            if carries_bytes(column) {
                // Ids are random, and the first bytes of a JSON text prune nothing. Nulls are counted by the encoder.
                builder = builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::None);
            }
            if column.bloom {
                let false_positives =
                    if index == id::EVENT_ID { ID_FALSE_POSITIVES } else { BLOOM_FALSE_POSITIVES };
                builder = builder
                    .set_column_bloom_filter_fpp(path.clone(), false_positives)
                    .set_column_bloom_filter_max_ndv(path, rows.min(ROW_GROUP_ROWS) as u64);
            }
        }
    }
    builder.build()
}

/// Whether a file of `rows` rows has its columns compressed by [`compress`](super::compress::compress).
pub(super) fn is_small(rows: usize) -> bool {
    rows < SMALL_FILE_ROWS
}

/// Whether that is to be done to a column of it.
pub(super) fn is_compressed_if_small(column: &Column, rows: usize) -> bool {
    carries_bytes(column) || (column.varied && rows >= TINY_FILE_ROWS)
}

/// Ids and JSON texts.
pub(super) fn carries_bytes(column: &Column) -> bool {
    column.encoding == ColumnEncoding::Plain && column.column_type.is_text()
}

/// The Parquet leaf columns of a column.
fn leaves(column: &Column) -> Vec<ColumnPath> {
    let path = |parts: &[&str]| ColumnPath::new(parts.iter().map(|part| (*part).to_owned()).collect());
    match column.column_type {
        ColumnType::TextList => vec![path(&[&column.name, "list", "element"])],
        ColumnType::Resources => crate::table::column::RESOURCE_MEMBERS
            .iter()
            .map(|(_, member)| path(&[&column.name, "list", "element", member]))
            .collect(),
        _ => vec![path(&[&column.name])],
    }
}

/// `event_time, event_id`, ascending, nulls last. Both lie before the first nested column, so that the position of
/// the column is that of its leaf.
fn sorting() -> Vec<SortingColumn> {
    [id::EVENT_TIME, id::EVENT_ID]
        .map(|column| SortingColumn { column_idx: column as i32, descending: false, nulls_first: false })
        .to_vec()
}
