//! How data files are encoded: per column, from `schemas/cloudtrail.json`, and per file, from what is in it.

use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::table::column::{Column, ColumnEncoding, ColumnType, columns, id, table};

/// Row groups end at this many encoded bytes: what Athena and Spark like to read in one task.
const ROW_GROUP_BYTES: usize = 128 << 20;

/// Row groups end at this many rows, so that readers can skip within a partition of small rows.
const ROW_GROUP_ROWS: usize = 1 << 20;

/// Of the values looked up in vain, one in a hundred passes the bloom filter. A filter then takes about ten bits
/// for a value.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

/// Of ids one in ten thousand, for twenty bits: whether an event is there already is asked of every file of its day and
/// service, and a file that says perhaps must be read.
const ID_FALSE_POSITIVES: f64 = 0.0001;

/// Values longer than this are cut in statistics; ids, names and times are shorter.
const STATISTICS_BYTES: usize = 64;

/// In files of fewer rows only ids and JSON texts are compressed. The other columns hold a few dictionary indices
/// there, and setting up a compressor for each of them costs more time than all the compressing.
const SMALL_FILE_ROWS: usize = 4096;

/// The key of a data file's footer that holds the version of the table by which it was written.
pub const SCHEMA_VERSION: &str = "trailhouse.schema";

/// The properties of a file of `rows` rows in which the columns of `present` (a bit each) have values.
pub(super) fn for_file(rows: usize, present: u128) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(STATISTICS_BYTES))
        .set_column_index_truncate_length(Some(STATISTICS_BYTES))
        .set_sorting_columns(Some(sorting()))
        .set_key_value_metadata(Some(vec![
            KeyValue::new("trailhouse.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            KeyValue::new(SCHEMA_VERSION.to_owned(), table().version.to_string()),
        ]));
    for (index, column) in columns().iter().enumerate() {
        // A column without values is a run of nulls: nothing to compress, no dictionary to make.
        if present >> index & 1 == 0 {
            continue;
        }
        let carries_bytes = column.encoding == ColumnEncoding::Plain && column.column_type.is_text();
        for path in leaves(column) {
            if carries_bytes || rows >= SMALL_FILE_ROWS {
                builder = builder.set_column_compression(path.clone(), Compression::ZSTD(zstd_level()));
            }
            if column.encoding == ColumnEncoding::Dictionary {
                builder = builder.set_column_dictionary_enabled(path.clone(), true);
            }
            if column.column_type == ColumnType::Json {
                // The first bytes of a JSON text prune nothing.
                builder = builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk);
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

/// Level 3: on log files, higher levels save little and cost much.
fn zstd_level() -> ZstdLevel {
    ZstdLevel::try_new(3).unwrap_or_default()
}

/// `event_time, event_id`, ascending, nulls last. Both lie before the first nested column, so that the position of
/// the column is that of its leaf.
fn sorting() -> Vec<SortingColumn> {
    [id::EVENT_TIME, id::EVENT_ID]
        .map(|column| SortingColumn { column_idx: column as i32, descending: false, nulls_first: false })
        .to_vec()
}
