//! Files one behind the other in the order of their times, so that what is asked for in that order needs no sorting.
//!
//! The rows of a file are in order. Files of one service and region follow one another, day by day; those of several overlap. As
//! few rows of files as there must be are made, none of which overlaps in itself; DataFusion merges them. Where that would be
//! many, or many files, what is asked for in order is sorted.

use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::Schema;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Result, ScalarValue, Statistics, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::FileGroup;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};

use crate::dataset::StoredFile;
use crate::table::column::{columns, id};

/// Rows of files that are merged, at most.
const MOST_ROWS: usize = 16;

/// Files that are laid out, at most: what is said of each takes memory.
const MOST_FILES: usize = 512;

/// Files whose times are told, at most: of each that takes some kilobytes.
const MOST_TIMED: usize = 16_384;

/// A row of files.
struct Line<'f> {
    last: i64,
    files: Vec<(&'f StoredFile, &'f PartitionedFile)>,
}

/// The files in rows of their order, as many as there are `target` threads or more; `schema` is that of what is read of them.
/// None if their times are not read, or they are not known to be in order, or overlap too much.
pub(super) fn in_order(
    schema: &Schema,
    stored: &[&StoredFile],
    files: &[PartitionedFile],
    target: usize,
) -> Option<Vec<FileGroup>> {
    if files.len() > MOST_FILES
        || !stored.iter().all(|file| file.ordered)
        || position(schema, id::EVENT_TIME).is_none()
    {
        return None;
    }
    let mut timed = stored.iter().zip(files).map(|(stored, file)| Some((stored.times?, *stored, file)));
    let mut timed = timed.by_ref().collect::<Option<Vec<_>>>()?;
    timed.sort_by_key(|(times, ..)| *times);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for ((first, last), stored, file) in timed {
        // The one that ends last before the file begins.
        match lines.iter_mut().filter(|line| line.last < first).max_by_key(|line| line.last) {
            Some(line) => {
                line.last = last;
                line.files.push((stored, file));
            }
            None => lines.push(Line { last, files: vec![(stored, file)] }),
        }
        if lines.len() > MOST_ROWS {
            return None;
        }
    }
    let mut lines: Vec<_> = lines.into_iter().map(|line| line.files).collect();
    while lines.len() < target && halve_the_longest(&mut lines) {}
    let described = |(stored, file): (&StoredFile, &PartitionedFile)| described(schema, stored, file.clone());
    Some(lines.into_iter().map(|line| line.into_iter().map(described).collect()).collect())
}

/// The files with their times, by which those that are asked for first can be read first, and others not at all; as they are if
/// their times are not read, or they are too many.
pub(super) fn timed(
    schema: &Schema,
    stored: &[&StoredFile],
    files: Vec<PartitionedFile>,
) -> Vec<PartitionedFile> {
    if files.len() > MOST_TIMED || position(schema, id::EVENT_TIME).is_none() {
        return files;
    }
    stored.iter().zip(files).map(|(stored, file)| described(schema, stored, file)).collect()
}

/// A file with what is known of the columns that it is sorted by.
fn described(schema: &Schema, stored: &StoredFile, file: PartitionedFile) -> PartitionedFile {
    file.with_statistics(Arc::new(bounds(schema, stored)))
}

/// Makes two rows of the one with most bytes among those of several files. Whether there was one.
fn halve_the_longest<'f>(lines: &mut Vec<Vec<(&'f StoredFile, &'f PartitionedFile)>>) -> bool {
    let size = |line: &[(&StoredFile, &PartitionedFile)]| {
        line.iter().map(|(stored, _)| stored.meta.size).sum::<u64>()
    };
    let longest = lines.iter_mut().filter(|line| line.len() > 1).max_by_key(|line| size(line));
    let Some(line) = longest else { return false };
    let half = size(line) / 2;
    let mut sum = 0;
    let middle = line.iter().position(|(stored, _)| {
        sum += stored.meta.size;
        sum > half
    });
    let middle = middle.unwrap_or(1).clamp(1, line.len() - 1);
    let rest = line.split_off(middle);
    lines.push(rest);
    true
}

/// Where a column is in what is read.
fn position(schema: &Schema, column: usize) -> Option<usize> {
    schema.index_of(&columns()[column].name).ok()
}

/// What is known of the columns that a file is sorted by.
fn bounds(schema: &Schema, file: &StoredFile) -> Statistics {
    let mut statistics = Statistics::default();
    if let Some(rows) = file.rows {
        statistics.num_rows = Precision::Exact(rows as usize);
    }
    statistics.column_statistics = vec![ColumnStatistics::new_unknown(); schema.fields().len()];
    if let (Some(position), Some((first, last))) = (position(schema, id::EVENT_TIME), file.times) {
        let time =
            |micros| Precision::Inexact(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
        let of_time = &mut statistics.column_statistics[position];
        (of_time.min_value, of_time.max_value) = (time(first), time(last));
        let nulls = file.rows.and_then(|rows| file.valued.nulls(id::EVENT_TIME, rows));
        of_time.null_count = nulls.map_or(Precision::Absent, |nulls| Precision::Exact(nulls as usize));
    }
    if let Some(position) = position(schema, id::EVENT_ID) {
        // No text is less than none, and none that is an id is greater than this.
        let text = |text: &str| {
            let value = ScalarValue::from(text).cast_to(schema.field(position).data_type());
            value.map_or(Precision::Absent, Precision::Inexact)
        };
        let of_id = &mut statistics.column_statistics[position];
        (of_id.min_value, of_id.max_value) = (text(""), text("\u{10ffff}"));
    }
    statistics
}

/// The order of rows within a file, by as many of its columns as are read.
pub(super) fn by_time(schema: &Schema) -> Result<LexOrdering> {
    let options = SortOptions { descending: false, nulls_first: false };
    let read = [id::EVENT_TIME, id::EVENT_ID].into_iter().map_while(|column| {
        let (name, position) = (&columns()[column].name, position(schema, column)?);
        Some(PhysicalSortExpr::new(Arc::new(Column::new(name, position)), options))
    });
    LexOrdering::new(read).ok_or_else(|| internal_datafusion_err!("an order of nothing"))
}
