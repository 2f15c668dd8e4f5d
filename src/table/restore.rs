//! From a row back to the event's JSON.
//!
//! [`flatten`](super::flatten) left every value of the event in exactly one place; here they are collected again. What
//! the notes say (`extra`, `null_fields`, `empty_fields`) goes before what a column holds, and a column that was
//! filled in from elsewhere does not count. The event is the JSON value it was; its members come in the order of the
//! columns, with unknown ones behind those that are known.

use std::ops::Range;

use arrow::array::{
    Array, AsArray as _, BooleanArray, Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;

use super::column::{
    Column, ColumnKind, ColumnType, Member, Members, RESOURCE_MEMBERS, WrittenAs, columns, id, members,
};
use super::flatten::WHOLE_EVENT;
use super::time;
use crate::decode::json::Scanner;

/// Why a row does not give an event: something else than trailhouse wrote it, or changed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The batch has no such column.
    #[error("the column {column} is missing")]
    NoColumn {
        /// Its name.
        column: &'static str,
    },
    /// A column has not the type it has in the table.
    #[error("the column {column} has the type {found}, which is not the table's")]
    WrongType {
        /// Its name.
        column: &'static str,
        /// Its type.
        found: DataType,
    },
    /// A cell holds what flattening never puts there.
    #[error("event {index} of {object} cannot be given back: its {column} is not as trailhouse writes it")]
    Cell {
        /// The log object the event was read from.
        object: String,
        /// Its position there.
        index: i64,
        /// The column at fault.
        column: &'static str,
    },
}

/// Gives back the events of a batch.
#[derive(Debug)]
pub struct Restorer<'b> {
    /// By [`id`]; derived columns are not looked at.
    columns: Vec<Option<Values<'b>>>,
}

/// The column of a row that is at fault.
type Fault = usize;

