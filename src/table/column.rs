//! The columns of the table `events`, read from `schemas/cloudtrail.json`: the only list of them there is.
//!
//! The Arrow schema, the dispatch from JSON paths to columns, the writer's encodings and the documentation all come
//! from here. Columns may be added to the end of a kind, never removed or given another type: data files written
//! before must stay readable (a test holds the list against its snapshot).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use serde::Deserialize;

/// A constant for each column: its position in the schema.
pub mod id {
    include!(concat!(env!("OUT_DIR"), "/column_ids.rs"));
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// The JSON text of a value, byte for byte as it was in the event.
    Json,
    /// True or false.
    Boolean,
    /// 32-bit signed.
    Int32,
    /// 64-bit signed.
    Int64,
    /// Microseconds since 1970, UTC.
    Timestamp,
    /// A list of texts.
    TextList,
    /// A list of `{arn, arn_prefix, account_id, type}`.
    Resources,
}

impl ColumnType {
    /// Whether the values are texts.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Json)
    }
}

/// Where a column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// A field of the event.
    Field,
    /// Computed from fields; never exported.
    Derived,
    /// Notes on what the event's JSON looked like, so that it can be restored.
    Shape,
    /// Where the event was read.
    Provenance,
}

/// How the data file encodes a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnEncoding {
    /// Few distinct values.
    Dictionary,
    /// Nearly every value differs.
    Plain,
}

/// The JSON type in which AWS writes a field, where it is not the column's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenAs {
    /// A boolean that AWS writes as `"true"` or `"false"`.
    String,
}

/// One column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in the table, snake_case.
    pub name: String,
    /// Dotted path of the value in the event's JSON.
    pub path: Option<String>,
    /// Another path whose value fills the column where the first is absent.
    pub fallback: Option<String>,
    /// Type of the column.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Where the values come from.
    pub kind: ColumnKind,
    /// The JSON type AWS writes, if it is another.
    pub written_as: Option<WrittenAs>,
    /// Whether a row may lack the value.
    pub nullable: bool,
    /// The eventVersion that brought the field, as far as AWS says.
    pub since: Option<String>,
    /// How data files encode it.
    pub encoding: ColumnEncoding,
    /// Whether even a few hundred rows have so many values, or so long ones, that compressing pays.
    #[serde(default)]
    pub varied: bool,
    /// Whether data files carry a bloom filter for it.
    #[serde(default)]
    pub bloom: bool,
    /// What the column holds, for readers of the table.
    pub doc: String,
}

impl Column {
    /// The column's Arrow type; strings are plain Utf8, so that every reader sees STRING.
    pub fn data_type(&self) -> DataType {
        match self.column_type {
            ColumnType::Text | ColumnType::Json => DataType::Utf8,
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::Int32 => DataType::Int32,
            ColumnType::Int64 => DataType::Int64,
            ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ColumnType::TextList => DataType::List(list_element(DataType::Utf8)),
            ColumnType::Resources => DataType::List(list_element(DataType::Struct(resource_fields()))),
        }
    }
}

/// Lists name their element `element`, as the
/// [Parquet specification](https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists) asks.
pub(super) fn list_element(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("element", data_type, true))
}

/// The members of a resource and their fields in the table, in order.
pub const RESOURCE_MEMBERS: [(&str, &str); 4] =
    [("ARN", "arn"), ("ARNPrefix", "arn_prefix"), ("accountId", "account_id"), ("type", "type")];

pub(super) fn resource_fields() -> Fields {
    RESOURCE_MEMBERS.iter().map(|(_, name)| Field::new(*name, DataType::Utf8, true)).collect()
}

/// A column that is not in the files but in the names of their directories.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionColumn {
    /// Name of the column and of the directory level.
    pub name: String,
    /// `date` or `text`.
    #[serde(rename = "type")]
    pub column_type: PartitionType,
    /// What it holds.
    pub doc: String,
}

/// Type of a partition column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartitionType {
    /// A day.
    Date,
    /// A word.
    Text,
}

/// All of `schemas/cloudtrail.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventTable {
    /// What the file is.
    pub title: String,
    /// Raised when columns are added; written into every data file.
    pub version: u32,
    /// The columns of a data file, in order.
    pub columns: Vec<Column>,
    /// The directory levels, in order.
    pub partitions: Vec<PartitionColumn>,
}

static TABLE: LazyLock<EventTable> = LazyLock::new(read_table);

#[expect(clippy::expect_used, reason = "the file is compiled in, and every test of the table reads it")]
fn read_table() -> EventTable {
    let text = include_str!("../../schemas/cloudtrail.json");
    serde_json::from_str(text).expect("schemas/cloudtrail.json is well-formed") // compiled in, tested
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields: Fields = columns()
        .iter()
        .map(|column| Field::new(&column.name, column.data_type(), column.nullable))
        .collect();
    Arc::new(Schema::new(fields))
});

