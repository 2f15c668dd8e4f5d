//! What the Delta log says of a data file's columns, from the file's own footer.
//!
//! Only of columns by which whole files can be told apart: a file is one service's day in one region, so its times
//! differ from those of the next, its event ids do not. See
//! [per-file statistics](https://github.com/delta-io/delta/blob/master/PROTOCOL.md#per-file-statistics).

use std::borrow::Cow;

use chrono::{DateTime, Datelike as _, SecondsFormat};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use serde::Deserialize;
use serde_json::{Map, json};

use crate::table::column::{ColumnType, columns, id};

/// Columns with statistics in the log.
const COLUMNS: [usize; 7] = [
    id::EVENT_TIME,
    id::EVENT_NAME,
    id::RECIPIENT_ACCOUNT_ID,
    id::USER_IDENTITY_ARN,
    id::USER_IDENTITY_ACCOUNT_ID,
    id::SOURCE_IP_ADDRESS,
    id::ERROR_CODE,
];

/// The statistics of a data file, as the log keeps them.
pub(super) fn of_file(footer: &ParquetMetaData) -> String {
    let (mut least, mut most, mut nulls) = (Map::new(), Map::new(), Map::new());
    for column in COLUMNS {
        // None of them is nested, nor behind one that is: a column is its leaf.
        let statistics: Option<Vec<&Statistics>> =
            footer.row_groups().iter().map(|rows| statistics(rows, column)).collect();
        let Some(statistics) = statistics else { continue };
        let name = &columns()[column].name;
        if let Some(count) =
            statistics.iter().map(|statistics| statistics.null_count_opt()).sum::<Option<u64>>()
        {
            nulls.insert(name.clone(), count.into());
        }
        let is_time = columns()[column].column_type == ColumnType::Timestamp;
        let range = if is_time { times(&statistics) } else { texts(&statistics) };
        if let Some((min, max)) = range {
            least.insert(name.clone(), min.into());
            most.insert(name.clone(), max.into());
        }
    }
    let rows = footer.file_metadata().num_rows();
    json!({"numRecords": rows, "minValues": least, "maxValues": most, "nullCount": nulls}).to_string()
}

fn statistics(rows: &RowGroupMetaData, column: usize) -> Option<&Statistics> {
    rows.columns()
        .iter()
        .find(|leaf| leaf.column_path().parts() == [columns()[column].name.as_str()])?
        .statistics()
}

/// The earliest and latest time. Delta's statistics end at milliseconds, so the latest is rounded up. Years beyond those
/// that readers know, as rounding may make, are left out.
fn times(statistics: &[&Statistics]) -> Option<(String, String)> {
    let range = |statistics: &&Statistics| match statistics {
        Statistics::Int64(values) => Some((*values.min_opt()?, *values.max_opt()?)),
        _ => None,
    };
    let ranges: Vec<(i64, i64)> = statistics.iter().filter_map(range).collect();
    let (min, max) = (ranges.iter().map(|(min, _)| *min).min()?, ranges.iter().map(|(_, max)| *max).max()?);
    let written = |millis: i64| {
        let time =
            DateTime::from_timestamp_millis(millis).filter(|time| (1..=9999).contains(&time.year()))?;
        Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
    };
    let up = i64::from(max.rem_euclid(1000) > 0);
    Some((written(min.div_euclid(1000))?, written(max.div_euclid(1000) + up)?))
}

/// The least and the greatest text, or bounds of them where they are long.
fn texts(statistics: &[&Statistics]) -> Option<(String, String)> {
    let mut range: Option<(&str, &str)> = None;
    for statistics in statistics {
        let Statistics::ByteArray(values) = statistics else { return None };
        let (Some(min), Some(max)) = (values.min_opt(), values.max_opt()) else {
            // A row group of nulls says nothing.
            if statistics.null_count_opt().is_some() { continue } else { return None }
        };
        let (min, max) = (min.as_utf8().ok()?, max.as_utf8().ok()?);
        range = Some(range.map_or((min, max), |(least, most)| (least.min(min), most.max(max))));
    }
    range.map(|(min, max)| (min.to_owned(), max.to_owned()))
}

/// The number of rows of a file, and its times in microseconds since 1970, out of what the log says of it.
pub(super) fn rows_and_times(statistics: &str) -> (Option<u64>, Option<(i64, i64)>) {
    let Ok(logged) = serde_json::from_str::<Logged>(statistics) else { return Default::default() };
    let micros =
        |bound: Bound| Some(DateTime::parse_from_rfc3339(&bound.event_time?).ok()?.timestamp_micros());
    let times = logged.min_values.and_then(micros).zip(logged.max_values.and_then(micros));
    (logged.num_records, times)
}

/// Of the statistics of a file, what is read again and again: the rest of them is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logged<'a> {
    num_records: Option<u64>,
    #[serde(borrow)]
    min_values: Option<Bound<'a>>,
    #[serde(borrow)]
    max_values: Option<Bound<'a>>,
}

#[derive(Deserialize)]
struct Bound<'a> {
    #[serde(borrow)]
    event_time: Option<Cow<'a, str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_times_are_found_in_what_the_log_says() {
        let name = &columns()[id::EVENT_TIME].name;
        let said = json!({
            "numRecords": 3,
            "minValues": {name: "2025-03-01T00:00:00.001Z", "event_name": "A"},
            "maxValues": {"error_code": null, name: "2025-03-01T00:00:01.000Z"},
            "nullCount": {name: 0},
        });
        let first = 1_740_787_200_000_000;
        let times = (first + 1000, first + 1_000_000);
        assert_eq!(rows_and_times(&said.to_string()), (Some(3), Some(times)));
        assert_eq!(rows_and_times(r#"{"numRecords":3}"#), (Some(3), None));
        assert_eq!(rows_and_times(r#"{"minValues":{"event_time":"x"},"maxValues":{}}"#), (None, None));
        assert_eq!(rows_and_times("?"), (None, None));
    }
}
