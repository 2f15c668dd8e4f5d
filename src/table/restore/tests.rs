//! Events of every odd shape, to a row and back.

mod comparable;

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::super::column::{ColumnType, Member, Members, WrittenAs, columns, members};
use super::super::{BatchBuilder, EventKey, PackedRows, RowKeys, flatten};
use super::{RestoreError, Restorer};
use crate::decode::{Decoder, Step};
use comparable::json;

/// Reads a text that must be one event, and no more.
fn with_event<T>(text: &str, look: impl FnOnce(&crate::decode::Event<'_>) -> T) -> T {
    let mut decoder = Decoder::new();
    let result = match decoder.step(text.as_bytes(), true) {
        Step::Event(event) => look(&event),
        other => panic!("no event: {other:?} in {text}"),
    };
    assert!(matches!(decoder.step(text.as_bytes(), true), Step::End), "more than an event: {text}");
    result
}

fn batch(events: &[String]) -> RecordBatch {
    let mut rows = PackedRows::default();
    for event in events {
        with_event(event, |event| rows.push(&flatten(event, "test.json")));
    }
    let mut builder = BatchBuilder::new();
    (0..rows.len()).for_each(|row| builder.append(&rows, row));
    builder.finish().unwrap()
}

fn restore(batch: &RecordBatch) -> Vec<String> {
    let restorer = Restorer::try_new(batch).unwrap();
    let row = |row| {
        let mut out = Vec::new();
        restorer.write(row, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    (0..batch.num_rows()).map(row).collect()
}

#[track_caller]
fn assert_same(events: &[String], batch: &RecordBatch) {
    let restored = restore(batch);
    assert_eq!(restored.len(), events.len());
    for (event, restored) in events.iter().zip(&restored) {
        let value = |text: &str| with_event(text, |event| json(event.value()));
        assert_eq!(value(restored), value(event), "\n   event {event}\nrestored {restored}");
    }
}

/// The batch as DataFusion reads it: with views for texts.
fn with_views(batch: &RecordBatch) -> RecordBatch {
    let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let text = *field.data_type() == DataType::Utf8;
        let data_type = if text { DataType::Utf8View } else { field.data_type().clone() };
        arrays.push(cast(array, &data_type).unwrap());
        fields.push(Field::new(field.name(), data_type, true));
    }
    // Readers may give the columns in any order.
    fields.reverse();
    arrays.reverse();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// The batch as it comes back from a Parquet file.
fn through_parquet(batch: &RecordBatch) -> RecordBatch {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
    let mut batches = reader.with_batch_size(batch.num_rows()).build().unwrap();
    batches.next().unwrap().unwrap()
}

/// Decisions, taken one after another; 0, the plainest, when there are none left. Proptest makes them fewer and smaller
/// until it has the least that fails.
struct Choices<'a>(std::slice::Iter<'a, u32>);

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        self.0.next().map_or(0, |choice| *choice as usize % count)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn of<'t>(&mut self, options: &[&'t str]) -> &'t str {
        options[self.below(options.len())]
    }
}

/// What stands between the quotes of a string.
const STRINGS: [&str; 35] = [
    "x",
    "",
    "true",
    "False",
    "TRUE",
    "tru\\u0065",
    "maybe",
    "null",
    "17",
    "1.08",
    "\\ud800",
    "a\\ud800b",
    "\\udc00\\ud800",
    "\\ud83d\\ude00",
    "\\uD83D\\uDE00\\uD83D",
    "\\\\ud800",
    "\\u0000",
    "\\u001f\\b\\f\\n\\r\\t",
    "\\/",
    "/",
    "\\\"",
    "\\\\",
    "\u{7f}\u{2028}",
    "\u{e9}",
    "e\\u0301",
    "\u{65e5}\u{672c}",
    "{\\\"a\\\":1}",
    "{",
    "}",
    " s3.amazonaws.com",
    "s3.amazonaws.com\\t",
    "\\u00a0s3.amazonaws.com\u{3000}",
    "$",
    "AwsAggregatedEvent",
    "AwsCloudTrailInsight",
];

