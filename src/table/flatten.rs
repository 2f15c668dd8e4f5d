//! From an event's JSON to the cells of a row.
//!
//! Every value of the event ends in exactly one place: its column, or `extra` (values that are no column's, or not
//! of the column's type), `null_fields` (explicit nulls) or `empty_fields` (flattened objects without members). So
//! the event can be put together again.

use std::borrow::Cow;

use super::column::{self, Column, ColumnType, Member, Members, RESOURCE_MEMBERS, WrittenAs, columns, id};
use super::extra::{Extra, json_object};
use super::row::{BITS, Cell, Resource, Row};
use super::{fill, identity, time};
use crate::decode::Event;
use crate::decode::value::{Kind, Text, Value, Walk};

/// The key under which `extra` keeps a whole event that flattening cannot describe: repeated keys, or unknown keys
/// that would make paths ambiguous.
pub const WHOLE_EVENT: &str = "$";

/// Flattens `event`, which was read from `object`.
pub fn flatten<'a>(event: &Event<'a>, object: &'a str) -> Row<'a> {
    let mut flattening = Flattening::default();
    flattening.event(event);
    let Flattening { mut row, mut extra, nulls, empties, irregular, .. } = flattening;

    let filled = fill::fill(event, &mut row, &mut extra);
    identity::derive(&mut row);
    row.day = day(event, &row);

    if irregular {
        extra = vec![(WHOLE_EVENT.into(), event.text())];
    }
    for (column, paths) in
        [(id::NULL_FIELDS, nulls), (id::EMPTY_FIELDS, empties), (id::FILLED_FIELDS, filled)]
    {
        if !paths.is_empty() {
            row.set(column, Cell::TextList(paths));
        }
    }
    if !extra.is_empty() {
        row.set_text(id::EXTRA, json_object(&extra));
    }
    row.set_text(id::SOURCE_OBJECT, object);
    row.set(id::SOURCE_INDEX, Cell::Integer(event.index as i64));
    row
}

/// The event's day: of its time, or the first ten characters of a time that cannot be read.
fn day(event: &Event<'_>, row: &Row<'_>) -> Option<i32> {
    match row.integer(id::EVENT_TIME) {
        Some(micros) => i32::try_from(micros.div_euclid(time::DAY_MICROS)).ok(),
        None => time::read_day(event.get("eventTime")?.as_string()?.raw().as_bytes().get(..10)?),
    }
}

struct Flattening<'a> {
    row: Row<'a>,
    extra: Extra<'a>,
    nulls: Vec<Cow<'a, str>>,
    empties: Vec<Cow<'a, str>>,
    /// A bit for each column met.
    seen: u128,
    /// The flattened objects met.
    objects: Vec<&'static str>,
    irregular: bool,
}

impl Default for Flattening<'_> {
    fn default() -> Self {
        Self {
            row: Row::new(),
            extra: Vec::new(),
            nulls: Vec::new(),
            empties: Vec::new(),
            seen: 0,
            objects: Vec::new(),
            irregular: false,
        }
    }
}

impl<'a> Flattening<'a> {
    fn event(&mut self, event: &Event<'a>) {
        let known = column::members();
        let mut empty = true;
        for (key, value) in event.fields() {
            empty = false;
            match self.known(known, key) {
                Some(Member::Column(column)) => self.column(*column, value),
                Some(Member::Object(members)) => {
                    self.meet(members);
                    match value.kind() {
                        Kind::Object => self.object(&mut value.walk(), members),
                        _ => self.no_object(value, members),
                    }
                }
                None => self.unknown(known.path, key, value),
            }
        }
        if empty {
            self.empties.push(known.path.into());
        }
    }

    /// The object that `walk` is in.
    fn object(&mut self, walk: &mut Walk<'a>, known: &'static Members) {
        let mut empty = true;
        while let Some(key) = walk.next_name() {
            empty = false;
            let member = self.known(known, key);
            if let Some(Member::Object(members)) = member {
                self.meet(members);
                if walk.enter() {
                    self.object(walk, members);
                    continue;
                }
            }
            let Some(value) = walk.value() else { break };
            match member {
                Some(Member::Column(column)) => self.column(*column, value),
                Some(Member::Object(members)) => self.no_object(value, members),
                None => self.unknown(known.path, key, value),
            }
        }
        if empty {
            self.empties.push(known.path.into());
        }
    }