impl<'b> Restorer<'b> {
    /// The columns a batch must have: all but the derived ones, in their order.
    pub fn columns() -> impl Iterator<Item = &'static str> {
        columns()
            .iter()
            .filter(|column| column.kind != ColumnKind::Derived)
            .map(|column| column.name.as_str())
    }

    /// Looks up the columns of `batch` by name.
    ///
    /// # Errors
    /// If one is missing, or of another type than the table's. Texts may be of any of Arrow's three layouts.
    pub fn try_new(batch: &'b RecordBatch) -> Result<Self, RestoreError> {
        let missing = Self::columns().find(|name| batch.column_by_name(name).is_none());
        missing.map_or_else(|| Self::of_file(batch), |column| Err(RestoreError::NoColumn { column }))
    }

    /// As [`try_new`](Self::try_new), but for all the columns of a data file: one that is missing was not yet known
    /// when the file was written, and no event of it has the field there.
    ///
    /// # Errors
    /// If a column is of another type than the table's.
    pub fn of_file(batch: &'b RecordBatch) -> Result<Self, RestoreError> {
        let values = |column: &'static Column| match column.kind {
            ColumnKind::Derived => Ok(None),
            _ => Values::find(batch, column),
        };
        Ok(Self { columns: columns().iter().map(values).collect::<Result<_, _>>()? })
    }

    /// Appends the JSON of row `row` to `out`. Payloads keep their text, line breaks included.
    ///
    /// # Errors
    /// If the row holds what flattening never leaves; `out` then ends in a part of the event.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<(), RestoreError> {
        self.event(row, out).map_err(|fault| self.fault(row, fault))
    }

    /// Says that `column` of row `row` is at fault.
    pub(super) fn fault(&self, row: usize, column: Fault) -> RestoreError {
        RestoreError::Cell {
            object: self.text(id::SOURCE_OBJECT, row).unwrap_or_default().to_owned(),
            index: match &self.columns[id::SOURCE_INDEX] {
                Some(Values::Integer(numbers)) => numbers.value(row),
                _ => 0,
            },
            column: &columns()[column].name,
        }
    }

    fn event(&self, row: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        if let Some(event) = self.text(id::EXTRA, row).and_then(whole_event) {
            push(event, out);
            return Ok(());
        }
        let mut notes = self.notes(row)?;
        out.push(b'{');
        self.members(row, members(), &mut notes, out)?;
        out.push(b'}');
        // A note that found no place would be a value lost.
        notes.values.first().map_or(Ok(()), |note| Err(note.column))
    }

    /// The members of an object that flattening took apart, and those it did not know.
    fn members(
        &self,
        row: usize,
        known: &'static Members,
        notes: &mut Notes<'b>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        for (name, member) in known.iter() {
            match member {
                Member::Column(column) => self.column(row, *column, name, notes, out)?,
                Member::Object(object) => {
                    if let Some(value) = notes.take(object.path) {
                        push_key(name, out);
                        push(value, out);
                        continue;
                    }
                    let before = out.len();
                    push_key(name, out);
                    out.push(b'{');
                    let empty = out.len();
                    self.members(row, object, notes, out)?;
                    if out.len() == empty {
                        out.truncate(before);
                    } else {
                        out.push(b'}');
                    }
                }
            }
        }
        while let Some((key, value)) = notes.take_unknown(known.path) {
            push_key(key, out);
            push(value, out);
        }
        Ok(())
    }

    fn column(
        &self,
        row: usize,
        column: usize,
        name: &str,
        notes: &mut Notes<'b>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let description = &columns()[column];
        let path = description.path.as_deref().unwrap_or_default();
        if let Some(value) = notes.take(path) {
            push_key(name, out);
            push(value, out);
            return Ok(());
        }
        let Some(values) = self.columns[column].as_ref().filter(|values| values.is_valid(row)) else {
            return Ok(());
        };
        if notes.filled.contains(&path) {
            return Ok(());
        }
        push_key(name, out);
        match values {
            Values::Text(texts) if description.column_type == ColumnType::Json => {
                push(texts.value(row).unwrap_or("null"), out);
            }
            Values::Text(texts) => push_text(texts.value(row).unwrap_or_default(), out),
            Values::Boolean(truths) => {
                let text = match (description.written_as, truths.value(row)) {
                    (None, true) => "true",
                    (None, false) => "false",
                    (Some(WrittenAs::String), true) => "\"true\"",
                    (Some(WrittenAs::String), false) => "\"false\"",
                };
                push(text, out);
            }
            Values::Timestamp(times) => {
                let time = times.value(row);
                let text = (time % time::SECOND_MICROS == 0).then(|| time::write(time)).flatten();
                push_text(&text.ok_or(column)?, out);
            }
            Values::Resources(resources) => resources.write(row, out),
            // No field of an event has these types.
            Values::Integer(_) | Values::TextList(_) | Values::Unused => return Err(column),
        }
        Ok(())
    }

    /// All that is noted of the row beside its columns.
    fn notes(&self, row: usize) -> Result<Notes<'b>, Fault> {
        let mut notes = Notes::default();
        for column in [id::EXTRA, id::AGGREGATION_SUMMARY] {
            if let Some(text) = self.text(column, row) {
                notes.add_members(text, column)?;
            }
        }
        for (column, value) in [(id::NULL_FIELDS, "null"), (id::EMPTY_FIELDS, "{}")] {
            let paths = self.texts(column, row);
            notes.values.extend(paths.map(|path| Note { path, value, column }));
        }
        notes.filled = self.texts(id::FILLED_FIELDS, row).collect();
        Ok(notes)
    }

    fn text(&self, column: usize, row: usize) -> Option<&'b str> {
        self.columns[column].as_ref()?.text(row)
    }

    fn texts(&self, column: usize, row: usize) -> impl Iterator<Item = &'b str> {
        let list = match &self.columns[column] {
            Some(Values::TextList(list)) => Some(list),
            _ => None,
        };
        list.into_iter().flat_map(move |list| list.range(row).filter_map(|item| list.items.value(item)))
    }
}

