//! From a row back to the event's JSON.
//!
//! [`flatten`](super::flatten) left every value of the event in exactly one place; here they are collected again. What
//! the notes say (`extra`, `null_fields`, `empty_fields`) goes before what a column holds, and a column that was
//! filled in from elsewhere does not count. The event is the JSON value it was; its members come in the order of the
//! columns, with unknown ones behind those that are known.

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;

use super::column::{Column, ColumnKind, ColumnType, Member, Members, WrittenAs, columns, id, members};
use super::flatten::WHOLE_EVENT;
use super::time;
use super::values::{Resources, Values};
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
            Values::Resources(resources) => push_resources(resources, row, out),
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
        list.into_iter().flat_map(move |list| list.texts(row))
    }
}

/// The resources of row `row` as a JSON array.
fn push_resources(resources: &Resources<'_>, row: usize, out: &mut Vec<u8>) {
    out.push(b'[');
    for resource in resources.items(row) {
        if !out.ends_with(b"[") {
            out.push(b',');
        }
        out.push(b'{');
        for (name, text) in resource {
            push_key(name, out);
            push_text(text, out);
        }
        out.push(b'}');
    }
    out.push(b']');
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
        while let Some(member) = scanner.next_member().map_err(|_| column)? {
            self.values.push(Note { path: &text[member.name], value: &text[member.value], column });
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

#[cfg(test)]
mod tests;
