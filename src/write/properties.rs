//! How data files are encoded: per column, from `schemas/cloudtrail.json`, and per file, from what is in it.

use std::sync::{Arc, LazyLock};

use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};

use super::compress::Codec;
use crate::table::column::{Column, ColumnEncoding, columns, id, table};

/// Row groups end at this many rows, so that readers can skip within a partition of small rows.
pub(super) const ROW_GROUP_ROWS: usize = 1 << 20;

/// Of the values looked up in vain, one in a hundred passes the bloom filter. A filter then takes about ten bits
/// for a value.
const FALSE_POSITIVES: f64 = 0.01;

/// Of ids one in ten thousand, for twenty bits: whether an event is there already is asked of every file of its day and
/// service, and a file that says perhaps must be read.
const ID_FALSE_POSITIVES: f64 = 0.0001;

/// Pages end at this many bytes of values, unless a single one is longer: what Security Lake asks of its
/// [custom sources](https://docs.aws.amazon.com/security-lake/latest/userguide/custom-sources-best-practices.html).
pub(super) const PAGE_BYTES: usize = 1_000_000;

/// Pages end at this many rows, so that readers that look for one value decode few others.
pub(super) const PAGE_ROWS: usize = 20_000;

/// Where distinct values come to more, values are written as they are.
pub(super) const DICTIONARY_BYTES: usize = PAGE_BYTES;

/// On pages as small as these, level 3 takes half as long again and makes them no smaller.
pub(super) const ZSTD_LEVEL: i32 = 1;

/// In files of fewer rows only columns of varied values, ids and JSON texts are compressed. The others hold a few dictionary
/// indices there.
const SMALL_FILE_ROWS: usize = 4096;

/// In files of fewer rows, only ids and JSON texts.
const TINY_FILE_ROWS: usize = 16;

/// The key of a data file's footer that holds the version of the table by which it was written.
pub const SCHEMA_VERSION: &str = "trailhouse.schema";

/// What all files say of themselves.
pub(super) static FILE: LazyLock<WriterPropertiesPtr> = LazyLock::new(|| {
    let said = [
        KeyValue::new("trailhouse.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        KeyValue::new(SCHEMA_VERSION.to_owned(), table().version.to_string()),
    ];
    let properties = WriterProperties::builder()
        .set_sorting_columns(Some(sorting()))
        .set_key_value_metadata(Some(said.to_vec()));
    Arc::new(properties.build())
});

/// How a column of a file is encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkPlan {
    /// Rows that the file will have, at most.
    rows: usize,
    /// Whether there is to be a dictionary, as long as it is small.
    pub(super) dictionary: bool,
    pub(super) codec: Codec,
    /// Whether the least and the greatest value are told, of the chunk and of its pages.
    pub(super) ranged: bool,
    /// How many of the values that are not there may pass the bloom filter, if there is to be one.
    pub(super) filter: Option<f64>,
}

impl ChunkPlan {
    /// For column number `index` of a file of up to `rows` rows, which has values if it is `present`.
    pub(super) fn new(index: usize, rows: usize, present: bool) -> Self {
        let column = &columns()[index];
        let is_small = rows < SMALL_FILE_ROWS;
        let pays = carries_bytes(column) || (column.varied && rows >= TINY_FILE_ROWS);
        let false_positives = if index == id::EVENT_ID { ID_FALSE_POSITIVES } else { FALSE_POSITIVES };
        Self {
            rows,
            // Truth values are bits already.
            dictionary: column.encoding == ColumnEncoding::Dictionary,
            // A column without values is a run of nulls: nothing to compress.
            codec: if present && (pays || !is_small) { Codec::Zstd } else { Codec::Plain },
            // Ids are random, and the first bytes of a JSON text prune nothing. Their nulls are told.
            ranged: !carries_bytes(column),
            filter: (present && column.bloom).then_some(false_positives),
        }
    }

    /// A filter with room for values that all differ.
    ///
    /// # Errors
    /// Never: the rates of false positives are sound.
    pub(super) fn filter(&self) -> Result<Option<Sbbf>, ParquetError> {
        let values = self.rows.min(ROW_GROUP_ROWS) as u64;
        self.filter.map(|false_positives| Sbbf::new_with_ndv_fpp(values, false_positives)).transpose()
    }
}

/// Ids and JSON texts.
fn carries_bytes(column: &Column) -> bool {
    column.encoding == ColumnEncoding::Plain && column.column_type.is_text()
}

/// `event_time, event_id`, ascending, nulls last. Both lie before the first nested column, so that the position of
/// the column is that of its leaf.
fn sorting() -> Vec<SortingColumn> {
    [id::EVENT_TIME, id::EVENT_ID]
        .map(|column| SortingColumn { column_idx: column as i32, descending: false, nulls_first: false })
        .to_vec()
}