/// The table as it is described.
pub fn table() -> &'static EventTable {
    &TABLE
}

/// The columns of a data file, in order; [`id`] names positions in this list.
pub fn columns() -> &'static [Column] {
    &TABLE.columns
}

/// The Arrow schema of a data file.
pub fn file_schema() -> SchemaRef {
    SCHEMA.clone()
}

/// The Arrow schema of the table: the columns of a data file and, behind them, those of its directories; each with
/// its documentation as `comment`.
pub fn table_schema() -> SchemaRef {
    let described = |field: Field, doc: &str| {
        field.with_metadata(HashMap::from([("comment".to_owned(), doc.to_owned())]))
    };
    let in_files = columns()
        .iter()
        .map(|column| described(Field::new(&column.name, column.data_type(), column.nullable), &column.doc));
    let in_names = table().partitions.iter().map(|column| {
        let data_type = match column.column_type {
            PartitionType::Date => DataType::Date32,
            PartitionType::Text => DataType::Utf8,
        };
        described(Field::new(&column.name, data_type, true), &column.doc)
    });
    Arc::new(Schema::new(in_files.chain(in_names).collect::<Fields>()))
}

/// What is known about a member of an event's JSON.
#[derive(Debug)]
pub(super) enum Member {
    /// It is a column.
    Column(usize),
    /// It is an object whose members are columns.
    Object(Members),
}

/// The known members of one JSON object.
#[derive(Debug)]
pub(super) struct Members {
    /// Dotted path of the object, empty for the event itself.
    pub(super) path: &'static str,
    /// In the order of the columns.
    members: Vec<(&'static str, Member)>,
    /// A hash table of their numbers from 1 on, with gaps of 0. Every name of every event is looked up here: three letters and
    /// the length tell nearly all of them apart.
    slots: Vec<u8>,
}

impl Members {
    fn new(path: &'static str) -> Self {
        Self { path, members: Vec::new(), slots: Vec::new() }
    }

    #[inline]
    pub(super) fn get(&self, name: &str) -> Option<&Member> {
        let mut slot = hash(name)?;
        loop {
            let number = usize::from(self.slots[slot & (self.slots.len() - 1)]);
            let (known, member) = self.members.get(number.checked_sub(1)?)?;
            if *known == name {
                return Some(member);
            }
            slot += 1;
        }
    }

    /// Names and members in the order of the columns.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Member)> {
        self.members.iter().map(|(name, member)| (*name, member))
    }

    /// Files `column` under `path[start..]`.
    fn insert(&mut self, path: &'static str, start: usize, column: usize) {
        let end = path[start..].find('.').map(|dot| start + dot);
        let name = &path[start..end.unwrap_or(path.len())];
        let Some(end) = end else {
            return self.push(name, Member::Column(column));
        };
        let position = |members: &Self| members.members.iter().position(|(known, _)| *known == name);
        if position(self).is_none() {
            self.push(name, Member::Object(Self::new(&path[..end])));
        }
        if let Some(at) = position(self)
            && let Member::Object(members) = &mut self.members[at].1
        {
            members.insert(path, end + 1, column);
        }
    }

    fn push(&mut self, name: &'static str, member: Member) {
        self.members.push((name, member));
        // A quarter full, and so short searches. There are fewer than 128 columns.
        self.slots = vec![0; (self.members.len() * 4).next_power_of_two()];
        let mask = self.slots.len() - 1;
        for (number, (name, _)) in (1..).zip(&self.members) {
            let mut slot = hash(name).unwrap_or_default();
            while self.slots[slot & mask] != 0 {
                slot += 1;
            }
            self.slots[slot & mask] = number;
        }
    }
}

/// `None` for the empty name, which is no member's.
#[inline]
fn hash(name: &str) -> Option<usize> {
    let bytes = name.as_bytes();
    let (first, last) = (usize::from(*bytes.first()?), usize::from(*bytes.last()?));
    let middle = usize::from(bytes[bytes.len() / 2]);
    Some(
        first.wrapping_mul(31) ^ middle.wrapping_mul(7) ^ last.wrapping_mul(3) ^ bytes.len().wrapping_mul(13),
    )
}

static MEMBERS: LazyLock<Members> = LazyLock::new(|| {
    let mut members = Members::new("");
    for (index, column) in columns().iter().enumerate() {
        if let (Some(path), ColumnKind::Field) = (column.path.as_deref(), column.kind) {
            members.insert(path, 0, index);
        }
    }
    members
});

/// From the event's JSON to columns.
pub(super) fn members() -> &'static Members {
    &MEMBERS
}