/// The event that `extra` holds as a whole, if it does. It may be nested as deep as JSON is read at all, which is why
/// the object around it is not scanned.
pub(super) fn whole_event(extra: &str) -> Option<&str> {
    extra.strip_prefix("{\"")?.strip_prefix(WHOLE_EVENT)?.strip_prefix("\":")?.strip_suffix('}')
}

/// `"name":`, behind a comma unless it is the first. `key` is a raw JSON string.
fn push_key(key: &str, out: &mut Vec<u8>) {
    // No JSON value ends in an opening brace.
    if !out.ends_with(b"{") {
        out.push(b',');
    }
    out.push(b'"');
    push(key, out);
    push("\":", out);
}

/// `text` as a JSON string.
fn push_text(text: &str, out: &mut Vec<u8>) {
    // A text into memory: nothing can fail.
    let _ = serde_json::to_writer(out, text);
}

fn push(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
}

/// What a row says of an event beside its columns.
#[derive(Debug, Default)]
struct Notes<'b> {
    values: Vec<Note<'b>>,
    /// Paths whose column was filled in from elsewhere.
    filled: Vec<&'b str>,
}

/// The value at a path.
#[derive(Debug)]
struct Note<'b> {
    path: &'b str,
    value: &'b str,
    /// Where it is noted.
    column: usize,
}

impl<'b> Notes<'b> {
    /// The members of the object `text`; their names are paths.
    fn add_members(&mut self, text: &'b str, column: usize) -> Result<(), Fault> {
        if !text.starts_with('{') {
            return Err(column);
        }
        let mut scanner = Scanner::at(text.as_bytes(), 1);
        while let Some((path, value)) = scanner.next_member().map_err(|_| column)? {
            self.values.push(Note { path: &text[path], value: &text[value], column });
        }
        Ok(())
    }

    fn take(&mut self, path: &str) -> Option<&'b str> {
        let at = self.values.iter().position(|note| note.path == path)?;
        Some(self.values.remove(at).value)
    }

    /// The next member of the object at `parent`: its raw name and its value. What flattening knows has been taken.
    fn take_unknown(&mut self, parent: &str) -> Option<(&'b str, &'b str)> {
        let name_in_parent = |note: &Note<'b>| match note.path.rsplit_once('.') {
            Some((path, name)) => (path == parent).then_some(name),
            None => parent.is_empty().then_some(note.path),
        };
        let found = self.values.iter().enumerate().find_map(|(at, note)| Some((at, name_in_parent(note)?)));
        found.map(|(at, name)| (name, self.values.remove(at).value))
    }
}