const TIMES: [&str; 22] = [
    "2023-07-10T11:42:31Z",
    "2023-07-10T11:42:31.000Z",
    "2023-07-10T11:42:31.123456789Z",
    "2023-07-10T11:42:31+02:00",
    "2023-07-10T11:42:31+00:00",
    "2023-07-10T11:42:31-00:00",
    "2023-07-10t11:42:31z",
    "2023-07-10 11:42:31",
    "2023-07-10 11:42:31Z",
    "20230710T114231Z",
    "2023-07-10T11:42:3\\u0031Z",
    "2023-07-10T24:00:00Z",
    "2016-12-31T23:59:60Z",
    "2018-05-25:17:06Z",
    "2024-02-30T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0000-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "1969-12-31T23:59:59Z",
    "2023-07-10",
    "2023-07-10T11:42:31\u{e9}\u{e9}",
    "2023-07-10T11:42:31 Europe/Berlin",
];

const NUMBERS: [&str; 10] = [
    "0",
    "-0",
    "500.0",
    "1E-5",
    "1e+400",
    "-1.50",
    "0.10e01",
    "1234567890123456789",
    "123456789012345678901234567890",
    "1720611751",
];

/// Names that make a path, wherever they are not a column's.
const PLAIN_NAMES: [&str; 18] = [
    "new",
    "x",
    "New",
    "eventname",
    "EventName",
    "TYPE",
    "timeWindow",
    "summary",
    "accountId",
    "eventId",
    "type",
    "userIdentity",
    "arn",
    "attributes",
    "a b",
    "\u{65e5}\u{672c}",
    "'",
    "\u{7f}",
];

/// Names that make no path, or not only one.
const ODD_NAMES: [&str; 16] = [
    "a.b",
    ".",
    "$",
    "$x",
    "",
    "\\\"",
    "\\\\",
    "\\ud800",
    "\\u0000",
    "\\/",
    "event\\u004eame",
    "\\u006eew",
    "n\\u0065w",
    "userIdentity.type",
    "userIdentity\\u002etype",
    "sessionContext.attributes",
];

const EVENT_TYPES: [&str; 8] = [
    "AwsApiCall",
    "AwsServiceEvent",
    "AwsConsoleSignIn",
    "AwsCloudTrailInsight",
    "AwsCloudTrailInsight",
    "AwsAggregatedEvent",
    "AwsAggregatedEvent",
    "AwsVpceEvents",
];

