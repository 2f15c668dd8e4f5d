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

use super::valued::Valued;
use crate::table::column::{ColumnType, columns, id};

/// Columns with statistics in the log.
pub(super) const COLUMNS: [usize; 7] = [
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

/// What the log says of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// How many rows it has.
    pub(super) rows: Option<u64>,
    /// Its earliest and latest time, or bounds of them, in microseconds since 1970.
    pub(super) times: Option<(i64, i64)>,
    /// Whether every row has a time.
    pub(super) all_timed: bool,
    /// Which columns have values.
    pub(super) valued: Valued,
}

/// Reads what the log says of a file.
pub(super) fn told(statistics: &str) -> Told {
    let Ok(logged) = serde_json::from_str::<Logged>(statistics) else { return Told::default() };
    let micros =
        |bound: Bound| Some(DateTime::parse_from_rfc3339(&bound.event_time?).ok()?.timestamp_micros());
    let times = logged.min_values.and_then(micros).zip(logged.max_values.and_then(micros));
    let nulls = logged.null_count.map(Nulls::in_order).unwrap_or_default();
    let valued = logged.num_records.map(|rows| Valued::new(rows, nulls)).unwrap_or_default();
    Told { rows: logged.num_records, times, all_timed: nulls[0] == Some(0), valued }
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
    null_count: Option<Nulls>,
}

#[derive(Deserialize)]
struct Bound<'a> {
    #[serde(borrow)]
    event_time: Option<Cow<'a, str>>,
}

/// How many rows have no value.
#[derive(Deserialize)]
struct Nulls {
    event_time: Option<u64>,
    event_name: Option<u64>,
    recipient_account_id: Option<u64>,
    user_identity_arn: Option<u64>,
    user_identity_account_id: Option<u64>,
    source_ip_address: Option<u64>,
    error_code: Option<u64>,
}

impl Nulls {
    /// In the order of [`COLUMNS`].
    fn in_order(self) -> [Option<u64>; COLUMNS.len()] {
        [
            self.event_time,
            self.event_name,
            self.recipient_account_id,
            self.user_identity_arn,
            self.user_identity_account_id,
            self.source_ip_address,
            self.error_code,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_counts_are_those_of_the_columns() {
        for (position, column) in COLUMNS.into_iter().enumerate() {
            let name = &columns()[column].name;
            let said = json!({"numRecords": 2, "nullCount": {name: 2}});
            let mut nulls = [None; COLUMNS.len()];
            nulls[position] = Some(2);
            assert_eq!(told(&said.to_string()).valued, Valued::new(2, nulls));
        }
    }

    #[test]
    fn rows_and_times_are_found_in_what_the_log_says() {
        let name = &columns()[id::EVENT_TIME].name;
        let said = json!({
            "numRecords": 3,
            "minValues": {name: "2025-03-01T00:00:00.001Z", "event_name": "A"},
            "maxValues": {"error_code": null, name: "2025-03-01T00:00:01.000Z"},
            "nullCount": {name: 0, "error_code": 3, "user_identity_arn": 1},
        });
        let first = 1_740_787_200_000_000;
        let times = (first + 1000, first + 1_000_000);
        let nulls = [Some(0), None, None, Some(1), None, None, Some(3)];
        let valued = Valued::new(3, nulls);
        assert_eq!(
            told(&said.to_string()),
            Told { rows: Some(3), times: Some(times), all_timed: true, valued }
        );
        assert_eq!(valued.nulls(id::ERROR_CODE, 3), Some(3));
        assert_eq!(told(r#"{"numRecords":3}"#), Told { rows: Some(3), ..Told::default() });
        assert_eq!(told(r#"{"minValues":{"event_time":"x"},"maxValues":{}}"#), Told::default());
        assert_eq!(told(r#"{"nullCount":{"event_time":2}}"#), Told::default());
        assert_eq!(told("?"), Told::default());
    }
}