/// The values of a column.
#[derive(Debug)]
pub(super) enum Values<'b> {
    Text(Texts<'b>),
    Boolean(&'b BooleanArray),
    Integer(&'b Int64Array),
    Timestamp(&'b TimestampMicrosecondArray),
    TextList(TextList<'b>),
    Resources(Resources<'b>),
    /// Of a type that no field of an event has.
    Unused,
}

impl<'b> Values<'b> {
    /// Those of `column`, if the batch has it.
    ///
    /// # Errors
    /// If it is of another type than the table's.
    pub(super) fn find(
        batch: &'b RecordBatch,
        column: &'static Column,
    ) -> Result<Option<Self>, RestoreError> {
        let name = column.name.as_str();
        let Some(array) = batch.column_by_name(name) else {
            return Ok(None);
        };
        let wrong_type = || RestoreError::WrongType { column: name, found: array.data_type().clone() };
        Self::new(array.as_ref(), column.column_type).map(Some).ok_or_else(wrong_type)
    }

    /// The text of a row, if this column holds texts and one there.
    pub(super) fn text(&self, row: usize) -> Option<&'b str> {
        match self {
            Self::Text(texts) => texts.value(row),
            _ => None,
        }
    }

    /// The time of a row in microseconds since 1970, if this column holds times and one there.
    pub(super) fn micros(&self, row: usize) -> Option<i64> {
        match self {
            Self::Timestamp(times) => times.is_valid(row).then(|| times.value(row)),
            _ => None,
        }
    }

    /// `None` if the array has not the type of the column.
    fn new(array: &'b dyn Array, column_type: ColumnType) -> Option<Self> {
        Some(match column_type {
            ColumnType::Text | ColumnType::Json => Self::Text(Texts::new(array)?),
            ColumnType::Boolean => Self::Boolean(array.as_boolean_opt()?),
            ColumnType::Int32 => Self::Unused,
            ColumnType::Int64 => Self::Integer(array.as_primitive_opt()?),
            ColumnType::Timestamp => Self::Timestamp(array.as_primitive_opt()?),
            ColumnType::TextList => {
                let list = array.as_list_opt()?;
                Self::TextList(TextList { list, items: Texts::new(list.values().as_ref())? })
            }
            ColumnType::Resources => Self::Resources(Resources::new(array.as_list_opt()?)?),
        })
    }

    fn is_valid(&self, row: usize) -> bool {
        match self {
            Self::Text(texts) => texts.value(row).is_some(),
            Self::Boolean(array) => array.is_valid(row),
            Self::Integer(array) => array.is_valid(row),
            Self::Timestamp(array) => array.is_valid(row),
            Self::TextList(texts) => texts.list.is_valid(row),
            Self::Resources(resources) => resources.list.is_valid(row),
            Self::Unused => false,
        }
    }
}

/// Texts, in whichever layout the reader prefers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Texts<'b> {
    Plain(&'b StringArray),
    Large(&'b LargeStringArray),
    View(&'b StringViewArray),
}

impl<'b> Texts<'b> {
    fn new(array: &'b dyn Array) -> Option<Self> {
        match array.data_type() {
            DataType::Utf8 => array.as_string_opt().map(Self::Plain),
            DataType::LargeUtf8 => array.as_string_opt().map(Self::Large),
            DataType::Utf8View => array.as_string_view_opt().map(Self::View),
            _ => None,
        }
    }

    fn value(&self, row: usize) -> Option<&'b str> {
        match self {
            Self::Plain(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }
}

/// Lists of texts.
#[derive(Debug)]
pub(super) struct TextList<'b> {
    list: &'b ListArray,
    items: Texts<'b>,
}

impl TextList<'_> {
    fn range(&self, row: usize) -> Range<usize> {
        items_of(self.list, row)
    }
}

/// Lists of resources.
#[derive(Debug)]
pub(super) struct Resources<'b> {
    list: &'b ListArray,
    /// In the order of [`RESOURCE_MEMBERS`].
    members: Vec<Texts<'b>>,
}

impl<'b> Resources<'b> {
    fn new(list: &'b ListArray) -> Option<Self> {
        let items = list.values().as_struct_opt()?;
        let member = |name: &str| Texts::new(items.column_by_name(name)?.as_ref());
        let members = RESOURCE_MEMBERS.iter().map(|(_, name)| member(name)).collect::<Option<_>>()?;
        Some(Self { list, members })
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) {
        out.push(b'[');
        for item in items_of(self.list, row) {
            if !out.ends_with(b"[") {
                out.push(b',');
            }
            out.push(b'{');
            for ((name, _), texts) in RESOURCE_MEMBERS.iter().zip(&self.members) {
                if let Some(text) = texts.value(item) {
                    push_key(name, out);
                    push_text(text, out);
                }
            }
            out.push(b'}');
        }
        out.push(b']');
    }
}

/// Which items belong to a row: none if it is null.
fn items_of(list: &ListArray, row: usize) -> Range<usize> {
    let offsets = list.value_offsets();
    if list.is_null(row) { 0..0 } else { offsets[row] as usize..offsets[row + 1] as usize }
}

#[cfg(test)]
mod tests;