fn blank(choices: &mut Choices<'_>) -> &'static str {
    if choices.one_in(24) { choices.of(&["", " ", "\n", "\r\n\t "]) } else { "" }
}

/// A string of some kind, quotes included.
fn string(choices: &mut Choices<'_>) -> String {
    match choices.below(8) {
        0 => format!("\"{}\"", choices.of(&TIMES)),
        1 => {
            let text: String = (0..choices.below(6))
                .filter_map(|_| char::from_u32(choices.below(0x11_0000) as u32))
                .collect();
            serde_json::to_string(&text).unwrap()
        }
        _ => format!("\"{}\"", choices.of(&STRINGS)),
    }
}

/// Any value at all.
fn value(choices: &mut Choices<'_>, depth: usize) -> String {
    let kinds = if depth == 0 { 8 } else { 11 };
    match choices.below(kinds) {
        0 => "null".to_owned(),
        1 => "{}".to_owned(),
        2 => "[]".to_owned(),
        3 => choices.of(&["true", "false"]).to_owned(),
        4 => choices.of(&NUMBERS).to_owned(),
        5..=7 => string(choices),
        8 => {
            let items: Vec<String> = (0..choices.below(4)).map(|_| value(choices, depth - 1)).collect();
            format!("[{}{}]", items.join(", "), blank(choices))
        }
        _ => {
            let members = (0..choices.below(4)).map(|_| (name(choices), value(choices, depth - 1))).collect();
            object(members, choices)
        }
    }
}

fn name(choices: &mut Choices<'_>) -> String {
    let name = match choices.below(3) {
        0 => choices.of(&PLAIN_NAMES),
        1 => choices.of(&ODD_NAMES),
        _ => choices.of(&["type", "ARN", "state", "eventSource", "windowStart", "accountId"]),
    };
    name.to_owned()
}

/// An object of members whose names are raw.
fn object(members: Vec<(String, String)>, choices: &mut Choices<'_>) -> String {
    let mut text = "{".to_owned();
    for (name, value) in members {
        let separator = if text.len() > 1 { "," } else { "" };
        let blanks: [&str; 4] = std::array::from_fn(|_| blank(choices));
        text += &format!("{separator}{}\"{name}\"{}:{}{value}{}", blanks[0], blanks[1], blanks[2], blanks[3]);
    }
    text + blank(choices) + "}"
}

/// A value such as AWS would write it, or one that only just is not.
fn usual(choices: &mut Choices<'_>, column: usize) -> String {
    let column = &columns()[column];
    if column.name == "event_type" {
        return format!("\"{}\"", choices.of(&EVENT_TYPES));
    }
    if column.name == "insight_details" {
        let members = ["state", "insightType", "eventSource", "eventName"]
            .into_iter()
            .filter(|_| !choices.one_in(4))
            .collect::<Vec<_>>();
        let members = members.into_iter().map(|name| (name.to_owned(), string(choices))).collect();
        return object(members, choices);
    }
    match column.column_type {
        ColumnType::Text => string(choices),
        ColumnType::Json => value(choices, 3),
        ColumnType::Boolean => {
            let text = choices.of(&["true", "false"]);
            let quoted = (column.written_as == Some(WrittenAs::String)) != choices.one_in(5);
            if quoted { format!("\"{text}\"") } else { text.to_owned() }
        }
        ColumnType::Timestamp => format!("\"{}\"", choices.of(&TIMES)),
        ColumnType::Resources => {
            let items: Vec<String> = (0..choices.below(4)).map(|_| resource(choices)).collect();
            format!("[{}]", items.join(","))
        }
        ColumnType::Int32 | ColumnType::Int64 | ColumnType::TextList => value(choices, 2),
    }
}

fn resource(choices: &mut Choices<'_>) -> String {
    let mut members = Vec::new();
    for name in ["ARN", "ARNPrefix", "accountId", "type"] {
        if choices.one_in(2) {
            members.push((name.to_owned(), string(choices)));
        }
    }
    match choices.below(24) {
        20 => members
            .push((choices.of(&["new", "A\\u0052N", "arn", "ARN", "type"]).to_owned(), string(choices))),
        21 => members.push(("type".to_owned(), value(choices, 1))),
        22 => return value(choices, 1),
        _ => {}
    }
    object(members, choices)
}

/// The members of an object that is taken apart. `wild` ones repeat names and have some that make no path.
fn some_members(choices: &mut Choices<'_>, known: &'static Members, wild: bool) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    for (name, member) in known.iter() {
        if choices.below(3) < 2 {
            continue;
        }
        let value = match member {
            _ if choices.one_in(6) => value(choices, 2),
            Member::Column(column) => usual(choices, *column),
            Member::Object(inner) => {
                let inner = some_members(choices, inner, wild);
                object(inner, choices)
            }
        };
        parts.push((name.to_owned(), value));
    }
    for name in PLAIN_NAMES {
        let value = match name {
            _ if known.get(name).is_some() || !choices.one_in(8) => continue,
            "timeWindow" if known.path.is_empty() => {
                format!(r#"{{"windowStart":"{}"}}"#, choices.of(&TIMES))
            }
            _ => value(choices, 3),
        };
        parts.push((name.to_owned(), value));
    }
    if wild && choices.one_in(2) {
        for _ in 0..choices.below(3) {
            parts.push((choices.of(&ODD_NAMES).to_owned(), value(choices, 2)));
        }
    } else if wild && !parts.is_empty() {
        let again = choices.below(parts.len());
        let again = (again..parts.len()).find(|at| parts[*at].1.starts_with('{')).unwrap_or(again);
        parts.push((parts[again].0.clone(), value(choices, 2)));
    }
    if !parts.is_empty() {
        let by = choices.below(parts.len());
        parts.rotate_left(by);
    }
    parts
}

/// An event: it has a version that is not null, and something that happened.
fn event(choices: &mut Choices<'_>) -> String {
    let wild = choices.one_in(4);
    let mut parts = some_members(choices, members(), wild);
    // What an event of each kind has.
    let (event_type, needed) = match choices.below(4) {
        0 | 1 => ("AwsApiCall", &["eventVersion", "eventName"][..]),
        2 => ("AwsCloudTrailInsight", &["eventVersion", "eventType", "insightDetails"][..]),
        _ => ("AwsAggregatedEvent", &["eventVersion", "eventType", "summary", "timeWindow"][..]),
    };
    for needed in needed {
        match parts.iter_mut().find(|(name, _)| name == needed) {
            Some((_, value)) if value == "null" => *value = "{}".to_owned(),
            Some(_) => {}
            None if *needed == "eventType" => parts.push((needed.to_string(), format!("\"{event_type}\""))),
            None => parts.push((needed.to_string(), value(choices, 3).replace("null", "{}"))),
        }
    }
    for (_, value) in parts.iter_mut().filter(|(name, _)| name == "eventVersion") {
        // From version 2 on it would be no event of CloudTrail.
        if value.trim_matches('"').split('.').next().is_some_and(|major| major.parse::<u32>().is_ok()) {
            *value = r#""1.08""#.to_owned();
        }
    }
    object(parts, choices)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// Whatever stands in whichever place of an event: what comes back is the same JSON value.
    #[test]
    fn every_event_comes_back(choices in prop::collection::vec(prop::collection::vec(any::<u32>(), 0..600), 1..4)) {
        let events: Vec<String> = choices.iter().map(|choices| event(&mut Choices(choices.iter()))).collect();
        let batch = batch(&events);
        assert_same(&events, &batch);
        prop_assert_eq!(restore(&with_views(&batch)), restore(&batch));
    }
}

/// The keys of rows that are there, as the dataset makes them.
fn keys(batch: &RecordBatch) -> Vec<EventKey> {
    let (keys, restorer) = (RowKeys::try_new(batch).unwrap(), Restorer::of_file(batch).unwrap());
    let record_key = |row| restorer.record_key(row, &mut b"left over".to_vec()).unwrap();
    (0..batch.num_rows()).map(|row| keys.key(row).unwrap_or_else(|| record_key(row))).collect()
}

/// The batch without the columns that hold nothing, as if its file had been written before they were known.
fn without_empty_columns(batch: &RecordBatch) -> RecordBatch {
    let filled = |column: &usize| batch.column(*column).null_count() < batch.num_rows();
    batch.project(&(0..batch.num_columns()).filter(filled).collect::<Vec<_>>()).unwrap()
}

/// An event that would be told by its fields, were it not for what stands in some of them.
fn nearly_told(choices: &mut Choices<'_>) -> String {
    let mut event = event(choices);
    for (name, usual) in [
        ("eventID", r#""i""#),
        ("eventTime", r#""2023-07-10T11:42:31Z""#),
        ("eventSource", r#""s""#),
        ("recipientAccountId", r#""1""#),
    ] {
        // Mostly once; sometimes not at all, again, or strange.
        let value = match choices.below(12) {
            0 => continue,
            1 => value(choices, 2),
            2 => string(choices),
            _ => usual.to_owned(),
        };
        if !event.contains(&format!("\"{name}\"")) || choices.one_in(40) {
            event = format!("{{\"{name}\":{value},{}", &event.trim_start()[1..]);
        }
    }
    event
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// Whatever stands in whichever place of an event: it is recognised by the row that was made of it.
    #[test]
    fn every_event_is_recognised(choices in prop::collection::vec(prop::collection::vec(any::<u32>(), 0..600), 1..4)) {
        let mut events: Vec<String> = choices.iter().map(|choices| event(&mut Choices(choices.iter()))).collect();
        events.extend(choices.iter().map(|choices| nearly_told(&mut Choices(choices.iter()))));
        let expected: Vec<EventKey> = events
            .iter()
            .map(|event| with_event(event, |event| EventKey::new(event, &flatten(event, "test.json"))))
            .collect();
        let batch = batch(&events);
        prop_assert_eq!(&keys(&batch), &expected);
        prop_assert_eq!(&keys(&with_views(&batch)), &expected);
        prop_assert_eq!(&keys(&without_empty_columns(&batch)), &expected);
        // What comes out of `export` and in again is the same event.
        for (restored, expected) in restore(&batch).iter().zip(&expected) {
            let key = with_event(restored, |event| EventKey::new(event, &flatten(event, "test.json")));
            prop_assert_eq!(&key, expected);
        }
    }
}

#[test]
fn both_ways_to_be_told_are_met() {
    let numbers = numbers();
    let mut choices = Choices(numbers.iter());
    let events: Vec<String> = (0..500).map(|_| nearly_told(&mut choices)).collect();
    let batch = through_parquet(&batch(&events));
    let row_keys = RowKeys::try_new(&batch).unwrap();
    let by_fields = (0..500).filter(|row| row_keys.key(*row).is_some()).count();
    let notes = batch.column_by_name("extra").unwrap();
    let noted = (0..500).filter(|row| row_keys.key(*row).is_some() && notes.is_valid(*row)).count();
    assert!((100..400).contains(&by_fields) && noted > 20, "{by_fields} {noted}");
    for (event, key) in events.iter().zip(keys(&batch)) {
        assert_eq!(
            with_event(event, |event| EventKey::new(event, &flatten(event, "test.json"))),
            key,
            "{event}"
        );
    }
}

/// Any numbers will do, as long as they are many and the same in every run.
fn numbers() -> Vec<u32> {
    std::iter::successors(Some(1_u32), |n| Some(n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)))
        .map(|n| n >> 8)
        .take(150_000)
        .collect()
}

#[test]
fn parquet_files_change_nothing() {
    let numbers = numbers();
    let mut choices = Choices(numbers.iter());
    let events: Vec<String> = (0..500).map(|_| event(&mut choices)).collect();
    let batch = through_parquet(&batch(&events));
    assert_same(&events, &batch);
}

#[test]
fn usual_events_come_back_in_a_usual_order() {
    let event = r#"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","sessionContext":{"webIdFederationData":{},"attributes":{"creationDate":"2023-07-10T11:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2023-07-10T11:42:31Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","requestParameters":{"a": 500.0},"responseElements":null,"readOnly":true,"resources":[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::b/"}],"brandNew":[1],"sessionCredentialFromConsole":"true"}"#;
    let restored = restore(&batch(&[event.to_owned()]));
    insta::assert_snapshot!(restored[0].replace(",\"", ",\n\""));
    assert_same(&[event.to_owned()], &batch(&[event.to_owned()]));
}

/// An event may be nested as deep as JSON is read at all, and still be kept as a whole.
#[test]
fn the_deepest_events_come_back() {
    let nested = format!("{}{}", "[".repeat(512), "]".repeat(512));
    let events = [r#""requestParameters":"#, r#""new":"#, r#""x":1,"x":"#, r#""userAgent":"#]
        .map(|member| format!(r#"{{"eventVersion":"1.08","eventName":"X",{member}{nested}}}"#));
    let batch = batch(&events);
    assert_same(&events, &batch);
    for (event, key) in events.iter().zip(keys(&batch)) {
        assert_eq!(with_event(event, |event| EventKey::new(event, &flatten(event, "test.json"))), key);
    }
}

#[test]
fn a_batch_that_is_not_the_tables_is_refused() {
    let good = batch(&[r#"{"eventVersion":"1.08","eventName":"X"}"#.to_owned()]);
    let without = good.project(&(1..good.num_columns()).collect::<Vec<_>>()).unwrap();
    assert_eq!(Restorer::try_new(&without).unwrap_err(), RestoreError::NoColumn { column: "event_time" });
    let needed: Vec<usize> = Restorer::columns().map(|name| good.schema().index_of(name).unwrap()).collect();
    assert!(needed.len() < good.num_columns());
    assert!(Restorer::try_new(&good.project(&needed).unwrap()).is_ok());
}

/// Notes that flattening never takes are an error that names the event, not a value lost.
#[test]
fn a_row_that_somebody_changed_is_refused() {
    let event = r#"{"eventVersion":"1.08","eventName":"X","new":1,"userIdentity":{"new":null}}"#;
    let good = batch(&[event.to_owned()]);
    let replaced = |name: &str, with: ArrayRef| {
        let at = good.schema().index_of(name).unwrap();
        let mut arrays = good.columns().to_vec();
        arrays[at] = with;
        RecordBatch::try_new(good.schema(), arrays).unwrap()
    };
    for (column, value) in [
        ("extra", r#"{"no.such.place":1}"#),
        ("extra", "[1]"),
        ("extra", ""),
        ("extra", r#"{"new":"#),
        ("aggregation_summary", "7"),
    ] {
        let changed = replaced(column, Arc::new(arrow::array::StringArray::from(vec![value])));
        let error = Restorer::try_new(&changed).unwrap().write(0, &mut Vec::new()).unwrap_err();
        let named = RestoreError::Cell { object: "test.json".to_owned(), index: 0, column: "extra" };
        match column {
            "extra" => assert_eq!(error, named, "{value}"),
            _ => assert!(matches!(error, RestoreError::Cell { column: "aggregation_summary", .. })),
        }
    }
    let times = arrow::array::TimestampMicrosecondArray::from(vec![1_500_000]).with_timezone("UTC");
    let changed = replaced("event_time", Arc::new(times));
    let error = Restorer::try_new(&changed).unwrap().write(0, &mut Vec::new()).unwrap_err();
    insta::assert_snapshot!(error);
}