    #[inline]
    fn known(&mut self, known: &'static Members, key: Text<'a>) -> Option<&'static Member> {
        if key.is_plain() {
            return known.get(key.raw());
        }
        let name = key.decode().unwrap_or_else(|_| key.raw().into());
        // A name spelled with escapes is the same name, but paths are made of plain ones.
        self.irregular |= name.len() != key.raw().len();
        known.get(&name)
    }

    /// Notes that the object whose members are `members` was met.
    fn meet(&mut self, members: &'static Members) {
        self.irregular |= self.objects.contains(&members.path);
        self.objects.push(members.path);
    }

    /// Something else where an object is expected.
    fn no_object(&mut self, value: Value<'a>, members: &'static Members) {
        match value.kind() {
            Kind::Null => self.nulls.push(members.path.into()),
            _ => self.extra.push((members.path.into(), value.text())),
        }
    }

    fn unknown(&mut self, parent: &'static str, key: Text<'a>, value: Value<'a>) {
        let key = key.raw();
        let path = match parent {
            "" => Cow::Borrowed(key),
            parent => Cow::Owned(format!("{parent}.{key}")),
        };
        let repeated = self.nulls.contains(&path) || self.extra.iter().any(|(known, _)| *known == path);
        self.irregular |= repeated || key.is_empty() || key.contains(['.', '\\', '$']);
        match value.kind() {
            Kind::Null => self.nulls.push(path),
            _ => self.extra.push((path, value.text())),
        }
    }

    fn column(&mut self, column: usize, value: Value<'a>) {
        self.irregular |= self.seen & BITS[column] != 0;
        self.seen |= BITS[column];
        let description = &columns()[column];
        let path = description.path.as_deref().unwrap_or_default();
        if value.kind() == Kind::Null {
            self.nulls.push(path.into());
            return;
        }
        if !matches!(value.text(), "\"\"" | "{}") {
            self.row.set_given(column);
        }
        let (cell, exact) = match description.column_type {
            ColumnType::Text => text(value),
            ColumnType::Json => (Cell::Text(value.text().into()), true),
            ColumnType::Boolean => boolean(value, description.written_as),
            ColumnType::Timestamp => timestamp(value),
            ColumnType::Resources => resources(value),
            // No field of an event has these types.
            ColumnType::Int32 | ColumnType::Int64 | ColumnType::TextList => (Cell::Absent, false),
        };
        self.row.set(column, cell);
        if !exact {
            self.extra.push((path.into(), value.text()));
        }
    }
}

/// A cell, and whether it says all that the value said.
type Converted<'a> = (Cell<'a>, bool);

/// Whether a value that is not null gives a cell of `column`, which holds texts or times.
pub(super) fn gives_cell(column: &Column, value: Value<'_>) -> bool {
    let (cell, _) = match column.column_type {
        ColumnType::Timestamp => timestamp(value),
        _ => text(value),
    };
    cell != Cell::Absent
}

// Nearly every value of every event is a text: as a call this costs a conversion 4 % of its time.
#[inline(always)]
fn text(value: Value<'_>) -> Converted<'_> {
    match (value.as_string(), value.kind()) {
        (Some(text), _) => text.decode().map_or((Cell::Absent, false), |text| (Cell::Text(text), true)),
        (None, Kind::Number) => (Cell::Text(value.text().into()), false),
        _ => (Cell::Absent, false),
    }
}

fn boolean(value: Value<'_>, written_as: Option<WrittenAs>) -> Converted<'_> {
    let (text, expected) = match value.as_string() {
        Some(text) => (text.raw(), written_as == Some(WrittenAs::String)),
        None => (value.text(), written_as.is_none()),
    };
    match text {
        "true" => (Cell::Boolean(true), expected),
        "false" => (Cell::Boolean(false), expected),
        _ if text.eq_ignore_ascii_case("true") => (Cell::Boolean(true), false),
        _ if text.eq_ignore_ascii_case("false") => (Cell::Boolean(false), false),
        _ => (Cell::Absent, false),
    }
}

#[inline(always)]
fn timestamp(value: Value<'_>) -> Converted<'_> {
    match value.as_string().and_then(|text| time::read(text.raw())) {
        Some(time) => (Cell::Integer(time.micros), time.exact),
        None => (Cell::Absent, false),
    }
}

fn resources(value: Value<'_>) -> Converted<'_> {
    if value.kind() != Kind::Array {
        return (Cell::Absent, false);
    }
    let mut exact = true;
    let mut resources = Vec::new();
    for item in value.items() {
        exact &= item.kind() == Kind::Object;
        let mut resource = Resource::default();
        for (key, value) in item.members() {
            let member = RESOURCE_MEMBERS.iter().position(|(name, _)| *name == key.raw());
            let text = value.as_string().and_then(|text| text.decode().ok());
            match (member, text) {
                (Some(member), Some(text)) => exact &= resource[member].replace(text).is_none(),
                _ => exact = false,
            }
        }
        resources.push(resource);
    }
    (Cell::Resources(resources), exact)
}
