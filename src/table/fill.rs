//! Columns that take their value from elsewhere when the event lacks the field itself.
//!
//! Insight events name their source and API inside `insightDetails`; aggregated events have a window in place of a
//! time; events before 1.07 have no category. What is filled in is listed in `filled_fields`, so that it is never
//! taken for a part of the event.

use std::borrow::Cow;

use super::column::{ColumnKind, ColumnType, columns, id};
use super::extra::{Extra, json_object};
use super::row::{Cell, Row};
use super::time;
use crate::decode::Event;
use crate::decode::value::Value;

/// Fills what can be filled and returns the paths of the fields that were. Values kept in columns of their own are
/// taken out of `extra`.
pub(super) fn fill<'a>(event: &Event<'a>, row: &mut Row<'a>, extra: &mut Extra<'a>) -> Vec<Cow<'a, str>> {
    let mut filled = Vec::new();
    trim_source(row, event, extra);
    version_number(row);
    let insight = row.text(id::INSIGHT_DETAILS).is_some();
    let aggregated = row.text(id::EVENT_TYPE) == Some("AwsAggregatedEvent");
    if insight || aggregated {
        from_fallbacks(event, row, (insight, aggregated), &mut filled);
    }
    if aggregated {
        let (kept, rest) = std::mem::take(extra)
            .into_iter()
            .partition(|(path, _)| matches!(path.as_ref(), "timeWindow" | "summary"));
        *extra = rest;
        let kept: Extra<'a> = kept;
        if !kept.is_empty() {
            row.set_text(id::AGGREGATION_SUMMARY, json_object(&kept));
        }
    }
    if *row.cell(id::EVENT_CATEGORY) == Cell::Absent
        && let Some(category) = category(row)
    {
        row.set_text(id::EVENT_CATEGORY, category);
        filled.extend(columns()[id::EVENT_CATEGORY].path.as_deref().map(Cow::Borrowed));
    }
    filled
}

/// One of AWS's published events has a blank before its source. The column does without, `extra` keeps it.
fn trim_source<'a>(row: &mut Row<'a>, event: &Event<'a>, extra: &mut Extra<'a>) {
    let Some(source) = row.text(id::EVENT_SOURCE) else {
        return;
    };
    let trimmed = source.trim();
    if trimmed.len() != source.len() {
        let trimmed = trimmed.to_owned();
        row.set_text(id::EVENT_SOURCE, trimmed);
        let path = columns()[id::EVENT_SOURCE].path.as_deref().unwrap_or_default();
        if let Some(value) = event.get(path) {
            extra.push((path.into(), value.text()));
        }
    }
}

/// `1.08` becomes 1008: major and minor are two integers, not a fraction (`1.10` is newer than `1.09`).
fn version_number(row: &mut Row<'_>) {
    let number = row.text(id::EVENT_VERSION).and_then(|version| {
        let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
        let (major, minor) = (major.parse::<u16>().ok()?, minor.parse::<u16>().ok()?);
        (minor < 1000).then(|| i64::from(major) * 1000 + i64::from(minor))
    });
    if let Some(number) = number {
        row.set(id::EVENT_VERSION_NUM, Cell::Integer(number));
    }
}

/// Columns with a `fallback` path that are still empty, and derived columns that repeat a value from inside a JSON
/// column.
fn from_fallbacks<'a>(
    event: &Event<'a>,
    row: &mut Row<'a>,
    (insight, aggregated): (bool, bool),
    filled: &mut Vec<Cow<'a, str>>,
) {
    for (index, column) in columns().iter().enumerate() {
        let repeated = (column.kind == ColumnKind::Derived).then_some(column.path.as_deref()).flatten();
        let Some(source) = column.fallback.as_deref().or(repeated) else {
            continue;
        };
        // An Insight has its own id and time; what an aggregated event has in their place is only its.
        let applies = if source.starts_with("insightDetails.") { insight } else { aggregated };
        if !applies || *row.cell(index) != Cell::Absent || row.is_given(index) {
            continue;
        }
        let Some(cell) = find(event, source).and_then(|value| convert(value, column.column_type)) else {
            continue;
        };
        row.set(index, if index == id::EVENT_SOURCE { trimmed(cell) } else { cell });
        if repeated.is_none() {
            filled.extend(column.path.as_deref().map(Cow::Borrowed));
        }
    }
}

fn trimmed(cell: Cell<'_>) -> Cell<'_> {
    match cell {
        Cell::Text(text) => Cell::Text(text.trim().to_owned().into()),
        other => other,
    }
}

fn find<'a>(event: &Event<'a>, path: &str) -> Option<Value<'a>> {
    match path.split_once('.') {
        None => event.get(path),
        Some((name, rest)) => event.get(name)?.find(rest),
    }
}

fn convert(value: Value<'_>, column_type: ColumnType) -> Option<Cell<'_>> {
    let text = value.as_string()?.decode().ok()?;
    match column_type {
        ColumnType::Text => Some(Cell::Text(text)),
        ColumnType::Timestamp => time::read(&text).map(|time| Cell::Integer(time.micros)),
        _ => None,
    }
}

/// The category an event would have carried, had its version known categories.
fn category(row: &Row<'_>) -> Option<&'static str> {
    match (row.text(id::EVENT_TYPE), row.boolean(id::MANAGEMENT_EVENT)) {
        (Some("AwsCloudTrailInsight"), _) => Some("Insight"),
        (Some("AwsAggregatedEvent"), _) => Some("Aggregated"),
        (Some("AwsVpceEvent" | "AwsVpceEvents"), _) => Some("NetworkActivity"),
        (_, Some(true)) => Some("Management"),
        (_, Some(false)) => Some("Data"),
        (_, None) => None,
    }
}
